"""Every change of status that semantics promise, and no other one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from osa.conventions import Item
from osa.server.errors import IngestionAlreadyEnded
from osa.server.model import AuditQuery, Fault, Ingestion, Status
from osa.server.service.jobs import Job
from osa.server.store.holds import Hold
from osa.server.store.tables import ingestion as table

_FOR_GOOD = Fault(kind="gone", detail="It is gone.", origin="source")
_PASSING = Fault(kind="away", detail="It is away.", origin="source", retryable=True)


def _bring_to(player, status: Status) -> Job:
    """An ingestion in this status, and the hold of whoever has it or had it last."""
    started = player.start()
    if status in (Status.QUEUED, Status.CANCELED):
        if status is Status.CANCELED:
            player.cancel(started)
        return _without_hold(player, started)
    job = player.take(started)
    if status is Status.CANCELING:
        player.cancel(started)
    elif status is Status.SUCCEEDED:
        player.running.complete(job)
    elif status is Status.FAILED:
        player.running.fail(job, _FOR_GOOD)
    return job


def _without_hold(player, ingestion: Ingestion) -> Job:
    """What somebody would say who never took it: another's job under its name."""
    job = player.take(player.start())
    hold = Hold(ingestion_id=ingestion.id, attempt=ingestion.attempt)
    return replace(job, hold=hold, ingestion=ingestion)


def _deadline(player, job: Job) -> None:
    """The grace is over, and a sweep comes by."""
    past = datetime.now(UTC) - timedelta(seconds=10)
    asked = table.c.id == job.ingestion.id, table.c.status == Status.CANCELING
    player.execute(update(table).where(*asked).values(cancel_deadline_at=past))
    player.rescue.overdue(job.hold)


def _cancel(player, job: Job) -> None:
    try:
        player.cancel(job.ingestion)
    except IngestionAlreadyEnded as exc:
        assert exc.ingestion.id == job.ingestion.id


ACTIONS: Mapping[str, Callable] = {
    "take": lambda player, job: player.running.take(job.ingestion.id, "another-worker"),
    "commit": lambda player, job: player.commit(job, Item.record("x")),
    "complete": lambda player, job: player.running.complete(job),
    "fail": lambda player, job: player.running.fail(job, _FOR_GOOD),
    "back off": lambda player, job: player.running.fail(job, _PASSING),
    "hand over": lambda player, job: player.running.hand_over(job),
    # Everybody's last sign of life is older than a moment that lies ahead.
    "lose": lambda player, job: player.rescue.lose(job.hold, fruitless=1, stale_seconds=-5),
    "lose the last": lambda player, job: player.rescue.lose(
        job.hold, fruitless=99, stale_seconds=-5
    ),
    "deadline": lambda player, job: _deadline(player, job),
    "cancel": _cancel,
}

#: What an action makes of a status; where nothing is written, nothing changes.
CHANGES: Mapping[tuple[Status, str], Status] = {
    (Status.QUEUED, "take"): Status.RUNNING,
    (Status.QUEUED, "cancel"): Status.CANCELED,
    (Status.RUNNING, "complete"): Status.SUCCEEDED,
    (Status.RUNNING, "fail"): Status.FAILED,
    (Status.RUNNING, "back off"): Status.QUEUED,
    (Status.RUNNING, "hand over"): Status.QUEUED,
    (Status.RUNNING, "lose"): Status.QUEUED,
    (Status.RUNNING, "lose the last"): Status.FAILED,
    (Status.RUNNING, "cancel"): Status.CANCELING,
    (Status.CANCELING, "complete"): Status.SUCCEEDED,
    (Status.CANCELING, "fail"): Status.CANCELED,
    (Status.CANCELING, "back off"): Status.CANCELED,
    (Status.CANCELING, "hand over"): Status.CANCELED,
    (Status.CANCELING, "lose"): Status.CANCELED,
    (Status.CANCELING, "lose the last"): Status.CANCELED,
    (Status.CANCELING, "deadline"): Status.CANCELED,
}


def test_each_action_changes_each_status_as_promised_and_nothing_else(player) -> None:
    for status in Status:
        for name, act in ACTIONS.items():
            job = _bring_to(player, status)
            before = player.get(job.ingestion)
            assert before.status is status

            act(player, job)

            after = player.get(job.ingestion)
            assert after.status is CHANGES.get((status, name), status), (status, name)
            if before.done:
                assert _frozen(after) == _frozen(before), (status, name)


def _frozen(ingestion: Ingestion) -> tuple:
    return (
        ingestion.status,
        ingestion.status_reason,
        ingestion.counts,
        ingestion.ended_at,
        ingestion.error,
        ingestion.cancel,
        ingestion.last_event,
        ingestion.attempt,
    )


def test_every_change_writes_its_event_with_it_and_the_numbers_have_no_gap(player) -> None:
    started = player.start()
    job = player.take(started)
    player.commit(job, Item.record("a"))
    player.cancel(started)
    player.running.stop(job)

    events = player.reading.events(player.principal, started.id, after=0, per_page=50).items

    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert [event.type for event in events] == [
        "ingestion_created",
        "ingestion_started",
        "batch_committed",
        "cancel_requested",
        "ingestion_canceled",
    ]
    assert [event.data["done"] for event in events] == [False] * 4 + [True]


def test_a_convention_of_another_major_version_ends_the_ingestion_when_it_is_taken(player) -> None:
    started = player.start()
    player.execute(update(table).where(table.c.id == started.id).values(convention_version="0.9.0"))

    assert player.running.take(started.id, "a-worker") is None

    ended = player.get(started)
    assert (ended.status, ended.status_reason) == (Status.FAILED, "convention_changed")


def test_a_worker_that_was_given_up_on_can_write_nothing_any_more(player) -> None:
    started = player.start()
    old = player.take(started)
    player.rescue.lose(old.hold, fruitless=1, stale_seconds=-5)
    player.take(started)

    assert player.commit(old, Item.record("late")).value == "lost"
    assert player.running.complete(old) is None
    assert player.running.stop(old) is None
    assert player.running.fail(old, _FOR_GOOD) is None
    assert player.running.hand_over(old) is None

    after = player.get(started)
    assert (after.status, after.counts.seen, after.attempt) == (Status.RUNNING, 0, 2)


def test_of_a_take_and_a_cancel_at_once_one_is_first_and_the_other_sees_it(player, at_once) -> None:
    for _ in range(10):
        started = player.start()
        taken, canceled = at_once(
            [
                lambda s=started: player.running.take(s.id, "a-worker"),
                lambda s=started: player.cancel(s),
            ]
        )
        after = player.get(started)
        if canceled.status is Status.CANCELED:
            assert taken is None
            assert (after.status, after.attempts) == (Status.CANCELED, ())
        else:
            assert canceled.status is Status.CANCELING
            assert after.cancel.deadline_at is not None
            assert taken.hold.attempt == 1


@pytest.mark.parametrize(
    ("failures", "ends"),
    [(0, "completed"), (1, "some_items_failed"), (3, "all_items_failed")],
)
def test_items_that_failed_decide_how_it_ends(player, failures: int, ends: str) -> None:
    job = player.take(player.start())
    items = [Item.rejected(str(n), kind="odd", detail="no") for n in range(failures)]
    items += [Item.record(str(n)) for n in range(failures, 3)]
    player.commit(job, *items)

    ended = player.running.complete(job)

    assert ended.status_reason == ends
    assert ended.status is (Status.FAILED if failures else Status.SUCCEEDED)
    assert ended.result_completeness == {0: "complete", 1: "partial", 3: "none"}[failures]


def test_a_shorter_grace_moves_the_deadline_forward_and_a_longer_one_never_back(player) -> None:
    started = player.start()
    player.take(started)
    first = player.cancel(started).cancel
    ask = player.ingestions.cancel
    sooner = ask(player.principal, started.id, reason="now", grace_seconds=5).cancel
    later = ask(player.principal, started.id, reason="later", grace_seconds=500).cancel

    assert sooner.deadline_at < first.deadline_at
    assert later.deadline_at == sooner.deadline_at
    assert (later.reason, later.requested_at) == (first.reason, first.requested_at)


def test_asking_again_changes_nothing_but_a_deadline_that_comes_sooner(player) -> None:
    """What is unchanged is no news to whoever watches; what is changed is noted."""
    started = player.start()
    player.take(started)
    first = player.cancel(started)
    ask = player.ingestions.cancel
    again = ask(player.principal, started.id, reason="again", grace_seconds=500)
    assert again.version == first.version

    sooner = ask(player.principal, started.id, reason="now", grace_seconds=5)
    assert sooner.version != first.version
    noted = player.house.service.audit.page(
        player.principal, AuditQuery(ingestion_id=started.id), cursor=None, per_page=9
    )
    assert [(one.action, one.detail.get("grace_seconds")) for one in noted.items] == [
        ("cancel_ingestion", 5),
        ("cancel_ingestion", 60),
        ("start_ingestion", None),
    ]
