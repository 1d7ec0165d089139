"""Sets of ended ingestions: as they were when somebody looked, and what is left of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from osa.server.model import ENDED, CleanupFilter, CleanupMember, JsonObject, Status
from osa.server.store.columns import micros, now
from osa.server.store.tables import artifact, cleanup, cleanup_member, ingestion

_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Selected:
    """A set that still holds."""

    id: str
    filter: JsonObject
    match_count: int
    bytes: int
    expires_at: datetime


def select_members(
    connection: Connection,
    cleanup_id: str,
    tenant: str,
    wanted: CleanupFilter,
    *,
    stored: JsonObject,
    created_by: str,
    keep_seconds: float,
) -> None:
    """Write down which ended ingestions match at this moment."""
    connection.execute(
        insert(cleanup).values(
            id=cleanup_id,
            tenant=tenant,
            filter=dict(stored),
            match_count=0,
            bytes=0,
            created_by=created_by,
            created_at=now(),
            expires_at=now() + micros(keep_seconds),
        )
    )
    connection.execute(
        insert(cleanup_member).from_select(
            ["cleanup_id", "ingestion_id"], _matching(cleanup_id, tenant, wanted)
        )
    )
    count = select(func.count()).where(cleanup_member.c.cleanup_id == cleanup_id)
    connection.execute(
        update(cleanup)
        .where(cleanup.c.id == cleanup_id)
        .values(match_count=count.scalar_subquery())
    )


def _matching(cleanup_id: str, tenant: str, wanted: CleanupFilter) -> Select[Any]:
    ended = ingestion.c.status.in_(sorted(ENDED))
    newest = func.row_number().over(
        partition_by=ingestion.c.convention_id,
        order_by=[ingestion.c.ended_at.desc(), ingestion.c.id.desc()],
    )
    # The newest are counted among all that have ended, whatever else is asked for.
    among = (
        select(
            ingestion.c.id,
            ingestion.c.status,
            ingestion.c.convention_id,
            ingestion.c.ended_at,
            (newest if wanted.keep_last else literal(1)).label("place"),
        )
        .where(ingestion.c.tenant == tenant, ended)
        .subquery()
    )
    statement = select(literal(cleanup_id), among.c.id)
    if wanted.keep_last:
        statement = statement.where(among.c.place > wanted.keep_last)
    if wanted.older_than_seconds is not None:
        statement = statement.where(among.c.ended_at <= now() - micros(wanted.older_than_seconds))
    if wanted.statuses:
        statement = statement.where(among.c.status.in_(sorted(wanted.statuses)))
    if wanted.convention_id is not None:
        statement = statement.where(among.c.convention_id == wanted.convention_id)
    return statement


def has_convention(connection: Connection, tenant: str, convention_id: str) -> bool:
    """Whether the tenant has ingestions of it."""
    found = select(ingestion.c.id).where(
        ingestion.c.tenant == tenant, ingestion.c.convention_id == convention_id
    )
    return connection.execute(found.limit(1)).first() is not None


def size_of(connection: Connection, cleanup_id: str) -> int:
    """The bytes of all artifacts of its members."""
    total = connection.execute(
        select(func.sum(artifact.c.size))
        .join(cleanup_member, cleanup_member.c.ingestion_id == artifact.c.ingestion_id)
        .where(cleanup_member.c.cleanup_id == cleanup_id)
    ).scalar()
    return int(total or 0)


def note_size(connection: Connection, cleanup_id: str, size: int) -> None:
    connection.execute(update(cleanup).where(cleanup.c.id == cleanup_id).values(bytes=size))


def find(connection: Connection, tenant: str, cleanup_id: str) -> Selected | None:
    """None when there is none, or when its time is over."""
    row = connection.execute(
        select(cleanup).where(
            cleanup.c.id == cleanup_id, cleanup.c.tenant == tenant, cleanup.c.expires_at > now()
        )
    ).first()
    if row is None:
        return None
    return Selected(
        id=row.id,
        filter=row.filter,
        match_count=row.match_count,
        bytes=row.bytes,
        expires_at=row.expires_at,
    )


def _left(cleanup_id: str, tenant: str, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(cleanup_member)
        .join(ingestion, ingestion.c.id == cleanup_member.c.ingestion_id)
        .where(cleanup_member.c.cleanup_id == cleanup_id, ingestion.c.tenant == tenant)
    )


def remaining_count(connection: Connection, tenant: str, cleanup_id: str) -> int:
    """How many of its members are still there."""
    return int(connection.execute(_left(cleanup_id, tenant, func.count())).scalar_one())


def remaining(connection: Connection, tenant: str, cleanup_id: str, *, size: int) -> Sequence[str]:
    """Some of its members that are still there."""
    statement = _left(cleanup_id, tenant, ingestion.c.id).order_by(cleanup_member.c.ingestion_id)
    return connection.execute(statement.limit(size)).scalars().all()


def sample(connection: Connection, tenant: str, cleanup_id: str) -> Sequence[CleanupMember]:
    """A few of its members that are still there: those that ended first."""
    rows = connection.execute(
        _left(
            cleanup_id,
            tenant,
            ingestion.c.id,
            ingestion.c.status,
            ingestion.c.convention_id,
            ingestion.c.name,
            ingestion.c.ended_at,
        )
        .order_by(ingestion.c.ended_at, ingestion.c.id)
        .limit(_SHOWN)
    )
    return [_member(row) for row in rows]


def _member(row: Row[Any]) -> CleanupMember:
    return CleanupMember(
        id=row.id,
        status=Status(row.status),
        convention_id=row.convention_id,
        name=row.name,
        ended_at=row.ended_at,
    )


def forget_expired(connection: Connection) -> None:
    connection.execute(delete(cleanup).where(cleanup.c.expires_at <= now()))
