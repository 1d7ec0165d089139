"""Who is taken before whom, as it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from osa.server.model import Fault, Status
from osa.server.store import queue
from osa.server.store.tables import ingestion as table

_PASSING = Fault(kind="away", detail="It is away.", origin="source", retryable=True)


def _positions(player, *started) -> list[int | None]:
    return [player.get(one).queue_position for one in started]


def test_positions_follow_priority_and_then_the_order_of_queueing(player) -> None:
    late, low, first, high = (player.start(priority=priority) for priority in (0, -5, 0, 7))
    player.execute(
        update(table)
        .where(table.c.id == late.id)
        .values(queued_at=datetime.now(UTC) + timedelta(seconds=60))
    )
    assert _positions(player, high, first, late, low) == [0, 1, 2, 3]
    order = []
    while (job := player.running.take(None, "a-worker")) is not None:
        order.append(job.ingestion.id)
    assert order == [high.id, first.id, late.id, low.id]


def test_of_two_of_one_moment_the_id_decides(player) -> None:
    some = [player.start() for _ in range(4)]
    player.execute(update(table).values(queued_at=datetime(2026, 1, 1, tzinfo=UTC)))
    assert _positions(player, *sorted(some, key=lambda one: one.id)) == [0, 1, 2, 3]


def test_a_start_tells_its_place_and_others_tenants_count(player, stranger) -> None:
    assert player.start().queue_position == 0
    player.start(who=stranger)
    assert player.start().queue_position == 2


def test_what_backs_off_is_before_nobody_and_what_is_held_or_done_has_no_place(player) -> None:
    waits, running, canceled = player.start(), player.start(), player.start()
    last = player.start()
    job = player.take(waits)
    player.running.fail(job, _PASSING)
    player.execute(
        update(table)
        .where(table.c.id == waits.id)
        .values(
            not_before=datetime.now(UTC) + timedelta(hours=1),
            queued_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
    )
    player.take(running)
    player.cancel(canceled)
    assert _positions(player, waits, running, canceled, last) == [0, None, None, 0]
    assert player.get(waits).status is Status.QUEUED


def test_positions_are_not_counted_for_ever(player, monkeypatch) -> None:
    monkeypatch.setattr(queue, "COUNTED_AT_MOST", 2)
    some = [player.start() for _ in range(4)]
    assert _positions(player, *some) == [0, 1, 2, 2]
