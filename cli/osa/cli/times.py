"""Times and durations, as people write and read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from osa.cli.problems import BadUsage

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw]?)")


def parse_duration(text: str, *, option: str) -> float:
    """Seconds of `90`, `90s`, `10m`, `2h`, `3d` or `1w`."""
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise BadUsage(f"{option}: {text!r} is not a duration such as 90s, 10m, 2h, 3d or 1w.")
    return float(match[1]) * _UNITS[match[2] or "s"]


def parse_time(text: str, *, option: str, now: datetime | None = None) -> datetime:
    """A time of RFC 3339, a date (its start in UTC), or a duration: so long ago."""
    match = _DURATION.fullmatch(text.strip().lower())
    if match is not None and match[2]:
        try:
            return (now or datetime.now(UTC)) - timedelta(
                seconds=float(match[1]) * _UNITS[match[2]]
            )
        except OverflowError as exc:
            raise BadUsage(f"{option}: {text!r} is before all time.") from exc
    try:
        time = datetime.fromisoformat(text.strip().upper())
    except ValueError as exc:
        raise BadUsage(
            f"{option}: {text!r} is not a time. "
            "Write 2026-11-22T09:00:00Z, 2026-11-22, or how long ago: 30m, 2h, 3d."
        ) from exc
    if time.tzinfo is None:
        if len(text.strip()) > len("2026-11-22"):
            raise BadUsage(f"{option}: {text!r} has no time zone; add Z for UTC, or +01:00.")
        time = time.replace(tzinfo=UTC)
    return time.astimezone(UTC)


def read_time(text: object) -> datetime | None:
    """A time on the wire; None for none, and for what a newer server may send."""
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def show_time(text: object) -> str:
    """A time of the wire to the second, in UTC."""
    time = read_time(text)
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if time else "-"


def show_seconds(seconds: float) -> str:
    """A duration in its one or two largest units: `12s`, `3m 20s`, `2h 5m`, `4d 1h`."""
    left = max(0, round(seconds))
    parts: list[str] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def show_age(text: object, *, now: datetime | None = None) -> str:
    """How long ago, in the largest unit: `5m`."""
    time = read_time(text)
    if time is None:
        return "-"
    return show_seconds(((now or datetime.now(UTC)) - time).total_seconds()).split(" ")[0]
