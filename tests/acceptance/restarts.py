"""Restart PostgreSQL under load, and count what was lost, doubled or stuck.

    python tests/acceptance/restarts.py [--restarts 4] [--series 40] [--batches 15] [--seed 1]

Three workers and `osa serve --workers 0`, none of which is ever restarted. Over HTTP ingestions are
started, canceled on the way, waited for and retried with the helpers, some are followed event by
event, and others read all the time. The database crashes (`immediate`) and is stopped (`fast`) in
turn, is away for a moment, and comes back. Meanwhile the API must say 503 with a problem, and
nothing else; afterwards it must work again by itself. Exit code 0 when each planned item was
published exactly once, each event was seen once and in order, and everything is over.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "plugins")]

import httpx
from osa_testing import postgres
from osa_testing.postgres import Cluster
from osa_testing.processes import Archive, Program, Served, archive
from osa_testing.series import Series, tally
from osa_testing.waiting import until
from sqlalchemy import func, select

from osa.cli.ingestion import (
    IngestionError,
    cancel_ingestion,
    iter_events,
    retry_ingestion,
    start_ingestion,
    wait_ingestion,
)
from osa.server.bootstrap import House
from osa.server.errors import Unavailable
from osa.server.model import RetryScope
from osa.server.store.tables import ingestion, record

T = TypeVar("T")
_ITEMS_PER_BATCH = 2
_AT_ONCE = 10
_MODES = ("immediate", "fast")
#: What a program logs when something broke that should not have.
_BROKE = ('"attempt_broke"', '"step_failed"', '"sweep_failed"', '"watch_poll_failed"')
_LONGEST_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much, and how rough."""

    restarts: int = 4
    series: int = 40
    batches: int = 15
    #: How long the database is away each time, in seconds, besides its own stop and start.
    away: float = 1.0
    workers: int = 3
    seed: int = 1


@dataclass(kw_only=True)
class Figures:
    """What was counted."""

    plan: Plan
    answers: Counter[str] = field(default_factory=Counter)
    members: Counter[str] = field(default_factory=Counter)
    #: From the moment when the database answers again to the first read that does, in seconds.
    recovered: list[float] = field(default_factory=list)
    slowest: float = 0.0
    followed: int = 0
    events: int = 0
    attempts: int = 0
    seconds: float = 0.0
    complaints: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.complaints

    def __str__(self) -> str:
        plan = self.plan
        again = ", ".join(f"{one:.1f}" for one in self.recovered)
        return (
            f"{plan.restarts} restarts of PostgreSQL, {plan.series} series of"
            f" {plan.batches * _ITEMS_PER_BATCH} items with {plan.workers} workers in"
            f" {self.seconds:.0f} s: {len(self.complaints)} complaints\n"
            f"  reads answered {_told(self.answers)}; slowest {self.slowest:.1f} s; the first good"
            f" one {again} s after the database was back\n"
            f"  ingestions {_told(self.members)}, in {self.attempts} attempts\n"
            f"  {self.followed} were followed through: {self.events} events, once and in order"
        )


def run(plan: Plan, folder: Path) -> Figures:
    """Do it, in `folder`. Raises NoPostgres."""
    figures = Figures(plan=plan)
    with contextlib.ExitStack() as held:
        cluster = held.enter_context(postgres.cluster())
        url = held.enter_context(postgres.database(cluster.url))
        # Attempts that an outage ends say nothing about the work.
        environ = {"OSA_MAX_FRUITLESS_ATTEMPTS": "20"}
        place = held.enter_context(archive(folder, url, **environ))
        place.migrate()
        house = held.enter_context(place.house())
        load = Load(plan, place, house, figures)
        began = time.monotonic()
        load.carry(cluster)
        figures.seconds = time.monotonic() - began
        _judge(house, load, figures)
    return figures


class Load:
    """Callers, readers and followers, and what they find."""

    def __init__(self, plan: Plan, place: Archive, house: House, figures: Figures) -> None:
        self._plan = plan
        self._place = place
        self._house = house
        self._figures = figures
        self.programs: list[Program] = [place.worker() for _ in range(plan.workers)]
        self._served: Served = place.serve(workers=0)
        self.programs.append(self._served.program)
        self._access: dict[str, Any] = {"server": self._served.url, "token": self._served.token}
        self._over = threading.Event()
        self._last_good = 0.0
        self._lock = threading.Lock()
        self.series: list[Series] = []

    def carry(self, cluster: Cluster) -> None:
        """All of it, and the restarts in between."""
        plan = self._plan
        readers = [threading.Thread(target=self._read, args=(number,)) for number in range(2)]
        with ThreadPoolExecutor(_AT_ONCE) as callers, ThreadPoolExecutor(plan.series) as followers:
            told = [callers.submit(self._call, number, followers) for number in range(plan.series)]
            for reader in readers:
                reader.start()
            try:
                for number in range(plan.restarts):
                    # Spread over the work there is.
                    goal = plan.series * plan.batches * (number + 1) // (plan.restarts + 1)
                    self._wait_for(goal, told)
                    self._restart(cluster, _MODES[number % len(_MODES)])
                follows = [one for future in told for one in future.result(_LONGEST_SECONDS)]
                for follow in follows:
                    self._figures.events += follow.result(_LONGEST_SECONDS)
                self._figures.followed = len(follows)
            finally:
                self._over.set()
                for reader in readers:
                    reader.join()

    def _wait_for(self, batches: int, told: list[Future[Any]]) -> None:
        def enough() -> bool:
            with contextlib.suppress(Unavailable):
                if any(one.done() and one.exception() for one in told):
                    return True
                with self._house.database.read() as tx:
                    made = tx.execute(select(func.count()).select_from(record)).scalar_one()
                return made >= batches * _ITEMS_PER_BATCH or all(one.done() for one in told)
            return False

        until(enough, "so much is published", seconds=_LONGEST_SECONDS)

    def _restart(self, cluster: Cluster, mode: str) -> None:
        cluster.stop(mode)
        # The one deliberate wait: so long it is away.
        threading.Event().wait(self._plan.away)
        cluster.start()
        back = time.monotonic()
        until(lambda: self._last_good > back, "a read succeeds again", seconds=60)
        self._figures.recovered.append(self._last_good - back)

    def _read(self, number: int) -> None:
        """Read without any patience, and note what is answered."""
        paths = itertools.cycle(["ingestions", "records?per_page=10", "ingestions?status=active"])
        with self._served.client() as http:
            while not self._over.wait(0.02):
                began = time.monotonic()
                try:
                    answer = http.get(f"/api/v1/{next(paths)}")
                except httpx.HTTPError as exc:
                    self._complain(f"a read was not answered: {exc!r}")
                    continue
                took = time.monotonic() - began
                code = "" if answer.status_code == 200 else f" {answer.json().get('code')}"
                with self._lock:
                    self._figures.answers[f"{answer.status_code}{code}"] += 1
                    self._figures.slowest = max(self._figures.slowest, took)
                if answer.status_code == 200:
                    self._last_good = time.monotonic()
                elif (answer.status_code, code) != (503, " SERVICE_UNAVAILABLE"):
                    self._complain(f"a read was answered {answer.status_code}: {answer.text}")
                elif not answer.headers.get("Retry-After"):
                    self._complain("a 503 has no Retry-After")

    def _complain(self, what: str) -> None:
        with self._lock:
            self._figures.complaints.append(what)

    def _call(self, number: int, followers: ThreadPoolExecutor) -> list[Future[int]]:
        """One series, until all of it is published; what follows its first ingestion."""
        chance = random.Random(f"{self._plan.seed}/{number}")
        count = self._plan.batches * _ITEMS_PER_BATCH
        series = Series(planned=frozenset(f"{number}/{n}" for n in range(count)))
        mended = self._place.data_dir.parent / f"mended-{number}"
        with self._lock:
            self.series.append(series)
        started = start_ingestion(
            convention_id="test-counter",
            batch_size=_ITEMS_PER_BATCH,
            parameters={
                "count": count,
                "prefix": f"{number}/",
                "seconds_per_item": chance.choice([0.02, 0.05, 0.1]),
                "with_files": number % 3 == 0,
                "failed_every": 7 if number % 4 == 1 else 0,
                "mended": str(mended),
            },
            retries=20,
            **self._access,
        )
        series.begin(started["id"])
        follows = []
        if number % 2:
            follows.append(followers.submit(self._follow, started["id"]))
        for turn in range(20):
            id = series.last.id
            if turn < 3 and chance.random() < 0.5:
                self._cancel(id, chance)
            ended = wait_ingestion(ingestion_id=id, timeout=_LONGEST_SECONDS, **self._access)
            if not ended["done"]:
                self._complain(f"{id}: wait_ingestion came back with {ended['status']}")
            self._through(lambda: series.settle(self._house.database))
            scope = series.next_scope()
            if scope is None:
                return follows
            mended.touch()
            series.go_on(self._retry(id, scope, chance), scope)
        raise AssertionError(f"{series.last.id}: not complete after 20 retries")

    def _cancel(self, id: str, chance: random.Random) -> None:
        # The moment of the cancel is what varies.
        threading.Event().wait(chance.uniform(0, 2))
        try:
            cancel_ingestion(
                ingestion_id=id,
                grace_seconds=chance.choice([0, 60]),
                force=chance.random() < 0.3,
                retries=20,
                **self._access,
            )
        except IngestionError as exc:
            if exc.code != "INGESTION_ALREADY_ENDED":
                raise

    def _retry(self, id: str, scope: RetryScope, chance: random.Random) -> str:
        def ask() -> str:
            try:
                made = retry_ingestion(
                    ingestion_id=id, scope=str(scope), retries=20, **self._access
                )
            except IngestionError as exc:
                if exc.code != "INGESTION_ALREADY_RETRIED":
                    raise
                return str(exc.context["ingestion_id"])
            return str(made["id"])

        with ThreadPoolExecutor(2) as both:
            asked = [both.submit(ask) for _ in range(chance.choice([1, 1, 2]))]
            ids = {one.result() for one in asked}
        if len(ids) != 1:
            self._complain(f"{id}: has several retries, {ids}")
        return ids.pop()

    def _follow(self, id: str) -> int:
        """How many events there were."""
        numbers = [
            event["number"] for event in iter_events(ingestion_id=id, follow=True, **self._access)
        ]
        if numbers != list(range(1, len(numbers) + 1)):
            self._complain(f"{id}: an event was lost, doubled, or out of order: {numbers}")

        def last() -> int:
            with self._house.database.read() as tx:
                return tx.execute(
                    select(ingestion.c.last_event).where(ingestion.c.id == id)
                ).scalar_one()

        if (total := self._through(last)) != len(numbers):
            self._complain(f"{id}: {len(numbers)} of {total} events came")
        return len(numbers)

    def _through(self, look: Callable[[], T]) -> T:
        """What is read, once the database answers."""

        def patient() -> T | None:
            with contextlib.suppress(Unavailable):
                return look()
            return None

        return until(patient, "the database answers")  # type: ignore[return-value]


def _judge(house: House, load: Load, figures: Figures) -> None:
    """Compare what is there with what should be."""
    for program in load.programs:
        if not program.alive:
            figures.complaints.append(f"a program ended: {program.said()[-500:]}")
        broke = [line for line in program.said().splitlines() if any(b in line for b in _BROKE)]
        figures.complaints += [f"{program.log.name}: {line[:600]}" for line in broke[:3]]
    for series in load.series:
        figures.complaints += series.judge(house.database)
    figures.members = tally(load.series)
    with house.database.read() as tx:
        records = tx.execute(select(record.c.source_id, record.c.version)).all()
        made = set(tx.execute(select(ingestion.c.id)).scalars())
        figures.attempts = tx.execute(select(func.sum(ingestion.c.attempt))).scalar_one()
    planned = sorted(id for series in load.series for id in series.planned)
    if sorted(row.source_id for row in records) != planned:
        figures.complaints.append(f"records: {len(records)}, planned were {len(planned)}")
    if changed := [row.source_id for row in records if row.version != 1]:
        figures.complaints.append(f"records: {len(changed)} were changed, such as {changed[0]}")
    known = {member.id for series in load.series for member in series.members}
    if made != known:
        figures.complaints.append(f"ingestions: {len(made)} are there, {len(known)} were asked for")
    if not figures.answers["503 SERVICE_UNAVAILABLE"]:
        figures.complaints.append("no read met an outage: nothing was tried")
    house.sweeper.keep_house()
    if left := [path.name for path in house.settings.work_dir.iterdir() if path.is_dir()]:
        figures.complaints.append(f"temporary folders: {len(left)}")


def _told(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counted.items()) if count)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--restarts", type=int, default=4)
    parser.add_argument("--series", type=int, default=40)
    parser.add_argument("--batches", type=int, default=15)
    parser.add_argument("--away", type=float, default=1.0, help="seconds")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    plan = Plan(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory(prefix="osa-restarts-") as folder:
        figures = run(plan, Path(folder))
    for complaint in figures.complaints[:50]:
        print(complaint, file=sys.stderr)  # noqa: T201
    print(figures, f"\n  load {os.getloadavg()[0]:.1f}")  # noqa: T201
    return 0 if figures.sound else 1


if __name__ == "__main__":
    sys.exit(main())
