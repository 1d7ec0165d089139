"""How long ended ingestions are kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from osa.server.model import Ingestion
from osa.server.service.deletions import Deletions
from osa.server.service.pieces import pieces
from osa.server.store import audit, deletions
from osa.server.store.database import Database

_PIECE = 200
#: Of one round of housekeeping; there is another in a minute.
_PURGE_SECONDS = 20.0


class Retention:
    """The server's own deleting, by its settings."""

    def __init__(self, database: Database, taking: Deletions, *, seconds: float | None) -> None:
        self._database = database
        self._taking = taking
        self._seconds = seconds

    def purge_after(self, ingestion: Ingestion) -> datetime | None:
        """When the server deletes it: None while it is not done, or when all are kept for ever."""
        if self._seconds is None or ingestion.ended_at is None:
            return None
        return ingestion.ended_at + timedelta(seconds=self._seconds)

    def purge(self, *, seconds: float = _PURGE_SECONDS) -> int:
        """Delete what was kept long enough, and take away what was deleted; how many."""
        purged = 0
        if self._seconds is not None:
            with self._database.read() as tx:
                tenants = list(deletions.tenants(tx))
            for _ in pieces(seconds):
                if not tenants:
                    break
                gone = self._purge(tenants[-1], self._seconds)
                purged += gone
                if not gone:
                    tenants.pop()
        self._taking.take_away(seconds)
        return purged

    def _purge(self, tenant: str, kept_seconds: float) -> int:
        with self._database.write() as tx:
            ids = deletions.ended_before(tx, tenant, seconds=kept_seconds, size=_PIECE)
            gone = deletions.hide(tx, tenant, ids) if ids else ()
            if gone:
                detail = {"deleted_count": len(gone), "older_than_seconds": kept_seconds}
                audit.append(tx, None, "purge", tenant=tenant, detail=detail)
        return len(gone)
