"""A thousand callers follow fifty ingestions on one server, event by event.

    python tests/acceptance/watchers.py [--database sqlite|postgresql] [--watchers 1000]
                                        [--ingestions 50] [--items 20] [--slots 4]

All streams are opened at once, before anything runs; who is turned away comes back when it is told
to. Each watcher must get each event of its ingestion exactly once and in order, and its stream must
end by itself after the last one. Told are the memory of the server (resident), the time from the
`at` of an event to its arrival, and the seconds of CPU that the server took. Watchers, worker,
server and database share this machine. Exit code 0 when every watcher got what it must.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "plugins")]

from osa_testing.databases import KINDS, Databases
from osa_testing.processes import Archive, Served, archive
from osa_testing.soundness import ENDED_EVENTS
from osa_testing.waiting import until
from sqlalchemy import func, select

from osa.server.bootstrap import House
from osa.server.model import Principal, Scope, StartRequest, Status
from osa.server.store.tables import ingestion

_WHO = Principal(token_id="t", token_name="watched", tenant="default", scopes=frozenset(Scope))
_LONGEST_SECONDS = 600.0
_MIB = 1024**2


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many."""

    database: str = "sqlite"
    watchers: int = 1000
    ingestions: int = 50
    items: int = 20
    slots: int = 4


@dataclass(kw_only=True)
class Watcher:
    """One caller, and what it got."""

    ingestion_id: str
    numbers: list[int] = field(default_factory=list)
    #: When each event was and when it arrived, in seconds of the clock.
    times: list[tuple[float, float]] = field(default_factory=list)
    #: Whether the stream is open, and what was answered to the requests for it.
    open: bool = False
    ended: bool = False
    answers: list[int] = field(default_factory=list)

    async def follow(self, served: Served) -> None:
        """Until the stream has ended after the last event."""
        while not self.ended:
            self.open = False
            pause = await self._once(served)
            if pause:
                await asyncio.sleep(pause)

    async def _once(self, served: Served) -> float:
        """One request; how many seconds to wait before the next."""
        address = urlsplit(served.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            last = self.numbers[-1] if self.numbers else 0
            writer.write(
                f"GET /api/v1/ingestions/{self.ingestion_id}/events/stream HTTP/1.1\r\n"
                f"Host: {address.netloc}\r\nAuthorization: Bearer {served.token}\r\n"
                f"Last-Event-ID: {last}\r\n\r\n".encode()
            )
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
            status = int(head[0].split()[1])
            self.answers.append(status)
            if status == 204:
                self.ended = True
                return 0.0
            if status != 200:
                after = [one for one in head if one.startswith("retry-after:")]
                return float(after[0].partition(":")[2]) if after else 1.0
            await self._read(reader)
            return 0.0
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Events, chunk by chunk, until the last chunk."""
        waiting = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            waiting += await reader.readexactly(size)
            await reader.readexactly(2)
            self.open = True
            *whole, waiting = waiting.split(b"\n\n")
            for one in whole:
                self._got(one)
        await reader.readexactly(2)

    def _got(self, framed: bytes) -> None:
        fields = dict(line.partition(b": ")[::2] for line in framed.split(b"\n"))
        if b"data" not in fields:
            return
        event = json.loads(fields[b"data"])
        assert int(fields[b"id"]) == event["number"]
        self.numbers.append(event["number"])
        self.times.append((datetime.fromisoformat(event["at"]).timestamp(), time.time()))
        if event["type"] in ENDED_EVENTS:
            self.ended = True


@dataclass(kw_only=True)
class Figures:
    """What was measured."""

    plan: Plan
    answers: Counter[int] = field(default_factory=Counter)
    memory_before: int = 0
    memory_open: int = 0
    memory_peak: int = 0
    opened_seconds: float = 0.0
    #: When the work began, by the clock.
    opened_at: float = 0.0
    cpu_seconds: float = 0.0
    seconds: float = 0.0
    delivered: int = 0
    p50: float = 0.0
    p99: float = 0.0
    worst: float = 0.0
    #: How long other reads took meanwhile.
    others: float = 0.0
    complaints: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.complaints

    def __str__(self) -> str:
        plan = self.plan
        each = (self.memory_open - self.memory_before) / plan.watchers / 1024
        return (
            f"{plan.database}: {plan.watchers} streams on {plan.ingestions} ingestions,"
            f" {self.delivered} events in {self.seconds:.0f} s,"
            f" {len(self.complaints)} complaints\n"
            f"  opened in {self.opened_seconds:.1f} s, answers"
            f" {', '.join(f'{status} {count}' for status, count in sorted(self.answers.items()))}\n"
            f"  server: {self.memory_before / _MIB:.0f} MiB before, {self.memory_open / _MIB:.0f}"
            f" with all open ({each:.0f} KiB each), {self.memory_peak / _MIB:.0f} at most;"
            f" {self.cpu_seconds:.1f} s of CPU\n"
            f"  from event to arrival: p50 {self.p50:.2f} s, p99 {self.p99:.2f} s, worst"
            f" {self.worst:.2f} s; another read took {self.others:.2f} s at most (p99);"
            f" load {os.getloadavg()[0]:.1f}"
        )


def run(plan: Plan, place: Archive) -> Figures:
    """Do it."""
    _allow_files(4 * plan.watchers + 200)
    figures = Figures(plan=plan)
    gate = place.data_dir.parent / "gate"
    gate.touch()
    with place.house() as house:
        served = place.serve(OSA_SLOTS=str(plan.slots))
        standing = min(plan.slots, plan.ingestions)
        ids = [_start(house, number, plan, gate) for number in range(plan.ingestions)]
        until(lambda: _running(house) == standing, "they stand still", seconds=120)
        with served.client() as http:
            for _ in range(50):
                http.get("/api/v1/ingestions").raise_for_status()
        figures.memory_before = _resident(served.program.pid)
        watchers = [Watcher(ingestion_id=ids[n % len(ids)]) for n in range(plan.watchers)]
        asyncio.run(_watch(watchers, served, gate, figures))
        with house.database.read() as tx:
            rows = tx.execute(select(ingestion.c.id, ingestion.c.last_event))
            last = {row.id: row.last_event for row in rows}
    for watcher in watchers:
        figures.answers.update(watcher.answers)
        if watcher.numbers != list(range(1, last[watcher.ingestion_id] + 1)):
            figures.complaints.append(
                f"{watcher.ingestion_id}: of {last[watcher.ingestion_id]} events came"
                f" {watcher.numbers}"
            )
    if odd := set(figures.answers) - {200, 204, 503}:
        figures.complaints.append(f"answers: {odd}")
    # What was before the gate opened was there before anybody watched.
    late = sorted(
        came - at for watcher in watchers for at, came in watcher.times if at > figures.opened_at
    )
    figures.delivered = sum(len(watcher.numbers) for watcher in watchers)
    figures.p50, figures.p99 = late[len(late) // 2], late[len(late) * 99 // 100]
    figures.worst = late[-1]
    return figures


async def _watch(watchers: list[Watcher], served: Served, gate: Path, figures: Figures) -> None:
    pid = served.program.pid
    over = threading.Event()
    others: list[float] = []
    aside = threading.Thread(target=_read_aside, args=(served, over, others))
    before, began = _cpu(pid), time.monotonic()
    tasks = [asyncio.create_task(watcher.follow(served)) for watcher in watchers]
    try:
        async with asyncio.timeout(120):
            while not all(watcher.open for watcher in watchers):
                await asyncio.sleep(0.05)
                for task in tasks:
                    if task.done():
                        task.result()
        figures.opened_seconds = time.monotonic() - began
        figures.memory_open = figures.memory_peak = _resident(pid)
        aside.start()
        began, figures.opened_at = time.monotonic(), time.time()
        gate.unlink()  # noqa: ASYNC240 - one call
        async with asyncio.timeout(_LONGEST_SECONDS):
            waiting = asyncio.gather(*tasks)
            while not waiting.done():
                figures.memory_peak = max(figures.memory_peak, _resident(pid))
                await asyncio.wait([waiting], timeout=0.5)
            await waiting
    finally:
        over.set()
        if aside.ident is not None:
            await asyncio.to_thread(aside.join)
        for task in tasks:
            task.cancel()
    figures.seconds = time.monotonic() - began
    figures.cpu_seconds = _cpu(pid) - before
    figures.others = sorted(others)[len(others) * 99 // 100] if others else 0.0


def _read_aside(served: Served, over: threading.Event, took: list[float]) -> None:
    """Somebody else reads meanwhile: watchers must not be in their way."""
    with served.client() as http:
        while not over.wait(0.2):
            began = time.monotonic()
            http.get("/api/v1/ingestions").raise_for_status()
            took.append(time.monotonic() - began)


def _start(house: House, number: int, plan: Plan, gate: Path) -> str:
    request = StartRequest(
        convention_id="test-counter",
        batch_size=2,
        parameters={
            "count": plan.items,
            "prefix": f"{number}/",
            "seconds_per_item": 0.1,
            "gate": str(gate),
        },
    )
    started = house.service.ingestions.start(_WHO, request, idempotency_key=None)
    return started.ingestion.id


def _running(house: House) -> int:
    with house.database.read() as tx:
        query = select(func.count()).where(ingestion.c.status == Status.RUNNING)
        return tx.execute(query).scalar_one()


def _allow_files(count: int) -> None:
    """For us, and for the server that we start."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    parser.add_argument("--watchers", type=int, default=1000)
    parser.add_argument("--ingestions", type=int, default=50)
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--slots", type=int, default=4)
    plan = Plan(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory(prefix="osa-watchers-") as name:
        databases = Databases(Path(name) / "databases")
        try:
            with (
                databases.migrated(plan.database, Path(name) / "archive") as url,
                archive(Path(name), url) as place,
            ):
                figures = run(plan, place)
        finally:
            databases.close()
    for complaint in figures.complaints[:20]:
        print(complaint, file=sys.stderr)  # noqa: T201
    print(figures)  # noqa: T201
    return 0 if figures.sound else 1


if __name__ == "__main__":
    sys.exit(main())
