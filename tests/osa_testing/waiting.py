"""The one place where tests wait: for a condition, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Generous: a test that waits so long has failed, and a slow machine is not a failure. Where many
#: work at once, a program alone can take half a minute to start.
PATIENCE_SECONDS = 90.0


def until(
    look: Callable[[], T], what: str, *, seconds: float = PATIENCE_SECONDS, every: float = 0.05
) -> T:
    """The first true value of `look`; `what` says in the failure what was waited for. An
    AssertionError
    of `look` counts as "not yet", and is the cause of the failure when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        refused: AssertionError | None = None
        found = None
        try:
            found = look()
        except AssertionError as exc:
            refused = exc
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}; last: {found!r}") from refused
        time.sleep(every)


def stays(look: Callable[[], object], what: str, *, seconds: float, every: float = 0.05) -> None:
    """Fails as soon as `look` is false; for what must go on being true for a while."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert look(), f"no longer: {what}"
        time.sleep(every)
