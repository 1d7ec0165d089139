"""The items that a retry of failed items is about."""

from __future__ import annotations

from sqlalchemy import Connection, select

from osa.server.store.tables import wanted_item


def keys(connection: Connection, ingestion_id: str) -> frozenset[str]:
    """The keys of their identities."""
    found = connection.execute(
        select(wanted_item.c.source_key).where(wanted_item.c.ingestion_id == ingestion_id)
    )
    return frozenset(found.scalars())
