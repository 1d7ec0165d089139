"""What a caller may choose when NetCDF becomes GeoTIFF."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from osa.conventions.geotiff.options import (
    CRS_FORMS,
    Dtype,
    Finite,
    GeoTiffOptions,
    Number,
    Positive,
    Resampling,
)


class GeoTiffParams(GeoTiffOptions):
    """Which data are read, and how they are written."""

    no_output: ClassVar[frozenset[str]] = GeoTiffOptions.no_output | {
        "variable",
        "time",
        "time_method",
        "dimensions",
        "access",
    }

    variable: str | None = Field(
        None,
        min_length=1,
        max_length=512,
        description="Name of the variable; `group/name` inside groups. Needed when several fit.",
    )
    time: int | Annotated[str, Field(max_length=40)] | None = Field(
        None,
        description=(
            "One time step: its index (from 0; negative counts from the end) or an ISO 8601 time, "
            "UTC where no offset is given. Without it, every time step becomes a record."
        ),
    )
    time_method: Literal["exact", "nearest"] = Field(
        "exact",
        description=(
            "`exact`: the time must be in the data, to the second. `nearest`: the nearest is taken."
        ),
    )
    dimensions: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict,
        max_length=16,
        description=(
            "Index (from 0) for each further dimension longer than 1, as {name: index}: level, "
            "depth, ensemble member."
        ),
    )
    crs: str | None = Field(
        None,
        max_length=16_384,
        description=f"CRS of the data, instead of what the file says: {CRS_FORMS}.",
    )
    dst_crs: str | None = Field(
        None,
        max_length=16_384,
        description=f"CRS to warp to: {CRS_FORMS}. Default: the data's own.",
    )
    resolution: Positive | tuple[Positive, Positive] | None = Field(
        None,
        description=(
            "Pixel size, or [x, y], in units of the CRS that is written. Default: the data's own."
        ),
    )
    bounds: tuple[Finite, Finite, Finite, Finite] | None = Field(
        None, description="[left, bottom, right, top] to write, in units of `bounds_crs`."
    )
    bounds_crs: str | None = Field(
        None,
        max_length=16_384,
        description=f"CRS of `bounds`: {CRS_FORMS}. Default: the CRS that is written.",
    )
    resampling: Resampling = Field("nearest", description="How pixels are resampled when warping.")
    src_nodata: Number | None = Field(
        None,
        description=(
            "Value that stands for missing data in the source (in packed units), instead of "
            "`_FillValue` and `missing_value`."
        ),
    )
    nodata: Number | None = Field(
        None,
        description=(
            "Value that stands for missing data in the GeoTIFF. Default: the source's own, or NaN "
            "for unpacked values."
        ),
    )
    unpack: bool = Field(
        True,
        description=(
            "Apply `scale_factor` and `add_offset`. False writes the packed numbers, with scale "
            "and offset in the band's metadata."
        ),
    )
    dtype: Dtype | None = Field(
        None,
        description=(
            "Data type to write. Default: the source's; unpacked values become float32 from "
            "integers of 8 or 16 bits, else float64."
        ),
    )
    access: Literal["auto", "download", "opendap"] = Field(
        "auto",
        description=(
            "How a URI is read. `download`: it is a NetCDF file. `opendap`: it is an OPeNDAP "
            "(DAP2) dataset. `auto`: OPeNDAP where the path has a part `dodsC`, `opendap`, `dods` "
            "or `dap` and the server answers `<uri>.dds`, or where a download turns out not to be "
            "NetCDF and it does; else a file."
        ),
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.bounds is not None:
            left, bottom, right, top = self.bounds
            if left >= right or bottom >= top:
                raise ValueError(
                    "bounds must be [left, bottom, right, top], left < right, bottom < top"
                )
        if self.bounds_crs is not None and self.bounds is None:
            raise ValueError("bounds_crs says something only together with bounds")
        return self
