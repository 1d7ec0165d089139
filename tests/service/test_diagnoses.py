"""Why an ingestion is where it is, since when, who is in its way, and the command that helps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from osa.conventions import Item
from osa.conventions.authoring import Progress as Report
from osa.server.errors import IngestionNotFound
from osa.server.model import Fault, Ingestion, OnConflict, RetryRequest, RetryScope, Status
from osa.server.service.diagnoses import Diagnoses
from osa.server.store import holds, queue
from osa.server.store.line import Limits
from osa.server.store.tables import ingestion as table
from osa.server.store.tables import worker

_BAD = Item.rejected("bad", kind="odd", detail="no")
_AWAY = Fault(
    kind="away",
    detail="The source does not answer",
    origin="source",
    retryable=True,
    hint="Look whether it is up.",
)


def _explained(player, ingestion: Ingestion, *, who=None):
    return player.house.service.diagnoses.explain(who or player.principal, ingestion.id)


def _limited(player, limits: Limits) -> Diagnoses:
    return Diagnoses(player.house.database, player.reading, limits=limits, stale_seconds=30)


def _alive(player, name: str = "a-worker", *, slots: int = 2) -> None:
    with player.house.database.write() as tx:
        holds.beat(tx, name, slots=slots)


def _change(player, ingestion: Ingestion, **values: Any) -> None:
    player.execute(update(table).where(table.c.id == ingestion.id).values(**values))


def _ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def test_it_is_of_one_moment_and_another_tenants_is_not_there(player, stranger) -> None:
    started = player.start()
    found = _explained(player, started)
    assert (found.ingestion_id, found.status) == (started.id, Status.QUEUED)
    assert found.checked_at >= started.created_at
    assert found.poll_after_seconds == 1
    with pytest.raises(IngestionNotFound):
        _explained(player, started, who=stranger)


def test_a_queued_one_where_nobody_works_says_so_and_how_to_start_a_worker(player) -> None:
    started = player.start()
    found = _explained(player, started)
    assert (found.code, found.since, found.queue_position) == ("no_workers", started.queued_at, 0)
    assert "`osa worker`" in found.action

    # The last one went since.
    gone = _ago(100)
    player.execute(
        insert(worker).values(id="gone", slots=2, started_at=_ago(200), heartbeat_at=gone)
    )
    _change(player, started, queued_at=_ago(150))
    found = _explained(player, started)
    assert (found.code, found.since) == ("no_workers", gone)
    assert f"{gone:%H:%M:%S}" in found.text


def test_one_that_is_in_line_tells_its_place_and_what_all_slots_do(player) -> None:
    _alive(player, slots=1)
    first = player.start()
    found = _explained(player, first)
    assert (found.code, found.queue_position, found.action) == ("waiting_for_worker", 0, None)
    assert "next in line" in found.text

    player.take(first)
    player.start()
    last = player.start()
    found = _explained(player, last)
    assert (found.code, found.queue_position) == ("waiting_for_worker", 1)
    assert found.since == last.queued_at
    assert "1 is taken before it. 1 worker with 1 slot is alive, and 1 ingestion is running." in (
        found.text
    )
    assert "`--slots`" in found.action


def test_one_behind_an_exclusive_convention_names_who_holds_it(player, stranger) -> None:
    _alive(player)
    theirs = player.start("test-harvester", who=stranger)
    player.take(theirs)
    holder = player.start("test-harvester")
    player.take(holder)
    waits = player.start("test-harvester", on_conflict=OnConflict.QUEUE)
    found = _explained(player, waits)
    assert (found.code, found.blocked_by) == ("waiting_for_convention", holder.id)
    assert "test-harvester" in found.text
    assert f"`osa ingestion cancel {holder.id}`" in found.action

    player.ingestions.cancel(player.principal, holder.id, reason=None, grace_seconds=0, force=True)
    found = _explained(player, waits)
    assert (found.code, found.blocked_by) == ("waiting_for_worker", None)


def test_one_behind_a_concurrency_key_names_who_holds_it(player) -> None:
    _alive(player)
    holder = player.start(concurrency_key="site-a")
    player.take(holder)
    waits = player.start(concurrency_key="site-a", on_conflict=OnConflict.QUEUE)
    found = _explained(player, waits)
    assert (found.code, found.blocked_by) == ("waiting_for_concurrency_key", holder.id)
    assert "'site-a'" in found.text
    free = player.start(concurrency_key="site-b")
    assert _explained(player, free).code == "waiting_for_worker"


def test_one_behind_a_limit_says_which_and_who_may_raise_it(player, stranger) -> None:
    _alive(player)
    player.take(player.start())
    player.take(player.start(who=stranger))
    waits = player.start()

    found = _limited(player, Limits(per_tenant=1)).explain(player.principal, waits.id)
    assert found.code == "waiting_for_tenant_limit"
    assert "OSA_MAX_RUNNING_PER_TENANT" in found.action
    assert "1 ingestion of the tenant default is running, and no more than 1 may." in found.text

    # A convention's limit is for all tenants together.
    by_convention = _limited(player, Limits(per_convention={"test-counter": 2}))
    found = by_convention.explain(player.principal, waits.id)
    assert found.code == "waiting_for_convention_limit"
    assert "OSA_MAX_RUNNING_PER_CONVENTION" in found.action
    assert "2 ingestions of test-counter are running" in found.text

    for roomy in (Limits(per_tenant=2), Limits(per_convention={"test-counter": 3, "other": 1})):
        assert _limited(player, roomy).explain(player.principal, waits.id).code == (
            "waiting_for_worker"
        )


def test_one_that_backs_off_tells_the_last_error_and_when_it_is_tried_again(player) -> None:
    _alive(player)
    job = player.take(player.start())
    player.running.fail(job, _AWAY)
    due = datetime.now(UTC) + timedelta(seconds=90)
    _change(player, job.ingestion, not_before=due)
    found = _explained(player, job.ingestion)
    assert found.code == "backing_off"
    assert "Attempt 1 failed: The source does not answer." in found.text
    assert f"{due:%H:%M:%S} UTC" in found.text
    assert found.action == "Look whether it is up."
    assert found.since == player.get(job.ingestion).queued_at

    player.execute(update(worker).values(heartbeat_at=_ago(1_000)))
    found = _explained(player, job.ingestion)
    assert found.code == "backing_off"
    assert "`osa worker`" in found.action

    _alive(player)
    _change(player, job.ingestion, not_before=_ago(1))
    assert _explained(player, job.ingestion).code == "waiting_for_worker"


def test_one_that_runs_tells_how_far_it_is_how_fast_and_when_it_is_done(player) -> None:
    job = player.take(player.start())
    found = _explained(player, job.ingestion)
    assert (found.code, found.action, found.queue_position) == ("working", None, None)
    assert found.since == player.get(job.ingestion).attempts[-1].started_at
    assert "a-worker is working on it, in attempt 1. 0 items so far." in found.text

    player.running.show(job, Report(phase="reading", unit="files", completed=1_200, total=4_000))
    _change(
        player,
        job.ingestion,
        rate_per_second=10.0,
        deadline_at=datetime.now(UTC) + timedelta(seconds=30),
    )
    found = _explained(player, job.ingestion)
    assert "1,200 of 4,000 files, 30 %, 10 a second, done in about 4 minutes." in found.text
    assert "It says: reading." in found.text
    assert "which is too early" in found.text


def test_one_that_stands_still_says_since_when(player) -> None:
    job = player.take(player.start())
    since = _ago(300)
    _change(player, job.ingestion, advanced_at=since)
    found = _explained(player, job.ingestion)
    assert (found.code, found.since) == ("stalled", since)
    assert "nothing has advanced for 5 minutes" in found.text
    assert f"`osa ingestion logs {job.ingestion.id}`" in found.action


def test_one_whose_worker_is_silent_says_when_it_is_given_up_on(player) -> None:
    job = player.take(player.start())
    _change(player, job.ingestion, heartbeat_at=_ago(2))
    assert _explained(player, job.ingestion).code == "working"

    since = _ago(10)
    _change(player, job.ingestion, heartbeat_at=since, advanced_at=_ago(300))
    found = _explained(player, job.ingestion)
    assert (found.code, found.since) == ("worker_silent", since)
    over = since + timedelta(seconds=player.house.settings.stale_after_seconds)
    assert f"{over:%H:%M:%S} UTC" in found.text

    # A worker that lives is not silent, however long the row is locked.
    _alive(player)
    _change(player, job.ingestion, heartbeat_at=since, advanced_at=_ago(1))
    assert _explained(player, job.ingestion).code == "working"


def test_a_canceling_one_tells_who_asked_why_until_when_and_how_to_force_it(player) -> None:
    job = player.take(player.start())
    asked = player.ingestions.cancel(
        player.principal, job.ingestion.id, reason="wrong year", grace_seconds=60
    )
    found = _explained(player, job.ingestion)
    assert (found.code, found.since) == ("canceling", asked.cancel.requested_at)
    assert "tester asked it to stop" in found.text
    assert "wrong year." in found.text
    assert f"{asked.cancel.deadline_at:%H:%M:%S} UTC" in found.text
    assert found.action.startswith(f"`osa ingestion cancel {job.ingestion.id} --force`")


def test_one_that_succeeded_tells_what_became_of_its_items(player) -> None:
    ended = player.done(Item.record("a"), Item.record("b"))
    found = _explained(player, ended)
    assert (found.code, found.since, found.action) == ("succeeded", ended.ended_at, None)
    assert (found.poll_after_seconds, found.queue_position) == (None, None)
    assert "2 items in" in found.text
    assert "2 created" in found.text
    assert "no items" in _explained(player, player.done()).text


def test_bad_items_that_were_allowed_are_told_of(player) -> None:
    ended = player.done(Item.record("a"), _BAD, max_failed_items=5)
    found = _explained(player, ended)
    assert found.code == "succeeded_with_failures"
    assert "1 item was bad, and 5 may be." in found.text
    assert "The reason is odd." in found.text
    assert found.action == (
        f"`osa ingestion retry {ended.id} --scope failed_items` tries the bad items again."
    )


def test_a_failed_one_tells_the_error_and_the_most_frequent_faults_of_its_items(
    player, monkeypatch
) -> None:
    kinds = {"often": 5, "sometimes": 3, "seldom": 2, "once": 1}
    items = [
        Item.failed(f"{kind} {n}", kind=kind, detail="no")
        if kind == "seldom"
        else Item.rejected(f"{kind} {n}", kind=kind, detail="no")
        for kind, times in kinds.items()
        for n in range(times)
    ]
    ended = player.done(Item.record("good"), *items)
    found = _explained(player, ended)
    assert (found.code, found.since) == ("failed", ended.ended_at)
    assert "11 of 12 items were rejected or failed" in found.text
    assert "The most frequent reasons are often (5), sometimes (3), seldom (2)." in found.text
    assert found.action == (
        f"`osa ingestion retry {ended.id} --scope failed_items` tries the bad items again."
    )

    monkeypatch.setattr(queue, "_ITEMS_AT_MOST", 4)
    assert "among the 6 bad items that were looked at" in _explained(player, ended).text


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("source", "--scope remaining"),
        ("worker_lost", "--scope remaining"),
        ("convention_changed", "--scope all"),
        ("config", "--param"),
    ],
)
def test_the_command_that_helps_fits_the_reason(player, reason, says) -> None:
    job = player.take(player.start())
    fault = replace(_AWAY, retryable=False)
    player.running.fail(job, fault, reason=reason)
    found = _explained(player, job.ingestion)
    assert found.code == "failed"
    assert found.text == "The source does not answer."
    assert found.action.startswith("Look whether it is up. `osa ingestion retry")
    assert says in found.action


def test_one_that_was_retried_tells_by_whom_and_how_that_one_is(player) -> None:
    ended = player.done(_BAD)
    retry = player.house.service.retries.retry(
        player.principal, ended.id, RetryRequest(scope=RetryScope.ALL), idempotency_key=None
    ).ingestion
    found = _explained(player, ended)
    assert (found.code, found.since) == ("retried", retry.created_at)
    assert f"tester retried it as {retry.id}, which is queued now." in found.text
    assert "1 of 1 items were rejected or failed" in found.text
    assert f"`osa ingestion watch {retry.id}`" in found.action

    player.running.fail(player.take(retry), replace(_AWAY, retryable=False))
    assert f"`osa ingestion explain {retry.id}`" in _explained(player, ended).action

    # When the retry is deleted, the first one stands for itself again.
    player.house.service.deletions.delete(player.principal, retry.id)
    assert _explained(player, ended).code == "failed"


def test_a_canceled_one_tells_by_whom_why_and_what_stays(player) -> None:
    job = player.take(player.start())
    player.commit(job, Item.record("a"))
    player.ingestions.cancel(
        player.principal, job.ingestion.id, reason="wrong year!", grace_seconds=60
    )
    player.running.stop(job, overdue=True)
    found = _explained(player, job.ingestion)
    assert found.code == "canceled"
    assert "tester canceled it" in found.text
    assert "The reason: wrong year!" in found.text
    assert "cut off" in found.text
    assert "1 item had been published, and stays." in found.text
    assert "--scope remaining" in found.action

    in_line = player.start()
    player.cancel(in_line)
    assert "No worker had taken it." in _explained(player, in_line).text

    forced = player.take(player.start()).ingestion
    player.ingestions.cancel(player.principal, forced.id, reason=None, grace_seconds=0, force=True)
    assert "by force" in _explained(player, forced).text


def test_what_others_wrote_is_cut_and_everything_fits_the_contract(player) -> None:
    job = player.take(player.start())
    player.commit(job, *(Item.rejected(str(n), kind="k" * 60, detail="x") for n in range(3)))
    fault = Fault(kind="long", detail="word " * 2_000, origin="source", hint="y" * 5_000)
    player.running.fail(job, fault)
    found = _explained(player, job.ingestion)
    assert len(found.text) <= 4_000
    assert len(found.action) <= 1_000
    assert "k" * 60 in found.text
    # However long a hint is, the command is there.
    assert "--scope remaining" in found.action
    with player.house.database.read() as tx:
        # Looking changes nothing.
        assert (
            tx.execute(select(table.c.last_event)).scalar_one()
            == player.get(job.ingestion).last_event
        )
