"""What the archive holds already, as a convention sees it: its own records in its own tenant, and
nobody else's."""

from __future__ import annotations

import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from osa.conventions.items import Item, JsonObject
from osa.conventions.stored import identity, source_key

#: Records in one answer, at most.
PAGE = 50


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


class Archive(ABC):
    """What `Context.archive` is. It shows what is committed: not the batch that is being made."""

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
    """For tests and trials: holds what it is given, and what is published to it."""

    def __init__(self, records: Iterable[Held] = ()) -> None:
        self._held = {each.key: each for each in records}

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
        """What a commit does with the records among them."""
        for item in items:
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


class AskedArchive(Archive):
    """In a slot: each look is a question to the worker, which has the database."""

    def __init__(self, send: Callable[[Mapping[str, Any]], None]) -> None:
        self._send = send
        self._answers: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        # A convention may look from several threads; answers come in the order of questions.
        self._asking = threading.Lock()

    def hear(self, answer: Mapping[str, Any]) -> None:
        """The worker has answered."""
        self._answers.put(answer)

    def record(self, source_id: str) -> Held | None:
        found = self._ask({"source_key": source_key(identity(source_id))})
        return found.records[0] if found.records else None

    def page(self, *, prefix: str, after: str) -> HeldPage:
        return self._ask({"prefix": prefix, "after": after})

    def _ask(self, question: Mapping[str, str]) -> HeldPage:
        with self._asking:
            self._send({"type": "look", **question})
            answer = self._answers.get()
        return HeldPage(
            records=[
                Held(**{**each, "updated_at": datetime.fromisoformat(each["updated_at"])})
                for each in answer["records"]
            ],
            after=answer["after"],
        )


def held_to_json(held: Held) -> dict[str, Any]:
    """As it goes through the pipe between a worker and its slot."""
    return {
        "source_id": held.source_id,
        "title": held.title,
        "metadata": held.metadata,
        "version": held.version,
        "updated_at": held.updated_at.isoformat(),
    }
