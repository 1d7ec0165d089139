"""How an ingestion leaves the hands of a worker: all that is written with the change, in the
caller's transaction."""

from __future__ import annotations

from sqlalchemy import Connection

from osa.server.model import Fault, Ingestion, Status
from osa.server.model.machine import REQUEUE, Transition
from osa.server.service import facts, lines
from osa.server.service.dispatch import Dispatch
from osa.server.store import events, holds, logs
from osa.server.store.holds import Hold
from osa.server.store.rows import ingestion_of


def end(
    tx: Connection,
    hold: Hold,
    transition: Transition,
    reason: str,
    *,
    cancel: str | None = None,
    error: Fault | None = None,
    why: str | None = None,
) -> Ingestion | None:
    """Held -> ended, with attempt, event and line; None when the right is gone."""
    row = holds.end(tx, hold, transition, reason=reason, cancel_outcome=cancel, error=error)
    if row is None:
        return None
    default = {Status.SUCCEEDED: "completed", Status.FAILED: "failed"}
    holds.end_attempt(
        tx, hold, reason=why or default.get(transition.target, "canceled"), error=error
    )
    ended = ingestion_of(row)
    tell_end(tx, ended, transition, lost=why == "worker_lost" and error is None)
    return ended


def tell_end(
    tx: Connection, ended: Ingestion, transition: Transition, *, lost: bool = False
) -> None:
    """The one event of its end, and the line of its log. `lost`: its worker was gone."""
    # What ends while it waits ends in no attempt.
    attempt = None if transition.source is Status.QUEUED else ended.attempt
    events.append(tx, ended.id, transition.event, facts.ended(ended), attempt=attempt)
    logs.append(tx, ended.id, [lines.ended(ended, lost=lost)])


def requeue(
    tx: Connection,
    dispatch: Dispatch,
    hold: Hold,
    *,
    reason: str,
    wait_seconds: float | None,
    end_reason: str,
    error: Fault | None = None,
) -> Ingestion | None:
    """running -> queued, with attempt, event and line; without a wait it is handed over at once."""
    row = holds.requeue(
        tx, hold, reason=reason, wait_seconds=wait_seconds, unpaid=reason == "handed_over"
    )
    if row is None:
        return None
    waiting = ingestion_of(row)
    holds.end_attempt(tx, hold, reason=end_reason, error=error)
    data = facts.state(waiting)
    if wait_seconds is not None:
        data["wait_seconds"] = round(wait_seconds, 3)
    events.append(tx, waiting.id, REQUEUE.event, data, attempt=hold.attempt)
    logs.append(tx, waiting.id, [lines.waits(waiting, error, wait_seconds)])
    if wait_seconds is None:
        dispatch.enqueue(tx, waiting.id, row.dispatch)
    return waiting
