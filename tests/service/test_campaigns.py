"""Campaigns: what their callers, the worker and the sweeper may count on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from osa_testing.campaigns import Director, child
from osa_testing.waiting import until
from sqlalchemy import Connection, Row, delete, func, select, update

from osa.conventions import Item, Reached, Start
from osa.server.bootstrap import House
from osa.server.errors import (
    CampaignEnded,
    CampaignExists,
    CampaignNotFound,
    CampaignPositionStale,
    CampaignStepActive,
    ConventionNotFound,
    InvalidParameters,
    InvalidSource,
    NothingToRetry,
)
from osa.server.model import (
    Action,
    AuditQuery,
    Campaign,
    CampaignMode,
    CampaignQuery,
    CampaignRequest,
    CampaignStatus,
    ChildCounts,
    IngestionQuery,
    Principal,
    Status,
    allowed_actions,
)
from osa.server.service.children import ChildRefused
from osa.server.service.jobs import Verdict
from osa.server.store import campaign_work, deletions
from osa.server.store.tables import audit, campaign, ingestion

#: Where one database is as good as the other.
ONE = ["sqlite"]


@pytest.fixture
def director(house: House, principal: Principal, tmp_path: Path) -> Director:
    folder = tmp_path / "attempt"
    folder.mkdir()
    return Director(house, principal, folder)


def _rows(house: House) -> int:
    with house.database.read() as tx:
        found = [
            tx.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (campaign, ingestion, audit)
        ]
    return sum(found)


# Where it is.


def _expected(row: dict[str, object], mode: str) -> tuple[str, str]:
    """In words, apart from the expression: what a reader of the contract expects."""
    step, active, bad = row["step_status"], row["queued"], row["failed"]
    idle = not active and step not in ("queued", "running", "canceling")
    if row["wanted"] == "stop":
        return ("canceled" if idle else "canceling"), "requested"
    nothing_left = row["next_position"] is None and row["requeue"] is None
    if idle and nothing_left and step in (None, "succeeded"):
        return ("failed", "some_children_failed") if bad else ("succeeded", "completed")
    if row["wanted"] == "pause":
        return "paused", "requested"
    if step in ("failed", "canceled"):
        return "paused", f"step_{step}"
    if step in ("queued", "running", "canceling"):
        return "running", "step_active"
    if active or row["requeue"]:
        return "running", "children_active"
    return "running", "between_steps" if mode == "server" else "waiting_for_advance"


def test_where_it_is_follows_from_its_row_and_the_list_agrees(director: Director) -> None:
    """All combinations; a filter finds exactly those that say so themselves."""
    kinds = {
        "wanted": ["run", "pause", "stop"],
        "step_status": [None, *map(str, Status)],
        "queued": [0, 1],
        "failed": [0, 1],
        "next_position": [None, 7],
        "requeue": [None, "failed"],
        "mode": ["server", "manual"],
    }
    rows = [dict(zip(kinds, values, strict=True)) for values in product(*kinds.values())]
    template = director.create("template", manual=True)
    with director.house.database.write() as tx:
        plain = dict(tx.execute(select(campaign)).one()._mapping)
        new = [
            {**plain, **row, "id": f"{n:06}", "campaign_id": f"c{n:06}"}
            for n, row in enumerate(rows)
        ]
        tx.execute(campaign.insert(), new)
        tx.execute(delete(campaign).where(campaign.c.id == template.key))
    told: dict[str, Campaign] = {}
    cursor = None
    while True:
        page = director.campaigns.list(
            director.principal, CampaignQuery(), cursor=cursor, per_page=200
        )
        told |= {one.campaign_id: one for one in page.items}
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(told) == len(rows)
    for n, row in enumerate(rows):
        one = told[f"c{n:06}"]
        assert (one.status.value, one.status_reason) == _expected(row, str(row["mode"])), row
        assert one.done == (one.status in ("succeeded", "failed", "canceled"))
        assert (one.ended_at is not None) == one.done == (one.poll_after_seconds is None)
    for status in CampaignStatus:
        found = set()
        cursor = None
        query = CampaignQuery(statuses=frozenset({status}))
        while True:
            page = director.campaigns.list(director.principal, query, cursor=cursor, per_page=200)
            found |= {one.campaign_id for one in page.items}
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == {id for id, one in told.items() if one.status is status}


def _campaign(status: CampaignStatus, *, next: int | None = 5, total: int | None = None, **n: int):
    counts = dict.fromkeys(map(str, Status), 0) | n
    then = datetime(2026, 1, 1, tzinfo=UTC)
    return Campaign(
        key="k",
        tenant="t",
        campaign_id="c",
        status=status,
        status_reason="",
        convention_id="x",
        convention_version="1.0.0",
        parameters={},
        name=None,
        mode=CampaignMode.SERVER,
        start_position=1,
        next_start_position=next,
        campaign_total_children=total,
        step_count=1,
        latest_step=None,
        children=ChildCounts(**counts),
        failures={},
        summary_token=None,
        created_by="me",
        created_at=then,
        updated_at=then,
        read_at=then + timedelta(hours=1),
    )


def test_percent_and_eta_are_of_the_expected_children() -> None:
    running, paused = CampaignStatus.RUNNING, CampaignStatus.PAUSED
    assert _campaign(running).percent is None
    assert _campaign(running, total=0).percent == 0.0
    half = _campaign(running, total=40, succeeded=18, failed=2)
    assert half.percent == 50.0
    assert half.eta == half.read_at + timedelta(hours=1)
    assert _campaign(paused, total=40, succeeded=20).eta is None
    assert _campaign(running, total=100, succeeded=4, queued=9).eta is None
    # There are more than were expected.
    assert _campaign(running, total=1, succeeded=3, queued=1).percent == 75.0
    # All were started: nothing else is expected, whatever was said before.
    assert _campaign(running, next=None, total=99, succeeded=1, queued=1).percent == 50.0
    assert _campaign(CampaignStatus.SUCCEEDED, next=None).percent == 100.0


def test_when_to_ask_again_depends_on_what_may_happen() -> None:
    asked = {status: _campaign(status).poll_after_seconds for status in CampaignStatus}
    assert asked == {
        CampaignStatus.RUNNING: 5,
        CampaignStatus.PAUSED: 15,
        CampaignStatus.CANCELING: 2,
        CampaignStatus.SUCCEEDED: None,
        CampaignStatus.FAILED: None,
        CampaignStatus.CANCELED: None,
    }
    assert _campaign(CampaignStatus.PAUSED, running=1).poll_after_seconds == 5


# Creating.


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_the_same_request_again_is_the_same_campaign_and_another_is_refused(
    director: Director,
) -> None:
    request = CampaignRequest(campaign_id="c", convention_id="test-counter", name="mine")
    first = director.campaigns.create(director.principal, request)
    again = director.campaigns.create(director.principal, request)
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.campaign.key, again.campaign.step_count) == (first.campaign.key, 1)
    for other in (
        replace(request, name=None),
        replace(request, start_position=2),
        replace(request, mode=CampaignMode.MANUAL),
        replace(request, parameters={"count": 1}),
    ):
        with pytest.raises(CampaignExists):
            director.campaigns.create(director.principal, other)
    assert director.get().step_count == 1


def test_of_two_that_create_it_at_once_one_does(director: Director, at_once) -> None:
    requests = [
        CampaignRequest(campaign_id="c", convention_id="test-counter", name=name)
        for name in ("a", "a", "b")
    ]
    told = at_once([lambda r=r: director.campaigns.create(director.principal, r) for r in requests])
    made = [one for one in told if not isinstance(one, Exception)]
    assert sum(not one.replayed for one in made) == 1
    assert all(isinstance(one, CampaignExists) for one in told if isinstance(one, Exception))
    assert director.get().step_count == 1
    with director.house.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(ingestion)).scalar_one() == 1


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_what_no_start_would_be_taken_with_leaves_nothing_behind(director: Director) -> None:
    before = _rows(director.house)
    for manual in (False, True):
        with pytest.raises(ConventionNotFound):
            director.create(manual=manual, convention_id="nope")
        with pytest.raises(InvalidParameters):
            director.create(manual=manual, parameters={"nope": 1})
        with pytest.raises(InvalidSource):
            director.create(manual=manual, convention_id="documents")
    assert _rows(director.house) == before


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_another_tenants_campaign_is_not_there(director: Director, stranger: Principal) -> None:
    director.create(parameters={"count": 3})
    theirs = replace(director.principal, tenant="elsewhere")
    for ask in (
        lambda: director.campaigns.get(theirs, "c"),
        lambda: director.campaigns.pause(theirs, "c"),
        lambda: director.campaigns.resume(theirs, "c"),
        lambda: director.campaigns.advance(theirs, "c", 1),
    ):
        with pytest.raises(CampaignNotFound):
            ask()
    page = director.campaigns.list(stranger, CampaignQuery(), cursor=None, per_page=5)
    assert not page.items
    # And its id is free there.
    assert director.create(who=stranger).parameters == {}
    assert director.get().parameters == {"count": 3}


# Step after step.


def test_step_after_step_until_there_is_no_more(director: Director) -> None:
    director.create()
    assert director.where() == ("running", "step_active")
    for number, positions in enumerate(([1, 2], [3, 4], [5]), 1):
        assert director.get().step_count == number
        job = director.step()
        assert job.step is not None
        assert (job.step.number, job.step.position) == (number, positions[0])
        assert job.step.memo.get("passed", []) == list(range(1, positions[0]))
        director.pass_by(job, positions, last=5)
        # Not before the step is done, and not before all of its children are.
        director.sweep()
        assert director.get().step_count == number
        director.running.complete(job)
        director.sweep()
        assert director.where() == ("running", "children_active")
        assert director.get().step_count == number
        assert director.finish() == len(positions)
        director.sweep()
    done = director.get()
    assert (done.status, done.status_reason) == (CampaignStatus.SUCCEEDED, "completed")
    assert (done.step_count, done.children.succeeded, done.percent) == (3, 5, 100.0)
    director.sweep()
    assert director.get().step_count == 3
    assert director.get().ended_at == done.ended_at


def test_two_that_sweep_at_once_begin_one_step(director: Director, archive, at_once) -> None:
    director.create()
    director.run_step([1], last=4)
    director.finish()
    with archive.house() as other:
        told = at_once([director.house.sweeper.sweep, other.sweeper.sweep] * 2)
    assert told == [None] * 4
    assert director.get().step_count == 2
    steps = [one for one in _all(director) if one.is_step]
    assert [one.campaign_step for one in steps] == [1, 2]


def _all(director: Director, **query: object):
    asked = IngestionQuery(ascending=True, **{"campaign_id": "c", **query})
    found = []
    cursor = None
    while True:
        page = director.house.service.reading.list(
            director.principal, asked, cursor=cursor, per_page=3
        )
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_a_step_that_says_nothing_of_how_far_it_is_is_the_last(director: Director) -> None:
    director.create()
    job = director.step()
    director.commit(job, child("a"))
    director.running.complete(job)
    assert director.get().next_start_position is None
    director.finish()
    director.sweep()
    assert director.where() == ("succeeded", "completed")


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_a_campaign_never_goes_back(director: Director) -> None:
    """It would go round for ever."""
    director.create(start_position=5)
    job = director.step()
    for wrong in (Reached(next_position=4), Reached(next_position=6, total_children=-1)):
        with pytest.raises(ValueError, match=r"would begin at 4|-1 children"):
            director.commit(job, child("a"), reached=wrong)
    assert not director.children()
    assert director.get().next_start_position == 5


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_items_that_are_rejected_do_not_stop_a_campaign(director: Director) -> None:
    director.create()
    job = director.step()
    bad = [Item.rejected(str(n), kind="odd", detail="It is odd.") for n in range(2)]
    director.commit(job, *bad, reached=Reached(next_position=3))
    assert director.running.complete(job).status is Status.SUCCEEDED
    director.sweep()
    assert director.get().latest_step.start_position == 3


@pytest.mark.parametrize("how", ["failed", "canceled"])
def test_after_a_step_that_broke_off_a_new_one_goes_on_behind_the_last_batch(
    director: Director, how: str
) -> None:
    director.create()
    job = director.step()
    director.pass_by(job, [1, 2], last=4)
    if how == "failed":
        director.fail(job)
    else:
        director.cancel_one(job.hold.ingestion_id)
        director.running.stop(job)
    director.finish()
    director.sweep()
    assert director.where() == ("paused", f"step_{how}")
    assert director.get().step_count == 1
    assert director.resume().status is CampaignStatus.RUNNING
    director.sweep()
    second = director.step()
    assert (second.step.number, second.step.position) == (2, 3)
    assert second.step.memo == {"passed": [1, 2]}
    director.pass_by(second, [3, 4], last=4)
    director.running.complete(second)
    director.finish()
    assert director.where() == ("succeeded", "completed")
    assert [one.external_id for one in director.children()] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_a_step_is_not_retried_and_says_why(director: Director) -> None:
    director.create()
    job = director.step()
    director.fail(job)
    step = director.house.service.reading.get(director.principal, job.hold.ingestion_id)
    with pytest.raises(NothingToRetry, match="osa campaign resume c"):
        director.retry(step.id)
    told = {one.action: one for one in allowed_actions(step)}
    assert not told[Action.RETRY_ALL].allowed
    assert "osa campaign resume c" in (told[Action.RETRY_ALL].reason or "")


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_a_child_is_retried_and_stays_in_its_campaign(director: Director) -> None:
    director.create()
    director.run_step([1], last=1)
    (first,) = director.children()
    director.fail(director.take(first.id), "torn")
    assert director.where() == ("failed", "some_children_failed")
    assert dict(director.get().failures) == {"torn": 1}
    again = director.retry(first.id)
    assert (again.campaign_id, again.parent_ingestion_id) == ("c", first.parent_ingestion_id)
    assert director.where() == ("running", "children_active")
    director.finish()
    assert director.where() == ("succeeded", "completed")
    assert dict(director.get().failures) == {}


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_pausing_lets_go_on_what_is_active_and_begins_no_step(director: Director) -> None:
    director.create()
    assert director.pause().status is CampaignStatus.PAUSED
    director.run_step([1], last=2)
    director.finish()
    director.sweep()
    assert director.where() == ("paused", "requested")
    assert director.pause().step_count == 1
    director.resume()
    assert director.where() == ("running", "between_steps")
    director.sweep()
    assert director.get().step_count == 2


# By hand.


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_by_hand_each_step_is_begun_by_its_position_and_no_other(director: Director) -> None:
    assert director.create(manual=True).step_count == 0
    director.sweep()
    assert director.where() == ("running", "waiting_for_advance")
    with pytest.raises(CampaignPositionStale) as stale:
        director.advance(3)
    assert stale.value.context["next_start_position"] == 1
    begun = director.advance(1)
    assert (begun.step_count, begun.latest_step.start_position) == (1, 1)
    job = director.step()
    with pytest.raises(CampaignStepActive) as active:
        director.advance(1)
    assert active.value.context["ingestion_id"] == job.hold.ingestion_id
    director.pass_by(job, [1, 2], last=3)
    director.running.complete(job)
    director.sweep()
    with pytest.raises(CampaignStepActive, match="2 of its children"):
        director.advance(3)
    with pytest.raises(CampaignPositionStale):
        director.advance(1)
    director.finish()
    director.sweep()
    assert director.where() == ("running", "waiting_for_advance")
    director.advance(3)
    director.run_step([3], last=3)
    director.finish()
    assert director.where() == ("succeeded", "completed")
    with pytest.raises(CampaignEnded):
        director.advance(4)


def test_of_two_that_advance_at_once_one_does(director: Director, at_once) -> None:
    director.create(manual=True)
    told = at_once([lambda: director.advance(1)] * 3)
    assert sum(isinstance(one, Campaign) for one in told) == 1
    assert sum(isinstance(one, CampaignStepActive) for one in told) == 2


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_nothing_is_begun_while_children_are_about_to_be_started_again(director: Director) -> None:
    """Asked for by hand it is refused, also while nobody starts them: it is paused."""
    director.create(manual=True)
    director.advance(1)
    director.run_step([1], last=2)
    director.fail(director.take(director.children()[0].id))
    director.resume(requeue_failed=True)
    director.pause()
    with pytest.raises(CampaignStepActive, match="about to be started again"):
        director.advance(2)


# Canceling, and going on.


def test_after_a_cancel_nothing_begins_and_nothing_more_is_committed(director: Director) -> None:
    director.create()
    job = director.step()
    director.pass_by(job, [1], last=3)
    running = director.take(director.queued()[0].id)
    director.pass_by(job, [2], last=3)
    assert director.cancel().status is CampaignStatus.CANCELING
    states = [one.status.value for one in director.children()]
    assert states == ["canceling", "canceled"]
    assert director.pass_by(job, [3], last=3) is Verdict.STOP
    # The convention comes to its end before it hears of that: what it read last is not committed.
    assert director.running.complete(job).status is Status.CANCELED
    assert len(director.children()) == 2
    director.running.stop(running)
    director.sweep()
    ended = director.get()
    assert (ended.status, ended.status_reason) == (CampaignStatus.CANCELED, "requested")
    assert (ended.next_start_position, ended.step_count) == (3, 1)
    # Again: the same.
    assert director.cancel().ended_at == ended.ended_at
    with pytest.raises(CampaignEnded):
        director.advance(3)
    with pytest.raises(CampaignEnded):
        director.pause()


def test_a_batch_that_meets_the_cancel_of_its_campaign_is_not_committed(director: Director) -> None:
    """Before anybody has come to cancel the step itself."""
    director.create()
    job = director.step()
    with director.house.database.write() as tx:
        values = {
            "wanted": "stop",
            "cancel_by": "x",
            "cancel_grace_seconds": 60,
            "cancel_force": False,
        }
        tx.execute(update(campaign).values(**values))
    assert director.pass_by(job, [1, 2], last=2) is Verdict.STOP
    step = director.house.service.reading.get(director.principal, job.hold.ingestion_id)
    assert step.status is Status.CANCELING
    assert step.counts.seen == 0
    assert director.running.complete(job).status is Status.CANCELED
    assert not director.children()
    assert director.get().next_start_position == 1
    director.resume()
    director.sweep()
    assert director.step().step.position == 1


def test_force_ends_all_at_once_and_what_has_ended_stays(director: Director) -> None:
    director.create()
    job = director.step()
    director.pass_by(job, [1, 2, 3], last=3)
    first, second, _ = director.queued()
    director.running.complete(director.take(first.id))
    held = director.take(second.id)
    assert director.cancel(force=True).status is CampaignStatus.CANCELED
    assert [one.status.value for one in director.children()] == [
        "succeeded",
        "canceled",
        "canceled",
    ]
    assert director.commit(held, child("z")) is Verdict.LOST
    assert director.commit(job, child("z")) is Verdict.LOST


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_running_ones_have_their_grace_and_not_more(director: Director) -> None:
    director.create()
    job = director.step()
    director.pass_by(job, [1], last=1)
    director.take(director.queued()[0].id)
    director.cancel(grace_seconds=60)
    assert director.get().children.canceling == 1
    # Asked again with less patience.
    director.cancel(grace_seconds=0)
    director.sweep()
    assert director.where() == ("canceled", "requested")
    assert director.get().children.canceled == 1


def test_after_a_cancel_and_a_resume_each_child_has_succeeded_once(director: Director) -> None:
    director.create()
    job = director.step()
    director.pass_by(job, [1, 2, 3], last=5)
    first, second, _ = director.queued()
    director.running.complete(director.take(first.id))
    director.fail(director.take(second.id))
    director.cancel()
    with pytest.raises(CampaignStepActive):
        director.resume()
    director.running.stop(job)
    assert director.where() == ("canceled", "requested")
    director.resume()
    assert director.where() == ("running", "children_active")
    director.sweep()
    assert director.get().children.queued == 1
    assert director.get().step_count == 1
    director.finish()
    # It finds that all were started again, and then begins the step.
    director.sweep()
    director.sweep()
    assert director.get().latest_step.start_position == 4
    director.run_step([4, 5], last=5)
    director.finish()
    assert director.where() == ("failed", "some_children_failed")
    with pytest.raises(CampaignEnded, match="requeue_failed"):
        director.resume()
    director.resume(requeue_failed=True)
    director.sweep()
    director.finish()
    director.sweep()
    assert director.where() == ("succeeded", "completed")
    assert director.get().children.total == director.get().children.succeeded == 5
    last = [one for one in director.children() if one.retried_by is None]
    assert [one.status.value for one in last] == ["succeeded"] * 5
    assert len({one.root_id for one in last}) == 5
    for again in (False, True):
        with pytest.raises(CampaignEnded):
            director.resume(requeue_failed=again)


# Children.


def test_an_external_id_is_started_once_whoever_asks(director: Director) -> None:
    mine = director.start(external_id="a")
    director.create()
    director.create("d")
    job, other = director.step(), director.step("d")
    director.commit(job, child("a"), child("b"), child("b"))
    director.commit(other, child("b"), child("c"))
    assert [one.external_id for one in director.children()] == ["b"]
    assert [one.external_id for one in director.children("d")] == ["c"]
    assert director.house.service.reading.get(director.principal, mine.id).campaign_id is None


def test_again_tries_what_did_not_succeed_and_nothing_else(director: Director) -> None:
    director.create()
    job = director.step()
    director.commit(job, *(child(id) for id in "abcd"))
    a, b, c, _ = director.queued()
    director.running.complete(director.take(a.id))
    director.fail(director.take(b.id))
    director.cancel_one(c.id)
    director.commit(job, *(child(id, again=True) for id in "abcd"))
    retries = {one.retry_of for one in director.children() if one.retry_of is not None}
    assert retries == {b.id, c.id}
    director.commit(job, *(child(id) for id in "abcd"))
    assert len(director.children()) == 6


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_a_child_is_as_its_parent(director: Director) -> None:
    director.create()
    job = director.step()
    job = replace(job, ingestion=replace(job.ingestion, priority=7, created_by="somebody"))
    director.commit(job, child("a", labels={"k": "v"}, name="A", parameters={"count": 2}))
    (one,) = director.children()
    assert (one.parent_ingestion_id, one.campaign_id, one.campaign_step) == (
        job.hold.ingestion_id,
        "c",
        None,
    )
    assert (one.priority, one.created_by, one.name) == (7, "somebody", "A")
    assert (dict(one.labels), dict(one.parameters)) == ({"k": "v"}, {"count": 2})
    assert [x.id for x in _all(director, parent_ingestion_id=job.hold.ingestion_id)] == [one.id]


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_a_source_that_may_not_be_read_rejects_its_item_alone(director: Director) -> None:
    director.create()
    job = director.step()
    refused = child("a", uri="http://127.0.0.1:9/")
    director.commit(job, refused, child("b"), reached=Reached(next_position=3))
    assert [one.external_id for one in director.children()] == ["b"]
    page = director.house.service.reading.items(
        director.principal, job.hold.ingestion_id, outcomes=frozenset(), cursor=None, per_page=9
    )
    told = {one.source_id: (one.outcome.value, one.fault and one.fault.kind) for one in page.items}
    assert told == {"a": ("rejected", "source_not_allowed"), "b": ("created", None)}


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_a_child_that_cannot_be_leaves_nothing_of_its_batch(director: Director) -> None:
    director.create()
    job = director.step()
    wrongs: list[dict[str, object]] = [
        {"convention_id": "nope"},
        {"parameters": {"count": "many"}},
    ]
    for wrong in wrongs:
        start = Start(**{"external_id": "b", "convention_id": "test-counter", **wrong})
        with pytest.raises(ChildRefused):
            director.commit(
                job,
                child("a"),
                Item.record("b", starts=[start]),
                reached=Reached(next_position=2),
            )
    assert not director.children()
    assert director.get().next_start_position == 1


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_a_child_that_no_caller_could_name_so_rejects_its_item_alone(director: Director) -> None:
    """Names come from data: a campaign does not stand still for one of them."""
    director.create()
    job = director.step()
    wrongs: list[dict[str, Any]] = [
        {"name": "x" * 201},
        {"labels": {"a key": "x"}},
        {"labels": {"k": "x\0"}},
        {"uri": "https://example.org/" + "x" * 8192},
        *({"external_id": id} for id in ("", "x" * 201, "a\nb", "\ud800")),
    ]
    starts = [
        [Start(**{"external_id": "b", "convention_id": "test-counter", **wrong})]
        for wrong in wrongs
    ]
    starts.append([Start(external_id=f"m{n}", convention_id="test-counter") for n in range(101)])
    items = [Item.record(f"bad{n}", starts=each) for n, each in enumerate(starts)]
    director.commit(job, *items, child("a"), reached=Reached(next_position=2))
    assert [one.external_id for one in director.children()] == ["a"]
    assert job.counts.rejected == len(starts)
    assert job.counts.created == 1


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_a_convention_that_says_what_cannot_be_moves_nothing(director: Director) -> None:
    director.create()
    job = director.step()
    position: Any
    for position in (0, -7, 1.5, 2**63, True):
        with pytest.raises(ValueError, match="would begin at"):
            director.commit(job, child("a"), reached=Reached(next_position=position))
    with pytest.raises(ValueError, match="-3 children in all"):
        director.commit(job, child("a"), reached=Reached(next_position=2, total_children=-3))
    with pytest.raises(ValueError, match="handed on"):
        director.commit(job, child("a"), reached=Reached(next_position=2, memo={"m": "x" * 70_000}))
    assert not director.children()
    assert director.get().next_start_position == 1


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_no_step_begins_by_itself_once_a_pause_was_answered(director: Director) -> None:
    """However long before the sweeper had looked."""
    director.create()
    director.run_step([1], last=3)
    director.finish()
    look = campaign_work.unsettled

    def late(tx: Connection, *, after: str = "") -> Sequence[Row[Any]]:
        rows = look(tx, after=after)
        if rows:
            director.pause()
        return rows

    with mock.patch.object(campaign_work, "unsettled", late):
        director.sweep()
    found = director.get()
    assert (found.status, found.step_count) == ("paused", 1)


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_nothing_is_started_again_once_a_cancel_was_answered(director: Director) -> None:
    director.create()
    director.run_step([1, 2], last=3)
    for one in director.queued():
        director.cancel_one(one.id)
    director.pause()
    director.resume(requeue_failed=True)
    look = campaign_work.requeueable

    def late(*args: Any) -> Sequence[str]:
        ids = look(*args)
        director.cancel()
        return ids

    with mock.patch.object(campaign_work, "requeueable", late):
        director.sweep()
    found = director.get()
    assert (found.status, found.children.canceled, found.children.total) == ("canceled", 2, 2)


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_what_is_tried_again_after_the_cancel_of_its_campaign_is_not_canceled_with_it(
    director: Director,
) -> None:
    director.create()
    director.run_step([1], last=3)
    director.cancel()
    director.sweep()
    again = director.retry(director.children()[0].id)
    director.sweep()
    found = director.house.service.reading.get(director.principal, again.id)
    assert (found.status, found.campaign_id) == ("queued", None)
    assert director.get().status == "canceled"


def test_a_child_whose_first_try_was_deleted_is_known_by_its_id(director: Director) -> None:
    """Asked for again it is not started again."""
    director.create()
    step = director.step()
    director.commit(step, child("a"), reached=Reached(next_position=2))
    first = director.children()[0]
    director.cancel_one(first.id)
    again = director.retry(first.id)
    with director.house.database.write() as tx:
        assert deletions.hide(tx, director.principal.tenant, [first.id]) == [first.id]
    director.commit(step, child("a"), reached=Reached(next_position=3))
    assert [(one.id, one.external_id) for one in director.children()] == [(again.id, "a")]


def test_who_has_lost_its_right_starts_nothing(director: Director) -> None:
    director.create()
    job = director.step()
    director.running.release(job.hold)
    second = director.step()
    assert director.pass_by(job, [1], last=1) is Verdict.LOST
    assert not director.children()
    assert director.pass_by(second, [1], last=1) is Verdict.CONTINUE


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_a_commit_whose_answer_was_lost_starts_nothing_twice(director: Director) -> None:
    director.create()
    job = director.step()
    before = replace(job)
    director.pass_by(job, [1, 2], last=3)
    # It succeeded meanwhile, and might be tried again.
    director.cancel_one(director.queued()[0].id)
    assert director.pass_by(before, [1, 2], last=3, again=True) is Verdict.CONTINUE
    assert len(director.children()) == 2
    assert before.seen == 2


# What else is told.


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_a_summary_is_there_for_who_has_its_token_and_only_when_it_was_asked_for(
    director: Director,
) -> None:
    assert director.create("quiet").summary_token is None
    token = director.create(public_summary=True).summary_token
    assert token is not None and len(token) == 43
    assert director.campaigns.summary(token).campaign_id == "c"
    with pytest.raises(CampaignNotFound):
        director.campaigns.summary("x" * 43)


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_who_changed_a_campaign_is_in_the_audit(director: Director) -> None:
    director.create()
    director.pause()
    director.resume(requeue_failed=True)
    director.cancel(force=True)
    page = director.house.service.audit.page(
        director.principal, AuditQuery(), cursor=None, per_page=50
    )
    told = [one for one in page.items if "campaign" in one.action]
    assert {one.action: one.token_name for one in told} == dict.fromkeys(
        ["create_campaign", "pause_campaign", "resume_campaign", "cancel_campaign"], "tester"
    )
    assert all(one.detail["campaign_id"] == "c" for one in told)


def test_all_of_a_campaign_is_listed_page_by_page(director: Director) -> None:
    director.create()
    director.create("d")
    job = director.step()
    director.commit(job, *(child(str(n)) for n in range(7)))
    director.commit(director.step("d"), child("other"))
    found = _all(director)
    assert len(found) == len({one.id for one in found}) == 8
    assert {one.campaign_id for one in found} == {"c"}
    below = _all(director, parent_ingestion_id=job.hold.ingestion_id)
    assert [one.external_id for one in below] == [str(n) for n in range(7)]


def test_a_convention_may_ask_what_its_tenant_has_and_nothing_of_others(
    director: Director, stranger: Principal
) -> None:
    director.create(parameters={"count": 3})
    director.create("theirs", who=stranger)
    job = director.step()
    director.commit(job, child("a"), child("b"))
    a, _ = director.queued()
    director.cancel_one(a.id)
    director.running.complete(director.take(director.retry(a.id).id))
    ask = director.running.held
    assert ask(job, {"external_ids": ["a", "b", "c"]}) == {
        "statuses": {"a": "succeeded", "b": "queued"}
    }
    assert ask(job, {"campaign_id": "c"}) == {
        "campaign": {"convention_id": "test-counter", "parameters": {"count": 3}}
    }
    assert ask(job, {"campaign_id": "theirs"}) == {"campaign": None}
    director.commit(job, Item.record("mine"))
    page = {"prefix": "", "after": ""}
    assert len(ask(job, page)["records"]) == 3
    assert ask(job, {**page, "convention_id": "documents"})["records"] == []
    elsewhere = replace(job, ingestion=replace(job.ingestion, tenant="elsewhere"))
    assert ask(elsewhere, {"external_ids": ["a"]}) == {"statuses": {}}
    assert ask(elsewhere, page)["records"] == []


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_what_cannot_be_done_for_one_keeps_no_other_waiting(
    director: Director, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at all of them ends, also when there are more than it takes at once."""
    monkeypatch.setattr("osa.server.store.campaign_work._AT_ONCE", 2)
    names = [f"c{n}" for n in range(5)]
    for name in names:
        director.create(name)
        director.run_step([1], last=3, campaign_id=name, parameters={"prefix": name})
        director.finish(name)
    with director.house.database.write() as tx:
        broken = update(campaign).where(campaign.c.campaign_id == "c1")
        tx.execute(broken.values(convention_id="nope"))
    director.sweep()
    assert [director.get(name).step_count for name in names] == [2, 2, 2, 2, 2]
    # It is told by the step, and the campaign rests.
    step = director.get("c1").latest_step
    assert step is not None
    assert director.running.take(step.ingestion_id, "a-worker") is None
    failed = director.house.service.reading.get(director.principal, step.ingestion_id)
    assert (failed.status, failed.status_reason) == ("failed", "convention_changed")
    assert director.where("c1") == ("paused", "step_failed")


# With everything real.


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_workers_take_a_campaign_to_its_end_through_a_restart(
    director: Director, archive, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    director.create(
        convention_id="test-campaign",
        parameters={"count": 5, "per_step": 2, "rejected": [4], "gate": str(gate)},
    )
    gate.touch()
    worker = archive.worker()
    until(lambda: director.get().latest_step.status == "running", "the step is taken")
    worker.kill()
    gate.unlink()
    archive.worker(OSA_STALE_AFTER_SECONDS="1")
    until(lambda: director.get().done, "the campaign is over")
    done = director.get()
    assert (done.status, done.step_count) == (CampaignStatus.SUCCEEDED, 3)
    assert (done.children.succeeded, done.campaign_total_children) == (4, 5)
    assert [one.external_id for one in director.children()] == ["1", "2", "3", "5"]
    with director.house.database.read() as tx:
        memo = tx.execute(select(campaign.c.memo)).scalar_one()
    assert memo == {"passed": [1, 2, 3, 4, 5]}


@pytest.mark.parametrize("database_kind", ONE, indirect=True)
def test_a_child_of_no_convention_stops_a_real_step_until_that_is_mended(
    director: Director, archive, tmp_path: Path
) -> None:
    mended = tmp_path / "mended"
    director.create(
        convention_id="test-campaign",
        parameters={
            "count": 4,
            "per_step": 3,
            "unknown": [2],
            "refused": [3],
            "mended": str(mended),
        },
    )
    archive.worker()
    until(lambda: director.where() == ("paused", "step_failed"), "the step fails")
    step = director.get().latest_step
    told = director.house.service.reading.get(director.principal, step.ingestion_id)
    assert told.error is not None and told.error.kind == "child_refused"
    assert "test-of-nobody" in told.error.detail
    assert director.get().next_start_position == 2
    mended.touch()
    director.resume()
    until(lambda: director.get().done, "the campaign is over")
    assert director.where() == ("succeeded", "completed")
    assert [one.external_id for one in director.children()] == ["1", "2", "4"]
