"""Cleaning up: look first, then delete exactly what was shown."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any
from uuid import uuid4

from osa.server.errors import (
    InvalidRequest,
    SelectionMismatch,
    SelectionNotFound,
    Unavailable,
)
from osa.server.model import Cleanup, CleanupFilter, Principal
from osa.server.service.conventions import Conventions
from osa.server.service.deletions import Deletions
from osa.server.service.pieces import pieces
from osa.server.store import audit, cleanups, deletions
from osa.server.store.database import Database

#: How long a selection holds.
KEPT_SECONDS = 3600.0
#: Of one request; the caller asks again for the rest.
_DELETING_SECONDS = 20.0
#: What is gone already is taken from the disk for so long; housekeeping does the rest.
_TAKING_SECONDS = 2.0
_PIECE = 200


class Cleanups:
    """Selections of ended ingestions. Another tenant's are not there."""

    def __init__(
        self,
        database: Database,
        conventions: Conventions,
        taking: Deletions,
        *,
        deleting_seconds: float = _DELETING_SECONDS,
    ) -> None:
        self._database = database
        self._conventions = conventions
        self._taking = taking
        self._deleting_seconds = deleting_seconds

    def select(self, principal: Principal, wanted: CleanupFilter) -> Cleanup:
        """What matches now; nothing is deleted. Raises ConventionNotFound."""
        if wanted == CleanupFilter():
            raise InvalidRequest("Give at least one filter, or a selection_token.")
        wanted = self._narrowed(wanted)
        tenant = principal.tenant
        if wanted.convention_id is not None:
            self._check_known(tenant, wanted.convention_id)
        # The token: nobody guesses it, and it is good for this tenant only.
        cleanup_id = str(uuid4())
        with self._database.write() as tx:
            cleanups.select_members(
                tx,
                cleanup_id,
                tenant,
                wanted,
                stored=_stored(wanted),
                created_by=principal.token_name,
                keep_seconds=KEPT_SECONDS,
            )
        # Adding up may take long: not while others wait to write.
        with self._database.read() as tx:
            size = cleanups.size_of(tx, cleanup_id)
        with self._database.write() as tx:
            cleanups.note_size(tx, cleanup_id, size)
            selected = cleanups.find(tx, tenant, cleanup_id)
        if selected is None:
            raise SelectionNotFound
        return self._told(tenant, selected)

    def delete(
        self, principal: Principal, selection_token: str, wanted: CleanupFilter | None
    ) -> Cleanup:
        """Delete what was selected, or a part of it when that takes long. What has been deleted
        since is no error. Raises SelectionNotFound, SelectionMismatch."""
        tenant = principal.tenant
        with self._database.read() as tx:
            selected = cleanups.find(tx, tenant, selection_token)
        if selected is None:
            raise SelectionNotFound
        if wanted is not None and _stored(self._narrowed(wanted)) != selected.filter:
            raise SelectionMismatch
        for _ in pieces(self._deleting_seconds):
            if not self._delete_some(principal, selected):
                break
        with contextlib.suppress(Unavailable):
            self._taking.take_away(_TAKING_SECONDS)
        return self._told(tenant, selected)

    def _delete_some(self, principal: Principal, selected: cleanups.Selected) -> bool:
        """Whether there may be more."""
        with self._database.write() as tx:
            ids = cleanups.remaining(tx, principal.tenant, selected.id, size=_PIECE)
            gone = deletions.hide(tx, principal.tenant, ids) if ids else ()
            if gone:
                detail = {
                    "cleanup_id": selected.id,
                    "filter": selected.filter,
                    "match_count": selected.match_count,
                    "deleted_count": len(gone),
                }
                audit.append(tx, principal, "clean_up", detail=detail)
        return bool(ids)

    def _told(self, tenant: str, selected: cleanups.Selected) -> Cleanup:
        with self._database.read() as tx:
            return Cleanup(
                id=selected.id,
                match_count=selected.match_count,
                bytes=selected.bytes,
                sample=cleanups.sample(tx, tenant, selected.id),
                expires_at=selected.expires_at,
                remaining_count=cleanups.remaining_count(tx, tenant, selected.id),
            )

    def _narrowed(self, wanted: CleanupFilter) -> CleanupFilter:
        """With the slug for the SRN, so that both are the same filter."""
        if wanted.convention_id is None:
            return wanted
        slug = self._conventions.slug(wanted.convention_id)
        return replace(wanted, convention_id=slug or wanted.convention_id)

    def _check_known(self, tenant: str, slug: str) -> None:
        """One that is not installed any more has left ingestions; one that never was is a typing
        error, which must not look like "nothing to delete"."""
        with self._database.read() as tx:
            if cleanups.has_convention(tx, tenant, slug):
                return
        self._conventions.find(slug)


def _stored(wanted: CleanupFilter) -> dict[str, Any]:
    """The filters that are given, as the request has them."""
    told: dict[str, Any] = {
        "older_than_seconds": wanted.older_than_seconds,
        "status": sorted(wanted.statuses) or None,
        "convention_id": wanted.convention_id,
        "keep_last": wanted.keep_last,
    }
    return {name: value for name, value in told.items() if value is not None}
