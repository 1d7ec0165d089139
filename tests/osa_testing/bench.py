"""An archive seen from inside: start ingestions, wait for them, look at what they left."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select
from sqlalchemy.exc import OperationalError

from osa.server.bootstrap import House
from osa.server.model import Ingestion, Item, Principal, StartRequest, Status
from osa.server.store.tables import ingestion
from osa_testing.processes import Archive, Program, is_stopped
from osa_testing.soundness import complaints
from osa_testing.waiting import PATIENCE_SECONDS, until

#: The ended states, to wait for whichever comes.
ENDED = tuple(status for status in Status if status.done)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The archive of a test, and what tests do with it."""

    archive: Archive
    house: House
    principal: Principal
    folder: Path

    def start(
        self,
        convention_id: str = "test-counter",
        *,
        batch_size: int = 5,
        limit: int | None = None,
        options: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> str:
        """`options` are further fields of a StartRequest."""
        request = StartRequest(
            convention_id=convention_id,
            batch_size=batch_size,
            limit=limit,
            parameters=parameters,
            **(options or {}),
        )
        started = self.house.service.ingestions.start(self.principal, request, idempotency_key=None)
        return started.ingestion.id

    def get(self, ingestion_id: str) -> Ingestion:
        return self.house.service.reading.get(self.principal, ingestion_id)

    def cancel(
        self, ingestion_id: str, *, grace_seconds: int = 120, force: bool = False
    ) -> Ingestion:
        return self.house.service.ingestions.cancel(
            self.principal, ingestion_id, reason=None, grace_seconds=grace_seconds, force=force
        )

    def wait(
        self, ingestion_id: str, *statuses: Status, seconds: float = PATIENCE_SECONDS
    ) -> Ingestion:
        """The ingestion once it has one of these, by default an ended, states."""
        wanted = statuses or ENDED

        def look() -> Ingestion:
            now = self.get(ingestion_id)
            assert now.status in wanted, f"{now.status} ({now.status_reason}), {now.attempts}"
            return now

        return until(look, f"the ingestion is {' or '.join(wanted)}", seconds=seconds)

    def sound(self, ingestion_id: str, *, count: int | None = None, prefix: str = "") -> None:
        """Fail unless the database tells one consistent story; with `count`, of exactly so many
        items."""
        expected = None if count is None else [f"{prefix}{number}" for number in range(count)]
        assert complaints(self.house.database, ingestion_id, expected) == []

    def items(self, ingestion_id: str) -> list[Item]:
        page = self.house.service.reading.items(
            self.principal, ingestion_id, outcomes=frozenset(), cursor=None, per_page=200
        )
        return list(page.items)

    def gate(self, name: str = "gate") -> Path:
        """A path that test-counter waits for to go away before each item."""
        path = self.folder / name
        path.touch()
        return path

    def workdirs(self) -> list[Path]:
        """The folders of attempts that are there."""
        return [path for path in self.house.settings.work_dir.iterdir() if path.is_dir()]

    def worker_of(self, ingestion_id: str) -> str:
        """The name of the worker that took it last."""
        return self.get(ingestion_id).attempts[-1].worker

    def pause(self, program: Program) -> None:
        """SIGSTOP, outside of any transaction: on SQLite a process that is stopped inside of one
        keeps all others from writing, which no program can mend."""

        def paused() -> bool:
            program.send(signal.SIGSTOP)
            until(lambda: is_stopped(program.pid), "the signal has arrived")
            probe = create_engine(self.archive.database_url, connect_args=self._impatient)
            try:
                with probe.connect() as connection:
                    if self.archive.is_sqlite:
                        connection.exec_driver_sql("BEGIN IMMEDIATE")
                    else:
                        connection.execute(select(ingestion.c.id).with_for_update(nowait=True))
                    connection.rollback()
            except OperationalError:
                program.send(signal.SIGCONT)
                return False
            finally:
                probe.dispose()
            return True

        until(paused, "it is stopped without a lock")

    @property
    def _impatient(self) -> dict[str, float]:
        return {"timeout": 0.0} if self.archive.is_sqlite else {}

    def events(self, ingestion_id: str) -> list[str]:
        """The types of its events, in order."""
        page = self.house.service.reading.events(
            self.principal, ingestion_id, after=0, per_page=1000
        )
        return [event.type for event in page.items]
