"""What a start and a retry have in common: the idempotency key, the row with its event and its
hand-over in one transaction, and what to say when its place is taken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from osa.server.errors import (
    ExternalIdTaken,
    IdempotencyKeyReused,
    IngestionAlreadyRunning,
    IngestionDeleted,
    IngestionNotFound,
    Unavailable,
)
from osa.server.model import Ingestion, OnConflict, Principal
from osa.server.model.machine import ACCEPT
from osa.server.service import facts
from osa.server.service.dispatch import Dispatch
from osa.server.service.reading import Reading
from osa.server.store import audit, events, ingestions, keys
from osa.server.store.database import Database
from osa.server.store.ingestions import NewIngestion

#: How long an idempotency key holds.
KEY_KEPT_SECONDS = 7 * 24 * 3600.0
#: How often a place that was released between two looks is tried for.
_TRIES = 5


@dataclass(frozen=True, kw_only=True)
class Started:
    ingestion: Ingestion
    #: An earlier request with this key had started it.
    replayed: bool = False
    #: It was active already, and the caller wanted that rather than a conflict.
    attached: bool = False


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """A request that carries an idempotency key."""

    operation: str
    key: str
    #: SHA-256 of the parsed request, whatever its spelling on the wire.
    body_hash: str

    @classmethod
    def of(cls, operation: str, key: str | None, request: object) -> Keyed | None:
        """None without a key. `request` is JSON, but for bytes and mappings in it."""
        if key is None:
            return None
        text = json.dumps(request, sort_keys=True, default=_plain)
        return cls(
            operation=operation, key=key, body_hash=hashlib.sha256(text.encode()).hexdigest()
        )


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value)} in a request")


class Acceptance:
    """Takes an ingestion in."""

    def __init__(self, database: Database, dispatch: Dispatch, reading: Reading) -> None:
        self._database = database
        self._dispatch = dispatch
        self._reading = reading

    def earlier(self, principal: Principal, keyed: Keyed | None) -> Started | None:
        """What this key was answered with before, if it was."""
        if keyed is None:
            return None
        with self._database.read() as tx:
            held = keys.holder_of_key(
                tx,
                tenant=principal.tenant,
                operation=keyed.operation,
                key=keyed.key,
                keep_seconds=KEY_KEPT_SECONDS,
            )
            return None if held is None else self._replayed(tx, principal, *held, keyed)

    def accept(
        self,
        principal: Principal,
        new: NewIngestion,
        *,
        keyed: Keyed | None,
        action: str,
        detail: Mapping[str, Any],
        first: Callable[[Connection], None] | None = None,
        then: Callable[[Connection], None] | None = None,
    ) -> Started:
        """One transaction: key, `first`, row, event, audit, hand-over, `then`."""
        for _ in range(_TRIES):
            try:
                with self._database.write() as tx:
                    other = self._claim(tx, principal, keyed, new.id)
                    if other is not None:
                        return other
                    if first is not None:
                        first(tx)
                    added = self.add(tx, principal, new, action=action, detail=detail)
                    ingestion = self._reading.told(tx, added)
                    if then is not None:
                        then(tx)
                return Started(ingestion=ingestion)
            except ingestions.UniqueTaken:
                attached = self._taken(principal, new, keyed, action, detail)
                if attached is not None:
                    return attached
        raise Unavailable(
            f"{new.convention_id!r} is released and taken again all the time; try again.",
            retry_after_seconds=1,
        )

    def add(
        self,
        tx: Connection,
        principal: Principal | None,
        new: NewIngestion,
        *,
        action: str,
        detail: Mapping[str, Any],
    ) -> Ingestion:
        """Row, event, audit and hand-over; without a principal it is the server that starts it.
        Raises UniqueTaken."""
        added = ingestions.add(tx, new)
        number = events.append(tx, new.id, ACCEPT.event, facts.state(added))
        audit.append(tx, principal, action, tenant=new.tenant, ingestion_id=new.id, detail=detail)
        self._dispatch.enqueue(tx, new.id, 1)
        return replace(added, last_event=number)

    def _claim(
        self, tx: Connection, principal: Principal, keyed: Keyed | None, ingestion_id: str
    ) -> Started | None:
        """The key is this ingestion's now; or what it was answered with before."""
        if keyed is None:
            return None
        other = keys.claim_key(
            tx,
            tenant=principal.tenant,
            operation=keyed.operation,
            key=keyed.key,
            body_hash=keyed.body_hash,
            ingestion_id=ingestion_id,
            keep_seconds=KEY_KEPT_SECONDS,
        )
        return None if other is None else self._replayed(tx, principal, *other, keyed)

    def _replayed(
        self, tx: Connection, principal: Principal, ingestion_id: str, then: str, keyed: Keyed
    ) -> Started:
        if then != keyed.body_hash:
            raise IdempotencyKeyReused(ingestion_id)
        try:
            ingestion = self._reading.find(tx, principal.tenant, ingestion_id)
        except IngestionNotFound as exc:
            raise IngestionDeleted(ingestion_id) from exc
        return Started(ingestion=ingestion, replayed=True)

    def _taken(
        self,
        principal: Principal,
        new: NewIngestion,
        keyed: Keyed | None,
        action: str,
        detail: Mapping[str, Any],
    ) -> Started | None:
        """Raise who is in the way, or attach to it; None when it was released meanwhile."""
        external_id = new.request.external_id
        with self._database.write() as tx:
            if external_id is not None:
                other = ingestions.holder_of_external_id(tx, principal.tenant, external_id)
                if other is not None:
                    raise ExternalIdTaken(external_id, other)
            holder = ingestions.holder_of_keys(tx, new)
            if holder is None:
                return None
            if new.request.on_conflict is not OnConflict.ATTACH:
                raise IngestionAlreadyRunning(
                    new.convention_id, holder.ingestion_id, key=holder.key
                )
            replayed = self._claim(tx, principal, keyed, holder.ingestion_id)
            if replayed is not None:
                return replayed
            audit.append(
                tx,
                principal,
                action,
                ingestion_id=holder.ingestion_id,
                detail={**detail, "attached": True},
            )
            ingestion = self._reading.find(tx, principal.tenant, holder.ingestion_id)
        return Started(ingestion=ingestion, attached=True)
