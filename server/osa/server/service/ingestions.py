"""Start and cancel: the rules a caller meets."""

from __future__ import annotations

from dataclasses import asdict

from osa.server.errors import OsaError
from osa.server.model import Action, Ingestion, Principal, StartRequest, Status, new_id
from osa.server.service.acceptance import Acceptance, Keyed, Started
from osa.server.service.admission import Admission
from osa.server.service.canceling import Manner, cancel
from osa.server.service.checks import allowed
from osa.server.service.reading import Reading
from osa.server.store import audit, cancels, ingestions
from osa.server.store.database import Database


class Ingestions:
    """What callers do with ingestions. Another tenant's are not there."""

    def __init__(
        self,
        database: Database,
        admission: Admission,
        acceptance: Acceptance,
        reading: Reading,
    ) -> None:
        self._database = database
        self._admission = admission
        self._acceptance = acceptance
        self._reading = reading

    def start(
        self, principal: Principal, request: StartRequest, *, idempotency_key: str | None
    ) -> Started:
        """Accept an ingestion. Nothing is queued unless everything that can be checked now is
        right."""
        keyed = Keyed.of("startIngestion", idempotency_key, asdict(request))
        try:
            convention, source = self._admission.check(principal.tenant, request)
        except OsaError:
            # What has changed since (an upload that expired, a full disk) takes no answer back.
            earlier = self._acceptance.earlier(principal, keyed)
            if earlier is not None:
                return earlier
            raise
        new = ingestions.NewIngestion(
            id=new_id(),
            tenant=principal.tenant,
            request=request,
            convention_id=convention.id,
            convention_version=convention.version,
            source=source,
            created_by=principal.token_name,
            exclusive=convention.exclusive,
        )
        return self._acceptance.accept(
            principal,
            new,
            keyed=keyed,
            action="start_ingestion",
            detail={"convention_id": convention.id, "name": request.name},
        )

    def cancel(
        self,
        principal: Principal,
        ingestion_id: str,
        *,
        reason: str | None,
        grace_seconds: int,
        force: bool = False,
    ) -> Ingestion:
        """The ingestion afterwards: canceled or canceling. Raises IngestionAlreadyEnded."""
        tenant = principal.tenant
        while True:
            with self._database.write() as tx:
                how = Manner(
                    by=principal.token_name,
                    reason=reason,
                    grace_seconds=grace_seconds,
                    force=force,
                )
                changed = cancel(tx, tenant, ingestion_id, how)
                if changed or cancels.hasten_cancel(
                    tx, tenant, ingestion_id, grace_seconds=grace_seconds
                ):
                    detail = {"reason": reason, "grace_seconds": grace_seconds, "force": force}
                    audit.append(
                        tx,
                        principal,
                        "cancel_ingestion",
                        ingestion_id=ingestion_id,
                        detail=detail,
                    )
                found = self._reading.find(tx, tenant, ingestion_id)
            if changed or found.status in (Status.CANCELING, Status.CANCELED):
                return found
            allowed(found, ingestion_id, Action.FORCE_CANCEL if force else Action.CANCEL)
            # It was handed back to the queue between two of our statements: ask again.
