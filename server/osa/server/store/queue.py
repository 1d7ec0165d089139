"""The line of those that wait, and who is there to work on it. Read only, and bounded: what is
counted here is asked for at every look at a queued ingestion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from osa.server.model import Ingestion, Outcome, Status
from osa.server.store.columns import now
from osa.server.store.line import Limits
from osa.server.store.tables import ingestion, is_held, is_waiting, item, worker
from osa.server.store.workers import lives

#: Ten thousand are counted in four milliseconds, and a start does so in its transaction.
COUNTED_AT_MOST = 10_000
_ITEMS_AT_MOST = 1_000


def _before() -> Select[int]:
    order = [ingestion.c[name] for name in ("rank", "queued_at", "id")]
    here = tuple_(*(bindparam(key.name, type_=key.type) for key in order))
    its_time = or_(ingestion.c.not_before.is_(None), ingestion.c.not_before <= now())
    found = select(literal(1)).select_from(ingestion).where(is_waiting(), tuple_(*order) < here)
    return select(func.count()).select_from(
        found.where(its_time).limit(bindparam("most")).subquery()
    )


_BEFORE = _before()


def position(connection: Connection, waiting: Ingestion) -> int | None:
    """How many that are due are taken before it, whosever they are; None unless it is queued. Not
    counted beyond COUNTED_AT_MOST."""
    if waiting.status is not Status.QUEUED:
        return None
    place = {"rank": -waiting.priority, "queued_at": waiting.queued_at, "id": waiting.id}
    return connection.execute(_BEFORE, {**place, "most": COUNTED_AT_MOST}).scalar_one()


@dataclass(frozen=True, kw_only=True)
class Crew:
    """The workers that are alive, and what all of them do."""

    workers: int
    slots: int
    #: How many ingestions are held now.
    busy: int
    #: The last sign of life of any worker; None when none is known.
    heard_at: datetime | None


def crew(connection: Connection, *, within_seconds: float) -> Crew:
    """Who gave a sign of life lately."""
    alive = lives(within_seconds)
    found = connection.execute(
        select(
            func.count().filter(alive).label("workers"),
            func.coalesce(func.sum(worker.c.slots).filter(alive), 0).label("slots"),
            func.max(worker.c.heartbeat_at).label("heard_at"),
        )
    ).one()
    return Crew(
        workers=found.workers,
        slots=found.slots,
        busy=_held(connection),
        heard_at=found.heard_at,
    )


def _held(connection: Connection, *same: ColumnElement[bool]) -> int:
    some = select(literal(1)).select_from(ingestion)
    some = some.where(is_held(), *same).limit(COUNTED_AT_MOST)
    return connection.execute(select(func.count()).select_from(some.subquery())).scalar_one()


@dataclass(frozen=True, kw_only=True)
class Obstacles:
    """What stands between a queued ingestion and a worker."""

    #: Who of its tenant holds its exclusive convention, and its concurrency key.
    convention_holder: str | None
    key_holder: str | None
    #: How many of its tenant, and of its convention, are held, where that is limited.
    tenant_busy: int
    convention_busy: int


def obstacles(connection: Connection, waiting: Ingestion, limits: Limits) -> Obstacles:
    return Obstacles(
        convention_holder=_holder(connection, waiting, "exclusive_key"),
        key_holder=_holder(connection, waiting, "concurrency_key"),
        tenant_busy=0
        if limits.per_tenant is None
        else _held(connection, ingestion.c.tenant == waiting.tenant),
        convention_busy=0
        if waiting.convention_id not in limits.per_convention
        else _held(connection, ingestion.c.convention_id == waiting.convention_id),
    )


def _holder(connection: Connection, waiting: Ingestion, name: str) -> str | None:
    mine = ingestion.alias("mine")
    key = select(mine.c[name]).where(mine.c.id == waiting.id).scalar_subquery()
    column = ingestion.c[name]
    return connection.execute(
        select(ingestion.c.id).where(
            ingestion.c.tenant == waiting.tenant, column == key, column.is_not(None), is_held()
        )
    ).scalar()


@dataclass(frozen=True, kw_only=True)
class Signs:
    """The signs of life of an ingestion that is held."""

    #: The last one, of itself or of the worker that has it.
    heard_at: datetime
    #: When it last got further.
    advanced_at: datetime


def signs(connection: Connection, held: Ingestion) -> Signs:
    row = connection.execute(
        select(
            ingestion.c.heartbeat_at, ingestion.c.advanced_at, worker.c.heartbeat_at.label("worker")
        )
        .join(worker, worker.c.id == ingestion.c.worker_id, isouter=True)
        .where(ingestion.c.id == held.id)
    ).one()
    heard = [at for at in (row.heartbeat_at, row.worker) if at is not None]
    return Signs(
        heard_at=max(heard, default=held.updated_at),
        advanced_at=row.advanced_at or held.updated_at,
    )


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Why items were rejected or failed: kinds and how often, the most frequent first."""

    kinds: Mapping[str, int]
    #: How many items were looked at.
    looked_at: int


def faults(connection: Connection, ingestion_id: str) -> Faults:
    """Of the first thousand of either outcome."""
    kinds: dict[str, int] = {}
    for outcome in (Outcome.REJECTED, Outcome.FAILED):
        found = connection.execute(
            select(item.c.fault)
            .where(item.c.ingestion_id == ingestion_id, item.c.outcome == outcome)
            .order_by(item.c.number)
            .limit(_ITEMS_AT_MOST)
        ).scalars()
        for fault in found:
            kind = (fault or {}).get("kind", "unknown")
            kinds[kind] = kinds.get(kind, 0) + 1
    ranked = sorted(kinds.items(), key=lambda one: (-one[1], one[0]))
    return Faults(kinds=dict(ranked), looked_at=sum(kinds.values()))
