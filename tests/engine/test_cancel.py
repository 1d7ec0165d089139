"""A cancel ends, in every weather: with its deadline at the latest."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from osa_testing.bench import Bench
from osa_testing.processes import is_running
from osa_testing.waiting import stays, until

from osa.server.model import Ingestion, Status

_LATEST = timedelta(seconds=2)


def _on_time(ended: Ingestion) -> bool:
    assert ended.cancel is not None
    assert ended.cancel.deadline_at is not None
    assert ended.ended_at is not None
    return ended.ended_at <= ended.cancel.deadline_at + _LATEST


def test_a_queued_ingestion_is_canceled_at_once_without_any_worker(bench: Bench) -> None:
    id = bench.start()
    canceled = bench.cancel(id)
    assert (canceled.status, canceled.attempts) == (Status.CANCELED, ())
    bench.archive.worker()
    later = bench.start(prefix="later-")
    assert bench.wait(later).status is Status.SUCCEEDED
    assert bench.get(id).status is Status.CANCELED
    bench.sound(id, count=0)


def test_a_running_ingestion_stops_before_the_next_item_and_keeps_what_it_has(
    running: Bench,
) -> None:
    id = running.start(count=1000, seconds_per_item=0.02, batch_size=10, prefix="stopped-")
    until(lambda: running.get(id).counts.seen >= 10, "a batch is committed")
    assert running.cancel(id).status is Status.CANCELING
    ended = running.wait(id)
    assert (ended.status, ended.status_reason) == (Status.CANCELED, "requested")
    assert ended.cancel is not None and ended.cancel.outcome == "stopped"
    assert ended.result_completeness == "partial"
    running.sound(id, count=ended.counts.seen, prefix="stopped-")
    assert running.events(id)[-1] == "ingestion_canceled"


def test_work_that_does_not_listen_is_ended_with_all_it_started(
    running: Bench, tmp_path: Path
) -> None:
    """Child and grandchild, and its folder; by the deadline and two seconds."""
    marker = tmp_path / "marker"
    id = running.start("test-stubborn", marker=str(marker))
    until(marker.exists, "the work has begun")
    child, grandchild, folder = marker.read_text().split(maxsplit=2)
    assert is_running(int(child)) and is_running(int(grandchild)) and Path(folder).is_dir()
    assert running.cancel(id, grace_seconds=1).status is Status.CANCELING
    ended = running.wait(id)
    assert (ended.status, ended.status_reason) == (Status.CANCELED, "cancel_deadline")
    assert ended.cancel is not None and ended.cancel.outcome == "deadline"
    assert _on_time(ended)
    until(lambda: not is_running(int(child)), "the child is gone", seconds=3)
    until(lambda: not is_running(int(grandchild)), "the grandchild is gone", seconds=3)
    until(lambda: not Path(folder).exists(), "the folder is gone", seconds=3)
    running.sound(id, count=0)
    after = running.start(count=2, prefix="after-stubborn-")
    assert running.wait(after).status is Status.SUCCEEDED


def test_a_shorter_grace_moves_the_deadline_forward_and_never_back(
    running: Bench, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    id = running.start("test-stubborn", marker=str(marker))
    until(marker.exists, "the work has begun")
    first = running.cancel(id, grace_seconds=60).cancel
    again = running.cancel(id, grace_seconds=600).cancel
    assert first is not None and again is not None and first.deadline_at == again.deadline_at
    running.cancel(id, grace_seconds=0)
    ended = running.wait(id, seconds=5)
    assert ended.status is Status.CANCELED and _on_time(ended)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_a_running_ingestion_whose_worker_is_gone_is_canceled_by_its_deadline(
    bench: Bench, number: signal.Signals
) -> None:
    """By the sweeper of a server without workers; before anybody is given up on for silence."""
    bench.archive.serve(workers=0, OSA_STALE_AFTER_SECONDS="60")
    program = bench.archive.worker(OSA_STALE_AFTER_SECONDS="60")
    gate = bench.gate()
    id = bench.start(count=5, gate=str(gate))
    bench.wait(id, Status.RUNNING)
    if number == signal.SIGSTOP:
        bench.pause(program)
    else:
        program.kill()
    assert bench.cancel(id, grace_seconds=1).status is Status.CANCELING
    ended = bench.wait(id, seconds=10)
    assert (ended.status, ended.status_reason) == (Status.CANCELED, "cancel_deadline")
    assert _on_time(ended)
    gate.unlink()
    if number == signal.SIGSTOP:
        program.send(signal.SIGCONT)
        later = bench.start(count=3, prefix="later-")
        assert bench.wait(later).status is Status.SUCCEEDED
        assert bench.get(id).counts.seen == 0
    bench.sound(id, count=0)


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_cancel_that_meets_a_lost_worker_is_canceled_not_queued_again(bench: Bench) -> None:
    program = bench.archive.worker()
    gate = bench.gate()
    id = bench.start(count=5, gate=str(gate))
    bench.wait(id, Status.RUNNING)
    program.kill()
    bench.cancel(id, grace_seconds=600)
    ended = until(_swept(bench, id), "a sweep ends it")
    assert (ended.status, ended.status_reason) == (Status.CANCELED, "requested")
    assert ended.attempts[-1].end_reason == "worker_lost"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_cancel_during_a_handover_ends_in_canceled(bench: Bench) -> None:
    program = bench.archive.worker()
    id = bench.start(count=200, batch_size=1, seconds_per_item=0.05)
    until(lambda: bench.get(id).counts.seen, "a batch is committed")
    bench.cancel(id)
    assert program.stop() == 0
    ended = bench.wait(id)
    assert ended.status is Status.CANCELED
    bench.sound(id, count=ended.counts.seen)


def test_a_canceled_ingestion_is_never_touched_again(running: Bench) -> None:
    gate = running.gate("never")
    id = running.start(count=5, gate=str(gate))
    running.wait(id, Status.RUNNING)
    running.cancel(id, grace_seconds=0)
    ended = running.wait(id)
    gate.unlink()
    stays(lambda: running.get(id).updated_at == ended.updated_at, "as it ended", seconds=1.5)


def _swept(bench: Bench, id: str) -> Callable[[], Ingestion | None]:
    def look() -> Ingestion | None:
        bench.house.sweeper.sweep()
        now = bench.get(id)
        return now if now.done else None

    return look
