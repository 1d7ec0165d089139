"""A hundred watchers of the acceptance run, each time; `watchers.py` beside this has a thousand."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from osa_testing.processes import PLUGINS, Archive

_spec = importlib.util.spec_from_file_location("watchers", Path(__file__).with_name("watchers.py"))
assert _spec is not None
assert _spec.loader is not None
watchers = importlib.util.module_from_spec(_spec)
sys.modules["watchers"] = watchers
_spec.loader.exec_module(watchers)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_every_watcher_gets_every_event_once_and_in_order_and_its_stream_ends(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(PLUGINS)
    plan = watchers.Plan(watchers=100, ingestions=4, items=6, slots=2)
    figures = watchers.run(plan, archive)
    assert figures.sound, "\n".join([str(figures), *figures.complaints])
