"""Workers die, stop, and come back from the dead; ingestions do not notice, except for the time."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest
from osa_testing.bench import Bench
from osa_testing.processes import Program, is_running, worker_id
from osa_testing.waiting import stays, until
from sqlalchemy import select

from osa.server.model import Ingestion, Status
from osa.server.store.tables import ingestion


def _seen(bench: Bench, id: str, least: int) -> Ingestion | None:
    now = bench.get(id)
    return now if now.counts.seen >= least else None


def _begin(bench: Bench, **parameters: object) -> str:
    """An ingestion of twenty items that has committed a few, and still has some to do."""
    id = bench.start(count=20, batch_size=2, seconds_per_item=0.1, **parameters)
    until(lambda: _seen(bench, id, 4), "two batches are committed")
    return id


def test_when_a_worker_is_killed_another_goes_on_where_it_was(bench: Bench) -> None:
    """Nothing lost, nothing twice, and its slots do not outlive it."""
    first = bench.archive.worker()
    id = _begin(bench, with_files=True)
    slots = bench.archive.slots()
    first.kill()
    second = bench.archive.worker(ready=False)
    ended = bench.wait(id)
    assert ended.status is Status.SUCCEEDED
    assert [attempt.end_reason for attempt in ended.attempts] == ["worker_lost", "completed"]
    assert f"-{second.pid}-" in ended.attempts[1].worker
    assert (ended.counts.created, ended.counts.seen) == (20, 20)
    bench.sound(id, count=20)
    assert not [pid for pid in slots if is_running(pid)]
    bench.house.sweeper.keep_house()
    assert bench.workdirs() == []


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_worker_that_is_lost_each_time_fails_after_the_budget(bench: Bench) -> None:
    gate = bench.gate()
    id = bench.start(count=1, gate=str(gate))
    for attempt in range(1, 4):
        program = bench.archive.worker(ready=False, OSA_STALE_AFTER_SECONDS="1.5")
        until(lambda n=attempt: bench.get(id).attempt == n, f"attempt {attempt} runs")  # type: ignore[misc]
        program.kill()
    with bench.archive.house(stale_after_seconds=1.5) as house:

        def swept() -> bool:
            house.sweeper.sweep()
            return bench.get(id).done

        until(swept, "a sweep gives it up")
    ended = bench.get(id)
    assert (ended.status, ended.status_reason) == (Status.FAILED, "worker_lost")
    assert [attempt.end_reason for attempt in ended.attempts] == ["worker_lost"] * 3
    bench.sound(id, count=0)


def test_a_worker_that_is_asked_to_stop_hands_over_for_free_and_exits_with_0(bench: Bench) -> None:
    """Also when the budget is one attempt; the other one takes over at once."""
    programs = [bench.archive.worker(OSA_MAX_FRUITLESS_ATTEMPTS="1") for _ in range(2)]
    gate = bench.gate()
    id = bench.start(count=10, batch_size=2, gate=str(gate))
    bench.wait(id, Status.RUNNING)
    first = _holder(bench, programs, id)
    assert first.stop() == 0, first.said()
    programs.remove(first)
    now = until(lambda: _attempt(bench, id, 2), "another worker took it", seconds=5)
    assert now.attempts[0].end_reason == "handed_over"
    gate.unlink()
    assert bench.wait(id).status is Status.SUCCEEDED
    bench.sound(id, count=10)
    assert not bench.archive.slots() or all(
        _parent(pid) == programs[0].pid for pid in bench.archive.slots()
    )


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_one_worker_hands_over_waits_for_the_next_to_start(bench: Bench) -> None:
    """A restart of the only worker: its successor goes on within seconds."""
    first = bench.archive.worker()
    id = _begin(bench)
    assert first.stop() == 0, first.said()
    assert bench.get(id).status is Status.QUEUED
    assert bench.archive.slots() == []
    bench.archive.worker()
    until(lambda: _attempt(bench, id, 2), "it was taken again", seconds=5)
    ended = bench.wait(id)
    assert [attempt.end_reason for attempt in ended.attempts] == ["handed_over", "completed"]
    bench.sound(id, count=20)


def test_a_worker_that_wakes_up_after_it_was_given_up_on_changes_nothing(bench: Bench) -> None:
    """It slept with a batch in its hands; its writes are refused, and it works on with other
    things."""
    sleeper = bench.archive.worker()
    gate = bench.gate()
    id = bench.start(count=20, batch_size=2, gate=str(gate))
    bench.wait(id, Status.RUNNING)
    bench.pause(sleeper)
    gate.unlink()  # its slot goes on, and has a batch for it
    other = bench.archive.worker()
    ended = bench.wait(id)
    assert ended.status is Status.SUCCEEDED
    assert [attempt.end_reason for attempt in ended.attempts] == ["worker_lost", "completed"]
    other.stop()
    sleeper.send(signal.SIGCONT)
    later = bench.start(count=3, prefix="later-")
    assert bench.wait(later).status is Status.SUCCEEDED
    assert replace(bench.get(id), read_at=ended.read_at) == ended
    bench.sound(id, count=20)
    assert bench.worker_of(later) == worker_id(bench.house, sleeper)


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_worker_that_retakes_what_it_was_given_up_on_runs_it_once(bench: Bench) -> None:
    """Both attempts are in one process: the old one must not end the new one."""
    program = bench.archive.worker(OSA_SLOTS="2")
    gate = bench.gate()
    id = bench.start(count=20, batch_size=2, gate=str(gate))
    bench.wait(id, Status.RUNNING)
    bench.pause(program)

    def requeued() -> bool:
        bench.house.sweeper.sweep()
        return bench.get(id).status is Status.QUEUED

    until(requeued, "it is given up on")
    program.send(signal.SIGCONT)
    until(lambda: _attempt(bench, id, 2), "it is taken again")
    stays(lambda: bench.get(id).attempt == 2, "the second attempt", seconds=3)
    gate.unlink()
    ended = bench.wait(id)
    assert [attempt.end_reason for attempt in ended.attempts] == ["worker_lost", "completed"]
    bench.sound(id, count=20)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_slots_that_are_killed_are_replaced(bench: Bench) -> None:
    program = bench.archive.worker()
    id = _begin(bench)
    before = set(bench.archive.slots())
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    ended = bench.wait(id)
    assert [attempt.end_reason for attempt in ended.attempts] == ["crashed", "completed"]
    bench.sound(id, count=20)
    after = set(bench.archive.slots())
    assert after and not after & before
    assert program.alive


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_batch_that_takes_long_to_commit_does_not_cost_the_worker_its_other_ingestions(
    bench: Bench,
) -> None:
    """The rows of one are locked for longer than the staleness; both go on with their first
    attempt."""
    bench.archive.worker(OSA_SLOTS="2")
    gate = bench.gate()
    ids = [bench.start(count=4, prefix=f"{n}-", gate=str(gate)) for n in range(2)]
    for id in ids:
        bench.wait(id, Status.RUNNING)
    with bench.house.database.engine.begin() as connection:
        connection.execute(select(ingestion).where(ingestion.c.id == ids[0]).with_for_update())
        stays(lambda: bench.get(ids[1]).attempt == 1, "the first attempt", seconds=4)
    gate.unlink()
    assert [len(bench.wait(id).attempts) for id in ids] == [1, 1]


def test_what_cannot_be_shown_of_one_does_not_keep_the_worker_from_its_others(bench: Bench) -> None:
    """A heartbeat looks at all in turn: what waits behind is told, and canceled, in time."""
    bench.archive.worker(OSA_SLOTS="3")
    gate = bench.gate()
    boasters = [bench.start("test-hostile", kind="boasts")]
    bench.wait(boasters[0], Status.RUNNING)
    id = bench.start("test-speaker", kind="waits", gate=str(gate))
    bench.wait(id, Status.RUNNING)
    boasters.append(bench.start("test-hostile", kind="boasts"))
    bench.wait(boasters[1], Status.RUNNING)

    def said() -> bool:
        page = bench.house.service.logs.page(bench.principal, id, per_page=200)
        return "waiting" in [line.message for line in page.items]

    until(said, "its line is there", seconds=10)
    for one in (id, *boasters):
        bench.cancel(one, grace_seconds=8)
    assert {bench.wait(one).cancel.outcome for one in (id, *boasters)} == {"stopped"}


def _attempt(bench: Bench, id: str, number: int) -> Ingestion | None:
    now = bench.get(id)
    return now if now.attempt >= number else None


def _holder(bench: Bench, programs: list[Program], id: str) -> Program:
    name = bench.worker_of(id)
    return next(program for program in programs if f"-{program.pid}-" in name)


def _parent(pid: int) -> int:
    with open(f"/proc/{pid}/stat") as stream:  # noqa: PTH123
        return int(stream.read().rpartition(")")[2].split()[1])
