"""Idempotency keys: of many requests with one key, one claims it."""

from __future__ import annotations

from sqlalchemy import Connection, Select, delete, select

from osa.server.store import database
from osa.server.store.columns import micros, now
from osa.server.store.tables import idempotency


def claim_key(
    connection: Connection,
    *,
    tenant: str,
    operation: str,
    key: str,
    body_hash: str,
    ingestion_id: str,
    keep_seconds: float,
) -> tuple[str, str] | None:
    """Take an idempotency key for this ingestion. None when it is ours now; else the (ingestion,
    body hash) that hold it. Of many at once, one gets it and the others wait for its commit."""
    statement = database.insert(connection.dialect.name, idempotency).values(
        tenant=tenant,
        operation=operation,
        key=key,
        body_hash=body_hash,
        ingestion_id=ingestion_id,
        created_at=now(),
    )
    excluded = statement.excluded
    claimed = connection.execute(
        statement.on_conflict_do_update(
            index_elements=[idempotency.c.tenant, idempotency.c.operation, idempotency.c.key],
            set_={
                "body_hash": excluded.body_hash,
                "ingestion_id": excluded.ingestion_id,
                "created_at": excluded.created_at,
            },
            where=idempotency.c.created_at < now() - micros(keep_seconds),
        ).returning(idempotency.c.ingestion_id)
    ).first()
    if claimed is not None:
        return None
    row = connection.execute(_holder_of_key(tenant, operation, key)).one()
    return row.ingestion_id, row.body_hash


def holder_of_key(
    connection: Connection, *, tenant: str, operation: str, key: str, keep_seconds: float
) -> tuple[str, str] | None:
    """The (ingestion, body hash) that hold an idempotency key now; None when it is free."""
    kept = idempotency.c.created_at >= now() - micros(keep_seconds)
    row = connection.execute(_holder_of_key(tenant, operation, key).where(kept)).first()
    return None if row is None else (row.ingestion_id, row.body_hash)


def forget_old(connection: Connection, *, keep_seconds: float) -> None:
    """Forget keys that no longer hold."""
    old = idempotency.c.created_at < now() - micros(keep_seconds)
    connection.execute(delete(idempotency).where(old))


def _holder_of_key(tenant: str, operation: str, key: str) -> Select[str, str]:
    return select(idempotency.c.ingestion_id, idempotency.c.body_hash).where(
        idempotency.c.tenant == tenant,
        idempotency.c.operation == operation,
        idempotency.c.key == key,
    )
