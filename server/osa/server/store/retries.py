"""Retries: what is taken over from an ingestion, and which of several at once is the one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, insert, literal, select, update

from osa.conventions.stored import source_key
from osa.server.model import ENDED, Ingestion, Outcome
from osa.server.store import database
from osa.server.store.line import source_of
from osa.server.store.rows import COLUMNS, with_attempts
from osa.server.store.tables import campaign, ingestion, item, wanted_item

_AT_ONCE = 2_000


@dataclass(frozen=True, kw_only=True)
class Retried:
    """An ingestion, and what of it only a retry reads."""

    ingestion: Ingestion
    cursor: Mapping[str, Any]
    source: Mapping[str, Any] | None
    #: What the first of those that were retried from one another was limited to; its own limit when
    #: that one is gone.
    first_limit: int | None
    #: Whether it may wait behind another that has its key.
    queues: bool


def find(connection: Connection, tenant: str, ingestion_id: str) -> Retried | None:
    row = connection.execute(
        select(*COLUMNS).where(ingestion.c.id == ingestion_id, ingestion.c.tenant == tenant)
    ).first()
    if row is None:
        return None
    first = connection.execute(
        select(ingestion.c.limit).where(ingestion.c.id == row.root_id, ingestion.c.tenant == tenant)
    ).first()
    return Retried(
        ingestion=with_attempts(connection, [row])[0],
        cursor=row.cursor,
        source=source_of(connection, row),
        first_limit=row.limit if first is None else first.limit,
        queues=row.queues,
    )


def claim(connection: Connection, tenant: str, ingestion_id: str, new_id: str) -> bool:
    """The new one is its retry; False when it is not done, is gone, or has a retry. Whoever comes
    at the same moment waits, and then finds that it has one. Its `updated_at` tells of itself, and
    stays."""
    claimed = connection.execute(
        update(ingestion)
        .where(
            ingestion.c.id == ingestion_id,
            ingestion.c.tenant == tenant,
            ingestion.c.status.in_(sorted(ENDED)),
            ingestion.c.retried_by.is_(None),
        )
        .values(retried_by=new_id)
        .returning(ingestion.c.id)
    ).first()
    return claimed is not None


def hold(connection: Connection, ingestion_ids: Collection[str]) -> None:
    """Nobody else changes these until the transaction ends; taken in one order."""
    connection.execute(
        select(ingestion.c.id)
        .where(ingestion.c.id.in_(ingestion_ids))
        .order_by(ingestion.c.id)
        .with_for_update()
    ).all()


def want_failed(connection: Connection, old_id: str, new_id: str) -> None:
    """The new one is about the items of the old one that were rejected or failed."""
    for outcome in (Outcome.REJECTED, Outcome.FAILED):
        last = 0
        while rows := _items(connection, old_id, outcome, after=last):
            last = rows[-1][0]
            keys = {source_key(source_id): source_id for _, source_id in rows}
            connection.execute(
                database.insert(connection.dialect.name, wanted_item).on_conflict_do_nothing(),
                [
                    {"ingestion_id": new_id, "source_key": key, "source_id": source_id}
                    for key, source_id in keys.items()
                ],
            )


def _items(
    connection: Connection, ingestion_id: str, outcome: Outcome, *, after: int
) -> Sequence[tuple[int, str]]:
    rows = connection.execute(
        select(item.c.number, item.c.source_id)
        .where(
            item.c.ingestion_id == ingestion_id,
            item.c.outcome == outcome,
            item.c.number > after,
        )
        .order_by(item.c.number)
        .limit(_AT_ONCE)
    )
    return [(row.number, row.source_id) for row in rows]


def want_the_same(connection: Connection, old_id: str, new_id: str) -> None:
    """What the old one was about, if not about all, the new one is about too."""
    columns = (wanted_item.c.source_key, wanted_item.c.source_id)
    connection.execute(
        insert(wanted_item).from_select(
            ["ingestion_id", "source_key", "source_id"],
            select(literal(new_id), *columns).where(wanted_item.c.ingestion_id == old_id),
        )
    )


def latest_tries(
    connection: Connection, tenant: str, external_ids: Collection[str]
) -> Mapping[str, Row[Any]]:
    """Of the ingestions with these external ids those that are there: the last try of each (id,
    root_id, status, and its campaign, unless that was canceled), by external id."""
    first, last = ingestion.alias("first"), ingestion.alias("last")
    tries: Select[Any] = (
        select(
            first.c.external_id,
            last.c.id,
            last.c.root_id,
            last.c.status,
            campaign.c.id.label("campaign_key"),
            campaign.c.campaign_id,
        )
        .join(last, last.c.root_id == first.c.root_id)
        .outerjoin(
            campaign, and_(campaign.c.id == last.c.campaign_key, campaign.c.wanted != "stop")
        )
        .where(
            first.c.tenant == tenant,
            first.c.external_id.in_(sorted(external_ids)),
            last.c.retried_by.is_(None),
            last.c.tenant == tenant,
        )
    )
    return {row.external_id: row for row in connection.execute(tries)}
