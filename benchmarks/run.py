"""How the archive compares: ratios, each from one run in which both sides take turns.

Run: python benchmarks/run.py [--database sqlite --database postgresql] [--rounds 5]
     [--requests 400] [--rows 100000] [--file-mb 2048] [--cog-side 10000] [--no-cog]

Absolute times are of this machine at this moment; the ratios are what to look at. A figure is the
median over the rounds of the 50th (99th) percentile of one round.
"""

# ruff: noqa: T201 - a benchmark prints

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
sys.path[:0] = [str(_HERE.parent / "tests"), str(_HERE.parent / "tests" / "plugins")]

import httpx  # noqa: E402
from osa_testing.databases import KINDS, Databases  # noqa: E402
from osa_testing.postgres import NoPostgres  # noqa: E402
from osa_testing.processes import Archive, Served, archive  # noqa: E402
from osa_testing.waiting import until  # noqa: E402
from sqlalchemy import func, insert, select, text  # noqa: E402

from osa.cli.ingestion import (  # noqa: E402
    get_ingestion,
    start_ingestion,
    upload_file,
    wait_ingestion,
)
from osa.server.bootstrap import House  # noqa: E402
from osa.server.model import ENDED, Principal, Scope, StartRequest, new_id  # noqa: E402
from osa.server.store.database import Database  # noqa: E402
from osa.server.store.tables import event, ingestion  # noqa: E402

#: As an operator finds them, rather than the short times of the tests.
_DEFAULTS = {
    "OSA_POLL_INTERVAL_SECONDS": "0.1",
    "OSA_STALE_AFTER_SECONDS": "30",
    # What is measured is how fast it is, not how fast one token may be.
    "OSA_READS_PER_MINUTE": "0",
    "OSA_WRITES_PER_MINUTE": "0",
}
_WHO = Principal(token_id="t", token_name="bench", tenant="default", scopes=frozenset(Scope))
_BODY = {"convention_id": "test-counter", "batch_size": 1, "parameters": {"count": 0}}


@dataclass(frozen=True)
class Figure:
    """One side of a comparison, in seconds."""

    p50: float
    p99: float

    @classmethod
    def of(cls, latencies: Sequence[float]) -> Figure:
        ordered = sorted(latencies)
        return cls(
            p50=ordered[len(ordered) // 2],
            p99=ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))],
        )

    @classmethod
    def median(cls, figures: Sequence[Figure]) -> Figure:
        return cls(
            p50=statistics.median(figure.p50 for figure in figures),
            p99=statistics.median(figure.p99 for figure in figures),
        )


Side = Callable[[], Sequence[float]]


class Table:
    """Prints each row as soon as it is known."""

    def __init__(self, database: str) -> None:
        self._database = database
        print(f"\n{database}", flush=True)
        print(f"{'':58} {'p50':>9} {'p99':>9} {'ratio p50':>10} {'ratio p99':>10}", flush=True)

    def compare(self, sides: Mapping[str, Side], rounds: int) -> dict[str, Figure]:
        """Take turns; what comes first is what the others are compared with."""
        found: dict[str, list[Figure]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, side in sides.items():
                found[name].append(Figure.of(side()))
        figures = {name: Figure.median(rows) for name, rows in found.items()}
        base = next(iter(figures.values()))
        for name, figure in figures.items():
            ratios = "" if figure is base else self._ratios(figure, base)
            print(f"{name:58} {_ms(figure.p50)} {_ms(figure.p99)} {ratios}", flush=True)
        return figures

    @staticmethod
    def _ratios(figure: Figure, base: Figure) -> str:
        return f"{figure.p50 / base.p50:>10.2f} {figure.p99 / base.p99:>10.2f}"

    def say(self, name: str, value: str) -> None:
        print(f"{name:58} {value}", flush=True)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:>6.2f} ms"


def load(served_url: str, token: str | None, method: str, path: str, **plan: Any) -> list[float]:
    """The seconds of each answer, asked for by a process of its own."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    whole = {"url": served_url, "method": method, "path": path, "headers": headers, **plan}
    done = subprocess.run(
        [sys.executable, str(_HERE / "load.py")],
        input=json.dumps(whole),
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert all(status < 300 for status in answer["statuses"]), answer["statuses"]
    latencies: list[float] = answer["latencies"]
    return latencies


@contextlib.contextmanager
def empty_route() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, str(_HERE / "empty_route.py")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def bare_inserts(database: Database, connections: int, total: int) -> list[float]:
    """INSERT and COMMIT of a row of the same size, by the driver, on the same database."""
    mark = "?" if database.is_sqlite else "%s"
    statement = f"INSERT INTO bare (id, body) VALUES ({mark}, {mark})"
    latencies: list[float] = []
    begin = "BEGIN IMMEDIATE" if database.is_sqlite else None

    def worker(count: int) -> None:
        raw = database.engine.raw_connection()
        cursor = raw.cursor()
        for _ in range(count):
            began = time.perf_counter()
            if begin:
                cursor.execute(begin)
            cursor.execute(statement, (new_id(), "x" * 600))
            raw.commit()
            latencies.append(time.perf_counter() - began)
        raw.close()

    with ThreadPoolExecutor(connections) as threads:
        list(threads.map(worker, [total // connections] * connections))
    return latencies


def requests(table: Table, house: House, served: Served, empty: str, chosen: Any) -> None:
    """Start, get and page against a bare commit and an empty route."""
    with house.database.write() as tx:
        tx.execute(text("CREATE TABLE bare (id VARCHAR(36) PRIMARY KEY, body TEXT NOT NULL)"))
    body = StartRequest(convention_id="test-counter", parameters={"count": 0}, batch_size=1)

    def in_process() -> list[float]:
        latencies = []
        for _ in range(chosen.requests):
            began = time.perf_counter()
            house.service.ingestions.start(_WHO, body, idempotency_key=None)
            latencies.append(time.perf_counter() - began)
        return latencies

    def asked(connections: int, method: str, path: str, **plan: Any) -> Side:
        amount = {"connections": connections, "requests": chosen.requests}
        return lambda: load(served.url, served.token, method, path, **amount, **plan)

    def nothing(connections: int, method: str, **plan: Any) -> Side:
        amount = {"connections": connections, "requests": chosen.requests}
        return lambda: load(empty, None, method, "/empty", **amount, **plan)

    for connections in (1, 16):
        mark = f"{connections} connection{'s' if connections > 1 else ''}"
        post = asked(connections, "POST", "/api/v1/ingestions", body=_BODY, vary=True)
        table.compare(
            {
                f"bare INSERT + commit, {mark}": lambda n=connections: bare_inserts(
                    house.database, n, chosen.requests
                ),
                **({"start without HTTP": in_process} if connections == 1 else {}),
                f"start, {mark}, against the commit": post,
            },
            chosen.rounds,
        )
        table.compare(
            {
                f"empty FastAPI route (POST), {mark}": nothing(connections, "POST", body=_BODY),
                f"start, {mark}, against the route": post,
            },
            chosen.rounds,
        )
    with served.client() as http:
        one = http.get("/api/v1/ingestions").json()["items"][0]["id"]
    for connections in (1, 16):
        mark = f"{connections} connection{'s' if connections > 1 else ''}"
        table.compare(
            {
                f"empty FastAPI route (GET), {mark}": nothing(connections, "GET"),
                f"get, {mark}": asked(connections, "GET", f"/api/v1/ingestions/{one}"),
                f"page of 50, {mark}": asked(connections, "GET", "/api/v1/ingestions?per_page=50"),
            },
            chosen.rounds,
        )


def pages(table: Table, house: House, served: Served, chosen: Any) -> None:
    """A page of a small archive beside one of a large one, at the start and in the middle."""
    sides: dict[str, Side] = {}
    amount = {"connections": 1, "requests": chosen.requests // 4}
    for rows in (1000, chosen.rows):
        tenant = f"rows{rows}"
        _fill(house, tenant, rows)
        _, token = house.service.tokens.create(tenant=tenant, name="bench", scopes=[Scope.READ])
        path = "/api/v1/ingestions?per_page=50"
        with httpx.Client(
            base_url=served.url, headers={"Authorization": f"Bearer {token}"}
        ) as http:
            half = _halfway(http, path, rows)
        for where, address in (("first page", path), ("page in the middle", half)):
            sides[f"{where} of {rows:,}"] = lambda token=token, address=address: load(
                served.url, token, "GET", address, **amount
            )
    for where in ("first page", "page in the middle"):
        table.compare({n: s for n, s in sides.items() if n.startswith(where)}, chosen.rounds)


def _halfway(http: httpx.Client, path: str, rows: int) -> str:
    """The page after the row in the middle (of a large archive: after the first 5,000)."""
    page: dict[str, Any] = {"next_cursor": None}
    for _ in range(min(rows // 400, 25)):
        named = {} if page["next_cursor"] is None else {"cursor": page["next_cursor"]}
        page = http.get("/api/v1/ingestions", params={"per_page": "200", **named}).json()
    return f"{path}&cursor={page['next_cursor']}"


def _fill(house: House, tenant: str, rows: int) -> None:
    """Copies of one ended ingestion, a millisecond apart."""
    who = replace(_WHO, tenant=tenant)
    body = StartRequest(convention_id="test-counter")
    started = house.service.ingestions.start(who, body, idempotency_key=None).ingestion
    house.service.ingestions.cancel(who, started.id, reason=None, grace_seconds=0)
    with house.database.read() as tx:
        row = tx.execute(select(ingestion).where(ingestion.c.id == started.id)).one()._asdict()
    step = timedelta(milliseconds=1)
    for at in range(1, rows, 5000):
        with house.database.write() as tx:
            tx.execute(
                insert(ingestion),
                [
                    {**row, "id": new_id(), "created_at": row["created_at"] - number * step}
                    for number in range(at, min(rows, at + 5000))
                ],
            )
    with house.database.write() as tx:
        tx.execute(text("ANALYZE"))


def work(table: Table, place: Archive, house: House, served: Served) -> None:
    """From start to running, and how many empty ingestions go through in a second."""
    with served.client() as http:
        worker = place.worker()
        ids = []
        for _ in range(40):
            ids.append(http.post("/api/v1/ingestions", json=_BODY).json()["id"])
            until(lambda: _count_ended(house, ids) == len(ids), "it has ended")
    waits = []
    with house.database.read() as tx:
        taken = select(event.c.ingestion_id, event.c.at).where(
            event.c.ingestion_id.in_(ids), event.c.type == "ingestion_started"
        )
        for row in tx.execute(taken):
            created = tx.execute(
                select(ingestion.c.created_at).where(ingestion.c.id == row.ingestion_id)
            ).scalar_one()
            waits.append((row.at - created).total_seconds())
    figure = Figure.of(waits)
    table.say("start to running, one after the other", f"{_ms(figure.p50)} {_ms(figure.p99)}")
    count = 400
    before = _count_ended(house, None)
    began = time.monotonic()
    load(served.url, served.token, "POST", "/api/v1/ingestions", body=_BODY, vary=True,
         connections=16, requests=count)  # fmt: skip
    until(lambda: _count_ended(house, None) == before + count, "all have ended", seconds=300)
    seconds = time.monotonic() - began
    table.say(
        "empty ingestions, end to end, 1 worker of 2 slots", f"{count / seconds:.0f} a second"
    )
    worker.stop()


def _count_ended(house: House, ids: Sequence[str] | None) -> int:
    query = select(func.count()).where(ingestion.c.status.in_(list(ENDED)))
    if ids is not None:
        query = query.where(ingestion.c.id.in_(ids))
    with house.database.read() as tx:
        return tx.execute(query).scalar_one()


def helpers(table: Table, served: Served, rounds: int) -> None:
    """`get_ingestion` beside the same request by hand, in turns, on one connection each."""
    with served.client() as http, httpx.Client() as bare:
        one = http.get("/api/v1/ingestions?per_page=1").json()["items"][0]["id"]
        named = {"server": served.url, "token": served.token, "ingestion_id": one}

        def timed(call: Callable[[], Any], count: int) -> Side:
            def side() -> list[float]:
                latencies = []
                for _ in range(count):
                    began = time.perf_counter()
                    call()
                    latencies.append(time.perf_counter() - began)
                return latencies

            return side

        def by_hand() -> Any:
            return http.get(f"/api/v1/ingestions/{one}").raise_for_status().json()

        table.compare(
            {
                "bare httpx, one client": timed(by_hand, 100),
                "get_ingestion(http=client)": timed(lambda: get_ingestion(**named, http=bare), 100),
                "get_ingestion()": timed(lambda: get_ingestion(**named), 50),
            },
            rounds,
        )


def large_file(table: Table, place: Archive, served: Served, folder: Path, megabytes: int) -> None:
    """Send a file and ingest it, beside `sha256sum` of it."""
    path = folder / "large.bin"
    block = b"".join(new_id().encode() for _ in range(30_000))[: 1024**2]
    with path.open("wb") as stream:
        for number in range(megabytes):
            stream.write(number.to_bytes(8, "big") + block[8:])
    worker = place.worker()
    named = {"server": served.url, "token": served.token}
    sums, uploads, ingests = [], [], []
    for _ in range(3):
        began = time.monotonic()
        subprocess.run(["sha256sum", str(path)], check=True, stdout=subprocess.DEVNULL)
        sums.append(time.monotonic() - began)
        began = time.monotonic()
        upload = upload_file(path=path, timeout=600, **named)
        uploads.append(time.monotonic() - began)
        began = time.monotonic()
        started = start_ingestion(
            convention_id="documents",
            source={"type": "file", "upload_id": upload["id"]},
            parameters={"max_bytes": path.stat().st_size},
            **named,
        )
        ended = wait_ingestion(ingestion_id=started["id"], timeout=600, **named)
        assert ended["status"] == "succeeded", ended
        ingests.append(time.monotonic() - began)
    worker.stop()
    path.unlink()
    base = statistics.median(sums)
    table.say(f"sha256sum of {megabytes} MB", f"{base:.2f} s")
    for name, values in (("upload", uploads), ("documents, from start to end", ingests)):
        took = statistics.median(values)
        table.say(f"{name}, {megabytes} MB", f"{took:.2f} s, ratio {took / base:.2f}")


def measure(kind: str, databases: Databases, folder: Path, chosen: Any) -> None:
    """Everything on one kind of database."""
    with contextlib.ExitStack() as held:
        url = held.enter_context(databases.migrated(kind, folder / "archive"))
        place = held.enter_context(archive(folder, url, **_DEFAULTS))
        house = held.enter_context(place.house())
        empty = held.enter_context(empty_route())
        served = place.serve(workers=0, OSA_LOG_LEVEL="info")
        table = Table(kind)
        # First: what the comparisons leave waiting must not stand before it.
        work(table, place, house, served)
        if chosen.file_mb:
            large_file(table, place, served, folder, chosen.file_mb)
        requests(table, house, served, empty, chosen)
        pages(table, house, served, chosen)
        helpers(table, served, chosen.rounds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", action="append", choices=KINDS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--file-mb", type=int, default=2048, help="0 leaves the large file out")
    parser.add_argument("--cog-side", type=int, default=10_000)
    parser.add_argument("--no-cog", action="store_true", help="leave NetCDF to COG out")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        databases = Databases(Path(name) / "databases")
        try:
            for kind in chosen.database or KINDS:
                folder = Path(name) / kind
                folder.mkdir()
                try:
                    measure(kind, databases, folder, chosen)
                except NoPostgres as exc:
                    print(f"\n{kind} is left out: {exc}", flush=True)
        finally:
            databases.close()
    if not chosen.no_cog:
        print("\nNetCDF to COG beside gdal_translate", flush=True)
        if shutil.which("gdal_translate") is None:
            print("left out: gdal_translate is not installed (apt: gdal-bin)")
            return
        command = [sys.executable, str(_HERE / "nc_to_cog.py"), "--side", str(chosen.cog_side)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
