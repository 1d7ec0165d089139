"""Kill servers and workers at random moments, and count what was lost, doubled or stuck.

    python tests/acceptance/kills.py --database sqlite --kills 100 --ingestions 300 --batches 20
    python tests/acceptance/kills.py --database postgresql --kills 100 --ingestions 300 --batches 20
    python tests/acceptance/kills.py --database sqlite --kills 100 --ingestions 100 --retries
    python tests/acceptance/kills.py --database postgresql --kills 20 --without-fence   # must fail

SQLite: `osa serve` with two workers; the server, one worker, or everything at once is killed
(SIGKILL). PostgreSQL: three `osa worker`; one of them. Some workers are not killed but stopped
(SIGSTOP) until they are given up on, and woken (SIGCONT): they then hold a batch that is no longer
theirs. What was killed is started again at once. At the end the database is read, and compared with
what one quiet run would have left. Exit code 0 when it is the same.

With `--retries` impatient callers are at it meanwhile: ingestions are canceled on the way, have
deadlines, or items that are bad at the first try; whatever ended before everything was published is
retried, by two at once now and then, and what is behind them is deleted. There are limits and
concurrency keys too. At the end each planned item was created once, and no place or key is taken.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.path.insert(0, str(Path(__file__).parents[1] / "plugins"))

from osa_testing.callers import Callers, Fate
from osa_testing.databases import KINDS, Databases
from osa_testing.processes import Archive, Program, archive
from osa_testing.series import Series, tally
from osa_testing.soundness import complaints
from osa_testing.waiting import until
from sqlalchemy import func, select

from osa.server.bootstrap import House
from osa.server.errors import OsaError, Unavailable
from osa.server.model import OnConflict, Outcome, Principal, Scope, StartRequest, Status
from osa.server.store.deletions import NOBODY
from osa.server.store.tables import attempt, ingestion, record, record_file

_UNFENCED = Path(__file__).with_name("unfenced.py")
_ITEMS_PER_BATCH = 2
#: So many more than the slots can take are started at once.
_BACKLOG = 8
#: With retries some share these concurrency keys.
_KEYS = ("red", "green", "blue")
_SOMEBODY = Principal(
    token_id="kills", token_name="kills", tenant="default", scopes=frozenset(Scope)
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much, and how rough."""

    database: str
    kills: int
    ingestions: int
    batches: int = 20
    staleness: float = 2.0
    #: How many of the kills are a stop and a late awakening instead.
    pauses: float = 0.15
    without_fence: bool = False
    #: Whether callers cancel, retry and delete meanwhile.
    retries: bool = False
    seed: int = 1
    #: After the last kill: when nothing at all has happened for so many seconds, what is not done
    #: is stuck. On a busy machine a server and two workers take more than a minute to start.
    patience: float = 180.0

    @property
    def slots(self) -> int:
        return 4 if self.database == "sqlite" else 6


@dataclass(kw_only=True)
class Figures:
    """What was counted."""

    plan: Plan
    lost: int = 0
    duplicated: int = 0
    stuck: int = 0
    wrong: int = 0
    attempts: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    seconds_of_kills: float = 0.0
    #: What the callers did, and how their ingestions ended.
    called: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.complaints

    def __str__(self) -> str:
        plan = self.plan
        how = ", ".join(f"{count} {what}" for what, count in sorted(self.killed.items()))
        return (
            f"{plan.database}{' without the fence' if plan.without_fence else ''}:"
            f" {self.killed.total()} kills ({how}) in {self.seconds_of_kills:.0f} s,"
            f" {plan.ingestions} ingestions of {plan.batches} batches in {self.attempts} attempts:"
            f" {self.lost} lost, {self.duplicated} duplicated, {self.stuck} stuck,"
            f" {self.wrong} otherwise wrong; {self.seconds:.0f} s, seed {plan.seed}"
            + "".join(f"\n  {count:6} {what}" for what, count in sorted(self.called.items()))
        )


def run(plan: Plan, databases: Databases, folder: Path) -> Figures:
    """Do it, in `folder`."""
    began = time.monotonic()
    figures = Figures(plan=plan)
    environ = {
        "OSA_STALE_AFTER_SECONDS": str(plan.staleness),
        # Kills come faster than work is done: an attempt that committed nothing says nothing here.
        "OSA_MAX_FRUITLESS_ATTEMPTS": "100",
        "OSA_LOG_LEVEL": "error",
    }
    if plan.retries:
        # One less than there are slots: places are taken and left all the time.
        environ["OSA_MAX_RUNNING_PER_TENANT"] = str(plan.slots - 1)
    with contextlib.ExitStack() as held:
        url = held.enter_context(databases.migrated(plan.database, folder / "archive"))
        where = held.enter_context(archive(folder, url, **environ))
        house = held.enter_context(where.house())
        storm = Storm(plan, where, house, figures)
        held.callback(storm.close)
        storm.blow()
        storm.settle()
        if plan.retries:
            _judge_series(house, where, storm, figures)
        else:
            _judge(house, where, storm.started, figures)
    figures.seconds = time.monotonic() - began
    return figures


class Storm:
    """Starts ingestions and ends processes."""

    def __init__(self, plan: Plan, where: Archive, house: House, figures: Figures) -> None:
        self._plan = plan
        self._archive = where
        self._house = house
        self._figures = figures
        self._random = random.Random(plan.seed)
        self._programs: list[Program] = []
        self._asleep: list[tuple[float, int]] = []
        #: Parameters by ingestion.
        self.started: dict[str, dict[str, Any]] = {}
        self.series: dict[str, Series] = {}
        #: Records that were made to see that nothing is leaked.
        self.after = 0
        self.callers: Callers | None = None
        if plan.retries:
            self.callers = Callers(house=house, principal=_SOMEBODY, seed=plan.seed)

    def close(self) -> None:
        if self.callers is not None:
            self.callers.close()

    def blow(self) -> None:
        plan = self._plan
        for _ in range(1 if plan.database == "sqlite" else 3):
            self._programs.append(self._spawn())
        began = time.monotonic()
        for number in range(plan.kills):
            # Spread over the whole time: each kill meets ingestions at every stage.
            due = _BACKLOG + plan.ingestions * (number + 1) // plan.kills
            self._start_up_to(min(due, plan.ingestions))
            self._wait_for_work()
            self._strike()
        self._start_up_to(plan.ingestions)
        self._figures.seconds_of_kills = time.monotonic() - began

    def settle(self) -> None:
        """Let everything end, and stop the processes."""
        until(lambda: self._wake() or not self._asleep, "those that sleep are woken")
        before = -1
        with contextlib.suppress(AssertionError):
            while self._busy() and before != (now := self._events()):
                before = now
                until(
                    lambda seen=now: not self._busy() or self._events() > seen,  # type: ignore[misc]
                    "something happens",
                    seconds=self._plan.patience,
                    every=0.5,
                )
        if self._plan.retries and not self._busy():
            self._figures.complaints += self._leaked()
        for program in self._programs:
            program.send(signal.SIGTERM)
        for program in self._programs:
            program.stop()

    def _busy(self) -> bool:
        """Whether something is still to come."""
        return bool(self._active()) or (self.callers is not None and not self.callers.idle)

    def _leaked(self) -> list[str]:
        """Every key and every place is free again: as many as may run at once do, with all keys."""
        gate = self._archive.data_dir.parent / "gate"
        gate.touch()
        ids = []
        try:
            for number in range(self._plan.slots - 1):
                request = StartRequest(
                    convention_id="test-counter",
                    parameters={"count": 1, "prefix": f"after/{number}/", "gate": str(gate)},
                    concurrency_key=_KEYS[number] if number < len(_KEYS) else None,
                )
                ingestions = self._house.service.ingestions
                started = ingestions.start(_SOMEBODY, request, idempotency_key=None)
                ids.append(started.ingestion.id)
            until(lambda: self._count(ids, Status.RUNNING) == len(ids), "all have a place")
            gate.unlink()
            until(lambda: self._count(ids, Status.SUCCEEDED) == len(ids), "all have ended")
        except (AssertionError, OsaError) as exc:
            return [f"leaked: {exc}"]
        self.after = len(ids)
        return []

    def _count(self, ids: list[str], status: Status) -> int:
        with self._house.database.read() as tx:
            wanted = (ingestion.c.id.in_(ids), ingestion.c.status == status)
            return tx.execute(
                select(func.count()).select_from(ingestion).where(*wanted)
            ).scalar_one()

    def _spawn(self) -> Program:
        entry = [str(_UNFENCED)] if self._plan.without_fence else ["-m", "osa.server.commands"]
        if self._plan.database == "sqlite":
            return self._archive.run("serve", *entry, "serve", "--port", "0", "--workers", "2")
        return self._archive.run("worker", *entry, "worker")

    def _strike(self) -> None:
        asleep = {pid for _, pid in self._asleep}
        workers = sorted(pid for pid in self._archive.workers() if pid not in asleep)
        busy = [pid for pid in workers if pid in self._holders()]
        if busy and self._random.random() < self._plan.pauses:
            pid = self._random.choice(busy)
            self._signal(pid, signal.SIGSTOP)
            # Long enough, mostly, to be given up on and for another to have gone on.
            asleep_for = self._plan.staleness + self._random.uniform(1.0, 5.0)
            self._asleep.append((time.monotonic() + asleep_for, pid))
            self._figures.killed["stopped and woken"] += 1
            return
        what = "a worker"
        if self._plan.database == "sqlite":
            what = self._random.choice(["a worker", "the server", "everything"])
        self._figures.killed[what] += 1
        if what == "a worker" and self._plan.database == "sqlite":
            if workers:
                self._signal(self._random.choice(busy or workers), signal.SIGKILL)
            return
        worth = [n for n, program in enumerate(self._programs) if program.pid in busy]
        index = self._random.choice(worth or range(len(self._programs)))
        self._programs[index].kill()
        if what == "everything":
            for pid in self._archive.processes():
                self._signal(pid, signal.SIGKILL)
        self._programs[index] = self._spawn()

    def _holders(self) -> set[int]:
        """The processes that hold an ingestion: a worker's name is host-process-random."""
        with self._house.database.read() as tx:
            names = tx.execute(
                select(ingestion.c.worker_id).where(ingestion.c.worker_id.is_not(None)).distinct()
            ).scalars()
            return {int(name.split("-")[-2]) for name in names}

    def _wait_for_work(self) -> None:
        """Mostly until something was committed since the last kill, and a random while more."""
        before = self._events()

        def moved() -> bool:
            self._wake()
            return self._events() > before + 3 or self._active() == 0

        if self._random.random() < 0.85:
            with contextlib.suppress(AssertionError):
                until(moved, "a commit", seconds=10)
        over = time.monotonic() + self._random.uniform(0.0, 0.8)
        until(lambda: self._wake() or time.monotonic() > over, "the moment")

    def _wake(self) -> None:
        now = time.monotonic()
        for moment, pid in self._asleep:
            if moment <= now:
                self._signal(pid, signal.SIGCONT)
        self._asleep = [(moment, pid) for moment, pid in self._asleep if moment > now]

    def _signal(self, pid: int, number: int) -> None:
        if pid in self._archive.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _start_up_to(self, count: int) -> None:
        for number in range(len(self.started), count):
            parameters = self._parameters(number)
            options, fate = self._whims(number, parameters) if self.callers else ({}, Fate())
            request = StartRequest(
                convention_id="test-counter",
                batch_size=_ITEMS_PER_BATCH,
                parameters=parameters,
                **options,
            )

            def start(request: StartRequest = request, key: str = f"start-{number}") -> str | None:
                # A client's way to be sure: the same key until there is an answer.
                self._wake()
                with contextlib.suppress(Unavailable):
                    ingestions = self._house.service.ingestions
                    started = ingestions.start(_SOMEBODY, request, idempotency_key=key)
                    return started.ingestion.id
                return None

            id = until(start, "the start is accepted", seconds=120)
            self.started[id] = parameters
            if self.callers is not None:
                self._adopt(self.callers, id, parameters, request, fate)

    def _whims(self, number: int, parameters: dict[str, Any]) -> tuple[dict[str, Any], Fate]:
        """Further fields of the start, and what a caller will do; bad items are good later on."""
        assert self.callers is not None
        mended = self._archive.data_dir.parent / f"mended-{number}"
        parameters |= {
            "failed_every": 5 if number % 3 == 1 else 0,
            "mended": str(mended),
        }
        fate = self.callers.fate(parameters["count"])
        options: dict[str, Any] = {
            "priority": self._random.choice([0, 0, 10]),
            "max_failed_items": None if number % 7 == 4 else 0,
            "stop_early": number % 11 == 10,
            "deadline_seconds": fate.deadline_seconds,
        }
        if number % 4 == 2:
            options["concurrency_key"] = self._random.choice(_KEYS)
            options["on_conflict"] = OnConflict.QUEUE
        return options, fate

    def _adopt(
        self,
        callers: Callers,
        id: str,
        parameters: dict[str, Any],
        request: StartRequest,
        fate: Fate,
    ) -> None:
        planned = [f"{parameters['prefix']}{n}" for n in range(parameters["count"])]
        every = parameters["skipped_every"]
        series = Series(
            planned=frozenset(planned),
            skipped=frozenset(planned[every - 1 :: every] if every else ()),
            stops_early=request.stop_early,
        )
        series.begin(id)
        self.series[id] = series
        callers.adopt(series, fate, mended=Path(parameters["mended"]))

    def _parameters(self, number: int) -> dict[str, Any]:
        return {
            "count": self._plan.batches * _ITEMS_PER_BATCH,
            "prefix": f"{number}/",
            "seconds_per_item": self._random.choice([0.0, 0.02, 0.05, 0.1]),
            "with_files": number % 3 == 0,
            "rejected_every": 7 if number % 5 == 0 else 0,
            "skipped_every": 4 if number % 4 == 0 else 0,
        }

    def _events(self) -> int:
        """How many there have been, of what is deleted too."""
        gone = 0 if self.callers is None else self.callers.events_deleted
        with self._house.database.read() as tx:
            return gone + int(
                tx.execute(
                    select(func.coalesce(func.sum(ingestion.c.last_event), 0)).where(
                        ingestion.c.tenant != NOBODY
                    )
                ).scalar_one()
            )

    def _active(self) -> int:
        self._wake()
        done = [status for status in Status if status.done]
        with self._house.database.read() as tx:
            return tx.execute(
                select(func.count()).select_from(ingestion).where(ingestion.c.status.not_in(done))
            ).scalar_one()


def _expected(parameters: dict[str, Any]) -> Counter[str]:
    """What one quiet run counts."""
    counts: Counter[str] = Counter()
    for number in range(parameters["count"]):
        for every, outcome in (
            (parameters["rejected_every"], Outcome.REJECTED),
            (parameters["skipped_every"], Outcome.SKIPPED),
        ):
            if every and number % every == every - 1:
                counts[outcome] += 1
                break
        else:
            counts[Outcome.CREATED] += 1
    return counts


def _judge(
    house: House, where: Archive, started: dict[str, dict[str, Any]], figures: Figures
) -> None:
    """Compare what is there with what should be."""
    records = files = 0
    for ingestion_id, parameters in started.items():
        source_ids = [f"{parameters['prefix']}{n}" for n in range(parameters["count"])]
        found = complaints(house.database, ingestion_id, source_ids)
        expected = _expected(parameters)
        records += expected[Outcome.CREATED]
        files += expected[Outcome.CREATED] if parameters["with_files"] else 0
        now = house.service.reading.get(_SOMEBODY, ingestion_id)
        counted = {str(outcome): getattr(now.counts, outcome) for outcome in Outcome}
        if counted != {str(outcome): expected[outcome] for outcome in Outcome}:
            found.append(f"counts: {counted}")
        status = Status.FAILED if expected[Outcome.REJECTED] else Status.SUCCEEDED
        if now.done and now.status is not status:
            found.append(f"status: {now.status} ({now.status_reason})")
        figures.lost += any(one.startswith("lost") for one in found)
        figures.duplicated += any(one.startswith("duplicated") for one in found)
        figures.stuck += any(one.startswith("stuck") for one in found)
        figures.wrong += bool(found) and not any(
            one.startswith(("lost", "duplicated", "stuck")) for one in found
        )
        figures.complaints += [f"{ingestion_id}: {one}" for one in found]
    figures.complaints += list(_of_the_archive(house, where, records, files))
    with house.database.read() as tx:
        figures.attempts = tx.execute(select(func.count()).select_from(attempt)).scalar_one()


def _judge_series(house: House, where: Archive, storm: Storm, figures: Figures) -> None:
    """The same for ingestions and the retries of them."""
    assert storm.callers is not None
    storm.close()
    figures.complaints += storm.callers.complaints
    records, files = storm.after, 0
    for id, series in storm.series.items():
        found = series.judge(house.database)
        figures.lost += any(" lost: " in f" {one}" for one in found)
        figures.duplicated += any(" duplicated: " in f" {one}" for one in found)
        figures.stuck += any("stuck: " in one for one in found)
        figures.wrong += bool(found) and not any(
            what in one for one in found for what in ("lost: ", "duplicated: ", "stuck: ")
        )
        figures.complaints += [f"series {id}: {one}" for one in found]
        published = len(series.planned - series.skipped)
        records += published
        files += published if storm.started[id]["with_files"] else 0
    figures.called = tally(storm.series.values()) + storm.callers.done
    figures.complaints += list(_of_the_archive(house, where, records, files))
    with house.database.read() as tx:
        figures.attempts = tx.execute(select(func.sum(ingestion.c.attempt))).scalar_one()
        left = tx.execute(
            select(func.count()).select_from(ingestion).where(ingestion.c.tenant == NOBODY)
        ).scalar_one()
    if left:
        figures.complaints.append(f"deleted: {left} are still on the disk")


def _of_the_archive(house: House, where: Archive, records: int, files: int) -> Iterator[str]:
    """What must be true of the whole."""
    with house.database.read() as tx:
        versions = tx.execute(select(record.c.version)).scalars().all()
        checksums = tx.execute(select(record_file.c.sha256)).scalars().all()
    if list(versions) != [1] * records:
        yield f"records: {len(versions)} of {records}, {sum(versions) - len(versions)} changes"
    if len(checksums) != files:
        yield f"files of records: {len(checksums)} of {files}"
    objects = house.settings.objects_dir
    missing = [s for s in checksums if not (objects / s[:2] / s[2:4] / s).is_file()]
    if missing:
        yield f"content: {len(missing)} files are not there"
    house.sweeper.keep_house()
    if left := [path for path in house.settings.work_dir.iterdir() if path.is_dir()]:
        yield f"temporary folders: {len(left)}"
    with contextlib.suppress(AssertionError):
        until(lambda: not where.processes(), "no process is left", seconds=15)
    if left_over := where.processes():
        yield f"processes: {len(left_over)} of {len(where.slots())} slots and others"


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill at random moments, and count what is lost.")
    parser.add_argument("--database", choices=KINDS, required=True)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--ingestions", type=int, default=300)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--staleness", type=float, default=2.0, help="seconds")
    parser.add_argument(
        "--pauses", type=float, default=0.15, help="share of stops instead of kills"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--retries", action="store_true", help="cancel, retry and delete meanwhile")
    parser.add_argument("--without-fence", action="store_true", help="for control: it must fail")
    plan = Plan(**vars(parser.parse_args()))
    if plan.without_fence and plan.database == "sqlite":
        parser.error("the control runs on PostgreSQL: a server starts its workers with the fence")
    with tempfile.TemporaryDirectory(prefix="osa-kills-") as folder:
        databases = Databases(Path(folder) / "databases")
        try:
            figures = run(plan, databases, Path(folder))
        finally:
            databases.close()
    for complaint in figures.complaints[:50]:
        print(complaint, file=sys.stderr)  # noqa: T201
    print(figures)  # noqa: T201
    return 0 if figures.sound else 1


if __name__ == "__main__":
    sys.exit(main())
