"""Ingestions that an ingestion starts: checked before its batch is committed, and added in the
transaction that commits it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row

from osa.conventions import Item, Start
from osa.conventions.steps import refusal_of
from osa.server.errors import InvalidSource, OsaError, SourceNotAllowed, Unavailable
from osa.server.model import (
    ENDED,
    Ingestion,
    Membership,
    OnConflict,
    RetryScope,
    SourceRequest,
    StartRequest,
    Status,
    new_id,
)
from osa.server.service.acceptance import Acceptance
from osa.server.service.checks import check_start
from osa.server.service.conventions import Conventions
from osa.server.service.sources import Sources
from osa.server.store import ingestions, retries
from osa.server.store.ingestions import NewIngestion


class ChildRefused(Exception):
    """What a convention starts does not fit: nothing of its batch is committed."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, kw_only=True)
class Child:
    """An ingestion to start, and whether to try it again when it did not succeed."""

    new: NewIngestion
    external_id: str
    again: bool


@dataclass(frozen=True, kw_only=True)
class Family:
    """The items of a batch, and the children that come with each."""

    items: Sequence[Item]
    children: Sequence[Sequence[Child]]

    def of(self, items: Sequence[Item]) -> Sequence[Child]:
        """The children of the first of them: so many as `items`."""
        return [child for each in self.children[: len(items)] for child in each]


class Children:
    """Starts what items ask for; each external id once."""

    def __init__(self, conventions: Conventions, sources: Sources, acceptance: Acceptance) -> None:
        self._conventions = conventions
        self._sources = sources
        self._acceptance = acceptance

    def check(self, parent: Ingestion, items: Sequence[Item]) -> Family:
        """Everything that can be checked before the transaction. An item is rejected that names a
        source which may not be read, or says of a child what would not be taken from a caller.
        Raises ChildRefused for a convention or parameters that do not fit: these are of all."""
        kept: list[Item] = []
        children: list[Sequence[Child]] = []
        for item in items:
            found: Sequence[Child] = ()
            if why := refusal_of(item.starts):
                item = Item.rejected(item.source_id, kind="child_not_valid", detail=why)
            try:
                found = [self._child(parent, start) for start in item.starts]
            except (InvalidSource, SourceNotAllowed) as exc:
                item = Item.rejected(item.source_id, kind="source_not_allowed", detail=exc.detail)
            except Unavailable:
                raise
            except OsaError as exc:
                raise ChildRefused(
                    f"{item.source_id!r} cannot start its child: {exc.detail}"
                ) from exc
            kept.append(item)
            children.append(found)
        return Family(items=kept, children=children)

    def _child(self, parent: Ingestion, start: Start) -> Child:
        convention = self._conventions.runnable(start.convention_id)
        source = None if start.uri is None else SourceRequest(type="uri", uri=start.uri)
        request = StartRequest(
            convention_id=convention.id,
            source=source,
            parameters=start.parameters,
            name=start.name,
            external_id=start.external_id,
            labels=start.labels,
            on_conflict=OnConflict.QUEUE,
            priority=parent.priority,
        )
        check_start(convention, request)
        new = NewIngestion(
            id=new_id(),
            tenant=parent.tenant,
            request=request,
            convention_id=convention.id,
            convention_version=convention.version,
            source=self._sources.accept(parent.tenant, convention, source),
            created_by=parent.created_by,
            exclusive=convention.exclusive,
            membership=Membership(
                key=parent.campaign_key,
                campaign_id=parent.campaign_id,
                parent_ingestion_id=parent.id,
            ),
        )
        return Child(new=new, external_id=start.external_id, again=start.again)

    def hold(self, tx: Connection, parent: Ingestion, family: Family) -> Collection[str]:
        """Take the rows of those that are tried again, before the campaign's: everybody takes an
        ingestion's first, and nobody waits in a circle. Which."""
        wanted = {child.external_id for each in family.children for child in each if child.again}
        if not wanted:
            return ()
        tries = retries.latest_tries(tx, parent.tenant, wanted).values()
        ids = {last.id for last in tries if Status(last.status) in ENDED - {Status.SUCCEEDED}}
        retries.hold(tx, ids)
        return ids

    def add(
        self, tx: Connection, parent: Ingestion, children: Sequence[Child], *, held: Collection[str]
    ) -> None:
        """Start those that are not there, and try those again that are held. Two of one external id
        are one."""
        wanted = {child.external_id: child for child in children}
        if not wanted:
            return
        there = retries.latest_tries(tx, parent.tenant, wanted)
        for external_id, child in wanted.items():
            last = there.get(external_id)
            if last is None:
                new = child.new
            elif child.again and last.id in held:
                new = replace(
                    child.new,
                    request=replace(child.new.request, external_id=None),
                    retry_of=last.id,
                    root_id=last.root_id,
                    retry_scope=RetryScope.ALL,
                    membership=_membership(child.new.membership, last),
                )
                if not retries.claim(tx, parent.tenant, last.id, new.id):
                    continue
            else:
                continue
            try:
                self._acceptance.add(
                    tx,
                    None,
                    new,
                    action="start_ingestion" if last is None else "retry_ingestion",
                    detail={
                        "convention_id": new.convention_id,
                        "parent_ingestion_id": parent.id,
                    },
                )
            except ingestions.UniqueTaken as exc:
                # Somebody else starts it just now: the batch is committed again, and finds it.
                raise Unavailable(
                    f"{external_id!r} is being started by another.", retry_after_seconds=1
                ) from exc


def _membership(own: Membership, last: Row[Any]) -> Membership:
    """What a step tries again is of its campaign from now on; what is tried again outside of one
    stays where it was."""
    if own.key is not None:
        return own
    return replace(own, key=last.campaign_key, campaign_id=last.campaign_id)
