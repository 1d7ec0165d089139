"""A worker's hold on an ingestion: take it, write under the fence, let it go.

The fence: a take raises `attempt`, and every later write carries it. A worker that was given up
on finds no row, and has no right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Float,
    Insert,
    Row,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

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

    @property
    def right(self) -> dict[str, Any]:
        """The parameters of FENCE."""
        return {"held_id": self.ingestion_id, "held_attempt": self.attempt}


#: What every write of a worker says.
FENCE = and_(
    ingestion.c.id == bindparam("held_id"),
    ingestion.c.attempt == bindparam("held_attempt"),
    is_held(),
)
#: What an ingestion has that nobody holds.
NO_PLACES: dict[str, Any] = {"tenant_place": None, "convention_place": None}

# Written once, as all that is said often: to put a statement together takes longer than to execute
# it.
_LOCK = update(ingestion).where(FENCE).values(heartbeat_at=now()).returning(*COLUMNS)
# A long transaction was work, not silence.
_COMMITTED: dict[str, Any] = {"heartbeat_at": now(), "updated_at": now(), "progress_at": now()}
# Of `percent`: never back within an attempt (a take clears it), and 100 only when done.
_REACHED = bindparam("reached", type_=Float())
_COMMITTED["percent"] = case((ingestion.c.percent > _REACHED, ingestion.c.percent), else_=_REACHED)
_COMMIT = update(ingestion).where(FENCE).values(**_COMMITTED).returning(*COLUMNS)
_COMMIT_AND_MOVE = _COMMIT.values(fruitless=0, advanced_at=now())
_HAS_MOVED = or_(
    ingestion.c.completed.is_(None),
    ingestion.c.completed.is_distinct_from(bindparam("so_far", type_=BigInteger())),
    func.coalesce(ingestion.c.phase, "") != bindparam("now_in"),
)
_SHOW = (
    update(ingestion)
    .where(FENCE)
    .values(**_COMMITTED, advanced_at=case((_HAS_MOVED, now()), else_=ingestion.c.advanced_at))
)


def lock(connection: Connection, hold: Hold) -> Row[Any] | None:
    """Show the right and keep it until the transaction ends; None when it is gone."""
    return connection.execute(_LOCK, hold.right).first()


def advance(
    connection: Connection,
    hold: Hold,
    *,
    counts: Counts,
    cursor: Mapping[str, Any],
    moved: bool,
    progress: Progress,
) -> Row[Any]:
    """Write what a batch changed. Call it after `lock`, in the same transaction. `moved`: a batch
    without items that leaves the cursor where it was is no progress."""
    return connection.execute(
        _COMMIT_AND_MOVE if moved else _COMMIT,
        {
            **hold.right,
            "created": counts.created,
            "updated": counts.updated,
            "unchanged": counts.unchanged,
            "skipped": counts.skipped,
            "rejected": counts.rejected,
            "failed": counts.failed,
            "cursor": dict(cursor),
            **_shown(progress),
        },
    ).one()


def _shown(progress: Progress) -> dict[str, Any]:
    percent = progress.percent
    return {
        "phase": progress.phase,
        "message": progress.message,
        "unit": progress.unit,
        "completed": progress.completed,
        "total": progress.total,
        "total_is_estimate": progress.total_is_estimate,
        "reached": None if percent is None else min(percent, 99.9),
        "rate_per_second": progress.rate_per_second,
    }


def show_progress(connection: Connection, hold: Hold, progress: Progress) -> None:
    """Write progress between two batches."""
    said = {"so_far": progress.completed, "now_in": progress.phase or ""}
    connection.execute(_SHOW, {**hold.right, **_shown(progress), **said})


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
        "error": fault_to_json(error),
        "error_kind": None if error is None else error.kind[:64],
    }
    if cancel_outcome is not None:
        values["cancel_outcome"] = cancel_outcome
    return connection.execute(_end(transition, reason), {**hold.right, **values}).first()


@cache
def _end(transition: Transition, reason: str) -> ReturningUpdate[Any]:
    return (
        update(ingestion)
        .where(FENCE, leaving(transition))
        .values(**moved(transition, reason), **NO_PLACES)
        .returning(*COLUMNS)
    )


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
        .where(FENCE, leaving(REQUEUE))
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
        .returning(*COLUMNS),
        hold.right,
    ).first()


def end_attempt(
    connection: Connection, hold: Hold, *, reason: str, error: Fault | None = None
) -> None:
    connection.execute(
        _END_ATTEMPT, {**hold.right, "end_reason": reason, "error": fault_to_json(error)}
    )


_END_ATTEMPT = (
    update(attempt)
    .where(
        attempt.c.ingestion_id == bindparam("held_id"),
        attempt.c.number == bindparam("held_attempt"),
        attempt.c.ended_at.is_(None),
    )
    .values(ended_at=now())
)


def beat(connection: Connection, worker_id: str, *, slots: int) -> Sequence[Row[Any]]:
    """A sign of life of the worker and of all it holds; the rows tell what became of them: id,
    attempt, status, and the microseconds until a cancel's deadline.

    A row that is locked is left out of the writing, not of the answer: its batch is being
    committed, and the worker's other ingestions must not wait for that.
    """
    connection.execute(_sign_of_life(connection.dialect.name), {"id": worker_id, "slots": slots})
    me = {"me": worker_id}
    connection.execute(_KEEP, me)
    return connection.execute(_KEPT, me).all()


@cache
def _sign_of_life(dialect: str) -> Insert:
    statement = upsert(dialect, worker).values(started_at=now(), heartbeat_at=now())
    return statement.on_conflict_do_update(
        index_elements=[worker.c.id], set_={"heartbeat_at": now()}
    )


# What is held is active: said all the same, because the index that finds a worker's own is that of
# the active ones. Without it all that anybody holds is read.
_MINE = and_(is_active(), is_held(), ingestion.c.worker_id == bindparam("me"))
_KEEP = (
    update(ingestion)
    .where(
        _MINE,
        ingestion.c.id.in_(select(ingestion.c.id).where(_MINE).with_for_update(skip_locked=True)),
    )
    .values(heartbeat_at=now())
)
_KEPT = select(
    ingestion.c.id,
    ingestion.c.attempt,
    ingestion.c.status,
    micros_between(ingestion.c.cancel_deadline_at, now()).label("micros_left"),
).where(_MINE)
