"""Who may run beside whom: exclusive conventions, concurrency keys, priority and limits."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select, update

from osa.server.bootstrap import House
from osa.server.errors import ExternalIdTaken, IngestionAlreadyRunning
from osa.server.model import Fault, Ingestion, IngestionQuery, OnConflict, StartRequest, Status
from osa.server.service.acceptance import Started
from osa.server.store.line import Limits
from osa.server.store.tables import audit, ingestion

_EXCLUSIVE = "test-harvester"


def _first(player) -> Ingestion:
    """The one that is taken when anybody looks."""
    job = player.running.take(None, "a-worker")
    assert job is not None
    return job.ingestion


def _limit(player, **limits) -> None:
    policy = replace(player.running._policy, limits=Limits(**limits))
    player.running._policy = policy


def _start(player, **request) -> Started:
    key = request.pop("key", None)
    body = StartRequest(**{"convention_id": "test-counter", **request})
    return player.ingestions.start(player.principal, body, idempotency_key=key)


@pytest.mark.parametrize("what", [{"convention_id": _EXCLUSIVE}, {"concurrency_key": "site"}])
def test_a_second_start_is_refused_and_named_the_first(player, what) -> None:
    first = _start(player, **what).ingestion
    with pytest.raises(IngestionAlreadyRunning) as refused:
        _start(player, **what)
    assert refused.value.context["ingestion_id"] == first.id
    assert refused.value.context.get("concurrency_key") == what.get("concurrency_key")
    player.running.complete(player.take(first))
    assert not _start(player, **what).attached


def test_a_key_holds_across_conventions_and_not_across_tenants(player, stranger) -> None:
    _start(player, concurrency_key="site")
    with pytest.raises(IngestionAlreadyRunning):
        _start(player, convention_id=_EXCLUSIVE, concurrency_key="site")
    player.start(who=stranger, concurrency_key="site")
    # A convention's name is no key of a caller's.
    _start(player, concurrency_key=_EXCLUSIVE)
    _start(player, convention_id=_EXCLUSIVE)


@pytest.mark.parametrize("what", [{"convention_id": _EXCLUSIVE}, {"concurrency_key": "site"}])
def test_attach_answers_the_one_that_is_active(player, what) -> None:
    first = _start(player, **what).ingestion
    attach = {**what, "on_conflict": OnConflict.ATTACH}
    second = _start(player, **attach, key="k")
    assert (second.attached, second.ingestion.id) == (True, first.id)
    again = _start(player, **attach, key="k")
    assert (again.replayed, again.attached, again.ingestion.id) == (True, False, first.id)
    player.cancel(first)
    assert _start(player, **attach).ingestion.id != first.id
    with player.house.database.read() as tx:
        told = tx.execute(select(audit.c.detail).where(audit.c.ingestion_id == first.id)).scalars()
        assert [detail.get("attached", False) for detail in told].count(True) == 1


def test_attach_does_not_hide_that_the_external_id_is_taken(player) -> None:
    _start(player, concurrency_key="site", external_id="x")
    with pytest.raises(ExternalIdTaken):
        _start(player, concurrency_key="site", external_id="x", on_conflict=OnConflict.ATTACH)


@pytest.mark.parametrize("what", [{"convention_id": _EXCLUSIVE}, {"concurrency_key": "site"}])
def test_those_that_queue_run_one_after_the_other(player, what) -> None:
    waiting = [_start(player, **what, on_conflict=OnConflict.QUEUE).ingestion for _ in range(3)]
    with pytest.raises(IngestionAlreadyRunning):
        _start(player, **what)
    for one in waiting:
        job = player.running.take(None, "a-worker")
        assert job.ingestion.id == one.id
        assert player.running.take(None, "a-worker") is None
        assert all(player.running.take(other.id, "a-worker") is None for other in waiting)
        player.running.complete(job)
    assert not _start(player, **what).attached


def test_one_that_backs_off_lets_those_behind_it_pass(player) -> None:
    first, second = (
        _start(player, concurrency_key="site", on_conflict=OnConflict.QUEUE).ingestion
        for _ in range(2)
    )
    job = player.take(first)
    away = Fault(kind="away", detail="It is away.", origin="source", retryable=True)
    assert player.running.fail(job, away).status is Status.QUEUED
    player.execute(update(ingestion).where(ingestion.c.id == first.id).values(not_before=None))
    player.take(second)
    assert player.running.take(first.id, "a-worker") is None


def test_of_many_starts_at_once_one_gets_the_key(player, at_once) -> None:
    starts = [partial(_start, player, concurrency_key="site") for _ in range(16)]
    answers = at_once(starts)
    assert Counter(type(answer) for answer in answers) == {Started: 1, IngestionAlreadyRunning: 15}


def test_of_many_that_attach_at_once_all_get_the_same(player, at_once) -> None:
    attach = partial(_start, player, concurrency_key="site", on_conflict=OnConflict.ATTACH)
    answers = at_once([attach] * 16)
    assert all(isinstance(answer, Started) for answer in answers), answers
    assert len({answer.ingestion.id for answer in answers}) == 1
    assert [answer.attached for answer in answers].count(False) == 1


def test_of_many_takes_at_once_one_gets_the_key(player, at_once) -> None:
    for _ in range(8):
        _start(player, concurrency_key="site", on_conflict=OnConflict.QUEUE)
    first = player.reading.list(
        player.principal, IngestionQuery(ascending=True), cursor=None, per_page=1
    ).items[0]
    jobs = at_once([partial(player.running.take, None, f"w{n}") for n in range(8)])
    assert not [job for job in jobs if isinstance(job, Exception)], jobs
    assert [job.ingestion.id for job in jobs if job is not None] == [first.id]


def test_a_higher_priority_is_taken_first_and_equals_in_turn(player) -> None:
    low, first, second, high = (player.start(priority=priority).id for priority in (-5, 0, 0, 100))
    assert [_first(player).id for _ in range(4)] == [high, first, second, low]


def test_limits_hold_for_each_tenant_and_each_convention(player, stranger) -> None:
    _limit(player, per_tenant=2, per_convention={"test-stubborn": 1})
    stubborn = {"convention_id": "test-stubborn", "parameters": {"marker": "m"}}
    player.start(**stubborn)
    player.start(**stubborn, who=stranger)
    for _ in range(3):
        player.start(who=stranger)
    taken = [_first(player) for _ in range(3)]
    assert Counter((one.tenant, one.convention_id) for one in taken) == {
        (player.principal.tenant, "test-stubborn"): 1,
        (stranger.tenant, "test-counter"): 2,
    }
    assert player.running.take(None, "a-worker") is None


def test_a_place_is_free_again_however_it_was_left(player) -> None:
    _limit(player, per_tenant=1)
    endings = [
        player.running.complete,
        player.running.hand_over,
        lambda job: player.running.fail(job, Fault(kind="k", detail="d", origin="source")),
        lambda job: player.ingestions.cancel(
            player.principal, job.ingestion.id, reason=None, grace_seconds=0, force=True
        ),
        lambda job: player.rescue.lose(job.hold, fruitless=99, stale_seconds=-5),
    ]
    for leave in endings:
        player.start()
        job = player.running.take(None, "a-worker")
        player.start()
        assert player.running.take(None, "a-worker") is None
        leave(job)
        while (job := player.running.take(None, "a-worker")) is not None:
            player.running.complete(job)
    with player.house.database.read() as tx:
        left = tx.execute(select(ingestion.c.tenant_place, ingestion.c.status)).all()
    assert {row.status for row in left} <= {"succeeded", "failed", "canceled"}
    assert {row.tenant_place for row in left} == {None}


def test_of_many_takes_at_once_no_more_than_the_limit_are_held(player, at_once) -> None:
    _limit(player, per_tenant=3, per_convention={"test-counter": 5})
    for _ in range(12):
        player.start()
    jobs = at_once([partial(player.running.take, None, f"w{n}") for n in range(12)])
    assert not [job for job in jobs if isinstance(job, Exception)], jobs
    # Some find the same place taken again and again, and come back later; never one too many.
    held = [job for job in jobs if job is not None]
    assert 1 <= len(held) <= 3
    while player.running.take(None, "later") is not None:
        held.append(None)
    assert len(held) == 3


def test_the_sweeper_tells_nobody_of_what_cannot_be_taken(house: House, player) -> None:
    first = _start(player, concurrency_key="site", on_conflict=OnConflict.QUEUE).ingestion
    second = _start(player, concurrency_key="site", on_conflict=OnConflict.QUEUE).ingestion
    player.take(first)
    player.execute(update(ingestion).values(dispatched_at=None))
    house.sweeper.sweep()
    assert _dispatch(player, second) == 1
    player.ingestions.cancel(player.principal, first.id, reason=None, grace_seconds=0, force=True)
    house.sweeper.sweep()
    assert _dispatch(player, second) == 2


def _dispatch(player, one: Ingestion) -> int:
    with player.house.database.read() as tx:
        return tx.execute(select(ingestion.c.dispatch).where(ingestion.c.id == one.id)).scalar_one()


def test_what_cannot_run_any_more_does_not_keep_the_next_waiting(player) -> None:
    old = player.start()
    player.execute(
        update(ingestion).where(ingestion.c.id == old.id).values(convention_version="0.9.0")
    )
    next_one = player.start()
    assert _first(player).id == next_one.id
    assert player.get(old).status_reason == "convention_changed"
