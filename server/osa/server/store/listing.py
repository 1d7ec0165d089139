"""Which ingestions are listed, page by page, and how many there are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
)

from osa.server.model import Ingestion, IngestionQuery, Status, Total, Version
from osa.server.store.deletions import NOBODY
from osa.server.store.paging import Position, Slice, read_slice
from osa.server.store.rows import COLUMNS, VERSION, version_of, with_attempts
from osa.server.store.tables import ingestion, item, label

#: To count further would take longer than anybody wants to know it for.
COUNTED_AT_MOST = 10_000


def page(
    connection: Connection,
    tenant: str,
    query: IngestionQuery,
    position: Position | None,
    size: int,
) -> tuple[Sequence[Ingestion], Slice]:
    found = read_slice(
        connection,
        select(*COLUMNS).where(*_conditions(tenant, query)),
        keys=[ingestion.c.created_at, ingestion.c.id],
        ascending=query.ascending,
        position=position,
        size=size,
    )
    return with_attempts(connection, found.rows), found


def total(connection: Connection, tenant: str, query: IngestionQuery) -> Total:
    """How many there are on all pages together."""
    some = select(literal(1)).select_from(ingestion).where(*_conditions(tenant, query))
    counted = some.limit(COUNTED_AT_MOST + 1).subquery()
    value = connection.execute(select(func.count()).select_from(counted)).scalar_one()
    return Total(value=min(value, COUNTED_AT_MOST), exact=value <= COUNTED_AT_MOST)


def _conditions(tenant: str, query: IngestionQuery) -> Iterator[ColumnElement[bool]]:
    row = ingestion.c
    yield row.tenant == tenant
    if query.statuses:
        yield row.status.in_(sorted(query.statuses))
    if query.ids:
        yield row.id.in_(sorted(query.ids))
    for column, value in (
        (row.convention_id, query.convention_id),
        (row.external_id, query.external_id),
        (row.retry_of, query.retry_of),
        (row.root_id, query.root_id),
        (row.concurrency_key, query.concurrency_key),
        (row.error_kind, query.error_kind),
        (row.campaign_id, query.campaign_id),
        (row.parent_ingestion_id, query.parent_ingestion_id),
    ):
        if value is not None:
            yield column == value
    for column, after, before in (
        (row.created_at, query.created_after, query.created_before),
        (row.ended_at, query.ended_after, query.ended_before),
    ):
        if after is not None:
            yield column >= after
        if before is not None:
            yield column < before
    for key, wanted in query.labels:
        same = and_(label.c.ingestion_id == row.id, label.c.key == key)
        yield exists().where(same if wanted is None else and_(same, label.c.value == wanted))
    if query.record_id is not None:
        # From the record to its items: they are few, the ingestions may be many.
        yield row.id.in_(select(item.c.ingestion_id).where(item.c.record_id == query.record_id))
    if query.text is not None:
        yield or_(
            *(
                column.icontains(spelled, autoescape=True)
                for column in (row.name, row.external_id)
                for spelled in _spellings(query.text)
            )
        )
    if query.unresolved is not None:
        unresolved = and_(row.status == Status.FAILED, row.retried_by.is_(None))
        yield unresolved if query.unresolved else not_(unresolved)


def _spellings(text: str) -> Sequence[str]:
    """The databases know upper and lower case of ASCII everywhere, of other letters only under
    some locales: the usual spellings of those are ours."""
    if text.isascii():
        return [text]
    return sorted({text, text.lower(), text.upper(), text.title(), text.capitalize()})


def versions(connection: Connection, ingestion_ids: Collection[str]) -> Mapping[str, Version]:
    """How each of them is now, whosever it is; one that is not there is left out."""
    found: dict[str, Version] = {}
    wanted = list(ingestion_ids)
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        there = and_(ingestion.c.id.in_(part), ingestion.c.tenant != NOBODY)
        rows = connection.execute(select(*VERSION).where(there))
        found |= {row.id: version_of(row) for row in rows}
    return found
