"""Variables of an open NetCDF dataset, found by name, with plain Python attributes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from osa.conventions.failures import SourceInvalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A netCDF4.Variable; the library has no types.
Variable = Any
Attributes = Mapping[str, Any]


def walk(group: Any, prefix: str = "") -> Iterator[tuple[str, Variable]]:
    """Every variable of the dataset and its groups, as (path without a leading slash, variable)."""
    for name, variable in group.variables.items():
        yield f"{prefix}{name}", variable
    for name, child in group.groups.items():
        yield from walk(child, f"{prefix}{name}/")


def find(group: Any, name: str) -> Variable | None:
    """The variable of that name in the group or the nearest group above it (CF §2.7).

    `name` may be a path; a leading slash starts at the root.
    """
    here = group
    if name.startswith("/"):
        while here.parent is not None:
            here = here.parent
    parts = name.strip("/").split("/")
    while here is not None:
        below = here
        for part in parts[:-1]:
            below = below.groups.get(part) if below is not None else None
        if below is not None and parts[-1] in below.variables:
            return below.variables[parts[-1]]
        here = here.parent
    return None


def attributes(holder: Any) -> dict[str, Any]:
    """All attributes of a variable or dataset as plain Python values; arrays become lists.

    Looked at one by one: an attribute of a type that the library cannot read is left out.
    """
    found: dict[str, Any] = {}
    for name in holder.ncattrs():
        try:
            value = holder.getncattr(name)
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError):
            continue
        found[name] = value.tolist() if hasattr(value, "tolist") else value
    return found


def text(found: Attributes, name: str) -> str:
    """The attribute as stripped text; empty when it is absent or not text."""
    value = found.get(name)
    return value.strip(" \t\r\n\0") if isinstance(value, str) else ""


def names_in(found: Attributes, name: str) -> list[str]:
    """The words of an attribute that lists variables, `key:` words left out."""
    return [word for word in text(found, name).split() if not word.endswith(":")]


def number(found: Attributes, name: str) -> float | None:
    """The attribute as one number; None when it is absent or not one."""
    value = found.get(name)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return float(value) if isinstance(value, int | float) else None


def numbers(found: Attributes, name: str) -> list[float]:
    """All numbers of the attribute: one is as good as a list of it. What is no number is left out;
    integers stay integers."""
    value = found.get(name)
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, int | float)]


def packed_by(found: Attributes, *, of: str) -> tuple[float, float]:
    """`scale_factor` and `add_offset` (CF §8.1); 1 and 0 where they are absent.

    Raises SourceInvalid for one that is not a finite number: what is packed by it is not known.
    """
    result = []
    for name, absent in (("scale_factor", 1.0), ("add_offset", 0.0)):
        value = number(found, name) if name in found else absent
        if value is None or not math.isfinite(value):
            raise SourceInvalid(
                f"`{name}` of {of!r} is not a number: {found[name]!r}.", hint="Mend the file."
            )
        result.append(value)
    return result[0], result[1]


def decoded(variable: Variable, index: Any, *, of: str) -> NDArray[Any]:
    """The raw numbers at an index, as NetCDF's library reads them. Raises SourceInvalid when they
    cannot be decoded."""
    import numpy

    try:
        return numpy.asarray(variable[index])
    except (OSError, RuntimeError, IndexError, ValueError) as exc:
        raise SourceInvalid(f"The data of {of!r} cannot be decoded: {exc}.") from exc


def raw_values(variable: Variable, *, of: str) -> NDArray[Any]:
    """All numbers of a coordinate, as they are stored. Raises as `decoded`."""
    import numpy

    variable.set_auto_maskandscale(False)
    return numpy.atleast_1d(decoded(variable, ..., of=of))
