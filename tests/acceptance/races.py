"""Races that a caller might meet, run for real: workers, servers and a network that breaks.

Each scenario prints one line of figures, or fails with an AssertionError that names what is wrong.

Run: python tests/acceptance/races.py [--database sqlite|postgresql]
     [cancels|repeats|pages|key|stream ...]
     [--cancels 1000] [--repeats 300] [--rows 20000] [--starts 50] [--events 400]
     [--restarts 3] [--seed 1]
"""

# ruff: noqa: T201 - a script that prints its figures

from __future__ import annotations

import argparse
import contextlib
import random
import socket
import statistics
import struct
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "plugins")]

import httpx
from osa_testing.databases import KINDS, Databases
from osa_testing.processes import Archive, Served, archive
from osa_testing.series import Series, tally
from osa_testing.soundness import complaints
from osa_testing.waiting import until
from sqlalchemy import func, select, update

from osa.cli.ingestion import iter_events, start_ingestion, wait_ingestion
from osa.server.bootstrap import House
from osa.server.errors import IngestionAlreadyEnded, IngestionAlreadyRetried
from osa.server.model import (
    ENDED,
    Ingestion,
    IngestionQuery,
    Principal,
    RetryRequest,
    RetryScope,
    Scope,
    StartRequest,
    Status,
    new_id,
)
from osa.server.store import ingestions as store
from osa.server.store.columns import now
from osa.server.store.tables import ingestion as table
from osa.server.store.tables import record

T = TypeVar("T")

WHO = Principal(token_id="t", token_name="racer", tenant="default", scopes=frozenset(Scope))
_LONGEST_SECONDS = 600.0


def _start(house: House, *, count: int = 3, batch_size: int = 1, prefix: str = "") -> Ingestion:
    body = StartRequest(
        convention_id="test-counter",
        parameters={"count": count, "prefix": prefix},
        batch_size=batch_size,
    )
    return house.service.ingestions.start(WHO, body, idempotency_key=None).ingestion


def _ended(house: House, ids: Sequence[str]) -> bool:
    with house.database.read() as tx:
        query = select(func.count()).where(table.c.id.in_(ids), table.c.status.in_(list(ENDED)))
        return tx.execute(query).scalar_one() == len(ids)


def cancels(place: Archive, *, times: int, seed: int) -> str:
    """Cancel at every moment between the start and the end of an ingestion."""
    place.worker(OSA_SLOTS="4")
    with place.house() as house:
        took = [_until_ended(house) for _ in range(5)]
        window = 1.5 * statistics.median(took)
        chance = random.Random(seed)
        plans = [(chance.uniform(0, window), chance.random() < 0.3) for _ in range(times)]
        began = time.monotonic()
        with ThreadPoolExecutor(4) as threads:
            answers = list(threads.map(lambda plan: _start_and_cancel(house, *plan), plans))
        for at in range(0, times, 500):
            ids = [answer[0] for answer in answers[at : at + 500]]
            until(lambda ids=ids: _ended(house, ids), "all have ended", seconds=_LONGEST_SECONDS)
        seconds = time.monotonic() - began
        wrong = [why for answer in answers if (why := _judged(house, *answer))]
        assert not wrong, f"{len(wrong)} of {times}: {wrong[:3]}"
        kinds = Counter(kind for _, kind, _ in answers)
        ends = Counter(str(house.service.reading.get(WHO, a[0]).status) for a in answers)
    return (
        f"cancels: {times} in {seconds:.0f} s; cancel met {_told(kinds)}; ended {_told(ends)};"
        " 0 wrong"
    )


def _until_ended(house: House) -> float:
    began = time.monotonic()
    started = _start(house)
    until(lambda: _ended(house, [started.id]), "it has ended", every=0.002)
    return time.monotonic() - began


def _start_and_cancel(house: House, delay: float, force: bool) -> tuple[str, str, Ingestion]:
    """The id, what the cancel met, and its answer."""
    started = _start(house)
    # The one deliberate wait: the moment of the cancel is what varies.
    threading.Event().wait(delay)
    try:
        answer = house.service.ingestions.cancel(
            WHO, started.id, reason=None, grace_seconds=60, force=force
        )
    except IngestionAlreadyEnded as exc:
        return started.id, "ended", exc.ingestion
    if force and answer.cancel is not None and answer.cancel.outcome == "forced":
        return started.id, "running, by force" if answer.attempt else "queued", answer
    return started.id, "queued" if answer.done else "running", answer


def _judged(house: House, id: str, kind: str, answer: Ingestion) -> str | None:
    found = complaints(house.database, id)
    after = house.service.reading.get(WHO, id)
    if kind == "running, by force" and (after.status, after.counts, after.last_event) != (
        Status.CANCELED,
        answer.counts,
        answer.last_event,
    ):
        found.append(f"canceled by force, and then {after.status} with {after.counts}")
    if kind == "queued" and (after.status, after.counts) != (Status.CANCELED, answer.counts):
        found.append(f"canceled while queued, and then {after.status} with {after.counts}")
    if kind == "ended" and (after.status, after.counts) != (answer.status, answer.counts):
        found.append(f"was {answer.status}, is {after.status}")
    if kind == "running":
        outcome = after.cancel.outcome if after.cancel else None
        expected = {Status.CANCELED: "stopped", Status.SUCCEEDED: "too_late"}
        if expected.get(after.status) != outcome:
            found.append(f"canceled while running: {after.status}, {outcome}")
    return f"{id}: {'; '.join(found)}" if found else None


def repeats(place: Archive, *, times: int, seed: int) -> str:
    """Cancel at every moment, gently or by force, and let several retry what was canceled, until
    each item of each series is published; nothing is published twice."""
    place.worker(OSA_SLOTS="4")
    with place.house() as house, ThreadPoolExecutor(8) as pool:
        window = 1.5 * statistics.median([_until_ended(house) for _ in range(5)])
        began = time.monotonic()
        with ThreadPoolExecutor(4) as threads:
            series = list(
                threads.map(
                    lambda number: _repeat(
                        house, pool, number, random.Random(f"{seed}/{number}"), window
                    ),
                    range(times),
                )
            )
        seconds = time.monotonic() - began
        wrong = [why for one in series for why in one.judge(house.database)]
        assert not wrong, f"{len(wrong)}: {wrong[:3]}"
        with house.database.read() as tx:
            made = tx.execute(
                select(record.c.source_id, record.c.version).where(record.c.source_id.contains("/"))
            ).all()
        planned = {id for one in series for id in one.planned}
        assert {row.source_id for row in made} == planned, "the records are not what was planned"
        assert all(row.version == 1 for row in made), "a record was changed"
    return f"repeats: {times} series in {seconds:.0f} s: {_told(tally(series))}; 0 wrong"


def _repeat(
    house: House, pool: ThreadPoolExecutor, number: int, chance: random.Random, window: float
) -> Series:
    prefix = f"{number}/"
    series = Series(planned=frozenset(f"{prefix}{n}" for n in range(6)))
    series.begin(_start(house, count=6, prefix=prefix).id)
    for turn in range(20):
        id = series.last.id
        if turn < 5:
            # The one deliberate wait: the moment of the cancel is what varies.
            threading.Event().wait(chance.uniform(0, window))
            with contextlib.suppress(IngestionAlreadyEnded):
                force = chance.random() < 0.4
                now = house.service.ingestions.cancel(
                    WHO, id, reason=None, grace_seconds=chance.choice([0, 60]), force=force
                )
                assert now.done or not force, f"{id}: {now.status} after a cancel by force"
        until(lambda: series.settle(house.database), "it has ended", seconds=_LONGEST_SECONDS)
        scope = series.next_scope()
        if scope is None:
            return series
        series.go_on(_retried(house, pool, id, scope, callers=chance.choice([1, 2, 2])), scope)
    raise AssertionError(f"{series.last.id}: not complete after 20 retries")


def _retried(
    house: House, pool: ThreadPoolExecutor, id: str, scope: RetryScope, *, callers: int
) -> str:
    """The retry, which one of these callers made; the others are told of it."""
    gate = threading.Barrier(callers)

    def retry() -> tuple[str, bool]:
        gate.wait(60)
        try:
            made = house.service.retries.retry(
                WHO, id, RetryRequest(scope=scope), idempotency_key=None
            )
        except IngestionAlreadyRetried as exc:
            return str(exc.context["ingestion_id"]), False
        return made.ingestion.id, True

    answers = [future.result() for future in [pool.submit(retry) for _ in range(callers)]]
    assert sum(made for _, made in answers) == 1, f"{id}: {answers}"
    assert len({new for new, _ in answers}) == 1, f"{id}: {answers}"
    return answers[0][0]


def pages(place: Archive, *, rows: int, per_page: int) -> str:
    """Walk through all ingestions in both orders and directions while others start and end."""
    with place.house() as house:
        existing = _existing(house, rows)
        place.worker(OSA_SLOTS="4")
        over = threading.Event()
        counts = [0] * 3
        makers = [
            threading.Thread(target=_keep_starting, args=(house, over, counts, number))
            for number in range(len(counts))
        ]
        began = time.monotonic()
        for maker in makers:
            maker.start()
        reads = 0
        try:
            for ascending in (False, True):
                for seen, pages_read in _both_ways(house, ascending, per_page):
                    reads += pages_read
                    times = Counter(seen)
                    twice = [id for id, count in times.items() if count > 1]
                    assert not twice, f"{len(twice)} were seen twice"
                    assert not (existing - set(times)), "some were not seen"
        finally:
            over.set()
            for maker in makers:
                maker.join()
        seconds = time.monotonic() - began
    return (
        f"pages: {rows} ingestions, both orders, both directions, {reads} pages in {seconds:.1f} s"
        f" while {sum(counts) / seconds:.0f} others a second started and ended; each seen once"
    )


def _existing(house: House, rows: int) -> set[str]:
    ids = [new_id() for _ in range(rows)]
    for at in range(0, rows, 500):
        chunk = ids[at : at + 500]
        with house.database.write() as tx:
            for id in chunk:
                store.add(
                    tx,
                    store.NewIngestion(
                        id=id,
                        tenant=WHO.tenant,
                        request=StartRequest(convention_id="test-counter"),
                        convention_id="test-counter",
                        convention_version="1.0.0",
                        source=None,
                        created_by=WHO.token_name,
                        exclusive=False,
                    ),
                )
            # Nobody is to run these: they have ended.
            tx.execute(
                update(table)
                .where(table.c.id.in_(chunk))
                .values(status=Status.CANCELED, status_reason="requested", ended_at=now())
            )
    return set(ids)


def _keep_starting(house: House, over: threading.Event, counts: list[int], number: int) -> None:
    while not over.is_set():
        started = _start(house, count=0)
        counts[number] += 1
        if counts[number] % 2:
            with contextlib.suppress(IngestionAlreadyEnded):
                house.service.ingestions.cancel(WHO, started.id, reason=None, grace_seconds=60)


def _both_ways(house: House, ascending: bool, size: int) -> Iterator[tuple[list[str], int]]:
    query = IngestionQuery(ascending=ascending)
    cursor, seen, reads = None, [], 0
    while True:
        page = house.service.reading.list(WHO, query, cursor=cursor, per_page=size)
        seen += [one.id for one in page.items]
        reads += 1
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    yield seen, reads
    back, reads = [one.id for one in page.items], 0
    while page.prev_cursor is not None:
        page = house.service.reading.list(WHO, query, cursor=page.prev_cursor, per_page=size)
        back += [one.id for one in page.items]
        reads += 1
    yield back, reads


def one_key(place: Archive, *, starts: int) -> str:
    """Start many times at the same moment with one Idempotency-Key, over HTTP."""
    served = place.serve(workers=0)
    key = new_id()
    body = {"convention_id": "test-counter", "batch_size": 1, "limit": None}
    # Each on a new connection: one that has been idle may be closed while this is on its way.
    headers = {"Idempotency-Key": key, "Connection": "close"}
    gate = threading.Barrier(starts)

    def start(http: httpx.Client) -> tuple[int, str]:
        gate.wait(60)
        answer = http.post("/api/v1/ingestions", json=body, headers=headers)
        return answer.status_code, answer.json().get("id")

    began = time.monotonic()
    with served.client() as http, ThreadPoolExecutor(starts) as threads:
        answers = list(threads.map(start, [http] * starts))
    seconds = time.monotonic() - began
    statuses = Counter(str(status) for status, _ in answers)
    assert statuses == {"202": 1, "200": starts - 1}, statuses
    assert len({id for _, id in answers}) == 1
    with served.client() as http:
        assert len(http.get("/api/v1/ingestions").json()["items"]) == 1
    return f"key: {starts} starts at once in {seconds:.1f} s: {_told(statuses)}, 1 ingestion"


class BreakingProxy:
    """Passes bytes on to a server and resets each connection after a random while."""

    def __init__(self, chance: random.Random, *, shortest: float, longest: float) -> None:
        self.port: int | None = None
        self.resets = 0
        self._chance = chance
        self._span = (shortest, longest)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.port or 1), timeout=5)
        except OSError:
            _reset(client)
            return
        cut = threading.Timer(self._chance.uniform(*self._span), self._cut, (client, server))
        cut.daemon = True
        cut.start()
        to_server = threading.Thread(target=_pump, args=(client, server), daemon=True)
        to_server.start()
        _pump(server, client)
        to_server.join()
        cut.cancel()
        for end in (client, server):
            end.close()

    def _cut(self, client: socket.socket, server: socket.socket) -> None:
        self.resets += 1
        _reset(client)
        _reset(server)

    def close(self) -> None:
        self._listener.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _reset(end: socket.socket) -> None:
    """RST rather than FIN: what a broken network looks like."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        end.close()


def stream(place: Archive, *, events: int, restarts: int, seed: int) -> str:
    """Follow an ingestion through a proxy that cuts and a server that is killed and restarted."""
    chance = random.Random(seed)
    proxy = BreakingProxy(chance, shortest=0.02, longest=0.7)
    served = place.serve()
    proxy.port = _port(served)
    named = {"server": proxy.url, "token": served.token}
    began = time.monotonic()
    try:
        started = start_ingestion(
            convention_id="test-counter",
            batch_size=1,
            parameters={"count": events, "seconds_per_item": 0.03},
            retries=20,
            **named,
        )
        with ThreadPoolExecutor(2) as threads:
            numbers: list[int] = []
            follower = threads.submit(_follow, numbers, ingestion_id=started["id"], **named)
            waiter = threads.submit(
                wait_ingestion, ingestion_id=started["id"], timeout=_LONGEST_SECONDS, **named
            )
            for number in range(restarts):
                goal = (number + 1) * events // (restarts + 2)
                until(
                    lambda goal=goal: follower.done() or len(numbers) >= goal,
                    "events come",
                    seconds=_LONGEST_SECONDS,
                )
                served.program.kill()
                served = place.serve()
                proxy.port = _port(served)
            follower.result(_LONGEST_SECONDS)
            last = waiter.result(_LONGEST_SECONDS)
    finally:
        proxy.close()
    seconds = time.monotonic() - began
    with place.house() as house:
        wrong = complaints(house.database, started["id"], [str(n) for n in range(events)])
        total = house.service.reading.get(WHO, started["id"]).last_event
    assert not wrong, wrong
    assert numbers == list(range(1, total + 1)), "an event was lost, doubled, or out of order"
    assert last["status"] == "succeeded", last
    return (
        f"stream: {total} events once and in order through {proxy.resets} resets and {restarts}"
        f" kills of the server in {seconds:.0f} s; wait_ingestion came through: {last['status']}"
    )


def _follow(numbers: list[int], **named: Any) -> None:
    for event in iter_events(follow=True, **named):
        numbers.append(event["number"])


def _port(served: Served) -> int:
    return int(served.url.rpartition(":")[2])


def _told(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counted.items()))


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenarios", nargs="*", help="cancels, repeats, pages, key, stream; all")
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    parser.add_argument("--cancels", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=300)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--starts", type=int, default=50)
    parser.add_argument("--events", type=int, default=400)
    parser.add_argument("--restarts", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    scenarios: dict[str, Callable[[Archive], str]] = {
        "cancels": lambda place: cancels(place, times=chosen.cancels, seed=chosen.seed),
        "repeats": lambda place: repeats(place, times=chosen.repeats, seed=chosen.seed),
        "pages": lambda place: pages(place, rows=chosen.rows, per_page=200),
        "key": lambda place: one_key(place, starts=chosen.starts),
        "stream": lambda place: stream(
            place, events=chosen.events, restarts=chosen.restarts, seed=chosen.seed
        ),
    }
    with tempfile.TemporaryDirectory() as name:
        databases = Databases(Path(name) / "databases")
        try:
            for scenario in chosen.scenarios or scenarios:
                folder = Path(name) / scenario
                folder.mkdir()
                with (
                    databases.migrated(chosen.database, folder / "archive") as url,
                    archive(folder, url) as place,
                ):
                    print(chosen.database, scenarios[scenario](place), flush=True)
        finally:
            databases.close()


if __name__ == "__main__":
    main()
