"""What the parameters of both conventions are made of."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints

from osa.conventions.authoring import Params

Variant = Literal["rgb", "z"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
RGB_WAVELENGTHS_NM = (640.0, 550.0, 470.0)
PROTOCOL = "OPENDAP:OPENDAP"
PAGE_SIZE = 50


def _each_once(variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
    if len(set(variants)) != len(variants):
        raise ValueError("name each variant once")
    return variants


Variants = Annotated[
    tuple[Variant, ...], Field(min_length=1, max_length=len(VARIANTS)), AfterValidator(_each_once)
]
Identifier = Annotated[
    str, StringConstraints(min_length=1, max_length=1_500, pattern=r"^[^\x00-\x1f\x7f]+$")
]
CswUrl = Annotated[
    str,
    StringConstraints(min_length=8, max_length=500, pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s#]+$"),
]
Protocol = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Nanometers = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
#: Red, green, blue.
Wavelengths = tuple[Nanometers, Nanometers, Nanometers]

CSW_URL_SAYS = (
    "Address of the catalogue's CSW 2.0.2 endpoint. Requests are posted to it and to no other "
    "address that the catalogue may advertise."
)
PROTOCOL_SAYS = (
    "Protocol of the online resource, in the catalogue's words, that the children read; the first "
    "one of a dataset is taken."
)
PAGE_SIZE_SAYS = (
    "Records to ask the catalogue for at a time; it may give fewer, and what is missing is asked "
    "for again."
)
WAVELENGTHS_SAY = (
    "Wavelengths of red, green and blue, in nm: the nearest band of the cube is taken for each."
)
VARIANTS_SAY = (
    "What is made of each dataset: `rgb`, three bands of the cube near `rgb_wavelengths_nm`; `z`, "
    "one band with the height of the surface."
)


class Maker(Params):
    """Which convention makes a variant of a dataset, and how."""

    convention: str = Field(
        default="nc-to-geotiff",
        pattern=r"^[a-z][a-z0-9-]{0,62}$",
        description="Convention of the children. Another one than `nc-to-geotiff` has to "
        "understand its parameters `bands` and `standard_names`.",
    )
    parameters: dict[str, Any] = Field(
        default_factory=dict,
        description="Parameters of the children, beside those that make the variant.",
    )
