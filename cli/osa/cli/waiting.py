"""Wait until an ingestion is done, for as long as it takes, through outages of the server."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx

from osa.cli import pacing
from osa.cli.errors import IngestionError, IngestionTimeout
from osa.cli.transport import Connection, plain_id
from osa.sdk.api.ingestions import get_ingestion as operation

SHORTEST_PAUSE = 0.5
LONGEST_PAUSE = 60.0
# What an ingestion says of itself at every heartbeat is no change that anybody waits for.
_NO_CHANGE = frozenset({"heartbeat_at", "updated_at", "poll_after_seconds"})


def wait_ingestion(
    *,
    server: str,
    ingestion_id: str | UUID,
    token: str,
    timeout: float | None = None,
    on_change: Callable[[dict[str, Any]], None] | None = None,
    on_outage: Callable[[IngestionError], None] | None = None,
    outage_budget: float = 300.0,
    request_timeout: float = 30.0,
    retries: int | None = None,
    http: httpx.Client | None = None,
) -> dict[str, Any]:
    """Give the ingestion once it is done, whatever its end; there is no hidden timeout.

    Asks as often as the server says, between 0.5 and 60 s, with jitter. `on_change` gets the first
    state and every other one, the ended state too. A server that is gone for less than
    `outage_budget` seconds at a time (and `retries` tries, when given) is waited for; `on_outage`
    gets each failure. The budget does not prolong `timeout` (seconds, None for ever), after which
    `IngestionTimeout` carries the last state. `request_timeout` is that of a single request. The
    ingestion is never canceled from here.
    """
    path = plain_id(ingestion_id, "ing")
    deadline = None if timeout is None else pacing.monotonic() + timeout
    outage = pacing.Outage(outage_budget, retries)
    seen: dict[str, Any] | None = None
    with Connection(server=server, token=token, timeout=request_timeout, http=http) as line:
        while True:
            left = None if deadline is None else max(0.0, deadline - pacing.monotonic())
            try:
                # The last look is allowed a second, even when the time is up already.
                limit = request_timeout if left is None else min(request_timeout, max(left, 1.0))
                now = line.ask_once(operation, operation._get_kwargs(path), timeout=limit)
            except IngestionError as error:
                if left is not None and left <= 0 and pacing.worth_another_try(error):
                    raise _too_long(ingestion_id, timeout, seen) from error
                if not outage.again(error, until=deadline, on_failure=on_outage):
                    raise
                continue
            outage.over()
            if on_change is not None and (seen is None or _differ(seen, now)):
                on_change(now)
            seen = now
            if now["done"] is True:
                return now
            if left is not None and left <= 0:
                raise _too_long(ingestion_id, timeout, seen)
            pause = poll_pause(now)
            pacing.sleep(pause if deadline is None else _until(deadline, pause))


def poll_pause(answer: dict[str, Any]) -> float:
    """Seconds until it makes sense to ask again, from the server's hint, with jitter."""
    hint = answer.get("poll_after_seconds")
    known = isinstance(hint, (int, float)) and not isinstance(hint, bool)
    seconds = float(hint) if known and hint is not None else 2.0
    return min(LONGEST_PAUSE, max(SHORTEST_PAUSE, seconds * pacing.uniform(1.0, 1.25)))


def _until(deadline: float, pause: float) -> float:
    return max(0.0, min(pause, deadline - pacing.monotonic()))


def _differ(before: dict[str, Any], after: dict[str, Any]) -> bool:
    names = (before.keys() | after.keys()) - _NO_CHANGE
    return any(before.get(name) != after.get(name) for name in names)


def _too_long(
    ingestion_id: str | UUID, timeout: float | None, seen: dict[str, Any] | None
) -> IngestionTimeout:
    state = "is not known" if seen is None else f"is {seen['status']}"
    return IngestionTimeout(
        f"Ingestion {ingestion_id} {state} after {timeout:g} s of waiting; it goes on.",
        ingestion=seen,
    )
