"""The disk of the archive runs full while it works: what is said then, what is left, and whether it
goes on once there is room again.

    unshare -m python tests/acceptance/full_disk.py [--database sqlite|postgresql]
                                                    [batch|file|upload|database ...]

batch     no more files can be made when a batch is committed (the database is elsewhere)
file      a convention writes the file of an item, and there is no room for it
upload    there is no room for a body that arrives
database  the database itself is on the full disk (SQLite)

The disk is a small tmpfs; `unshare -m` (root) or `unshare -rm` (anybody) keeps it from others. Each
scenario prints one line, or fails with an AssertionError that names what is wrong.
"""

# ruff: noqa: T201 - a script that prints its figures

from __future__ import annotations

import argparse
import contextlib
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "plugins")]

import httpx
from osa_testing.databases import KINDS, Databases
from osa_testing.disks import Disk, disk, halves
from osa_testing.processes import Archive, Served, archive
from osa_testing.series import Series
from osa_testing.waiting import until

from osa.cli.ingestion import (
    get_ingestion,
    iter_records,
    retry_ingestion,
    start_ingestion,
    upload_file,
)
from osa.server.bootstrap import House
from osa.server.model import RetryScope

_MEGABYTES = 24
_MIB = 1024**2
#: Below this nothing is accepted.
_MIN_FREE = 2 * _MIB
_ITEMS = 8
#: What the archive says of it; the engine has words of its own, when it is the first to meet it.
_DATABASE_FULL = "The disk of the database is full."


@dataclass(frozen=True, kw_only=True)
class Stage:
    """An archive on a small disk, and its server with one worker."""

    disk: Disk
    archive: Archive
    house: House
    served: Served
    folder: Path

    @property
    def access(self) -> dict[str, Any]:
        return {"server": self.served.url, "token": self.served.token}

    def start(self, prefix: str) -> tuple[str, Path]:
        """Eight items with a file of half a MiB each, two in a batch: it stands still in the middle
        of the second while the path that comes with its id exists."""
        gate = self.folder / "gate"
        gate.touch()
        id = str(
            start_ingestion(
                convention_id="test-counter",
                batch_size=2,
                parameters={
                    "count": _ITEMS,
                    "prefix": prefix,
                    "with_files": True,
                    "bytes_per_file": _MIB // 2,
                    "gate": str(gate),
                    "gate_from": 3,
                },
                **self.access,
            )["id"]
        )
        work = self.house.settings.work_dir / id
        until(
            lambda: self.get(id)["counts"]["seen"] == 2 and len(list(work.rglob("*.txt"))) == 1,
            "a batch is committed, and it stands still in the next",
        )
        return id, gate

    def get(self, id: str) -> dict[str, Any]:
        return get_ingestion(ingestion_id=id, **self.access)

    def ended(self, id: str) -> dict[str, Any]:
        return until(lambda: (now := self.get(id))["done"] and now, f"{id} has ended", seconds=60)

    def problem(self, answer: httpx.Response) -> None:
        """It says that the disk is full."""
        told = (answer.status_code, answer.json().get("code"))
        assert told == (503, "STORAGE_FULL"), (told, answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert int(answer.headers["Retry-After"]) > 0

    def goes_on_answering(self) -> None:
        """Reads work; what would write says why it does not."""
        with self.served.client() as http:
            assert http.get("/healthz").status_code == 200
            self.problem(http.get("/readyz"))
            for path in ("ingestions", "records", "conventions", "status"):
                answer = http.get(f"/api/v1/{path}")
                assert answer.status_code == 200, (path, answer.text)
            for record in iter_records(**self.access):
                for file in record["files"]:
                    content = http.get(f"/api/v1/records/{record['id']}/files/{file['id']}/content")
                    assert hashlib.sha256(content.content).hexdigest() == file["sha256"]
            body = {"convention_id": "test-counter"}
            self.problem(http.post("/api/v1/ingestions", json=body))
            inline = {**body, "source": {"type": "text", "text": "x" * 1000}}
            self.problem(http.post("/api/v1/ingestions", json=inline))

    def is_whole(self) -> None:
        found: list[str] = []

        def whole() -> bool:
            # A folder of work goes right after the last word about its ingestion.
            found[:] = halves(self.house)
            return not found

        with contextlib.suppress(AssertionError):
            until(whole, "nothing is left", seconds=5)
        assert not found, found[:5]

    def again(self, first: str, prefix: str) -> None:
        """With room again, what is left of it succeeds, and everything is there once."""
        self.disk.clear()
        until(self.served.is_ready, "it is ready again")
        series = Series(planned=frozenset(f"{prefix}{n}" for n in range(_ITEMS)))
        series.begin(first)
        series.settle(self.house.database)
        scope = series.next_scope()
        assert scope is RetryScope.REMAINING, scope
        new = retry_ingestion(ingestion_id=first, scope=str(scope), **self.access)["id"]
        series.go_on(new, scope)
        ended = self.ended(new)
        assert ended["status"] == "succeeded", ended
        series.settle(self.house.database)
        assert not (wrong := series.judge(self.house.database)), wrong
        self.is_whole()


def _failed_for_want_of_room(stage: Stage, id: str) -> str:
    ended = stage.ended(id)
    assert (ended["status"], ended["status_reason"]) == ("failed", "storage"), ended
    assert (ended["error"]["kind"], ended["error"]["origin"]) == ("storage_full", "storage"), ended
    assert ended["error"]["retryable"] is True, ended
    assert 2 <= ended["counts"]["seen"] < _ITEMS, ended
    reasons = [one["end_reason"] for one in ended["attempts"]]
    assert reasons[-1] == "failed" and set(reasons[:-1]) <= {"backing_off"}, reasons
    return f"failed/storage after {len(reasons)} attempts with {ended['counts']['seen']} items"


def batch(stage: Stage) -> str:
    """Its files are written, and have no place among the objects."""
    id, gate = stage.start("batch/")
    stage.disk.fill_with_files(leave=1)
    gate.unlink()
    told = _failed_for_want_of_room(stage, id)
    stage.disk.fill()
    stage.goes_on_answering()
    stage.is_whole()
    stage.again(id, "batch/")
    return told


def file(stage: Stage) -> str:
    """There is room for a part of it."""
    id, gate = stage.start("file/")
    stage.disk.fill(leave=_MIB // 4)
    gate.unlink()
    told = _failed_for_want_of_room(stage, id)
    stage.goes_on_answering()
    stage.is_whole()
    stage.again(id, "file/")
    return told


def upload(stage: Stage) -> str:
    """There is room when it begins."""
    before = _objects(stage)
    body = stage.folder / "body"
    body.write_bytes(bytes(range(256)) * 4096 * 6)
    question = {"content": body.read_bytes(), "params": {"filename": "body"}}
    kind = {"Content-Type": "application/octet-stream"}
    with stage.served.client() as http:
        for leave in (_MIN_FREE + _MIB // 3, _MIN_FREE + _MIB + 4096, _MIN_FREE // 2):
            stage.disk.clear()
            stage.disk.fill(leave=leave)
            stage.problem(http.post("/api/v1/uploads", headers=kind, **question))  # type: ignore[arg-type]
            stage.is_whole()
            assert _objects(stage) == before
        stage.goes_on_answering()
        stage.disk.clear()
        stage.disk.fill_with_files()
        # Not a byte was written: there is not even room for its name.
        stage.problem(http.post("/api/v1/uploads", headers=kind, **question))  # type: ignore[arg-type]
        source = {"type": "text", "text": "x" * 1000}
        start = {"convention_id": "test-counter", "source": source}
        stage.problem(http.post("/api/v1/ingestions", json=start))
        assert _objects(stage) == before
        assert http.get("/api/v1/ingestions?status=active").json()["items"] == []
    stage.disk.clear()
    sent = upload_file(path=body, **stage.access)
    assert sent["sha256"] == hashlib.sha256(body.read_bytes()).hexdigest()
    stage.is_whole()
    return "refused five times with STORAGE_FULL, kept once there was room"


def _objects(stage: Stage) -> set[str]:
    return {one.name for one in stage.house.settings.objects_dir.rglob("*") if one.is_file()}


def database(stage: Stage) -> str:
    """Nothing can be written down any more: nothing is promised either, and nothing is lost."""
    id, gate = stage.start("database/")
    stage.disk.fill()
    # What the log of the database has room for already is used up by what is written meanwhile.
    until(lambda: _DATABASE_FULL in _signs(stage) or _refused(stage), "nothing can be written")
    stage.goes_on_answering()
    with stage.served.client() as http:
        stage.problem(http.post(f"/api/v1/ingestions/{id}/cancel", json={}))
    before = len(_signs(stage))
    gate.unlink()
    until(lambda: _DATABASE_FULL in _signs(stage)[before:], "the worker has met it")
    stage.goes_on_answering()
    stage.disk.clear()
    until(stage.served.is_ready, "it is ready again")
    ended = stage.ended(id)
    if ended["status"] != "succeeded":
        assert (ended["status"], ended["status_reason"]) == ("failed", "storage"), ended
        stage.again(id, "database/")
        return "failed/storage, and its retry succeeded"
    series = Series(planned=frozenset(f"database/{n}" for n in range(_ITEMS)))
    series.begin(id)
    series.settle(stage.house.database)
    assert not (wrong := series.judge(stage.house.database)), wrong
    stage.is_whole()
    return f"went on by itself, succeeded in {len(ended['attempts'])} attempts"


def _signs(stage: Stage) -> str:
    return stage.served.program.said()


def _refused(stage: Stage) -> bool:
    with stage.served.client() as http:
        answer = http.post("/api/v1/cleanups", json={"older_than_seconds": 3600})
        if answer.status_code == 200:
            return False
        stage.problem(answer)
        return True


SCENARIOS: dict[str, Callable[[Stage], str]] = {
    "batch": batch,
    "file": file,
    "upload": upload,
    "database": database,
}


@contextlib.contextmanager
def _staged(databases: Databases, kind: str, folder: Path, *, inside: bool) -> Iterator[Stage]:
    """The archive's folder is the small disk; the database is elsewhere, or `inside`."""
    with contextlib.ExitStack() as held:
        small = held.enter_context(disk(folder / "archive", megabytes=_MEGABYTES))
        url = held.enter_context(
            databases.migrated(
                "sqlite" if inside else kind, folder / ("archive" if inside else "elsewhere")
            )
        )
        place = held.enter_context(archive(folder, url, OSA_MIN_FREE_BYTES=str(_MIN_FREE)))
        served = place.serve()
        house = held.enter_context(place.house())
        yield Stage(disk=small, archive=place, house=house, served=served, folder=folder)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenarios", nargs="*", help="batch, file, upload, database; all")
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="osa-full-disk-") as name:
        databases = Databases(Path(name) / "databases")
        try:
            wanted = list(chosen.scenarios or SCENARIOS)
            for inside in (False, True):
                names = [one for one in wanted if (one == "database") is inside]
                if not names:
                    continue
                folder = Path(name) / f"inside-{inside}"
                folder.mkdir()
                with _staged(databases, chosen.database, folder, inside=inside) as stage:
                    for scenario in names:
                        began = time.monotonic()
                        try:
                            told = SCENARIOS[scenario](stage)
                        except AssertionError as exc:
                            exc.add_note(f"The server said:\n{stage.served.program.said()[-8000:]}")
                            raise
                        seconds = time.monotonic() - began
                        kind = "sqlite" if inside else chosen.database
                        print(f"{kind} {scenario}: {told}; {seconds:.0f} s", flush=True)
        finally:
            databases.close()


if __name__ == "__main__":
    main()
