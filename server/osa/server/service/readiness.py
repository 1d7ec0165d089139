"""Would a start be accepted now?"""

from __future__ import annotations

from dataclasses import dataclass

from osa.server.store import workers
from osa.server.store.database import Database
from osa.server.store.objects import Objects


@dataclass(frozen=True, kw_only=True)
class Readiness:
    version: str
    workers_alive: int


class ReadinessCheck:
    """Call it: it answers, or raises Unavailable or StorageFull."""

    def __init__(
        self, database: Database, objects: Objects, *, version: str, stale_seconds: float
    ) -> None:
        self._database = database
        self._objects = objects
        self._version = version
        self._stale_seconds = stale_seconds

    def __call__(self) -> Readiness:
        self._objects.check_room()
        with self._database.read() as tx:
            alive = workers.alive(tx, stale_seconds=self._stale_seconds)
        return Readiness(version=self._version, workers_alive=len(alive))
