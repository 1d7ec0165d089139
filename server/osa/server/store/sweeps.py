"""What a sweep looks for: lost workers, deadlines, and queued ingestions the engine does not know
of.

Level-triggered: each statement looks at how things are, so a sweep may run anywhere, often, and
at the same time as another.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, exists, not_, or_, select, update

from osa.server.model import Ingestion, Status
from osa.server.model.machine import EXPIRE, FAIL
from osa.server.store.columns import long_ago, now
from osa.server.store.holds import Hold
from osa.server.store.line import Limits, due
from osa.server.store.tables import (
    artifact,
    ingestion,
    is_active,
    is_held,
    is_waiting,
    record_file,
    source_object,
    upload,
    worker,
)
from osa.server.store.workers import lives

_AT_ONCE = 200

# Written once: they are asked each second.
_ACTIVE = select(ingestion.c.id, ingestion.c.attempt).where(is_active()).limit(_AT_ONCE)
_OVERDUE = _ACTIVE.where(
    ingestion.c.status == Status.CANCELING, ingestion.c.cancel_deadline_at <= now()
)
_PAST_DEADLINE = _ACTIVE.where(
    ingestion.c.status.in_([EXPIRE.source, FAIL.source]), ingestion.c.deadline_at <= now()
)


def clock(connection: Connection) -> datetime:
    """What time it is, by the database."""
    return connection.execute(select(now())).scalar_one()


@dataclass(frozen=True, kw_only=True)
class Lost:
    hold: Hold
    status: Status
    fruitless: int


def _silent(stale_seconds: float) -> ColumnElement[bool]:
    """Held, and no sign of life: neither of the ingestion, nor of the worker that has it. A living
    worker looks at all it holds each second, and lets go by itself of what it does not work on;
    the row alone may be silent because it is locked for long."""
    has_worker = exists().where(worker.c.id == ingestion.c.worker_id, lives(stale_seconds))
    silent = long_ago(ingestion.c.heartbeat_at, stale_seconds)
    return and_(is_held(), silent, not_(has_worker))


def lost(connection: Connection, *, stale_seconds: float) -> Sequence[Lost]:
    """Held ingestions whose worker gave no sign of life."""
    rows = connection.execute(
        select(ingestion.c.id, ingestion.c.attempt, ingestion.c.status, ingestion.c.fruitless)
        .where(_silent(stale_seconds))
        .limit(_AT_ONCE)
    )
    return [
        Lost(
            hold=Hold(ingestion_id=row.id, attempt=row.attempt),
            status=Status(row.status),
            fruitless=row.fruitless,
        )
        for row in rows
    ]


def is_still_lost(connection: Connection, hold: Hold, *, stale_seconds: float) -> bool:
    """Take the row for the rest of this transaction, if nobody gave a sign of life meanwhile. One
    that is locked is being written to, which is a sign of life."""
    row = connection.execute(
        select(ingestion.c.id)
        .where(
            ingestion.c.id == hold.ingestion_id,
            ingestion.c.attempt == hold.attempt,
            _silent(stale_seconds),
        )
        .with_for_update(skip_locked=True, of=ingestion)
    ).first()
    return row is not None


def overdue_cancels(connection: Connection) -> Sequence[Hold]:
    """Canceling ingestions whose deadline has passed."""
    rows = connection.execute(_OVERDUE)
    return [Hold(ingestion_id=row.id, attempt=row.attempt) for row in rows]


def is_still_overdue(connection: Connection, hold: Hold) -> bool:
    """Take the row for the rest of this transaction. One that is locked is ended by another, or
    will be looked at again in a second: nobody waits for a lock here."""
    row = connection.execute(
        select(ingestion.c.id)
        .where(
            ingestion.c.id == hold.ingestion_id,
            ingestion.c.attempt == hold.attempt,
            ingestion.c.status == Status.CANCELING,
            ingestion.c.cancel_deadline_at <= now(),
        )
        .with_for_update(skip_locked=True)
    ).first()
    return row is not None


def past_deadline(connection: Connection) -> Sequence[Hold]:
    """Queued and running ingestions whose own deadline has passed; a canceling one has another."""
    rows = connection.execute(_PAST_DEADLINE)
    return [Hold(ingestion_id=row.id, attempt=row.attempt) for row in rows]


def is_past_deadline(connection: Connection, hold: Hold) -> Status | None:
    """Take the row for the rest of this transaction; its status when it is still so. One that is
    locked is looked at again in a second."""
    status = connection.execute(
        select(ingestion.c.status)
        .where(
            ingestion.c.id == hold.ingestion_id,
            ingestion.c.attempt == hold.attempt,
            ingestion.c.status.in_([EXPIRE.source, FAIL.source]),
            ingestion.c.deadline_at <= now(),
        )
        .with_for_update(skip_locked=True)
    ).scalar()
    return None if status is None else Status(status)


@dataclass(frozen=True, kw_only=True)
class Undispatched:
    ingestion_id: str
    dispatch: int
    #: False when it waits for its time; True when it was handed over and not taken for long.
    handed_over: bool


def undispatched(
    connection: Connection, *, patience_seconds: float, limits: Limits
) -> Sequence[Undispatched]:
    """Queued ingestions that could be taken now and are not with the engine: their time has come,
    or it was told of them long ago."""
    rows = connection.execute(
        select(ingestion.c.id, ingestion.c.dispatch, ingestion.c.dispatched_at)
        .where(
            due(),
            limits.free,
            or_(
                ingestion.c.dispatched_at.is_(None),
                long_ago(ingestion.c.dispatched_at, patience_seconds),
            ),
        )
        .order_by(ingestion.c.rank, ingestion.c.queued_at)
        .limit(_AT_ONCE)
    )
    return [
        Undispatched(
            ingestion_id=row.id,
            dispatch=row.dispatch,
            handed_over=row.dispatched_at is not None,
        )
        for row in rows
    ]


def dispatch_again(connection: Connection, ingestion_id: str, seen: int) -> int | None:
    """Claim the next handing over; its number, or None when somebody else was quicker."""
    return connection.execute(
        update(ingestion)
        .where(
            ingestion.c.id == ingestion_id,
            ingestion.c.status == Status.QUEUED,
            ingestion.c.dispatch == seen,
        )
        .values(dispatch=seen + 1, dispatched_at=now())
        .returning(ingestion.c.dispatch)
    ).scalar()


def still_waiting(connection: Connection, ingestion_ids: Sequence[str]) -> None:
    """The engine still has these: look again after the patience has passed once more."""
    connection.execute(
        update(ingestion)
        .where(ingestion.c.id.in_(ingestion_ids), ingestion.c.status == Status.QUEUED)
        .values(dispatched_at=now())
    )


def let_pass(connection: Connection, ended: Ingestion) -> None:
    """Whoever waits for the keys of one that was ended from outside is told of by the next sweep:
    no worker is at hand that would look for more."""
    same = ingestion.c.exclusive_key == ended.convention_id
    if ended.concurrency_key is not None:
        same = or_(same, ingestion.c.concurrency_key == ended.concurrency_key)
    # Whoever has one of them in hand takes or cancels it just now, and may wait for the campaign of
    # the one that ended.
    waiting = select(ingestion.c.id).where(ingestion.c.tenant == ended.tenant, is_waiting(), same)
    connection.execute(
        update(ingestion)
        .where(ingestion.c.id.in_(waiting.with_for_update(skip_locked=True)))
        .values(dispatched_at=None)
    )


def not_dispatched(connection: Connection, ingestion_id: str) -> None:
    """Whoever was told of it did not take it: the next sweep tells somebody else."""
    connection.execute(
        update(ingestion)
        .where(ingestion.c.id == ingestion_id, ingestion.c.status == Status.QUEUED)
        .values(dispatched_at=None)
    )


def held_attempts(connection: Connection, ingestion_ids: Sequence[str]) -> dict[str, int]:
    """The attempt that holds each of these now; absent when none does."""
    if not ingestion_ids:
        return {}
    rows = connection.execute(
        select(ingestion.c.id, ingestion.c.attempt).where(
            ingestion.c.id.in_(ingestion_ids), is_held()
        )
    )
    return {row.id: row.attempt for row in rows}


def named_objects(connection: Connection, checksums: Collection[str]) -> set[str]:
    """Those of these checksums that something names: a record, an artifact, an upload, a source."""
    wanted = list(checksums)
    named: set[str] = set()
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        for table in (record_file, artifact, upload, source_object):
            named.update(
                connection.execute(
                    select(table.c.sha256).where(table.c.sha256.in_(some)).distinct()
                ).scalars()
            )
    return named
