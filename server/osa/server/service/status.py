"""How the service is: for who asks, for operators, and for what watches over it."""

from __future__ import annotations

import shutil
import time

from osa.server.model import ACTIVE, ENDED, Principal
from osa.server.model.service import (
    Caller,
    DatabaseStatus,
    Measures,
    ServiceStatus,
    StorageStatus,
)
from osa.server.store import migrations, sweeps
from osa.server.store import status as store
from osa.server.store.database import Database
from osa.server.store.objects import Objects

#: What "lately" is when ended ingestions are counted, in seconds.
LATELY_SECONDS = 3600.0


class StatusCheck:
    """Call it for the status of the service, of all tenants together."""

    def __init__(
        self,
        database: Database,
        objects: Objects,
        *,
        version: str,
        domain: str,
        stale_seconds: float,
    ) -> None:
        self._database = database
        self._objects = objects
        self._domain = domain
        self._stale_seconds = stale_seconds
        self.version = version

    def __call__(self) -> ServiceStatus:
        began = time.perf_counter()
        with self._database.read() as tx:
            moment = sweeps.clock(tx)
            latency = time.perf_counter() - began
            database = DatabaseStatus(
                kind="sqlite" if self._database.is_sqlite else "postgresql",
                revision=migrations.revision(tx) or "none",
                latency_seconds=round(latency, 6),
            )
            workers = store.workers(tx, stale_seconds=self._stale_seconds)
            queue = store.queue(tx)
        return ServiceStatus(
            version=self.version,
            time=moment,
            database=database,
            storage=self._storage(),
            workers=workers,
            queue=queue,
        )

    def measures(self) -> Measures:
        """The same in numbers. Raises Unavailable."""
        began = time.perf_counter()
        with self._database.read() as tx:
            sweeps.clock(tx)
            latency = time.perf_counter() - began
            queue = store.queue(tx)
            late = store.lateness(tx, stale_seconds=self._stale_seconds)
            ended = store.ended_lately(tx, seconds=LATELY_SECONDS)
            workers = store.workers(tx, stale_seconds=self._stale_seconds)
        alive = [worker for worker in workers if worker.alive]
        return Measures(
            database_seconds=latency,
            active={status: getattr(queue, status.value) for status in sorted(ACTIVE)},
            ended_lately={status: ended.get(status, 0) for status in sorted(ENDED)},
            queue_oldest_seconds=late.queue_oldest_seconds,
            stalled=late.stalled,
            cancels_overdue=late.cancels_overdue,
            heartbeat_oldest_seconds=late.heartbeat_oldest_seconds,
            workers_alive=len(alive),
            slots=sum(worker.slots for worker in alive),
            slots_busy=sum(worker.busy for worker in alive),
            storage=self._storage(),
        )

    def caller(self, principal: Principal) -> Caller:
        """Who asks, and whom."""
        with self._database.read() as tx:
            moment = sweeps.clock(tx)
        return Caller(
            token_name=principal.token_name,
            tenant=principal.tenant,
            home_tenant=principal.home_tenant,
            scopes=principal.scopes,
            expires_at=principal.expires_at,
            server_version=self.version,
            server_time=moment,
            domain=self._domain,
        )

    def _storage(self) -> StorageStatus:
        disk = shutil.disk_usage(self._objects.folder)
        return StorageStatus(
            free_bytes=disk.free,
            total_bytes=disk.total,
            min_free_bytes=self._objects.min_free_bytes,
        )
