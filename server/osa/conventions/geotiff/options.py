"""What a caller may choose wherever a GeoTIFF is written."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from osa.conventions.outputs import OutputParams

Resampling = Literal[
    "nearest",
    "bilinear",
    "cubic",
    "cubic_spline",
    "lanczos",
    "average",
    "mode",
    "min",
    "max",
    "med",
    "q1",
    "q3",
    "rms",
]
Dtype = Literal[
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"
]
#: Nothing is that small or that far away; beyond, the arithmetic of a grid overflows.
SMALLEST, FARTHEST = 1e-12, 1e15
Positive = Annotated[float, Field(ge=SMALLEST, le=FARTHEST, allow_inf_nan=False)]
Place = Annotated[float, Field(ge=-FARTHEST, le=FARTHEST, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)] | Literal["nan"]

CRS_FORMS = "`EPSG:<code>` (or ESRI, OGC, IAU_2015), WKT, or a PROJ string without file names"


class GeoTiffOptions(OutputParams):
    """How a GeoTIFF is written."""

    #: What changes no pixel of a GeoTIFF.
    no_output: ClassVar[frozenset[str]] = frozenset({"max_pixels", "preview"})

    format: Literal["COG", "GTiff"] = Field(
        "COG", description="Cloud-optimized GeoTIFF, or a plain tiled one."
    )
    compress: Literal["DEFLATE", "LZW", "ZSTD", "NONE"] = Field(
        "DEFLATE", description="Lossless compression of the tiles."
    )
    blocksize: Literal[128, 256, 512, 1024, 2048] = Field(
        512, description="Width and height of a tile, in pixels."
    )
    overviews: Literal["auto", "none"] = Field(
        "auto", description="`auto`: halve until the whole fits into one tile."
    )
    overview_resampling: Literal[
        "nearest", "bilinear", "cubic", "average", "mode", "rms", "gauss"
    ] = Field("nearest", description="How pixels are resampled for overviews.")
    max_pixels: int = Field(
        2**31, ge=1, le=2**36, description="Largest number of pixels of one GeoTIFF."
    )
    preview: bool = Field(
        True,
        description="Add a picture of at most 768 × 768 pixels, `preview.png`, to the record.",
    )
