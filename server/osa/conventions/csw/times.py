"""Dates and times of catalogues: one form of each, and which of two is later."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?")


def normalized(text: str | None) -> str | None:
    """A year, a month or a date as it is; a time in UTC, ending in `Z` (one without zone is taken
    for UTC). None for what is none of these, as `2021-13-99` is not."""
    text = (text or "").strip()
    try:
        if _DATE.fullmatch(text):
            # As much of the format as there is of the date.
            datetime.strptime(text, "%Y-%m-%d"[: len(text) - 2])
            return text
        if _TIME.fullmatch(text.upper()):
            moment = datetime.fromisoformat(text.upper().replace(",", "."))
            moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
            return moment.isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        pass
    return None


def is_later(one: object, other: object) -> bool | None:
    """Whether `one` is later than `other`, both as `normalized` gives them. None when that cannot
    be told: one is missing, or one is a day and the other a time on it."""
    if not isinstance(one, str) or not isinstance(other, str):
        return None
    if one == other:
        return False
    if len(one) > 10 and len(other) > 10:
        try:
            return datetime.fromisoformat(one) > datetime.fromisoformat(other)
        except (TypeError, ValueError):
            return None
    shared = min(len(one), len(other), 10)
    return one[:shared] > other[:shared] if one[:shared] != other[:shared] else None
