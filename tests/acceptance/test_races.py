"""The races of `races.py`, short: the long ones are run by hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from osa_testing.processes import PLUGINS

_spec = importlib.util.spec_from_file_location("races", Path(__file__).with_name("races.py"))
assert _spec is not None
assert _spec.loader is not None
races = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(races)


@pytest.fixture(autouse=True)
def _conventions_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PLUGINS)


def test_a_cancel_at_any_moment_leaves_one_ended_state_and_true_counts(archive) -> None:
    races.cancels(archive, times=40, seed=7)


def test_what_is_canceled_at_any_moment_and_retried_by_two_at_once_is_published_once(
    archive,
) -> None:
    races.repeats(archive, times=6, seed=5)


def test_pages_show_each_ingestion_once_while_others_start_and_end(archive) -> None:
    races.pages(archive, rows=500, per_page=40)


def test_fifty_starts_at_once_over_http_with_one_key_make_one_ingestion(archive) -> None:
    races.one_key(archive, starts=50)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_broken_network_and_a_killed_server_cost_no_event(archive) -> None:
    races.stream(archive, events=40, restarts=1, seed=3)
