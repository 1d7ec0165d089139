"""`hyspex-missing-variants`: what lacks is found and started, and nothing else."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from osa_testing import hyspex
from osa_testing.catalogue import Catalogue, Iso
from pydantic import ValidationError

from osa.conventions import (
    ArchiveInMemory,
    Context,
    Held,
    HeldCampaign,
    Item,
    ParametersInvalid,
    Source,
    Step,
)
from osa.conventions.hyspex.recipes import Recipe
from osa.conventions.hyspex_csw_parent import hyspex_csw_parent
from osa.conventions.hyspex_missing_variants import hyspex_missing_variants
from osa.conventions.nc_to_geotiff import nc_to_geotiff
from osa.conventions.testing import check_convention

pytest.importorskip("lxml", reason="the extra catalogue is not installed")

ContextOf = Callable[..., Context[Any]]


class Repair:
    """Runs of the convention outside of a campaign, on one catalogue and one archive."""

    def __init__(self, catalogue: Catalogue, context_of: ContextOf) -> None:
        self.catalogue = catalogue
        self.archive = ArchiveInMemory()
        self.context_of = context_of

    def __call__(self, **parameters: Any) -> list[Item]:
        if "campaign_id" not in parameters:
            parameters.setdefault("csw_url", self.catalogue.url)
            if "record_ids" not in parameters:
                parameters.setdefault("parent_identifier", Iso.PARENT)
        context = self.context_of(
            hyspex_missing_variants, [], limits=hyspex.LIMITS, batch_size=3, **parameters
        )
        context.archive = self.archive
        items: list[Item] = []
        for batch in hyspex_missing_variants.ingest(context):
            self.archive.publish(batch.items)
            items += batch.items
        return items

    def steps(self, **parameters: Any) -> hyspex.Steps:
        parameters = {
            "csw_url": self.catalogue.url,
            "parent_identifier": Iso.PARENT,
            **parameters,
        }
        return hyspex.Steps(hyspex_missing_variants, self.context_of, self.archive, **parameters)

    def campaign(self, **parameters: Any) -> hyspex.Steps:
        """A campaign of the other convention, on the same children."""
        given = {
            "csw_url": self.catalogue.url,
            "parent_identifier": Iso.PARENT,
            **parameters,
        }
        return hyspex.Steps(hyspex_csw_parent, self.context_of, self.archive, **given)

    def knows(
        self,
        started: Mapping[str, str],
        *,
        others: Mapping[str, Iterable[Held]] | None = None,
        campaigns: Mapping[str, HeldCampaign] | None = None,
    ) -> None:
        """The archive is one in which this was started, and no more."""
        self.archive = ArchiveInMemory(started=started, others=others, campaigns=campaigns)


@pytest.fixture
def repair(catalogue: Catalogue, context_of: ContextOf) -> Iterator[Repair]:
    yield Repair(catalogue, context_of)


@pytest.fixture
def iso(data: Path, catalogue: Catalogue) -> Iso:
    """Makes records for the catalogue from the real ones."""
    return Iso(data / "iso19139", csw_url=catalogue.url)


def name(iso: Iso, number: int, variant: Any) -> str:
    recipe = Recipe(csw_url=iso.csw_url, protocol="OPENDAP:OPENDAP")
    return recipe.external_id(iso.id(number), variant)


def complete(iso: Iso, *numbers: int) -> dict[str, str]:
    return {name(iso, n, variant): "succeeded" for n in numbers for variant in ("rgb", "z")}


def kinds(items: Iterable[Item]) -> list[str]:
    return [item.fault.kind if item.fault else item.verdict for item in items]


def started(items: Iterable[Item]) -> list[str]:
    return [start.external_id for item in items for start in item.starts]


def test_what_lacks_is_started_and_twice_starts_nothing_more(repair: Repair, iso: Iso) -> None:
    repair.catalogue.put(*hyspex.records(iso, 4))
    repair.knows({**complete(iso, 1, 4), name(iso, 3, "z"): "running"})
    items = repair()
    assert kinds(items) == ["complete", "record", "record", "complete"]
    assert started(items) == [name(iso, 2, "rgb"), name(iso, 2, "z"), name(iso, 3, "rgb")]
    assert items[2].metadata["children"] == {
        "rgb": name(iso, 3, "rgb"),
        "z": name(iso, 3, "z"),
    }
    assert not any(start.again for item in items for start in item.starts)
    again = repair()
    assert kinds(again) == ["complete"] * 4
    assert started(again) == []


@pytest.mark.parametrize("status", ["queued", "running", "canceling", "succeeded"])
def test_a_child_that_is_active_or_has_succeeded_is_no_lack(
    repair: Repair, iso: Iso, status: str
) -> None:
    repair.catalogue.put(hyspex.record(iso, 1))
    repair.knows(dict.fromkeys(complete(iso, 1), status))
    assert kinds(repair(requeue_failed=True)) == ["complete"]


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_what_failed_is_tried_again_only_when_that_is_asked_for(
    repair: Repair, iso: Iso, status: str
) -> None:
    repair.catalogue.put(*hyspex.records(iso, 2))
    repair.knows({**complete(iso, 1, 2), name(iso, 1, "z"): status})
    items = repair()
    assert kinds(items) == ["variant_failed", "complete"]
    assert items[0].fault is not None
    assert "requeue_failed" in items[0].fault.detail
    items = repair(requeue_failed=True)
    assert kinds(items) == ["record", "complete"]
    [start] = items[0].starts
    assert (start.external_id, start.again) == (name(iso, 1, "z"), True)
    assert kinds(repair(requeue_failed=True)) == ["complete"] * 2


def test_both_conventions_know_of_each_others_children(repair: Repair, iso: Iso) -> None:
    repair.catalogue.put(*hyspex.records(iso, 5))
    campaign = repair.campaign(max_children=2)
    campaign.step()
    assert kinds(repair(limit=2)) == ["complete"] * 2 + ["record"] * 2
    campaign.run()
    assert campaign.children == [
        name(iso, number, variant) for number in (1, 2, 5) for variant in ("rgb", "z")
    ]
    assert started(repair()) == []


def test_a_campaign_says_where_its_datasets_are_and_what_is_made_of_them(
    repair: Repair, iso: Iso
) -> None:
    repair.catalogue.put(*hyspex.records(iso, 3))
    asked = {
        "csw_url": repair.catalogue.url,
        "parent_identifier": Iso.PARENT,
        "rgb_wavelengths_nm": [660, 560, 480],
        "child": {"parameters": {"dst_crs": "EPSG:4326"}, "variants": ["rgb"]},
    }
    repair.knows(
        {}, campaigns={"spring": HeldCampaign(convention_id="hyspex-csw-parent", parameters=asked)}
    )
    campaign = repair.campaign(max_children=1, **asked)
    campaign.step()
    # What is started belongs to the archive of the campaign, which is the same.
    items = repair(campaign_id="spring")
    assert kinds(items) == ["complete", "record", "record"]
    assert items[1].starts[0].parameters == {
        "access": "opendap",
        "dst_crs": "EPSG:4326",
        "bands": {"values": [660.0, 560.0, 480.0], "units": "nm"},
    }
    campaign.run()
    assert len(campaign.children) == 1
    # What is said here comes before what the campaign says.
    more = repair(campaign_id="spring", variants=["z"], limit=1)
    assert [start.labels["variant"] for item in more for start in item.starts] == ["z"]


@pytest.mark.parametrize(
    ("campaign", "said"),
    [
        (None, "no campaign"),
        (HeldCampaign(convention_id="documents", parameters={}), "documents"),
        (HeldCampaign(convention_id="hyspex-csw-parent", parameters={}), "no longer taken"),
    ],
)
def test_a_campaign_that_does_not_say_it_is_the_callers_fault(
    repair: Repair, campaign: HeldCampaign | None, said: str
) -> None:
    repair.knows({}, campaigns={"spring": campaign} if campaign else {})
    with pytest.raises(ParametersInvalid, match=said):
        repair(campaign_id="spring")


def test_single_records_are_looked_at_and_those_that_are_gone_are_told(
    repair: Repair, iso: Iso
) -> None:
    repair.catalogue.put(*hyspex.records(iso, 4), hyspex.record(iso, 5, protocol="WWW:LINK"))
    repair.catalogue.spoil(iso.id(3), "<broken")
    repair.knows(complete(iso, 4))
    asked = [iso.id(2), "never there", iso.id(3), iso.id(4), iso.id(5), iso.id(2)]
    items = repair(record_ids=asked)
    assert [item.verdict for item in items] == [
        "record",
        "rejected",
        "failed",
        "skipped",
        "rejected",
    ]
    assert kinds(items)[1] == "gone"
    assert kinds(items)[3:] == ["complete", "no_link"]
    assert started(items) == [name(iso, 2, "rgb"), name(iso, 2, "z")]


def test_no_more_is_started_than_the_limit_says_and_the_next_run_goes_on(
    repair: Repair, iso: Iso, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    repair.catalogue.put(*hyspex.records(iso, 7))
    repair.knows(complete(iso, 1, 4))
    counts = [len(started(repair(limit=2))) for _ in range(4)]
    assert counts == [4, 4, 2, 0]
    told = [json.loads(each)["summary"] for each in caplog.messages if '"summary"' in each]
    assert told[0] == {
        "dry_run": False,
        "seen": 4,
        "queued": 4,
        "complete": 2,
        "total_children": None,
        "next_start_position": 5,
    }
    assert (told[3]["complete"], told[3]["next_start_position"]) == (7, None)


@pytest.mark.parametrize("given", [False, True])
def test_as_a_campaign_it_goes_on_in_steps(repair: Repair, iso: Iso, given: bool) -> None:
    repair.catalogue.put(*hyspex.records(iso, 9))
    repair.knows(complete(iso, 2, 3, 9))
    if given:
        steps = repair.steps(
            parent_identifier=None, record_ids=[iso.id(n) for n in range(1, 10)], limit=2
        )
    else:
        steps = repair.steps(limit=2)
    steps.step(batches=1, batch_size=1)
    steps.run()
    assert steps.began == [1, 2, 6, 8]
    assert steps.children == [
        name(iso, number, variant) for number in (1, 4, 5, 6, 7, 8) for variant in ("rgb", "z")
    ]
    assert steps.reached is not None
    assert steps.reached.total_children == 12


def test_a_sweep_tries_again_only_what_was_not_tried_in_the_same_campaign(
    repair: Repair, iso: Iso
) -> None:
    """What fails again and again is not tried for ever; what was skipped is tried."""
    repair.catalogue.put(*hyspex.records(iso, 8))
    repair.knows(dict.fromkeys(complete(iso, *range(1, 9)), "failed"))
    steps = repair.steps(limit=2, requeue_failed=True)
    tried: list[str] = []
    while steps.position is not None:
        tried += started(steps.step())
        if len(steps.began) == 1:
            repair.catalogue.delete(iso.id(1), iso.id(2))
        # They fail in their turn.
        steps.archive = ArchiveInMemory(
            steps.archive.records(), started=dict.fromkeys(complete(iso, *range(1, 9)), "failed")
        )
        assert len(steps.began) < 20
    assert sorted(tried) == sorted(complete(iso, *range(1, 9)))


def test_a_dry_run_says_what_lacks_and_starts_nothing(repair: Repair, iso: Iso) -> None:
    repair.catalogue.put(*hyspex.records(iso, 3))
    repair.knows({**complete(iso, 1, 2), name(iso, 2, "z"): "failed"})
    items = repair(dry_run=True, requeue_failed=True)
    assert kinds(items) == ["complete", "would_start", "would_start"]
    assert started(items) == []
    assert items[1].fault is not None
    assert name(iso, 2, "z") in items[1].fault.detail
    assert name(iso, 2, "rgb") not in items[1].fault.detail
    assert list(repair.archive.records()) == []


def test_what_the_archive_holds_lacks_not_though_its_ingestion_was_deleted(
    repair: Repair, iso: Iso, site: Any, tmp_path: Path
) -> None:
    """Real children over OPeNDAP, real records: of the one variant, of the other, and of others
    that are neither."""
    pytest.importorskip("rasterio", reason="the extra geo is not installed")
    from osa_testing.opendap import Dap

    scene = hyspex.write_scene(tmp_path / "scene.nc")
    site.pages = Dap("/dodsC/scene.nc", scene)
    uri = f"{site.url}/dodsC/scene.nc"
    repair.catalogue.put(hyspex.record(iso, 1, url=uri))
    [dataset] = repair()
    made = {}
    for start in dataset.starts:
        assert start.uri == uri
        context = repair.context_of(
            nc_to_geotiff, [Source(type="uri", uri=start.uri)], **start.parameters
        )
        [item] = [item for batch in nc_to_geotiff.ingest(context) for item in batch.items]
        assert item.verdict == "record", item.fault
        made[start.labels["variant"]] = Held(
            source_id=item.source_id, title=item.title, metadata=item.metadata
        )
    assert [band["index"] for band in made["rgb"].metadata["bands"]] == list(hyspex.RGB_INDICES)
    assert made["z"].metadata["standard_name"] == "surface_altitude"
    for there in ([], ["rgb"], ["z"], ["rgb", "z"]):
        repair.knows({}, others={"nc-to-geotiff": [made[variant] for variant in there]})
        [item] = repair()
        lacking = [start.labels["variant"] for start in item.starts]
        assert lacking == [variant for variant in ("rgb", "z") if variant not in there]
    # Other wavelengths are another product, and so is another variable written in the same way.
    band = Held(
        source_id=made["z"].source_id.replace("elevation", "slope"),
        metadata={**made["z"].metadata, "standard_name": "surface_slope"},
    )
    repair.knows({}, others={"nc-to-geotiff": [made["rgb"], band]})
    [item] = repair(rgb_wavelengths_nm=[700, 550, 470])
    assert [start.labels["variant"] for start in item.starts] == ["rgb", "z"]


@pytest.mark.parametrize(
    ("parameters", "step"),
    [
        ({"parent_identifier": Iso.PARENT, "limit": 2}, None),
        (
            {"record_ids": [Iso.id(number) for number in (1, 2, 9, 3)], "requeue_failed": True},
            Step(campaign_id="c", number=1, position=1),
        ),
    ],
)
def test_it_keeps_the_promises_of_conventions(
    catalogue: Catalogue, iso: Iso, parameters: dict[str, Any], step: Step | None
) -> None:
    """Resumed from each of its cursors, stopped, in a retry: the same items, and as far."""
    catalogue.put(*hyspex.records(iso, 5))
    archive = ArchiveInMemory(started={**complete(iso, 2), name(iso, 3, "rgb"): "failed"})
    items = check_convention(
        hyspex_missing_variants,
        params={"csw_url": catalogue.url, **parameters},
        limits=hyspex.LIMITS,
        archive=archive,
        step=step,
        max_resumes=2,
    )
    assert len(items) == (3 if step is None else 4)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"csw_url": "https://catalogue.example/csw"},
        {"parent_identifier": "p"},
        {"record_ids": ["a"]},
        {"campaign_id": "c", "parent_identifier": "p"},
        {"campaign_id": "a/b"},
        {"campaign_id": "c", "limit": 0},
        {"campaign_id": "c", "variants": []},
        {"campaign_id": "c", "variants": ["rgb", "rgb"]},
        {"campaign_id": "c", "child": {"parameters": {"format": "JPEG"}}},
        {"campaign_id": "c", "child": {"variants": ["rgb"]}},
    ],
)
def test_parameters_that_say_nothing_clear_are_refused(wrong: dict[str, Any]) -> None:
    assert hyspex_missing_variants.parse({"campaign_id": "c"})
    with pytest.raises(ValidationError):
        hyspex_missing_variants.parse(wrong)


def test_what_another_catalogue_has_under_the_same_identifiers_lacks_here(
    repair: Repair, iso: Iso, catalogue: Catalogue
) -> None:
    catalogue.put(iso.parent, *hyspex.records(iso, 2))
    test = f"{catalogue.url}?instance=test"
    asked = {"csw_url": test, "parent_identifier": Iso.PARENT}
    campaign = HeldCampaign(convention_id="hyspex-csw-parent", parameters=asked)
    repair.archive = ArchiveInMemory(campaigns={"spring": campaign})
    repair.campaign().run()
    found = started(repair(campaign_id="spring"))
    assert len(found) == 4
    assert not set(found) & set(complete(iso, 1, 2))
    # However it is named, it is the same one.
    assert started(repair(csw_url=test)) == []
    assert started(repair(csw_url=test, record_ids=[iso.id(1)], parent_identifier=None)) == []
    assert started(repair(campaign_id="spring")) == []
