"""Which variable of a dataset is meant: by its name, by its standard name, or the only one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from osa.conventions.failures import ParametersInvalid, SourceInvalid
from osa.conventions.nc_to_geotiff.axes import (
    Axes,
    find_axes,
    horizontal_position,
    is_numeric,
    position_variables,
)
from osa.conventions.nc_to_geotiff.variables import Variable, attributes, names_in, text, walk

Field = tuple[str, Variable, Axes]
#: Attributes that list variables which say something about another one.
_HELPERS = ("bounds", "climatology", "ancillary_variables", "cell_measures")


def choose_variable(
    dataset: Any,
    wanted: str | None,
    standard_names: Sequence[str] = (),
    *,
    preferred: Callable[[Variable, Axes], bool] = lambda *_: False,
) -> Field:
    """The variable to convert, with its path and axes: `wanted`, or the one that has the first of
    the `standard_names` that occurs, or the only grid. Of several, the only `preferred` one.

    Raises ParametersInvalid when what is asked for is not there or several fit, SourceInvalid when
    none is a grid.
    """
    everything = dict(walk(dataset))
    if wanted is not None:
        return _named(everything, wanted)
    if standard_names:
        return _only(_called(everything, standard_names), preferred)

    helpers = _helpers(everything, (*_HELPERS, "coordinates"))
    candidates = {
        path: variable
        for path, variable in everything.items()
        if _is_field(variable)
        and variable.name not in helpers
        and horizontal_position(attributes(variable)) is None
    }
    if not candidates:
        raise SourceInvalid("The source has no variable with two or more dimensions of numbers.")
    return _only(_grids(candidates), preferred)


def _named(everything: Mapping[str, Variable], wanted: str) -> Field:
    path = wanted.strip("/")
    if path not in everything:
        known = _listed([name for name, found in everything.items() if found.ndim >= 2])
        raise ParametersInvalid(f"There is no variable {wanted!r}. There are: {known}.")
    variable = everything[path]
    if not is_numeric(variable):
        raise ParametersInvalid(f"The variable {wanted!r} does not hold numbers.")
    axes = find_axes(variable)
    if axes is None:
        raise _no_grid(variable)
    return path, variable, axes


def _called(everything: Mapping[str, Variable], standard_names: Sequence[str]) -> list[Field]:
    """The grids that have the first of the names. What has no two dimensions is passed over: the
    height above ground of a whole field is a `height` too."""
    # Heights of the ground are often listed as `coordinates`: that makes them no less a field.
    helpers = _helpers(everything, _HELPERS)
    named: dict[str, dict[str, Variable]] = {}
    for path, variable in everything.items():
        name = text(attributes(variable), "standard_name")
        if name and _is_field(variable) and variable.name not in helpers:
            named.setdefault(name, {})[path] = variable
    for name in standard_names:
        if name in named:
            return _grids(named[name])
    known = _listed([f"{name} ({', '.join(paths)})" for name, paths in named.items()])
    raise ParametersInvalid(
        f"No field has the standard name {' or '.join(standard_names)}. There are: {known}.",
        hint="Name the variable with `variable`.",
    )


def _grids(candidates: Mapping[str, Variable]) -> list[Field]:
    """Those that have an x and a y. Raises SourceInvalid when none has."""
    fitting = []
    for path, variable in candidates.items():
        axes = find_axes(variable)
        if axes is not None:
            fitting.append((path, variable, axes))
    if not fitting:
        raise _no_grid(next(iter(candidates.values())))
    return fitting


def _only(fitting: Sequence[Field], preferred: Callable[[Variable, Axes], bool]) -> Field:
    if len(fitting) > 1:
        better = [field for field in fitting if preferred(*field[1:])]
        fitting = better or fitting
    if len(fitting) > 1:
        raise ParametersInvalid(
            f"Several variables fit: {_listed([path for path, _, _ in fitting])}.",
            hint="Name one with `variable`.",
        )
    return fitting[0]


def _helpers(everything: Mapping[str, Variable], listings: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for variable in everything.values():
        own = attributes(variable)
        for listing in listings:
            found.update(names_in(own, listing))
    return found


def _is_field(variable: Variable) -> bool:
    return variable.ndim >= 2 and is_numeric(variable)


def _no_grid(variable: Variable) -> SourceInvalid:
    if position_variables(variable) is not None:
        return SourceInvalid(
            f"The variable {variable.name!r} lies on a swath: its positions are two-dimensional "
            "latitudes and longitudes, and its dimensions have no coordinates of their own.",
            hint="Resample it to a grid first.",
        )
    shape = ", ".join(variable.dimensions) or "none"
    return SourceInvalid(
        f"The variable {variable.name!r} (dimensions: {shape}) has no x and y axis with coordinate "
        "variables, so its place on Earth is unknown.",
        hint="Add coordinate variables with `axis` or `standard_name` (CF §4).",
    )


def _listed(names: Sequence[str]) -> str:
    shown = sorted(names)[:40]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "") if shown else "none"
