"""The line of those that wait: who is next, and the take.

The unique indexes are the judge of who has a key or a place; what is asked before only saves a try.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.selectable import NamedFromClause

from osa.server.model.machine import TAKE
from osa.server.store.columns import now
from osa.server.store.rows import COLUMNS
from osa.server.store.tables import attempt, ingestion, is_held, is_waiting, source_parts
from osa.server.store.transitions import moved


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
        alone = and_(not_(exists().where(same, is_held(other))), not_(exists().where(earlier)))
        conditions.append(or_(ingestion.c[name].is_(None), alone))
    if limits.per_tenant is not None:
        conditions.append(_count(other, other.c.tenant == ingestion.c.tenant) < limits.per_tenant)
    for convention_id, limit in sorted(limits.per_convention.items()):
        count = _count(other, other.c.convention_id == convention_id)
        conditions.append(or_(ingestion.c.convention_id != convention_id, count < limit))
    return and_(*conditions)


def _count(other: NamedFromClause, among: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(other).where(is_held(other), among).scalar_subquery()


def due(table: NamedFromClause = ingestion) -> ColumnElement[bool]:
    """It waits, its time has come, and its deadline has not."""
    return and_(
        is_waiting(table),
        or_(table.c.not_before.is_(None), table.c.not_before <= now()),
        or_(table.c.deadline_at.is_(None), table.c.deadline_at > now()),
    )


def _place_in_line(table: NamedFromClause) -> ColumnElement[Any]:
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
        taken = set(connection.execute(select(ingestion.c[name]).where(among, is_held())).scalars())
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
