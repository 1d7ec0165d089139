"""Force, deadlines, keys and priorities, with real workers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from osa_testing.bench import Bench
from osa_testing.processes import is_running
from osa_testing.waiting import until

from osa.server.model import OnConflict, Status


def _stubborn(bench: Bench, tmp_path: Path, **options) -> tuple[str, list[int], Path]:
    """One that listens to nobody; its child and grandchild, and its folder."""
    marker = tmp_path / "marker"
    id = bench.start("test-stubborn", marker=str(marker), options=options)
    until(marker.exists, "the work has begun")
    child, grandchild, folder = marker.read_text().split(maxsplit=2)
    assert is_running(int(child)) and is_running(int(grandchild))
    return id, [int(child), int(grandchild)], Path(folder)


def _cleared(bench: Bench, pids: list[int], folder: Path) -> None:
    """Within seconds nothing is left of the work, and the worker goes on."""
    for pid in pids:
        until(lambda pid=pid: not is_running(pid), "the process is gone", seconds=8)
    until(lambda: not folder.exists(), "the folder is gone", seconds=5)
    after = bench.start(count=2, prefix="after-")
    assert bench.wait(after).status is Status.SUCCEEDED


def _forced(bench: Bench, id: str) -> None:
    assert bench.cancel(id, force=True).status is Status.CANCELED


def _escalated(bench: Bench, id: str) -> None:
    assert bench.cancel(id, grace_seconds=3600).status is Status.CANCELING
    _forced(bench, id)


@pytest.mark.parametrize("end", [_forced, _escalated])
def test_force_cancels_at_once_and_ends_the_work_within_seconds(
    bench: Bench, tmp_path: Path, end: Callable[[Bench, str], None]
) -> None:
    bench.archive.worker()
    id, pids, folder = _stubborn(bench, tmp_path)
    end(bench, id)
    assert bench.get(id).status_reason == "forced"
    _cleared(bench, pids, folder)
    assert bench.events(id).count("ingestion_canceled") == 1
    bench.sound(id, count=0)


def test_a_deadline_ends_the_work_whatever_it_does(bench: Bench, tmp_path: Path) -> None:
    bench.archive.worker()
    id, pids, folder = _stubborn(bench, tmp_path, deadline_seconds=3)
    ended = bench.wait(id, seconds=10)
    assert (ended.status, ended.status_reason) == (Status.FAILED, "deadline_exceeded")
    _cleared(bench, pids, folder)
    bench.sound(id, count=0)


def test_those_that_share_a_key_run_one_after_the_other_beside_the_rest(bench: Bench) -> None:
    bench.archive.worker(OSA_SLOTS="3")
    gate = bench.gate()
    options = {"concurrency_key": "site", "on_conflict": OnConflict.QUEUE}
    keyed = [
        bench.start(count=3, prefix=f"{n}-", gate=str(gate), options=options) for n in range(3)
    ]
    bench.wait(keyed[0], Status.RUNNING)
    assert bench.wait(bench.start(count=3, prefix="other-")).status is Status.SUCCEEDED
    assert [bench.get(id).status for id in keyed[1:]] == [Status.QUEUED] * 2
    gate.unlink()
    ended = [bench.wait(id) for id in keyed]
    assert {one.status for one in ended} == {Status.SUCCEEDED}
    for before, after in pairwise(ended):
        assert after.started_at >= before.ended_at


def test_one_that_waits_for_a_key_goes_on_when_the_holder_is_forced(bench: Bench) -> None:
    """By a worker that was busy with neither."""
    bench.archive.worker(OSA_SLOTS="2")
    gate = bench.gate()
    options = {"concurrency_key": "site", "on_conflict": OnConflict.QUEUE}
    holder = bench.start(count=3, gate=str(gate), options=options)
    bench.wait(holder, Status.RUNNING)
    second = bench.start(count=3, prefix="second-", options=options)
    bench.cancel(holder, force=True)
    assert bench.wait(second, seconds=10).status is Status.SUCCEEDED


def test_the_higher_priority_goes_first(bench: Bench) -> None:
    ids = [bench.start(count=1, prefix=f"{p}-", options={"priority": p}) for p in (0, -3, 7)]
    bench.archive.worker()
    low, lowest, high = (bench.wait(id) for id in ids)
    assert high.started_at <= low.started_at <= lowest.started_at
