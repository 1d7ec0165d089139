"""Who did what in a tenant, when, with which token."""

from __future__ import annotations

from dataclasses import asdict

from osa.server.model import AuditEntry, AuditQuery, Page, Principal
from osa.server.service.cursors import Cursors
from osa.server.store import audit as store
from osa.server.store.database import Database


class Audit:
    """Read only: each change writes its entry itself."""

    def __init__(self, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    def page(
        self, principal: Principal, query: AuditQuery, *, cursor: str | None, per_page: int
    ) -> Page[AuditEntry]:
        """The entries of the principal's tenant, newest first unless asked otherwise."""
        scope = {"list": "audit", "tenant": principal.tenant, **asdict(query)}
        position = self._cursors.decode(scope, cursor, times=[0])
        with self._database.read() as tx:
            found, rows = store.page(tx, principal.tenant, query, position, per_page)
        after, before = self._cursors.both(scope, rows)
        return Page(items=found, next_cursor=after, prev_cursor=before, has_more=rows.has_more)
