"""What a convention sees of the archive while it runs: its own records, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from osa_testing.bench import Bench

from osa.conventions.held import PAGE
from osa.server.model import RecordQuery, Status


def _seen(bench: Bench, ingestion_id: str) -> Any:
    """What it says it has seen."""
    ended = bench.wait(ingestion_id)
    assert ended.status is Status.SUCCEEDED, ended.error
    page = bench.house.service.records.list(
        bench.principal,
        RecordQuery(ingestion_id=ingestion_id),
        cursor=None,
        per_page=10,
    )
    [record] = page.items
    return record.metadata


def test_a_convention_sees_all_of_its_own_records_page_by_page(running: Bench) -> None:
    count = 2 * PAGE + 3
    for prefix in ("page_", "pageX", "PAGE_"):
        running.wait(running.start("test-remembers", write=count, prefix=prefix, batch_size=50))
    seen = _seen(running, running.start("test-remembers", look="page_", threads=4))
    assert seen["agree"]
    assert seen["in_order"]
    assert seen["found"] == {f"page_{n}": [f"№ {n}", n] for n in range(count)}
    assert seen["ones"] == [["page_7", 1, True], None]


def test_what_was_committed_since_is_seen(running: Bench) -> None:
    for count in (10, 20):
        running.wait(running.start("test-remembers", write=count, prefix="now-"))
    seen = _seen(running, running.start("test-remembers", look="now-"))
    assert len(seen["found"]) == 20
    assert seen["ones"] == [["now-7", 1, True], None]


def test_records_of_other_conventions_and_tenants_are_not_there(running: Bench) -> None:
    running.wait(running.start("test-counter", count=10, prefix="mine-"))
    other = replace(running, principal=replace(running.principal, tenant="other"))
    other.wait(other.start("test-remembers", write=10, prefix="mine-"))
    seen = _seen(running, running.start("test-remembers", look="mine-"))
    assert seen["found"] == {}
    assert seen["ones"] == [None, None]
    seen = _seen(other, other.start("test-remembers", look="mine-"))
    assert len(seen["found"]) == 10
