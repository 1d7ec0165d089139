"""The bands of a GeoTIFF of several: which dimension they lie along, and which of its indices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osa.conventions.failures import ParametersInvalid, SourceRefused
from osa.conventions.nc_to_geotiff.axes import Axes, Coordinate, is_numeric
from osa.conventions.nc_to_geotiff.packing import packing_of
from osa.conventions.nc_to_geotiff.parameters import Bands, GeoTiffParams
from osa.conventions.nc_to_geotiff.variables import (
    Variable,
    attributes,
    names_in,
    raw_values,
    text,
)
from osa.conventions.nc_to_geotiff.wavelengths import (
    COLORS,
    NAMES,
    STANDARD_NAMES,
    is_seen_as,
    length_of,
    unit_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Values of a coordinate that are looked through.
_MAX_VALUES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Band:
    """One index of the dimension."""

    index: int
    #: Of its coordinate; None where none says it.
    value: float | None
    units: str

    @property
    def label(self) -> str:
        """The value with its unit; empty without a value."""
        return "" if self.value is None else f"{self.value:.5g} {self.units}".strip()

    def as_metadata(self) -> dict[str, Any]:
        """For a record."""
        return {"index": self.index, "value": self.value, "units": self.units or None}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The bands to write, in their order."""

    #: Of the dimension, in the variable's shape.
    position: int
    dimension: str
    bands: tuple[Band, ...]

    @property
    def indices(self) -> tuple[int, ...]:
        return tuple(band.index for band in self.bands)

    @property
    def labels(self) -> tuple[str, ...]:
        """What each band is called."""
        return tuple(band.label or f"{self.dimension} {band.index}" for band in self.bands)

    @property
    def are_rgb(self) -> bool:
        """Whether they are a red, a green and a blue one, in this order."""
        if len(self.bands) != 3:
            return False
        return all(
            band.value is not None and is_seen_as(color, band.value, band.units)
            for band, color in zip(self.bands, COLORS, strict=True)
        )


def has_bands(variable: Variable, axes: Axes, wanted: Bands) -> bool:
    """Whether the variable has the dimension that is meant."""
    return bool(_dimensions(variable, axes, wanted))


def choose_bands(variable: Variable, axes: Axes, wanted: Bands) -> Chosen:
    """The indices that are asked for. Raises ParametersInvalid, SourceRefused."""
    further = {variable.dimensions[i]: variable.shape[i] for i in axes.others}
    found = _dimensions(variable, axes, wanted)
    if len(found) != 1:
        sizes = ", ".join(f"{name} ({size})" for name, size in further.items()) or "none"
        if wanted.dimension is not None:
            raise ParametersInvalid(
                f"{variable.name!r} has no further dimension {wanted.dimension!r} for bands. "
                f"There are: {sizes}."
            )
        what = "Several dimensions" if found else "No dimension"
        raise ParametersInvalid(
            f"{what} of {variable.name!r} can be told to be wavelengths. "
            f"Its further dimensions are: {sizes}.",
            hint="Name one as `bands.dimension`.",
        )
    [position] = found
    dimension, size = variable.dimensions[position], variable.shape[position]
    coordinate = _coordinate(variable, dimension)
    if wanted.indices is not None:
        outside = [index for index in wanted.indices if index >= size]
        if outside:
            raise ParametersInvalid(
                f"The dimension {dimension!r} has {size} indices, 0 to {size - 1}; {outside[0]} "
                "is not one."
            )
        bands = _by_index(wanted.indices, coordinate)
    else:
        numeric = coordinate is not None and is_numeric(coordinate.variable)
        if coordinate is None or size == 0 or (numeric and coordinate.variable.ndim != 1):
            raise ParametersInvalid(
                f"The dimension {dimension!r} of {variable.name!r} has no coordinate, so no value "
                "can be looked up.",
                hint="Choose by `bands.indices`.",
            )
        bands = _by_value(wanted, coordinate)
    return Chosen(position=position, dimension=dimension, bands=bands)


def _dimensions(variable: Variable, axes: Axes, wanted: Bands) -> list[int]:
    """Positions of the dimensions that may be meant."""
    if wanted.dimension is not None:
        return [i for i in axes.others if variable.dimensions[i] == wanted.dimension]
    found: dict[int, list[int]] = {}
    for position in axes.others:
        dimension = variable.dimensions[position]
        coordinate = _coordinate(variable, dimension)
        if coordinate is not None and (
            text(coordinate.attributes, "standard_name") in STANDARD_NAMES
        ):
            found.setdefault(0, []).append(position)
        elif dimension.lower() in NAMES or (
            coordinate is not None and coordinate.name.lower() in NAMES
        ):
            found.setdefault(1, []).append(position)
    return found[min(found)] if found else []


def _coordinate(variable: Variable, dimension: str) -> Coordinate | None:
    """What says the values along the dimension: wavelengths if there are, else its coordinate.

    Many files have wavelengths over a dimension `band` and do not list them in `coordinates`.
    """
    own = attributes(variable)
    listed = (dimension, *names_in(own, "coordinates"))
    best: tuple[tuple[int, bool], Variable] | None = None
    group = variable.group()
    while group is not None:
        for name, other in group.variables.items():
            if other.dimensions[:1] != (dimension,) or (other.ndim > 1 and is_numeric(other)):
                continue
            if text(attributes(other), "standard_name") in STANDARD_NAMES:
                rank = 0
            elif name.lower() in NAMES:
                rank = 1
            elif name in listed and other.ndim == 1:
                rank = 2
            else:
                continue
            claim = (rank, name != dimension)
            if best is None or claim < best[0]:
                best = claim, other
        group = group.parent
    if best is None:
        return None
    return Coordinate(name=best[1].name, variable=best[1], attributes=attributes(best[1]))


def _values(coordinate: Coordinate) -> NDArray[Any]:
    """The values as floating-point numbers, NaN where they are missing."""
    import numpy

    variable = coordinate.variable
    if not is_numeric(variable):
        raise ParametersInvalid(
            f"The coordinate {coordinate.name!r} does not hold numbers.",
            hint="Choose by `bands.indices`.",
        )
    if variable.size > _MAX_VALUES:
        raise SourceRefused(
            f"The coordinate {coordinate.name!r} has {variable.size} values; at most "
            f"{_MAX_VALUES} are looked through."
        )
    # The rules for missing and packed values are those of any field.
    plainly = GeoTiffParams.model_validate({"dtype": "float64", "nodata": "nan"})
    packing = packing_of(variable, plainly, warps=False)
    values = packing.pixels(raw_values(variable, of=coordinate.name))
    # What is larger is a fill value that nobody declared, and would make all others look alike.
    return numpy.where(numpy.abs(values) < 1e30, values, numpy.nan)


def _by_index(indices: Sequence[int], coordinate: Coordinate | None) -> tuple[Band, ...]:
    if coordinate is None or not is_numeric(coordinate.variable):
        return tuple(Band(index=index, value=None, units="") for index in indices)
    values = _values(coordinate)
    units = unit_of(text(coordinate.attributes, "units"))
    found = []
    for index in indices:
        known = values[index] == values[index]
        value = _plain(float(values[index]), coordinate) if known else None
        found.append(Band(index=index, value=value, units=units if known else ""))
    return tuple(found)


def _by_value(wanted: Bands, coordinate: Coordinate) -> tuple[Band, ...]:
    import numpy

    assert wanted.values is not None
    stored = _values(coordinate)
    if numpy.isnan(stored).any():
        raise ParametersInvalid(
            f"The coordinate {coordinate.name!r} has missing values.",
            hint="Choose by `bands.indices`.",
        )
    units, factor = _conversion(wanted, coordinate, stored)
    values = stored * factor
    # Two are as near when only the rounding of the stored type tells them apart.
    kind = coordinate.variable.dtype
    largest = numpy.abs(values).max()
    rounding = float(numpy.spacing(largest.astype(kind))) if kind.kind == "f" else 0.0
    slack = 2 * max(rounding, 1e-12 * float(largest))
    allowed, why = wanted.max_distance, "`bands.max_distance`"
    if allowed is None:
        gaps = numpy.diff(numpy.unique(values))
        allowed = float(numpy.median(gaps)) if gaps.size else 0.0
        why = "the median distance between its values"
    found: list[Band] = []
    taken: dict[int, float] = {}
    for value in wanted.values:
        away = numpy.abs(values - value)
        index = int(numpy.flatnonzero(away <= away.min() + slack)[0])
        nearest = _plain(float(stored[index]), coordinate, factor)
        asked = f"{value:.7g} {units}".strip()
        if away[index] > allowed + slack:
            raise ParametersInvalid(
                f"The value of {coordinate.name!r} nearest to {asked} is {nearest:.7g}, "
                f"{away[index]:.4g} away; at most {allowed:.4g} is allowed ({why}). Its "
                f"{values.size} values are from {values.min():.7g} to {values.max():.7g}.",
                hint="Give other `bands.values`, or a larger `bands.max_distance`.",
            )
        if index in taken:
            raise ParametersInvalid(
                f"{taken[index]:.7g} and {asked} have the same nearest value of "
                f"{coordinate.name!r}: {nearest:.7g}, at index {index}.",
                hint="Ask for each band once.",
            )
        taken[index] = value
        found.append(Band(index=index, value=nearest, units=units))
    return tuple(found)


def _conversion(wanted: Bands, coordinate: Coordinate, stored: NDArray[Any]) -> tuple[str, float]:
    """The unit of what was asked, and what the stored values are multiplied with to be in it."""
    theirs = text(coordinate.attributes, "units")
    if wanted.units is None:
        return unit_of(theirs), 1.0
    ours = wanted.units.strip()
    if not theirs:
        raise ParametersInvalid(
            f"The coordinate {coordinate.name!r} does not say its unit; its values are from "
            f"{stored.min():.7g} to {stored.max():.7g}.",
            hint="Leave `bands.units` out and give `bands.values` in the unit of the data, or "
            "choose by `bands.indices`.",
        )
    if unit_of(ours) == unit_of(theirs):
        return unit_of(ours), 1.0
    known, other = length_of(ours), length_of(theirs)
    if known is None or other is None:
        raise ParametersInvalid(
            f"The coordinate {coordinate.name!r} is in {theirs!r}, which is not converted to "
            f"{ours!r}: only nm, um and m are.",
            hint=f"Give `bands.values` in {theirs!r}, or choose by `bands.indices`.",
        )
    return known[0], other[1] / known[1]


def _plain(value: float, coordinate: Coordinate, factor: float = 1.0) -> float:
    """Without the digits that only the stored type or the conversion made: 640.3, and not
    640.2999877929688."""
    import numpy

    kind = coordinate.variable.dtype
    if kind.kind == "f" and kind.itemsize == 4:
        value = float(str(numpy.float32(value)))
    return float(f"{value * factor:.12g}")
