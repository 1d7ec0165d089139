"""What the archive holds: records and their files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from osa.server.model import Artifact, Derivation, Record, RecordFile, RecordQuery
from osa.server.store.paging import Position, Slice, read_slice
from osa.server.store.tables import artifact, derivation, ingestion, record, record_file


def _files(connection: Connection, record_ids: Sequence[str]) -> dict[str, list[RecordFile]]:
    rows = connection.execute(
        select(record_file)
        .where(record_file.c.record_id.in_(record_ids))
        .order_by(record_file.c.record_id, record_file.c.position)
    )
    files: dict[str, list[RecordFile]] = {}
    for row in rows:
        files.setdefault(row.record_id, []).append(_file(row))
    return files


def _file(row: Row[Any]) -> RecordFile:
    return RecordFile(
        id=row.id, name=row.name, media_type=row.media_type, size=row.size, sha256=row.sha256
    )


def _origins(connection: Connection, record_ids: Sequence[str]) -> dict[str, list[Derivation]]:
    rows = connection.execute(
        select(derivation)
        .where(derivation.c.record_id.in_(record_ids))
        .order_by(derivation.c.record_id, derivation.c.position)
    )
    origins: dict[str, list[Derivation]] = {}
    for row in rows:
        origin = Derivation(record_id=row.from_record_id, version=row.from_version)
        origins.setdefault(row.record_id, []).append(origin)
    return origins


def _records(connection: Connection, rows: Sequence[Row[Any]]) -> list[Record]:
    ids = [row.id for row in rows]
    files, origins = _files(connection, ids), _origins(connection, ids)
    return [_record(row, files.get(row.id, ()), origins.get(row.id, ())) for row in rows]


def _record(row: Row[Any], files: Sequence[RecordFile], origins: Sequence[Derivation]) -> Record:
    return Record(
        id=row.id,
        convention_id=row.convention_id,
        source_id=row.source_id,
        version=row.version,
        title=row.title,
        metadata=row.metadata,
        files=tuple(files),
        derived_from=tuple(origins),
        ingestion_id=row.ingestion_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def find(connection: Connection, tenant: str, record_id: str) -> Record | None:
    row = connection.execute(
        select(record).where(record.c.id == record_id, record.c.tenant == tenant)
    ).first()
    return None if row is None else _records(connection, [row])[0]


def find_file(
    connection: Connection, tenant: str, record_id: str, file_id: str
) -> RecordFile | None:
    row = connection.execute(
        select(record_file)
        .join(record, record.c.id == record_file.c.record_id)
        .where(
            record.c.tenant == tenant,
            record_file.c.record_id == record_id,
            record_file.c.id == file_id,
        )
    ).first()
    return None if row is None else _file(row)


def own_files(
    connection: Connection, tenant: str, record_id: str
) -> tuple[int, Sequence[RecordFile]] | None:
    """The version of a record, and its files that are its source's own bytes (all of them when none
    is): what a later ingestion reads. None when there is no such record."""
    version = connection.execute(
        select(record.c.version).where(record.c.id == record_id, record.c.tenant == tenant)
    ).scalar()
    if version is None:
        return None
    rows = connection.execute(
        select(record_file)
        .where(record_file.c.record_id == record_id)
        .order_by(record_file.c.position)
    ).all()
    own = [_file(row) for row in rows if not row.derived]
    return version, own or [_file(row) for row in rows]


def page(
    connection: Connection,
    tenant: str,
    query: RecordQuery,
    source_key: str | None,
    position: Position | None,
    size: int,
) -> tuple[Sequence[Record], Slice]:
    statement = select(record).where(record.c.tenant == tenant)
    if query.convention_id is not None:
        statement = statement.where(record.c.convention_id == query.convention_id)
    if source_key is not None:
        statement = statement.where(record.c.source_key == source_key)
    if query.ingestion_id is not None:
        statement = statement.where(record.c.ingestion_id == query.ingestion_id)
    if query.derived_from is not None:
        made = select(derivation.c.record_id).where(
            derivation.c.from_record_id == query.derived_from
        )
        statement = statement.where(record.c.id.in_(made))
    found = read_slice(
        connection,
        statement,
        keys=[record.c.created_at, record.c.id],
        ascending=query.ascending,
        position=position,
        size=size,
    )
    return _records(connection, found.rows), found


def held(
    connection: Connection, tenant: str, convention_id: str, *, source_key: str
) -> Sequence[Row[Any]]:
    """The record of a convention that has this key, if there is one; without its files."""
    return connection.execute(
        select(record).where(
            record.c.tenant == tenant,
            record.c.convention_id == convention_id,
            record.c.source_key == source_key,
        )
    ).all()


def held_after(
    connection: Connection, tenant: str, convention_id: str, *, prefix: str, after: str, size: int
) -> Sequence[Row[Any]]:
    """The records of a convention whose key is above `after` and whose source_id begins with
    `prefix`, in the order of the unique index; without their files."""
    statement = select(record).where(
        record.c.tenant == tenant,
        record.c.convention_id == convention_id,
        record.c.source_key > after,
    )
    if prefix:
        # Not LIKE: on SQLite it takes `a` for `A`.
        statement = statement.where(func.substr(record.c.source_id, 1, len(prefix)) == prefix)
    return connection.execute(statement.order_by(record.c.source_key).limit(size)).all()


def artifacts(
    connection: Connection, ingestion_id: str, position: Position | None, size: int
) -> tuple[Sequence[Artifact], Slice]:
    found = read_slice(
        connection,
        select(artifact).where(artifact.c.ingestion_id == ingestion_id),
        keys=[artifact.c.number, artifact.c.id],
        ascending=True,
        position=position,
        size=size,
    )
    return [_artifact(row) for row in found.rows], found


def find_artifact(connection: Connection, tenant: str, artifact_id: str) -> Artifact | None:
    row = connection.execute(
        select(artifact)
        .join(ingestion, ingestion.c.id == artifact.c.ingestion_id)
        .where(artifact.c.id == artifact_id, ingestion.c.tenant == tenant)
    ).first()
    return None if row is None else _artifact(row)


def _artifact(row: Row[Any]) -> Artifact:
    return Artifact(
        id=row.id,
        ingestion_id=row.ingestion_id,
        record_id=row.record_id,
        source_id=row.source_id,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        created_at=row.created_at,
    )
