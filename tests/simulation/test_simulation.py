"""The service and the store under a seed: a few here, many in `.ci/run`, as `run.py` has them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from osa_simulation.bugs import BUGS
from osa_simulation.report import simulate, trace
from osa_simulation.stage import Stage

_RUN = Path(__file__).with_name("run.py")
#: How long the simulation runs here.
_SECONDS = float(os.environ.get("OSA_TEST_SIMULATION_SECONDS", "8"))
#: Within so many seeds each planted defect is found.
_SEEDS = 400


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage() as made:
        yield made


def test_nothing_is_violated(stage: Stage) -> None:
    first = int(os.environ.get("OSA_TEST_SIMULATION_FIRST", "0"))
    report = simulate(stage, range(first, first + 1_000_000), seconds=_SECONDS)
    assert not report.failures, report.text()


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_defect_is_found(stage: Stage, name: str) -> None:
    plant, said = BUGS[name]
    with plant(stage):
        report = simulate(stage, range(_SEEDS))
    assert report.failures, f"{report.seeds} seeds have not found it"
    assert re.search(said, report.failures[0].what), report.failures[0].what


def test_a_seed_is_the_same_each_time(stage: Stage) -> None:
    lines, failure = trace(stage, 7)
    assert failure is None
    assert len(lines) > 20
    assert trace(stage, 7)[0] == lines


@pytest.mark.parametrize("hashing", ["1", "2"])
def test_a_seed_is_the_same_in_another_process(stage: Stage, hashing: str) -> None:
    command = [sys.executable, str(_RUN), "--seed", "7", "--trace"]
    environ = {**os.environ, "PYTHONHASHSEED": hashing}
    said = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == trace(stage, 7)[0]
