"""What a caller may choose. Checked here, all of it: the program itself warns of what it does not
understand, and goes on with something else."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from osa.conventions.geotiff.options import Finite
from osa.conventions.outputs import OutputParams


class MagoTerrainParams(OutputParams):
    """How a tile set is made."""

    #: What changes no tile.
    no_output: ClassVar[frozenset[str]] = frozenset({"timeout_seconds"})

    min_depth: int = Field(
        0, ge=0, le=22, description="Coarsest level. Above 0 only together with `max_depth`."
    )
    max_depth: int | None = Field(
        None,
        ge=0,
        le=22,
        description="Finest level. Default: the program finds it from the resolution.",
    )
    intensity: float = Field(
        4, ge=1, le=16, allow_inf_nan=False, description="How finely meshes follow the heights."
    )
    interpolation_type: Literal["bilinear", "nearest"] = Field(
        "bilinear", description="How heights are found between the pixels of a source."
    )
    priority_type: Literal["resolution", "higher"] = Field(
        "resolution",
        description="What is taken where sources overlap: that of the finest, or the highest.",
    )
    nodata_value: Finite = Field(-9999, description="Value that stands for missing heights.")
    geoid: Literal["Ellipsoid", "EGM96", "EGM2008", "EGM84", "file"] = Field(
        "Ellipsoid",
        description=(
            "What the heights of the sources count from. `file`: from a geoid of your own, a "
            "GeoTIFF, which is the last of the sources."
        ),
    )
    calculate_normals: bool = Field(True, description="Add normals, for lighting.")
    water_mask: bool = Field(False, description="Add water masks.")
    metadata_tiles: bool = Field(False, description="Add metadata to tiles.")
    mosaic_size: int = Field(
        8, ge=1, le=64, description="Tiles along the side of what is worked on at once."
    )
    raster_max_size: int = Field(
        4096, ge=256, le=65_536, description="Pixels along the side of the pieces of a source."
    )
    body: Literal["earth", "moon"] = Field("earth", description="Which globe it is.")
    timeout_seconds: int = Field(
        21_600, ge=1, le=604_800, description="How long the program may run, in seconds."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        # The program would take 0 without a word.
        if self.min_depth and self.max_depth is None:
            raise ValueError("min_depth above 0 needs max_depth")
        if self.max_depth is not None and self.max_depth < self.min_depth:
            raise ValueError("max_depth must not be below min_depth")
        if self.body == "moon" and self.geoid.startswith("EGM"):
            raise ValueError("the moon has none of the geoids of the Earth")
        return self
