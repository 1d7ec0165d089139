"""Which dimension of a variable is x, y and time.

CF §4: an axis is known by `axis`, then `standard_name`, then `units`; names come last, because many
real files have nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from osa.conventions.failures import SourceInvalid
from osa.conventions.nc_to_geotiff.variables import (
    Attributes,
    Variable,
    attributes,
    find,
    names_in,
    text,
)

AxisName = Literal["x", "y", "z", "t"]
Kind = Literal["geographic", "rotated", "angular", "projected"]

_BY_AXIS: dict[str, AxisName] = {"X": "x", "Y": "y", "Z": "z", "T": "t"}
_BY_STANDARD_NAME: dict[str, AxisName] = {
    "projection_x_coordinate": "x",
    "projection_x_angular_coordinate": "x",
    "longitude": "x",
    "grid_longitude": "x",
    "projection_y_coordinate": "y",
    "projection_y_angular_coordinate": "y",
    "latitude": "y",
    "grid_latitude": "y",
    "time": "t",
}
#: CF §4.1 and §4.2, spelling by spelling.
EAST = frozenset({"degrees_east", "degree_east", "degree_e", "degrees_e", "degreee", "degreese"})
NORTH = frozenset({"degrees_north", "degree_north", "degree_n", "degrees_n", "degreen", "degreesn"})
_BY_NAME: dict[str, AxisName] = {
    **dict.fromkeys(("x", "xc", "lon", "long", "longitude", "rlon", "easting", "eastings"), "x"),
    **dict.fromkeys(("y", "yc", "lat", "latitude", "rlat", "northing", "northings"), "y"),
    **dict.fromkeys(("time", "t"), "t"),
}
_SINCE = re.compile(r"^\s*\w+\s+since\s", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Coordinate:
    """The one-dimensional variable that says where a dimension's points are."""

    name: str
    variable: Variable
    attributes: Attributes


@dataclass(frozen=True, kw_only=True)
class Axes:
    """The dimensions of a variable by their meaning; numbers are positions in its shape."""

    x: Coordinate
    y: Coordinate
    x_position: int
    y_position: int
    t: Coordinate | None
    t_position: int | None
    #: Positions of all further dimensions.
    others: tuple[int, ...]
    kind: Kind


def find_axes(variable: Variable) -> Axes | None:
    """The axes of the variable; None when it has no x and y with coordinates of their own.

    Raises SourceInvalid when two dimensions claim the same axis with equal right.
    """
    own = attributes(variable)
    claims: dict[AxisName, tuple[int, int, Coordinate | None]] = {}
    for position, dimension in enumerate(variable.dimensions):
        coordinate = _coordinate_of(variable, own, dimension)
        rank, axis = _classify(dimension, coordinate)
        if axis is None:
            continue
        held = claims.get(axis)
        if held is not None and held[0] == rank and axis in ("x", "y"):
            raise SourceInvalid(
                f"In the variable {variable.name!r} the dimensions "
                f"{variable.dimensions[held[1]]!r} and {dimension!r} both look like {axis}.",
                hint="Add the attribute `axis` to their coordinate variables.",
            )
        if held is None or rank < held[0]:
            claims[axis] = (rank, position, coordinate)
    x, y, t = claims.get("x"), claims.get("y"), claims.get("t")
    if x is None or y is None or x[2] is None or y[2] is None:
        return None
    used = {x[1], y[1]} | ({t[1]} if t else set())
    return Axes(
        x=x[2],
        y=y[2],
        x_position=x[1],
        y_position=y[1],
        t=t[2] if t else None,
        t_position=t[1] if t else None,
        others=tuple(i for i in range(len(variable.dimensions)) if i not in used),
        kind=_kind(x[2].attributes, x[2].name),
    )


def position_variables(variable: Variable) -> tuple[Variable, Variable] | None:
    """The two-dimensional (longitude, latitude) variables that go with the variable, if any."""
    found: dict[str, Variable] = {}
    group = variable.group()
    for name in names_in(attributes(variable), "coordinates"):
        other = find(group, name)
        if other is None or other.ndim != 2 or not is_numeric(other):
            continue
        which = horizontal_position(attributes(other))
        if which is not None:
            found[which] = other
    if set(found) != {"longitude", "latitude"}:
        return None
    return found["longitude"], found["latitude"]


def _coordinate_of(variable: Variable, own: Attributes, dimension: str) -> Coordinate | None:
    """The coordinate variable of a dimension (CF §1.3), or a one-dimensional one over it that
    `coordinates` names."""
    group = variable.group()
    for name in (dimension, *names_in(own, "coordinates")):
        found = find(group, name)
        if found is not None and found.dimensions == (dimension,) and is_numeric(found):
            return Coordinate(name=found.name, variable=found, attributes=attributes(found))
    return None


def _classify(dimension: str, coordinate: Coordinate | None) -> tuple[int, AxisName | None]:
    """(rank of the rule, axis): a lower rank is a stronger claim."""
    if coordinate is not None:
        own = coordinate.attributes
        if (by_axis := _BY_AXIS.get(text(own, "axis").upper())) is not None:
            return 0, by_axis
        if (by_name := _BY_STANDARD_NAME.get(text(own, "standard_name"))) is not None:
            return 1, by_name
        units = text(own, "units")
        if units.lower() in EAST:
            return 2, "x"
        if units.lower() in NORTH:
            return 2, "y"
        if _SINCE.match(units):
            return 2, "t"
        if (by_own_name := _BY_NAME.get(coordinate.name.lower())) is not None:
            return 3, by_own_name
    return 4, _BY_NAME.get(dimension.lower())


def _kind(own: Attributes, name: str) -> Kind:
    standard = text(own, "standard_name")
    units = text(own, "units").lower()
    if standard == "grid_longitude":
        return "rotated"
    if standard == "projection_x_angular_coordinate" or units in (
        "rad",
        "radian",
        "radians",
        "microradian",
        "microradians",
    ):
        return "angular"
    if standard == "longitude" or units in EAST:
        return "geographic"
    if units in ("degrees", "degree", "deg", "") and name.lower() in ("lon", "long", "longitude"):
        return "geographic"
    if name.lower() == "rlon" and units in ("degrees", "degree", "deg"):
        return "rotated"
    return "projected"


def horizontal_position(own: Attributes) -> Literal["longitude", "latitude"] | None:
    """Which half of a position the attributes say the variable holds, if any."""
    standard = text(own, "standard_name")
    units = text(own, "units").lower()
    if standard == "longitude" or (not standard and units in EAST):
        return "longitude"
    if standard == "latitude" or (not standard and units in NORTH):
        return "latitude"
    return None


def is_numeric(variable: Variable) -> bool:
    """Whether it holds numbers, one in each place."""
    import netCDF4

    several = isinstance(variable.datatype, netCDF4.VLType)
    return getattr(variable.dtype, "kind", "O") in "iuf" and not several
