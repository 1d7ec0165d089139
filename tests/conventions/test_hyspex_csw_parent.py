"""`hyspex-csw-parent`: each child of the parent is taken once, in order, whatever happens to the
list meanwhile, and for each variant of it one ingestion is started."""

from __future__ import annotations

import json
import logging
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from osa_testing import hyspex
from osa_testing.catalogue import Catalogue, Iso
from pydantic import ValidationError

from osa.conventions import ArchiveInMemory, Context, Item, Step
from osa.conventions.hyspex.recipes import Recipe
from osa.conventions.hyspex_csw_parent import hyspex_csw_parent
from osa.conventions.nc_to_geotiff import GeoTiffParams
from osa.conventions.testing import check_convention

pytest.importorskip("lxml", reason="the extra catalogue is not installed")

from lxml import etree

from osa.conventions.csw.answers import Page
from osa.conventions.csw.metadata import Metadata
from osa.conventions.csw.requests import CSW, Query
from osa.conventions.hyspex_csw_parent import children

ContextOf = Callable[..., Context[Any]]
NewCampaign = Callable[..., hyspex.Steps]
ADDRESS = "https://catalogue.example/csw"


@pytest.fixture
def campaign(catalogue: Catalogue, context_of: ContextOf) -> NewCampaign:
    """A campaign on the catalogue's parent, with an archive of its own unless one is given."""

    def make(archive: ArchiveInMemory | None = None, **parameters: Any) -> hyspex.Steps:
        parameters.setdefault("csw_url", catalogue.url)
        parameters.setdefault("parent_identifier", Iso.PARENT)
        archive = ArchiveInMemory() if archive is None else archive
        return hyspex.Steps(hyspex_csw_parent, context_of, archive, **parameters)

    return make


def run(context_of: ContextOf, archive: ArchiveInMemory, **parameters: Any) -> list[Item]:
    """One ingestion outside of a campaign."""
    context = context_of(hyspex_csw_parent, [], limits=hyspex.LIMITS, **parameters)
    context.archive = archive
    items: list[Item] = []
    for batch in hyspex_csw_parent.ingest(context):
        assert batch.reached is None
        archive.publish(batch.items)
        items += batch.items
    return items


def summaries(messages: Iterable[str]) -> list[dict[str, Any]]:
    return [json.loads(each)["summary"] for each in messages if each.startswith('{"summary"')]


@pytest.fixture
def iso(data: Path, catalogue: Catalogue) -> Iso:
    """Makes records for the catalogue from the real ones."""
    return Iso(data / "iso19139", csw_url=catalogue.url)


def names(iso: Iso, *numbers: int) -> list[str]:
    """What the children of these datasets are called, in the order they are started."""
    recipe = Recipe(csw_url=iso.csw_url, protocol="OPENDAP:OPENDAP")
    return [
        recipe.external_id(iso.id(number), variant)
        for number in numbers
        for variant in ("rgb", "z")
    ]


def kinds(items: Iterable[Item]) -> list[str]:
    return [item.fault.kind if item.fault else item.verdict for item in items]


# What a dataset becomes


def test_a_dataset_becomes_a_record_and_starts_one_child_for_each_variant(
    catalogue: Catalogue, iso: Iso, context_of: ContextOf
) -> None:
    catalogue.put(iso.parent, hyspex.record(iso, 1))
    archive = ArchiveInMemory()
    [item] = run(context_of, archive, csw_url=catalogue.url, parent_identifier=Iso.PARENT)
    assert item.source_id == f"{catalogue.url}|{iso.id(1)}"
    assert item.title == "Swath 1"
    assert item.metadata["uri"] == hyspex.link(1)
    assert item.metadata["bbox"] == [1.5549301, 36.540688, 79.40124, 80.49233]
    assert item.metadata["time"]["start"] == "2021-04-29T00:01:00Z"
    rgb, z = item.starts
    assert [rgb.external_id, z.external_id] == names(iso, 1)
    assert item.metadata["children"] == {"rgb": rgb.external_id, "z": z.external_id}
    assert {(start.convention_id, start.uri) for start in item.starts} == {
        ("nc-to-geotiff", hyspex.link(1))
    }
    assert (rgb.name, rgb.labels) == ("Swath 1 (rgb)", {"variant": "rgb"})
    assert rgb.parameters == {
        "access": "opendap",
        "bands": {"values": [640.0, 550.0, 470.0], "units": "nm"},
    }
    assert z.parameters == {
        "access": "opendap",
        "standard_names": ["surface_altitude", "height", "altitude"],
    }
    assert not rgb.again


def test_the_callers_parameters_reach_the_children_but_for_what_makes_the_variant() -> None:
    params = hyspex_csw_parent.parse(
        {
            "csw_url": "https://catalogue.example/csw",
            "parent_identifier": "p",
            "rgb_wavelengths_nm": [660, 560, 480],
            "child": {
                "parameters": {"variable": "reflectance", "dst_crs": "EPSG:4326", "access": "auto"},
                "variants": ["z", "rgb"],
            },
        }
    )
    recipe: Recipe = params.recipe  # type: ignore[attr-defined]
    assert recipe.parameters_of("rgb") == {
        "access": "auto",
        "variable": "reflectance",
        "dst_crs": "EPSG:4326",
        "bands": {"values": [660.0, 560.0, 480.0], "units": "nm"},
    }
    assert recipe.parameters_of("z") == {
        "access": "auto",
        "dst_crs": "EPSG:4326",
        "standard_names": ["surface_altitude", "height", "altitude"],
    }
    assert list(recipe.external_ids("a")) == ["z", "rgb"]


def test_a_child_is_called_after_what_is_asked_for_and_not_after_how_it_is_said() -> None:
    def name(identifier: str = "a", **changes: Any) -> str:
        given = {"csw_url": ADDRESS, "protocol": "OPENDAP:OPENDAP", **changes}
        recipe = Recipe(**given)
        return recipe.external_id(identifier, "rgb")

    same = {
        name(),
        name(parameters={"format": "COG", "blocksize": 512}),
        name(parameters={"preview": False, "access": "download"}),
        name(protocol="WWW:DOWNLOAD-1.0-http--download"),
        name(rgb_wavelengths_nm=(640, 550, 470)),
        name(variants=("rgb",)),
        name(csw_url="HTTPS://Catalogue.example/csw?"),
    }
    assert len(same) == 1
    others = [
        name("b"),
        name(parameters={"format": "GTiff"}),
        name(parameters={"variable": "radiance"}),
        name(rgb_wavelengths_nm=(640.0, 550.0, 471.0)),
        name(convention="my-own", parameters={}),
        name(csw_url="https://catalogue.example/csw/test"),
        name(csw_url="https://catalogue.example/CSW"),
        name(csw_url="https://catalogue.example:8443/csw"),
        Recipe(csw_url=ADDRESS, protocol="OPENDAP:OPENDAP").external_id("a", "z"),
    ]
    assert len({*same, *others}) == 1 + len(others)


@pytest.mark.parametrize("identifier", ["x" * 1500, "a\u200bb", "ø" * 190, "a|b" * 60])
def test_a_name_fits_whatever_the_identifier_is(identifier: str) -> None:
    recipe = Recipe(csw_url=ADDRESS)
    found = recipe.external_id(identifier, "rgb")
    assert 1 <= len(found) <= 200
    assert found.isprintable()
    assert found != recipe.external_id(identifier + "x", "rgb")
    start = recipe.start(identifier, "rgb", uri="https://a.example/b", title=f"\x1b[2J{identifier}")
    assert start.name is not None
    assert len(start.name) <= 200
    assert start.name.isprintable()


def test_a_child_is_called_after_the_title_as_a_caller_could_have_said_it() -> None:
    said = "Flight\r\n\x00 over\u2028 the \ud800\x7f fjord " + "å" * 300
    start = Recipe(csw_url=ADDRESS).start("a", "z", uri="https://a.example/b", title=said)
    assert start.name == ("Flight over the fjord " + "å" * 300)[:196] + " (z)"


# Steps


def test_a_campaign_takes_every_child_once_and_its_positions_are_in_order(
    catalogue: Catalogue, iso: Iso, campaign: NewCampaign
) -> None:
    catalogue.put(iso.parent, *hyspex.records(iso, 23))
    catalogue.cap(10)
    steps = campaign(max_children=6)
    totals = []
    steps.run(lambda _: totals.append(steps.reached and steps.reached.total_children))
    assert steps.began == [1, 7, 13, 19]
    assert steps.children == names(iso, *range(1, 24))
    assert len(steps.items) == 23
    assert totals == [46, 46, 46, 46]


def test_the_last_step_knows_that_it_is_the_last(
    catalogue: Catalogue, iso: Iso, campaign: NewCampaign
) -> None:
    catalogue.put(*hyspex.records(iso, 6))
    steps = campaign(max_children=3)
    steps.run()
    assert steps.began == [1, 4]
    assert steps.reached is not None
    assert steps.reached.next_position is None


def test_a_campaign_without_children_ends_at_once(
    catalogue: Catalogue, iso: Iso, campaign: NewCampaign
) -> None:
    catalogue.put(iso.parent)
    for position in (1, 1000):
        steps = campaign(position=position)
        steps.run()
        assert (steps.items, steps.began) == ([], [position])
        assert steps.reached is not None
        assert steps.reached.total_children == 0


def test_twice_is_once(catalogue: Catalogue, iso: Iso, campaign: NewCampaign) -> None:
    catalogue.put(*hyspex.records(iso, 7))
    first = campaign(max_children=3)
    first.run()
    before = list(first.archive.records())
    second = campaign(first.archive, max_children=3, campaign_id="again")
    second.run()
    assert (second.began, second.children) == ([1, 4, 7], [])
    assert len(second.items) == 7
    assert list(first.archive.records()) == before


def test_a_step_that_breaks_off_leaves_no_gap_and_repeats_nothing(
    catalogue: Catalogue, iso: Iso, campaign: NewCampaign
) -> None:
    catalogue.put(*hyspex.records(iso, 9))
    steps = campaign(max_children=4)
    for number in (1, 2, 1, 3):
        steps.step(batches=number, batch_size=1)
    steps.run()
    assert steps.began == [1, 2, 4, 5, 8]
    assert [item.source_id for item in steps.items] == [
        f"{catalogue.url}|{iso.id(number)}" for number in range(1, 10)
    ]
    assert steps.children == names(iso, *range(1, 10))


def test_outside_of_a_campaign_so_many_are_taken_from_the_start_position(
    catalogue: Catalogue, iso: Iso, context_of: ContextOf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    catalogue.put(iso.parent, *hyspex.records(iso, 8))
    archive = ArchiveInMemory()
    given = {"csw_url": catalogue.url, "parent_identifier": Iso.PARENT, "max_children": 3}
    found = [
        [item.metadata["identifier"] for item in run(context_of, archive, **given, **more)]
        for more in ({}, {"start_position": 3}, {"start_position": 7}, {"start_position": 99})
    ]
    expected = [(1, 2, 3), (3, 4, 5), (7, 8), ()]
    assert found == [[iso.id(number) for number in numbers] for numbers in expected]
    told = summaries(caplog.messages)
    assert [each["next_start_position"] for each in told] == [4, 6, None, None]
    assert told[1] == {
        "dry_run": False,
        "seen": 3,
        "queued": 4,
        "skipped_existing": 2,
        "total_children": 10,
        "next_start_position": 6,
    }


# A list that changes


def test_what_is_inserted_and_deleted_between_steps_hides_nothing(
    catalogue: Catalogue, iso: Iso, campaign: NewCampaign
) -> None:
    """What is deleted moves others back over the place where the next step begins."""
    catalogue.put(*hyspex.records(iso, 20))
    steps = campaign(max_children=5)

    def change(number: int) -> None:
        if number == 1:
            catalogue.delete(*(iso.id(each) for each in (1, 2, 3)))
        if number == 2:
            early = [f"test.no:child-0000-{letter}" for letter in "abc"]
            catalogue.put(*(hyspex.record(iso, 99, identifier=each) for each in early))
            catalogue.delete(iso.id(4), iso.id(12))

    steps.run(change)
    throughout = [number for number in range(1, 21) if number not in (1, 2, 3, 4, 12)]
    assert set(names(iso, *throughout)) <= set(steps.children)
    assert len(steps.children) == len(set(steps.children))
    # Found when the list was looked through once more.
    assert any("child-0000-a" in name for name in steps.children)
    assert steps.began == sorted(set(steps.began))
    assert steps.reached is not None
    assert steps.reached.total_children == len(steps.children)


def test_what_is_inserted_before_a_start_position_is_not_taken(
    catalogue: Catalogue, iso: Iso, campaign: NewCampaign
) -> None:
    """The sweep begins at the record at which the campaign began, wherever it is by then."""
    catalogue.put(*hyspex.records(iso, 12))
    steps = campaign(position=5, max_children=4)

    def change(number: int) -> None:
        if number == 1:
            catalogue.delete(iso.id(1), iso.id(2), iso.id(6), iso.id(7))

    steps.run(change)
    assert sorted(steps.children) == sorted(names(iso, *range(5, 13)))


def test_when_the_first_record_of_a_campaign_is_gone_all_are_looked_at(
    catalogue: Catalogue, iso: Iso, campaign: NewCampaign
) -> None:
    catalogue.put(*hyspex.records(iso, 12))
    steps = campaign(position=5, max_children=4)

    def change(number: int) -> None:
        if number == 1:
            catalogue.delete(iso.id(3), iso.id(4), iso.id(5))

    steps.run(change)
    assert set(names(iso, *range(5, 13))) <= set(steps.children)


def test_a_step_of_one_dataset_moves_on_when_the_list_has_moved_back(
    catalogue: Catalogue, iso: Iso, campaign: NewCampaign
) -> None:
    catalogue.put(*hyspex.records(iso, 5))
    steps = campaign(max_children=1)
    steps.run(lambda number: catalogue.delete(iso.id(1)) if number == 2 else None)
    assert set(steps.children) == set(names(iso, 1, 2, 3, 4, 5))


def test_what_was_deleted_from_the_archive_meanwhile_is_not_started_again_by_a_sweep(
    catalogue: Catalogue, iso: Iso, campaign: NewCampaign
) -> None:
    catalogue.put(*hyspex.records(iso, 8))
    steps = campaign(max_children=3)

    def change(number: int) -> None:
        if number == 1:
            catalogue.delete(iso.id(1), iso.id(2))
            # A cleanup: the ingestions are gone, the record stays.
            steps.archive = ArchiveInMemory(steps.archive.records())

    steps.run(change)
    assert sorted(steps.children) == sorted(names(iso, *range(1, 9)))


class Changing:
    """A list that changes as a seed decides, for a campaign that breaks off now and then. `put` and
    `delete` change the catalogue."""

    def __init__(
        self,
        seed: int,
        numbers: set[int],
        put: Callable[[list[int]], object],
        delete: Callable[[list[int]], object],
    ) -> None:
        self.random = random.Random(seed)
        self.there = set(numbers)
        self.throughout = set(numbers)
        self._put = put
        self._delete = delete
        put(sorted(numbers))

    def change(self) -> None:
        gone = self.random.sample(sorted(self.there), min(len(self.there), self._few()))
        come = self.random.sample(range(90, 210), self._few())
        self._delete(gone)
        self._put(come)
        self.there.difference_update(gone)
        self.there.update(come)
        self.throughout.difference_update(gone)

    def play(self, iso: Iso, steps: hyspex.Steps, *, changes: int) -> None:
        """So many changes, each after a step; and nothing was missed, and nothing taken twice."""
        while steps.position is not None:
            steps.step(
                batches=self.random.choice([None, None, 1, 2]),
                batch_size=self.random.choice([1, 2]),
            )
            if len(steps.began) <= changes:
                self.change()
            assert len(steps.began) < 200
        assert set(names(iso, *self.throughout)) <= set(steps.children)
        assert len(steps.children) == len(set(steps.children))
        assert steps.began == sorted(steps.began)
        assert steps.reached is not None
        assert steps.reached.total_children == len(steps.children)

    def _few(self) -> int:
        return self.random.choice([0, 0, 1, 1, 2, 5])


def test_whatever_is_inserted_and_deleted_all_that_was_there_throughout_is_taken_once(
    catalogue: Catalogue, iso: Iso, campaign: NewCampaign
) -> None:
    changing = Changing(
        1,
        set(range(100, 200, 7)),
        lambda numbers: catalogue.put(*(hyspex.record(iso, number) for number in numbers)),
        lambda numbers: catalogue.delete(*(iso.id(number) for number in numbers)),
    )
    catalogue.cap(4)
    changing.play(iso, campaign(max_children=5, page_size=6), changes=2)


class InMemory:
    """What is asked of a catalogue, answered from a set of numbers."""

    def __init__(self, iso: Iso) -> None:
        self._iso = iso
        self.numbers: set[int] = set()
        self.cap = 1000

    def page(self, query: Query, *, start: int, size: int, hits: bool = False) -> Page:
        found = sorted(self.numbers)[start - 1 : start - 1 + min(size, self.cap)]
        return Page(records=[self._record(each) for each in found], matched=len(self.numbers))

    def _record(self, number: int) -> Metadata:
        link = {"url": hyspex.link(number), "protocol": "OPENDAP:OPENDAP"}
        # Some have no identifier: a step may end at one.
        identifier = self._iso.id(number) if number % 11 else None
        return Metadata(identifier=identifier, fields={"online": [link]})


def test_in_no_order_of_changes_anything_is_missed_or_taken_twice(
    iso: Iso, campaign: NewCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    # At 50 one more pass is not enough, at 310 a step ends at a record without identifier.
    iso.csw_url = ADDRESS
    for seed in (*range(40), 50, 310):
        memory = InMemory(iso)
        monkeypatch.setattr(children, "Catalogue", lambda *_, memory=memory, **__: memory)
        numbers = {number for number in range(100, 200, seed % 5 + 3) if seed % 2 or number % 11}
        changing = Changing(seed, numbers, memory.numbers.update, memory.numbers.difference_update)
        memory.cap = changing.random.choice([1, 3, 4, 1000])
        steps = campaign(
            csw_url=ADDRESS,
            max_children=changing.random.choice([1, 2, 3, 5, 50]),
            page_size=changing.random.choice([2, 4, 50]),
        )
        changing.throughout = {number for number in changing.throughout if number % 11}
        changing.play(iso, steps, changes=changing.random.choice([2, 6, 12]))


# What is broken, and what is hostile


def test_a_dataset_without_a_link_is_rejected_and_the_rest_goes_on(
    catalogue: Catalogue, iso: Iso, campaign: NewCampaign
) -> None:
    catalogue.put(
        hyspex.record(iso, 1),
        hyspex.record(iso, 2, protocol="WWW:LINK"),
        hyspex.record(iso, 3, protocol="opendap:opendap"),
    )
    steps = campaign()
    steps.run()
    assert kinds(steps.items) == ["record", "no_link", "record"]
    fault = steps.items[1].fault
    assert fault is not None
    assert "WWW:LINK" in (fault.hint or "")
    assert steps.children == names(iso, 1, 3)
    assert steps.reached is not None
    assert steps.reached.total_children == 4


HOSTILE = [
    "file:///etc/passwd",
    "javascript:alert(1)",
    "ftp://data.example.com/a.nc",
    "https://user:secret@data.example.com/a.nc",
    "http://127.0.0.2/a.nc",
    "http://169.254.169.254/latest/meta-data",
    "http://localhost/a.nc",
    "/vsicurl/https://data.example.com/a.nc",
    "https://data.example.com/" + "a" * 2000,
]


def test_a_link_that_may_not_be_read_starts_nothing(
    catalogue: Catalogue, iso: Iso, campaign: NewCampaign
) -> None:
    hostile = [hyspex.record(iso, number, url=url) for number, url in enumerate(HOSTILE, 1)]
    last = len(HOSTILE) + 1
    catalogue.put(*hostile, hyspex.record(iso, last))
    steps = campaign()
    steps.run()
    assert kinds(steps.items) == ["link_refused"] * len(HOSTILE) + ["record"]
    assert not any("secret" in item.fault.detail for item in steps.items if item.fault)
    assert steps.children == names(iso, last)


def test_a_record_that_cannot_be_read_fails_alone(
    catalogue: Catalogue, iso: Iso, campaign: NewCampaign
) -> None:
    catalogue.put(*hyspex.records(iso, 6))
    catalogue.spoil(iso.id(3), "<broken")
    steps = campaign(max_children=2)
    steps.run()
    assert [item.verdict for item in steps.items] == ["record"] * 2 + ["failed"] + ["record"] * 3
    assert steps.items[2].source_id == f"{catalogue.url}|#3 of {Iso.PARENT}"
    assert steps.began == [1, 3, 5]
    assert steps.children == names(iso, 1, 2, 4, 5, 6)


@pytest.mark.parametrize("matched", ["many", 7, 10**8, 0])
@pytest.mark.parametrize("nameless", [False, True])
def test_a_catalogue_that_always_gives_the_same_page_comes_to_an_end(
    site: Any, iso: Iso, campaign: NewCampaign, matched: object, nameless: bool
) -> None:
    """It ignores where it is asked from, and lies about how many there are."""
    records = [hyspex.record(iso, number) for number in range(1, 8)]
    if nameless:
        records[2] = hyspex.record(iso, 3, identifier="")
    page = _response(records, matched)

    def answer(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(page)))
        handler.end_headers()
        handler.wfile.write(page)

    site.pages["/csw"] = answer
    iso.csw_url = f"{site.url}/csw"
    steps = campaign(csw_url=iso.csw_url, max_children=3)
    steps.run()
    expected = [number for number in range(1, 8) if not (nameless and number == 3)]
    assert sorted(steps.children) == sorted(names(iso, *expected))


def _response(records: list[bytes], matched: object) -> bytes:
    root = etree.Element(f"{{{CSW}}}GetRecordsResponse")
    results = etree.SubElement(
        root, f"{{{CSW}}}SearchResults", numberOfRecordsMatched=str(matched), nextRecord="1"
    )
    results.extend(etree.fromstring(record) for record in records)
    return bytes(etree.tostring(root))


# A dry run, parameters, promises


def test_a_dry_run_starts_and_writes_nothing_and_says_all(
    catalogue: Catalogue, iso: Iso, campaign: NewCampaign, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    catalogue.put(*hyspex.records(iso, 3), hyspex.record(iso, 4, protocol="WWW:LINK"))
    real = campaign(max_children=1)
    real.step()
    steps = campaign(real.archive, max_children=3, dry_run=True)
    steps.run()
    assert steps.began == [1, 4]
    assert kinds(steps.items) == ["already_started", "would_start", "would_start", "no_link"]
    assert steps.children == []
    assert len(list(steps.archive.records())) == 1
    assert steps.items[1].fault is not None
    assert all(name in steps.items[1].fault.detail for name in names(iso, 2))
    assert hyspex.link(2) in steps.items[1].fault.detail
    assert summaries(caplog.messages)[1] == {
        "dry_run": True,
        "seen": 3,
        "queued": 4,
        "skipped_existing": 2,
        "total_children": 0,
        "next_start_position": 4,
    }


@pytest.mark.parametrize(
    ("dry_run", "step"), [(True, None), (False, Step(campaign_id="c", number=2, position=2))]
)
def test_it_keeps_the_promises_of_conventions(
    catalogue: Catalogue, iso: Iso, dry_run: bool, step: Step | None
) -> None:
    """Resumed from each of its cursors, stopped, in a retry: the same items, and as far."""
    catalogue.put(*hyspex.records(iso, 4), hyspex.record(iso, 5, protocol="WWW:LINK"))
    items = check_convention(
        hyspex_csw_parent,
        params={
            "csw_url": catalogue.url,
            "parent_identifier": Iso.PARENT,
            "max_children": 4,
            "dry_run": dry_run,
        },
        limits=hyspex.LIMITS,
        archive=ArchiveInMemory(started=dict.fromkeys(names(iso, 2), "failed")),
        step=step,
        max_resumes=2,
    )
    assert len(items) == 4


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"csw_url": "ftp://catalogue.example/csw"}, "csw_url"),
        ({"parent_identifier": ""}, "parent_identifier"),
        ({"start_position": 0}, "start_position"),
        ({"max_children": 0}, "max_children"),
        ({"max_children": 1001}, "max_children"),
        ({"rgb_wavelengths_nm": [640, 550]}, "rgb_wavelengths_nm"),
        ({"rgb_wavelengths_nm": [640, 550, -1]}, "rgb_wavelengths_nm"),
        ({"child": {"variants": []}}, "child"),
        ({"child": {"variants": ["rgb", "rgb"]}}, "child"),
        ({"child": {"variants": ["swir"]}}, "child"),
        ({"child": {"convention": "No Such"}}, "child"),
        ({"child": {"parameters": {"colour": "red"}}}, "child"),
        ({"child": {"parameters": {"format": "JPEG"}}}, "child"),
        ({"child": {"parameters": {"bounds": [1, 1, 0, 0]}}}, "child"),
        ({"campaign_id": "mine"}, "campaign_id"),
    ],
)
def test_parameters_that_cannot_be_meant_are_refused(wrong: dict[str, Any], where: str) -> None:
    given = {"csw_url": "https://catalogue.example/csw", "parent_identifier": "p"}
    assert hyspex_csw_parent.parse(given)
    with pytest.raises(ValidationError) as refused:
        hyspex_csw_parent.parse({**given, **wrong})
    assert {error["loc"][0] for error in refused.value.errors()} == {where}


def test_what_another_convention_takes_is_not_judged_here() -> None:
    given = {"csw_url": "https://catalogue.example/csw", "parent_identifier": "p"}
    child = {"convention": "my-own", "parameters": {"colour": "red"}}
    params = hyspex_csw_parent.parse({**given, "child": child})
    start = params.recipe.start("a", "z", uri="https://a.example/b", title="A")  # type: ignore[attr-defined]
    assert start.convention_id == "my-own"
    assert start.parameters["colour"] == "red"


def test_what_is_asked_for_by_default_is_what_nc_to_geotiff_takes() -> None:
    recipe = Recipe(csw_url=ADDRESS, protocol="OPENDAP:OPENDAP")
    recipe.check()
    rgb, z = recipe.geotiff("rgb"), recipe.geotiff("z")
    assert isinstance(rgb, GeoTiffParams)
    assert rgb.output_digest() != z.output_digest()


def test_its_parameters_are_known_without_loading_what_reads_a_catalogue_or_a_raster() -> None:
    program = (
        "import sys, osa.conventions.hyspex_csw_parent, osa.conventions.hyspex_missing_variants;"
        "print({'lxml', 'numpy', 'rasterio', 'netCDF4', 'h5py'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_the_same_identifiers_in_another_catalogue_are_other_datasets(
    catalogue: Catalogue, iso: Iso, campaign: NewCampaign
) -> None:
    catalogue.put(iso.parent, *hyspex.records(iso, 3))
    archive = ArchiveInMemory()
    production = campaign(archive)
    production.run()
    test = campaign(archive, csw_url=f"{catalogue.url}?instance=test")
    test.run()
    again = campaign(archive)
    again.run()
    assert len(production.children) == len(test.children) == 6
    assert not set(production.children) & set(test.children)
