"""What goes wrong inside one ingestion costs that ingestion, or one attempt of it, and nothing
else."""

from __future__ import annotations

from pathlib import Path

import pytest
from osa_testing.bench import Bench

from osa.server.model import Outcome, Status


def test_a_source_that_never_answers_fails_after_the_budget_of_attempts(running: Bench) -> None:
    """Each attempt waits in the queue, and says why."""
    id = running.start("test-trouble", kind="unreachable")
    ended = running.wait(id)
    assert (ended.status, ended.status_reason) == (Status.FAILED, "source")
    assert [attempt.end_reason for attempt in ended.attempts] == [
        "backing_off",
        "backing_off",
        "failed",
    ]
    assert ended.error.kind == "source_unreachable"
    assert ended.error.attempt == 3
    running.sound(id)


def test_a_convention_that_crashes_each_time_is_tried_again_and_then_fails(running: Bench) -> None:
    id = running.start("test-trouble", kind="crash")
    ended = running.wait(id)
    assert (ended.status, ended.status_reason, ended.error.kind) == (
        Status.FAILED,
        "convention",
        "crashed",
    )
    assert [attempt.end_reason for attempt in ended.attempts] == ["crashed", "crashed", "failed"]
    running.sound(id)


def test_a_convention_that_crashes_once_succeeds_with_the_second_attempt(
    running: Bench, tmp_path: Path
) -> None:
    id = running.start("test-trouble", kind="crash_once", marker=str(tmp_path / "marker"))
    ended = running.wait(id)
    assert ended.status is Status.SUCCEEDED
    assert [attempt.end_reason for attempt in ended.attempts] == ["crashed", "completed"]
    running.sound(id)


@pytest.mark.parametrize(
    ("kind", "reason", "fault"),
    [
        ("raise", "convention", "unexpected_error"),
        ("parameters", "config", "parameters_invalid"),
    ],
)
def test_what_trying_again_cannot_mend_fails_at_once(
    running: Bench, kind: str, reason: str, fault: str
) -> None:
    ended = running.wait(running.start("test-trouble", kind=kind))
    assert (ended.status, ended.status_reason, ended.error.kind) == (Status.FAILED, reason, fault)
    assert len(ended.attempts) == 1


def test_a_library_that_prints_does_no_harm(running: Bench) -> None:
    id = running.start("test-trouble", kind="print")
    assert running.wait(id).status is Status.SUCCEEDED
    running.sound(id)


def test_a_convention_that_stops_although_nobody_asked_has_failed(running: Bench) -> None:
    """`canceled` always means that somebody asked for it."""
    ended = running.wait(running.start("test-hostile", kind="stops"))
    assert (ended.status, ended.status_reason) == (Status.FAILED, "convention")
    assert ended.cancel is None


@pytest.mark.parametrize("kind", ["foreign_file", "no_such_file"])
def test_a_file_that_cannot_be_published_ends_its_ingestion_and_no_slot(
    running: Bench, kind: str
) -> None:
    """More of them than there are slots; what comes afterwards runs."""
    hostile = [running.start("test-hostile", kind=kind) for _ in range(3)]
    for id in hostile:
        ended = running.wait(id)
        assert (ended.status, ended.error.kind) == (Status.FAILED, "internal_error")
        assert ended.counts.seen == 0
    after = [running.start(count=3, prefix=f"after-{kind}-{number}-") for number in range(3)]
    assert [running.wait(id).status for id in after] == [Status.SUCCEEDED] * 3


def test_memory_that_the_kernel_refuses_fails_the_ingestion(running: Bench) -> None:
    ended = running.wait(running.start("test-trouble", kind="memory"))
    assert (ended.status, ended.error.kind) == (Status.FAILED, "memory_limit")


def test_memory_beyond_the_limit_ends_the_slot_and_fails_the_ingestion(running: Bench) -> None:
    ended = running.wait(running.start("test-hostile", kind="memory"))
    assert (ended.status, ended.error.kind) == (Status.FAILED, "memory_limit")


def test_an_attempt_that_takes_too_long_is_ended_and_the_slot_replaced(running: Bench) -> None:
    """As many as there are slots: afterwards all of them work again."""
    slow = [running.start("test-hostile", kind="sleeps") for _ in range(2)]
    for id in slow:
        ended = running.wait(id)
        assert (ended.status, ended.error.kind) == (Status.FAILED, "time_limit")
    after = [running.start(count=3, prefix=f"after-slow-{number}-") for number in range(2)]
    assert [running.wait(id).status for id in after] == [Status.SUCCEEDED] * 2


def test_a_limit_cuts_the_last_batch(running: Bench) -> None:
    id = running.start(count=20, batch_size=5, limit=7, prefix="limited-")
    ended = running.wait(id)
    assert (ended.status, ended.counts.seen) == (Status.SUCCEEDED, 7)
    running.sound(id, count=7, prefix="limited-")


def test_batches_of_which_everything_is_skipped_do_not_end_the_ingestion(running: Bench) -> None:
    id = running.start("test-hostile", kind="all_skipped")
    ended = running.wait(id)
    assert ended.status is Status.SUCCEEDED
    assert (ended.counts.skipped, ended.counts.created) == (5, 1)
    assert [item.outcome for item in running.items(id)] == [Outcome.SKIPPED] * 5 + [Outcome.CREATED]


def test_rejected_items_do_not_keep_the_others_out(running: Bench) -> None:
    id = running.start(count=9, rejected_every=3, prefix="some-rejected-")
    ended = running.wait(id)
    assert (ended.status, ended.status_reason) == (Status.FAILED, "some_items_failed")
    assert (ended.counts.created, ended.counts.rejected) == (6, 3)
    assert ended.result_completeness == "partial"
    running.sound(id, count=9, prefix="some-rejected-")


def test_an_empty_source_is_a_success(running: Bench) -> None:
    id = running.start(count=0)
    ended = running.wait(id)
    assert (ended.status, ended.counts.seen) == (Status.SUCCEEDED, 0)
    running.sound(id, count=0)


def test_the_secrets_of_the_worker_are_not_in_the_environment_of_a_convention(
    running: Bench,
) -> None:
    id = running.start("test-hostile", kind="environment")
    assert running.wait(id).status is Status.SUCCEEDED
    record_id = running.items(id)[0].record_id
    record = running.house.service.records.get(running.principal, record_id)
    environ = record.metadata["environ"]
    assert "OSA_DATA_DIR" in environ
    assert not {"OSA_DATABASE_URL", "OSA_ADMIN_TOKEN", "OSA_TOKEN", "PGPASSWORD"} & set(environ)
    assert "secret" not in str(environ)


def test_nothing_is_left_in_the_folder_of_temporary_files(running: Bench) -> None:
    """After all of the above, in the order of this module."""
    id = running.start(count=6, with_files=True, prefix="with-files-")
    assert running.wait(id).status is Status.SUCCEEDED
    running.sound(id, count=6, prefix="with-files-")
    assert running.workdirs() == []
