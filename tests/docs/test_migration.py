"""docs/migration.md and the pages below it: every row and every block does what the page says."""

from __future__ import annotations

import contextlib
import inspect
import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from osa_testing import mago_double
from osa_testing.catalogue import Iso, running
from osa_testing.contract import CONTRACT
from osa_testing.environments import NotInstalled
from osa_testing.migration import (
    FOLDER,
    INDEX,
    ROOT,
    RUN,
    Line,
    Reader,
    Registry,
    Said,
    Snippet,
    Turn,
    lines,
    reading,
)
from osa_testing.waiting import until

from osa.cli import ingestion as helpers
from osa.cli.ingestion import IngestionTimeout

pytestmark = [
    pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")
    for name in ("curl", "jq")
]

PAGES = [INDEX, *sorted(FOLDER.glob("*.md"))]
#: Of the campaigns tells the other module.
LINES = [line for page in PAGES for line in lines(page) if "ampaign" not in line.heading]
DATA = ROOT.parent / "shared" / "data"
NOWHERE = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

MACHINE = CONTRACT["x-osa-state-machine"]

does = Registry()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    double = shlex.join([sys.executable, "-I", mago_double.__file__])
    with reading(tmp_path_factory.mktemp("migration"), OSA_MAGO_COMMAND=double) as made:
        yield made


@pytest.mark.parametrize("line", LINES, ids=[f"{line.page}: {line.key}" for line in LINES])
def test_a_line_does_what_it_says(line: Line, reader: Reader) -> None:
    does.carry_out(line, reader)


def test_no_test_is_about_a_line_that_is_not_there() -> None:
    keys = [(line.page, line.key) for line in LINES]
    assert len(keys) == len(set(keys)), "two lines begin with the same"
    assert set(does.checks) == set(keys)


def test_a_column_is_run_or_compared() -> None:
    """Nothing is only said: each table has a column that a test reads."""
    for line in LINES:
        if line.columns:
            assert {RUN, "field"} & set(line.columns), line
        for column in ("field",):
            assert column not in line.columns or line.words(column), line


def test_codes_are_those_of_the_contract() -> None:
    schema = CONTRACT["components"]["schemas"]["ProblemCode"]
    known = {code for part in schema["anyOf"] for code in part.get("enum", ())}
    # Those of the helpers, where no answer of a server is.
    known |= {"UNREACHABLE", "UNEXPECTED_STATUS"}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+|UNREACHABLE)`", text))
        settings = {name for name in named if name.startswith("OSA_")}
        assert named - known - settings == set(), page.name


def test_every_status_is_beside_one_of_theirs() -> None:
    page = FOLDER / "operations.md"
    told = [line for line in lines(page) if line.heading == "Statuses"]
    words = {word for line in told for word in (*line.words("there"), *line.words("note"))}
    assert {one["name"] for one in MACHINE["states"]} <= words


# What several of them need.


def ids(said: Said) -> list[str]:
    """The ingestions of a list, in its order."""
    if said.snippet.language == "python":
        return [one["id"] for one in said.value]
    if said.out.startswith("{"):
        return [one["id"] for one in said.json["items"]]
    return list(dict.fromkeys(_UUID.findall(said.out)))


def state(turn: Turn, said: Said) -> dict[str, Any]:
    """The ingestion that a snippet started or told of, as it is now."""
    if said.snippet.language == "python":
        found = said.value if isinstance(said.value, str) else said.value["id"]
    else:
        found = said.json["id"] if said.out.startswith("{") else _UUID.findall(said.out)[0]
    return turn.reader.get(found)


def finish(turn: Turn, said: Said) -> dict[str, Any]:
    """It, when it is done: well."""
    now = state(turn, said)
    ended = turn.reader.wait(now["id"])
    assert ended["status"] == "succeeded", ended.get("error")
    return ended


def items(turn: Turn, ingestion_id: str) -> list[dict[str, Any]]:
    return helpers.list_items(**turn.reader.access, ingestion_id=ingestion_id)


def code(said: Said) -> str:
    """Of a failure, by whatever way it was met."""
    if said.error is not None:
        return said.error.code
    if said.snippet.is_command:
        return re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", said.err)[0]
    return str(said.json["code"])


def is_gone(turn: Turn, ingestion_id: str) -> bool:
    return turn.reader.http.get(f"/api/v1/ingestions/{ingestion_id}").status_code == 404


def listed_by_status(turn: Turn, *statuses: str, **expected: str) -> None:
    """Each snippet lists those that are so, and no others."""
    for said in turn.all():
        found = ids(said)
        assert set(expected.values()) <= set(found)
        states = {turn.reader.get(one)["status"] for one in found[:5]}
        assert states <= set(statuses)


@contextlib.contextmanager
def answering(*answers: tuple[int, str, bytes]) -> Iterator[str]:
    """A server that is not osa: each request gets the next (status, Retry-After, body), the last
    one for ever."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, pause, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            if pause:
                self.send_header("Retry-After", pause)
            self.send_header("Content-Type", "application/json" if body[0] == 123 else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with loopback(Handler) as address:
        yield address


@contextlib.contextmanager
def loopback(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


# The first page.


@does("migration.md", "Before you begin [1]")
def _(turn: Turn) -> None:
    turn.all()
    line = lines(INDEX)[0]
    assert line.heading == turn.line.heading


@does("migration.md", "Before you begin [2]")
def _(turn: Turn) -> None:
    turn.all()


@does("migration.md", "comparing the status with a list of ended ones")
def _(turn: Turn) -> None:
    ended = turn.reader.some("succeeded")
    told, waited = turn.all(ID=ended)
    assert told.value is True
    assert "succeeded" in waited.out
    ended = {one["name"]: one["ended"] for one in MACHINE["states"]}
    assert {name for name in ended if ended[name]} == {"succeeded", "failed", "canceled"}
    assert ended["canceling"] is False


@does("migration.md", "a second job when a request is sent twice")
def _(turn: Turn) -> None:
    first, second = turn.well(0), turn.well(0)
    assert first.json["id"] == second.json["id"]


@does("migration.md", "a parameter that the server does not know, and ignores")
def _(turn: Turn) -> None:
    problem = turn.well(0).json
    assert (problem["status"], problem["code"]) == (400, "INVALID_REQUEST")
    assert "state" in problem["detail"]


@does("migration.md", "stopping by deleting")
@does("jobs.md", "`DELETE /jobs/{job_id}`, running")
def _(turn: Turn) -> None:
    with turn.reader.held() as held:
        refused = turn.reader.http.delete(f"/api/v1/ingestions/{held}").json()
        assert (refused["status"], refused["code"]) == (409, "INGESTION_ACTIVE")
        turn.well(0, ID=held)
    assert is_gone(turn, held)


@does("migration.md", "doing all of it again after a failure")
def _(turn: Turn) -> None:
    for number in range(2):
        failed = turn.reader.failed()
        assert turn.reader.get(failed)["result_completeness"] == "partial"
        again = state(turn, turn.well(number, ID=failed))
        assert (again["retry_of"], again["retry_scope"]) == (failed, "failed_items")


@does("migration.md", "an error format for each status")
def _(turn: Turn) -> None:
    problem = turn.well(0).json
    assert (problem["status"], problem["code"]) == (404, "INGESTION_NOT_FOUND")
    unknown = turn.reader.http.get("/jobs")
    assert unknown.headers["content-type"] == "application/problem+json"
    assert unknown.json()["code"] == "NOT_FOUND"


# From a jobs API.


@does("jobs.md", "`GET /jobs`")
@does("operations.md", "`GET /operations`")
@does("ingest-jobs.md", "`ingest_jobs.list()`")
def _(turn: Turn) -> None:
    older, newer = turn.reader.start(), turn.reader.start()
    for said in turn.all():
        found = ids(said)
        assert found.index(newer) < found.index(older)
        if said.out.startswith("{"):
            assert set(said.json) == {"items", "next_cursor", "prev_cursor", "has_more"}


@does("jobs.md", "`GET /jobs`, of one kind")
def _(turn: Turn) -> None:
    source = {"type": "text", "text": "Hello."}
    other = turn.reader.start()
    document = turn.reader.start("documents", source=source)
    for said in turn.all():
        assert document in ids(said)
        assert other not in ids(said)


@does("jobs.md", "`GET /jobs/{job_id}`, in flight")
@does("operations.md", "`GET /operations/{operation_id}`")
def _(turn: Turn) -> None:
    with turn.reader.held() as held:
        shown, *told = turn.all(ID=held)
        assert re.search(r"Status +running", shown.out)
        for said in told:
            assert (said.json["id"], said.json["status"]) == (held, "running")
            assert {"phase", "message"} <= set(said.json["progress"])
            assert said.json["counts"]["seen"] == 0


@does("jobs.md", "`GET /jobs/{job_id}`, its result")
def _(turn: Turn) -> None:
    failed = turn.reader.some("failed")
    shown, asked, given = turn.all(ID=failed)
    assert "tore" in shown.out
    assert asked.json["items"] == given.value
    for item in given.value:
        assert ("record_id" in item) is (item["outcome"] in ("created", "unchanged"))
        assert ("error" in item) is (item["outcome"] == "failed")


@does("jobs.md", "`GET /jobs/{job_id}`, the files it made")
def _(turn: Turn) -> None:
    made = turn.reader.ended(parameters={"count": 2, "with_files": True})
    loaded, asked, given = turn.all(ID=made)
    assert {Path(path).name for path in loaded.lines} == {"0.txt", "1.txt"}
    assert (turn.reader.folder / "out" / "0.txt").is_file()
    assert asked.json["items"] == given.value
    assert all(len(one["sha256"]) == 64 for one in given.value)


@does("jobs.md", "`POST /jobs/{job_id}/cancel`, queued")
def _(turn: Turn) -> None:
    for number in range(3):
        with turn.reader.waiting() as waiting:
            now = state(turn, turn.well(number, ID=waiting))
            assert (now["status"], now["started_at"]) == ("canceled", None)


@does("jobs.md", "`POST /jobs/{job_id}/cancel`, running")
def _(turn: Turn) -> None:
    for number in range(3):
        with turn.reader.held() as held:
            said = turn.well(number, ID=held)
            if number:
                assert said.json["status"] == "canceling"
                assert said.json["cancel"]["deadline_at"]
                assert said.json["cancel"]["reason"] == "wrong variable"
            until(lambda held=held: turn.reader.get(held)["status"] == "canceled", "it stops")


@does("jobs.md", "`POST /jobs/{job_id}/cancel`, ended")
def _(turn: Turn) -> None:
    ended = turn.reader.some("succeeded")
    for number in range(3):
        said = turn.run(number, ID=ended)
        assert code(said) == "INGESTION_ALREADY_ENDED"
        assert said.code == (8, 0, 1)[number]
        assert number == 0 or said.json["status"] == 409


@does("jobs.md", "`DELETE /jobs/{job_id}`")
@does("ingest-jobs.md", "`ingest_jobs.delete(job_id=…)`")
def _(turn: Turn) -> None:
    for number in range(3):
        ended = turn.reader.text(metadata={"turn": number})
        records = [one["record_id"] for one in items(turn, ended)]
        turn.well(number, ID=ended)
        assert is_gone(turn, ended)
        assert helpers.get_record(**turn.reader.access, record_id=records[0])


@does("jobs.md", "`POST /jobs/cleanup` by age")
def _(turn: Turn) -> None:
    young = turn.reader.some("succeeded")
    assert "0 of 0" in turn.well(0).err or "No" in turn.well(0).err
    assert not is_gone(turn, young)


@does("jobs.md", "`POST /jobs/cleanup` by terminal status")
def _(turn: Turn) -> None:
    bad, stopped, good = turn.reader.failed(), turn.reader.canceled(), turn.reader.ended()
    turn.well(0)
    assert [is_gone(turn, one) for one in (bad, stopped, good)] == [True, True, False]


@does("jobs.md", "`POST /jobs/cleanup` by both")
def _(turn: Turn) -> None:
    good = turn.reader.some("succeeded")
    turn.well(0)
    assert not is_gone(turn, good)


@does("jobs.md", "Job control [1]", "Job control [2]")
def _(turn: Turn) -> None:
    stopped, good = turn.reader.canceled(), turn.reader.ended()
    said = turn.well(0)
    assert said.json["remaining_count"] == 0
    assert said.json["deleted_count"] >= 1
    assert [is_gone(turn, one) for one in (stopped, good)] == [True, False]


@does("jobs.md", "queued")
@does("operations.md", "`queued`")
def _(turn: Turn) -> None:
    with turn.reader.waiting() as waiting:
        listed_by_status(turn, "queued", one=waiting)


@does("jobs.md", "running, in flight")
@does("operations.md", "`running`")
def _(turn: Turn) -> None:
    with turn.reader.held() as held:
        listed_by_status(turn, "running", "canceling", one=held)


@does("operations.md", "")
def _(turn: Turn) -> None:
    with stubborn(turn.reader) as held:
        assert turn.reader.get(held)["status"] == "canceling"
        listed_by_status(turn, "canceling", one=held)


@contextlib.contextmanager
def stubborn(reader: Reader) -> Iterator[str]:
    """One that was asked to stop, and does not until the block ends."""
    marker = reader.folder / "stubborn"
    marker.unlink(missing_ok=True)
    held = reader.start("test-stubborn", parameters={"marker": str(marker)})
    until(marker.exists, "it has begun")
    helpers.cancel_ingestion(**reader.access, ingestion_id=held)
    yield held
    helpers.cancel_ingestion(**reader.access, ingestion_id=held, force=True)


@does("jobs.md", "terminal")
@does("operations.md", "terminal")
def _(turn: Turn) -> None:
    made = turn.reader.ended(), turn.reader.failed(), turn.reader.canceled()
    expected = dict(zip(("succeeded", "failed", "canceled"), made, strict=True))
    listed_by_status(turn, "succeeded", "failed", "canceled", **expected)
    assert all(turn.reader.get(one)["done"] for one in made)


@does("jobs.md", "not terminal")
@does("operations.md", "in progress")
def _(turn: Turn) -> None:
    with turn.reader.waiting() as waiting:
        listed_by_status(turn, "queued", "running", "canceling", one=waiting)
        assert turn.reader.get(waiting)["done"] is False


@does("jobs.md", "`POST /jobs/nc-to-geotiff`, NetCDF")
def _(turn: Turn) -> None:
    pytest.importorskip("rasterio", reason="the extra geo is not installed")
    ended = finish(turn, turn.well(0))
    assert (ended["convention_id"], ended["counts"]["seen"]) == ("nc-to-geotiff", 4)


@does("jobs.md", "`POST /jobs/nc-to-geotiff`, OPeNDAP")
def _(turn: Turn) -> None:
    pytest.importorskip("netCDF4", reason="the extra geo is not installed")
    if not DATA.is_dir():
        pytest.skip(f"the real test files are not there: {DATA}")
    with dataset(DATA / "netcdf" / "co2_0_360_packed.nc") as (address, asked):
        ended = finish(turn, turn.well(0, DATASET=address))
    assert ended["counts"]["created"] == 1
    # One time step of that variable, and nothing that is called like the file itself.
    fields = [path for path in asked if "tcco2" in path]
    assert fields
    assert all(".dods?" in path and "[0:1:0]" in path for path in fields)


@does("jobs.md", "`POST /jobs/merge-terrain`, merge alone")
def _(turn: Turn) -> None:
    ended = finish(turn, turn.well(0, **models(turn.reader)))
    assert files_of(turn, ended) >= {"terrain.tif"}


@does("jobs.md", "`POST /jobs/merge-terrain`, with terrain")
def _(turn: Turn) -> None:
    ended = finish(turn, turn.well(0, **models(turn.reader)))
    assert files_of(turn, ended) >= {"terrain.tif", "layer.json", "terrain.zip"}


@does("jobs.md", "`POST /jobs/mago-terrain`")
def _(turn: Turn) -> None:
    ended = finish(turn, turn.well(0, **models(turn.reader)))
    assert files_of(turn, ended) >= {"layer.json", "terrain.zip"}


@does("jobs.md", "`POST /jobs/repair-csw-metadata`")
def _(turn: Turn) -> None:
    ended = finish(turn, turn.well(0, **catalogue(turn.reader)))
    assert ended["counts"]["created"] == 2


@does("jobs.md", "`POST /jobs/repair-csw-metadata`, only to see")
def _(turn: Turn) -> None:
    names = catalogue(turn.reader)
    turn.reader.kept["csw"].put(*Iso(DATA / "iso19139").children(1, start=3))
    ended = finish(turn, turn.well(0, **names))
    assert ended["counts"]["created"] == 0
    # Whatever was written by the line before this one, the third is new.
    *_, last = items(turn, ended["id"])
    assert last["outcome"] == "skipped"
    assert "title" in last["error"]["detail"]


@does("jobs.md", "which kinds there are")
def _(turn: Turn) -> None:
    kinds = {"documents", "nc-to-geotiff", "merge-terrain", "mago-terrain", "repair-csw-metadata"}
    shown, asked, given = turn.all()
    assert all(kind in shown.out for kind in kinds)
    assert asked.json["items"] == given.value
    assert kinds <= {one["id"] for one in given.value}


@does("jobs.md", "Kinds of jobs [1]")
def _(turn: Turn) -> None:
    ended = finish(turn, turn.well(0, **models(turn.reader)))
    assert files_of(turn, ended) >= {"terrain.tif"}


@does("jobs.md", "Kinds of jobs [2]")
def _(turn: Turn) -> None:
    pytest.importorskip("rasterio", reason="the extra geo is not installed")
    assert turn.well(0).value["counts"]["seen"] == 1


def files_of(turn: Turn, ingestion: dict[str, Any]) -> set[str]:
    found = helpers.list_artifacts(**turn.reader.access, ingestion_id=ingestion["id"])
    return {one["name"] for one in found}


def models(reader: Reader) -> dict[str, str]:
    """The terrain models of the page are where its commands are run."""
    np = pytest.importorskip("numpy")
    rasterio = pytest.importorskip("rasterio", reason="the extra geo is not installed")
    for name, top in (("north.tif", 60.1), ("south.tif", 60.0)):
        if (reader.folder / name).exists():
            continue
        place = rasterio.transform.Affine(0.002, 0, 7, 0, -0.002, top)
        with rasterio.open(
            reader.folder / name,
            "w",
            driver="GTiff",
            count=1,
            width=50,
            height=50,
            dtype="float32",
            nodata=-9999,
            crs="EPSG:4326",
            transform=place,
        ) as target:
            target.write(np.linspace(100, 900, 2500, dtype="float32").reshape(50, 50), 1)
    return {}


@contextlib.contextmanager
def dataset(path: Path) -> Iterator[tuple[str, list[str]]]:
    """A file as an OPeNDAP dataset: its address, and what is asked of it."""
    from osa_testing.opendap import Dap

    pages = Dap("/dodsC/co2.nc", path)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages[self.path](self)

        def log_message(self, *_: object) -> None:
            pass

    with loopback(Handler) as address:
        yield f"{address}/dodsC/co2.nc", pages.asked


def catalogue(reader: Reader) -> dict[str, str]:
    """A real one with a parent and two children, for as long as the server is there."""
    if "catalogue" not in reader.kept:
        pytest.importorskip("lxml", reason="the extra catalogue is not installed")
        if not DATA.is_dir():
            pytest.skip(f"the real test files are not there: {DATA}")
        iso = Iso(DATA / "iso19139")
        folder = reader.folder / "pycsw"
        folder.mkdir()
        try:
            found = reader.until_closed.enter_context(running(folder))
        except NotInstalled as exc:
            pytest.skip(str(exc))
        found.put(iso.parent, *iso.children(2))
        reader.kept["csw"] = found
        reader.kept["catalogue"] = {"CSW": found.url, "PARENT": iso.PARENT}
    known: dict[str, str] = reader.kept["catalogue"]
    return known


# From an operations API.


@does("operations.md", "the header `X-API-Key`")
def _(turn: Turn) -> None:
    reader = turn.reader
    (reader.folder / "token.txt").write_text(reader.served.token)
    asked, _ = turn.all()
    assert asked.json["tenant"] == "default"
    with httpx.Client(headers={"X-API-Key": reader.served.token}) as other:
        old = other.get(f"{reader.served.url}/api/v1/caller")
    assert (old.status_code, old.json()["code"]) == (401, "UNAUTHENTICATED")


@does("operations.md", "`status=running`")
def _(turn: Turn) -> None:
    ended = turn.reader.start()
    with turn.reader.held() as held:
        for said in turn.all():
            assert held in ids(said)
            assert ended not in ids(said)


@does("operations.md", "`type=geotiff.create`")
@does("operations.md", "`status=…&type=…`")
def _(turn: Turn) -> None:
    wanted = no_grid(turn.reader)
    other = turn.reader.some("failed")
    for said in turn.all():
        assert wanted in ids(said)
        assert other not in ids(said)


def no_grid(reader: Reader) -> str:
    """What is no NetCDF, given to the convention that wants one."""
    source = {"type": "bytes", "data": "SGVsbG8u"}
    return reader.ended(convention_id="nc-to-geotiff", source=source)


@does("operations.md", "`resource_id`, something in the archive")
def _(turn: Turn) -> None:
    first, other = turn.reader.some("text"), turn.reader.start()
    again = turn.reader.text()
    [item] = items(turn, first)
    for said in turn.all(RECORD=item["record_id"]):
        assert {first, again} <= set(ids(said))
        assert other not in ids(said)


@does("operations.md", "`resource_id`, something of yours")
def _(turn: Turn) -> None:
    wanted, _other = turn.reader.start(labels={"resource": "dep-1"}), turn.reader.start()
    for said in turn.all(DEPLOYMENT="dep-1"):
        assert ids(said) == [wanted]


@does("operations.md", "`per_page=100`")
def _(turn: Turn) -> None:
    made = turn.reader.start()
    for said in turn.all():
        assert made in ids(said)
        assert len(ids(said)) <= 100
    limits = CONTRACT["components"]["parameters"]["PerPage"]["schema"]
    assert (limits["minimum"], limits["maximum"], limits["default"]) == (1, 200, 50)


@does("operations.md", "`page=2`")
def _(turn: Turn) -> None:
    older, newer = turn.reader.start(), turn.reader.start()
    path = "/api/v1/ingestions?"
    first = turn.reader.http.get(path + "per_page=1").json()
    assert [one["id"] for one in first["items"]] == [newer]
    assert ids(turn.well(0, CURSOR=first["next_cursor"])) == [older]
    assert turn.reader.http.get(path + "page=2").json()["code"] == "INVALID_REQUEST"


@does("operations.md", "`pagination.total`")
def _(turn: Turn) -> None:
    turn.reader.start()
    shown, asked, given = turn.all()
    assert asked.json["total"] == given.value
    assert (int(shown.out), "eq") == (given.value["value"], given.value["relation"])


@does("operations.md", "Parameters of the list [1]")
def _(turn: Turn) -> None:
    every = [turn.reader.start(labels={"project": "moss-bay"}) for _ in range(11)]
    assert turn.well(0).lines == every[::-1]


@does("operations.md", "created")
def _(turn: Turn) -> None:
    shown, asked = turn.all(ID=turn.reader.some("succeeded"))
    assert "ingestion created" in shown.out
    first = asked.json["items"][0]
    assert (first["number"], first["type"]) == (1, "ingestion_created")
    [accept] = [one for one in MACHINE["transitions"] if one["from"] is None]
    assert (accept["to"], accept["event"]) == ("queued", "ingestion_created")


@does("operations.md", "`succeeded`")
def _(turn: Turn) -> None:
    listed_by_status(turn, "succeeded", one=turn.reader.ended())


@does("operations.md", "`failed`")
def _(turn: Turn) -> None:
    listed_by_status(turn, "failed", one=turn.reader.failed())


@does("operations.md", "`canceled`")
def _(turn: Turn) -> None:
    listed_by_status(turn, "canceled", one=turn.reader.canceled())


def fields(turn: Turn, *ingestions: dict[str, Any]) -> list[list[Any]]:
    """What the fields of the row are in each of them."""
    return [[at(path, one) for path in turn.line.words("field")] for one in ingestions]


def at(path: str, found: Any) -> Any:
    """`a.b`, and `a[].b` for that of the first."""
    for name in path.split("."):
        found = found[name.removesuffix("[]")]
        if name.endswith("[]"):
            found = found[0]
    return found


@does("operations.md", "`data.id`, as `op_660e8400-…`")
@does("submissions.md", "`ingestion_id`")
def _(turn: Turn) -> None:
    made = turn.reader.some("succeeded")
    assert fields(turn, turn.reader.get(made)) == [[made]]
    assert _UUID.fullmatch(made)


@does("operations.md", "`type`")
def _(turn: Turn) -> None:
    assert fields(turn, turn.reader.get(turn.reader.some("text"))) == [["documents"]]


@does("operations.md", "`status`")
def _(turn: Turn) -> None:
    failed = turn.reader.get(turn.reader.some("failed"))
    assert fields(turn, failed) == [["failed"]]
    assert failed["status_reason"] == "some_items_failed"


@does("operations.md", "`progress.phase`")
def _(turn: Turn) -> None:
    with turn.reader.waiting() as waiting:
        before = turn.reader.get(waiting)
    assert fields(turn, before, turn.reader.get(turn.reader.some("text"))) == [
        [None],
        ["documents"],
    ]


@does("operations.md", "`progress.message`")
def _(turn: Turn) -> None:
    upload = helpers.upload_file(**turn.reader.access, path=turn.reader.folder / "sst.nc")
    source = {"type": "file", "upload_id": upload["id"]}
    grid = turn.reader.ended(convention_id="nc-to-geotiff", source=source)
    said, nothing = fields(
        turn, turn.reader.get(grid), turn.reader.get(turn.reader.some("succeeded"))
    )
    assert re.fullmatch(r"2024-06-0\dT12:00:00Z", said[0])
    assert nothing == [None]


@does("operations.md", "`resource.type`")
@does("operations.md", "`resource.id`")
def _(turn: Turn) -> None:
    labels = {"resource": "dep-2"}
    [[found]] = fields(turn, turn.reader.get(turn.reader.start(labels=labels)))
    assert found in (labels, "dep-2")


@does("operations.md", "`requested_at`")
@does("operations.md", "`started_at`")
@does("operations.md", "`ended_at`")
def _(turn: Turn) -> None:
    with turn.reader.waiting() as waiting:
        before = turn.reader.get(waiting)
    [[early], [late]] = fields(turn, before, turn.reader.get(turn.reader.some("succeeded")))
    assert (early is None) is ("null" in turn.line.columns["note"].lower())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", late)


@does("operations.md", "an error message")
def _(turn: Turn) -> None:
    failed = turn.reader.get(no_grid(turn.reader))
    assert failed["status"] == "failed"
    [[detail]] = fields(turn, failed)
    assert detail
    assert "hint" in failed["error"]


@does("operations.md", "the loop with `sleep 2`")
@does("operations.md", "poll until a terminal state")
def _(turn: Turn) -> None:
    made = {
        0: turn.reader.some("succeeded"),
        3: turn.reader.some("failed"),
        4: turn.reader.some("canceled"),
    }
    for expected, one in made.items():
        assert turn.run(0, ID=one).code == expected
    for said in turn.all(ID=made[0])[1:]:
        assert said.value["status"] == "succeeded"


@does("operations.md", "a loop that gives up")
def _(turn: Turn) -> None:
    with turn.reader.held() as held:
        assert turn.run(0, ID=held).code == 5
        assert isinstance(turn.run(1, ID=held).error, IngestionTimeout)
        assert turn.reader.get(held)["status"] == "running"


@does("operations.md", 'an `echo "Status: $STATUS"`')
def _(turn: Turn) -> None:
    for said in turn.all(ID=turn.reader.some("succeeded")):
        assert re.search("ingestion.succeeded", said.out + said.err)
        assert re.search("ingestion.created", said.out + said.err)


@does("operations.md", "The polling loop [1]")
def _(turn: Turn) -> None:
    """It ends, whatever it meets."""
    reader = turn.reader
    turn.well(0)
    without_jq = {"PATH": str(path_without_jq(reader))}
    running = b'{"status": "running", "done": false, "progress": null}'
    good = b'{"status": "succeeded", "done": true, "progress": null}'
    with (
        ThreadPoolExecutor(8) as pool,
        reader.held() as held,
        answering((200, "", b"<html>hello</html>")) as page,
        answering((200, "", running)) as endless,
        answering((503, "1", b"{}"), (429, "1", b"{}"), (200, "", good)) as busy,
    ):
        ask = partial(pool.submit, poll, turn)
        asked = [(1, ask(NOWHERE, 60))]
        for code, kind in ((0, "succeeded"), (3, "failed"), (4, "canceled")):
            asked.append((code, ask(reader.some(kind), 60)))
            asked.append((code, ask(reader.some(kind), 60, environ=without_jq)))
        patient = ask(held, 6)
        asked.append((5, patient))
        asked.append((1, ask(NOWHERE, 60, OSA_SERVER=page)))
        asked.append((5, ask(NOWHERE, 2, OSA_SERVER=endless)))
        asked.append((0, ask(NOWHERE, 60, OSA_SERVER=busy)))
        asked.append((1, ask(NOWHERE, 2, OSA_SERVER="http://127.0.0.1:9")))
        for expected, call in asked:
            said = call.result()
            assert said.code == expected, (said.out, said.err)
            assert "Status: " in said.err or expected == 1
        # It has looked several times.
        assert patient.result().err.count("Status: running") > 1


def poll(turn: Turn, one: str, seconds: int, **given: Any) -> Said:
    """The loop of the page, called; it is given more than the time it takes."""
    loop = turn.line.snippets[0]
    call = Snippet(f'{loop.code}\npoll "$ID" {seconds}', "sh")
    return turn.reader.run(call, ID=one, **given)


def path_without_jq(reader: Reader) -> Path:
    folder = reader.folder / "bin"
    folder.mkdir(exist_ok=True)
    programs = {name: str(shutil.which(name)) for name in ("bash", "curl", "sleep")}
    for name, program in {**programs, "python3": sys.executable}.items():
        if not (folder / name).exists():
            (folder / name).symlink_to(program)
    return folder


@does("operations.md", "keep the id of what you create")
def _(turn: Turn) -> None:
    shown, given = turn.all()
    assert finish(turn, shown)["convention_id"] == "documents"
    assert finish(turn, given)["convention_id"] == "documents"
    last = Snippet("osa ingestion status @last -q", "sh")
    assert turn.reader.run(last).out == shown.out


@does("operations.md", "look at the error")
def _(turn: Turn) -> None:
    explained, asked, detail = turn.all(ID=turn.reader.some("failed"))
    assert "failed_items" in explained.out
    assert asked.json["code"] == "failed"
    assert "2 of 6" in detail.value


@does("operations.md", "not too often")
def _(turn: Turn) -> None:
    with turn.reader.held() as held:
        body, headers = turn.all(ID=held)
    assert body.json["poll_after_seconds"] >= 1
    assert re.search(r"^retry-after: [1-9]", headers.out, re.M | re.I)


@does("operations.md", "backoff between tries")
def _(turn: Turn) -> None:
    made = turn.reader.some("succeeded")
    for said in turn.all(ID=made):
        assert said.json["id"] == made
    good = json.dumps(turn.reader.get(made)).encode()
    busy = b'{"code": "OVERLOADED"}'
    with answering((503, "1", busy), (503, "", busy), (200, "", good)) as other:
        access = {"server": other, "token": "none"}
        assert helpers.get_ingestion(**access, ingestion_id=made, retries=5)["id"] == made


@does("operations.md", "a time limit")
def _(turn: Turn) -> None:
    shown, given = turn.all()
    for said in (shown, given):
        assert finish(turn, said)["deadline_at"] is not None


# From an SDK of ingest jobs.


@does("ingest-jobs.md", "`Client(token=…)`")
def _(turn: Turn) -> None:
    assert turn.well(0).value["tenant"] == "default"


@does("ingest-jobs.md", "`with Client(…) as client`")
def _(turn: Turn) -> None:
    with httpx.Client() as client:
        turn.well(0, HTTP=client)
        assert not client.is_closed


@does("ingest-jobs.md", "`namespace_id`")
def _(turn: Turn) -> None:
    made = turn.reader.start()
    assert made in ids(turn.well(0, SERVER=turn.reader.served.url))


@does("ingest-jobs.md", "`x_tenant_id`, of the client or of one call")
def _(turn: Turn) -> None:
    access = {**turn.reader.access, "tenant": "glaciology"}
    theirs = helpers.start_ingestion(
        **access, convention_id="documents", source={"type": "text", "text": "Ice."}
    )["id"]
    ours = turn.reader.start()
    for said in turn.all():
        assert theirs in ids(said)
        assert ours not in ids(said)
    access["token"] = reading_token(turn.reader)
    with pytest.raises(helpers.IngestionError) as caught:
        helpers.list_ingestions(**access)
    assert (caught.value.status, caught.value.code) == (403, "FORBIDDEN")


def reading_token(reader: Reader) -> str:
    """A token that may read, and no more."""
    command = ["osa", "token", "create", "reader", "--scope", "ingestions:read"]
    kept = reader.folder / "reader-token"
    if not kept.exists():
        environ = {**reader.archive.environment(), "PATH": reader.environ["PATH"]}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        kept.write_text(done.stdout.strip())
    return kept.read_text()


@does("ingest-jobs.md", "`retries`")
def _(turn: Turn) -> None:
    made = turn.reader.start()
    assert made in ids(turn.well(0))
    busy = b'{"code": "OVERLOADED"}'
    page = b'{"items": [], "next_cursor": null, "prev_cursor": null, "has_more": false}'
    for retries, fine in ((1, False), (2, True)):
        with answering(*[(503, "0", busy)] * 2, (200, "", page)) as other:
            access = {"server": other, "token": "none", "retries": retries}
            if fine:
                assert helpers.list_ingestions(**access) == []
            else:
                with pytest.raises(helpers.IngestionError):
                    helpers.list_ingestions(**access)
    default = inspect.signature(helpers.Connection).parameters["retries"].default
    assert default == 2
    assert "outage_budget" in inspect.signature(helpers.wait_ingestion).parameters


@does("ingest-jobs.md", "a timeout")
def _(turn: Turn) -> None:
    made = turn.reader.start()
    assert made in ids(turn.well(0))


@does("ingest-jobs.md", "`ingest_jobs.create(payload=…)`")
def _(turn: Turn) -> None:
    for said in turn.all():
        ended = finish(turn, said)
        assert (ended["convention_id"], ended["source"]["type"]) == ("documents", "text")


@does("ingest-jobs.md", "`ingest_jobs.get(job_id=…)`")
def _(turn: Turn) -> None:
    made = turn.reader.some("succeeded")
    given, shown, asked = turn.all(ID=made)
    assert given.value == asked.json
    assert made in shown.out
    assert turn.run(0, ID=given.value["srn"]).value["id"] == made


@does("ingest-jobs.md", "`ingest_jobs.re_ingest(job_id=…)`")
def _(turn: Turn) -> None:
    for number in range(3):
        old = turn.reader.text()
        new = finish(turn, turn.well(number, ID=old))
        assert new["id"] != old
        assert (new["retry_of"], new["counts"]["unchanged"]) == (old, 1)
    with turn.reader.held() as held:
        assert code(turn.run(0, ID=held)) == "INGESTION_ACTIVE"


@does("ingest-jobs.md", "`re_ingest`, a second time")
def _(turn: Turn) -> None:
    first = turn.reader.text()
    second = finish(turn, turn.well(0, ID=first))
    third = finish(turn, turn.well(0, ID=first))
    assert (second["retry_of"], third["retry_of"]) == (first, second["id"])
    with pytest.raises(helpers.IngestionError) as caught:
        helpers.retry_ingestion(**turn.reader.access, ingestion_id=first, scope="all")
    assert caught.value.code == "INGESTION_ALREADY_RETRIED"


@does("ingest-jobs.md", "`statuses`")
def _(turn: Turn) -> None:
    with turn.reader.waiting() as waiting:
        listed_by_status(turn, "queued", "running", one=waiting)


@does("ingest-jobs.md", '`order_by="createdAt"`')
def _(turn: Turn) -> None:
    turn.reader.start()
    given, asked = turn.all()
    for ones in (given.value, asked.json["items"]):
        times = [one["created_at"] for one in ones]
        assert times == sorted(times, reverse=True)


@does("ingest-jobs.md", '`order="asc"`')
def _(turn: Turn) -> None:
    older, newer = turn.reader.start(), turn.reader.start()
    given, shown, _ = turn.all()
    for said in (given, shown):
        assert ids(said).index(older) < ids(said).index(newer)
    asked = turn.run(2).json["items"]
    times = [one["created_at"] for one in asked]
    assert times == sorted(times)


@does("ingest-jobs.md", "`per_page=30`")
def _(turn: Turn) -> None:
    made = turn.reader.start()
    for said in turn.all():
        assert made in ids(said)
        assert len(ids(said)) <= 30


@does("ingest-jobs.md", "`res.next()`")
def _(turn: Turn) -> None:
    made = turn.reader.start()
    assert made in ids(turn.well(0))


@does("ingest-jobs.md", '`cursor`, `cursor_direction="forward"`')
@does("ingest-jobs.md", '`cursor_direction="backward"`')
def _(turn: Turn) -> None:
    made = [turn.reader.start() for _ in range(4)][::-1]
    api = Snippet('api GET "/ingestions?per_page=2$MORE"', "sh")
    first = turn.reader.run(api, MORE="").json
    second = turn.reader.run(api, MORE=f"&cursor={first['next_cursor']}").json
    got = ids(turn.well(0, NEXT=first["next_cursor"], PREV=second["prev_cursor"]))
    assert got == (made[2:] if "NEXT" in turn.line.snippets[0].code else made[:2])


@does("ingest-jobs.md", "Parameters of `list` [1]")
def _(turn: Turn) -> None:
    made = [turn.reader.start() for _ in range(4)][::-1]
    check = "\n[[str(one.id) for one in page.items] for page in (first, second, again)]"
    turn.well(0)
    said = turn.reader.run(Snippet(turn.line.snippets[0].code + check, "python"))
    assert said.value == [made[:2], made[2:], made[:2]]


@does("ingest-jobs.md", '`payload={"type": "TEXT", "text": …}`')
@does("ingest-jobs.md", "a payload that is a file")
def _(turn: Turn) -> None:
    for said in turn.all():
        ended = finish(turn, said)
        assert ended["source"]["type"] == ("file" if "file" in turn.line.key else "text")


@does("ingest-jobs.md", "a payload that is an address")
@does("submissions.md", '`"source_type": "uri"`')
def _(turn: Turn) -> None:
    with answering((200, "", b"Measured in the night.\n")) as site:
        for said in turn.all(URL=f"{site}/night.txt"):
            ended = finish(turn, said)
            assert ended["source"] == {"type": "uri", "uri": f"{site}/night.txt"}
    refused = turn.run(0, URL="http://10.0.0.1/night.txt")
    if refused.error is not None:
        assert (refused.error.status, refused.error.code) == (422, "SOURCE_NOT_ALLOWED")


@does("ingest-jobs.md", "several payloads")
def _(turn: Turn) -> None:
    for said in turn.all():
        assert finish(turn, said)["counts"]["seen"] == 2


@does("ingest-jobs.md", "`config`")
def _(turn: Turn) -> None:
    for said in turn.all():
        chunk = finish(turn, said)["parameters"]["chunk"]
        assert (chunk["enabled"], chunk["size"]) == (True, 1000)


@does("ingest-jobs.md", "`name`")
def _(turn: Turn) -> None:
    for said in turn.all():
        assert state(turn, said)["name"] == "field notes"
    assert refuses_null(turn, "name")


def refuses_null(turn: Turn, name: str) -> bool:
    body = {"convention_id": "test-counter", name: None}
    answer = turn.reader.http.post("/api/v1/ingestions", json=body)
    return (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")


@does("ingest-jobs.md", "`external_id`")
def _(turn: Turn) -> None:
    first = turn.well(0, EXTERNAL="notes-1").value
    assert first["external_id"] == "notes-1"
    second = turn.run(0, EXTERNAL="notes-1").error
    assert second is not None
    assert (second.status, second.code) == (409, "EXTERNAL_ID_TAKEN")
    assert first["id"] in str(second.context)
    assert refuses_null(turn, "external_id")


@does("ingest-jobs.md", "looking it up by `external_id`")
def _(turn: Turn) -> None:
    made = turn.reader.start(external_id="notes-2")
    for said in turn.all(EXTERNAL="notes-2"):
        assert ids(said) == [made]


@does("ingest-jobs.md", "`x_tenant_id`")
def _(turn: Turn) -> None:
    made = turn.well(0).value["id"]
    assert is_gone(turn, made)
    access = {**turn.reader.access, "tenant": "glaciology"}
    assert helpers.get_ingestion(**access, ingestion_id=made)["id"] == made


@does("ingest-jobs.md", "Errors [1]")
def _(turn: Turn) -> None:
    turn.well(0)


def check_problem(turn: Turn, **given: Any) -> list[Said]:
    """The status and the code of the row, and that the contract knows them together."""
    every = [turn.run(number, **given) for number in range(len(turn.line.snippets))]
    column = turn.line.columns["status"]
    [expected] = turn.line.words("status")
    status = re.match(r"\d+", column)
    for said in every:
        assert code(said) == expected
        assert said.json["status"] == (int(status[0]) if status else None)
    return every


@does("ingest-jobs.md", "`BadRequestError`")
def _(turn: Turn) -> None:
    [said] = check_problem(turn)
    assert said.error is not None
    assert said.error.errors[0]["loc"] == ["body", "batch_size"]


@does("ingest-jobs.md", "`UnauthorizedError`")
def _(turn: Turn) -> None:
    check_problem(turn, WRONG="wrong")


@does("ingest-jobs.md", "`ForbiddenError`")
def _(turn: Turn) -> None:
    [said] = check_problem(
        turn, READER=reading_token(turn.reader), ID=turn.reader.some("succeeded")
    )
    assert said.error is not None
    assert "ingestions:write" in said.error.detail


@does("ingest-jobs.md", "`NotFoundError`")
def _(turn: Turn) -> None:
    check_problem(turn)


@does("ingest-jobs.md", "`ConflictError`")
def _(turn: Turn) -> None:
    made = turn.reader.some("succeeded")
    [said] = check_problem(turn, ID=made)
    assert said.error is not None
    assert said.error.context["ingestion"]["id"] == made


@does("ingest-jobs.md", "`InviteExpiredError`")
def _(turn: Turn) -> None:
    answers = {
        status
        for path in CONTRACT["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
        for status in operation.get("responses", {})
    }
    assert {"400", "401", "403", "404", "409", "422", "429", "500"} <= answers
    assert "410" not in answers


@does("ingest-jobs.md", "`UnprocessableEntityError`")
@does("submissions.md", "422, as the framework says it")
def _(turn: Turn) -> None:
    check_problem(turn)


@does("ingest-jobs.md", "`RateLimitExceededError`")
def _(turn: Turn) -> None:
    # Of those that have no valid token an address may send sixty a minute.
    with turn.reader.stranger() as stranger:
        for _ in range(61):
            stranger.get("/api/v1/caller")
    [said] = check_problem(turn, WRONG="wrong")
    assert said.error is not None
    assert said.error.retry_after
    # The token that is valid goes on.
    turn.reader.ended()


@does("ingest-jobs.md", "`InternalServerError`")
@does("submissions.md", "500 `INTERNAL_ERROR`")
def _(turn: Turn) -> None:
    for said in check_problem(turn, BROKEN=broken(turn.reader)):
        assert said.json["request_id"]


def broken(reader: Reader) -> str:
    """An artifact without its file."""
    made = reader.ended(
        parameters={"count": 1, "with_files": True, "prefix": NOWHERE, "bytes_per_file": 100}
    )
    [artifact] = helpers.list_artifacts(**reader.access, ingestion_id=made)
    [stored] = [
        path for path in reader.archive.data_dir.rglob("*") if artifact["sha256"] in path.name
    ] or [
        path
        for path in reader.archive.data_dir.rglob("*")
        if path.is_file() and path.read_bytes().startswith(NOWHERE.encode())
    ]
    stored.unlink()
    return str(artifact["id"])


@does("ingest-jobs.md", "any other status")
def _(turn: Turn) -> None:
    with answering((502, "", b"<html>Bad gateway</html>")) as proxy:
        check_problem(turn, PROXY=proxy, WRONG="wrong", ID=NOWHERE)


@does("ingest-jobs.md", "no answer at all")
def _(turn: Turn) -> None:
    check_problem(turn, WRONG="wrong", ID=NOWHERE)


# From a submission service.


@does("submissions.md", '`"source_type": "file"`')
def _(turn: Turn) -> None:
    upload = helpers.upload_file(**turn.reader.access, path=turn.reader.folder / "notes.txt")
    for said in turn.all(UPLOAD=upload["id"]):
        assert finish(turn, said)["source"]["type"] == "file"


@does("submissions.md", '`"source_type": "bytes"`')
def _(turn: Turn) -> None:
    for said in turn.all():
        ended = finish(turn, said)
        assert (ended["source"]["type"], ended["source"]["size"]) == ("bytes", len("Hello."))


@does("submissions.md", '`"metadata": {"user": "alice", "project": "example"}`')
def _(turn: Turn) -> None:
    for said in turn.all():
        assert finish(turn, said)["metadata"] == {"user": "alice", "project": "example"}


@does("submissions.md", "The request [1]", "The request [2]")
def _(turn: Turn) -> None:
    said = turn.well(0)
    upload = said.value or said.out.strip()
    assert helpers.get_upload(**turn.reader.access, upload_id=upload)["filename"] == "notes.txt"


def submit(turn: Turn, **headers: str) -> httpx.Response:
    body = {"convention_id": "documents", "source": {"type": "text", "text": "Hello."}}
    return turn.reader.http.post("/api/v1/ingestions", json=body, headers=headers)


@does("submissions.md", "202 Accepted")
@does("submissions.md", '`"status": "accepted"`')
def _(turn: Turn) -> None:
    answer = submit(turn)
    assert answer.status_code == 202
    assert {"location", "retry-after"} <= set(answer.headers)
    [[found]] = fields(turn, answer.json())
    assert found in (answer.json()["id"], "queued")


@does("submissions.md", "sent twice: two ingestions")
def _(turn: Turn) -> None:
    first = finish(turn, turn.well(0))
    second = finish(turn, turn.well(0))
    assert first["id"] != second["id"]
    assert second["counts"]["unchanged"] == 1


@does("submissions.md", "")
def _(turn: Turn) -> None:
    first, second = turn.well(0), turn.well(0)
    assert first.json["id"] == second.json["id"]
    again = submit(turn, **{"Idempotency-Key": "hello-1"})
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")


@does("submissions.md", "what became of it: out of scope")
def _(turn: Turn) -> None:
    made = turn.reader.start(convention_id="documents", source={"type": "text", "text": "Hello."})
    shown, asked, given = turn.all(ID=made)
    assert "succeeded" in shown.out
    assert asked.json["status"] == given.value["status"] == "succeeded"


@does("submissions.md", "400 `INVALID_REQUEST`")
def _(turn: Turn) -> None:
    check_problem(turn)


def refusal(turn: Turn) -> dict[str, Any]:
    answer = turn.reader.http.post("/api/v1/ingestions", json={})
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    return found


@does("submissions.md", "`error_code`")
@does("submissions.md", "`message`")
@does("submissions.md", "`details.errors[].type`")
@does("submissions.md", "`details.errors[].loc`")
@does("submissions.md", "`details.errors[].msg`")
@does("submissions.md", "`details.errors[].input`")
@does("submissions.md", '`"details": null`')
def _(turn: Turn) -> None:
    problem = refusal(turn)
    assert problem["title"]
    [[found]] = fields(turn, problem)
    expected = {
        "code": "INVALID_REQUEST",
        "errors[].type": "missing",
        "errors[].loc": ["body", "convention_id"],
        "errors[].msg": "Field required",
    }
    [path] = turn.line.words("field")
    assert found == expected.get(path, found)
    assert found
