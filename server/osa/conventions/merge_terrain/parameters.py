"""What a caller may choose when terrain models are merged."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from osa.conventions.geotiff.options import (
    CRS_FORMS,
    GeoTiffOptions,
    Number,
    Place,
    Positive,
    Resampling,
)
from osa.conventions.terrain_mesh.parameters import TerrainParams

#: The largest number of sources of one merge.
MAX_SOURCES = 500

_INTEGERS = {
    "uint8": (0, 2**8 - 1),
    "uint16": (0, 2**16 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "int32": (-(2**31), 2**31 - 1),
}


class MergeTerrainParams(GeoTiffOptions):
    """How terrain models become one."""

    dst_crs: str | None = Field(
        None,
        max_length=16_384,
        description=(
            f"Horizontal CRS of the result: {CRS_FORMS}. Default: that of the sources, when they "
            "have one in common. Heights are never changed by it."
        ),
    )
    resolution: Positive | tuple[Positive, Positive] | None = Field(
        None,
        description=(
            "Pixel size, or [x, y], in units of the CRS of the result. Default: the finest of the "
            "sources."
        ),
    )
    resampling: Resampling = Field(
        "bilinear", description="How heights are found between the pixels of a source."
    )
    nodata: Number = Field(
        -9999, description="Value that stands for missing heights in the result."
    )
    dtype: Literal["float32", "float64", "int16", "int32", "uint8", "uint16"] = Field(
        "float32", description="Data type of the result; integers are rounded to."
    )
    method: Literal["first", "last", "min", "max", "mean"] = Field(
        "first",
        description=(
            "What is taken where sources overlap: that of the first in the list that has a height, "
            "of the last, the lowest, the highest, or the mean."
        ),
    )
    bounds: tuple[Place, Place, Place, Place] | None = Field(
        None,
        description=(
            "[left, bottom, right, top] of the result, in units of its CRS. Default: all sources."
        ),
    )
    target_aligned_pixels: bool = Field(
        True,
        description=(
            "Put the edges of pixels on whole multiples of the resolution, so that merges of "
            "neighboring areas fit together. False keeps the grid of the first of the finest "
            "sources: its pixels are not resampled where the CRS stays."
        ),
    )
    warp_error_threshold: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = Field(
        0.001,
        description=(
            "How far, in pixels of a source, a position may be off when the CRS changes. The "
            "0.125 that is usual elsewhere costs metres of height on steep terrain."
        ),
    )
    overview_resampling: Literal[
        "nearest", "bilinear", "cubic", "average", "mode", "rms", "gauss"
    ] = Field("average", description="How pixels are resampled for overviews.")
    terrain: TerrainParams = Field(
        TerrainParams(), description="A quantized-mesh tile set beside the raster."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.bounds is not None:
            left, bottom, right, top = self.bounds
            if left >= right or bottom >= top:
                raise ValueError(
                    "bounds must be [left, bottom, right, top], left < right, bottom < top"
                )
        if (limits := self.integer_limits) is not None:
            whole = self.nodata != "nan" and float(self.nodata).is_integer()
            if not whole or not limits[0] <= float(self.nodata) <= limits[1]:
                raise ValueError(f"nodata must be a number that {self.dtype} can hold")
        if self.dtype == "float32" and self.nodata != "nan" and abs(self.nodata) > 3.4028235e38:
            raise ValueError("nodata must be a number that float32 can hold")
        return self

    @property
    def integer_limits(self) -> tuple[int, int] | None:
        """Lowest and highest value of `dtype`; None for floating point."""
        return _INTEGERS.get(self.dtype)
