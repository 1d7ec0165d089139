"""Which ingestions are listed, page by page."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, and_, exists, select

from osa.server.model import Ingestion, IngestionQuery
from osa.server.store.paging import Position, Slice, read_slice
from osa.server.store.rows import COLUMNS, with_attempts
from osa.server.store.tables import ingestion, label


def page(
    connection: Connection,
    tenant: str,
    query: IngestionQuery,
    position: Position | None,
    size: int,
) -> tuple[Sequence[Ingestion], Slice]:
    statement = select(*COLUMNS).where(ingestion.c.tenant == tenant)
    if query.statuses:
        statement = statement.where(ingestion.c.status.in_(sorted(query.statuses)))
    if query.convention_id is not None:
        statement = statement.where(ingestion.c.convention_id == query.convention_id)
    if query.external_id is not None:
        statement = statement.where(ingestion.c.external_id == query.external_id)
    if query.created_after is not None:
        statement = statement.where(ingestion.c.created_at >= query.created_after)
    if query.created_before is not None:
        statement = statement.where(ingestion.c.created_at < query.created_before)
    for key, value in query.labels:
        same = and_(label.c.ingestion_id == ingestion.c.id, label.c.key == key)
        if value is not None:
            same = and_(same, label.c.value == value)
        statement = statement.where(exists().where(same))
    found = read_slice(
        connection,
        statement,
        keys=[ingestion.c.created_at, ingestion.c.id],
        ascending=query.ascending,
        position=position,
        size=size,
    )
    return with_attempts(connection, found.rows), found
