"""Start and cancel: the rules a caller meets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from osa.conventions.authoring import Convention
from osa.server.errors import (
    BodyTooLarge,
    ConventionUnavailable,
    ErrorDetail,
    ExternalIdTaken,
    IdempotencyKeyReused,
    IngestionAlreadyEnded,
    IngestionAlreadyRunning,
    InvalidParameters,
    OsaError,
    Unavailable,
)
from osa.server.model import (
    Ingestion,
    Principal,
    SourceRequest,
    StartRequest,
    Status,
    new_id,
)
from osa.server.service import facts
from osa.server.service.conventions import Conventions
from osa.server.service.dispatch import Dispatch
from osa.server.service.reading import Reading
from osa.server.service.sources import Sources
from osa.server.store import events, ingestions
from osa.server.store.database import Database
from osa.server.store.objects import Objects
from osa.server.store.rows import ingestion_of

#: How long an idempotency key holds.
KEY_KEPT_SECONDS = 7 * 24 * 3600.0
_START = "startIngestion"
#: As JSON; every reading of an ingestion carries them, two hundred to a page.
MAX_METADATA_BYTES = 64 * 1024
MAX_PARAMETERS_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Started:
    ingestion: Ingestion
    #: An earlier request with this key had started it.
    replayed: bool


class Ingestions:
    """What callers do with ingestions. Another tenant's are not there."""

    def __init__(
        self,
        database: Database,
        objects: Objects,
        conventions: Conventions,
        sources: Sources,
        dispatch: Dispatch,
        reading: Reading,
    ) -> None:
        self._database = database
        self._objects = objects
        self._conventions = conventions
        self._sources = sources
        self._dispatch = dispatch
        self._reading = reading

    def start(
        self, principal: Principal, request: StartRequest, *, idempotency_key: str | None
    ) -> Started:
        """Accept an ingestion. Nothing is queued unless everything that can be checked now is
        right."""
        body_hash = None if idempotency_key is None else _hash(request)
        try:
            convention, source = self._checked(principal, request)
        except OsaError:
            # What has changed since (an upload that expired, a full disk) takes no answer back.
            if idempotency_key is not None and body_hash is not None:
                earlier = self._replay(principal, idempotency_key, body_hash)
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
        try:
            with self._database.write() as tx:
                if idempotency_key is not None and body_hash is not None:
                    other = ingestions.claim_key(
                        tx,
                        tenant=principal.tenant,
                        operation=_START,
                        key=idempotency_key,
                        body_hash=body_hash,
                        ingestion_id=new.id,
                        keep_seconds=KEY_KEPT_SECONDS,
                    )
                    if other is not None:
                        return self._replayed(tx, principal, *other, body_hash)
                ingestion = self._reading.told(tx, ingestions.add(tx, new))
                events.append(tx, new.id, "ingestion_created", facts.state(ingestion))
                self._dispatch.enqueue(tx, new.id, 1)
        except ingestions.UniqueTaken as exc:
            raise self._taken(principal, request, convention) from exc
        return Started(ingestion=ingestion, replayed=False)

    def _checked(
        self, principal: Principal, request: StartRequest
    ) -> tuple[Convention, dict[str, Any] | None]:
        convention = self._conventions.find(request.convention_id)
        if convention.missing_extra is not None:
            raise ConventionUnavailable(convention.id, convention.missing_extra)
        _check_sizes(request)
        _check_parameters(convention, request.parameters)
        self._objects.check_room()
        return convention, self._sources.accept(principal.tenant, convention, request.source)

    def _replay(self, principal: Principal, key: str, body_hash: str) -> Started | None:
        with self._database.read() as tx:
            held = ingestions.holder_of_key(
                tx,
                tenant=principal.tenant,
                operation=_START,
                key=key,
                keep_seconds=KEY_KEPT_SECONDS,
            )
            return None if held is None else self._replayed(tx, principal, *held, body_hash)

    def _replayed(
        self, tx: Connection, principal: Principal, ingestion_id: str, then: str, body_hash: str
    ) -> Started:
        """The answer to a key that was used before."""
        if then != body_hash:
            raise IdempotencyKeyReused(ingestion_id)
        ingestion = self._reading.find(tx, principal.tenant, ingestion_id)
        return Started(ingestion=ingestion, replayed=True)

    def _taken(
        self, principal: Principal, request: StartRequest, convention: Convention
    ) -> Exception:
        with self._database.read() as tx:
            if request.external_id is not None:
                other = ingestions.holder_of_external_id(tx, principal.tenant, request.external_id)
                if other is not None:
                    return ExternalIdTaken(request.external_id, other)
            other = ingestions.holder_of_convention(tx, principal.tenant, convention.id)
            if other is not None:
                return IngestionAlreadyRunning(convention.id, other)
        # The other one ended between our insert and this look: the same start may succeed now.
        return Unavailable(
            f"{convention.id!r} was just released; try again.", retry_after_seconds=1
        )

    def cancel(
        self,
        principal: Principal,
        ingestion_id: str,
        *,
        reason: str | None,
        grace_seconds: int,
    ) -> Ingestion:
        """The ingestion afterwards: canceled or canceling. Raises IngestionAlreadyEnded."""
        tenant, by = principal.tenant, principal.token_name
        while True:
            with self._database.write() as tx:
                row = ingestions.cancel_queued(tx, tenant, ingestion_id, by=by, reason=reason)
                if row is not None:
                    canceled = ingestion_of(row)
                    events.append(tx, ingestion_id, "ingestion_canceled", facts.ended(canceled))
                    return self._reading.find(tx, tenant, ingestion_id)
                row = ingestions.cancel_running(
                    tx, tenant, ingestion_id, by=by, reason=reason, grace_seconds=grace_seconds
                )
                if row is not None:
                    asked = ingestion_of(row)
                    data = facts.state(asked) | {"cancel": facts.cancellation(asked)}
                    events.append(tx, ingestion_id, "cancel_requested", data, attempt=row.attempt)
                    return self._reading.find(tx, tenant, ingestion_id)
                ingestions.hasten_cancel(tx, tenant, ingestion_id, grace_seconds=grace_seconds)
                found = self._reading.find(tx, tenant, ingestion_id)
            if found.status in (Status.CANCELING, Status.CANCELED):
                return found
            if found.done:
                raise IngestionAlreadyEnded(found)
            # It was handed back to the queue between two of our statements: ask again.


def _check_sizes(request: StartRequest) -> None:
    """What every page of a list carries must be small."""
    source = request.source
    told = {
        "metadata": (request.metadata, MAX_METADATA_BYTES),
        "source.metadata": ({} if source is None else source.metadata, MAX_METADATA_BYTES),
        "parameters": (request.parameters, MAX_PARAMETERS_BYTES),
    }
    for name, (value, limit) in told.items():
        size = len(json.dumps(value, separators=(",", ":")))
        if size > limit:
            raise BodyTooLarge(limit, f"That is the limit of `{name}`, which has {size} as JSON.")


def _check_parameters(convention: Convention, parameters: Mapping[str, Any]) -> None:
    try:
        convention.parse(parameters)
    except ValidationError as exc:
        errors = [
            ErrorDetail(
                loc=["body", "parameters", *error["loc"]],
                msg=error["msg"],
                type=error["type"],
                input=error.get("input"),
            )
            for error in exc.errors(include_url=False, include_context=False)
        ]
        said = "; ".join(
            f"{'.'.join(str(part) for part in error.loc[1:])}: {error.msg}" for error in errors[:3]
        )
        raise InvalidParameters(
            f"{len(errors)} error{'s' if len(errors) > 1 else ''}: {said}."
            f" `osa convention show {convention.id}` lists the parameters.",
            errors=errors,
        ) from exc


def _hash(request: StartRequest) -> str:
    """The parsed body, whatever its spelling on the wire."""
    text = json.dumps(asdict(request), sort_keys=True, default=_digest)
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(value: object) -> str:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    raise TypeError(f"{type(value)} in a {SourceRequest.__name__}")
