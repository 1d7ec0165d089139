"""What the archive holds already, as a convention sees it: the records, children and campaigns of
its own tenant, and nobody else's."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from osa.conventions.items import Item, JsonObject
from osa.conventions.stored import identity, source_key

#: Records in one answer, at most.
PAGE = 50
#: How a last try ends that may be followed by another.
WITHOUT_RESULT = frozenset({"failed", "canceled"})


@dataclass(frozen=True, kw_only=True)
class Held:
    """A record as it was committed last."""

    source_id: str
    title: str | None = None
    metadata: JsonObject = field(default_factory=dict)
    #: From 1; each change adds one.
    version: int = 1
    updated_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    @property
    def key(self) -> str:
        """What records are ordered by: `Archive.records(after=held.key)` goes on after this one."""
        return source_key(identity(self.source_id))


@dataclass(frozen=True, kw_only=True)
class HeldPage:
    """Some records in the order of their keys."""

    records: Sequence[Held]
    #: Where the next page begins; None after the last.
    after: str | None


@dataclass(frozen=True, kw_only=True)
class HeldCampaign:
    """A campaign as it was created."""

    convention_id: str
    parameters: JsonObject


class Archive(ABC):
    """What `Context.archive` is: the convention's own records, and what else it may ask for. It
    shows what is committed: not the batch that is being made."""

    @abstractmethod
    def of(self, convention_id: str) -> Archive:
        """The same, with the records of another convention."""

    @abstractmethod
    def started(self, external_ids: Collection[str]) -> Mapping[str, str]:
        """Of the ingestions with these external ids, those that are there: the status of the last
        try of each."""

    @abstractmethod
    def campaign(self, campaign_id: str) -> HeldCampaign | None:
        """The campaign of this id; None when there is none."""

    @abstractmethod
    def record(self, source_id: str) -> Held | None:
        """The record of this identity; None when there is none."""

    @abstractmethod
    def page(self, *, prefix: str, after: str) -> HeldPage:
        """At most `PAGE` records after a key whose source_id begins with `prefix`."""

    def records(self, *, prefix: str = "", after: str = "") -> Iterator[Held]:
        """All whose source_id begins with `prefix`, in the order of their keys: one that is there
        from beginning to end comes exactly once, whatever is written meanwhile."""
        next_after: str | None = after
        while next_after is not None:
            found = self.page(prefix=prefix, after=next_after)
            yield from found.records
            next_after = found.after


class ArchiveInMemory(Archive):
    """For tests and trials: holds what it is given, and what is published to it. `records` are
    those of the convention itself, `convention_id`, and `others` those of other ones; `started` the
    ingestions that are there, by external id."""

    def __init__(
        self,
        records: Iterable[Held] = (),
        *,
        convention_id: str | None = None,
        others: Mapping[str, Iterable[Held]] | None = None,
        started: Mapping[str, str] | None = None,
        campaigns: Mapping[str, HeldCampaign] | None = None,
    ) -> None:
        self._whose: str | None = None
        self._all: dict[str | None, dict[str, Held]] = {
            id: {each.key: each for each in held} for id, held in (others or {}).items()
        }
        self._all[None] = {each.key: each for each in records}
        self._started = dict(started or {})
        self._campaigns = dict(campaigns or {})
        if convention_id is not None:
            self.belong_to(convention_id)

    def belong_to(self, convention_id: str) -> None:
        """What nobody was named for is this convention's."""
        if self._whose is None:
            own = self._all.pop(None, {})
            self._all[convention_id] = self._all.get(convention_id, {}) | own
            self._whose = convention_id

    def of(self, convention_id: str) -> Archive:
        # All that is held is shared: what is published later is seen through both.
        other = copy.copy(self)
        other._whose = convention_id
        return other

    @property
    def _held(self) -> dict[str, Held]:
        return self._all.setdefault(self._whose, {})

    def started(self, external_ids: Collection[str]) -> Mapping[str, str]:
        return {id: self._started[id] for id in external_ids if id in self._started}

    def campaign(self, campaign_id: str) -> HeldCampaign | None:
        return self._campaigns.get(campaign_id)

    def record(self, source_id: str) -> Held | None:
        return self._held.get(source_key(identity(source_id)))

    def page(self, *, prefix: str, after: str) -> HeldPage:
        keys = sorted(
            key
            for key, held in self._held.items()
            if key > after and held.source_id.startswith(prefix)
        )
        more = len(keys) > PAGE
        return HeldPage(
            records=[self._held[key] for key in keys[:PAGE]], after=keys[PAGE - 1] if more else None
        )

    def publish(self, items: Iterable[Item]) -> None:
        """What a commit does with the records among them, and with what they start."""
        for item in items:
            for start in item.starts:
                last = self._started.get(start.external_id)
                if last is None or (start.again and last in WITHOUT_RESULT):
                    self._started[start.external_id] = "queued"
            before = self.record(item.source_id)
            same = before and (before.title, before.metadata) == (item.title, item.metadata)
            if item.verdict == "record" and not same:
                held = Held(
                    source_id=identity(item.source_id),
                    title=item.title,
                    metadata=item.metadata,
                    version=before.version + 1 if before else 1,
                )
                self._held[held.key] = held


def held_to_json(held: Held) -> dict[str, Any]:
    """As it goes through the pipe between a worker and its slot."""
    return {
        "source_id": held.source_id,
        "title": held.title,
        "metadata": held.metadata,
        "version": held.version,
        "updated_at": held.updated_at.isoformat(),
    }
