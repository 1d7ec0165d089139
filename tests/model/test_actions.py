"""What can be done with an ingestion, and why the rest cannot."""

from __future__ import annotations

import pytest

from osa.server.http.problems import row_of
from osa.server.model import Action, Counts, Status, allowed_actions, refusal
from osa.server.model.actions import was_read_to_its_end

_STOP = {Action.CANCEL, Action.FORCE_CANCEL}


def _allowed(ingestion) -> set[Action]:
    return {one.action for one in allowed_actions(ingestion) if one.allowed}


def _why(ingestion, action: Action) -> tuple[str | None, str | None]:
    return next(
        (one.code, one.reason) for one in allowed_actions(ingestion) if one.action is action
    )


def test_all_six_are_told_of_in_their_order_each_refused_with_code_and_reason(an_ingestion) -> None:
    for status in Status:
        told = allowed_actions(an_ingestion(status=status))
        assert [one.action for one in told] == list(Action)
        for one in told:
            assert one.allowed == (one.code is None) == (one.reason is None)


def test_a_code_is_that_of_the_problem_that_the_error_becomes(an_ingestion) -> None:
    seen = set()
    for status in Status:
        for retried_by in (None, "another"):
            ingestion = an_ingestion(status=status, retried_by=retried_by)
            for action in Action:
                why = refusal(ingestion, action)
                if why is not None:
                    assert row_of(why.error).code == why.code
                    seen.add(why.code)
    assert seen == {
        "INGESTION_ACTIVE",
        "INGESTION_ALREADY_ENDED",
        "INGESTION_ALREADY_RETRIED",
        "NOTHING_TO_RETRY",
    }


@pytest.mark.parametrize("status", [status for status in Status if not status.done])
def test_what_is_not_done_can_be_stopped_and_nothing_else(an_ingestion, status) -> None:
    ingestion = an_ingestion(status=status, counts=Counts(failed=1))
    assert _allowed(ingestion) == _STOP
    assert _why(ingestion, Action.DELETE) == (
        "INGESTION_ACTIVE",
        "It is not done; cancel it first.",
    )


@pytest.mark.parametrize("status", [status for status in Status if status.done])
def test_what_is_done_can_be_deleted_and_no_more_be_stopped(an_ingestion, status) -> None:
    ingestion = an_ingestion(status=status)
    assert _allowed(ingestion) & (_STOP | {Action.DELETE}) == {Action.DELETE}
    assert _why(ingestion, Action.CANCEL) == ("INGESTION_ALREADY_ENDED", "It has ended.")


def test_one_that_was_retried_is_not_retried_again(an_ingestion) -> None:
    ingestion = an_ingestion(status=Status.FAILED, counts=Counts(failed=1), retried_by="the-other")
    assert _allowed(ingestion) == {Action.DELETE}
    code, reason = _why(ingestion, Action.RETRY_ALL)
    assert code == "INGESTION_ALREADY_RETRIED"
    assert "the-other" in reason


@pytest.mark.parametrize(
    ("counts", "allowed"),
    [
        (Counts(), False),
        (Counts(created=3, skipped=2, unchanged=1), False),
        (Counts(created=3, rejected=1), True),
        (Counts(failed=1), True),
    ],
)
@pytest.mark.parametrize("status", [status for status in Status if status.done])
def test_failed_items_are_retried_where_there_are_some_however_it_ended(
    an_ingestion, status, counts, allowed
) -> None:
    ingestion = an_ingestion(status=status, counts=counts)
    assert (Action.RETRY_FAILED_ITEMS in _allowed(ingestion)) is allowed


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ({"status": Status.SUCCEEDED, "status_reason": "completed"}, True),
        ({"status": Status.SUCCEEDED, "status_reason": "too_late_to_cancel"}, True),
        ({"status": Status.CANCELED, "status_reason": "requested"}, False),
        ({"status": Status.FAILED, "status_reason": "source"}, False),
        ({"status": Status.FAILED, "status_reason": "worker_lost"}, False),
        ({"status": Status.FAILED, "status_reason": "deadline_exceeded"}, False),
        ({"status": Status.FAILED, "status_reason": "some_items_failed"}, True),
        ({"status": Status.FAILED, "status_reason": "all_items_failed"}, True),
        (
            {"status": Status.FAILED, "status_reason": "some_items_failed", "stop_early": True},
            False,
        ),
        # Nothing is left under its limit.
        ({"status": Status.CANCELED, "limit": 5, "counts": Counts(created=5)}, True),
        ({"status": Status.CANCELED, "limit": 6, "counts": Counts(created=5)}, False),
        ({"status": Status.RUNNING, "limit": 5, "counts": Counts(created=5)}, False),
        ({"status": Status.QUEUED}, False),
    ],
)
def test_what_remains_is_what_was_not_read(an_ingestion, change, read) -> None:
    ingestion = an_ingestion(**change)
    assert was_read_to_its_end(ingestion) is read
    remaining = Action.RETRY_REMAINING in _allowed(ingestion)
    assert remaining is (ingestion.done and not read)
