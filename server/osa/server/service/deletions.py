"""Deleting: the record of an ingestion goes, what it published stays."""

from __future__ import annotations

import contextlib

from sqlalchemy import Connection

from osa.server.errors import Unavailable
from osa.server.model import Action, Ingestion, Principal
from osa.server.service.checks import allowed
from osa.server.service.pieces import pieces
from osa.server.store import audit, deletions, ingestions
from osa.server.store.database import Database

#: How long a caller waits for what is gone already; housekeeping does the rest.
_AT_ONCE_SECONDS = 2.0


class Deletions:
    """Takes ended ingestions away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def delete(self, principal: Principal, ingestion_id: str) -> None:
        """Forget an ingestion that is done. Raises IngestionNotFound, IngestionActive."""
        with self._database.write() as tx:
            # Before its row is locked: of one that is active it may be locked for long.
            found = _deletable(tx, principal.tenant, ingestion_id)
            if not deletions.hide(tx, principal.tenant, [ingestion_id]):
                # Read again: it may have gone between the two statements.
                _deletable(tx, principal.tenant, ingestion_id)
                raise Unavailable("It was just changed; try again.", retry_after_seconds=1)
            audit.append(
                tx,
                principal,
                "delete_ingestion",
                ingestion_id=ingestion_id,
                detail={"status": str(found.status), "convention_id": found.convention_id},
            )
        # It is gone, whatever becomes of this.
        with contextlib.suppress(Unavailable):
            self.take_away(_AT_ONCE_SECONDS)

    def take_away(self, seconds: float) -> None:
        """Free the room of what was deleted, for so long at most."""
        for _ in pieces(seconds):
            with self._database.write() as tx:
                more = deletions.drop(tx)
            if not more:
                return


def _deletable(tx: Connection, tenant: str, ingestion_id: str) -> Ingestion:
    return allowed(ingestions.find(tx, tenant, ingestion_id), ingestion_id, Action.DELETE)
