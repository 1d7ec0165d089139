"""Budgets, limits and progress across attempts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from osa.conventions import Item
from osa.conventions.authoring import Progress
from osa.server.model import Fault, Status
from osa.server.store import sweeps
from osa.server.store.line import Limits
from osa.server.store.tables import ingestion as table
from osa.server.store.tables import worker

_AWAY = Fault(kind="source_unreachable", detail="Nobody answers.", origin="source", retryable=True)


def test_batches_without_items_do_not_renew_the_budget_of_attempts(player) -> None:
    started = player.start()
    for _ in range(3):
        job = player.take(started)
        player.commit(job, cursor={})
        player.running.fail(job, _AWAY)
        _make_due(player, started)
    assert player.get(started).status is Status.FAILED


def test_a_cursor_that_moves_is_progress_even_without_items(player) -> None:
    started = player.start()
    for page in range(5):
        job = player.take(started)
        player.commit(job, cursor={"page": page + 1})
        player.running.fail(job, _AWAY)
        _make_due(player, started)
    assert player.get(started).status is Status.QUEUED


def test_a_limit_that_was_reached_before_the_worker_was_lost_ends_in_success(player) -> None:
    started = player.start(limit=2)
    job = player.take(started)
    player.commit(job, Item.record("a"), Item.record("b"))
    player.running.hand_over(job)

    assert player.running.take(started.id, "another-worker") is None

    assert player.get(started).status is Status.SUCCEEDED


def test_progress_between_two_commits_never_goes_back(player) -> None:
    started = player.start(limit=4)
    job = player.take(started)
    player.commit(job, Item.record("a"), Item.record("b"))
    before = player.get(started).progress

    player.running.show(job, Progress(phase="reading", message="page 2"))

    after = player.get(started).progress
    assert (after.completed, after.total, after.percent) == (2, 4, 50.0)
    assert (before.completed, before.percent) == (after.completed, after.percent)


def test_a_clock_that_is_set_back_does_not_keep_the_dead_alive(player) -> None:
    """Whoever lives has given a sign since; the last one of the dead lies in the future now."""
    dead, living = player.start(), player.start()
    jobs = [player.take(dead), player.running.take(living.id, "a-living-worker")]
    ahead = datetime.now(UTC) + timedelta(hours=1)
    player.running.beat("a-worker", slots=1)
    for changed in (table, worker):
        player.execute(update(changed).values(heartbeat_at=ahead))
    player.running.beat("a-living-worker", slots=1)

    for job in jobs:
        player.rescue.lose(job.hold, fruitless=1, stale_seconds=30)

    assert player.get(dead).status is Status.QUEUED
    assert player.get(living).status is Status.RUNNING
    # And what was handed over then is not waited for until then.
    player.execute(update(table).where(table.c.id == dead.id).values(dispatched_at=ahead))
    with player.house.database.read() as tx:
        found = sweeps.undispatched(tx, patience_seconds=15, limits=Limits())
    assert [one.ingestion_id for one in found] == [dead.id]


def test_identities_that_are_too_long_stay_different(player) -> None:
    started = player.start()
    job = player.take(started)
    long = "https://archive.example/" + "x" * 3000

    player.commit(job, *(Item.record(f"{long}|{number}") for number in range(3)))

    assert player.get(started).counts.created == 3


def _make_due(player, ingestion) -> None:
    player.execute(update(table).where(table.c.id == ingestion.id).values(not_before=None))
