"""What the queue forgets, and what a worker cannot run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from osa_testing.bench import Bench
from osa_testing.processes import PLUGINS
from osa_testing.waiting import until
from sqlalchemy import Connection, MetaData, Table, delete, func, select

from osa.conventions import Batch, File, Item
from osa.server.model import Ingestion, Status
from osa.server.service import sweeping
from osa.server.service.jobs import Job, Verdict
from osa.server.store.tables import record


def test_an_ingestion_that_the_queue_lost_is_dispatched_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = bench.start(count=3)
    _forget_everything(bench)
    bench.archive.worker()
    monkeypatch.setattr(sweeping, "_PATIENCE_SECONDS", 0.5)
    until(_swept(bench, id, lambda now: now.done), "it has run")
    assert bench.get(id).status is Status.SUCCEEDED
    bench.sound(id, count=3)


def test_an_ingestion_that_waits_in_the_queue_is_not_dispatched_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often and from however many places it is swept."""
    monkeypatch.setattr(sweeping, "_PATIENCE_SECONDS", 0.0)
    id = bench.start(count=3)
    for _ in range(3):
        bench.house.sweeper.sweep()
    table = _workflows(bench)
    with bench.house.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(table)).scalar_one() == 1
    bench.archive.worker()
    assert len(bench.wait(id).attempts) == 1


def test_an_ingestion_given_to_a_worker_that_died_before_it_began_is_dispatched_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue says that somebody has it; nobody has."""
    id = bench.start(count=3)
    table = _workflows(bench)
    with bench.house.database.write() as tx:
        tx.execute(table.update().values(status="PENDING", executor_id="a-worker-that-is-gone"))
    bench.archive.worker()
    monkeypatch.setattr(sweeping, "_PATIENCE_SECONDS", 0.5)
    until(_swept(bench, id, lambda now: now.done), "it has run")
    bench.sound(id, count=3)


def test_an_ingestion_given_to_a_worker_that_took_another_goes_to_whoever_is_idle(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker takes what is first in line, and the queue knows its hand-over for as long as it
    works on that: it may be a day, and what it was given has become free meanwhile."""
    id = bench.start(count=3)
    table = _workflows(bench)
    with bench.house.database.write() as tx:
        tx.execute(table.update().values(status="PENDING", executor_id="a-busy-worker"))
    bench.archive.worker()
    monkeypatch.setattr(sweeping, "_PATIENCE_SECONDS", 0.5)
    swept = _swept(bench, id, lambda now: now.done)

    def look() -> Ingestion | None:
        bench.house.running.beat("a-busy-worker", slots=1)
        return swept()

    until(look, "it has run", seconds=10)
    bench.sound(id, count=3)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_convention_that_is_gone_fails_what_was_started_with_it(bench: Bench) -> None:
    """It was installed when the ingestion was accepted."""
    id = bench.start("test-versioned")
    bench.archive.worker(PYTHONPATH=str(PLUGINS))
    ended = bench.wait(id)
    assert (ended.status, ended.status_reason) == (Status.FAILED, "convention_changed")
    bench.sound(id, count=0)


@pytest.mark.parametrize(
    ("version", "status"), [("2.0.0", Status.FAILED), ("1.7.0", Status.SUCCEEDED)]
)
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_only_another_major_version_refuses_what_was_started_before(
    bench: Bench, version: str, status: Status
) -> None:
    id = bench.start("test-versioned")
    bench.archive.worker(TEST_VERSION=version)
    ended = bench.wait(id)
    assert ended.status is status
    assert (ended.status_reason == "convention_changed") == (status is Status.FAILED)


def _job(bench: Bench, id: str) -> Job:
    job = bench.house.running.take(id, "a-worker")
    assert job is not None
    return job


def test_a_batch_whose_commit_was_not_answered_is_not_doubled(bench: Bench, tmp_path: Path) -> None:
    """The worker asks again with what it knew before; files included."""
    id = bench.start(count=4)
    job = _job(bench, id)
    path = tmp_path / "content.txt"
    path.write_text("content")
    file = File.of(path, name="content.txt", media_type="text/plain")
    items = [Item.record("0", files=[file]), Item.record("1")]
    batch = Batch(items=items, cursor={"next": 2})
    forgetful = replace(job)
    commit = bench.house.running.commit
    assert commit(job, batch, None, workdir=tmp_path) is Verdict.CONTINUE
    assert commit(forgetful, batch, None, workdir=tmp_path) is Verdict.CONTINUE
    assert (forgetful.counts.seen, forgetful.cursor) == (2, {"next": 2})
    rest = Batch(items=[Item.record("2"), Item.record("3")], cursor={"next": 4})
    assert commit(forgetful, rest, None, workdir=tmp_path) is Verdict.CONTINUE
    assert bench.house.running.complete(forgetful) is not None
    bench.sound(id, count=4)
    with bench.house.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(record)).scalar_one() == 4
    assert bench.events(id).count("batch_committed") == 2


def test_every_write_of_a_worker_that_lost_its_right_is_refused(
    bench: Bench, tmp_path: Path
) -> None:
    """And what it had written to disk for a batch is not taken into the archive."""
    running = bench.house.running
    id = bench.start(count=4)
    lost = _job(bench, id)
    assert running.hand_over(lost) is not None
    holder = _job(bench, id)
    assert holder.hold.attempt == 2
    path = tmp_path / "content.txt"
    path.write_text("late")
    file = File.of(path, name="content.txt", media_type="text/plain")
    late = Batch(items=[Item.record("0", files=[file])], cursor={"next": 1})
    assert running.commit(lost, late, None, workdir=tmp_path) is Verdict.LOST
    assert path.exists()
    assert running.complete(lost) is None
    assert running.stop(lost) is None
    assert running.stop(lost, overdue=True) is None
    assert running.hand_over(lost) is None
    running.release(lost.hold)
    bench.house.rescue.lose(lost.hold, fruitless=9, stale_seconds=0.0)
    bench.house.rescue.overdue(lost.hold)
    now = bench.get(id)
    assert (now.status, now.attempt, now.counts.seen) == (Status.RUNNING, 2, 0)
    assert running.complete(holder) is not None
    bench.sound(id, count=0)


def _swept(
    bench: Bench, id: str, enough: Callable[[Ingestion], bool]
) -> Callable[[], Ingestion | None]:
    def look() -> Ingestion | None:
        bench.house.sweeper.sweep()
        now = bench.get(id)
        return now if enough(now) else None

    return look


def _workflows(bench: Bench) -> Table:
    """The queue's own table."""
    with bench.house.database.read() as tx:
        schema = None if bench.archive.is_sqlite else "dbos"
        return Table("workflow_status", MetaData(), schema=schema, autoload_with=tx)


def _forget_everything(bench: Bench) -> None:
    table = _workflows(bench)
    with bench.house.database.write() as tx:
        _delete_all(tx, table)


def _delete_all(tx: Connection, table: Table) -> None:
    assert tx.execute(delete(table)).rowcount == 1
