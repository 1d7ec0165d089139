"""Every transition of the contract, for every reason it may have, is made by somebody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from osa.conventions import Item
from osa.server.model import TRANSITIONS, Fault, Ingestion, Transition
from osa.server.service.jobs import Job
from osa.server.store.tables import ingestion

Make = Callable[..., Ingestion]
_PAST = datetime.now(UTC) - timedelta(hours=1)


def _set(player, one: Ingestion, **values) -> None:
    player.execute(update(ingestion).where(ingestion.c.id == one.id).values(**values))


def _begin(player, **request) -> Job:
    return player.take(player.start(**request))


def _canceling(player) -> Job:
    job = _begin(player)
    player.cancel(job.ingestion)
    return job


def _failed(player, origin: str, **request) -> Ingestion:
    fault = Fault(kind="broken", detail="It is broken.", origin=origin)
    job = _begin(player, **request)
    player.running.fail(job, fault)
    return job.ingestion


def _bad(player, *items: Item) -> Ingestion:
    job = _begin(player)
    player.commit(job, *items)
    player.running.complete(job)
    return job.ingestion


def _force(player, job: Job) -> Ingestion:
    player.ingestions.cancel(
        player.principal, job.ingestion.id, reason=None, grace_seconds=0, force=True
    )
    return job.ingestion


def _then(act: Callable[..., object], bring: Callable[..., Job] = _begin) -> Make:
    def make(player) -> Ingestion:
        job = bring(player)
        act(player, job)
        return job.ingestion

    return make


def _expired(player, one: Ingestion) -> Ingestion:
    _set(player, one, deadline_at=_PAST)
    player.house.sweeper.sweep()
    return one


def _of_another_major_version(player) -> Ingestion:
    started = player.start()
    _set(player, started, convention_version="0.9.0")
    assert player.running.take(started.id, "a-worker") is None
    return started


def _past_its_grace(player) -> Ingestion:
    job = _canceling(player)
    _set(player, job.ingestion, cancel_deadline_at=_PAST)
    player.rescue.overdue(job.hold)
    return job.ingestion


_REJECTED = Item.rejected("bad", kind="odd", detail="It is odd.")
_AWAY = Fault(kind="away", detail="It is away.", origin="source", retryable=True)

PRODUCERS: Mapping[tuple[str, str], Make] = {
    ("accept", "waiting_for_slot"): lambda player: player.start(),
    ("take", "running"): lambda player: _begin(player).ingestion,
    ("requeue", "backing_off"): _then(lambda player, job: player.running.fail(job, _AWAY)),
    ("requeue", "handed_over"): _then(lambda player, job: player.running.hand_over(job)),
    ("requeue", "worker_lost"): _then(
        lambda player, job: player.rescue.lose(job.hold, fruitless=1, stale_seconds=-5)
    ),
    ("succeed", "completed"): _then(lambda player, job: player.running.complete(job)),
    ("fail", "some_items_failed"): lambda player: _bad(player, _REJECTED, Item.record("good")),
    ("fail", "all_items_failed"): lambda player: _bad(player, _REJECTED),
    ("fail", "source"): lambda player: _failed(player, "source"),
    ("fail", "config"): lambda player: _failed(player, "user"),
    ("fail", "storage"): lambda player: _failed(player, "storage"),
    ("fail", "convention"): lambda player: _failed(player, "convention"),
    ("fail", "internal"): lambda player: _failed(player, "platform"),
    ("fail", "convention_changed"): _of_another_major_version,
    ("fail", "worker_lost"): _then(
        lambda player, job: player.rescue.lose(job.hold, fruitless=99, stale_seconds=-5)
    ),
    ("fail", "deadline_exceeded"): lambda player: _expired(player, _begin(player).ingestion),
    ("expire", "deadline_exceeded"): lambda player: _expired(player, player.start()),
    ("drop", "requested"): lambda player: player.cancel(player.start()),
    ("ask_to_stop", "canceling"): lambda player: _canceling(player).ingestion,
    ("stop", "requested"): _then(lambda player, job: player.running.stop(job), _canceling),
    ("stop", "cancel_deadline"): _past_its_grace,
    ("stop", "forced"): lambda player: _force(player, _canceling(player)),
    ("abort", "forced"): lambda player: _force(player, _begin(player)),
    ("finish_late", "too_late_to_cancel"): _then(
        lambda player, job: player.running.complete(job), _canceling
    ),
}
EVERY = [(one, reason) for one in TRANSITIONS for reason in sorted(one.reasons)]


def test_nobody_makes_what_the_contract_does_not_know() -> None:
    assert PRODUCERS.keys() <= {(transition.name, reason) for transition, reason in EVERY}


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("transition", "reason"), EVERY, ids=[f"{t.name}-{reason}" for t, reason in EVERY]
)
def test_each_transition_is_made_and_told(player, transition: Transition, reason: str) -> None:
    made = PRODUCERS[transition.name, reason](player)
    now = player.get(made)
    assert (now.status, now.status_reason) == (transition.target, reason)
    page = player.reading.events(player.principal, made.id, after=0, per_page=200)
    events = page.items
    told = events[-1]
    assert (told.type, told.data["status"], told.data["status_reason"]) == (
        transition.event,
        transition.target,
        reason,
    )
    assert told.data["done"] is transition.target.done is now.done
    before = [event.data["status"] for event in events[:-1] if event.type != "batch_committed"]
    assert (before[-1] if before else None) == transition.source
    assert [event.number for event in events] == list(range(1, len(events) + 1))


def test_what_has_ended_has_no_way_out() -> None:
    assert not [one for one in TRANSITIONS if one.source is not None and one.source.done]
