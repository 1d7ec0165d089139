"""Time steps: which ones are asked for, and what to call them (CF §4.4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osa.conventions.failures import ParametersInvalid
from osa.conventions.nc_to_geotiff.axes import Coordinate
from osa.conventions.nc_to_geotiff.variables import (
    Variable,
    attributes,
    find,
    names_in,
    numbers,
    packed_by,
    text,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Calendars whose dates are dates of RFC 3339.
_CIVIL = frozenset({"standard", "gregorian", "proleptic_gregorian"})
_ISO = re.compile(
    r"^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})\d*)?)?)?"
    r"(Z|[+-]\d\d:?\d\d)?$"
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One time step."""

    #: Its index along the time dimension; None when the variable has none.
    index: int | None
    #: RFC 3339 in UTC; a date of another calendar as text without `Z`; None when nothing says it.
    time: str | None
    #: CF's name of the calendar.
    calendar: str | None
    #: `YYYY:MM:DD HH:MM:SS`, as TIFF 6.0 wants it, only for dates of the civil calendar.
    tiff_datetime: str | None

    @property
    def label(self) -> str:
        """A name for the step within its variable: the time, or the index, or `-`."""
        if self.time is not None:
            return self.time
        return "-" if self.index is None else f"step {self.index}"


class TimeAxis:
    """The values of a time coordinate, decoded one by one."""

    def __init__(self, coordinate: Coordinate, values: NDArray[Any]) -> None:
        import numpy

        own = coordinate.attributes
        self.name = coordinate.name
        missing = [*numbers(own, "_FillValue"), *numbers(own, "missing_value")]
        self.values = values.ravel()
        self._missing = frozenset(numpy.flatnonzero(numpy.isin(self.values, missing)).tolist())
        scale, offset = packed_by(own, of=coordinate.name)
        if (scale, offset) != (1.0, 0.0):
            self.values = self.values * scale + offset
        self.units = text(own, "units")
        self.calendar = text(own, "calendar").lower() or "standard"

    def date(self, index: int) -> Any | None:
        """The cftime date of a step, None when it is missing or cannot be decoded."""
        import cftime  # type: ignore[import-untyped]
        import numpy

        value = self.values[index]
        if not numpy.isfinite(value) or index in self._missing:
            return None
        try:
            return cftime.num2date(
                value, self.units, calendar=self.calendar, only_use_cftime_datetimes=True
            )
        except (ValueError, OverflowError, TypeError):
            return None

    def step(self, index: int | None) -> Step:
        """What to call the step at `index`; None: the only value of a scalar coordinate."""
        date = self.date(index or 0)
        if date is None:
            return Step(index=index, time=None, calendar=None, tiff_datetime=None)
        # Civil time before October 1582 is Julian in CF's standard calendar: not an RFC 3339 date.
        civil = self.calendar in _CIVIL and (
            1582 < date.year <= 9999
            or (self.calendar == "proleptic_gregorian" and 1 <= date.year <= 9999)
        )
        date = _to_the_millisecond(date)
        shown = date.strftime("%Y-%m-%dT%H:%M:%S")
        if date.microsecond:
            shown += f".{date.microsecond // 1000:03d}"
        return Step(
            index=index,
            time=shown + ("Z" if civil else ""),
            calendar=self.calendar,
            tiff_datetime=date.strftime("%Y:%m:%d %H:%M:%S") if civil else None,
        )

    def index_of(self, wanted: str, *, nearest: bool) -> int:
        """The index of the step at the ISO 8601 time `wanted`. Raises ParametersInvalid."""
        import cftime
        import numpy

        parts = _ISO.match(wanted.strip())
        if parts is None:
            raise ParametersInvalid(
                f"The time {wanted!r} is neither an index nor an ISO 8601 time.",
                hint="Write it like 2024-05-31T12:00:00Z.",
            )
        year, month, day = (int(part) for part in parts.group(1, 2, 3))
        hour, minute, second = (int(part or 0) for part in parts.group(4, 5, 6))
        micros = int((parts.group(7) or "0").ljust(6, "0"))
        try:
            date = cftime.datetime(
                year, month, day, hour, minute, second, micros, calendar=self.calendar
            )
            target = cftime.date2num(date, "seconds since 1970-01-01", calendar=self.calendar)
            seconds = numpy.array(
                [
                    numpy.nan
                    if (found := self.date(i)) is None
                    else cftime.date2num(found, "seconds since 1970-01-01", calendar=self.calendar)
                    for i in range(len(self.values))
                ],
                dtype="float64",
            )
        except ValueError as exc:
            raise ParametersInvalid(
                f"The time {wanted!r} is not a date of the calendar {self.calendar!r}: {exc}."
            ) from exc
        target = float(target) + micros / 1e6 - _offset_seconds(parts.group(8))
        distance = numpy.abs(seconds - target)
        if not numpy.isfinite(distance).any():
            raise ParametersInvalid(
                f"No time of {self.name!r} can be decoded (units {self.units!r}).",
                hint="Give the step as an index.",
            )
        index = int(numpy.nanargmin(distance))
        if not nearest and distance[index] > 1.0:
            first, last, close = (self.step(i).label for i in (0, len(seconds) - 1, index))
            raise ParametersInvalid(
                f"There is no time step at {wanted}: {len(seconds)} steps from {first} to {last}, "
                f"the nearest at {close}.",
                hint="Give one of them, or `time_method: nearest`.",
            )
        return index


def scalar_time(variable: Variable) -> Coordinate | None:
    """The scalar time coordinate that the variable's `coordinates` name (CF §5.7), if any."""
    found = []
    for name in names_in(attributes(variable), "coordinates"):
        other = find(variable.group(), name)
        if other is None or other.size != 1 or getattr(other.dtype, "kind", "O") not in "iuf":
            continue
        own = attributes(other)
        if text(own, "standard_name") == "time" or text(own, "axis").upper() == "T":
            return Coordinate(name=other.name, variable=other, attributes=own)
        if " since " in text(own, "units") and text(own, "standard_name") == "":
            found.append(Coordinate(name=other.name, variable=other, attributes=own))
    return found[0] if len(found) == 1 else None


def choose_steps(
    *, axis: TimeAxis | None, length: int | None, wanted: int | str | None, nearest: bool
) -> Sequence[Step]:
    """The steps to convert, in the order of the data.

    `length` is the size of the time dimension, None where there is none; `axis` is None where no
    coordinate says the times. Raises ParametersInvalid when `wanted` is not there.
    """
    if isinstance(wanted, str) and re.fullmatch(r"[+-]?\d+", wanted.strip()):
        wanted = int(wanted)
    if length is None:
        if isinstance(wanted, int) and wanted not in (0, -1):
            raise ParametersInvalid(f"There is no time step {wanted}: the data have no time axis.")
        if isinstance(wanted, str):
            if axis is None:
                raise ParametersInvalid(
                    "The variable has no time axis, so no time can be chosen.",
                    hint="Leave `time` out.",
                )
            axis.index_of(wanted, nearest=nearest)
        return [axis.step(None) if axis else _unknown(None)]
    if isinstance(wanted, str):
        if axis is None:
            raise ParametersInvalid(
                "The time dimension has no coordinate variable, so no time can be looked up.",
                hint="Give the step as an index.",
            )
        chosen: Sequence[int] = [axis.index_of(wanted, nearest=nearest)]
    elif wanted is not None:
        if not -length <= wanted < length:
            raise ParametersInvalid(
                f"There is no time step {wanted}: the data have {length}, 0 to {length - 1}."
            )
        chosen = [wanted % length]
    else:
        chosen = range(length)
    return _Steps(axis, chosen)


class _Steps(Sequence[Step]):
    """Decoded when looked at: a million steps cost nothing until they are reached."""

    def __init__(self, axis: TimeAxis | None, indices: Sequence[int]) -> None:
        self._axis = axis
        self._indices = indices

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, position: Any) -> Any:
        index = self._indices[position]
        return self._axis.step(index) if self._axis else _unknown(index)


def _unknown(index: int | None) -> Step:
    return Step(index=index, time=None, calendar=None, tiff_datetime=None)


def _to_the_millisecond(date: Any) -> Any:
    """Rounded: times are stored as floating-point numbers, and 11:59:59.999987 means noon."""
    import datetime

    rest = date.microsecond % 1000
    if rest >= 500:
        return date + datetime.timedelta(microseconds=1000 - rest)
    return date - datetime.timedelta(microseconds=rest)


def _offset_seconds(offset: str | None) -> int:
    if offset in (None, "Z"):
        return 0
    digits = offset.replace(":", "")
    seconds = int(digits[1:3]) * 3600 + int(digits[3:5]) * 60
    return -seconds if digits[0] == "-" else seconds
