"""What the service knows of itself, and of who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from osa.server.model.identity import Scope
from osa.server.model.machine import Status


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks, and whom."""

    token_name: str
    #: Whose things it acts on in this request, and whose it is.
    tenant: str
    home_tenant: str
    scopes: frozenset[Scope]
    expires_at: datetime | None
    server_version: str
    #: The clock of the database.
    server_time: datetime
    domain: str


@dataclass(frozen=True, kw_only=True)
class DatabaseStatus:
    #: sqlite or postgresql.
    kind: str
    #: The version of its tables.
    revision: str
    latency_seconds: float


@dataclass(frozen=True, kw_only=True)
class StorageStatus:
    free_bytes: int
    total_bytes: int
    min_free_bytes: int


@dataclass(frozen=True, kw_only=True)
class WorkerStatus:
    id: str
    slots: int
    #: How many ingestions it has now.
    busy: int
    started_at: datetime
    heartbeat_at: datetime
    alive: bool


@dataclass(frozen=True, kw_only=True)
class QueueStatus:
    queued: int
    running: int
    canceling: int
    oldest_queued_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ServiceStatus:
    """How the service is, of all tenants together."""

    version: str
    time: datetime
    database: DatabaseStatus
    storage: StorageStatus
    workers: Sequence[WorkerStatus]
    queue: QueueStatus


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What the database and the disk say at one moment, for whoever watches over the service."""

    database_seconds: float
    active: Mapping[Status, int]
    #: How the ingestions of the last hour ended.
    ended_lately: Mapping[Status, int]
    #: How long the first has waited that could be taken now; 0 when none waits.
    queue_oldest_seconds: float
    #: Held, and their workers live, but nothing moved for long.
    stalled: int
    #: Past their deadline and not ended.
    cancels_overdue: int
    #: The longest silence about an ingestion that is held; 0 when none is.
    heartbeat_oldest_seconds: float
    workers_alive: int
    #: Of the workers that live.
    slots: int
    slots_busy: int
    storage: StorageStatus
