"""Wavelengths: what they are called, the units they come in, and which of them are colors."""

from __future__ import annotations

from typing import Literal, get_args

from osa.conventions.nc_to_geotiff.variables import Variable, attributes, text

STANDARD_NAMES = frozenset({"radiation_wavelength", "sensor_band_central_radiation_wavelength"})
#: Of variables and dimensions that do not say more.
NAMES = frozenset({"wavelength", "wavelengths"})
#: Nanometers in each unit, spelling by spelling; the micro sign and the Greek letter look the same.
_NANOMETERS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("nm", "nanometer", "nanometers", "nanometre", "nanometres"), ("nm", 1.0)),
    **dict.fromkeys(("um", "\u00b5m", "\u03bcm", "micron", "microns"), ("um", 1e3)),
    **dict.fromkeys(("micrometer", "micrometers", "micrometre", "micrometres"), ("um", 1e3)),
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), ("m", 1e9)),
}

Color = Literal["red", "green", "blue"]
COLORS: tuple[Color, ...] = get_args(Color)
#: Nanometers of what is seen as it: from the first, below the second.
_SEEN: dict[Color, tuple[float, float]] = {
    "red": (600.0, 750.0),
    "green": (500.0, 600.0),
    "blue": (380.0, 500.0),
}


def is_wavelength(variable: Variable) -> bool:
    """Whether it says that it holds wavelengths."""
    standard = text(attributes(variable), "standard_name")
    return standard in STANDARD_NAMES or variable.name.lower() in NAMES


def is_seen_as(color: Color, value: float, unit: str) -> bool:
    """Whether the value is a wavelength of this color."""
    known = length_of(unit)
    low, high = _SEEN[color]
    return known is not None and low <= value * known[1] < high


def length_of(unit: str) -> tuple[str, float] | None:
    """The short name of a length, and the nanometers in it; None for what is none.

    Words in any case; a symbol in another case is another unit.
    """
    return _NANOMETERS.get(unit) or (_NANOMETERS.get(unit.lower()) if len(unit) > 2 else None)


def unit_of(unit: str) -> str:
    """The short name of a length, any other unit as it is written."""
    known = length_of(unit)
    return unit if known is None else known[0]
