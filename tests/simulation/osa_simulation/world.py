"""One seed: what happens, in which order, until nothing is left to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osa.conventions import Item
from osa.conventions.authoring import Progress as Report
from osa.server.model import Fault, Status
from osa.server.store.logs import NewLine
from osa_simulation.callers import Callers
from osa_simulation.scheduler import Actor
from osa_simulation.stage import SETTINGS, STALE_SECONDS
from osa_simulation.witness import Seen, Violation, Witness
from osa_simulation.workers import Process, Worker

if TYPE_CHECKING:
    from osa_simulation.queue import HandOver
    from osa_simulation.stage import Stage

#: A sweep comes each second, and a promise of a deadline allows for one more.
_GRACE = 2000
_AT_ONCE = 5
_ROUNDS = 80
#: Nothing takes so many turns, unless it goes round in circles.
_TURNS = 20_000
_FAULTS: Sequence[Fault] = (
    Fault(kind="source_unreachable", detail="No answer.", origin="source", retryable=True),
    Fault(kind="source_invalid", detail="No archive.", origin="source"),
    Fault(kind="crashed", detail="Died.", origin="convention", retryable=True),
    Fault(kind="storage_full", detail="Full.", origin="storage", retryable=True),
    Fault(kind="bad_parameters", detail="No.", origin="user"),
    Fault(kind="quit", detail="", origin="convention"),
    Fault(kind="internal_error", detail="A defect.", origin="platform"),
)


@dataclass(frozen=True)
class Habits:
    """How often what happens in one world: each has its own weather, so that what is rare in all
    of them together is frequent in some."""

    steps: int
    workers: int
    slots: int
    sizes: Sequence[int]
    keys: float
    contested: float
    deadlines: float
    second_tenant: float
    bad_items: float
    mishaps: float
    away: float
    answer_lost: float
    lines: float
    #: How likely it is that somebody goes on before something new begins.
    haste: float
    deeds: Mapping[str, float]


class World:
    """Begins empty, and ends when everything has."""

    def __init__(self, stage: Stage, seed: int, *, trace: bool = False) -> None:
        stage.renew(seed)
        self.stage = stage
        self.seed = seed
        self.chance = stage.chance
        self.scheduler = stage.scheduler
        self.clock = stage.boundary.clock
        self.queue = stage.queue
        self.house = stage.houses[self.chance.choice(tuple(SETTINGS))]
        self.trace: list[str] | None = [] if trace else None
        self.refusals: Counter[str] = Counter()
        self.steps = 0
        self._turns = 0
        self._calm = False
        self._named = 0
        stage.note = self.note
        stage.committed = self._committed
        self.habits = self._draw()
        self.witness = Witness(self)
        self.callers = Callers(self)
        self.server = Process(self, "server")
        self.workers: list[Worker] = []
        #: Sweeps that must come, and what must have ended when they are through.
        self._urgent: dict[Actor, list[Seen]] = {}
        self._missed: set[str] = set()
        for _ in range(self.habits.workers):
            self._new_worker()
        stage.weather.away = self.habits.away
        stage.weather.answer_lost = self.habits.answer_lost

    def _draw(self) -> Habits:
        chance = self.chance

        def sometimes(share: float, most: float) -> float:
            return chance.random() * most if chance.random() < share else 0.0

        deeds = {
            "start": 2.5,
            "hand_over": 7.0,
            "advance": 3.0,
            "beat": 2.0,
            "sweep": 1.5,
            "read": 0.5,
            "keep_house": sometimes(0.3, 0.5),
            "cancel": sometimes(0.7, 3.0),
            "retry": sometimes(0.6, 4.0),
            "delete": sometimes(0.4, 2.0),
            "show": sometimes(0.4, 2.0),
            "crash": sometimes(0.5, 1.5),
            "freeze": sometimes(0.4, 1.5),
            "give_up": sometimes(0.4, 1.5),
            "terminate": sometimes(0.3, 1.0),
            "lose": sometimes(0.4, 2.0),
            "repeat": sometimes(0.4, 1.0),
            "jump": sometimes(0.2, 0.5),
            "upgrade": sometimes(0.1, 0.5),
        }
        if deeds["show"]:
            deeds["clean_up"] = deeds["show"]
        if deeds["freeze"] or deeds["give_up"]:
            deeds["thaw"] = 1.0
        return Habits(
            steps=chance.choice((15, 30, 30, 45)),
            workers=chance.choice((1, 2, 2)),
            slots=chance.choice((1, 1, 2)),
            sizes=(0, 2, 3, 5) if chance.random() < 0.8 else (1, 8),
            keys=chance.choice((0.0, 0.5, 1.0)),
            contested=sometimes(0.6, 1.0),
            deadlines=sometimes(0.4, 0.6),
            second_tenant=sometimes(0.4, 0.5),
            bad_items=sometimes(0.7, 0.4),
            mishaps=sometimes(0.5, 0.15) if chance.random() < 0.9 else 0.7,
            away=sometimes(0.25, 0.1),
            answer_lost=sometimes(0.3, 0.15),
            lines=sometimes(0.3, 0.5),
            haste=chance.choice((0.6, 0.75, 0.85)),
            deeds=deeds,
        )

    # What others ask of the world.

    def note(self, text: str, *, who: str | None = None) -> None:
        if self.trace is not None:
            actor = self.scheduler.current
            name = who or (actor.name if actor else "world")
            self.trace.append(f"{self.clock.seconds:9.3f}  {name:<18} {text}")

    def refused(self, why: str) -> None:
        self.refusals[why] += 1
        self.note(f"answer: {why}")

    def spawn(
        self, name: str, kind: str, deed: Callable[[], None], *, process: Process | None = None
    ) -> Actor:
        self._named += 1
        return self.scheduler.spawn(f"{name} {self._named}", kind, deed, process=process)

    def plan(self, parameters: Mapping[str, Any]) -> list[str]:
        """What a source has."""
        return [f"{parameters['source']}{number}" for number in range(parameters["size"])]

    def batch_size(self, most: int) -> int:
        """A slow source is committed before a batch is full."""
        return most if self.chance.random() < 0.7 else self.chance.randint(1, most)

    def item(self, source_id: str) -> Item:
        chance = self.chance
        if chance.random() < self.habits.bad_items:
            kind = chance.choice(("skipped", "rejected", "failed"))
            make: Any = getattr(Item, kind)
            bad: Item = make(source_id, kind="sim", detail="By lot.")
            return bad
        return Item.record(source_id, metadata={"edition": int(chance.random() < 0.1)})

    def lines(self) -> list[NewLine]:
        """What a convention says."""
        if self.chance.random() >= self.habits.lines:
            return []
        return [NewLine(level="info", message="Read on.")] * self.chance.randint(1, 3)

    def mishap(self) -> Fault | None:
        """What befalls a convention between two batches."""
        if self._calm or self.chance.random() >= self.habits.mishaps:
            return None
        return self.chance.choice(_FAULTS)

    def report(self, position: int, size: int) -> Report | None:
        chance = self.chance
        if chance.random() < 0.7:
            return None
        total = chance.choice((None, size, size + 3))
        return Report(phase="reading", completed=position, total=total)

    def kept_long_enough(self, one: Seen) -> bool:
        """Whether housekeeping may delete it."""
        kept = self.house.settings.retention_seconds
        return kept is not None and one.row[11] <= self.clock.micros - kept * 1_000_000

    def _committed(self) -> None:
        self.witness.look(self.scheduler.current)

    # What happens.

    def run(self) -> None:
        deeds = list(self.habits.deeds)
        weights = list(self.habits.deeds.values())
        course = self.chance.choices(deeds, weights, k=self.habits.steps)
        for name in ["start", *course]:
            while (ready := self._ready()) and (
                len(ready) > _AT_ONCE or self.chance.random() < self.habits.haste
            ):
                self._turn(self.chance.choice(ready))
            self.steps += 1
            deed = getattr(self.callers, name, None) or getattr(self, f"_{name}")
            deed()
        self._settle()

    def _ready(self) -> list[Actor]:
        return [
            actor
            for actor in self.scheduler.actors
            if actor.process is None or not actor.process.still
        ]

    def _turn(self, actor: Actor) -> None:
        self._turns += 1
        if self._turns > _TURNS:
            raise Violation(f"{actor.name} goes round in circles: {actor.waits_for}.")
        ended = self.scheduler.resume(actor)
        if found := self.stage.defects.found:
            error = found[0].exc_info[1] if found[0].exc_info else None
            raise Violation(f"{actor.name}: {found[0].getMessage()}: {error!r}") from error
        if ended:
            self.witness.may_delete.pop(actor, None)
            if (overdue := self._urgent.pop(actor, None)) is not None:
                self._swept(overdue)

    def _new_worker(self) -> Worker:
        worker = Worker(self, f"w{self.count()}", slots=self.habits.slots)
        self.workers.append(worker)
        worker.beat()
        return worker

    def count(self) -> int:
        self._named += 1
        return self._named

    def _able(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.able]

    def _one(self, found: Sequence[Worker]) -> Worker | None:
        return self.chance.choice(found) if found else None

    def _hand_over(self) -> None:
        hungry = [worker for worker in self.workers if worker.hungry]
        waiting = self.queue.waiting()
        if not hungry or not waiting:
            return
        one = self.chance.choice(waiting[:2])
        self._give(self.chance.choice(hungry), one)

    def _give(self, worker: Worker, one: HandOver) -> None:
        name = self.witness.name(one.ingestion_id)
        self.note(f"hand-over {one.number} of {name} to {worker.name}", who="queue")
        worker.give(one, one.ingestion_id)

    def _repeat(self) -> None:
        """A hand-over that was made already is made again."""
        hungry = [worker for worker in self.workers if worker.hungry]
        given = [one for one in self.queue.entries.values() if one.worker is not None]
        if hungry and given:
            one = self.chance.choice(given)
            self.note(f"hand-over of {self.witness.name(one.ingestion_id)} again", who="queue")
            self.chance.choice(hungry).give(None, one.ingestion_id)

    def _lose(self) -> None:
        if waiting := self.queue.waiting():
            one = self.chance.choice(waiting)
            self.note(f"hand-over of {self.witness.name(one.ingestion_id)} is lost", who="queue")
            self.queue.lose(one)

    def _beat(self) -> None:
        if (worker := self._one(self._able())) is not None:
            worker.beat()

    def _sweep(self) -> None:
        self.chance.choice([self.server, *self._able()]).sweep()

    def _keep_house(self) -> None:
        self.chance.choice([self.server, *self._able()]).keep_house()

    def _crash(self) -> None:
        if (worker := self._one([one for one in self.workers if one.alive])) is not None:
            self.note("killed", who=worker.name)
            worker.die()
            self._new_worker()

    def _freeze(self) -> None:
        if (worker := self._one(self._able())) is not None:
            self.note("stands still", who=worker.name)
            worker.still = True
            if not self._able():
                self._new_worker()

    def _give_up(self) -> None:
        """One that works stands still for so long that it is given up on."""
        worker = self._one([one for one in self._able() if one.attempts])
        if worker is None:
            return
        self.note("stands still for long", who=worker.name)
        worker.still = True
        if not self._able():
            self._new_worker()
        for _ in range(4):
            self._pass(round(STALE_SECONDS * 400))
            for other in self._able():
                other.beat()
            sweep = self.server.sweep()
            while sweep in self.scheduler.actors:
                self._turn(self.chance.choice(self._ready()))

    def _thaw(self) -> None:
        if worker := self._one([one for one in self.workers if one.alive and one.still]):
            self.note("goes on", who=worker.name)
            worker.still = False

    def _terminate(self) -> None:
        if worker := self._one([one for one in self._able() if not one.stopping]):
            self.note("is asked to stop", who=worker.name)
            worker.stop()
            self._new_worker()

    def _upgrade(self) -> None:
        """A new major version of the convention is installed."""
        self.note("sim-plain is of version 2 now")
        self.stage.upgrade()

    def _advance(self) -> None:
        self._pass(self.chance.choice((50, 500, 2_000, 8_000, 20_000, 20_000)))

    def _jump(self) -> None:
        """The database's clock is set."""
        milliseconds = self.chance.choice((-2_000, 40_000, 600_000))
        self.note(f"the clock is set by {milliseconds} ms")
        self.clock.jump(milliseconds)
        self._watch()

    def _pass(self, milliseconds: int) -> None:
        """Time goes on; not past a deadline without a sweep, for one comes each second."""
        if self._urgent:
            return
        due = [moment for one in self.witness.active if (moment := _due(one)) is not None]
        now = self.clock.now
        if due and min(due) <= now + milliseconds:
            milliseconds = max(0, min(due) - now) + self.chance.randint(0, _GRACE // 2)
        self.note(f"{milliseconds} ms pass")
        self.clock.advance(milliseconds)
        self._watch()

    def _watch(self) -> None:
        now = self.clock.now
        overdue = [
            one
            for one in self.witness.active
            if (moment := _due(one)) is not None and moment <= now
        ]
        if overdue and not self._urgent:
            sweep = self.server.sweep()
            if sweep is not None:
                sweep.calm = True
                self._urgent[sweep] = overdue

    def _swept(self, overdue: Sequence[Seen]) -> None:
        """A deadline that a sweep could not keep, because somebody else was at it, is kept by the
        next, a second later."""
        late = [
            one
            for one in overdue
            if not one.done and (moment := _due(one)) is not None and moment <= self.clock.now
        ]
        for one in late:
            if one.id in self._missed:
                raise Violation(f"{one.name} is {one.status} after its deadline and two sweeps.")
            self._missed.add(one.id)
        if late:
            self.clock.advance(_GRACE // 2)
            self._watch()

    # Until nothing is left to do.

    def _settle(self) -> None:
        """From here on nothing goes wrong any more: everything must end."""
        self.note("nothing goes wrong any more")
        self._calm = True
        self.stage.weather.away = self.stage.weather.answer_lost = 0.0
        for worker in self.workers:
            worker.still = False
        if not [worker for worker in self.workers if worker.able and not worker.stopping]:
            self._new_worker()
        if self.chance.random() < 0.5:
            # Nobody waits for what was not begun: there are other seeds that do.
            for one in self.witness.active:
                if one.status is Status.QUEUED:
                    self.callers.drop(one)
        for _ in range(_ROUNDS):
            while ready := self._ready():
                self._feed()
                self._turn(self.chance.choice(ready))
            if not self.witness.active:
                break
            self._feed()
            if self.scheduler.actors:
                continue
            self._pass(self._next_moment())
            self.server.sweep()
            for worker in self._able():
                worker.beat()
        self.server.keep_house()
        while ready := self._ready():
            self._turn(self.chance.choice(ready))
        self.witness.conclude()

    def _feed(self) -> None:
        for one in self.queue.waiting():
            hungry = [worker for worker in self.workers if worker.hungry]
            if not hungry:
                return
            self._give(hungry[0], one)

    def _next_moment(self) -> int:
        """Milliseconds until something may be due; a sweep must see the database often enough to
        know that it was not away."""
        raw = self.stage.database.raw
        now = self.clock.micros
        moment = raw.execute(
            "SELECT min(not_before) FROM ingestion WHERE status = 'queued' AND not_before > ?",
            (now,),
        ).fetchone()[0]
        most = round(STALE_SECONDS * 500)
        return most if moment is None else min(most, (moment - now) // 1000 + 1)


def _due(one: Seen) -> int | None:
    """When it must have ended, in milliseconds."""
    moment = one.row[9] if one.status is Status.CANCELING else one.deadline_at
    return None if moment is None else moment // 1000
