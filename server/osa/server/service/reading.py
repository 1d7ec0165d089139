"""Reading: an ingestion, lists of them, and what each leaves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from osa.server.errors import ArtifactNotFound, IngestionNotFound
from osa.server.model import (
    Artifact,
    EventPage,
    Ingestion,
    IngestionQuery,
    Item,
    Outcome,
    Page,
    Principal,
    StoredFile,
    Total,
    Version,
)
from osa.server.service.conventions import Conventions
from osa.server.service.cursors import Cursors
from osa.server.store import events, ingestions, items, listing, queue, records
from osa.server.store.database import Database
from osa.server.store.objects import Objects


class Reading:
    """What callers see of ingestions. Another tenant's are not there."""

    def __init__(
        self,
        database: Database,
        objects: Objects,
        conventions: Conventions,
        cursors: Cursors,
        *,
        purge_after: Callable[[Ingestion], datetime | None],
    ) -> None:
        self._database = database
        self._objects = objects
        self._conventions = conventions
        self._cursors = cursors
        self._purge_after = purge_after

    def get(self, principal: Principal, ingestion_id: str) -> Ingestion:
        with self._database.read() as tx:
            return self.find(tx, principal.tenant, ingestion_id)

    def find(self, tx: Connection, tenant: str, ingestion_id: str) -> Ingestion:
        """The ingestion as a caller is told of it, inside of another's transaction. Raises
        IngestionNotFound."""
        found = ingestions.find(tx, tenant, ingestion_id)
        if found is None:
            raise IngestionNotFound(ingestion_id)
        return self.told(tx, found)

    def told(self, tx: Connection, ingestion: Ingestion) -> Ingestion:
        """With all that a caller is told beside the row. Each answer that carries an ingestion
        comes by here."""
        return replace(self._dated(ingestion), queue_position=queue.position(tx, ingestion))

    def _dated(self, ingestion: Ingestion) -> Ingestion:
        return replace(ingestion, purge_after=self._purge_after(ingestion))

    def list(
        self,
        principal: Principal,
        query: IngestionQuery,
        *,
        cursor: str | None,
        per_page: int,
        include_total: bool = False,
    ) -> Page[Ingestion]:
        """One page, without places in the queue. The total is of all pages; whether it is asked
        for makes no other list."""
        scope = {"list": "ingestions", "tenant": principal.tenant, **_named(query)}
        position = self._cursors.decode(scope, cursor, times=[0])
        slug = query.convention_id and self._conventions.slug(query.convention_id)
        if query.convention_id is not None and slug is None:
            total = Total(value=0, exact=True) if include_total else None
            return Page(items=(), next_cursor=None, prev_cursor=None, has_more=False, total=total)
        narrowed = replace(query, convention_id=slug)
        with self._database.read() as tx:
            found, rows = listing.page(tx, principal.tenant, narrowed, position, per_page)
            total = listing.total(tx, principal.tenant, narrowed) if include_total else None
        after, before = self._cursors.both(scope, rows)
        return Page(
            items=[self._dated(one) for one in found],
            next_cursor=after,
            prev_cursor=before,
            has_more=rows.has_more,
            total=total,
        )

    def items(
        self,
        principal: Principal,
        ingestion_id: str,
        *,
        outcomes: frozenset[Outcome],
        cursor: str | None,
        per_page: int,
    ) -> Page[Item]:
        scope = {"list": "items", "ingestion": ingestion_id, "outcomes": sorted(outcomes)}
        with self._database.read() as tx:
            _must_exist(tx, principal, ingestion_id)
            position = self._cursors.decode(scope, cursor)
            found, rows = items.page(tx, ingestion_id, outcomes, position, per_page)
        after, before = self._cursors.both(scope, rows)
        return Page(items=found, next_cursor=after, prev_cursor=before, has_more=rows.has_more)

    def events(
        self, principal: Principal, ingestion_id: str, *, after: int, per_page: int
    ) -> EventPage:
        with self._database.read() as tx:
            ingestion = ingestions.find(tx, principal.tenant, ingestion_id)
            if ingestion is None:
                raise IngestionNotFound(ingestion_id)
            found = events.after(tx, ingestion_id, after, per_page + 1)
        has_more = len(found) > per_page
        found = found[:per_page]
        last_number = found[-1].number if found else min(after, ingestion.last_event)
        return EventPage(
            items=found,
            last_number=last_number,
            has_more=has_more,
            poll_after_seconds=ingestion.poll_after_seconds,
        )

    def versions(self, ingestion_ids: Collection[str]) -> Mapping[str, Version]:
        """For those who watch, of whatever tenants: how each is now; what is gone is left out."""
        with self._database.read() as tx:
            return listing.versions(tx, ingestion_ids)

    def artifacts(
        self, principal: Principal, ingestion_id: str, *, cursor: str | None, per_page: int
    ) -> Page[Artifact]:
        scope = {"list": "artifacts", "ingestion": ingestion_id}
        with self._database.read() as tx:
            _must_exist(tx, principal, ingestion_id)
            position = self._cursors.decode(scope, cursor)
            found, rows = records.artifacts(tx, ingestion_id, position, per_page)
        after, before = self._cursors.both(scope, rows)
        return Page(items=found, next_cursor=after, prev_cursor=before, has_more=rows.has_more)

    def artifact_file(self, principal: Principal, artifact_id: str) -> StoredFile:
        with self._database.read() as tx:
            found = records.find_artifact(tx, principal.tenant, artifact_id)
        if found is None:
            raise ArtifactNotFound(artifact_id)
        return StoredFile(
            path=self._objects.path(found.sha256),
            name=found.name,
            size=found.size,
            sha256=found.sha256,
        )


def _must_exist(tx: Connection, principal: Principal, ingestion_id: str) -> None:
    """Asked in the transaction that reads on: what is deleted goes piece by piece, and a part of it
    must not look like all."""
    if not ingestions.exists_in(tx, principal.tenant, ingestion_id):
        raise IngestionNotFound(ingestion_id)


def _named(query: IngestionQuery) -> dict[str, Any]:
    return {
        **asdict(query),
        "statuses": sorted(query.statuses),
        "labels": sorted(map(str, query.labels)),
        "ids": sorted(query.ids),
    }
