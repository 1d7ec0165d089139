"""`repair-csw-metadata`: what the catalogue knows better is written, and nothing else."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from osa_testing.bench import Bench
from osa_testing.catalogue import Catalogue, Iso
from osa_testing.processes import Archive as Processes
from pydantic import ValidationError

from osa.conventions import ArchiveInMemory, Context, Held, Item, Limits, SourceUnreachable
from osa.conventions.repair_csw_metadata import repair_csw_metadata
from osa.conventions.testing import check_convention
from osa.server.model import Principal, Status

pytest.importorskip("lxml", reason="the extra catalogue is not installed")

LIMITS = Limits(allowed_hosts=("127.0.0.1",), read_timeout=30.0)


class Repair:
    """Runs of the convention on one catalogue and one archive, which remembers."""

    def __init__(self, catalogue: Catalogue, context_of: Callable[..., Context[Any]]) -> None:
        self.catalogue = catalogue
        self.archive = ArchiveInMemory()
        self._context_of = context_of

    def context(self, **parameters: Any) -> Context[Any]:
        if not {"record_ids", "all"} & set(parameters):
            parameters.setdefault("parent_identifier", Iso.PARENT)
        parameters.setdefault("csw_url", self.catalogue.url)
        context = self._context_of(repair_csw_metadata, [], limits=LIMITS, **parameters)
        context.archive = self.archive
        return context

    def run(self, **parameters: Any) -> list[Item]:
        """One ingestion; the archive holds afterwards what it published."""
        items: list[Item] = []
        for batch in repair_csw_metadata.ingest(self.context(**parameters)):
            self.archive.publish(batch.items)
            items += batch.items
        return items

    def held(self, identifier: str) -> Held:
        found = self.archive.record(self.source_id(identifier))
        assert found is not None
        return found

    def source_id(self, identifier: str) -> str:
        return f"{self.catalogue.url}|{identifier}"


@pytest.fixture
def repair(catalogue: Catalogue, context_of: Callable[..., Context[Any]]) -> Repair:
    return Repair(catalogue, context_of)


def _verdicts(items: Iterable[Item]) -> list[str]:
    """`record`, or the kind of what it is instead."""
    return [item.fault.kind if item.fault else item.verdict for item in items]


def test_children_become_records_and_the_same_again_changes_nothing(
    repair: Repair, iso: Iso
) -> None:
    repair.catalogue.put(iso.parent, *iso.children(3))
    items = repair.run()
    assert [item.source_id for item in items] == [repair.source_id(iso.id(n)) for n in (1, 2, 3)]
    held = repair.held(iso.id(2))
    assert held.title == held.metadata["title"] == "Swath 2"
    assert held.metadata["csw_url"] == repair.catalogue.url
    assert held.metadata["identifier"] == iso.id(2)
    assert set(held.metadata) == {
        "csw_url",
        "identifier",
        "title",
        "abstract",
        "keywords",
        "bbox",
        "time",
        "online",
        "datestamp",
        "parent",
        "license",
    }
    assert _verdicts(repair.run()) == ["record"] * 3
    assert [repair.held(iso.id(number)).version for number in (1, 2, 3)] == [1, 1, 1]


def test_only_what_differs_is_written(repair: Repair, iso: Iso) -> None:
    """What somebody else has put into the record stays, and so does what the catalogue does not
    say any more."""
    repair.catalogue.put(iso.child(1))
    repair.run()
    before = repair.held(iso.id(1))
    noted = {**before.metadata, "note": "mine", "abstract": "Mended by hand."}
    repair.archive.publish([Item.record(before.source_id, title="Swath 1", metadata=noted)])
    repair.catalogue.put(iso.child(1, title="A better title", abstract="", datestamp="2022-01-01"))
    repair.run()
    after = repair.held(iso.id(1))
    assert after.title == "A better title"
    assert after.metadata == {**noted, "title": "A better title", "datestamp": "2022-01-01"}


def test_fields_that_are_not_named_stay_as_they_are(repair: Repair, iso: Iso) -> None:
    repair.catalogue.put(iso.child(1))
    repair.run()
    before = repair.held(iso.id(1))
    repair.catalogue.put(iso.child(1, title="T", abstract="A", datestamp="2022-01-01"))
    repair.run(fields=["abstract"])
    after = repair.held(iso.id(1))
    assert after.metadata == {**before.metadata, "abstract": "A"}


def test_a_record_is_left_alone_unless_the_catalogue_is_newer(repair: Repair, iso: Iso) -> None:
    repair.catalogue.put(*iso.children(3))
    repair.run()
    repair.catalogue.put(
        iso.child(1, title="Older", datestamp="2020-01-01"),
        iso.child(2, title="Newer", datestamp="2022-01-01"),
    )
    assert _verdicts(repair.run()) == ["not_newer", "record", "record"]
    titles = [repair.held(iso.id(number)).title for number in (1, 2, 3)]
    assert titles == ["Swath 1", "Newer", "Swath 3"]
    repair.run(only_if_newer=False)
    assert repair.held(iso.id(1)).title == "Older"


def test_a_date_stamp_that_cannot_be_read_keeps_nothing_from_being_written(
    repair: Repair, iso: Iso
) -> None:
    repair.catalogue.put(iso.child(1))
    repair.run()
    repair.catalogue.put(iso.child(1, title="Who knows when", datestamp="long ago"))
    repair.run()
    assert repair.held(iso.id(1)).title == "Who knows when"
    assert repair.held(iso.id(1)).metadata["datestamp"] == "2021-04-29"


def test_a_dry_run_says_all_and_writes_nothing(
    repair: Repair, iso: Iso, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    repair.catalogue.put(*iso.children(3))
    repair.run()
    repair.catalogue.put(
        iso.child(2, title="Better " * 100, north="70", datestamp="2022-01-01"),
        iso.child(4),
    )
    repair.catalogue.delete(iso.id(3))
    before = list(repair.archive.records())
    items = repair.run(dry_run=True, on_missing="flag")
    assert list(repair.archive.records()) == before
    assert _verdicts(items) == ["same", "would_change", "would_create", "would_change"]
    assert {item.verdict for item in items} == {"skipped"}
    details = [item.fault.detail for item in items if item.fault]
    assert 'title: "Swath 2" → "Better Better' in details[1]
    assert "bbox: [1.5549301, 36.540688, 79.40124, 80.49233] → [1.5549301" in details[1]
    assert 'datestamp: "2021-04-29" → "2022-01-01"' in details[1]
    assert "abstract" not in details[1]
    assert len(details[1]) < 1000
    assert "missing_since" in details[3]
    summary = json.loads(caplog.messages[-1])["summary"]
    assert summary == {
        "dry_run": True,
        "created": 1,
        "changed": 1,
        "same": 1,
        "flagged": 1,
        "fields": {
            **dict.fromkeys(("title", "bbox", "datestamp"), 2),
            **dict.fromkeys(("abstract", "keywords", "time", "online", "parent", "license"), 1),
        },
    }


def test_what_is_gone_is_said_and_never_deleted(repair: Repair, iso: Iso) -> None:
    repair.catalogue.put(*iso.children(3))
    repair.run()
    repair.catalogue.delete(iso.id(2))
    before = repair.held(iso.id(2))
    assert _verdicts(repair.run()) == ["record", "record", "gone"]
    assert repair.held(iso.id(2)) == before
    flagged = repair.run(on_missing="flag")
    assert _verdicts(flagged) == ["record"] * 3
    after = repair.held(iso.id(2))
    since = after.metadata["missing_since"]
    assert after.metadata == {**before.metadata, "missing_since": since}
    # Found again: it is missing no more, whatever its date stamp says.
    repair.catalogue.put(iso.child(2, title="Older", datestamp="2020-01-01"))
    repair.run()
    assert repair.held(iso.id(2)).metadata == before.metadata


def test_a_child_that_has_moved_to_another_parent_is_not_gone(repair: Repair, iso: Iso) -> None:
    repair.catalogue.put(*iso.children(2))
    repair.run()
    repair.catalogue.put(iso.child(2, parent="another", datestamp="2022-01-01"))
    assert _verdicts(repair.run()) == ["record", "record"]
    assert repair.held(iso.id(2)).metadata["parent"] == "another"
    assert _verdicts(repair.run()) == ["record"]


def test_one_record_that_cannot_be_read_fails_alone(repair: Repair, iso: Iso) -> None:
    repair.catalogue.put(*iso.children(4))
    repair.catalogue.spoil(iso.id(2), "<broken")
    items = repair.run(record_ids=[iso.id(n) for n in (1, 2, 3)] + ["never there"])
    assert [item.verdict for item in items] == ["record", "failed", "record", "rejected"]
    assert _verdicts(items)[3] == "gone"
    items = repair.run()
    assert [item.verdict for item in items] == ["record", "failed", "record", "record"]


def test_all_looks_at_what_the_archive_holds_of_this_catalogue(repair: Repair, iso: Iso) -> None:
    repair.catalogue.put(*iso.children(4))
    repair.run(record_ids=[iso.id(1), iso.id(3)])
    elsewhere = Item.record(f"{repair.catalogue.url}2|{iso.id(2)}", title="Another catalogue's")
    repair.archive.publish([elsewhere])
    repair.catalogue.put(iso.child(3, title="Better", datestamp="2022-01-01"))
    items = repair.run(all=True)
    assert {item.source_id for item in items} == {repair.source_id(iso.id(n)) for n in (1, 3)}
    assert repair.held(iso.id(3)).title == "Better"


def test_no_more_records_are_looked_at_than_are_asked_for(
    repair: Repair, iso: Iso, caplog: pytest.LogCaptureFixture
) -> None:
    repair.catalogue.put(*iso.children(5))
    assert len(repair.run(max_datasets=5)) == 5
    assert "max_datasets" not in caplog.text
    for more in ({}, {"all": True}):
        caplog.clear()
        assert len(repair.run(max_datasets=3, **more)) == 3
        assert caplog.text.count("more records than max_datasets=3") == 1


def test_a_catalogue_that_is_down_is_tried_again(repair: Repair, iso: Iso) -> None:
    for more in ({}, {"record_ids": ["a", "b"]}):
        with pytest.raises(SourceUnreachable):
            repair.run(csw_url="http://127.0.0.1:1/csw", **more)


def test_a_stop_ends_the_wait_between_two_requests(repair: Repair, iso: Iso) -> None:
    repair.catalogue.put(*iso.children(2))
    context = repair.context(request_interval_seconds=3600)
    timer = threading.Timer(1.0, context.stop.set)
    timer.start()
    items = [item for batch in repair_csw_metadata.ingest(context) for item in batch.items]
    timer.join()
    assert context.stopped_early
    assert len(items) <= 2


@pytest.mark.parametrize("mode", ["record_ids", "parent_identifier", "all"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_it_keeps_the_promises_of_conventions(
    repair: Repair, iso: Iso, mode: str, dry_run: bool
) -> None:
    """Resumed from each of its cursors, stopped, in a retry: the same items."""
    repair.catalogue.put(*iso.children(4))
    repair.run()
    repair.catalogue.put(
        iso.child(2, title="Better", datestamp="2022-01-01"), iso.child(5), iso.child(6)
    )
    repair.catalogue.delete(iso.id(3))
    repair.catalogue.put(iso.child(4, parent="another", datestamp="2022-01-01"))
    given = {
        "record_ids": [iso.id(n) for n in (1, 2, 3, 4, 5)],
        "parent_identifier": iso.PARENT,
        "all": True,
    }
    items = check_convention(
        repair_csw_metadata,
        params={"csw_url": repair.catalogue.url, mode: given[mode], "dry_run": dry_run},
        limits=LIMITS,
        held=repair.archive.records(),
        max_resumes=2,
    )
    count = {"record_ids": 5, "parent_identifier": 6, "all": 4}[mode]
    assert len(items) == count


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"record_ids": ["a"], "all": True},
        {"record_ids": ["a"], "parent_identifier": "b"},
        {"record_ids": []},
        {"record_ids": ["a\u0007"]},
        {"record_ids": ["a", "b"], "max_datasets": 1},
        {"all": True, "csw_url": "ftp://catalogue.example/csw"},
        {"all": True, "csw_url": "https://catalogue.example/csw#here"},
        {"all": True, "fields": ["colour"]},
        {"all": True, "fields": []},
        {"all": True, "request_interval_seconds": -1},
        {"all": True, "max_datasets": 0},
    ],
)
def test_parameters_that_say_nothing_clear_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        repair_csw_metadata.parse({"csw_url": "https://catalogue.example/csw", **wrong})


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_worker_repairs_what_the_archive_holds(
    catalogue: Catalogue, iso: Iso, archive: Processes, principal: Principal, tmp_path: Any
) -> None:
    archive.environ = {"OSA_ALLOWED_HOSTS": "127.0.0.1"}
    catalogue.put(*iso.children(3))
    with archive.house() as house:
        bench = Bench(archive=archive, house=house, principal=principal, folder=tmp_path)
        archive.worker()
        outcomes = []
        for _ in range(3):
            id = bench.start(
                "repair-csw-metadata", csw_url=catalogue.url, parent_identifier=iso.PARENT
            )
            ended = bench.wait(id)
            assert ended.status is Status.SUCCEEDED, ended.error
            counts = ended.counts
            outcomes.append((counts.created, counts.updated, counts.unchanged))
            catalogue.put(iso.child(2, title="Better", datestamp="2022-01-01"))
    assert outcomes == [(3, 0, 0), (0, 1, 2), (0, 0, 3)]


def test_listing_the_convention_loads_no_heavy_library() -> None:
    code = (
        "import sys; from osa.conventions.repair_csw_metadata import repair_csw_metadata as m;"
        "m.parameters_schema(); m.missing_extra;"
        "print([n for n in sys.modules if n.partition('.')[0] == 'lxml'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
