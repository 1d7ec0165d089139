"""A worker's hold on an ingestion: take it, write under the fence, let it go.

The fence: a take raises `attempt`, and every later write carries it. A worker that was given up
on finds no row, and has no right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select, update

from osa.server.model import Counts, Fault, Progress
from osa.server.model.machine import REQUEUE, Transition
from osa.server.store.columns import micros, micros_between, now
from osa.server.store.database import insert as upsert
from osa.server.store.rows import COLUMNS, fault_to_json
from osa.server.store.tables import attempt, ingestion, is_active, is_held, worker
from osa.server.store.transitions import leaving, moved


@dataclass(frozen=True, kw_only=True)
class Hold:
    """The right to write: this ingestion, in this attempt."""

    ingestion_id: str
    attempt: int


#: What an ingestion has that nobody holds.
NO_PLACES: dict[str, Any] = {"tenant_place": None, "convention_place": None}


def fenced(hold: Hold) -> ColumnElement[bool]:
    """What every write of a worker says."""
    return and_(
        ingestion.c.id == hold.ingestion_id,
        ingestion.c.attempt == hold.attempt,
        is_held(),
    )


def lock(connection: Connection, hold: Hold) -> Row[Any] | None:
    """Show the right and keep it until the transaction ends; None when it is gone."""
    return connection.execute(
        update(ingestion).where(fenced(hold)).values(heartbeat_at=now()).returning(*COLUMNS)
    ).first()


def advance(
    connection: Connection,
    hold: Hold,
    *,
    counts: Counts,
    cursor: Mapping[str, Any],
    moved: bool,
    progress: Progress,
) -> Row[Any]:
    """Write what a batch changed. Call it after `lock`, in the same transaction."""
    return connection.execute(
        update(ingestion)
        .where(fenced(hold))
        .values(
            created=counts.created,
            updated=counts.updated,
            unchanged=counts.unchanged,
            skipped=counts.skipped,
            rejected=counts.rejected,
            failed=counts.failed,
            cursor=dict(cursor),
            # A batch without items that leaves the cursor where it was is no progress.
            fruitless=0 if moved else ingestion.c.fruitless,
            advanced_at=now() if moved else ingestion.c.advanced_at,
            # A long transaction was work, not silence.
            heartbeat_at=now(),
            updated_at=now(),
            **_progress_values(progress),
        )
        .returning(*COLUMNS)
    ).one()


def _progress_values(progress: Progress) -> dict[str, Any]:
    percent: Any = progress.percent
    if percent is not None:
        # Never back within an attempt (a take clears it), and 100 only when done.
        percent = case(
            (ingestion.c.percent > percent, ingestion.c.percent), else_=min(percent, 99.9)
        )
    return {
        "phase": progress.phase,
        "message": progress.message,
        "unit": progress.unit,
        "completed": progress.completed,
        "total": progress.total,
        "total_is_estimate": progress.total_is_estimate,
        "percent": percent,
        "rate_per_second": progress.rate_per_second,
        "progress_at": now(),
    }


def show_progress(connection: Connection, hold: Hold, progress: Progress) -> None:
    """Write progress between two batches."""
    moved = or_(
        ingestion.c.completed.is_(None),
        ingestion.c.completed != progress.completed,
        func.coalesce(ingestion.c.phase, "") != (progress.phase or ""),
    )
    connection.execute(
        update(ingestion)
        .where(fenced(hold))
        .values(
            advanced_at=case((moved, now()), else_=ingestion.c.advanced_at),
            updated_at=now(),
            heartbeat_at=now(),
            **_progress_values(progress),
        )
    )


def end(
    connection: Connection,
    hold: Hold,
    transition: Transition,
    *,
    reason: str,
    cancel_outcome: str | None,
    error: Fault | None,
) -> Row[Any] | None:
    """Held -> an ended state; None when the right is gone."""
    values: dict[str, Any] = {
        **moved(transition, reason),
        **NO_PLACES,
        "error": fault_to_json(error),
        "error_kind": None if error is None else error.kind[:64],
    }
    if cancel_outcome is not None:
        values["cancel_outcome"] = cancel_outcome
    return connection.execute(
        update(ingestion)
        .where(fenced(hold), leaving(transition))
        .values(**values)
        .returning(*COLUMNS)
    ).first()


def requeue(
    connection: Connection,
    hold: Hold,
    *,
    reason: str,
    wait_seconds: float | None,
    unpaid: bool = False,
) -> Row[Any] | None:
    """running -> queued, counts and cursor kept. With `wait_seconds` a sweep hands it to the engine
    when the time has come; without, the caller does so in this transaction. `unpaid`: the attempt
    does not count against the budget. Never for a canceling one."""
    waiting = wait_seconds is not None
    return connection.execute(
        update(ingestion)
        .where(fenced(hold), leaving(REQUEUE))
        .values(
            **moved(REQUEUE, reason),
            **NO_PLACES,
            queued_at=now(),
            worker_id=None,
            not_before=now() + micros(wait_seconds or 0.0) if waiting else None,
            dispatched_at=None if waiting else now(),
            dispatch=ingestion.c.dispatch + (0 if waiting else 1),
            fruitless=case((ingestion.c.fruitless > 0, ingestion.c.fruitless - 1), else_=0)
            if unpaid
            else ingestion.c.fruitless,
        )
        .returning(*COLUMNS)
    ).first()


def end_attempt(
    connection: Connection, hold: Hold, *, reason: str, error: Fault | None = None
) -> None:
    connection.execute(
        update(attempt)
        .where(
            attempt.c.ingestion_id == hold.ingestion_id,
            attempt.c.number == hold.attempt,
            attempt.c.ended_at.is_(None),
        )
        .values(ended_at=now(), end_reason=reason, error=fault_to_json(error))
    )


def beat(connection: Connection, worker_id: str, *, slots: int) -> Sequence[Row[Any]]:
    """A sign of life of the worker and of all it holds; the rows tell what became of them: id,
    attempt, status, and the microseconds until a cancel's deadline.

    A row that is locked is left out of the writing, not of the answer: its batch is being
    committed, and the worker's other ingestions must not wait for that.
    """
    statement = upsert(connection, worker).values(
        id=worker_id, slots=slots, started_at=now(), heartbeat_at=now()
    )
    connection.execute(
        statement.on_conflict_do_update(index_elements=[worker.c.id], set_={"heartbeat_at": now()})
    )
    held = and_(is_active(), is_held(), ingestion.c.worker_id == worker_id)
    free = select(ingestion.c.id).where(held).with_for_update(skip_locked=True)
    connection.execute(
        update(ingestion).where(held, ingestion.c.id.in_(free)).values(heartbeat_at=now())
    )
    return connection.execute(
        select(
            ingestion.c.id,
            ingestion.c.attempt,
            ingestion.c.status,
            micros_between(ingestion.c.cancel_deadline_at, now()).label("micros_left"),
        ).where(held)
    ).all()
