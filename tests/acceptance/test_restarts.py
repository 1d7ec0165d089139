"""Two restarts of the acceptance run, each time; `restarts.py` beside this does more."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from osa_testing.postgres import NoPostgres
from osa_testing.processes import PLUGINS

_spec = importlib.util.spec_from_file_location("restarts", Path(__file__).with_name("restarts.py"))
assert _spec is not None
assert _spec.loader is not None
restarts = importlib.util.module_from_spec(_spec)
sys.modules["restarts"] = restarts
_spec.loader.exec_module(restarts)


def test_nothing_is_lost_doubled_or_stuck_when_the_database_crashes_and_restarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(PLUGINS)
    plan = restarts.Plan(restarts=2, series=4, batches=8, away=0.3, workers=2)
    try:
        figures = restarts.run(plan, tmp_path)
    except NoPostgres as exc:
        pytest.skip(f"no PostgreSQL: {exc}")
    assert figures.sound, "\n".join([str(figures), *figures.complaints])
