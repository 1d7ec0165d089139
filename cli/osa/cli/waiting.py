"""Wait until ingestions are done, for as long as it takes, through outages of the server."""

from collections.abc import Callable, Iterable
from typing import Any, Unpack
from uuid import UUID

from osa.cli import pacing
from osa.cli.access import Identity, helper
from osa.cli.arguments import ids, plain_id
from osa.cli.errors import IngestionError, IngestionTimeout
from osa.cli.looking import differ, look_until_over
from osa.cli.states import Roll
from osa.cli.transport import Connection


@helper
def wait_ingestion(
    *,
    ingestion_id: str | UUID,
    timeout: float | None = None,
    on_change: Callable[[dict[str, Any]], None] | None = None,
    on_outage: Callable[[IngestionError], None] | None = None,
    outage_budget: float = 300.0,
    request_timeout: float = 30.0,
    retries: int | None = None,
    follow_retries: bool = False,
    **identity: Unpack[Identity],
) -> dict[str, Any]:
    """Give the ingestion once it is done, whatever its end; there is no hidden timeout.

    Asks as often as the server says, between 0.5 and 60 s, with jitter. `on_change` gets the first
    state and every other one, the ended state too. A server that is gone for less than
    `outage_budget` seconds at a time (and `retries` tries, when given) is waited for; `on_outage`
    gets each failure. The budget does not prolong `timeout` (seconds, None for ever), after which
    `IngestionTimeout` carries the last state. `request_timeout` is that of a single request. With
    `follow_retries`, one that did not succeed and was retried is left for its retry. The ingestion
    is never canceled from here.
    """
    (ended,) = wait_ingestions(
        ingestion_ids=[plain_id(ingestion_id, "ing")],
        timeout=timeout,
        on_change=on_change,
        on_outage=on_outage,
        outage_budget=outage_budget,
        request_timeout=request_timeout,
        retries=retries,
        follow_retries=follow_retries,
        **identity,
    )
    return ended


@helper
def wait_ingestions(
    *,
    ingestion_ids: Iterable[str | UUID],
    timeout: float | None = None,
    on_change: Callable[[dict[str, Any]], None] | None = None,
    on_outage: Callable[[IngestionError], None] | None = None,
    outage_budget: float = 300.0,
    request_timeout: float = 30.0,
    retries: int | None = None,
    follow_retries: bool = False,
    **identity: Unpack[Identity],
) -> list[dict[str, Any]]:
    """Give these ingestions in the order of their ids once all of them are done.

    As `wait_ingestion`, with one request for a hundred of them, as often as the one that asks for
    it most often. One that is deleted meanwhile raises `INGESTION_NOT_FOUND`.
    """
    with Connection(**identity, timeout=request_timeout) as line:
        paths = ids(ingestion_ids, "ing")
        roll = Roll(line, together=len(paths) > 1, retries=0)
        awaited = _Ingestions(roll, paths, follow_retries=follow_retries)
        look_until_over(
            awaited,
            timeout=timeout,
            on_change=on_change,
            on_outage=on_outage,
            outage_budget=outage_budget,
            request_timeout=request_timeout,
            retries=retries,
        )
    return awaited.ended


class _Ingestions:
    """What is waited for: for each id that was given, the retries that took its place."""

    def __init__(self, roll: Roll, paths: list[str], *, follow_retries: bool) -> None:
        self._roll = roll
        self._chains = [[path] for path in paths]
        self._follow_retries = follow_retries
        self._seen: dict[str, dict[str, Any]] = {}
        self._active = [*dict.fromkeys(paths)]

    def look(self, timeout: float) -> list[dict[str, Any]]:
        """Ask for the active ones and give those that changed."""
        changed = []
        states = self._roll.call(self._active, timeout=timeout)
        for path, now in zip(self._active, states, strict=True):
            before = self._seen.get(path)
            if before is None or differ(before, now):
                changed.append(now)
            self._seen[path] = now
        for chain in self._chains:
            while (retry := self._retry_of(chain[-1])) is not None:
                if retry in chain:
                    raise IngestionError(
                        "The server's retries lead in a circle.", code="INVALID_RESPONSE"
                    )
                chain.append(retry)
        last = dict.fromkeys(chain[-1] for chain in self._chains)
        self._active = [path for path in last if not self._done(path)]
        return changed

    @property
    def over(self) -> bool:
        return not self._active

    def pause(self) -> float:
        """Seconds until one of them makes sense to ask for again."""
        states = [self._seen.get(path) for path in self._active]
        return min(0.0 if state is None else pacing.poll_pause(state) for state in states)

    @property
    def ended(self) -> list[dict[str, Any]]:
        return [self._seen[chain[-1]] for chain in self._chains]

    def too_long(self, timeout: float) -> IngestionTimeout:
        first = self._seen.get(self._active[0])
        if len(self._chains) == 1:
            state = "is not known" if first is None else f"is {first['status']}"
            what = f"Ingestion {self._active[0]} {state}"
        else:
            what = f"{len(self._active)} of {len(self._chains)} ingestions are not done"
        seen = [self._seen[chain[-1]] for chain in self._chains if chain[-1] in self._seen]
        return IngestionTimeout(
            f"{what} after {timeout:g} s of waiting; the work goes on.",
            ingestion=first,
            ingestions=seen,
        )

    def _done(self, path: str) -> bool:
        return path in self._seen and self._seen[path]["done"] is True

    def _retry_of(self, path: str) -> str | None:
        if not self._follow_retries or not self._done(path):
            return None
        state = self._seen[path]
        return None if state["status"] == "succeeded" else state.get("retried_by")
