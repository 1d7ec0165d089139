"""What the service says of itself, of who asks, and of who did what."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict

from osa.server import model
from osa.server.http.wire.words import (
    AuditAction,
    Id,
    PageCursor,
    Size,
    Time,
    TokenScope,
    time,
    time_or_none,
)
from osa.server.model import service

_Count = Annotated[int, Field(ge=0, le=1000000)]
_Version = Annotated[str, Field(max_length=64)]
_Tenant = Annotated[str, Field(max_length=64)]
_TokenName = Annotated[str, Field(max_length=200)]


class Health(TypedDict):
    status: Literal["ok"]


class Readiness(TypedDict):
    status: Literal["ready"]
    version: _Version
    workers_alive: _Count


class Caller(TypedDict):
    token_name: _TokenName
    tenant: _Tenant
    home_tenant: _Tenant
    scopes: Annotated[list[TokenScope], Field(max_length=16)]
    expires_at: Time | None
    server_version: _Version
    server_time: Time
    domain: Annotated[str, Field(max_length=253)]


class AuditEntry(TypedDict):
    id: Id
    at: Time
    action: AuditAction
    token_id: NotRequired[Id]
    token_name: _TokenName
    tenant: _Tenant
    ingestion_id: NotRequired[Id]
    request_id: NotRequired[Annotated[str, Field(max_length=128)]]
    detail: Annotated[dict[str, Any], Field(max_length=64)]


class AuditPage(TypedDict):
    items: Annotated[list[AuditEntry], Field(max_length=200)]
    next_cursor: PageCursor
    prev_cursor: PageCursor
    has_more: bool


class DatabaseStatus(TypedDict):
    kind: Annotated[str, Field(max_length=64)]
    revision: Annotated[str, Field(max_length=64)]
    latency_seconds: Annotated[float, Field(ge=0)]


class StorageStatus(TypedDict):
    free_bytes: Size
    total_bytes: Size
    min_free_bytes: Size


class WorkerStatus(TypedDict):
    id: Annotated[str, Field(max_length=255)]
    slots: _Count
    busy: _Count
    started_at: Time
    heartbeat_at: Time
    alive: bool


class QueueStatus(TypedDict):
    queued: Size
    running: Size
    canceling: Size
    oldest_queued_at: Time | None


class ServiceStatus(TypedDict):
    version: _Version
    time: Time
    database: DatabaseStatus
    storage: StorageStatus
    workers: Annotated[list[WorkerStatus], Field(max_length=1000)]
    queue: QueueStatus


OpenapiDocument = TypeAliasType("OpenapiDocument", Annotated[dict[str, Any], Field(max_length=64)])


def caller(value: service.Caller) -> Caller:
    return {
        "token_name": value.token_name,
        "tenant": value.tenant,
        "home_tenant": value.home_tenant,
        "scopes": [scope.value for scope in model.Scope if scope in value.scopes],
        "expires_at": time_or_none(value.expires_at),
        "server_version": value.server_version,
        "server_time": time(value.server_time),
        "domain": value.domain,
    }


def audit_page(page: model.Page[model.AuditEntry]) -> AuditPage:
    return {
        "items": [_entry(one) for one in page.items],
        "next_cursor": page.next_cursor,
        "prev_cursor": page.prev_cursor,
        "has_more": page.has_more,
    }


def _entry(value: model.AuditEntry) -> AuditEntry:
    entry: AuditEntry = {
        "id": value.id,
        "at": time(value.at),
        "action": value.action,
        "token_name": value.token_name,
        "tenant": value.tenant,
        "detail": dict(value.detail),
    }
    if value.token_id is not None:
        entry["token_id"] = value.token_id
    if value.ingestion_id is not None:
        entry["ingestion_id"] = value.ingestion_id
    if value.request_id is not None:
        entry["request_id"] = value.request_id
    return entry


def service_status(value: service.ServiceStatus) -> ServiceStatus:
    database, storage, queue = value.database, value.storage, value.queue
    return {
        "version": value.version,
        "time": time(value.time),
        "database": {
            "kind": database.kind,
            "revision": database.revision,
            "latency_seconds": database.latency_seconds,
        },
        "storage": {
            "free_bytes": storage.free_bytes,
            "total_bytes": storage.total_bytes,
            "min_free_bytes": storage.min_free_bytes,
        },
        "workers": [_worker(one) for one in value.workers],
        "queue": {
            "queued": queue.queued,
            "running": queue.running,
            "canceling": queue.canceling,
            "oldest_queued_at": time_or_none(queue.oldest_queued_at),
        },
    }


def _worker(value: service.WorkerStatus) -> WorkerStatus:
    return {
        "id": value.id,
        "slots": value.slots,
        "busy": value.busy,
        "started_at": time(value.started_at),
        "heartbeat_at": time(value.heartbeat_at),
        "alive": value.alive,
    }
