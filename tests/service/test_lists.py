"""Pages: each row exactly once, in both orders and directions, under cursors nobody can forge."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from osa.conventions import Item
from osa.server.errors import InvalidCursor
from osa.server.model import ACTIVE, STATUS_SYNONYMS, IngestionQuery, RecordQuery, Status
from osa.server.store.tables import ingestion as table


def _pages(player, query: IngestionQuery, *, per_page: int, cursor=None, back=False) -> Iterator:
    while True:
        page = player.reading.list(player.principal, query, cursor=cursor, per_page=per_page)
        yield page
        cursor = page.prev_cursor if back else page.next_cursor
        if cursor is None:
            return


def _ids(pages) -> list[str]:
    return [one.id for page in pages for one in page.items]


def _in_one_moment(player, count: int) -> list[str]:
    """Ids of ingestions, oldest first; every three of them have the same created_at."""
    ids = [player.start().id for _ in range(count)]
    first = datetime(2026, 1, 1, tzinfo=UTC)
    with player.house.database.write() as tx:
        for number, id in enumerate(ids):
            moment = first + timedelta(seconds=number // 3)
            tx.execute(update(table).where(table.c.id == id).values(created_at=moment))
    return ids


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("per_page", [1, 4, 200])
def test_each_row_is_seen_once_forward_and_back_again(player, ascending, per_page) -> None:
    ids = _in_one_moment(player, 11)
    expected = ids if ascending else ids[::-1]
    query = IngestionQuery(ascending=ascending)

    forward = list(_pages(player, query, per_page=per_page))
    assert _ids(forward) == expected
    assert [page.has_more for page in forward] == [True] * (len(forward) - 1) + [False]
    assert forward[0].prev_cursor is None

    if len(forward) > 1:
        back = list(
            _pages(player, query, per_page=per_page, cursor=forward[-1].prev_cursor, back=True)
        )
        before = [one.id for page in reversed(back) for one in page.items]
        assert before + [one.id for one in forward[-1].items] == expected
        # has_more looks in the direction of travel.
        assert [page.has_more for page in back] == [True] * (len(back) - 1) + [False]


def test_what_starts_while_paging_disturbs_nothing(player) -> None:
    ids = _in_one_moment(player, 6)
    seen = []
    for page in _pages(player, IngestionQuery(), per_page=2):
        seen += [one.id for one in page.items]
        player.cancel(player.start())
    assert seen == ids[::-1]


def _altered(cursor: str) -> Iterator[str]:
    for place in range(len(cursor)):
        other = "A" if cursor[place] != "A" else "B"
        yield cursor[:place] + other + cursor[place + 1 :]
    yield cursor + "A"
    yield cursor[:-1]
    yield cursor.partition(".")[0]
    yield cursor + "=="
    yield "ü" + cursor
    yield "."
    yield ""
    forged = base64.urlsafe_b64encode(b'[[0, "x"], false, "0"]').rstrip(b"=").decode()
    yield f"{forged}.{cursor.partition('.')[2]}"


def test_a_cursor_that_was_changed_anywhere_is_refused(player) -> None:
    _in_one_moment(player, 2)
    page = player.reading.list(player.principal, IngestionQuery(), cursor=None, per_page=1)
    for altered in _altered(page.next_cursor):
        with pytest.raises(InvalidCursor):
            player.reading.list(player.principal, IngestionQuery(), cursor=altered, per_page=1)


def test_a_cursor_belongs_to_its_filters_its_list_and_its_tenant(player, stranger) -> None:
    started = player.start()
    job = player.take(started)
    player.commit(job, *(Item.record(str(n)) for n in range(3)))
    player.start()
    ask = player.reading
    first = ask.list(player.principal, IngestionQuery(), cursor=None, per_page=1)
    others = [
        IngestionQuery(ascending=True),
        IngestionQuery(statuses=frozenset({Status.QUEUED})),
        IngestionQuery(convention_id="test-counter"),
        IngestionQuery(external_id="x"),
        IngestionQuery(labels=[("k", None)]),
        IngestionQuery(created_after=datetime(2020, 1, 1, tzinfo=UTC)),
        IngestionQuery(created_before=datetime(2099, 1, 1, tzinfo=UTC)),
    ]
    for query in others:
        with pytest.raises(InvalidCursor):
            ask.list(player.principal, query, cursor=first.next_cursor, per_page=1)
    with pytest.raises(InvalidCursor):
        ask.list(stranger, IngestionQuery(), cursor=first.next_cursor, per_page=1)
    items = ask.items(player.principal, started.id, outcomes=frozenset(), cursor=None, per_page=1)
    for wrong in (first.next_cursor, items.next_cursor):
        with pytest.raises(InvalidCursor):
            player.house.service.records.list(
                player.principal, RecordQuery(), cursor=wrong, per_page=1
            )
    # Another size of page is not another list.
    assert ask.list(player.principal, IngestionQuery(), cursor=first.next_cursor, per_page=9).items


def test_servers_on_one_database_understand_each_others_cursors(player) -> None:
    from osa.server import bootstrap

    _in_one_moment(player, 3)
    page = player.reading.list(player.principal, IngestionQuery(), cursor=None, per_page=1)
    another = bootstrap.build(player.house.settings)
    try:
        rest = another.service.reading.list(
            player.principal, IngestionQuery(), cursor=page.next_cursor, per_page=9
        )
    finally:
        another.close()
    assert len(rest.items) == 2


def _listed(player, **query) -> set[str]:
    page = player.reading.list(player.principal, IngestionQuery(**query), cursor=None, per_page=200)
    return {one.id for one in page.items}


def test_filters_by_status_and_its_synonyms(player) -> None:
    queued, canceled, running, failed, succeeded = (player.start().id for _ in range(5))
    by_id = {queued: Status.QUEUED, canceled: Status.CANCELED}
    player.ingestions.cancel(player.principal, canceled, reason=None, grace_seconds=1)
    for id, status in ((running, Status.RUNNING), (succeeded, Status.SUCCEEDED)):
        job = player.running.take(id, "w")
        by_id[id] = status
        if status is Status.SUCCEEDED:
            player.running.complete(job)
    job = player.running.take(failed, "w")
    player.commit(job, Item.rejected("r", kind="k", detail="d"))
    player.running.complete(job)
    by_id[failed] = Status.FAILED

    for word, statuses in STATUS_SYNONYMS.items():
        expected = {id for id, status in by_id.items() if status in statuses}
        assert _listed(player, statuses=statuses) == expected, word
    assert _listed(player, statuses=ACTIVE) == {queued, running}
    both = frozenset({Status.FAILED, Status.CANCELED})
    assert _listed(player, statuses=both) == {failed, canceled}


def test_filters_by_convention_external_id_labels_and_time(player) -> None:
    domain = player.house.settings.domain
    a = player.start(labels={"site": "north", "year": "2026"}, external_id="a").id
    b = player.start(labels={"site": "south", "year": "2026"}).id
    c = player.start("test-harvester").id

    assert _listed(player, convention_id="test-harvester") == {c}
    assert _listed(player, convention_id=f"urn:osa:{domain}:conv:test-counter@1.0.0") == {a, b}
    assert _listed(player, convention_id="urn:osa:elsewhere:conv:test-counter@1.0.0") == set()
    assert _listed(player, convention_id="no-such") == set()
    assert _listed(player, external_id="a") == {a}
    assert _listed(player, labels=[("site", None)]) == {a, b}
    assert _listed(player, labels=[("site", "north")]) == {a}
    assert _listed(player, labels=[("site", "north"), ("year", "2026")]) == {a}
    assert _listed(player, labels=[("site", "north"), ("year", "1999")]) == set()

    moment = player.reading.get(player.principal, b).created_at
    tick = timedelta(microseconds=1)
    assert b in _listed(player, created_after=moment)
    assert b not in _listed(player, created_after=moment + tick)
    assert b not in _listed(player, created_before=moment)
    assert b in _listed(player, created_before=moment + tick)


def test_records_are_listed_once_each_with_their_files_and_filters(player, tmp_path) -> None:
    started = player.start()
    job = player.take(started)
    player.commit(job, *(Item.record(f"source {n}") for n in range(7)))
    for ascending in (True, False):
        found, cursor = [], None
        while True:
            page = player.house.service.records.list(
                player.principal, RecordQuery(ascending=ascending), cursor=cursor, per_page=3
            )
            found += [record.id for record in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert len(found) == len(set(found)) == 7

    def listed(**query) -> list[str]:
        page = player.house.service.records.list(
            player.principal, RecordQuery(**query), cursor=None, per_page=200
        )
        return [record.source_id for record in page.items]

    assert listed(source_id="source 3") == ["source 3"]
    assert listed(source_id="source") == []
    assert len(listed(ingestion_id=started.id)) == 7
    assert listed(ingestion_id="another") == []
    assert len(listed(convention_id="test-counter")) == 7
    assert listed(convention_id="test-harvester") == []


def test_the_last_page_has_no_more_when_it_is_exactly_full(player) -> None:
    _in_one_moment(player, 4)
    first, second = _pages(player, IngestionQuery(), per_page=2)
    assert (first.has_more, second.has_more, second.next_cursor) == (True, False, None)


def test_an_empty_list_is_an_empty_page(player, stranger) -> None:
    player.start()
    page = player.reading.list(stranger, IngestionQuery(), cursor=None, per_page=5)
    assert (list(page.items), page.next_cursor, page.prev_cursor) == ([], None, None)
    assert replace(page, items=()).has_more is False
