"""What the archive holds now."""

from __future__ import annotations

from dataclasses import asdict, replace

from osa.server.errors import FileNotFound, RecordNotFound
from osa.server.model import Page, Principal, Record, RecordQuery, StoredFile
from osa.server.service.conventions import Conventions
from osa.server.service.cursors import Cursors
from osa.server.store import items
from osa.server.store import records as store
from osa.server.store.database import Database
from osa.server.store.objects import Objects


class Records:
    """Read only: records are written by ingestions."""

    def __init__(
        self, database: Database, objects: Objects, conventions: Conventions, cursors: Cursors
    ) -> None:
        self._database = database
        self._objects = objects
        self._conventions = conventions
        self._cursors = cursors

    def list(
        self, principal: Principal, query: RecordQuery, *, cursor: str | None, per_page: int
    ) -> Page[Record]:
        scope = {"list": "records", "tenant": principal.tenant, **asdict(query)}
        position = self._cursors.decode(scope, cursor, times=[0])
        if query.convention_id is not None:
            slug = self._conventions.slug(query.convention_id)
            if slug is None:
                return Page(items=(), next_cursor=None, prev_cursor=None, has_more=False)
            query = replace(query, convention_id=slug)
        key = None if query.source_id is None else items.source_key(query.source_id)
        with self._database.read() as tx:
            found, rows = store.page(tx, principal.tenant, query, key, position, per_page)
        after, before = self._cursors.both(scope, rows)
        return Page(items=found, next_cursor=after, prev_cursor=before, has_more=rows.has_more)

    def get(self, principal: Principal, record_id: str) -> Record:
        with self._database.read() as tx:
            found = store.find(tx, principal.tenant, record_id)
        if found is None:
            raise RecordNotFound(record_id)
        return found

    def file(self, principal: Principal, record_id: str, file_id: str) -> StoredFile:
        with self._database.read() as tx:
            if store.find(tx, principal.tenant, record_id) is None:
                raise RecordNotFound(record_id)
            found = store.find_file(tx, principal.tenant, record_id, file_id)
        if found is None:
            raise FileNotFound(record_id, file_id)
        return StoredFile(
            path=self._objects.path(found.sha256),
            name=found.name,
            size=found.size,
            sha256=found.sha256,
        )
