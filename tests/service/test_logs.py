"""The log of an ingestion: numbered without gaps, bounded, followed without a loss."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from osa.conventions import Batch, Item
from osa.server.errors import IngestionNotFound
from osa.server.model import Fault, Ingestion, LogPage
from osa.server.store import logs
from osa.server.store.logs import NewLine
from osa.server.store.tables import ingestion, log_line, wanted_item


def _said(player, ingestion: Ingestion, *lines: NewLine | str) -> bool:
    new = [NewLine(level="info", message=each) if isinstance(each, str) else each for each in lines]
    return player.running.say(ingestion.id, new)


def _page(player, ingestion: Ingestion, **query) -> LogPage:
    return player.house.service.logs.page(player.principal, ingestion.id, **query)


def _messages(page: LogPage) -> list[str]:
    return [line.message for line in page.items]


def _levels(player) -> Ingestion:
    waiting = player.start()
    _said(
        player,
        waiting,
        *(
            NewLine(level=level, message=level, attempt=attempt)
            for attempt, level in enumerate(("debug", "info", "warning", "error"), start=1)
        ),
    )
    return waiting


def test_lines_are_numbered_in_the_order_in_which_they_were_said(player) -> None:
    waiting = player.start()
    _said(player, waiting, "one", "two")
    _said(player, waiting, "three")
    page = _page(player, waiting)
    assert [(line.number, line.message) for line in page.items] == [
        (1, "one"),
        (2, "two"),
        (3, "three"),
    ]
    assert (page.last_number, page.has_more, page.poll_after_seconds) == (3, False, 1)


def test_a_line_carries_the_moment_when_it_was_said(player) -> None:
    waiting = player.start()
    _said(player, waiting, NewLine(level="info", message="earlier", ago=60.0), "now")
    earlier, now = _page(player, waiting).items
    assert now.at - earlier.at == timedelta(seconds=60)
    assert _messages(_page(player, waiting, since=now.at)) == ["now"]


def test_pages_follow_each_other_without_a_gap(player) -> None:
    waiting = player.start()
    _said(player, waiting, *map(str, range(7)))
    found, after = [], 0
    while True:
        page = _page(player, waiting, after=after, per_page=3)
        found += _messages(page)
        after = page.last_number
        if not page.has_more:
            break
        assert page.poll_after_seconds == 0
    assert found == list(map(str, range(7)))
    assert _page(player, waiting, after=after).items == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"level": "debug"}, ["debug", "info", "warning", "error"]),
        ({"level": "warning"}, ["warning", "error"]),
        ({"attempt": 2}, ["info"]),
        ({"tail": 2}, ["warning", "error"]),
        ({"tail": 1, "after": 1}, ["error"]),
        ({"tail": 1, "attempt": 3}, ["warning"]),
        ({"tail": 3, "per_page": 1}, ["info", "warning", "error"]),
        ({"after": 2, "level": "error"}, ["error"]),
    ],
)
def test_filters_leave_what_fits(player, query, expected) -> None:
    page = _page(player, _levels(player), **query)
    assert _messages(page) == expected
    assert (page.last_number, page.has_more) == (4, False)


def test_whoever_follows_grave_lines_alone_goes_on_behind_the_others(player) -> None:
    waiting = player.start()
    _said(player, waiting, "one", "two")
    page = _page(player, waiting, level="error")
    assert (_messages(page), page.last_number) == ([], 2)


def test_of_a_long_log_the_oldest_lines_go_and_numbers_go_on(player, archive) -> None:
    waiting = player.start()
    with archive.house(log_lines_kept=100) as house:
        for start in range(0, 250, 50):
            new = [NewLine(level="info", message=str(start + each)) for each in range(50)]
            assert house.running.say(waiting.id, new)
    page = _page(player, waiting, per_page=200)
    assert [line.number for line in page.items] == list(range(151, 251))
    assert page.items[0].message == "150"
    assert page.last_number == 250


def test_what_no_terminal_and_no_database_takes_is_made_harmless(player) -> None:
    waiting = player.start()
    _said(player, waiting, "\x1b[31mred\x00\ud800\x85\r\nnext\tcolumn\n", "x" * 5_000)
    harmless, cut = _messages(_page(player, waiting))
    assert harmless == "␛[31mred␀?\ufffd\nnext\tcolumn"
    assert len(cut) == 4_000
    assert cut.endswith("x…")


def test_another_tenants_log_is_not_there(player, stranger) -> None:
    waiting = _levels(player)
    with pytest.raises(IngestionNotFound):
        player.house.service.logs.page(stranger, waiting.id)


def test_lines_need_no_right_and_what_is_gone_takes_none(player) -> None:
    running = player.start()
    job = player.take(running)
    player.running.complete(job)
    assert _said(player, running, "too late for a right")
    assert _messages(_page(player, running))[-1] == "too late for a right"
    player.execute(delete(ingestion).where(ingestion.c.id == running.id))
    assert not _said(player, running, "nobody hears it")


def test_a_log_that_was_read_to_its_end_is_not_asked_for_again(player) -> None:
    running = player.start()
    job = player.take(running)
    player.commit(job, Item.record("a"))
    player.running.complete(job)
    page = _page(player, running)
    assert _messages(page) == ["Taken by a-worker.", "Ended: succeeded (completed), with 1 item."]
    assert page.poll_after_seconds is None
    first = _page(player, running, per_page=1)
    assert (first.has_more, first.poll_after_seconds) == (True, 0)


def test_a_commit_writes_its_lines_once_and_a_lost_right_none(player) -> None:
    job = player.take(player.start())
    new = [NewLine(level="info", message="with the batch", attempt=1)]
    player.running.commit(
        job, Batch(items=[Item.record("a")], cursor={"n": 1}), None, workdir=player.folder, said=new
    )
    assert _messages(_page(player, job.ingestion))[1:] == ["with the batch"]
    player.execute(update(ingestion).values(attempt=ingestion.c.attempt + 1))
    player.running.commit(
        job, Batch(items=[Item.record("b")], cursor={"n": 2}), None, workdir=player.folder, said=new
    )
    assert _messages(_page(player, job.ingestion))[1:] == ["with the batch"]


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_heartbeat_does_not_wait_for_a_row_that_is_locked(player) -> None:
    waiting = player.start()
    line = [NewLine(level="info", message="later")]
    with player.house.database.write() as tx:
        tx.execute(select(ingestion.c.id).with_for_update())
        with ThreadPoolExecutor(1) as threads:
            busy = threads.submit(player.running.say, waiting.id, line, wait=False)
            assert busy.result(5) is False
    assert player.running.say(waiting.id, line, wait=False)


def test_a_follower_misses_no_line_however_many_write(player) -> None:
    waiting = player.start()
    over = threading.Event()
    found: list[int] = []

    def write(who: int) -> None:
        for number in range(15):
            _said(player, waiting, f"{who}/{number}a", f"{who}/{number}b")

    def follow() -> None:
        after = 0
        while True:
            last_look = over.is_set()
            page = _page(player, waiting, after=after, per_page=7)
            found.extend(line.number for line in page.items)
            after = page.last_number
            if last_look and not page.has_more:
                return

    with ThreadPoolExecutor(4) as threads:
        follower = threads.submit(follow)
        for done in [threads.submit(write, who) for who in range(3)]:
            done.result()
        over.set()
        follower.result(30)
    assert found == list(range(1, 91))


def test_lines_go_with_their_ingestion(player) -> None:
    waiting = _levels(player)
    player.execute(delete(ingestion).where(ingestion.c.id == waiting.id))
    with player.house.database.read() as tx:
        assert tx.execute(select(log_line)).all() == []
        assert logs.last_number(tx, waiting.id) == 0


def test_every_change_of_hands_is_told(player) -> None:
    job = player.take(player.start())
    away = Fault(kind="source_unreachable", detail="No answer.", origin="source", retryable=True)
    player.running.fail(job, away)
    player.execute(update(ingestion).values(not_before=None))
    again = player.take(job.ingestion)
    player.running.release(again.hold)
    page = _page(player, job.ingestion)
    assert [(line.attempt, line.level) for line in page.items] == [
        (1, "info"),
        (1, "warning"),
        (2, "info"),
        (2, "info"),
    ]
    taken, backs_off, resumed, handed_over = _messages(page)
    assert taken == "Taken by a-worker."
    assert backs_off.startswith("Backs off for 0.")
    assert backs_off.endswith("seconds. No answer. (source_unreachable)")
    assert resumed == "Taken by a-worker for attempt 2: goes on after 0 items, from the cursor {}."
    assert handed_over == "Handed over: its worker stops, and another goes on."


def test_a_retry_of_failed_items_is_given_what_it_is_about(player) -> None:
    waiting = player.start()
    assert player.take(player.start()).wanted is None
    player.execute(
        update(ingestion)
        .where(ingestion.c.id == waiting.id)
        .values(retry_scope="failed_items", root_id=waiting.id)
    )
    row = {"ingestion_id": waiting.id, "source_key": "a" * 64, "source_id": "a"}
    player.execute(wanted_item.insert().values(row))
    assert player.take(waiting).wanted == {"a" * 64}
