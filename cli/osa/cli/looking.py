"""Look at something again and again until it is over, through outages of the server."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from osa.cli import pacing
from osa.cli.errors import IngestionError, IngestionTimeout

# What a thing says of itself at every heartbeat is no change that anybody waits for.
_NO_CHANGE = frozenset({"heartbeat_at", "updated_at", "poll_after_seconds"})


class Awaited(Protocol):
    """What is waited for."""

    def look(self, timeout: float) -> Iterable[dict[str, Any]]:
        """Ask once, for so many seconds at most, and give the states that changed."""

    @property
    def over(self) -> bool:
        """Whether the last look was enough."""

    def pause(self) -> float:
        """Seconds until it makes sense to look again."""

    def too_long(self, timeout: float) -> IngestionTimeout:
        """The error of a wait that took so many seconds and saw no end."""


def look_until_over(
    awaited: Awaited,
    *,
    timeout: float | None,
    on_change: Callable[[dict[str, Any]], None] | None,
    on_outage: Callable[[IngestionError], None] | None,
    outage_budget: float,
    request_timeout: float,
    retries: int | None,
) -> None:
    """Come back when it is over; `IngestionTimeout` after `timeout` seconds, None for ever.

    A server that is gone for less than `outage_budget` seconds at a time is waited for, which does
    not prolong the timeout.
    """
    deadline = None if timeout is None else pacing.monotonic() + timeout
    outage = pacing.Outage(outage_budget, retries)
    while True:
        left = None if deadline is None else max(0.0, deadline - pacing.monotonic())
        try:
            # The last look is allowed a second, even when the time is up already.
            limit = request_timeout if left is None else min(request_timeout, max(left, 1.0))
            changes = [*awaited.look(limit)]
        except IngestionError as error:
            if timeout is not None and left == 0 and pacing.worth_another_try(error):
                raise awaited.too_long(timeout) from error
            if not outage.again(error, until=deadline, on_failure=on_outage):
                raise
            continue
        outage.over()
        if on_change is not None:
            for changed in changes:
                on_change(changed)
        if awaited.over:
            return
        if timeout is not None and left == 0:
            raise awaited.too_long(timeout)
        pause = awaited.pause()
        pacing.sleep(pause if deadline is None else _until(deadline, pause))


def differ(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether something changed that somebody waits for."""
    names = (before.keys() | after.keys()) - _NO_CHANGE
    return any(before.get(name) != after.get(name) for name in names)


def _until(deadline: float, pause: float) -> float:
    return max(0.0, min(pause, deadline - pacing.monotonic()))
