"""What ended long ago goes by itself, when the operator wants it so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from osa.conventions import Item
from osa.server.model import AuditQuery, IngestionQuery, RecordQuery
from osa.server.service.retention import Retention
from osa.server.settings import Settings
from osa.server.store.columns import micros, now
from osa.server.store.tables import ingestion


def _retention(player, seconds) -> Retention:
    return Retention(player.house.database, player.house.service.deletions, seconds=seconds)


def _age(player, *old, seconds) -> None:
    player.execute(
        update(ingestion)
        .where(ingestion.c.id.in_([one.id for one in old]))
        .values(ended_at=now() - micros(seconds), created_at=now() - micros(seconds))
    )


def _left(player, who=None) -> set[str]:
    page = player.reading.list(who or player.principal, IngestionQuery(), cursor=None, per_page=200)
    return {one.id for one in page.items}


def test_ended_ones_are_kept_for_ever_unless_a_time_is_set(player) -> None:
    old = player.done()
    _age(player, old, seconds=10 * 365 * 86400)
    player.house.sweeper.keep_house()
    assert player.get(old).purge_after is None


def test_an_ended_ingestion_says_when_it_will_be_deleted(archive, player) -> None:
    with archive.house(retention_seconds=3600) as house:
        old, active = player.done(), player.start()
        reading = house.service.reading
        told = reading.get(player.principal, old.id)
        assert told.purge_after == old.ended_at + timedelta(hours=1)
        assert reading.get(player.principal, active.id).purge_after is None
        listed = reading.list(player.principal, IngestionQuery(), cursor=None, per_page=10)
        assert {one.id: one.purge_after for one in listed.items} == {
            old.id: told.purge_after,
            active.id: None,
        }


def test_housekeeping_deletes_what_was_kept_long_enough_and_nothing_else(
    archive, player, stranger
) -> None:
    old, other = player.done(Item.record("a")), player.done(who=stranger)
    recent, waiting, running = player.done(), player.start(), player.take(player.start())
    _age(player, old, other, seconds=3700)
    player.execute(
        update(ingestion)
        .where(ingestion.c.id.in_([waiting.id, running.ingestion.id]))
        .values(created_at=now() - micros(3700), queued_at=now() - micros(3700))
    )
    with archive.house(retention_seconds=3600) as house:
        house.sweeper.keep_house()
    assert _left(player) == {recent.id, waiting.id, running.ingestion.id}
    assert _left(player, stranger) == set()
    with player.house.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(ingestion)).scalar_one() == 3
    records = player.house.service.records.list(
        player.principal, RecordQuery(), cursor=None, per_page=10
    )
    assert len(records.items) == 1


def test_many_go_in_pieces_each_told_of_in_the_audit_of_its_tenant(
    player, stranger, monkeypatch
) -> None:
    monkeypatch.setattr("osa.server.service.retention._PIECE", 2)
    mine = [player.cancel(player.start()) for _ in range(5)]
    theirs = player.done(who=stranger)
    _age(player, *mine, theirs, seconds=100)
    assert _retention(player, 60).purge() == 6
    for who, counts in ((player.principal, [1, 2, 2]), (stranger, [1])):
        page = player.house.service.audit.page(who, AuditQuery(), cursor=None, per_page=100)
        purges = [one for one in page.items if one.action == "purge"]
        assert [one.detail["deleted_count"] for one in purges] == counts
        assert {(one.token_name, one.token_id) for one in purges} == {("osa", None)}
        assert {one.detail["older_than_seconds"] for one in purges} == {60}


def test_servers_that_purge_at_the_same_time_delete_each_once(player, at_once) -> None:
    mine = [player.cancel(player.start()) for _ in range(20)]
    _age(player, *mine, seconds=100)
    results = at_once([lambda: _retention(player, 60).purge()] * 4)
    assert sum(results) == 20
    assert _left(player) == set()


def test_the_shortest_time_is_a_minute(archive) -> None:
    assert archive.settings(retention_seconds=60).retention_seconds == 60
    assert Settings().retention_seconds is None
    with pytest.raises(ValueError, match="greater than or equal to 60"):
        archive.settings(retention_seconds=59)
