"""Deadlines, failures that are allowed, stopping early, and cancels by force."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from osa.conventions import Item
from osa.server.bootstrap import House
from osa.server.errors import IngestionAlreadyEnded
from osa.server.model import Fault, Ingestion, Status
from osa.server.service.jobs import Job, Verdict
from osa.server.store.tables import ingestion


def _bad(number: int) -> Item:
    return Item.rejected(f"bad-{number}", kind="odd", detail="It is odd.")


def _good(number: int) -> Item:
    return Item.record(f"good-{number}")


def _overdue(player, one: Ingestion) -> None:
    past = datetime.now(UTC) - timedelta(seconds=10)
    player.execute(update(ingestion).where(ingestion.c.id == one.id).values(deadline_at=past))


def _force(player, one: Ingestion) -> Ingestion:
    return player.ingestions.cancel(
        player.principal, one.id, reason="enough", grace_seconds=120, force=True
    )


def _ended_events(player, one: Ingestion) -> list[str]:
    page = player.reading.events(player.principal, one.id, after=0, per_page=200)
    return [event.type for event in page.items if event.data["done"]]


def test_the_deadline_counts_from_the_start(player) -> None:
    started = player.start(deadline_seconds=3600)
    # The database's clock was read twice.
    late = started.deadline_at - started.created_at - timedelta(seconds=3600)
    assert timedelta() <= abs(late) < timedelta(seconds=5)
    assert player.start().deadline_at is None


def test_one_that_waits_past_its_deadline_fails_and_is_not_taken(house: House, player) -> None:
    started = player.start(deadline_seconds=3600)
    _overdue(player, started)
    assert player.running.take(None, "a-worker") is None
    house.sweeper.sweep()
    ended = player.get(started)
    assert (ended.status, ended.status_reason) == (Status.FAILED, "deadline_exceeded")
    assert ended.error.kind == "deadline_exceeded"
    assert _ended_events(player, started) == ["ingestion_failed"]


def test_one_that_waits_for_another_attempt_is_not_said_to_have_waited_for_its_first(
    house: House, player
) -> None:
    started = player.start(deadline_seconds=3600)
    away = Fault(kind="away", detail="It is away.", origin="source", retryable=True)
    player.running.fail(player.take(started), away)
    _overdue(player, started)
    house.sweeper.sweep()
    ended = player.get(started)
    assert (ended.status, ended.status_reason) == (Status.FAILED, "deadline_exceeded")
    assert "no worker had taken it" not in ended.error.detail


def test_one_that_runs_past_its_deadline_fails_and_keeps_what_it_has(house: House, player) -> None:
    started = player.start(deadline_seconds=3600)
    job = player.take(started)
    player.commit(job, _good(1))
    _overdue(player, started)
    house.sweeper.sweep()
    ended = player.get(started)
    assert (ended.status, ended.status_reason) == (Status.FAILED, "deadline_exceeded")
    assert (ended.result_completeness, ended.attempts[-1].end_reason) == (
        "partial",
        "deadline_exceeded",
    )
    assert player.commit(job, _good(2)) is Verdict.LOST
    assert player.running.complete(job) is None
    assert player.get(started).counts.seen == 1
    assert _ended_events(player, started) == ["ingestion_failed"]


def test_a_cancel_goes_before_a_deadline(house: House, player) -> None:
    started = player.start(deadline_seconds=3600)
    job = player.take(started)
    player.cancel(started)
    _overdue(player, started)
    house.sweeper.sweep()
    assert player.get(started).status is Status.CANCELING
    assert player.running.stop(job).status is Status.CANCELED


@pytest.mark.parametrize(
    ("allowed", "bad", "good", "status", "reason", "completeness"),
    [
        (0, 0, 2, "succeeded", "completed", "complete"),
        (0, 1, 2, "failed", "some_items_failed", "partial"),
        (1, 1, 2, "succeeded", "completed", "partial"),
        (1, 2, 2, "failed", "some_items_failed", "partial"),
        (1, 2, 0, "failed", "all_items_failed", "none"),
        (None, 9, 0, "succeeded", "completed", "none"),
        (None, 9, 1, "succeeded", "completed", "partial"),
    ],
)
def test_so_many_items_may_fail(player, allowed, bad, good, status, reason, completeness) -> None:
    started = player.start(max_failed_items=allowed)
    job = player.take(started)
    items = [*map(_bad, range(bad)), *map(_good, range(good))]
    assert player.commit(job, *items) is Verdict.CONTINUE
    ended = player.running.complete(job)
    assert (ended.status, ended.status_reason) == (status, reason)
    assert ended.result_completeness == completeness


def test_stopping_early_ends_with_the_batch_in_which_too_many_failed(player) -> None:
    job = player.take(player.start(max_failed_items=1, stop_early=True))
    assert player.commit(job, _bad(1), _good(1), cursor={"n": 1}) is Verdict.CONTINUE
    assert player.commit(job, _bad(2), _good(2), cursor={"n": 2}) is Verdict.ENOUGH
    ended = player.running.complete(job)
    assert (ended.status, ended.status_reason) == (Status.FAILED, "some_items_failed")
    assert "stops early" in ended.error.detail


def test_a_worker_that_dies_before_it_says_so_does_not_make_it_go_on(player) -> None:
    started = player.start(max_failed_items=0, stop_early=True)
    job = player.take(started)
    assert player.commit(job, _bad(1)) is Verdict.ENOUGH
    player.running.hand_over(job)
    assert player.running.take(started.id, "another") is None
    assert player.get(started).status_reason == "all_items_failed"


def _canceling(player) -> tuple[Ingestion, Job]:
    started, job = _running(player)
    player.cancel(started)
    return started, job


def _running(player) -> tuple[Ingestion, Job]:
    started = player.start()
    job = player.take(started)
    player.commit(job, _good(1))
    return started, job


@pytest.mark.parametrize("bring", [_running, _canceling])
def test_force_cancels_with_the_answer_and_fences_the_worker_off(player, bring) -> None:
    started, job = bring(player)
    ended = _force(player, started)
    assert (ended.status, ended.status_reason) == (Status.CANCELED, "forced")
    assert ended.cancel.outcome == "forced"
    assert ended.attempts[-1].end_reason == "canceled"
    assert player.commit(job, _good(2)) is Verdict.LOST
    assert player.running.stop(job) is None
    again = replace(_force(player, started), read_at=ended.read_at)
    assert again == replace(player.get(started), read_at=ended.read_at) == ended
    assert _ended_events(player, started) == ["ingestion_canceled"]


def test_who_asked_first_stays_when_force_follows(player) -> None:
    started, _ = _canceling(player)
    asked = player.get(started).cancel
    forced = _force(player, started).cancel
    assert (forced.requested_at, forced.reason) == (asked.requested_at, asked.reason)


def test_force_on_one_that_waits_is_a_plain_cancel(player) -> None:
    ended = _force(player, player.start())
    assert (ended.status, ended.status_reason) == (Status.CANCELED, "requested")


def test_force_does_not_change_what_has_ended(player) -> None:
    started = player.start()
    player.running.complete(player.take(started))
    with pytest.raises(IngestionAlreadyEnded):
        _force(player, started)
