"""Reading the log of an ingestion: pages for whoever looks back, and for whoever follows."""

from __future__ import annotations

from datetime import datetime

from osa.server.errors import IngestionNotFound
from osa.server.model import LogPage, Principal
from osa.server.store import ingestions, logs
from osa.server.store.database import Database


class Logs:
    """What was said of an ingestion. Another tenant's is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        principal: Principal,
        ingestion_id: str,
        *,
        after: int = 0,
        tail: int | None = None,
        level: str | None = None,
        since: datetime | None = None,
        attempt: int | None = None,
        per_page: int = 50,
    ) -> LogPage:
        """The lines after a number that fit, or the last `tail` of them. Whoever goes on from
        `last_number` misses none and reads none twice."""
        query = logs.LogQuery(after=after, level=level, since=since, attempt=attempt)
        with self._database.read() as tx:
            # One moment for all three: what is not among the lines now has a higher number.
            ingestion = ingestions.find(tx, principal.tenant, ingestion_id)
            if ingestion is None:
                raise IngestionNotFound(ingestion_id)
            last = logs.last_number(tx, ingestion_id)
            if tail is None:
                found = logs.read(tx, ingestion_id, query, size=per_page + 1)
            else:
                found = logs.read(tx, ingestion_id, query, size=tail, last=True)
        has_more = tail is None and len(found) > per_page
        if has_more:
            found = found[:per_page]
            last = found[-1].number
        # What has ended may still have lines to read.
        poll_after = 0 if has_more else ingestion.poll_after_seconds
        return LogPage(
            items=found, last_number=last, has_more=has_more, poll_after_seconds=poll_after
        )
