"""The regular grid behind two coordinate arrays: where its pixels are, and where in the source.

A grid is seen from above: columns go east (or along +x), rows go down (along −y). Whatever order
the source has, `Span.source_slices` says which of its points make a part of that view.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, inf
from typing import TYPE_CHECKING, Any

from osa.conventions.failures import ParametersInvalid, SourceInvalid, SourceRefused
from osa.conventions.geotiff.layout import Window
from osa.conventions.nc_to_geotiff.axes import Coordinate
from osa.conventions.nc_to_geotiff.variables import packed_by, raw_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: How far a coordinate may be from its even place, in pixels.
TOLERANCE = 0.01
MAX_AXIS = 20_000_000
#: Columns that the widest resampling kernel (Lanczos) looks at on one side, and one.
_AGAIN = 4


@dataclass(frozen=True, kw_only=True)
class Span:
    """Evenly spaced points of one axis, ascending; positions count from the first point."""

    first: float
    step: float
    count: int
    #: The source holds them from high to low.
    reversed: bool
    #: Number of points in the source (more than `count` where a point is stored twice).
    source_count: int
    #: Points that stand behind the last one because the circle starts elsewhere.
    shift: int = 0
    #: The last point is followed by the first: positions below 0 and from `count` on exist.
    circular: bool = False

    @property
    def low(self) -> float:
        """Edge of the first cell."""
        return self.first - self.step / 2

    @property
    def high(self) -> float:
        """Edge of the last cell."""
        return self.low + self.count * self.step

    def source_slices(self, start: int, stop: int) -> list[slice]:
        """The source's positions, each slice ascending in the source; to be reversed when
        `reversed`. In order of the span."""
        parts: list[tuple[int, int]] = []
        while start < stop:
            at = (start + self.shift) % self.count
            length = min(stop - start, self.count - at)
            parts.append((at, at + length))
            start += length
        if not self.reversed:
            return [slice(low, high) for low, high in parts]
        return [slice(self.source_count - high, self.source_count - low) for low, high in parts]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """x from west to east, y from south to north."""

    x: Span
    y: Span

    @property
    def width(self) -> int:
        return self.x.count

    @property
    def height(self) -> int:
        return self.y.count

    @property
    def whole(self) -> Window:
        """All of it."""
        return Window(row=0, column=0, height=self.height, width=self.width)

    @property
    def around(self) -> Window:
        """All of it, and some columns again on both sides where it goes around the Earth: warping
        would else leave a seam where the circle was cut."""
        if not self.x.circular:
            return self.whole
        again = min(_AGAIN, self.width)
        return Window(row=0, column=-again, height=self.height, width=self.width + 2 * again)

    def bounds(self, window: Window) -> tuple[float, float, float, float]:
        """Outer edges of the window: left, bottom, right, top."""
        left = self.x.low + window.column * self.x.step
        top = self.y.high - window.row * self.y.step
        return (
            left,
            top - window.height * self.y.step,
            left + window.width * self.x.step,
            top,
        )

    def window_of(self, bounds: Sequence[float]) -> Window:
        """The pixels that `bounds` (left, bottom, right, top) touches. Raises ParametersInvalid."""
        left, bottom, right, top = bounds
        # A millionth of a pixel forgives the arithmetic of whoever computed the bounds.
        column = max(0, floor((left - self.x.low) / self.x.step + 1e-6))
        columns = min(self.width, ceil((right - self.x.low) / self.x.step - 1e-6))
        row = max(0, floor((self.y.high - top) / self.y.step + 1e-6))
        rows = min(self.height, ceil((self.y.high - bottom) / self.y.step - 1e-6))
        if column >= columns or row >= rows:
            have = ", ".join(f"{edge:.10g}" for edge in self.bounds(self.whole))
            asked = ", ".join(f"{edge:.10g}" for edge in bounds)
            raise ParametersInvalid(
                f"The bounds [{asked}] lie outside the data [{have}] (in the CRS of the data)."
            )
        return Window(row=row, column=column, height=rows - row, width=columns - column)


def regular_grid(x: Coordinate, y: Coordinate, *, scale: float, geographic: bool) -> Grid:
    """The grid of two coordinate variables; values times `scale` are in units of the CRS.

    Raises SourceInvalid when the points are not evenly spaced.
    """
    across = _span(x, scale, longitude=geographic)
    up = _span(y, scale, longitude=False)
    if geographic:
        across = _from_minus_180(across)
        outermost = max(abs(up.first), abs(up.first + (up.count - 1) * up.step))
        # Cell edges may pass the poles (grids with a row at 90°); their centres may not.
        if outermost > 90 + TOLERANCE * up.step:
            raise SourceInvalid(
                f"The axis {y.name!r} has latitudes up to {outermost:.10g} degrees."
            )
    return Grid(x=across, y=up)


def read_values(coordinate: Coordinate) -> NDArray[Any]:
    """The coordinate's values as float64, unpacked. Raises SourceInvalid for missing ones."""
    import numpy

    variable = coordinate.variable
    if variable.size > MAX_AXIS:
        raise SourceRefused(
            f"The axis {coordinate.name!r} has {variable.size} points; at most {MAX_AXIS} are read."
        )
    values = raw_values(variable, of=coordinate.name).astype("float64")
    own = coordinate.attributes
    fill = own.get("_FillValue")
    if isinstance(fill, int | float) and (values == fill).any():
        raise SourceInvalid(f"The axis {coordinate.name!r} has missing values.")
    scale, offset = packed_by(own, of=coordinate.name)
    values = values * scale + offset
    if not numpy.isfinite(values).all():
        raise SourceInvalid(f"The axis {coordinate.name!r} has values that are not finite.")
    return values


def _span(coordinate: Coordinate, scale: float, *, longitude: bool) -> Span:
    import numpy

    name = coordinate.name
    values = read_values(coordinate)
    count = len(values)
    if count < 2:
        raise SourceInvalid(
            f"The axis {name!r} has {count} point(s): the size of a pixel cannot be known.",
            hint="A grid needs two columns and two rows at least.",
        )
    # What one rounding of the stored type is worth, before anything is multiplied.
    kept = coordinate.variable.dtype
    rounding = (
        float(numpy.spacing(numpy.abs(values).max().astype(kept))) if kept.kind == "f" else 0.0
    )
    if longitude:
        # 0 … 179, −180 … −1 is one even axis.
        values = numpy.unwrap(values, period=360.0)
    values *= scale
    reverse = bool(values[-1] < values[0])
    if reverse:
        values = values[::-1]
    first = float(values[0])
    # From first and last: the difference of two neighbours carries the rounding of the stored type.
    step = float((values[-1] - values[0]) / (count - 1))
    if not 0 < step < inf:
        raise SourceInvalid(f"The axis {name!r} does not change, or its values are no places.")
    away = numpy.abs(values - (first + step * numpy.arange(count)))
    worst = int(numpy.argmax(away))
    if away[worst] > TOLERANCE * step + 2 * rounding * abs(scale):
        at = count - 1 - worst if reverse else worst
        raise SourceInvalid(
            f"The axis {name!r} is uneven: its point {at} is {away[worst] / step:.3g} pixels from "
            f"its place between the first and the last (at most {TOLERANCE} are allowed).",
            hint="Resample it to an even grid first.",
        )
    return Span(first=first, step=step, count=count, reversed=reverse, source_count=count)


def _from_minus_180(span: Span) -> Span:
    """Longitudes of a full circle from −180 on; a part of it moved by whole turns."""
    circle = 360.0 / span.step
    if abs(span.count - 1 - circle) < TOLERANCE * 10 and abs(span.count - 1 - round(circle)) == 0:
        # The meridian that closes the circle is stored twice.
        span = replace(span, count=span.count - 1)
    circular = abs(span.count - circle) <= TOLERANCE * 10
    span = replace(span, circular=circular)
    # A centre at 180 may stay where it is.
    slack = TOLERANCE * span.step
    last = span.first + (span.count - 1) * span.step
    if span.first >= -180 - slack and last <= 180 + slack:
        return span
    if not circular:
        turns = 0
        if span.low >= 180 - slack:
            turns = -ceil((span.low - 180 + slack) / 360 - 1e-9) if span.low > 180 else -1
        elif span.high <= -180 + slack:
            turns = 1
        return replace(span, first=span.first + 360.0 * turns)
    columns = ceil((-180 - span.first) / span.step - TOLERANCE)
    shift = columns % span.count
    return replace(
        span, first=span.first + columns * span.step, shift=(span.shift + shift) % span.count
    )
