"""A worker's hold on an ingestion: take it, write under the fence, let it go.

The fence: a take raises `attempt`, and every later write carries it. A worker that was given up
on finds no row, and has no right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from osa.server.model import HELD, Counts, Fault, Progress
from osa.server.model.machine import REQUEUE, TAKE, Transition
from osa.server.store.columns import micros, micros_between, now
from osa.server.store.database import insert as upsert
from osa.server.store.rows import COLUMNS, fault_to_json
from osa.server.store.tables import attempt, ingestion, is_active, source_parts, worker
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
        ingestion.c.status.in_(sorted(HELD)),
    )


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How many ingestions may be held at the same time; None and what is not named: any number."""

    per_tenant: int | None = None
    per_convention: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def free(self) -> ColumnElement[bool]:
        """Nobody holds its convention or its key or is before it in line for them, and there is a
        place under the limits. Put together once: that takes longer than to ask."""
        return _free(self)

    @cached_property
    def first_in_line(self) -> Select[str, str, str]:
        """Who is taken next: its id, tenant and convention."""
        return (
            select(ingestion.c.id, ingestion.c.tenant, ingestion.c.convention_id)
            .where(due(), self.free)
            .order_by(ingestion.c.rank, ingestion.c.queued_at, ingestion.c.id)
            .limit(1)
            .with_for_update(skip_locked=True, of=ingestion)
        )


class Occupied(Exception):
    """Another take was quicker to the same key or place: the indexes are the judge. Try again."""


def _free(limits: Limits) -> ColumnElement[bool]:
    other = ingestion.alias("other")
    conditions = []
    for name in ("exclusive_key", "concurrency_key"):
        same = and_(other.c.tenant == ingestion.c.tenant, other.c[name] == ingestion.c[name])
        earlier = and_(same, due(other), _place_in_line(other) < _place_in_line(ingestion))
        alone = and_(not_(exists().where(same, _is_held(other))), not_(exists().where(earlier)))
        conditions.append(or_(ingestion.c[name].is_(None), alone))
    if limits.per_tenant is not None:
        conditions.append(_count(other, other.c.tenant == ingestion.c.tenant) < limits.per_tenant)
    for convention_id, limit in sorted(limits.per_convention.items()):
        count = _count(other, other.c.convention_id == convention_id)
        conditions.append(or_(ingestion.c.convention_id != convention_id, count < limit))
    return and_(*conditions)


def _is_held(table: FromClause) -> ColumnElement[bool]:
    """As the partial indexes say it: literally and in this order, or they would not serve."""
    return table.c.status.in_([literal_column("'running'"), literal_column("'canceling'")])


def _count(other: FromClause, among: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(other).where(_is_held(other), among).scalar_subquery()


def due(table: FromClause = ingestion) -> ColumnElement[bool]:
    """It waits, its time has come, and its deadline has not."""
    return and_(
        # Literally, as the partial indexes say it.
        table.c.status == literal_column(f"'{TAKE.source}'"),
        or_(table.c.not_before.is_(None), table.c.not_before <= now()),
        or_(table.c.deadline_at.is_(None), table.c.deadline_at > now()),
    )


def _place_in_line(table: FromClause) -> ColumnElement[Any]:
    return tuple_(table.c.rank, table.c.queued_at, table.c.id)


# Written once, for the same reason.
_TAKE = (
    update(ingestion)
    .where(ingestion.c.id == bindparam("wanted"), due())
    .values(
        **moved(TAKE, "running"),
        attempt=ingestion.c.attempt + 1,
        fruitless=ingestion.c.fruitless + 1,
        heartbeat_at=now(),
        advanced_at=now(),
        started_at=func.coalesce(ingestion.c.started_at, now()),
        not_before=None,
        percent=None,
        rate_per_second=None,
    )
    .returning(*COLUMNS)
)


def take(
    connection: Connection,
    worker_id: str,
    *,
    ingestion_id: str | None = None,
    limits: Limits = Limits(),
) -> Row[Any] | None:
    """queued -> running for the first in line (or the one that is named), with the first heartbeat
    in the same write; None when there is none to be had. Raises Occupied."""
    wanted = limits.first_in_line
    if ingestion_id is not None:
        wanted = wanted.where(ingestion.c.id == ingestion_id)
    first = connection.execute(wanted).first()
    if first is None:
        return None
    taken = {"wanted": first.id, "worker_id": worker_id, **_places(connection, first, limits)}
    try:
        row = connection.execute(_TAKE, taken).first()
    except IntegrityError as exc:
        raise Occupied from exc
    if row is not None:
        connection.execute(
            insert(attempt).values(
                ingestion_id=row.id, number=row.attempt, worker=worker_id, started_at=now()
            )
        )
    return row


def _places(
    connection: Connection, row: Row[str, str, str], limits: Limits
) -> dict[str, int | None]:
    """The lowest free place under each limit. Two that choose the same meet in the index."""
    places: dict[str, int | None] = {"tenant_place": None, "convention_place": None}
    wanted = {
        "tenant_place": (limits.per_tenant, ingestion.c.tenant == row.tenant),
        "convention_place": (
            limits.per_convention.get(row.convention_id),
            ingestion.c.convention_id == row.convention_id,
        ),
    }
    for name, (limit, among) in wanted.items():
        if limit is None:
            continue
        taken = set(
            connection.execute(
                select(ingestion.c[name]).where(among, ingestion.c.status.in_(sorted(HELD)))
            ).scalars()
        )
        places[name] = next((n for n in range(1, limit + 1) if n not in taken), None)
        if places[name] is None:
            # Taken since they were counted.
            raise Occupied
    return places


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
    held = and_(
        is_active(),
        ingestion.c.worker_id == worker_id,
        ingestion.c.status.in_(sorted(HELD)),
    )
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
