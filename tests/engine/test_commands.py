"""Programs that the operator has set: they reach the convention, and end with it, however it
ends."""

from __future__ import annotations

import io
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from osa_testing import mago_double
from osa_testing.bench import Bench
from osa_testing.processes import is_running
from osa_testing.waiting import until

from osa.server.model import SourceRequest, Status

np = pytest.importorskip("numpy")
rasterio = pytest.importorskip("rasterio")

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def source() -> SourceRequest:
    """A terrain model, sent with the start."""
    place = rasterio.transform.Affine(0.002, 0, 7, 0, -0.002, 60)
    with rasterio.io.MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            count=1,
            width=30,
            height=30,
            dtype="float32",
            crs="EPSG:4326",
            transform=place,
        ) as target:
            target.write(np.linspace(1, 9, 900, dtype="float32").reshape(1, 30, 30))
        content = io.BytesIO(memory.read()).getvalue()
    return SourceRequest(type="bytes", content=content, filename="hill.tif")


@pytest.fixture
def pids(bench: Bench) -> Iterator[Path]:
    """A worker that is told of the double, which works for ever once it has begun; where it tells
    its processes."""
    pids = bench.folder / "pids"
    words = (sys.executable, "-I", mago_double.__file__, "sleep=600", f"pids={pids}")
    bench.archive.worker(OSA_MAGO_COMMAND=shlex.join(words))
    yield pids
    for pid in pids.read_text().split():
        until(lambda pid=int(pid): not is_running(pid), f"{pid} is gone", seconds=10)
    until(lambda: bench.workdirs() == [], "its folder is gone", seconds=10)


def _begun(bench: Bench, source: SourceRequest, pids: Path) -> str:
    id = bench.start("mago-terrain", options={"source": source}, max_depth=2)
    until(lambda: pids.exists() or bench.get(id).status.done, "the program works")
    assert pids.exists(), bench.get(id).error
    return id


def test_a_cancel_ends_the_program(bench: Bench, source: SourceRequest, pids: Path) -> None:
    id = _begun(bench, source, pids)
    bench.cancel(id)
    ended = bench.wait(id)
    assert (ended.status, ended.status_reason) == (Status.CANCELED, "requested")
    assert ended.cancel is not None and ended.cancel.outcome == "stopped"


def test_a_cancel_by_force_ends_the_program(
    bench: Bench, source: SourceRequest, pids: Path
) -> None:
    """Its slot is killed, and the program is in no group of the slot's."""
    id = _begun(bench, source, pids)
    bench.cancel(id, force=True)
    assert bench.wait(id).status is Status.CANCELED


def test_a_worker_that_is_killed_takes_the_program_along(
    bench: Bench, source: SourceRequest, pids: Path
) -> None:
    id = _begun(bench, source, pids)
    first = [int(pid) for pid in pids.read_text().split()]
    for pid in bench.archive.workers():
        os.kill(pid, signal.SIGKILL)
    for pid in first:
        until(lambda pid=pid: not is_running(pid), f"{pid} is gone", seconds=10)
    bench.cancel(id, force=True)
    assert bench.wait(id).status is Status.CANCELED
    # As a worker does that is still there.
    bench.house.sweeper.keep_house()


def test_without_the_setting_the_ingestion_says_what_is_missing(
    bench: Bench, source: SourceRequest
) -> None:
    bench.archive.worker()
    id = bench.start("mago-terrain", options={"source": source})
    ended = bench.wait(id)
    assert ended.status is Status.FAILED and ended.error is not None
    assert (ended.error.kind, ended.error.origin) == ("tool_unavailable", "platform")
    assert "merge-terrain" in (ended.error.hint or "")
