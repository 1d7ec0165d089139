"""docs/migration/jobs.md, what it says of campaigns: every row does it."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from osa_testing import catalogue, dodsc, hyspex
from osa_testing.catalogue import Iso
from osa_testing.environments import NotInstalled
from osa_testing.migration import FOLDER, ROOT, Line, Reader, Registry, Turn, lines, reading
from osa_testing.waiting import until

from osa.cli import ingestion as helpers
from osa.cli.ingestion import IngestionError

pytestmark = [
    pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")
    for name in ("curl", "jq")
]

LINES = [line for line in lines(FOLDER / "jobs.md") if "ampaign" in line.heading]
DATA = ROOT.parent / "shared" / "data"
JOBS = "jobs.md"

does = Registry()
_names = (f"spring-{number}" for number in count(1))


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with reading(tmp_path_factory.mktemp("migration")) as made:
        yield made


@dataclass
class Sources:
    """A catalogue with a parent and two datasets, and where their data are; started when they are
    asked for."""

    folder: Path
    held: contextlib.ExitStack
    _given: dict[str, str] | None = None

    def given(self) -> dict[str, str]:
        """The names of the page."""
        if self._given is None:
            pytest.importorskip("lxml", reason="the extra catalogue is not installed")
            pytest.importorskip("netCDF4", reason="the extra geo is not installed")
            if not DATA.is_dir():
                pytest.skip(f"the real test files are not there: {DATA}")
            iso = Iso(DATA / "iso19139")
            for name in ("pycsw", "pydap"):
                (self.folder / name).mkdir()
            try:
                csw = self.held.enter_context(catalogue.running(self.folder / "pycsw"))
                scenes = self.held.enter_context(dodsc.running(self.folder / "pydap"))
            except NotInstalled as exc:
                pytest.skip(str(exc))
            datasets = [hyspex.record(iso, one, url=scenes.link(one)) for one in (1, 2)]
            csw.put(iso.parent, *datasets)
            self._given = {"CSW": csw.url, "PARENT": iso.PARENT}
        return self._given


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sources]:
    with contextlib.ExitStack() as held:
        yield Sources(tmp_path_factory.mktemp("sources"), held)


@pytest.mark.parametrize("line", LINES, ids=[line.key for line in LINES])
def test_a_line_does_what_it_says(line: Line, reader: Reader, sources: Sources) -> None:
    reader.kept["sources"] = sources
    does.carry_out(line, reader)


def test_no_test_is_about_a_line_that_is_not_there() -> None:
    keys = [(line.page, line.key) for line in LINES]
    assert len(keys) == len(set(keys)), "two lines begin with the same"
    assert set(does.checks) == set(keys)


def given(turn: Turn) -> dict[str, str]:
    """The catalogue, and a campaign that is not there yet."""
    return {**turn.reader.kept["sources"].given(), "CAMPAIGN": next(_names)}


def made(turn: Turn, **changes: Any) -> str:
    """A campaign of four positions, two a step, each with a child that counts."""
    name = next(_names)
    gate = {"gate": str(changes.pop("gate"))} if "gate" in changes else {}
    parameters = {"count": 4, "prefix": f"{name}/", **gate, **changes.pop("parameters", {})}
    helpers.create_campaign(
        **turn.reader.access,
        campaign_id=name,
        convention_id="test-campaign",
        parameters=parameters,
        **changes,
    )
    return name


def ended(turn: Turn, name: str) -> dict[str, Any]:
    """It, when nothing of it goes on by itself."""

    def over() -> dict[str, Any] | None:
        found = now(turn, name)
        return found if found["done"] or found["status_reason"] == "waiting_for_advance" else None

    return until(over, f"{name} goes on no more", every=0.1) or {}


def now(turn: Turn, name: str) -> dict[str, Any]:
    return helpers.get_campaign(**turn.reader.access, campaign_id=name)


@contextlib.contextmanager
def gated(turn: Turn) -> Iterator[Path]:
    """A gate that is closed until the block ends."""
    gate = turn.reader.folder / f"gate-{next(_names)}"
    gate.touch()
    try:
        yield gate
    finally:
        gate.unlink(missing_ok=True)


@does(JOBS, "`POST /jobs/hyspex-csw-parent`, batch after batch to the end")
def _(turn: Turn) -> None:
    for number in range(3):
        names = given(turn)
        turn.well(number, **names)
        turn.well(number, **names)
        campaign = ended(turn, names["CAMPAIGN"])
        assert (campaign["status"], campaign["next_start_position"]) == ("succeeded", None)
        # Two datasets, each as RGB and as Z; and what one campaign has made no other makes again.
        expected = 0 if number else 4
        assert campaign["children"]["total"] == campaign["children"]["succeeded"] == expected
        assert campaign["latest_step"]["counts"]["seen"] == 2


@does(JOBS, "`POST /jobs/hyspex-csw-parent`, one batch and no more")
def _(turn: Turn) -> None:
    names = given(turn)
    turn.well(0, **names)
    campaign = ended(turn, names["CAMPAIGN"])
    assert (campaign["status_reason"], campaign["step_count"]) == ("waiting_for_advance", 1)
    assert campaign["next_start_position"] == 2


@does(JOBS, "`POST /jobs/hyspex-csw-parent` without a campaign")
def _(turn: Turn) -> None:
    said = turn.well(0, **given(turn))
    step = turn.reader.wait(said.out.strip())
    # The second of two datasets.
    assert (step["status"], step["counts"]["seen"]) == ("succeeded", 1)
    assert "campaign_id" not in step


@does(JOBS, "the script that posts one batch after the other")
def _(turn: Turn) -> None:
    name = made(turn, mode="manual")
    turn.well(0, CAMPAIGN=name)
    campaign = now(turn, name)
    assert (campaign["status"], campaign["step_count"]) == ("succeeded", 2)
    with pytest.raises(IngestionError) as caught:
        helpers.advance_campaign(**turn.reader.access, campaign_id=name)
    assert caught.value.code == "CAMPAIGN_HAS_NO_NEXT"


@does(JOBS, "`campaign_total_children`")
def _(turn: Turn) -> None:
    for number in range(2):
        names = given(turn)
        turn.well(number, **names)
        assert now(turn, names["CAMPAIGN"])["campaign_total_children"] == 6
    name = made(turn, campaign_total_children=6)
    assert ended(turn, name)["campaign_total_children"] == 4


@does(JOBS, "`start_position` of the first batch")
def _(turn: Turn) -> None:
    for number in range(2):
        names = given(turn)
        turn.well(number, **names)
        campaign = now(turn, names["CAMPAIGN"])
        assert (campaign["start_position"], campaign["next_start_position"]) == (3, 3)


@does(JOBS, "`start_position` of a later one")
def _(turn: Turn) -> None:
    first = made(turn, mode="manual")
    for number in range(3):
        stale = turn.run(number, CAMPAIGN=first)
        assert "CAMPAIGN_POSITION_STALE" in stale.out + stale.err + str(stale.error)
        assert re.search(r"begins at 1\b", stale.out + stale.err + str(stale.error))
        third = made(turn, mode="manual", start_position=3)
        turn.well(number, CAMPAIGN=third)
        assert now(turn, third)["latest_step"]["start_position"] == 3


@does(JOBS, "parent batches at the same time")
def _(turn: Turn) -> None:
    with gated(turn) as gate:
        # The first step is through, and its children are not.
        held = {"parameters": {"count": 1, "gate": str(gate)}}
        name = made(turn, mode="manual", parameters=held)
        helpers.advance_campaign(**turn.reader.access, campaign_id=name, start_position=1)
        until(lambda: now(turn, name)["next_start_position"] == 3, "the first step is through")
        for number, expected in enumerate((8, 0)):
            said = turn.run(number, CAMPAIGN=name)
            assert said.code == expected
            assert "CAMPAIGN_STEP_ACTIVE" in said.out + said.err
    ended(turn, name)


@does(JOBS, "`GET /jobs/hyspex-csw-campaigns/{campaign_id}`")
def _(turn: Turn) -> None:
    name = made(turn)
    ended(turn, name)
    shown, asked, told = turn.all(CAMPAIGN=name)
    assert asked.json == told.value
    assert told.value["children"]["succeeded"] == 4
    assert "4 succeeded" in shown.out
    path = f"/api/v1/campaigns/{name}"
    with turn.reader.stranger() as stranger:
        assert stranger.get(path).status_code == 401


@does(JOBS, "the same, without a token")
def _(turn: Turn) -> None:
    name = made(turn, public_summary=True)
    campaign = ended(turn, name)
    for said in turn.all(SUMMARY=campaign["summary_href"]):
        assert said.json["children"] == campaign["children"]
        assert {"latest_step", "next_start_position", "campaign_id"} & set(said.json) == set()
    assert "summary_href" not in now(turn, made(turn, mode="manual"))


@does(JOBS, "polling the aggregate")
def _(turn: Turn) -> None:
    names = made(turn), made(turn)
    watched, waited = (turn.well(number, CAMPAIGN=name) for number, name in enumerate(names))
    assert "succeeded" in watched.out
    assert waited.value["status"] == "succeeded"


@does(JOBS, "its child jobs")
def _(turn: Turn) -> None:
    name = made(turn)
    ended(turn, name)
    shown, asked, told = turn.all(CAMPAIGN=name)
    assert asked.json["items"] == told.value
    assert all(one["id"] in shown.out for one in told.value)
    children = [one for one in told.value if "parent_ingestion_id" in one]
    steps = [one for one in told.value if "campaign_step" in one]
    assert (len(children), len(steps)) == (4, 2)
    first = helpers.list_ingestions(**turn.reader.access, parent=steps[-1]["id"])
    assert [one["external_id"] for one in first] == [f"{name}/2", f"{name}/1"]


@does(JOBS, "canceling parent and children one by one")
def _(turn: Turn) -> None:
    for number in range(3):
        with gated(turn) as gate:
            name = made(turn, parameters={"parameters": {"count": 1, "gate": str(gate)}})
            until(lambda name=name: now(turn, name)["children"]["total"] == 2, "it has children")
            turn.well(number, CAMPAIGN=name)
            campaign = ended(turn, name)
        assert (campaign["status"], campaign["step_count"]) == ("canceled", 1)
        assert campaign["children"]["canceled"] == 2


@does(JOBS, "going on after an interruption")
def _(turn: Turn) -> None:
    with gated(turn) as gate:
        names = [made(turn, gate=gate) for _ in range(3)]
        for name in names:
            helpers.cancel_campaign(**turn.reader.access, campaign_id=name, force=True)
            assert now(turn, name)["status"] == "canceled"
    for number, name in enumerate(names):
        turn.well(number, CAMPAIGN=name)
    for name in names:
        campaign = ended(turn, name)
        assert (campaign["status"], campaign["children"]["total"]) == ("succeeded", 4)


@does(JOBS, "`POST /jobs/hyspex-missing-variants` of a campaign")
@does(JOBS, "`POST /jobs/hyspex-missing-variants` of a parent")
def _(turn: Turn) -> None:
    names = given(turn)
    access = turn.reader.access
    parent = {"csw_url": names["CSW"], "parent_identifier": names["PARENT"]}
    helpers.create_campaign(
        **access,
        campaign_id=names["CAMPAIGN"],
        convention_id="hyspex-csw-parent",
        parameters=parent,
    )
    ended(turn, names["CAMPAIGN"])
    repair = turn.reader.wait(turn.well(0, **names).out.strip())
    assert (repair["status"], repair["counts"]["skipped"]) == ("succeeded", 2)
    assert helpers.list_ingestions(**access, parent=repair["id"]) == []


def check_fields(turn: Turn) -> list[Any]:
    """The fields of the row, of a campaign whose children failed."""
    if "campaign" not in turn.reader.kept:
        failing = {"parameters": {"count": 1, "failed_every": 1}}
        turn.reader.kept["campaign"] = ended(turn, made(turn, parameters=failing))
    known = turn.reader.kept["campaign"]
    found = []
    for path in turn.line.words("field"):
        value: Any = known
        for name in path.split("."):
            value = value[name]
        found.append(value)
    return found


@does(JOBS, "totals")
def _(turn: Turn) -> None:
    assert check_fields(turn) == [4, 4]


@does(JOBS, "child job status counts")
def _(turn: Turn) -> None:
    assert check_fields(turn) == [0, 0, 0, 0, 4, 0]


@does(JOBS, "latest batch metadata")
def _(turn: Turn) -> None:
    number, position, status, seen, step = check_fields(turn)
    assert (number, position, status, seen) == (2, 3, "succeeded", 2)
    assert turn.reader.get(step)["campaign_step"] == 2


@does(JOBS, "`next_start_position`")
def _(turn: Turn) -> None:
    assert check_fields(turn) == [None]


@does(JOBS, "why children failed")
def _(turn: Turn) -> None:
    [[failure]] = check_fields(turn)
    assert failure["count"] == 4
