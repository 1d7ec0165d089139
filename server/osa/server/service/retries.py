"""Retrying: a new ingestion that repeats one that is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from osa.conventions.authoring import Convention
from osa.server.errors import ConventionChanged, IngestionNotFound, OsaError, Unavailable
from osa.server.model import (
    Membership,
    OnConflict,
    Principal,
    RetryRequest,
    RetryScope,
    StartRequest,
    new_id,
)
from osa.server.model.actions import Action
from osa.server.service.acceptance import Acceptance, Keyed, Started
from osa.server.service.checks import allowed, check_start
from osa.server.service.conventions import Conventions
from osa.server.store import campaigns, ingestions, retries
from osa.server.store.database import Database
from osa.server.store.ingestions import NewIngestion
from osa.server.store.objects import Objects
from osa.server.store.retries import Retried


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What a retry will be, if nobody is quicker."""

    old: Retried
    convention: Convention
    request: StartRequest
    membership: Membership


class Retries:
    """Starts again what has ended. Another tenant's ingestions are not there."""

    def __init__(
        self,
        database: Database,
        objects: Objects,
        conventions: Conventions,
        acceptance: Acceptance,
    ) -> None:
        self._database = database
        self._objects = objects
        self._conventions = conventions
        self._acceptance = acceptance

    def retry(
        self,
        principal: Principal,
        ingestion_id: str,
        request: RetryRequest,
        *,
        idempotency_key: str | None,
        if_still: Callable[[Connection], None] = lambda _: None,
    ) -> Started:
        """Accept a retry; of the old one only `retried_by` changes. `if_still` is asked in the
        transaction, once the old one is claimed, and raises what speaks against it. Raises what a
        start raises, IngestionNotFound, IngestionActive, IngestionAlreadyRetried, NothingToRetry,
        ConventionChanged."""
        keyed = Keyed.of("retryIngestion", idempotency_key, [ingestion_id, asdict(request)])
        try:
            plan = self._planned(principal, ingestion_id, request)
        except OsaError:
            # The first of two with one key has retried it: that is what both are told.
            earlier = self._acceptance.earlier(principal, keyed)
            if earlier is not None:
                return earlier
            raise
        new = _new(principal, plan, request.scope)
        old_id, scope = ingestion_id, request.scope

        def claim(tx: Connection) -> None:
            if not retries.claim(tx, principal.tenant, old_id, new.id):
                # It was retried or deleted since it was looked at.
                allowed(ingestions.find(tx, principal.tenant, old_id), old_id, Action.retry(scope))
                # Its retry was deleted between our two statements: the same may succeed now.
                raise Unavailable("Its retry was just deleted; try again.", retry_after_seconds=1)
            if_still(tx)

        def want(tx: Connection) -> None:
            if scope is RetryScope.FAILED_ITEMS:
                retries.want_failed(tx, old_id, new.id)
            elif scope is RetryScope.REMAINING:
                retries.want_the_same(tx, old_id, new.id)

        return self._acceptance.accept(
            principal,
            new,
            keyed=keyed,
            action="retry_ingestion",
            detail={
                "convention_id": new.convention_id,
                "scope": str(scope),
                "retry_of": old_id,
                "overrides": sorted(request.overrides),
            },
            first=claim,
            then=want,
        )

    def _planned(self, principal: Principal, ingestion_id: str, request: RetryRequest) -> _Plan:
        with self._database.read() as tx:
            old = retries.find(tx, principal.tenant, ingestion_id)
            key = None if old is None else old.ingestion.campaign_key
            stopped = campaigns.is_stopped(tx, key)
        if old is None:
            raise IngestionNotFound(ingestion_id)
        allowed(old.ingestion, ingestion_id, Action.retry(request.scope))
        convention = self._conventions.runnable(old.ingestion.convention_id)
        then = old.ingestion.convention_version
        if request.scope is not RetryScope.ALL and not convention.goes_on_with(then):
            raise ConventionChanged(ingestion_id, convention.id, then, convention.version)
        start = _repeated(old, request)
        check_start(convention, start, at=("body", "overrides"))
        self._objects.check_room()
        return _Plan(
            old=old,
            convention=convention,
            request=start,
            # What is tried again after its campaign was canceled is not canceled with it.
            membership=Membership(
                key=None if stopped else key,
                campaign_id=None if stopped else old.ingestion.campaign_id,
                parent_ingestion_id=old.ingestion.parent_ingestion_id,
            ),
        )


def _new(principal: Principal, plan: _Plan, scope: RetryScope) -> NewIngestion:
    old = plan.old
    return NewIngestion(
        id=new_id(),
        tenant=principal.tenant,
        request=plan.request,
        convention_id=plan.convention.id,
        convention_version=plan.convention.version,
        source=None if old.source is None else dict(old.source),
        created_by=principal.token_name,
        exclusive=plan.convention.exclusive,
        retry_of=old.ingestion.id,
        root_id=old.ingestion.root_id,
        retry_scope=scope,
        cursor=old.cursor if scope is RetryScope.REMAINING else {},
        membership=plan.membership,
    )


def _repeated(retried: Retried, request: RetryRequest) -> StartRequest:
    """The start that the retry amounts to. Its source is the stored one, and is taken over as it
    is: what was checked and kept then needs no upload that may have expired since."""
    old = retried.ingestion
    same: dict[str, Any] = {
        "batch_size": old.batch_size,
        "name": old.name,
        "metadata": old.metadata,
        "labels": old.labels,
        "priority": old.priority,
        "deadline_seconds": old.deadline_seconds,
        "max_failed_items": old.max_failed_items,
        "stop_early": old.stop_early,
    }
    changed: Mapping[str, Any] = dict(request.overrides)
    return StartRequest(
        convention_id=old.convention_id,
        concurrency_key=old.concurrency_key,
        on_conflict=OnConflict.QUEUE if retried.queues else OnConflict.FAIL,
        limit=_limit(retried, request.scope),
        **{
            **same,
            **changed,
            "parameters": {**old.parameters, **changed.get("parameters", {})},
        },
    )


def _limit(retried: Retried, scope: RetryScope) -> int | None:
    """What is left of it; for everything that of the first, however little a retry of it was
    about. Failed items may be anywhere in the source, and are few enough by themselves."""
    old = retried.ingestion
    match scope:
        case RetryScope.FAILED_ITEMS:
            return None
        case RetryScope.REMAINING:
            return None if old.limit is None else old.limit - old.counts.seen
        case RetryScope.ALL:
            return retried.first_limit
