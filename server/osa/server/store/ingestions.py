"""Ingestions as callers see them: start, read, list, cancel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from osa.server.model import Ingestion, IngestionQuery, StartRequest, Status
from osa.server.store import database
from osa.server.store.columns import micros, now
from osa.server.store.paging import Position, Slice, read_slice
from osa.server.store.rows import COLUMNS, ingestion_of, with_attempts
from osa.server.store.tables import idempotency, ingestion, label, source_object, source_parts

#: What of a stored source is kept beside the row.
PARTS = frozenset({"items", "files"})


# Written once: to put together a statement of fifty columns takes longer than to execute it.
_ADD = (
    insert(ingestion)
    .values(
        status=Status.QUEUED,
        status_reason="waiting_for_slot",
        created_at=now(),
        queued_at=now(),
        updated_at=now(),
        dispatched_at=now(),
        attempt=0,
        fruitless=0,
        dispatch=1,
        cursor={},
        created=0,
        updated=0,
        unchanged=0,
        skipped=0,
        rejected=0,
        failed=0,
        total_is_estimate=False,
        last_event=0,
    )
    .returning(*COLUMNS)
)
_FIND = select(*COLUMNS).where(
    ingestion.c.id == bindparam("wanted"), ingestion.c.tenant == bindparam("whose")
)


@dataclass(frozen=True, kw_only=True)
class NewIngestion:
    """What is known of an ingestion when it is accepted."""

    id: str
    tenant: str
    request: StartRequest
    convention_id: str
    convention_version: str
    source: dict[str, Any] | None
    created_by: str
    exclusive: bool


class UniqueTaken(Exception):
    """Another ingestion holds the external id, or the exclusive convention."""


def add(connection: Connection, new: NewIngestion) -> Ingestion:
    """Write a queued ingestion. Raises UniqueTaken: the unique indexes are the judge."""
    request = new.request
    try:
        row = connection.execute(
            _ADD,
            {
                "id": new.id,
                "tenant": new.tenant,
                "convention_id": new.convention_id,
                "convention_version": new.convention_version,
                "source": _head(new.source),
                "parameters": dict(request.parameters),
                "batch_size": request.batch_size,
                "limit": request.limit,
                "name": request.name,
                "external_id": request.external_id,
                "metadata": dict(request.metadata),
                "labels": dict(request.labels),
                "created_by": new.created_by,
                "exclusive_key": new.convention_id if new.exclusive else None,
            },
        ).one()
    except IntegrityError as exc:
        raise UniqueTaken from exc
    if request.labels:
        connection.execute(
            insert(label),
            [
                {"ingestion_id": new.id, "tenant": new.tenant, "key": key, "value": value}
                for key, value in request.labels.items()
            ],
        )
    parts = {key: value for key, value in (new.source or {}).items() if key in PARTS}
    if parts:
        connection.execute(insert(source_parts).values(ingestion_id=new.id, parts=parts))
    if named := sorted(_objects_in(new.source)):
        connection.execute(
            insert(source_object), [{"ingestion_id": new.id, "sha256": sha256} for sha256 in named]
        )
    return ingestion_of(row)


def _head(source: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What every reading of the row carries."""
    if source is None:
        return None
    head = {key: value for key, value in source.items() if key not in PARTS}
    if "items" in source:
        head["item_count"] = len(source["items"])
    return head


def _objects_in(source: Mapping[str, Any] | None) -> set[str]:
    """The checksums of all content that a stored source names."""
    if source is None:
        return set()
    found = {source["sha256"]} if "sha256" in source else set()
    for part in (*source.get("items", ()), *source.get("files", ())):
        found |= _objects_in(part)
    return found


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
    statement = database.insert(connection, idempotency).values(
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


def _holder_of_key(tenant: str, operation: str, key: str) -> Select[str, str]:
    return select(idempotency.c.ingestion_id, idempotency.c.body_hash).where(
        idempotency.c.tenant == tenant,
        idempotency.c.operation == operation,
        idempotency.c.key == key,
    )


def find(connection: Connection, tenant: str, ingestion_id: str) -> Ingestion | None:
    row = connection.execute(_FIND, {"wanted": ingestion_id, "whose": tenant}).first()
    return None if row is None else with_attempts(connection, [row])[0]


def exists_in(connection: Connection, tenant: str, ingestion_id: str) -> bool:
    return (
        connection.execute(
            select(ingestion.c.id).where(
                ingestion.c.id == ingestion_id, ingestion.c.tenant == tenant
            )
        ).first()
        is not None
    )


def holder_of_external_id(connection: Connection, tenant: str, external_id: str) -> str | None:
    return connection.execute(
        select(ingestion.c.id).where(
            ingestion.c.tenant == tenant, ingestion.c.external_id == external_id
        )
    ).scalar()


def holder_of_convention(connection: Connection, tenant: str, convention_id: str) -> str | None:
    return connection.execute(
        select(ingestion.c.id).where(
            ingestion.c.tenant == tenant,
            ingestion.c.exclusive_key == convention_id,
            ingestion.c.status.in_([Status.QUEUED, Status.RUNNING, Status.CANCELING]),
        )
    ).scalar()


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


def _cancel_values(by: str, reason: str | None, outcome: str) -> dict[str, Any]:
    return {
        "cancel_requested_at": now(),
        "cancel_requested_by": by,
        "cancel_reason": reason,
        "cancel_outcome": outcome,
        "updated_at": now(),
    }


def cancel_queued(
    connection: Connection, tenant: str, ingestion_id: str, *, by: str, reason: str | None
) -> Row[Any] | None:
    """queued -> canceled, at once; a worker that comes later fails its guard."""
    return connection.execute(
        update(ingestion)
        .where(
            ingestion.c.id == ingestion_id,
            ingestion.c.tenant == tenant,
            ingestion.c.status == Status.QUEUED,
        )
        .values(
            status=Status.CANCELED,
            status_reason="requested",
            ended_at=now(),
            **_cancel_values(by, reason, "stopped"),
        )
        .returning(*COLUMNS)
    ).first()


def cancel_running(
    connection: Connection,
    tenant: str,
    ingestion_id: str,
    *,
    by: str,
    reason: str | None,
    grace_seconds: float,
) -> Row[Any] | None:
    """running -> canceling, with a deadline that a sweeper keeps."""
    return connection.execute(
        update(ingestion)
        .where(
            ingestion.c.id == ingestion_id,
            ingestion.c.tenant == tenant,
            ingestion.c.status == Status.RUNNING,
        )
        .values(
            status=Status.CANCELING,
            status_reason="canceling",
            cancel_deadline_at=now() + micros(grace_seconds),
            **_cancel_values(by, reason, "pending"),
        )
        .returning(*COLUMNS)
    ).first()


def hasten_cancel(
    connection: Connection, tenant: str, ingestion_id: str, *, grace_seconds: float
) -> bool:
    """Move the deadline of a canceling ingestion forward, never back; True when it is canceling."""
    sooner = now() + micros(grace_seconds)
    row = connection.execute(
        update(ingestion)
        .where(
            ingestion.c.id == ingestion_id,
            ingestion.c.tenant == tenant,
            ingestion.c.status == Status.CANCELING,
        )
        .values(
            cancel_deadline_at=case(
                (
                    or_(
                        ingestion.c.cancel_deadline_at.is_(None),
                        ingestion.c.cancel_deadline_at > sooner,
                    ),
                    sooner,
                ),
                else_=ingestion.c.cancel_deadline_at,
            )
        )
        .returning(ingestion.c.id)
    ).first()
    return row is not None
