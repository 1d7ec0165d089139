"""A worker's hold on an ingestion: take it, write under the fence, let it go.

The fence: a take raises `attempt`, and every later write carries it. A worker that was given up
on finds no row, and has no right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, insert, or_, select, update

from osa.server.model import HELD, Counts, Fault, Progress, Status
from osa.server.store.columns import micros, micros_between, now
from osa.server.store.database import insert as upsert
from osa.server.store.rows import COLUMNS, fault_to_json
from osa.server.store.tables import attempt, ingestion, source_parts, worker


@dataclass(frozen=True, kw_only=True)
class Hold:
    """The right to write: this ingestion, in this attempt."""

    ingestion_id: str
    attempt: int


def fenced(hold: Hold) -> ColumnElement[bool]:
    """What every write of a worker says."""
    return and_(
        ingestion.c.id == hold.ingestion_id,
        ingestion.c.attempt == hold.attempt,
        ingestion.c.status.in_(sorted(HELD)),
    )


def take(connection: Connection, ingestion_id: str, worker_id: str) -> Row[Any] | None:
    """queued -> running, with the first heartbeat in the same write; None when it is not to be
    had."""
    return _take(connection, ingestion.c.id == ingestion_id, worker_id)


def take_next(connection: Connection, worker_id: str) -> Row[Any] | None:
    """The same for whichever has waited longest; None when nothing waits."""
    oldest = (
        select(ingestion.c.id)
        .where(_due())
        .order_by(ingestion.c.queued_at, ingestion.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return _take(connection, ingestion.c.id == oldest, worker_id)


def _due() -> ColumnElement[bool]:
    return and_(
        ingestion.c.status == Status.QUEUED,
        or_(ingestion.c.not_before.is_(None), ingestion.c.not_before <= now()),
    )


def _take(connection: Connection, which: ColumnElement[bool], worker_id: str) -> Row[Any] | None:
    row = connection.execute(
        update(ingestion)
        .where(which, _due())
        .values(
            status=Status.RUNNING,
            status_reason="running",
            attempt=ingestion.c.attempt + 1,
            fruitless=ingestion.c.fruitless + 1,
            worker_id=worker_id,
            heartbeat_at=now(),
            advanced_at=now(),
            updated_at=now(),
            started_at=func.coalesce(ingestion.c.started_at, now()),
            not_before=None,
            percent=None,
            rate_per_second=None,
        )
        .returning(*COLUMNS, ingestion.c.cursor, ingestion.c.fruitless)
    ).first()
    if row is not None:
        connection.execute(
            insert(attempt).values(
                ingestion_id=row.id, number=row.attempt, worker=worker_id, started_at=now()
            )
        )
    return row


def source_of(connection: Connection, row: Row[Any]) -> Mapping[str, Any] | None:
    """The whole source of an ingestion that was taken."""
    if row.source is None:
        return None
    parts = connection.execute(
        select(source_parts.c.parts).where(source_parts.c.ingestion_id == row.id)
    ).scalar()
    return {**row.source, **(parts or {})}


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
    *,
    status: Status,
    reason: str,
    cancel_outcome: str | None,
    error: Fault | None,
) -> Row[Any] | None:
    """Held -> an ended state; None when the right is gone."""
    values: dict[str, Any] = {
        "status": status,
        "status_reason": reason,
        "ended_at": now(),
        "updated_at": now(),
        "error": fault_to_json(error),
        "worker_id": None,
    }
    if cancel_outcome is not None:
        values["cancel_outcome"] = cancel_outcome
    return connection.execute(
        update(ingestion).where(fenced(hold)).values(**values).returning(*COLUMNS)
    ).first()


def requeue(
    connection: Connection,
    hold: Hold,
    *,
    reason: str,
    wait_seconds: float | None,
    free: bool = False,
) -> Row[Any] | None:
    """running -> queued, counts and cursor kept. With `wait_seconds` a sweep hands it to the
    engine when
    the time has come; without, the caller does so in this transaction. `free`: the attempt does
    not count against the budget. Never for a canceling one."""
    waiting = wait_seconds is not None
    return connection.execute(
        update(ingestion)
        .where(fenced(hold), ingestion.c.status == Status.RUNNING)
        .values(
            status=Status.QUEUED,
            status_reason=reason,
            queued_at=now(),
            updated_at=now(),
            worker_id=None,
            not_before=now() + micros(wait_seconds or 0.0) if waiting else None,
            dispatched_at=None if waiting else now(),
            dispatch=ingestion.c.dispatch + (0 if waiting else 1),
            fruitless=case((ingestion.c.fruitless > 0, ingestion.c.fruitless - 1), else_=0)
            if free
            else ingestion.c.fruitless,
        )
        .returning(*COLUMNS, ingestion.c.dispatch)
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
    held = and_(ingestion.c.worker_id == worker_id, ingestion.c.status.in_(sorted(HELD)))
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


def forget_worker(connection: Connection, worker_id: str) -> None:
    connection.execute(worker.delete().where(worker.c.id == worker_id))


def workers_alive(connection: Connection, *, within_seconds: float) -> int:
    return connection.execute(
        select(func.count())
        .select_from(worker)
        .where(worker.c.heartbeat_at > now() - micros(within_seconds))
    ).scalar_one()
