"""A retry of failed items is about these, and no other: whatever its convention yields."""

from __future__ import annotations

import pytest
from osa_testing.bench import Bench
from osa_testing.waiting import until
from sqlalchemy import insert, update

from osa.conventions.stored import source_key
from osa.server.model import Outcome, RetryRequest, RetryScope, Status
from osa.server.store.tables import ingestion, wanted_item


def _want(bench: Bench, id: str, *source_ids: str) -> None:
    """Make a retry of failed items of it, before a worker comes."""
    with bench.house.database.write() as tx:
        tx.execute(update(ingestion).where(ingestion.c.id == id).values(retry_scope="failed_items"))
        rows = [
            {"ingestion_id": id, "source_key": source_key(each), "source_id": each}
            for each in source_ids
        ]
        tx.execute(insert(wanted_item), rows)


def test_only_what_failed_is_tried_again(running: Bench) -> None:
    """The others are dropped in the slot, with their files."""
    mended = running.folder / "mended"
    first = running.start(
        count=40, failed_every=8, mended=str(mended), with_files=True, prefix="torn-"
    )
    ended = running.wait(first)
    assert (ended.counts.seen, ended.counts.failed) == (40, 5), ended
    torn = [item.source_id for item in running.items(first) if item.outcome is Outcome.FAILED]
    mended.touch()
    again = running.house.service.retries.retry(
        running.principal, first, RetryRequest(scope=RetryScope.FAILED_ITEMS), idempotency_key=None
    )
    ended = running.wait(again.ingestion.id)
    assert (ended.status, ended.counts.seen, ended.counts.created) == (Status.SUCCEEDED, 5, 5)
    assert [item.source_id for item in running.items(ended.id)] == torn
    until(
        lambda: ended.id not in [path.name for path in running.workdirs()],
        "the folder of the attempt is gone",
    )


def test_a_batch_of_which_nothing_counts_still_commits_its_cursor(bench: Bench) -> None:
    """What was passed over is not passed over again after a crash."""
    id = bench.start("test-hostile", kind="all_skipped")
    _want(bench, id, "the last")
    bench.archive.worker()
    ended = bench.wait(id)
    assert (ended.counts.seen, ended.counts.created) == (1, 1)
    assert bench.events(id).count("batch_committed") == 6


def test_a_limit_counts_what_counts(bench: Bench) -> None:
    id = bench.start(count=40, limit=2)
    _want(bench, id, "5", "15", "25")
    bench.archive.worker()
    ended = bench.wait(id)
    assert [item.source_id for item in bench.items(id)] == ["5", "15"]
    assert ended.counts.seen == 2


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_more_than_a_hundred_thousand_can_be_wanted(bench: Bench) -> None:
    """Far more than a statement, a message or a command line has room for."""
    id = bench.start(count=3)
    _want(bench, id, *map(str, range(1, 110_000)))
    bench.archive.worker()
    assert bench.wait(id, seconds=60).counts.seen == 2
