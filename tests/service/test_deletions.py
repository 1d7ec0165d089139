"""Deleting forgets an ingestion, and nothing that it published."""

from __future__ import annotations

import pytest
from sqlalchemy import func, insert, inspect, select

from osa.conventions import File, Item
from osa.server.errors import IngestionActive, IngestionAlreadyRetried, IngestionNotFound
from osa.server.model import (
    AuditQuery,
    IngestionQuery,
    RecordQuery,
    RetryRequest,
    RetryScope,
    SourceRequest,
)
from osa.server.store import deletions, items
from osa.server.store.tables import (
    artifact,
    attempt,
    audit,
    campaign,
    campaign_failure,
    cleanup,
    cleanup_member,
    derivation,
    event,
    idempotency,
    ingestion,
    item,
    label,
    log_line,
    metadata,
    record,
    record_file,
    secret,
    source_object,
    source_parts,
    token,
    upload,
    wanted_item,
    worker,
)

#: What goes with an ingestion, and what stays when it goes.
_GO = {
    attempt,
    artifact,
    event,
    item,
    label,
    log_line,
    source_object,
    source_parts,
    wanted_item,
}
_STAY = {
    audit,
    campaign,
    campaign_failure,
    cleanup,
    cleanup_member,
    derivation,
    idempotency,
    record,
    record_file,
    secret,
    token,
    upload,
    worker,
}


def _delete(player, old, who=None) -> None:
    player.house.service.deletions.delete(who or player.principal, old.id)


def _retry(player, old, scope="all"):
    request = RetryRequest(scope=RetryScope(scope))
    return player.house.service.retries.retry(
        player.principal, old.id, request, idempotency_key=None
    ).ingestion


def _counts(player, tables) -> dict[str, int]:
    with player.house.database.read() as tx:
        return {
            table.name: tx.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables
        }


def _file(player) -> File:
    path = player.folder / f"{len(list(player.folder.iterdir()))}"
    path.write_text("content")
    return File.of(path, name="a.txt", media_type="text/plain")


def _full(player, key=None):
    """One that has left something everywhere."""
    source = SourceRequest(
        type="list",
        items=(
            SourceRequest(type="text", content=b"one"),
            SourceRequest(type="text", content=b"two"),
        ),
    )
    first = player.done(
        Item.rejected("bad", kind="odd", detail="No."),
        source=source,
        labels={"k": "v"},
        external_id=key,
    )
    job = player.take(_retry(player, first, "failed_items"))
    player.commit(job, Item.record("bad", files=[_file(player)]))
    player.running.complete(job)
    with player.house.database.write() as tx:
        tx.execute(
            insert(log_line),
            [
                {
                    "ingestion_id": job.ingestion.id,
                    "number": number,
                    "at": job.ingestion.created_at,
                    "level": "info",
                    "message": "m",
                }
                for number in range(1001, 1004)
            ],
        )
    return first, player.get(job.ingestion)


def test_every_table_is_known_to_go_or_to_stay() -> None:
    assert {ingestion} | _GO | _STAY == set(metadata.tables.values())


def test_the_database_takes_every_child_away_with_its_ingestion(house) -> None:
    """Also for whoever deletes a row by hand."""
    known = inspect(house.database.engine)
    found = {
        table
        for table in known.get_table_names()
        for key in known.get_foreign_keys(table)
        if key["referred_table"] == "ingestion" and key["options"].get("ondelete") == "CASCADE"
    }
    assert found == {table.name for table in _GO}


def test_everything_of_it_goes_and_what_it_published_stays(player) -> None:
    first, second = _full(player)
    before = _counts(player, _GO | {record, record_file})
    assert all(before.values()), before

    _delete(player, second)
    _delete(player, first)

    after = _counts(player, _GO | {ingestion, record, record_file})
    assert {name for name, count in after.items() if count} == {"record", "record_file"}
    for gone in (first, second):
        with pytest.raises(IngestionNotFound):
            player.get(gone)
        with pytest.raises(IngestionNotFound):
            _delete(player, gone)


def test_only_what_is_deleted_goes(player) -> None:
    first, second = _full(player, "one")
    before = _counts(player, _GO)
    others = _full(player, "two")
    with_others = _counts(player, _GO)
    _delete(player, first)
    _delete(player, second)
    left = _counts(player, _GO)
    assert {name: with_others[name] - left[name] for name in left} == before
    assert [player.get(one).id for one in others] == [one.id for one in others]


def test_identity_survives_so_that_a_later_ingestion_makes_no_duplicates(player) -> None:
    old = player.done(Item.record("a", files=[_file(player)]))
    _delete(player, old)
    again = player.done(Item.record("a", files=[_file(player)]))
    assert (again.counts.created, again.counts.unchanged) == (0, 1)
    page = player.house.service.records.list(
        player.principal, RecordQuery(), cursor=None, per_page=10
    )
    (found,) = page.items
    assert found.ingestion_id == old.id
    assert [file.name for file in found.files] == ["a.txt"]


def test_an_active_ingestion_is_not_deleted(player) -> None:
    queued = player.start()
    with pytest.raises(IngestionActive):
        _delete(player, queued)
    job = player.take(queued)
    with pytest.raises(IngestionActive) as refused:
        _delete(player, queued)
    assert refused.value.context == {"ingestion_id": queued.id, "status": "running"}
    player.cancel(queued)
    with pytest.raises(IngestionActive):
        _delete(player, queued)
    player.running.stop(job)
    _delete(player, queued)


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_one_whose_batch_is_being_committed_is_refused_at_once(player) -> None:
    """Its row is locked for as long as that takes."""
    active = player.start()
    player.take(active)
    with player.house.database.write() as tx:
        tx.execute(select(ingestion.c.id).where(ingestion.c.id == active.id).with_for_update())
        with pytest.raises(IngestionActive):
            player.house.service.deletions.delete(player.principal, active.id)


def test_another_tenants_ingestion_is_not_there(player, stranger) -> None:
    old = player.done()
    with pytest.raises(IngestionNotFound):
        _delete(player, old, who=stranger)
    assert player.get(old).id == old.id


def test_its_external_id_is_free_again(player) -> None:
    old = player.done(external_id="mine")
    _delete(player, old)
    assert player.start(external_id="mine").external_id == "mine"


def test_what_a_deleted_retry_repeated_can_be_retried_again(player) -> None:
    old = player.done()
    new = _retry(player, old)
    player.cancel(new)
    _delete(player, new)
    assert player.get(old).retried_by is None
    assert _retry(player, old).retry_of == old.id


def test_what_a_deleted_retry_repeated_has_the_retry_of_that_one_as_its_own(player) -> None:
    """There is one retry for each, also when one in the middle is gone, or several are."""
    first = player.done()
    second = _retry(player, first)
    player.cancel(second)
    third = _retry(player, second)
    player.cancel(third)
    fourth = _retry(player, third)
    player.cancel(fourth)
    _delete(player, second)
    assert player.get(first).retried_by == third.id
    with pytest.raises(IngestionAlreadyRetried):
        _retry(player, first)
    _delete(player, third)
    assert player.get(first).retried_by == fourth.id
    _delete(player, fourth)
    assert player.get(first).retried_by is None
    assert _retry(player, first).retry_of == first.id


def test_a_chain_whose_middle_goes_at_once_keeps_its_ends_together(player) -> None:
    chain = [player.done()]
    for _ in range(4):
        chain.append(_retry(player, chain[-1]))
        player.cancel(chain[-1])
    with player.house.database.write() as tx:
        gone = deletions.hide(tx, player.principal.tenant, [one.id for one in chain[1:4]])
    assert set(gone) == {one.id for one in chain[1:4]}
    assert player.get(chain[0]).retried_by == chain[4].id


def test_the_retry_of_a_deleted_one_still_says_what_it_was(player) -> None:
    old = player.done()
    new = _retry(player, old)
    _delete(player, old)
    found = player.get(new)
    assert (found.retry_of, found.root_id) == (old.id, old.id)
    player.running.complete(player.take(new))
    assert _retry(player, new).root_id == old.id


def test_a_large_one_is_gone_at_once_and_taken_away_in_pieces(player) -> None:
    first, second = _full(player, "mine")
    tx_count = 0
    with player.house.database.write() as tx:
        assert deletions.hide(tx, "default", [first.id, second.id, "unknown"]) != []
    for gone in (first, second):
        with pytest.raises(IngestionNotFound):
            player.get(gone)
    assert not _listed(player)
    # Whatever comes in between, and whenever it breaks off: each piece is whole.
    more = True
    while more:
        with player.house.database.write() as tx:
            more = deletions.drop(tx, rows=2)
        tx_count += 1
        assert not _listed(player)
    assert tx_count > 5
    assert not any(_counts(player, _GO | {ingestion}).values())


def test_what_is_read_while_it_is_deleted_is_whole(player, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or not there: never what is left of it."""
    old = player.done(Item.record("a"), Item.record("b"))
    page = items.page

    def later(tx, *args):
        player.house.service.deletions.delete(player.principal, old.id)
        return page(tx, *args)

    monkeypatch.setattr(items, "page", later)
    found = player.reading.items(
        player.principal, old.id, outcomes=frozenset(), cursor=None, per_page=50
    )
    assert [one.source_id for one in found.items] == ["a", "b"]


def test_housekeeping_takes_away_what_a_request_left(player) -> None:
    first, second = _full(player)
    with player.house.database.write() as tx:
        deletions.hide(tx, "default", [first.id, second.id])
    player.house.sweeper.keep_house()
    assert not any(_counts(player, _GO | {ingestion}).values())


def _listed(player) -> list[str]:
    page = player.reading.list(player.principal, IngestionQuery(), cursor=None, per_page=200)
    return [one.id for one in page.items]


def test_many_deletions_of_one_at_once_delete_it_once(player, at_once) -> None:
    old = player.done(Item.record("a"))
    results = at_once([lambda: _delete(player, old)] * 6)
    assert results.count(None) == 1
    assert {type(one) for one in results if one is not None} == {IngestionNotFound}
    assert _audited(player) == ["delete_ingestion"]


def test_deletions_of_a_whole_chain_at_once_never_wait_for_each_other(player, at_once) -> None:
    chain = [player.done()]
    for _ in range(5):
        new = _retry(player, chain[-1])
        player.cancel(new)
        chain.append(new)
    results = at_once([lambda one=one: _delete(player, one) for one in chain])
    assert results == [None] * len(chain)
    assert not any(_counts(player, _GO | {ingestion}).values())


def test_delete_against_cancel_and_the_end_loses_nothing(player, at_once) -> None:
    """It is deleted only when it had ended."""
    for _ in range(6):
        job = player.take(player.start())
        deleted, _ended = at_once(
            [
                lambda job=job: _delete(player, job.ingestion),
                lambda job=job: player.running.complete(job),
            ]
        )
        if deleted is None:
            with pytest.raises(IngestionNotFound):
                player.get(job.ingestion)
        else:
            assert isinstance(deleted, IngestionActive)
            assert player.get(job.ingestion).done


def _audited(player) -> list[str]:
    page = player.house.service.audit.page(
        player.principal, AuditQuery(), cursor=None, per_page=100
    )
    return [one.action for one in page.items if one.action != "start_ingestion"]


def test_the_audit_outlives_what_it_tells_of(player) -> None:
    old = player.done()
    _delete(player, old)
    page = player.house.service.audit.page(
        player.principal, AuditQuery(ingestion_id=old.id), cursor=None, per_page=10
    )
    assert [one.action for one in page.items] == ["delete_ingestion", "start_ingestion"]
    assert page.items[0].detail == {"status": "succeeded", "convention_id": "test-counter"}
