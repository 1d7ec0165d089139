"""What a caller may choose about a terrain mesh."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from osa.conventions.authoring import Params
from osa.conventions.geotiff.options import Finite, Positive


class TerrainParams(Params):
    """A quantized-mesh tile set beside the raster."""

    enabled: bool = Field(
        default=False,
        description=(
            "Make a quantized-mesh 1.0 tile set (geographic, TMS): `layer.json`, and all tiles in "
            "`terrain.zip`."
        ),
    )
    min_zoom: int = Field(
        default=0,
        ge=0,
        le=22,
        description="Coarsest level. 0 has two tiles, which cover the globe.",
    )
    max_zoom: int | None = Field(
        default=None,
        ge=0,
        le=22,
        description=(
            "Finest level. Default: the first whose posts are as close as the pixels of the raster."
        ),
    )
    tile_size: Literal[33, 65, 129, 257] = Field(
        default=65,
        description="Posts along the side of a tile; those on its edges are its neighbor's too.",
    )
    max_error: Positive | None = Field(
        default=None,
        description=(
            "How far, in metres, the mesh of the finest level may be from the heights; twice as "
            "far at each coarser level. Default: 19267 m halved `max_zoom` times (4.7 m at level "
            "12), a quarter of what viewers expect of the level."
        ),
    )
    vertex_normals: bool = Field(default=True, description="Add normals, for lighting.")
    nodata_height: Finite = Field(
        default=0.0,
        ge=-20_000,
        le=20_000,
        description="Height of the mesh, in metres, where the raster has none.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.max_zoom is not None and self.max_zoom < self.min_zoom:
            raise ValueError("max_zoom must not be below min_zoom")
        return self
