"""A retry repeats one that is done, is linked with it, and is the only one of it: the database is
the judge."""

from __future__ import annotations

from dataclasses import replace

import pytest
from osa_testing.waiting import until
from sqlalchemy import delete, func, select, update

from osa.conventions import Item
from osa.conventions.authoring import Convention
from osa.server.errors import (
    BodyTooLarge,
    ConventionChanged,
    ConventionNotFound,
    ConventionUnavailable,
    ExternalIdTaken,
    IdempotencyKeyReused,
    IngestionActive,
    IngestionAlreadyRetried,
    IngestionAlreadyRunning,
    IngestionDeleted,
    IngestionNotFound,
    InvalidParameters,
    NothingToRetry,
)
from osa.server.model import (
    AuditQuery,
    OnConflict,
    RecordQuery,
    RetryRequest,
    RetryScope,
    SourceRequest,
    Status,
)
from osa.server.service.acceptance import Started
from osa.server.store.tables import (
    event,
    idempotency,
    ingestion,
    item,
    source_object,
    source_parts,
    upload,
    wanted_item,
)

_BAD = (
    Item.rejected("bad", kind="odd", detail="No."),
    Item.failed("broken", kind="odd", detail="No."),
)


def _retry(player, old, scope="all", *, key=None, who=None, **overrides):
    request = RetryRequest(scope=RetryScope(scope), overrides=overrides)
    return player.house.service.retries.retry(
        who or player.principal, old.id, request, idempotency_key=key
    )


def _count(player, table) -> int:
    with player.house.database.read() as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


def _row(player, old):
    with player.house.database.read() as tx:
        return tx.execute(select(ingestion).where(ingestion.c.id == old.id)).one()


def _stopped(player, *items, cursor=None, **request):
    """One that was canceled after a batch."""
    job = player.take(player.start(**request))
    player.commit(job, *items, cursor=cursor)
    player.cancel(job.ingestion)
    player.running.stop(job)
    return player.get(job.ingestion)


def test_a_retry_is_linked_with_the_old_one_of_which_nothing_else_changes(player) -> None:
    old = player.done(Item.record("a"), name="n")
    before = _row(player, old)._mapping
    events = _count(player, event)

    new = _retry(player, old).ingestion

    after = _row(player, old)._mapping
    assert {key for key in before if before[key] != after[key]} == {"retried_by"}
    assert after["retried_by"] == new.id
    assert (new.retry_of, new.root_id, new.retry_scope) == (old.id, old.id, RetryScope.ALL)
    assert (new.status, new.status_reason) == (Status.QUEUED, "waiting_for_slot")
    # The one event is the new one's.
    assert _count(player, event) == events + 1
    assert old.root_id == old.id

    player.running.complete(player.take(new))
    third = _retry(player, new).ingestion
    assert (third.retry_of, third.root_id) == (new.id, old.id)


def test_a_retry_takes_everything_over_but_the_external_id_and_who_asked(player) -> None:
    old = player.done(
        parameters={"count": 3, "prefix": "p"},
        batch_size=7,
        limit=5,
        name="n",
        external_id="mine",
        metadata={"a": [1, None]},
        labels={"k": "v"},
        concurrency_key="c",
        priority=9,
        deadline_seconds=1000,
        max_failed_items=None,
        stop_early=True,
    )
    somebody = replace(player.principal, token_name="somebody")

    new = _retry(player, old, who=somebody).ingestion

    same = (
        "convention_id",
        "parameters",
        "batch_size",
        "limit",
        "name",
        "metadata",
        "labels",
        "concurrency_key",
        "priority",
        "deadline_seconds",
        "max_failed_items",
        "stop_early",
    )
    assert [getattr(new, name) for name in same] == [getattr(old, name) for name in same]
    assert new.external_id is None
    assert new.created_by == "somebody"
    assert new.deadline_at is not None and new.deadline_at > old.deadline_at


def test_overrides_take_the_place_of_what_was_and_parameters_one_by_one(player) -> None:
    old = player.done(
        parameters={"count": 3, "prefix": "p"}, name="n", labels={"k": "v"}, deadline_seconds=10
    )
    new = _retry(
        player,
        old,
        parameters={"count": 4},
        batch_size=2,
        name="m",
        external_id="other",
        metadata={"b": 1},
        labels={},
        priority=-3,
        deadline_seconds=None,
        max_failed_items=None,
        stop_early=True,
    ).ingestion
    assert new.parameters == {"count": 4, "prefix": "p"}
    assert (new.batch_size, new.name, new.external_id) == (2, "m", "other")
    assert (new.metadata, new.labels, new.priority) == ({"b": 1}, {}, -3)
    assert (new.deadline_seconds, new.deadline_at, new.max_failed_items) == (None, None, None)
    assert new.stop_early


def test_the_source_is_taken_over_with_all_its_parts_and_outlives_its_upload(player) -> None:
    source = SourceRequest(
        type="list",
        metadata={"all": 1},
        items=(
            SourceRequest(type="text", content=b"one", metadata={"one": 1}),
            SourceRequest(type="uri", uri="https://example.org/two"),
        ),
    )
    old = player.done(source=source)
    player.execute(delete(upload))

    new = _retry(player, old).ingestion

    assert new.source == old.source
    sources = player.take(new).sources
    with player.house.database.read() as tx:
        parts = tx.execute(select(source_parts.c.parts)).scalars().all()
        objects = tx.execute(select(source_object.c.ingestion_id, source_object.c.sha256)).all()
    assert parts[0] == parts[1] and len(parts) == 2
    assert {row.ingestion_id for row in objects} == {old.id, new.id}
    assert len({row.sha256 for row in objects}) == 1
    assert [(one.type, one.metadata) for one in sources] == [
        ("text", {"all": 1, "one": 1}),
        ("uri", {"all": 1}),
    ]
    assert sources[0].path.read_bytes() == b"one"


def test_a_retry_of_failed_items_is_about_these_from_the_start_and_without_a_limit(player) -> None:
    old = player.done(Item.record("good"), *_BAD, replace(_BAD[0]), limit=5, max_failed_items=None)
    new = _retry(player, old, "failed_items").ingestion
    with player.house.database.read() as tx:
        wanted = tx.execute(select(wanted_item)).all()
    assert {(row.ingestion_id, row.source_id) for row in wanted} == {
        (new.id, "bad"),
        (new.id, "broken"),
    }
    assert new.limit is None
    job = player.take(new)
    assert job.cursor == {}
    assert job.wanted == {row.source_key for row in wanted}


def test_many_failed_items_are_wanted_each_once(player) -> None:
    job = player.take(player.start(max_failed_items=None))
    for start in range(0, 4500, 1500):
        player.commit(
            job,
            *(
                Item.rejected(f"{n % 3000}", kind="odd", detail="No.")
                for n in range(start, start + 1500)
            ),
        )
    player.running.complete(job)
    job = player.take(_retry(player, job.ingestion, "failed_items").ingestion)
    assert len(job.wanted or ()) == 3000


@pytest.mark.parametrize("called", ["bad", "otherwise"])
def test_failed_items_that_do_not_come_again_are_told_in_the_log(player, called) -> None:
    """Gone from the source, or called otherwise with other parameters: it ends well, and not in
    silence."""
    old = player.done(*_BAD)
    job = player.take(_retry(player, old, "failed_items", parameters={"prefix": "x"}).ingestion)
    if called == "bad":
        player.commit(job, Item.record("bad"), Item.record("broken"))
    assert player.running.complete(job).status is Status.SUCCEEDED
    page = player.house.service.logs.page(player.principal, job.ingestion.id)
    warned = [line.message for line in page.items if line.level == "warning"]
    assert [said.partition(":")[0] for said in warned] == (
        [] if called == "bad" else ["2 of 2 items that were to be tried again did not come"]
    )


def test_what_remains_goes_on_after_the_last_batch_with_what_is_left_of_the_limit(player) -> None:
    old = _stopped(player, Item.record("a"), Item.record("b"), cursor={"next": 2}, limit=5)
    new = _retry(player, old, "remaining").ingestion
    assert new.limit == 3
    job = player.take(new)
    assert (job.cursor, job.counts.seen, job.wanted) == ({"next": 2}, 0, None)


def test_what_remains_of_failed_items_is_about_the_same_items(player) -> None:
    old = player.done(*_BAD)
    job = player.take(_retry(player, old, "failed_items").ingestion)
    wanted = job.wanted
    player.commit(job, Item.record("bad"), cursor={"next": 1})
    player.cancel(job.ingestion)
    player.running.stop(job)

    job = player.take(_retry(player, job.ingestion, "remaining").ingestion)
    assert job.wanted == wanted
    assert job.cursor == {"next": 1}


def test_everything_is_what_the_first_was_about_however_small_the_retry_of_it_was(player) -> None:
    old = _stopped(player, *_BAD, cursor={"next": 2}, limit=5)
    rest = _stopped_retry(player, old, "remaining")
    assert rest.limit == 3
    failed = _stopped_retry(player, rest, "failed_items")
    assert failed.limit is None
    every = _retry(player, failed, "all").ingestion
    assert every.limit == 5
    job = player.take(every)
    assert (job.cursor, job.wanted) == ({}, None)


def _stopped_retry(player, old, scope):
    job = player.take(_retry(player, old, scope).ingestion)
    player.commit(job, _BAD[0])
    player.cancel(job.ingestion)
    player.running.stop(job)
    return player.get(job.ingestion)


@pytest.mark.parametrize("scope", list(RetryScope))
def test_one_that_is_not_done_cannot_be_retried(player, scope) -> None:
    queued = player.start()
    with pytest.raises(IngestionActive) as refused:
        _retry(player, queued, scope)
    assert refused.value.context == {"ingestion_id": queued.id, "status": "queued"}
    assert _count(player, ingestion) == 1


def test_one_that_went_well_has_nothing_left_to_retry_but_all_of_it(player) -> None:
    old = player.done(Item.record("a"))
    for scope in ("failed_items", "remaining"):
        with pytest.raises(NothingToRetry):
            _retry(player, old, scope)
    assert player.get(old).retried_by is None
    assert _retry(player, old, "all").ingestion.retry_of == old.id


def test_nothing_remains_of_one_that_failed_at_its_end_or_reached_its_limit(player) -> None:
    failed = player.done(*_BAD)
    assert failed.status_reason == "all_items_failed"
    with pytest.raises(NothingToRetry, match="read to the end"):
        _retry(player, failed, "remaining")

    full = player.take(player.start(limit=1))
    player.commit(full, Item.record("a"))
    player.execute(update(ingestion).values(status="canceled", status_reason="requested"))
    with pytest.raises(NothingToRetry):
        _retry(player, full.ingestion, "remaining")


def test_what_stopped_early_goes_on(player) -> None:
    job = player.take(player.start(stop_early=True))
    player.commit(job, *_BAD, cursor={"next": 2})
    player.running.complete(job)
    new = _retry(player, job.ingestion, "remaining").ingestion
    assert player.take(new).cursor == {"next": 2}


def test_the_second_retry_is_refused_and_named_the_first(player) -> None:
    old = player.done()
    first = _retry(player, old).ingestion
    with pytest.raises(IngestionAlreadyRetried) as refused:
        _retry(player, old)
    assert refused.value.context == {"ingestion_id": first.id}


def test_another_tenants_ingestion_is_not_there(player, stranger) -> None:
    old = player.done()
    with pytest.raises(IngestionNotFound):
        _retry(player, old, who=stranger)
    assert player.get(old).retried_by is None


def test_a_convention_that_is_gone_or_lacks_its_extra_is_named(player, monkeypatch) -> None:
    old = player.done()
    player.execute(update(ingestion).values(convention_id="gone"))
    with pytest.raises(ConventionNotFound, match="gone"):
        _retry(player, old)
    player.execute(update(ingestion).values(convention_id="test-counter"))
    monkeypatch.setattr(Convention, "missing_extra", "geo")
    with pytest.raises(ConventionUnavailable, match="geo"):
        _retry(player, old)


def test_another_major_version_runs_everything_again_and_nothing_else(player) -> None:
    old = _stopped(player, *_BAD)
    today = old.convention_version
    player.execute(update(ingestion).values(convention_version="999.1"))
    for scope in ("failed_items", "remaining"):
        with pytest.raises(ConventionChanged, match=r"999\.1"):
            _retry(player, old, scope)
    assert _retry(player, old, "all").ingestion.convention_version == today


def test_the_parameters_must_fit_when_they_are_merged(player) -> None:
    old = player.done(parameters={"count": 3})
    with pytest.raises(InvalidParameters) as refused:
        _retry(player, old, parameters={"count": -1, "nonsense": 1})
    assert {tuple(error.loc) for error in refused.value.errors} == {
        ("body", "overrides", "parameters", "count"),
        ("body", "overrides", "parameters", "nonsense"),
    }
    with pytest.raises(BodyTooLarge):
        _retry(player, old, metadata={"a": "x" * 70_000})
    assert player.get(old).retried_by is None


def test_a_place_that_is_taken_is_named_and_the_old_one_stays_free(player) -> None:
    old = player.done(external_id="mine", concurrency_key="c")
    with pytest.raises(ExternalIdTaken) as taken:
        _retry(player, old, external_id="mine")
    assert taken.value.context["ingestion_id"] == old.id

    other = player.start(concurrency_key="c")
    with pytest.raises(IngestionAlreadyRunning) as running:
        _retry(player, old)
    assert running.value.context["ingestion_id"] == other.id

    alone = player.done(convention_id="test-harvester")
    active = player.start("test-harvester")
    with pytest.raises(IngestionAlreadyRunning) as running:
        _retry(player, alone)
    assert running.value.context["ingestion_id"] == active.id
    assert player.get(old).retried_by is None
    assert player.get(alone).retried_by is None
    player.cancel(active)
    assert _retry(player, alone).ingestion.retry_of == alone.id


def test_the_same_key_gives_the_same_retry_and_belongs_to_this_ingestion(player) -> None:
    old, other = player.done(), player.done()
    first = _retry(player, old, key="k")
    again = _retry(player, old, key="k")
    assert (first.replayed, again.replayed) == (False, True)
    assert again.ingestion.id == first.ingestion.id
    for changed in ((other, {}), (old, {"batch_size": 3})):
        with pytest.raises(IdempotencyKeyReused):
            _retry(player, changed[0], key="k", **changed[1])
    assert player.get(other).retried_by is None
    # A start's keys are others.
    assert player.start(key="k").id != first.ingestion.id


def test_the_key_of_a_retry_that_was_deleted_is_spent(player) -> None:
    old = player.done()
    new = _retry(player, old, key="k").ingestion
    player.cancel(new)
    player.house.service.deletions.delete(player.principal, new.id)
    with pytest.raises(IngestionDeleted) as refused:
        _retry(player, old, key="k")
    assert refused.value.context == {"ingestion_id": new.id}
    assert player.get(old).retried_by is None


def test_one_that_would_wait_for_its_key_waits_for_it_again(player) -> None:
    old = player.done(concurrency_key="c", on_conflict=OnConflict.QUEUE)
    player.start(concurrency_key="c")
    assert _retry(player, old).ingestion.status is Status.QUEUED


def test_a_refused_retry_leaves_nothing(player) -> None:
    old = player.done(concurrency_key="c")
    player.start(concurrency_key="c")
    before = [_count(player, table) for table in (ingestion, event, idempotency, wanted_item)]
    with pytest.raises(IngestionAlreadyRunning):
        _retry(player, old, key="k")
    after = [_count(player, table) for table in (ingestion, event, idempotency, wanted_item)]
    assert after == before


def test_of_many_retries_at_once_one_is_made_and_the_others_are_told_of_it(player, at_once) -> None:
    old = player.done()
    results = at_once([lambda: _retry(player, old)] * 8)
    (started,) = (one for one in results if isinstance(one, Started))
    refused = [one for one in results if not isinstance(one, Started)]
    assert {type(one) for one in refused} == {IngestionAlreadyRetried}
    assert {one.context["ingestion_id"] for one in refused} == {started.ingestion.id}
    assert _count(player, ingestion) == 2


def test_many_retries_at_once_with_one_key_are_one(player, at_once) -> None:
    old = player.done(*_BAD)
    results = at_once([lambda: _retry(player, old, "failed_items", key="k")] * 8)
    assert len({one.ingestion.id for one in results}) == 1
    assert [one.replayed for one in results].count(False) == 1
    assert _count(player, ingestion) == 2
    assert _count(player, wanted_item) == 2


def test_retry_against_delete_has_one_winner(player, at_once) -> None:
    for _ in range(8):
        old = player.done(*_BAD)
        retried, deleted = at_once(
            [
                lambda old=old: _retry(player, old, "failed_items"),
                lambda old=old: player.house.service.deletions.delete(player.principal, old.id),
            ]
        )
        # It is gone in the end; the retry was accepted before, or never.
        assert deleted is None
        with pytest.raises(IngestionNotFound):
            player.get(old)
        if isinstance(retried, Started):
            job = player.take(retried.ingestion)
            assert len(job.wanted or ()) == 2
            assert job.ingestion.retry_of == old.id
        else:
            assert isinstance(retried, IngestionNotFound)


def test_a_retry_of_what_was_published_makes_no_duplicates(player) -> None:
    old = player.done(Item.record("a"), Item.record("b"))
    job = player.take(_retry(player, old).ingestion)
    player.commit(job, Item.record("a"), Item.record("b"))
    player.running.complete(job)
    assert player.get(job.ingestion).counts.unchanged == 2
    records = player.house.service.records.list(
        player.principal, RecordQuery(), cursor=None, per_page=10
    )
    assert len(records.items) == 2
    assert _count(player, item) == 4


def test_the_audit_tells_who_retried_what(player) -> None:
    old = player.done()
    new = _retry(player, old, batch_size=3).ingestion
    page = player.house.service.audit.page(
        player.principal, AuditQuery(ingestion_id=new.id), cursor=None, per_page=10
    )
    (entry,) = page.items
    assert (entry.action, entry.token_name) == ("retry_ingestion", "tester")
    assert entry.detail == {
        "convention_id": "test-counter",
        "scope": "all",
        "retry_of": old.id,
        "overrides": ["batch_size"],
    }


def test_a_worker_tries_the_failed_items_again_and_no_others(player, worker) -> None:
    old = player.start(parameters={"count": 9, "rejected_every": 3, "version": 1})
    ended = until(lambda: player.get(old).done and player.get(old), "the first is done")
    assert (ended.counts.created, ended.counts.rejected) == (6, 3)

    new = _retry(player, old, "failed_items", parameters={"rejected_every": 0}).ingestion
    ended = until(lambda: player.get(new).done and player.get(new), "its retry is done")

    assert ended.status is Status.SUCCEEDED
    assert (ended.counts.seen, ended.counts.created) == (3, 3)
