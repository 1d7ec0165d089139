"""What may be started now, as far as can be told before anything is queued."""

from __future__ import annotations

from typing import Any

from osa.conventions.authoring import Convention
from osa.server.model import StartRequest
from osa.server.service.checks import check_start
from osa.server.service.conventions import Conventions
from osa.server.service.sources import Sources
from osa.server.store.objects import Objects


class Admission:
    """Asked by all who start something for a caller: an ingestion, or the steps of a campaign."""

    def __init__(self, conventions: Conventions, objects: Objects, sources: Sources) -> None:
        self._conventions = conventions
        self._objects = objects
        self._sources = sources

    def check(self, tenant: str, request: StartRequest) -> tuple[Convention, dict[str, Any] | None]:
        """The convention, and the source as it is stored. Raises ConventionNotFound,
        ConventionUnavailable, BodyTooLarge, InvalidParameters, StorageFull, and what is wrong with
        the source."""
        convention = self._conventions.runnable(request.convention_id)
        check_start(convention, request)
        self._objects.check_room()
        return convention, self._sources.accept(tenant, convention, request.source)
