"""A cleanup deletes exactly what it showed: ended ingestions, and never one more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from osa.conventions import File, Item
from osa.server.errors import (
    ConventionNotFound,
    IngestionNotFound,
    InvalidRequest,
    SelectionMismatch,
    SelectionNotFound,
)
from osa.server.model import (
    AuditQuery,
    CleanupFilter,
    IngestionQuery,
    RetryRequest,
    RetryScope,
    Status,
)
from osa.server.service.acceptance import Started
from osa.server.service.cleanups import Cleanups
from osa.server.store.columns import micros, now
from osa.server.store.tables import cleanup, cleanup_member, ingestion, record


def _select(player, who=None, **filters):
    return player.house.service.cleanups.select(who or player.principal, CleanupFilter(**filters))


def _delete(player, token, who=None, **filters):
    wanted = CleanupFilter(**filters) if filters else None
    return player.house.service.cleanups.delete(who or player.principal, token, wanted)


def _left(player, who=None) -> set[str]:
    page = player.reading.list(who or player.principal, IngestionQuery(), cursor=None, per_page=200)
    return {one.id for one in page.items}


def _members(player, selected) -> set[str]:
    with player.house.database.read() as tx:
        return set(
            tx.execute(
                select(cleanup_member.c.ingestion_id).where(
                    cleanup_member.c.cleanup_id == selected.id
                )
            ).scalars()
        )


def _ended(player, old, *, seconds_ago) -> None:
    player.execute(
        update(ingestion)
        .where(ingestion.c.id == old.id)
        .values(ended_at=now() - micros(seconds_ago))
    )


def _canceled(player, **request):
    started = player.start(**request)
    return player.cancel(started)


def test_to_select_deletes_nothing_and_tells_what_would_go(player) -> None:
    path = player.folder / "file"
    path.write_text("content")
    file = File.of(path, name="a.txt", media_type="text/plain")
    first = player.done(Item.record("a", files=[file]), name="n")
    second = _canceled(player)
    running = player.take(player.start())

    selected = _select(player, older_than_seconds=0)

    assert (selected.match_count, selected.remaining_count) == (2, 2)
    assert selected.bytes == len("content")
    assert [(one.id, one.status, one.name) for one in selected.sample] == [
        (first.id, Status.SUCCEEDED, "n"),
        (second.id, Status.CANCELED, None),
    ]
    assert selected.expires_at > first.ended_at
    assert _left(player) == {first.id, second.id, running.ingestion.id}


def test_deleting_takes_what_was_selected_and_repeating_it_changes_nothing(player) -> None:
    old = [player.done(Item.record("a")), _canceled(player)]
    kept = player.start()
    selected = _select(player, older_than_seconds=0)

    deleted = _delete(player, selected.id)

    assert (deleted.match_count, deleted.remaining_count) == (2, 0)
    assert (deleted.id, deleted.bytes, deleted.sample) == (selected.id, selected.bytes, [])
    assert _left(player) == {kept.id}
    with pytest.raises(IngestionNotFound):
        player.get(old[0])
    assert _delete(player, selected.id) == deleted
    with player.house.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(record)).scalar_one() == 1


def test_the_sample_is_ten_that_ended_first(player) -> None:
    old = [_canceled(player) for _ in range(12)]
    for place, one in enumerate(reversed(old)):
        _ended(player, one, seconds_ago=1000 - place)
    selected = _select(player, older_than_seconds=0)
    assert [one.id for one in selected.sample] == [one.id for one in reversed(old)][:10]
    assert selected.match_count == 12


def test_what_ends_after_the_selection_stays(player) -> None:
    old = player.done()
    running = player.take(player.start())
    selected = _select(player, older_than_seconds=0)
    player.running.complete(running)
    later = player.done()
    assert _delete(player, selected.id, older_than_seconds=0).remaining_count == 0
    assert _left(player) == {running.ingestion.id, later.id}
    assert _members(player, selected) == {old.id}


def test_filters_all_have_to_fit(player) -> None:
    done, canceled = player.done(), _canceled(player)
    other = player.done(convention_id="test-harvester")
    for one in (done, canceled):
        _ended(player, one, seconds_ago=5000)

    def selected(**filters):
        return _members(player, _select(player, **filters))

    assert selected(older_than_seconds=4000) == {done.id, canceled.id}
    assert selected(older_than_seconds=6000) == set()
    assert selected(statuses=frozenset({Status.SUCCEEDED})) == {done.id, other.id}
    assert selected(statuses=frozenset({Status.SUCCEEDED, Status.CANCELED})) == {
        done.id,
        other.id,
        canceled.id,
    }
    assert selected(convention_id="test-harvester") == {other.id}
    assert selected(
        older_than_seconds=4000,
        statuses=frozenset({Status.SUCCEEDED}),
        convention_id="test-counter",
    ) == {done.id}
    assert selected(statuses=frozenset({Status.FAILED})) == set()


def test_a_convention_is_named_by_slug_or_srn(player) -> None:
    old = player.done()
    srn = f"urn:osa:{player.house.settings.domain}:conv:test-counter@{old.convention_version}"
    selected = _select(player, convention_id=srn)
    assert _members(player, selected) == {old.id}
    # Both are the same filter.
    _delete(player, selected.id, convention_id="test-counter")
    assert _left(player) == set()


def test_a_convention_that_never_was_is_an_error_and_one_that_is_gone_is_not(player) -> None:
    for unknown in ("test-cuonter", "urn:osa:other.org:conv:test-counter@1.0.0"):
        with pytest.raises(ConventionNotFound):
            _select(player, convention_id=unknown)
    old = player.done()
    player.execute(update(ingestion).values(convention_id="uninstalled"))
    assert _members(player, _select(player, convention_id="uninstalled")) == {old.id}
    # Nothing has run with it yet, but it is there.
    assert _select(player, convention_id="test-trouble").match_count == 0


def test_the_last_of_each_convention_are_kept_whatever_else_is_asked_for(player) -> None:
    counted = [player.done() for _ in range(4)]
    harvested = [player.done(convention_id="test-harvester") for _ in range(2)]
    for place, one in enumerate([*counted, *harvested]):
        _ended(player, one, seconds_ago=1000 - place)
    newest = _canceled(player)

    assert _members(player, _select(player, keep_last=1)) == {
        *(one.id for one in counted),
        harvested[0].id,
    }
    assert _members(player, _select(player, keep_last=3)) == {one.id for one in counted[:2]}
    # The canceled one is one of the two that are kept, though it would not match.
    succeeded = frozenset({Status.SUCCEEDED})
    assert _members(
        player, _select(player, keep_last=2, statuses=succeeded, convention_id="test-counter")
    ) == {one.id for one in counted[:3]}
    assert newest.id in _members(player, _select(player, keep_last=0))


def test_without_any_filter_nothing_is_selected(player) -> None:
    with pytest.raises(InvalidRequest):
        _select(player)


def test_a_token_of_another_tenant_or_of_nobody_is_not_there(player, stranger) -> None:
    old = player.done()
    selected = _select(player, older_than_seconds=0)
    for who, token in ((stranger, selected.id), (player.principal, "unknown")):
        with pytest.raises(SelectionNotFound):
            _delete(player, token, who=who)
    assert _left(player) == {old.id}


def test_a_selection_holds_for_an_hour_and_is_forgotten_after_it(player) -> None:
    old = player.done()
    selected = _select(player, older_than_seconds=0)
    player.execute(update(cleanup).values(expires_at=now()))
    with pytest.raises(SelectionNotFound):
        _delete(player, selected.id)
    assert _left(player) == {old.id}
    kept = _select(player, older_than_seconds=0)
    player.house.sweeper.keep_house()
    assert _members(player, selected) == set()
    assert _members(player, kept) == {old.id}


def test_other_filters_than_the_ones_selected_with_delete_nothing(player) -> None:
    old = player.done()
    selected = _select(player, older_than_seconds=0, keep_last=0)
    for filters in ({"older_than_seconds": 0}, {"older_than_seconds": 1, "keep_last": 0}):
        with pytest.raises(SelectionMismatch):
            _delete(player, selected.id, **filters)
    assert _left(player) == {old.id}
    assert _delete(player, selected.id, older_than_seconds=0, keep_last=0).remaining_count == 0


def test_a_tenant_selects_its_own(player, stranger) -> None:
    mine = player.done()
    theirs = player.done(who=stranger)
    selected = _select(player, who=stranger, older_than_seconds=0)
    assert _members(player, selected) == {theirs.id}
    _delete(player, selected.id, who=stranger)
    assert _left(player) == {mine.id}
    assert _left(player, stranger) == set()


def test_what_somebody_else_deleted_meanwhile_is_no_error(player) -> None:
    first, second = player.done(), player.done()
    selected = _select(player, older_than_seconds=0)
    player.house.service.deletions.delete(player.principal, first.id)
    assert _delete(player, selected.id).remaining_count == 0
    with pytest.raises(IngestionNotFound):
        player.get(second)


def test_a_request_ends_in_time_and_the_next_one_goes_on(player, monkeypatch) -> None:
    monkeypatch.setattr("osa.server.service.cleanups._PIECE", 2)
    house = player.house
    hasty = Cleanups(
        house.database, house.service.conventions, house.service.deletions, deleting_seconds=0
    )
    for _ in range(5):
        _canceled(player)
    selected = _select(player, older_than_seconds=0)
    remaining = [hasty.delete(player.principal, selected.id, None) for _ in range(3)]
    assert [one.remaining_count for one in remaining] == [3, 1, 0]
    assert [len(one.sample) for one in remaining] == [3, 1, 0]
    assert _left(player) == set()


def test_cleanup_against_retry_leaves_the_retry_whole(player, at_once) -> None:
    for _ in range(6):
        old = player.done(Item.rejected("bad", kind="odd", detail="No."))
        selected = _select(player, older_than_seconds=0)
        request = RetryRequest(scope=RetryScope.FAILED_ITEMS)
        cleaned, retried = at_once(
            [
                lambda selected=selected: _delete(player, selected.id),
                lambda old=old, request=request: player.house.service.retries.retry(
                    player.principal, old.id, request, idempotency_key=None
                ),
            ]
        )
        assert cleaned.remaining_count == 0
        if isinstance(retried, Started):
            job = player.take(retried.ingestion)
            assert len(job.wanted or ()) == 1
            player.cancel(job.ingestion)
            player.running.stop(job)
        else:
            assert isinstance(retried, IngestionNotFound)


def test_two_that_delete_the_same_selection_share_the_work(player, at_once, monkeypatch) -> None:
    monkeypatch.setattr("osa.server.service.cleanups._PIECE", 3)
    for _ in range(12):
        _canceled(player)
    selected = _select(player, older_than_seconds=0)
    results = at_once([lambda: _delete(player, selected.id)] * 3)
    assert [one.remaining_count for one in results] == [0, 0, 0]
    page = player.house.service.audit.page(
        player.principal, AuditQuery(), cursor=None, per_page=200
    )
    told = [one for one in page.items if one.action == "clean_up"]
    assert sum(one.detail["deleted_count"] for one in told) == 12


def test_cleanups_of_chains_at_once_never_wait_in_a_circle(player, at_once) -> None:
    for _ in range(6):
        old = player.done()
        for _ in range(2):
            request = RetryRequest(scope=RetryScope.ALL)
            new = player.house.service.retries.retry(
                player.principal, old.id, request, idempotency_key=None
            ).ingestion
            player.cancel(new)
            old = new
    succeeded = _select(player, statuses=frozenset({Status.SUCCEEDED}))
    canceled = _select(player, statuses=frozenset({Status.CANCELED}))
    results = at_once(
        [
            lambda one=one: _delete(player, one.id)
            for one in (succeeded, canceled, succeeded, canceled)
        ]
    )
    assert [one.remaining_count for one in results] == [0] * 4
    assert _left(player) == set()


def test_the_audit_tells_what_was_asked_for_and_how_many_went(player) -> None:
    player.done()
    somebody = replace(player.principal, token_name="somebody")
    selected = _select(player, who=somebody, older_than_seconds=0, keep_last=0)
    _delete(player, selected.id, who=somebody)
    page = player.house.service.audit.page(
        player.principal, AuditQuery(token_name="somebody"), cursor=None, per_page=10
    )
    (entry,) = page.items
    assert entry.action == "clean_up"
    assert entry.detail == {
        "cleanup_id": selected.id,
        "filter": {"older_than_seconds": 0, "keep_last": 0},
        "match_count": 1,
        "deleted_count": 1,
    }
