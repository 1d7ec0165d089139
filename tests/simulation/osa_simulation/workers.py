"""Worker processes of a simulated world, as `osa.server.engine.worker` and `.attempt` have them:
the same calls of the service, in the same order, without processes and pipes."""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from osa.conventions import Batch, Item
from osa.conventions.authoring import Progress as Report
from osa.conventions.stored import source_key
from osa.server.errors import Unavailable
from osa.server.model import Fault, Status
from osa.server.service.jobs import Job, Verdict
from osa.server.store.holds import Hold
from osa_simulation.queue import HandOver
from osa_simulation.scheduler import Actor

if TYPE_CHECKING:
    from osa_simulation.world import World

T = TypeVar("T")
_NOWHERE = Path("/nonexistent")
#: How often a write is tried while the database is away, before it is given up.
_TRIES = 6


class Process:
    """A process that sweeps: a server, or a worker. It may stand still, and it may die."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.alive = True
        #: Stopped as by SIGSTOP: none of its actors goes on.
        self.still = False
        # A sweeper remembers since when it has seen the database without a gap.
        self.sweeper = copy.copy(world.house.sweeper)
        self._sweeping = False
        self._keeping = False

    @property
    def able(self) -> bool:
        return self.alive and not self.still

    def sweep(self) -> Actor | None:
        """Look once at everything; each process does so by itself, one at a time."""
        if self._sweeping:
            return None

        def deed() -> None:
            try:
                self.sweeper.sweep()
            finally:
                self._sweeping = False

        self._sweeping = True
        return self.world.spawn(f"{self.name} sweep", "sweeper", deed, process=self)

    def keep_house(self) -> None:
        if self._keeping:
            return

        def deed() -> None:
            try:
                with contextlib.suppress(Unavailable):
                    self.sweeper.keep_house()
            finally:
                self._keeping = False

        self._keeping = True
        actor = self.world.spawn(f"{self.name} housekeeping", "engine", deed, process=self)
        self.world.witness.may_delete[actor] = self.world.kept_long_enough

    def die(self) -> None:
        """As by SIGKILL: whatever its actors were about to do is not done."""
        self.alive = False
        for actor in [one for one in self.world.scheduler.actors if one.process is self]:
            self.world.scheduler.kill(actor)


class Worker(Process):
    """`osa.server.engine.worker.Worker`."""

    def __init__(self, world: World, name: str, *, slots: int) -> None:
        super().__init__(world, name)
        self.slots = slots
        self.stopping = False
        self.running = world.house.running
        self.attempts: dict[Hold, Attempt] = {}
        self._busy = 0
        self._taking = 0
        self._beating = False

    @property
    def hungry(self) -> bool:
        return self.able and not self.stopping and self._busy < self.slots

    def give(self, one: HandOver | None, ingestion_id: str) -> None:
        """The queue hands over; without an entry, it does so for a second time."""
        self._busy += 1
        if one is not None:
            one.worker = self.name

        def deed() -> None:
            try:
                self._ingest(ingestion_id)
            finally:
                self._busy -= 1
            if one is not None:
                self.world.queue.finish(one)

        self.world.spawn(f"{self.name} slot", "worker", deed, process=self)

    def _ingest(self, ingestion_id: str) -> None:
        while True:
            try:
                if self.stopping:
                    self.running.pass_on(ingestion_id)
                    return
                attempt = self._take()
                if attempt is None:
                    if self.stopping:
                        self.running.pass_on(ingestion_id)
                    return
                try:
                    if self.stopping:
                        attempt.stop(cancel=False)
                    attempt.run()
                finally:
                    self.attempts.pop(attempt.job.hold, None)
            except Unavailable:
                return

    def _take(self) -> Attempt | None:
        if self.stopping:
            return None
        self._taking += 1
        try:
            job = self.running.take(None, self.name)
            if job is None:
                return None
            attempt = Attempt(self, job)
            self.attempts[job.hold] = attempt
            return attempt
        finally:
            self._taking -= 1

    def beat(self) -> None:
        if self._beating:
            return
        self._beating = True

        def deed() -> None:
            try:
                with contextlib.suppress(Unavailable):
                    self._beat()
            finally:
                self._beating = False

        self.world.spawn(f"{self.name} beat", "worker", deed, process=self)

    def _beat(self) -> None:
        ours, taking = dict(self.attempts), self._taking
        for row in self.running.beat(self.name, slots=self.slots):
            hold = Hold(ingestion_id=row.id, attempt=row.attempt)
            attempt = ours.pop(hold, None)
            if attempt is None:
                if not (hold in self.attempts or self._taking or taking):
                    self.running.release(hold)
                continue
            attempt.look(
                canceling=row.status == Status.CANCELING,
                deadline_passed=row.micros_left is not None and row.micros_left <= 0,
            )
        for attempt in ours.values():
            attempt.miss()

    def stop(self) -> None:
        """As by SIGTERM: what runs is handed over."""
        self.stopping = True
        for attempt in self.attempts.values():
            attempt.stop(cancel=False)

        def deed() -> None:
            while self._busy:
                self.world.scheduler.pause("wait for the slots")
            with contextlib.suppress(Unavailable):
                self.running.forget_worker(self.name)
            self.alive = False

        self.world.spawn(f"{self.name} stop", "worker", deed, process=self)


class Attempt:
    """`osa.server.engine.attempt.Attempt`, and the convention in its slot."""

    def __init__(self, worker: Worker, job: Job) -> None:
        self.job = job
        self._worker = worker
        self._world = worker.world
        self._running = worker.running
        self._killed_for: str | None = None
        self._stop_sent = False
        self._cancel_seen = False
        self._handing_over = False
        self._report: Report | None = None
        self._unshown: Report | None = None
        self._missed = 0

    def run(self) -> None:
        world, job = self._world, self.job
        plan = world.plan(job.ingestion.parameters)
        position = int(job.cursor.get("next", 0))
        world.note(f"attempt {job.hold.attempt} from {position} of {len(plan)}")
        while True:
            world.scheduler.pause("work")
            if self._killed_for is not None:
                return self._died()
            fault = world.mishap()
            if fault is not None:
                # A convention may also just stop, and nobody knows why.
                return self._ended(stopped=True) if fault.kind == "quit" else self._failed(fault)
            if self._stop_sent:
                return self._ended(stopped=True)
            if position >= len(plan):
                return self._ended(stopped=False)
            batch, position = self._read(plan, position)
            if (report := world.report(position, len(plan))) is not None:
                self._report = self._unshown = report
            report, self._unshown = self._report, None
            commit = functools.partial(
                self._running.commit,
                job,
                Batch(items=batch, cursor={"next": position}),
                report,
                workdir=_NOWHERE,
                said=world.lines(),
            )
            verdict = self._persist(commit)
            world.note(f"verdict {verdict.value if verdict else 'none'}")
            match verdict:
                case Verdict.LOST | None:
                    return None
                case Verdict.ENOUGH:
                    return self._ended(stopped=False)
                case Verdict.STOP:
                    self.stop(cancel=True)

    def _read(self, plan: Sequence[str], position: int) -> tuple[list[Item], int]:
        """The next batch: as many as fit, or what was ready in time."""
        wanted = getattr(self.job, "wanted", None)
        size = self._world.batch_size(self.job.ingestion.batch_size)
        batch: list[Item] = []
        while position < len(plan) and len(batch) < size:
            source_id = plan[position]
            position += 1
            if wanted is None or source_key(source_id) in wanted:
                batch.append(self._world.item(source_id))
        return batch, position

    def _say(self) -> None:
        """The last lines; none is worth an ingestion."""
        if said := self._world.lines():
            with contextlib.suppress(Unavailable):
                self._running.say(self.job.hold.ingestion_id, said)

    def _ended(self, *, stopped: bool) -> None:
        self._say()
        if not stopped:
            self._persist(lambda: self._running.complete(self.job))
        elif self._handing_over and not self._cancel_seen:
            self._persist(lambda: self._running.hand_over(self.job))
        else:
            self._persist(lambda: self._running.stop(self.job))

    def _failed(self, fault: Fault) -> None:
        self._persist(lambda: self._running.fail(self.job, fault))

    def _died(self) -> None:
        self._say()
        if self._killed_for == "deadline":
            self._persist(lambda: self._running.stop(self.job, overdue=True))

    def stop(self, *, cancel: bool) -> None:
        self._cancel_seen = self._cancel_seen or cancel
        self._handing_over = self._handing_over or not cancel
        self._stop_sent = True

    def kill(self, why: str) -> None:
        self._killed_for = self._killed_for or why

    def miss(self) -> None:
        self._missed += 1
        if self._missed > 1:
            self.kill("lost")

    def look(self, *, deadline_passed: bool, canceling: bool) -> None:
        if deadline_passed:
            self.kill("deadline")
        elif canceling:
            self.stop(cancel=True)
        report, self._unshown = self._unshown, None
        if report is not None:
            self._running.show(self.job, report)

    def _persist(self, write: Callable[[], T]) -> T | None:
        for _ in range(_TRIES):
            try:
                return write()
            except Unavailable:
                if self._killed_for:
                    break
        return None
