"""Ingestions as callers see them: start, read, cancel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, case, insert, select, type_coerce
from sqlalchemy.exc import IntegrityError

from osa.server.model import Ingestion, Membership, OnConflict, RetryScope, StartRequest
from osa.server.model.machine import ACCEPT
from osa.server.store.columns import now
from osa.server.store.rows import COLUMNS, ingestion_of, with_attempts
from osa.server.store.tables import (
    ingestion,
    is_active,
    is_held,
    label,
    source_object,
    source_parts,
)
from osa.server.store.transitions import moved

#: What of a stored source is kept beside the row.
PARTS = frozenset({"items", "files"})


# Written once: to put together a statement of fifty columns takes longer than to execute it.
_ADD = (
    insert(ingestion)
    .values(
        **moved(ACCEPT, "waiting_for_slot"),
        created_at=now(),
        queued_at=now(),
        dispatched_at=now(),
        attempt=0,
        fruitless=0,
        dispatch=1,
        created=0,
        updated=0,
        unchanged=0,
        skipped=0,
        rejected=0,
        failed=0,
        total_is_estimate=False,
        last_event=0,
        last_log=0,
        # Nothing plus null is null: no deadline.
        deadline_at=type_coerce(now(), BigInteger())
        + bindparam("deadline_micros", type_=BigInteger()),
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
    #: What it repeats, when it is a retry; and where it goes on.
    retry_of: str | None = None
    root_id: str | None = None
    retry_scope: RetryScope | None = None
    cursor: Mapping[str, Any] = field(default_factory=dict)
    #: Its place in a campaign, and below the ingestion that started it.
    membership: Membership = field(default_factory=Membership)

    @property
    def exclusive_key(self) -> str | None:
        return self.convention_id if self.exclusive else None


class UniqueTaken(Exception):
    """Another ingestion holds the external id, the exclusive convention or the concurrency key."""


def add(connection: Connection, new: NewIngestion) -> Ingestion:
    """Write a queued ingestion. Raises UniqueTaken: the unique indexes are the judge. One that does
    not wait looks first for those that do: the indexes of the admitted do not count them."""
    request, place = new.request, new.membership
    queues = request.on_conflict is OnConflict.QUEUE
    if not queues and holder_of_keys(connection, new) is not None:
        raise UniqueTaken
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
                "exclusive_key": new.exclusive_key,
                "concurrency_key": request.concurrency_key,
                "queues": queues,
                "rank": -request.priority,
                "deadline_seconds": request.deadline_seconds,
                "deadline_micros": None
                if request.deadline_seconds is None
                else request.deadline_seconds * 1_000_000,
                "max_failed_items": request.max_failed_items,
                "stop_early": request.stop_early,
                "retry_of": new.retry_of,
                "root_id": new.root_id or new.id,
                "retry_scope": new.retry_scope,
                "cursor": dict(new.cursor),
                "parent_ingestion_id": place.parent_ingestion_id,
                "campaign_key": place.key,
                "campaign_id": place.campaign_id,
                "campaign_step": place.step,
                "start_position": place.start_position,
                "memo": None if place.step is None else dict(place.memo),
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


@dataclass(frozen=True, kw_only=True)
class Holder:
    """The active ingestion in the way of another, and by which key; None: the convention."""

    ingestion_id: str
    key: str | None


def holder_of_keys(connection: Connection, new: NewIngestion) -> Holder | None:
    """Which active ingestion has the concurrency key, else the exclusive convention; of several the
    one that is, or will be, taken first."""
    wanted = {
        "concurrency_key": new.request.concurrency_key,
        "exclusive_key": new.exclusive_key,
    }
    for column, key in wanted.items():
        if key is None:
            continue
        holder = connection.execute(
            select(ingestion.c.id)
            .where(
                ingestion.c.tenant == new.tenant,
                ingestion.c[column] == key,
                is_active(),
            )
            .order_by(
                case((is_held(), 0), else_=1),
                ingestion.c.rank,
                ingestion.c.queued_at,
                ingestion.c.id,
            )
            .limit(1)
        ).scalar()
        if holder is not None:
            return Holder(ingestion_id=holder, key=key if column == "concurrency_key" else None)
    return None
