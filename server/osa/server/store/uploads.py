"""Files that were sent ahead."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from osa.server.model import Upload
from osa.server.store.columns import micros, now
from osa.server.store.tables import upload


def _upload(row: Row[Any]) -> Upload:
    return Upload(
        id=row.id,
        sha256=row.sha256,
        size=row.size,
        filename=row.filename,
        media_type=row.media_type,
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def add(
    connection: Connection,
    *,
    id: str,
    tenant: str,
    sha256: str,
    size: int,
    filename: str | None,
    media_type: str | None,
    created_by: str,
    keep_seconds: float,
) -> Upload:
    row = connection.execute(
        insert(upload)
        .values(
            id=id,
            tenant=tenant,
            sha256=sha256,
            size=size,
            filename=filename,
            media_type=media_type,
            created_by=created_by,
            created_at=now(),
            expires_at=now() + micros(keep_seconds),
        )
        .returning(*upload.c)
    ).one()
    return _upload(row)


def find(connection: Connection, tenant: str, upload_id: str) -> Upload | None:
    """The upload, unless it is another tenant's or has expired."""
    row = connection.execute(
        select(upload).where(
            upload.c.id == upload_id, upload.c.tenant == tenant, upload.c.expires_at > now()
        )
    ).first()
    return None if row is None else _upload(row)


def forget_expired(connection: Connection) -> int:
    """Forget uploads that can no longer be named; how many."""
    return connection.execute(delete(upload).where(upload.c.expires_at <= now())).rowcount
