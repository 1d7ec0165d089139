"""When to ask again: bounds, and what the hint follows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from osa.server.model import Cancellation, Progress, Status

AGES = [0, 0.4, 1, 7, 19.9, 21, 60, 299, 3_600, 10**7]


def _after(now, seconds: float):
    return now + timedelta(seconds=seconds)


@pytest.mark.parametrize("status", [status for status in Status if status.done])
def test_what_is_done_need_not_be_asked_for_again(an_ingestion, status) -> None:
    assert an_ingestion(status=status).poll_after_seconds is None


@pytest.mark.parametrize("position", [None, 0, 1, 30, 10_000])
def test_a_queued_one_is_asked_for_later_the_longer_it_waits_and_the_more_are_before_it(
    an_ingestion, now, position
) -> None:
    hints = [
        an_ingestion(queue_position=position, read_at=_after(now, age)).poll_after_seconds
        for age in AGES
    ]
    assert hints == sorted(hints)
    assert {1 <= hint <= 15 for hint in hints} == {True}
    nearer = [an_ingestion(queue_position=n).poll_after_seconds for n in (0, 10, 50, 150, 9_999)]
    assert nearer == [1, 1, 5, 15, 15]


def test_its_wait_counts_from_when_it_was_queued_last(an_ingestion, now) -> None:
    again = an_ingestion(queued_at=_after(now, 3_600), read_at=_after(now, 3_601))
    assert again.poll_after_seconds == 1


@pytest.mark.parametrize(
    ("left", "hint"), [(0.1, 1), (1, 1), (1.2, 2), (30, 30), (60, 60), (61, 60), (600, 60)]
)
def test_one_that_backs_off_is_asked_for_when_its_time_has_come(
    an_ingestion, now, left, hint
) -> None:
    waiting = an_ingestion(next_attempt_at=_after(now, left), queue_position=9_999)
    assert waiting.poll_after_seconds == hint


def test_once_its_time_has_come_it_waits_as_all_others(an_ingestion, now) -> None:
    for past in (0, 5):
        due = an_ingestion(next_attempt_at=now, read_at=_after(now, past), queue_position=0)
        assert due.poll_after_seconds == 1


@pytest.mark.parametrize(
    ("left", "hint"), [(-5, 1), (0, 1), (3, 1), (8, 2), (20, 5), (60, 15), (10**8, 15)]
)
def test_a_running_one_is_asked_for_after_a_quarter_of_what_is_left(
    an_ingestion, now, left, hint
) -> None:
    running = an_ingestion(
        status=Status.RUNNING, started_at=now, progress=Progress(eta=_after(now, left))
    )
    assert running.poll_after_seconds == hint


@pytest.mark.parametrize(("age", "hint"), [(0, 1), (20, 1), (100, 5), (300, 15), (10**7, 15)])
def test_where_nobody_knows_what_is_left_its_age_decides(an_ingestion, now, age, hint) -> None:
    running = an_ingestion(status=Status.RUNNING, started_at=now, read_at=_after(now, age))
    assert running.poll_after_seconds == hint


@pytest.mark.parametrize(
    ("age", "grace", "hint"),
    [
        (0, 120, 1),
        (8, 120, 2),
        (60, 120, 5),
        # Near the deadline: then it is over.
        (60, 62, 2),
        (60, 60, 1),
        (60, 30, 1),
        (60, None, 5),
    ],
)
def test_a_canceling_one_is_asked_for_within_five_seconds_and_at_its_deadline(
    an_ingestion, now, age, grace, hint
) -> None:
    cancel = Cancellation(
        requested_at=now,
        requested_by="tester",
        reason=None,
        deadline_at=None if grace is None else _after(now, grace),
        outcome="pending",
    )
    canceling = an_ingestion(status=Status.CANCELING, cancel=cancel, read_at=_after(now, age))
    assert canceling.poll_after_seconds == hint
