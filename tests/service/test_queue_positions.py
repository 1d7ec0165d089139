"""Who is taken before whom, as it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, update

from osa.server.model import Fault, Status
from osa.server.store import queue
from osa.server.store.line import Limits
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


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_look_at_the_queue_reads_small_indexes_alone(player) -> None:
    """However many have ended: the statements are spelled as the partial indexes are."""
    waits = player.start()
    engine, asked = player.house.database.engine, []

    def note(connection, cursor, statement, parameters, context, many) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    with player.house.database.read() as tx:
        queue.position(tx, waits)
        queue.crew(tx, within_seconds=30)
        limits = Limits(per_tenant=1, per_convention={"test-counter": 1})
        queue.obstacles(tx, waits, limits)
    event.remove(engine, "before_cursor_execute", note)
    with player.house.database.read() as tx:
        plans = [
            tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            for statement, parameters in asked
        ]
    steps = [step[-1] for plan in plans for step in plan if " ingestion" in step[-1]]
    assert len(steps) == 6, steps
    used = {step.partition("INDEX ")[2].split()[0] for step in steps}
    assert used <= {
        "ix_ingestion_waiting",
        "ix_ingestion_held",
        "ix_ingestion_tenant_status",
        "uq_ingestion_exclusive_held",
        "uq_ingestion_concurrency_held",
    }, steps
    assert "ix_ingestion_waiting" in used
