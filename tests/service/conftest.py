"""What the tests of the service share: somebody who plays both the caller and the worker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from osa_testing.processes import Archive
from osa_testing.processes import archive as an_archive
from sqlalchemy import Executable

from osa.conventions import Batch, Item
from osa.server.bootstrap import House
from osa.server.model import Ingestion, Principal, StartRequest
from osa.server.service.jobs import Job, Verdict

T = TypeVar("T")


class Player:
    """A caller, and a worker without processes: it takes, commits and ends by hand."""

    def __init__(self, house: House, principal: Principal, folder: Path) -> None:
        self.house = house
        self.principal = principal
        self.folder = folder
        self.ingestions = house.service.ingestions
        self.reading = house.service.reading
        self.running = house.running
        self.rescue = house.rescue

    def start(
        self,
        convention_id: str = "test-counter",
        *,
        key: str | None = None,
        who: Principal | None = None,
        **request: Any,
    ) -> Ingestion:
        body = StartRequest(convention_id=convention_id, **request)
        return self.ingestions.start(who or self.principal, body, idempotency_key=key).ingestion

    def take(self, ingestion: Ingestion) -> Job:
        job = self.running.take(ingestion.id, "a-worker")
        assert job is not None
        return job

    def commit(self, job: Job, *items: Item, cursor: Any = None) -> Verdict:
        batch = Batch(items=items, cursor=cursor or {})
        return self.running.commit(job, batch, None, workdir=self.folder)

    def done(self, *items: Item, who: Principal | None = None, **request: Any) -> Ingestion:
        """One that was read to its end."""
        job = self.take(self.start(who=who, **request))
        if items:
            self.commit(job, *items)
        assert self.running.complete(job) is not None
        return self.reading.get(who or self.principal, job.ingestion.id)

    def get(self, ingestion: Ingestion) -> Ingestion:
        return self.reading.get(self.principal, ingestion.id)

    def cancel(self, ingestion: Ingestion) -> Ingestion:
        return self.ingestions.cancel(self.principal, ingestion.id, reason=None, grace_seconds=60)

    def execute(self, statement: Executable) -> None:
        with self.house.database.write() as tx:
            tx.execute(statement)


@pytest.fixture
def archive(database_url: str, tmp_path: Path) -> Iterator[Archive]:
    """As everywhere, but for the time after which a worker counts as lost: here it is a test that
    beats for the worker, once, and has as long as in the field."""
    with an_archive(tmp_path, database_url, OSA_STALE_AFTER_SECONDS="30") as made:
        yield made


@pytest.fixture
def player(house: House, principal: Principal, tmp_path: Path) -> Player:
    folder = tmp_path / "attempt"
    folder.mkdir()
    return Player(house, principal, folder)


@pytest.fixture
def stranger(principal: Principal) -> Principal:
    """Somebody of another tenant, who may do everything there."""
    return replace(principal, token_id="another", tenant="elsewhere")


@pytest.fixture
def at_once() -> Iterator[Callable[[Sequence[Callable[[], T]]], list[T | Exception]]]:
    """Call all of them at the same moment; what each gave or raised."""

    def call(functions: Sequence[Callable[[], T]]) -> list[T | Exception]:
        gate = threading.Barrier(len(functions))

        def one(function: Callable[[], T]) -> T | Exception:
            gate.wait(30)
            try:
                return function()
            except Exception as exc:  # noqa: BLE001 - the test looks at it
                return exc

        with ThreadPoolExecutor(len(functions)) as threads:
            return list(threads.map(one, functions))

    yield call
