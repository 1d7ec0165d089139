"""How the service hands work to the durable queue, which lies above it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from sqlalchemy import Connection


class Dispatch(Protocol):
    """The small door of the engine. `number` counts the hand-overs of one ingestion."""

    def enqueue(self, connection: Connection, ingestion_id: str, number: int) -> None:
        """Queue the ingestion in the caller's transaction: both are committed, or neither."""

    def holders(self, handed_over: Mapping[str, int]) -> Mapping[str, str | None]:
        """Of these (ingestion, number), those the engine still has: None while queued, else the
        name of the worker that it gave it to."""

    def given_to(self, worker_id: str) -> Sequence[str]:
        """The ingestions that the engine believes to be with this worker."""

    def forget_done(self, alive: Collection[str]) -> int:
        """Remove what the engine has finished, and what it gave to workers that are gone; how
        many."""
