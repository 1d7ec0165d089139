"""How the service is, in words and in numbers, from both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from osa.server.model import Scope, Status
from osa.server.store import deletions, holds, sweeps
from osa.server.store.columns import micros, now
from osa.server.store.tables import ingestion, worker

_ZERO = {Status.QUEUED: 0, Status.RUNNING: 0, Status.CANCELING: 0}


def _beat(player, worker_id: str, *, slots: int) -> None:
    with player.house.database.write() as tx:
        holds.beat(tx, worker_id, slots=slots)


def _changed(player, one, **values) -> None:
    player.execute(update(ingestion).where(ingestion.c.id == one.id).values(**values))


def test_an_empty_service_has_nothing_late(player) -> None:
    found = player.house.service.status.measures()
    assert found.active == _ZERO
    assert set(found.ended_lately.values()) == {0}
    assert (found.stalled, found.cancels_overdue, found.workers_alive) == (0, 0, 0)
    assert (found.queue_oldest_seconds, found.heartbeat_oldest_seconds) == (0, 0)
    assert found.database_seconds > 0
    assert 0 < found.storage.free_bytes <= found.storage.total_bytes


def test_the_status_tells_what_is_active_and_who_works(player, stranger) -> None:
    held = player.start()
    player.take(held)
    first = player.start()
    player.start(who=stranger)
    player.cancel(player.start())
    _beat(player, "a-worker", slots=3)
    _beat(player, "a-dead-one", slots=5)
    longer = micros(2 * player.house.settings.stale_after_seconds)
    player.execute(
        update(worker).where(worker.c.id == "a-dead-one").values(heartbeat_at=now() - longer)
    )
    status = player.house.service.status()
    assert (status.queue.queued, status.queue.running, status.queue.canceling) == (2, 1, 0)
    assert status.queue.oldest_queued_at == first.queued_at
    assert [(one.id, one.slots, one.busy, one.alive) for one in status.workers] == [
        ("a-worker", 3, 1, True),
        ("a-dead-one", 5, 0, False),
    ]
    assert status.database.kind == ("sqlite" if player.house.database.is_sqlite else "postgresql")
    assert status.database.revision.isdecimal()
    assert abs(status.time - datetime.now(UTC)) < timedelta(minutes=1)
    found = player.house.service.status.measures()
    assert (found.workers_alive, found.slots, found.slots_busy) == (1, 3, 1)


def test_how_the_last_hour_ended_is_counted_over_all_tenants(player, stranger) -> None:
    tenants = [replace(stranger, tenant=f"tenant-{number}") for number in range(5)]
    for who in tenants:
        one = player.start(who=who)
        player.ingestions.cancel(who, one.id, reason=None, grace_seconds=1)
    done = player.start()
    player.running.complete(player.take(done))
    old = player.start()
    player.cancel(old)
    _changed(player, old, ended_at=now() - micros(2 * 3600))
    lately = player.house.service.status.measures().ended_lately
    assert lately == {Status.SUCCEEDED: 1, Status.FAILED: 0, Status.CANCELED: 5}


def test_what_was_deleted_is_not_counted_while_it_is_taken_away(player) -> None:
    kept, gone = player.done(), player.done()
    with player.house.database.write() as tx:
        assert deletions.hide(tx, player.principal.tenant, [gone.id]) == [gone.id]
    assert kept.status is Status.SUCCEEDED
    assert player.house.service.status.measures().ended_lately[Status.SUCCEEDED] == 1


def test_what_is_late_is_told(player) -> None:
    waits, backs_off, stalls, works, overdue = (player.start() for _ in range(5))
    for one in (stalls, works, overdue):
        player.take(one)
    player.cancel(overdue)
    _changed(player, waits, queued_at=now() - micros(500))
    # It waits for its source, not for a worker.
    _changed(player, backs_off, queued_at=now() - micros(900), not_before=now() + micros(60))
    _changed(player, stalls, advanced_at=now() - micros(120))
    _changed(player, works, heartbeat_at=now() - micros(1.5))
    _changed(player, overdue, cancel_deadline_at=now() - micros(10))
    found = player.house.service.status.measures()
    assert found.active == {Status.QUEUED: 2, Status.RUNNING: 2, Status.CANCELING: 1}
    assert 500 <= found.queue_oldest_seconds < 900
    assert (found.stalled, found.cancels_overdue) == (1, 1)
    assert 1.5 <= found.heartbeat_oldest_seconds < 60


def test_a_silent_worker_is_lost_not_stalled(player) -> None:
    one = player.start()
    player.take(one)
    _changed(player, one, advanced_at=now() - micros(900), heartbeat_at=now() - micros(900))
    found = player.house.service.status.measures()
    assert (found.stalled, found.heartbeat_oldest_seconds >= 900) == (0, True)


def test_a_caller_is_told_who_it_is_by_the_clock_of_the_database(player) -> None:
    tokens = player.house.service.tokens
    ends = datetime(2099, 1, 1, tzinfo=UTC)
    _, secret = tokens.create(tenant="north", name="n", scopes=[Scope.READ], expires_at=ends)
    principal = tokens.authenticate(secret, request_id="r")
    assert principal.request_id == "r"
    caller = player.house.service.status.caller(replace(principal, tenant="south"))
    assert (caller.token_name, caller.tenant, caller.home_tenant) == ("n", "south", "north")
    assert (caller.scopes, caller.expires_at) == ({Scope.READ}, ends)
    with player.house.database.read() as tx:
        assert abs(sweeps.clock(tx) - caller.server_time) < timedelta(seconds=30)
