"""Who did what, when, with which token: written in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from osa.server.model import AuditEntry, AuditQuery, Principal, new_id
from osa.server.store.columns import now
from osa.server.store.paging import Position, Slice, read_slice
from osa.server.store.tables import audit

#: The name of what the server does by itself.
SERVER = "osa"

_APPEND = insert(audit).values(at=now())


def append(
    connection: Connection,
    principal: Principal | None,
    action: str,
    *,
    tenant: str | None = None,
    ingestion_id: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Note a change; without a principal it was the server, for `tenant`."""
    connection.execute(
        _APPEND,
        {
            "id": new_id(),
            "tenant": tenant or (principal.tenant if principal else ""),
            "action": action,
            "token_id": (principal.token_id or None) if principal else None,
            "token_name": principal.token_name if principal else SERVER,
            "ingestion_id": ingestion_id,
            "request_id": principal.request_id if principal else None,
            "detail": dict(detail or {}),
        },
    )


def page(
    connection: Connection,
    tenant: str,
    query: AuditQuery,
    position: Position | None,
    size: int,
) -> tuple[Sequence[AuditEntry], Slice]:
    statement = select(audit).where(audit.c.tenant == tenant)
    if query.ingestion_id is not None:
        statement = statement.where(audit.c.ingestion_id == query.ingestion_id)
    if query.token_name is not None:
        statement = statement.where(audit.c.token_name == query.token_name)
    if query.created_after is not None:
        statement = statement.where(audit.c.at >= query.created_after)
    if query.created_before is not None:
        statement = statement.where(audit.c.at < query.created_before)
    found = read_slice(
        connection,
        statement,
        keys=[audit.c.at, audit.c.id],
        ascending=query.ascending,
        position=position,
        size=size,
    )
    return [
        AuditEntry(
            id=row.id,
            at=row.at,
            action=row.action,
            token_id=row.token_id,
            token_name=row.token_name,
            tenant=row.tenant,
            ingestion_id=row.ingestion_id,
            request_id=row.request_id,
            detail=row.detail,
        )
        for row in found.rows
    ], found
