"""What a diagnosis says, and in which words: for somebody who is tired and wants to go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

#: What is quoted from elsewhere, at most.
_QUOTED = 2_000


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A diagnosis, as far as it does not stand in the ingestion."""

    code: str
    text: str
    since: datetime | None
    action: str | None = None
    blocked_by: str | None = None


def many(number: int, thing: str) -> str:
    """`1 item`, `1,200 items`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def is_(number: int) -> str:
    return "is" if number == 1 else "are"


def was(number: int) -> str:
    return "was" if number == 1 else "were"


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def span(time: timedelta) -> str:
    """A duration, in the one unit that says enough."""
    seconds = max(0, round(time.total_seconds()))
    for unit, length, least in (("day", 86_400, 172_800), ("hour", 3_600, 7_200)):
        if seconds >= least:
            return many(seconds // length, unit)
    return many(seconds // 60, "minute") if seconds >= 120 else many(seconds, "second")


def quoted(text: str, at_most: int = _QUOTED) -> str:
    """What somebody else wrote, as a sentence that does not fill the screen."""
    text = text.strip()
    if len(text) > at_most:
        text = text[: at_most - 1] + "…"
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def sentences(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)
