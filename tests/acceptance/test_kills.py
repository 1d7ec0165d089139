"""A few kills of the acceptance run, each time; `kills.py` beside this does a hundred."""

from __future__ import annotations

import importlib.util
import signal
import sys
from pathlib import Path
from types import ModuleType

import pytest
from osa_testing.bench import Bench
from osa_testing.databases import KINDS, Databases
from osa_testing.postgres import NoPostgres
from osa_testing.processes import PLUGINS, Archive
from osa_testing.soundness import complaints
from osa_testing.waiting import until

from osa.server.bootstrap import House
from osa.server.model import Principal, Status

_FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def kills() -> ModuleType:
    """The script beside this."""
    spec = importlib.util.spec_from_file_location("kills", _FOLDER / "kills.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["kills"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("database", KINDS)
def test_nothing_is_lost_doubled_or_stuck_when_processes_are_killed(
    kills: ModuleType,
    database: str,
    databases: Databases,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(PLUGINS)
    plan = kills.Plan(database=database, kills=4, ingestions=8, batches=8)
    try:
        figures = kills.run(plan, databases, tmp_path)
    except NoPostgres as exc:
        pytest.skip(f"no PostgreSQL: {exc}")
    assert figures.sound, "\n".join([str(figures), *figures.complaints])
    assert figures.killed.total() == 4


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_without_the_fence_a_worker_that_wakes_up_late_doubles_items(
    archive: Archive, house: House, principal: Principal, tmp_path: Path
) -> None:
    """The control: what is never found above would be found. With the fence, the same story is in
    the tests of the engine."""
    bench = Bench(archive=archive, house=house, principal=principal, folder=tmp_path)
    unfenced = str(_FOLDER / "unfenced.py")
    sleeper = archive.run("worker", unfenced, "worker", OSA_SLOTS="1")
    gate = bench.gate()
    id = bench.start(count=60, batch_size=2, seconds_per_item=0.05, gate=str(gate))
    bench.wait(id, Status.RUNNING)
    bench.pause(sleeper)
    gate.unlink()  # its slot goes on, and has a batch for it
    archive.run("worker", unfenced, "worker", OSA_SLOTS="1")
    until(lambda: bench.get(id).counts.seen >= 6, "another has gone on")
    sleeper.send(signal.SIGCONT)
    bench.wait(id)
    expected = [str(number) for number in range(60)]
    found = complaints(house.database, id, expected)
    assert [one for one in found if one.startswith("duplicated")], found


@pytest.mark.parametrize("database", KINDS)
def test_each_item_is_published_once_through_kills_cancels_and_retries(
    kills: ModuleType,
    database: str,
    databases: Databases,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(PLUGINS)
    plan = kills.Plan(database=database, kills=2, ingestions=5, batches=4, retries=True)
    try:
        figures = kills.run(plan, databases, tmp_path)
    except NoPostgres as exc:
        pytest.skip(f"no PostgreSQL: {exc}")
    assert figures.sound, "\n".join([str(figures), *figures.complaints])
    assert figures.called["retries"] > 0
