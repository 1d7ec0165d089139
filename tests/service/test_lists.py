"""Pages: each row exactly once, in both orders and directions, under cursors nobody can forge."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from osa.conventions import Item
from osa.server.errors import InvalidCursor
from osa.server.model import (
    ACTIVE,
    STATUS_SYNONYMS,
    Fault,
    IngestionQuery,
    RecordQuery,
    RetryRequest,
    RetryScope,
    Status,
    Total,
)
from osa.server.store import listing
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
        IngestionQuery(ended_after=datetime(2020, 1, 1, tzinfo=UTC)),
        IngestionQuery(ended_before=datetime(2099, 1, 1, tzinfo=UTC)),
        IngestionQuery(ids=frozenset({started.id})),
        IngestionQuery(retry_of="x"),
        IngestionQuery(root_id="x"),
        IngestionQuery(record_id="x"),
        IngestionQuery(concurrency_key="x"),
        IngestionQuery(error_kind="x"),
        IngestionQuery(text="x"),
        IngestionQuery(unresolved=True),
        IngestionQuery(unresolved=False),
        IngestionQuery(campaign_id="x"),
        IngestionQuery(parent_ingestion_id="x"),
    ]
    told = {name for query in others for name in _given(query)}
    assert told == {field.name for field in fields(IngestionQuery)}
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


def _given(query: IngestionQuery) -> set[str]:
    plain = IngestionQuery()
    return {
        field.name
        for field in fields(query)
        if getattr(query, field.name) != getattr(plain, field.name)
    }


def test_the_order_in_which_ids_are_named_makes_no_other_list(player) -> None:
    ids = [player.start().id for _ in range(12)]
    first = player.reading.list(
        player.principal, IngestionQuery(ids=frozenset(ids)), cursor=None, per_page=5
    )
    rest = player.reading.list(
        player.principal,
        IngestionQuery(ids=frozenset(reversed(ids))),
        cursor=first.next_cursor,
        per_page=50,
    )
    assert len(rest.items) == 7


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


def test_filters_by_ids_leave_out_what_is_not_there(player, stranger) -> None:
    a, _, c = (player.start().id for _ in range(3))
    theirs = player.start(who=stranger).id
    assert _listed(player, ids=frozenset({a, c, theirs, "no-such"})) == {a, c}
    assert _listed(player, ids=frozenset({theirs})) == set()
    both = {"ids": frozenset({a, c}), "statuses": frozenset({Status.CANCELED})}
    player.ingestions.cancel(player.principal, c, reason=None, grace_seconds=1)
    assert _listed(player, **both) == {c}


def test_filters_by_when_it_ended(player) -> None:
    active = player.start()
    ended = player.done()
    tick = timedelta(microseconds=1)
    assert _listed(player, ended_after=ended.ended_at) == {ended.id}
    assert _listed(player, ended_after=ended.ended_at + tick) == set()
    assert _listed(player, ended_before=ended.ended_at) == set()
    assert _listed(player, ended_before=ended.ended_at + tick) == {ended.id}
    assert active.id not in _listed(player, ended_after=datetime(2000, 1, 1, tzinfo=UTC))


def test_filters_by_retries_and_by_what_nobody_has_seen_to(player) -> None:
    bad = Item.rejected("bad", kind="odd", detail="no")
    first, other, fine = player.done(bad), player.done(bad), player.done()
    retried = player.house.service.retries.retry(
        player.principal, first.id, RetryRequest(scope=RetryScope.ALL), idempotency_key=None
    ).ingestion

    assert _listed(player, retry_of=first.id) == {retried.id}
    assert _listed(player, retry_of=other.id) == set()
    assert _listed(player, root_id=first.id) == {first.id, retried.id}
    assert _listed(player, root_id=other.id) == {other.id}
    assert _listed(player, unresolved=True) == {other.id}
    assert _listed(player, unresolved=False) == {first.id, fine.id, retried.id}


def test_filters_by_the_kind_of_error(player) -> None:
    bad = player.done(Item.rejected("bad", kind="odd", detail="no"))
    job = player.take(player.start())
    player.running.fail(job, Fault(kind="gone", detail="It is gone.", origin="source"))
    player.done()
    assert _listed(player, error_kind="gone") == {job.ingestion.id}
    assert _listed(player, error_kind="all_items_failed") == {bad.id}
    assert _listed(player, error_kind="odd") == set()


def test_filters_by_a_record_find_each_ingestion_that_had_it_once(player, stranger) -> None:
    one, two = player.done(Item.record("a"), Item.record("b")), player.done(Item.record("a"))
    page = player.reading.items(
        player.principal, one.id, outcomes=frozenset(), cursor=None, per_page=9
    )
    a, b = (item.record_id for item in page.items)
    assert _listed(player, record_id=a) == {one.id, two.id}
    assert _listed(player, record_id=b) == {one.id}
    assert _listed(player, record_id="no-such") == set()
    theirs = player.reading.list(stranger, IngestionQuery(record_id=a), cursor=None, per_page=9)
    assert list(theirs.items) == []


def test_filters_by_concurrency_key(player) -> None:
    a = player.start(concurrency_key="site-a").id
    b = player.start(concurrency_key="site-b").id
    player.start()
    assert _listed(player, concurrency_key="site-a") == {a}
    assert _listed(player, concurrency_key="site-b") == {b}
    assert _listed(player, concurrency_key="site") == set()


#: What is looked for, and who is found.
TEXTS = [
    ("ERA5", {"a"}),
    ("era5 temp", {"a"}),
    ("nightly", {"b", "c"}),
    ("NIGHTLY-2", {"b"}),
    # Wildcards of SQL are letters like all others.
    ("100%", {"d"}),
    ("0%of", set()),
    ("a_b", {"d"}),
    ("a/b", {"e"}),
    ("%", {"d"}),
    ("_", {"d"}),
    ("\\", {"e"}),
    ("'", {"e"}),
    ("ärger", {"f"}),
    ("ÄRGER IM ÖL", {"f"}),
    ("Ärger im öl", {"f"}),
    ("no such thing", set()),
]


def test_filters_by_text_in_name_or_external_id_whatever_its_case(player) -> None:
    known = {
        player.start(name="ERA5 temperature").id: "a",
        player.start(external_id="nightly-2").id: "b",
        player.start(name="Nightly", external_id="x").id: "c",
        player.start(name="100% of it, a_b").id: "d",
        player.start(name="a/b or a\\b: it's all one").id: "e",
        player.start(name="Ärger im Öl").id: "f",
        player.start().id: "nothing",
    }
    for text, found in TEXTS:
        assert {known[id] for id in _listed(player, text=text)} == found, text


def test_a_total_is_told_when_it_is_asked_for_and_is_of_all_pages(player, stranger) -> None:
    _in_one_moment(player, 5)
    player.start(who=stranger)
    canceled = player.start()
    player.cancel(canceled)

    def page(query=None, cursor=None, *, total=True):
        return player.reading.list(
            player.principal,
            query or IngestionQuery(),
            cursor=cursor,
            per_page=2,
            include_total=total,
        )

    first = page()
    assert first.total == Total(value=6, exact=True)
    assert page(total=False).total is None
    # Whether it is asked for makes no other list.
    second = page(cursor=first.next_cursor, total=False)
    assert page(cursor=second.next_cursor).total == Total(value=6, exact=True)
    assert page(IngestionQuery(statuses=frozenset({Status.CANCELED}))).total.value == 1
    assert page(IngestionQuery(convention_id="no-such")).total == Total(value=0, exact=True)


def test_a_total_is_not_counted_on_for_ever(player, monkeypatch) -> None:
    monkeypatch.setattr(listing, "COUNTED_AT_MOST", 3)
    totals = []
    for _ in range(5):
        player.start()
        page = player.reading.list(
            player.principal, IngestionQuery(), cursor=None, per_page=1, include_total=True
        )
        totals.append((page.total.value, page.total.exact))
    assert totals == [(1, True), (2, True), (3, True), (3, False), (3, False)]


def test_a_list_has_no_places_in_the_queue(player) -> None:
    player.start()
    page = player.reading.list(player.principal, IngestionQuery(), cursor=None, per_page=9)
    assert [one.queue_position for one in page.items] == [None]


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
