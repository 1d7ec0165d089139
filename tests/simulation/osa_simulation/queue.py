"""The durable queue of a simulated world: behind the engine's door, and not to be relied upon."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection


@dataclass(slots=True)
class HandOver:
    """One "somebody look at this"."""

    ingestion_id: str
    number: int
    #: Which worker has it; None while it is queued.
    worker: str | None = None
    done: bool = False


class Queue:
    """Keeps the promises of `osa.server.service.dispatch.Dispatch`, until it is made to break
    them."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, int], HandOver] = {}
        #: Enqueued by the transaction that is open.
        self._pending: list[HandOver] = []
        self.pause: Callable[[str], None] = lambda _: None

    def renew(self) -> None:
        self.entries.clear()
        self._pending.clear()

    def waiting(self) -> list[HandOver]:
        return [one for one in self.entries.values() if one.worker is None and not one.done]

    def committed(self) -> None:
        """The open transaction was committed: what it enqueued is there."""
        for one in self._pending:
            # A hand-over is known by its number: told twice, it is one, even when it is done.
            self.entries.setdefault((one.ingestion_id, one.number), one)
        self._pending.clear()

    def rolled_back(self) -> None:
        self._pending.clear()

    def finish(self, one: HandOver) -> None:
        one.done = True

    def lose(self, one: HandOver) -> None:
        del self.entries[one.ingestion_id, one.number]

    # What the service calls.

    def enqueue(self, connection: Connection, ingestion_id: str, number: int) -> None:
        self._pending.append(HandOver(ingestion_id, number))

    def holders(self, handed_over: Mapping[str, int]) -> Mapping[str, str | None]:
        self.pause("ask the queue")
        found = (self.entries.get(key) for key in handed_over.items())
        return {one.ingestion_id: one.worker for one in found if one is not None and not one.done}

    def given_to(self, worker_id: str) -> Sequence[str]:
        self.pause("ask the queue")
        return [
            one.ingestion_id
            for one in self.entries.values()
            if one.worker == worker_id and not one.done
        ]

    def forget_done(self, alive: Collection[str]) -> int:
        self.pause("clean the queue")
        gone = [
            key
            for key, one in self.entries.items()
            if one.done or (one.worker is not None and one.worker not in alive)
        ]
        for key in gone:
            del self.entries[key]
        return len(gone)

    def close(self) -> None:
        pass
