"""Nothing is lost silently: every item has one outcome, and the counts say so at every read."""

from __future__ import annotations

from collections import Counter

from osa.conventions import Item, Progress
from osa.server.model import Counts, Outcome


def _mixed(number: int) -> list[Item]:
    return [
        Item.record(f"new-{number}"),
        Item.record("same"),
        Item.record("changing", metadata={"batch": number}),
        Item.skipped("s", kind="known", detail="passed over"),
        Item.rejected("r", kind="odd", detail="not valid"),
        Item.failed("f", kind="broken", detail="an error"),
    ]


def test_seen_is_the_sum_after_every_batch_and_what_the_items_say(player) -> None:
    started = player.start(batch_size=6)
    job = player.take(started)
    for number in range(4):
        player.commit(job, *_mixed(number), cursor={"next": number})
        counts = player.get(started).counts
        assert counts.seen == 6 * (number + 1)
        page = player.reading.items(
            player.principal, started.id, outcomes=frozenset(), cursor=None, per_page=200
        )
        told = Counter(item.outcome for item in page.items)
        assert {outcome: getattr(counts, outcome.value) for outcome in Outcome} == {
            outcome: told[outcome] for outcome in Outcome
        }
    assert (counts.created, counts.updated, counts.unchanged) == (6, 3, 3)


def test_the_limit_counts_what_was_seen_and_cuts_the_last_batch_short(player) -> None:
    started = player.start(limit=8)
    job = player.take(started)
    assert player.commit(job, *_mixed(0)).value == "continue"
    assert player.commit(job, *_mixed(1)).value == "enough"
    assert player.get(started).counts.seen == 8


def test_a_batch_whose_answer_was_lost_is_not_committed_twice(player) -> None:
    started = player.start()
    job = player.take(started)
    player.commit(job, Item.record("a"), Item.record("b"))
    job.counts = Counts()  # what a worker knows that never heard of its commit

    player.commit(job, Item.record("a"), Item.record("b"))

    assert player.get(started).counts.seen == 2


def test_items_are_listed_by_outcome_each_once_in_order(player) -> None:
    started = player.start()
    job = player.take(started)
    for number in range(5):
        player.commit(job, *_mixed(number))
    wanted = frozenset({Outcome.REJECTED, Outcome.FAILED})
    found, cursor = [], None
    while True:
        page = player.reading.items(
            player.principal, started.id, outcomes=wanted, cursor=cursor, per_page=3
        )
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert [item.number for item in found] == [5, 6, 11, 12, 17, 18, 23, 24, 29, 30]
    assert {item.outcome for item in found} == wanted


def test_a_skipped_batch_does_not_end_the_ingestion(player) -> None:
    job = player.take(player.start())
    verdict = player.commit(job, *(Item.skipped(str(n), kind="k", detail="d") for n in range(5)))
    assert verdict.value == "continue"


def test_a_convention_that_counts_below_nothing_is_shown_nothing(player) -> None:
    started = player.start()
    job = player.take(started)
    player.running.show(job, Progress(completed=-3, total=-7))
    shown = player.get(started).progress
    assert (shown.completed, shown.total, shown.percent) == (0, 0, None)
