"""Campaigns with everything real, and what goes wrong meanwhile.

    python tests/acceptance/campaigns.py [kills] [changes] [cancels] [repairs]
        [--database sqlite] [--children 1000] [--step 25] [--variants rgb z] [--kills 10] [--seed 1]

A catalogue (pycsw) has a parent with children, an OPeNDAP server (pydap) their data; `osa serve`
makes the variants of them in a campaign of `hyspex-csw-parent` that it drives itself.

- kills: the server and its workers are killed with SIGKILL on the way, in steps and among children,
  and started again. It must have left what a quiet run leaves; `--kills 0` is that one.
- changes: records are inserted and deleted in the catalogue, between steps and inside of them. What
  was there throughout must be made, each child once.
- cancels: the campaign is canceled in a step and among children, the last time with a kill, and
  resumed. No gap, nothing twice; what had ended is not touched.
- repairs: some data are not there, children are canceled, and ingestions deleted. Then
  `hyspex-missing-variants` makes exactly what lacks, and when it runs again, nothing.

After the kills it is run, too: for datasets that came later, and then for nothing.

At the end the database is read. Exit code 0 when all of it is as it must be.
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
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "plugins")]

from osa_testing import catalogue, dodsc, hyspex
from osa_testing.catalogue import Catalogue, Iso
from osa_testing.databases import KINDS, Databases
from osa_testing.dodsc import Scenes
from osa_testing.left import Left, Try, attempts, children, left, wrong
from osa_testing.processes import Archive, Served, archive
from osa_testing.waiting import until
from sqlalchemy import func, select

from osa.cli.ingestion import (
    IngestionError,
    cancel_campaign,
    cancel_ingestion,
    create_campaign,
    delete_ingestion,
    get_campaign,
    resume_campaign,
    start_ingestion,
    wait_ingestion,
)
from osa.conventions.hyspex.recipes import Recipe
from osa.server.bootstrap import House
from osa.server.model import ENDED, Principal, Scope, Status
from osa.server.store.tables import campaign, ingestion

DATA = Path(__file__).parents[2].parent / "shared" / "data"
CAMPAIGN = "spring"
#: Records that the catalogue gives in one answer, whatever is asked for.
CAP = 10
_PUT_AT_ONCE = 50
_PAGE = 4096
_GOOD, _BAD, _CANCELED = str(Status.SUCCEEDED), str(Status.FAILED), str(Status.CANCELED)
_SOMEBODY = Principal(
    token_id="campaigns", token_name="campaigns", tenant="default", scopes=frozenset(Scope)
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much, and how rough."""

    database: str = "sqlite"
    children: int = 1000
    step: int = 25
    variants: tuple[str, ...] = ("rgb", "z")
    kills: int = 10
    seed: int = 1
    staleness: float = 2.0
    #: When nothing at all has happened for so many seconds, the campaign is stuck.
    patience: float = 180.0

    def names(self, iso: Iso, numbers: Iterable[int]) -> set[str]:
        """What the children of these datasets are called."""
        recipe = Recipe(
            csw_url=iso.csw_url,
            variants=self.variants,  # type: ignore[arg-type]
            protocol="OPENDAP:OPENDAP",
        )
        return {name for number in numbers for name in recipe.external_ids(iso.id(number)).values()}

    def quiet(self, iso: Iso) -> Left:
        """What a quiet run leaves."""
        begins = tuple(range(1, self.children + 1, self.step))
        made = self.children * len(self.variants)
        names = self.names(iso, range(1, self.children + 1))
        records = {("hyspex-csw-parent", 1): self.children, ("nc-to-geotiff", 1): made}
        return Left(
            next_position=None,
            begins=begins,
            ends={_GOOD: len(begins)},
            counted={**dict.fromkeys(map(str, Status), 0), _GOOD: made},
            failures={},
            children=dict.fromkeys(names, (_GOOD,)),
            items={(name, "created", 1): count for (name, _), count in records.items()},
            records=records,
        )


@dataclass(kw_only=True)
class Figures:
    """What was counted."""

    story: str
    plan: Plan
    made: int = 0
    steps: int = 0
    attempts: int = 0
    seconds: float = 0.0
    #: Of the server, its workers and their slots together.
    most_bytes: int = 0
    done: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    left: Left | None = None

    @property
    def sound(self) -> bool:
        return not self.complaints

    def __str__(self) -> str:
        plan = self.plan
        how = ", ".join(f"{count} {what}" for what, count in sorted(self.done.items()))
        return (
            f"{self.story}, {plan.database}: {self.made} children of {plan.children} datasets in"
            f" {self.steps} steps of {plan.step} and {self.attempts} attempts; {how or 'quiet'};"
            f" {len(self.complaints)} complaints; {self.seconds:.0f} s,"
            f" at most {self.most_bytes / 1024**2:.0f} MiB, seed {plan.seed}"
        )


@dataclass(frozen=True, kw_only=True)
class Outside:
    """The catalogue and the data, which are none of ours."""

    catalogue: Catalogue
    scenes: Scenes
    iso: Iso

    def put(self, numbers: Iterable[int]) -> None:
        records = [
            hyspex.record(self.iso, number, url=self.scenes.link(number)) for number in numbers
        ]
        for at in range(0, len(records), _PUT_AT_ONCE):
            self.catalogue.put(*records[at : at + _PUT_AT_ONCE])

    def delete(self, numbers: Iterable[int]) -> None:
        self.catalogue.delete(*map(self.iso.id, numbers))

    def only(self, numbers: Iterable[int]) -> None:
        """These datasets, and all of their data."""
        self.catalogue.clear()
        self.catalogue.cap(CAP)
        self.scenes.refuse([])
        self.catalogue.put(self.iso.parent)
        self.put(numbers)


@contextlib.contextmanager
def outside(folder: Path) -> Iterator[Outside]:
    """Both servers, until the block ends. Raises NotInstalled."""
    with contextlib.ExitStack() as held:
        (folder / "pycsw").mkdir()
        (folder / "pydap").mkdir()
        listing = held.enter_context(catalogue.running(folder / "pycsw"))
        yield Outside(
            catalogue=listing,
            scenes=held.enter_context(dodsc.running(folder / "pydap")),
            iso=Iso(DATA / "iso19139", csw_url=listing.url),
        )


class Inside:
    """The archive, a server that may be killed, and the campaign."""

    def __init__(self, plan: Plan, world: Outside, place: Archive, house: House) -> None:
        self.plan = plan
        self.world = world
        self.house = house
        self.figures = Figures(story="", plan=plan)
        self.random = random.Random(plan.seed)
        self._place = place
        self._served: Served = place.serve()
        self._measured = 0.0

    @property
    def access(self) -> dict[str, Any]:
        return {"server": self._served.url, "token": self._served.token}

    def create(self) -> None:
        create_campaign(
            **self.access,
            campaign_id=CAMPAIGN,
            convention_id="hyspex-csw-parent",
            parameters={
                "csw_url": self.world.catalogue.url,
                "parent_identifier": Iso.PARENT,
                "max_children": self.plan.step,
                "child": {"variants": list(self.plan.variants)},
            },
        )

    def kill(self) -> None:
        """SIGKILL for the server and its workers at once, and now and then for the slots, too; then
        a new server."""
        program = self._served.program
        slots = self._place.slots()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        if self.random.random() < 0.5:
            for pid in slots:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        program.kill()
        self.start()

    def start(self) -> None:
        self._served = self._place.serve()

    def now(self) -> Any:
        """The campaign's row, and the status of its latest step."""
        with self.house.database.read() as tx:
            return tx.execute(select(campaign).where(campaign.c.campaign_id == CAMPAIGN)).one()

    def started(self) -> int:
        """How many children there are."""
        row = self.now()
        return sum(getattr(row, state) for state in map(str, Status))

    def wait(self, look: Callable[[], object], what: str, *, every: float = 0.1) -> None:
        """As long as something happens."""
        happened, at = -1, time.monotonic()

        def moved() -> object:
            nonlocal happened, at
            self._measure()
            if found := look():
                return found
            if (seen := self._events()) != happened:
                happened, at = seen, time.monotonic()
            if time.monotonic() - at > self.plan.patience:
                row = self.now()
                raise Stuck(f"stuck, waiting for this: {what}; {row._asdict()}")
            return None

        until(moved, what, seconds=24 * 3600, every=every)

    def step_is(self, *states: Status) -> bool:
        return self.now().step_status in states

    def is_over(self) -> bool:
        """Succeeded, failed or canceled; the server need not be there to say so."""
        return self.house.service.campaigns.get(_SOMEBODY, CAMPAIGN).done

    def is_canceled(self) -> bool:
        """Whatever else it would be."""
        return str(self.now().wanted) == "stop"

    def run(self, convention_id: str, **parameters: Any) -> dict[str, Any]:
        """One ingestion to its end, and all of its children to theirs."""
        begun = start_ingestion(
            **self.access, convention_id=convention_id, parameters=parameters, max_failed_items=None
        )
        ended = wait_ingestion(**self.access, ingestion_id=begun["id"], timeout=600)
        self.wait(self._idle, "no child is active")
        return ended

    def _idle(self) -> bool:
        with self.house.database.read() as tx:
            rows = tx.execute(
                select(func.count()).where(ingestion.c.status.not_in(sorted(ENDED)))
            ).scalar_one()
        return rows == 0

    def _events(self) -> int:
        with self.house.database.read() as tx:
            return int(tx.execute(select(func.sum(ingestion.c.last_event))).scalar_one() or 0)

    def _measure(self) -> None:
        """Memory, every two seconds."""
        if time.monotonic() - self._measured < 2:
            return
        self._measured = time.monotonic()
        pages = 0
        for pid in self._place.processes():
            with contextlib.suppress(OSError, IndexError, ValueError):
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        self.figures.most_bytes = max(self.figures.most_bytes, pages * _PAGE)

    def judge(self, expected: Collection[str]) -> None:
        """What must be true however it went, when all succeeded in the end."""
        figures = self.figures
        self.count()
        figures.complaints += wrong(self.house.database, CAMPAIGN, expected)
        told = get_campaign(**self.access, campaign_id=CAMPAIGN)
        if (told["status"], told["progress"]["percent"]) != (_GOOD, 100.0):
            figures.complaints.append(f"told: {told}")
        if told["campaign_total_children"] != len(expected):
            figures.complaints.append(
                f"told: {told['campaign_total_children']} children, made: {len(expected)}"
            )
        assert figures.left is not None
        self.judge_records(figures.left, len(expected))

    def count(self) -> None:
        """What there is, and whether the API tells the same."""
        figures, database = self.figures, self.house.database
        found = figures.left = left(database, CAMPAIGN)
        figures.made = len(found.children)
        figures.steps = len(found.begins)
        figures.attempts = attempts(database, CAMPAIGN)
        told = get_campaign(**self.access, campaign_id=CAMPAIGN)
        counted = {state: told["children"][state] for state in map(str, Status)}
        if counted != dict(found.counted):
            figures.complaints.append(f"told: {counted}, counted: {dict(found.counted)}")

    def judge_records(self, found: Left, made: int) -> None:
        """Each child has made one record, once."""
        if changed := {key: count for key, count in found.records.items() if key[1] != 1}:
            self.figures.complaints.append(f"records that were changed: {changed}")
        if (published := found.records.get(("nc-to-geotiff", 1), 0)) != made:
            self.figures.complaints.append(f"records: {published} of {made}")

    def judge_processes(self) -> None:
        """Nothing is left of the attempts."""
        self._served.program.stop()
        self.house.sweeper.keep_house()
        work = self.house.settings.work_dir
        if over := [path.name for path in work.iterdir() if path.is_dir()]:
            self.figures.complaints.append(f"temporary folders: {over[:3]}")
        with contextlib.suppress(AssertionError):
            until(lambda: not self._place.processes(), "no process is left", seconds=15)
        if pids := self._place.processes():
            self.figures.complaints.append(f"processes: {len(pids)} are left")


class Stuck(Exception):
    """Nothing happens any more."""


Story = Callable[[Inside], None]


def kills(here: Inside) -> None:
    """Killed on the way, and what is left is as after a quiet run."""
    plan, world = here.plan, here.world
    world.only(range(1, plan.children + 1))
    here.create()
    whole = plan.children * len(plan.variants)
    for number in range(plan.kills):
        due = whole * number // plan.kills
        here.wait(lambda due=due: here.started() > due or here.is_over(), "the next kill is due")
        if number % 2:
            here.wait(lambda: here.step_is(Status.RUNNING) or here.is_over(), "a step runs")
            what = "kills in steps"
        else:
            here.wait(lambda: here.now().running > 0 or here.is_over(), "a child runs")
            what = "kills among children"
        time.sleep(here.random.uniform(0.0, 0.5))  # at any moment
        if not here.is_over():
            here.kill()
            here.figures.done[what] += 1
    here.wait(here.is_over, "the campaign is over", every=0.2)
    here.judge(plan.names(world.iso, range(1, plan.children + 1)))
    quiet, found = plan.quiet(world.iso), here.figures.left
    for name in Left.__dataclass_fields__:
        expected, there = getattr(quiet, name), getattr(found, name)
        if expected != there:
            here.figures.complaints.append(f"{name}: {there!s:.300}, quiet: {expected!s:.300}")


def changes(here: Inside) -> None:
    """The catalogue changes until two thirds of it were taken."""
    plan, world, random_ = here.plan, here.world, here.random
    # Every tenth number is there: others come in between.
    there = set(range(10, 10 * plan.children + 1, 10))
    throughout, ever = set(there), set(there)
    world.only(sorted(there))
    here.create()
    turn = 0
    while here.started() < plan.children * len(plan.variants) * 2 // 3 and not here.is_over():
        turn += 1
        state = Status.RUNNING if turn % 2 else Status.SUCCEEDED
        here.wait(lambda state=state: here.step_is(state) or here.is_over(), f"a step is {state}")
        before = here.now()
        gone = set(random_.sample(sorted(there), random_.randint(0, 2)))
        come = set(random_.sample(range(5, 10 * plan.children), random_.randint(1, 2))) - there
        world.delete(sorted(gone))
        world.put(sorted(come))
        there = there - gone | come
        throughout -= gone
        ever |= come
        after = here.now()
        inside = before.step_id == after.step_id and after.step_status == Status.RUNNING
        here.figures.done["changes in steps" if inside else "changes between steps"] += 1
        begun = here.now().step_count
        if not turn % 2:
            here.wait(
                lambda begun=begun: here.now().step_count > begun or here.is_over(), "a new step"
            )
    here.wait(here.is_over, "the campaign is over", every=0.2)
    made = set(children(here.house.database, CAMPAIGN))
    must, may = plan.names(world.iso, throughout), plan.names(world.iso, ever)
    if missed := must - made:
        here.figures.complaints.append(f"missed: {len(missed)}, such as {min(missed)}")
    if extra := made - may:
        here.figures.complaints.append(f"never there: {len(extra)}, such as {min(extra)}")
    here.figures.done["datasets that came or went and were taken"] = (len(made) - len(must)) // len(
        plan.variants
    )
    here.judge(made)


def cancels(here: Inside) -> None:
    """Canceled in the middle and resumed, four times."""
    plan, world = here.plan, here.world
    world.only(range(1, plan.children + 1))
    here.create()
    whole = plan.children * len(plan.variants)
    before: dict[str, list[Try]] = {}
    for number in range(4):
        due = whole * (number + 1) // 6
        here.wait(lambda due=due: here.started() > due or here.is_over(), "a cancel is due")
        # A step of few children is over soon: what is meant to be met may be missed.
        if number % 2:
            here.wait(lambda: here.step_is(Status.RUNNING) or here.is_over(), "a step", every=0.01)
        else:
            here.wait(lambda: here.now().running > 0 or here.is_over(), "a child", every=0.01)
        with contextlib.suppress(IngestionError):  # it may be over just now
            cancel_campaign(**here.access, campaign_id=CAMPAIGN, grace_seconds=10)
        if number == 3:
            here.kill()
        here.wait(here.is_over, "it is canceled")
        if not here.is_canceled():
            break
        before = children(here.house.database, CAMPAIGN)
        ends = Counter(tries[-1].status for tries in before.values())
        what = f"cancel with {ends[_GOOD]} done and {ends[_CANCELED]} canceled"
        here.figures.done[what] += 1
        resume_campaign(**here.access, campaign_id=CAMPAIGN)
    here.wait(here.is_over, "the campaign is over", every=0.2)
    here.judge(plan.names(world.iso, range(1, plan.children + 1)))
    _untouched(here, before)
    if not before:
        here.figures.complaints.append("it was over before it was canceled once")


def _untouched(here: Inside, before: dict[str, list[Try]]) -> None:
    """What had succeeded is as it was."""
    after = children(here.house.database, CAMPAIGN)
    for name, tries in before.items():
        for one, then in zip(tries, after[name], strict=False):
            if one.status == _GOOD and then.mark != one.mark:
                here.figures.complaints.append(f"{name}: touched by a cancel: {then}")


def repairs(here: Inside) -> None:
    """Data that lack, canceled children, deleted ingestions; and what lacks is made, once."""
    plan, world, random_ = here.plan, here.world, here.random
    numbers = range(1, plan.children + 1)
    some = max(2, plan.children // 10)
    world.only(numbers)
    absent = set(random_.sample(numbers, some))
    world.scenes.refuse(absent)
    here.create()
    _cancel_some(here, some)
    here.wait(here.is_over, "the campaign is over", every=0.2)
    made = children(here.house.database, CAMPAIGN)
    ended = {name: tries[-1].status for name, tries in made.items()}
    failed = {name for name, status in ended.items() if status == _BAD}
    canceled = {name for name, status in ended.items() if status == _CANCELED}
    if failed | canceled != plan.names(world.iso, absent) | canceled or not canceled:
        here.figures.complaints.append(f"{len(failed)} failed and {len(canceled)} were canceled")
    # Who deletes what has succeeded keeps what it has made; of the others nothing is left.
    good = sorted(set(made) - failed - canceled)
    gone = {*sorted(failed)[::2], *sorted(canceled)[::2]}
    for name in [*gone, *random_.sample(good, some)]:
        delete_ingestion(**here.access, ingestion_id=made[name][-1].id)
    here.figures.done |= Counter(
        failed=len(failed), canceled=len(canceled), deleted=len(gone) + some
    )
    world.scenes.refuse([])
    again = (failed | canceled) - gone
    asked: dict[str, Any] = {"campaign_id": CAMPAIGN, "limit": 10_000}
    _repair(here, gone, "deleted", **asked)
    _repair(here, again, "failed or canceled", **asked, requeue_failed=True)
    _repair(here, set(), "nothing", **asked, requeue_failed=True)
    here.count()
    found = here.figures.left
    assert found is not None
    here.judge_records(found, len(made))
    # A child that was deleted stays counted as it ended; the others by their last try.
    counted = {
        **dict.fromkeys(map(str, Status), 0),
        _GOOD: len(made) - len(gone),
        _BAD: len(gone & failed),
        _CANCELED: len(gone & canceled),
    }
    if dict(found.counted) != counted:
        here.figures.complaints.append(f"counted: {dict(found.counted)} instead of {counted}")


def late(here: Inside) -> None:
    """After a campaign: ingestions are deleted, and datasets come. What is new lacks, and nothing
    else, once."""
    plan, world = here.plan, here.world
    made = children(here.house.database, CAMPAIGN)
    some = max(2, plan.children // 50)
    for name in here.random.sample(sorted(made), some):
        delete_ingestion(**here.access, ingestion_id=made[name][-1].id)
    new = range(plan.children + 1, plan.children + some + 1)
    world.put(new)
    here.figures.done["deleted"] += some
    asked: dict[str, Any] = {"campaign_id": CAMPAIGN, "requeue_failed": True}
    _repair(here, plan.names(world.iso, new), "new in the catalogue", **asked)
    _repair(here, set(), "nothing", **asked)
    here.judge_records(left(here.house.database, CAMPAIGN), len(made) + some * len(plan.variants))


def _cancel_some(here: Inside, count: int) -> None:
    """Cancel children that wait, while the campaign goes on."""
    done: set[str] = set()

    def waiting() -> list[str]:
        found = children(here.house.database, CAMPAIGN).values()
        return [tries[-1].id for tries in found if tries[-1].status == str(Status.QUEUED)]

    while len(done) < count and not here.is_over():
        here.wait(lambda: waiting() or here.is_over(), "a child waits")
        for id in waiting()[-2:]:
            with contextlib.suppress(IngestionError):  # it may have ended just now
                cancel_ingestion(**here.access, ingestion_id=id, force=True)
                done.add(id)


def _repair(here: Inside, lacking: Collection[str], what: str, **parameters: Any) -> None:
    """Run it, and see that exactly these were started, and made."""
    last = _newest(here)
    ended = here.run("hyspex-missing-variants", **parameters)
    after = _newest(here)
    started = {name for name, (id, _) in after.items() if name not in last or last[name][0] != id}
    if started != set(lacking):
        here.figures.complaints.append(
            f"repair of {what}: {len(started)} started, {len(lacking)} lacked;"
            f" {sorted(started ^ set(lacking))[:3]}"
        )
    if bad := [name for name in started if after[name][1] != _GOOD]:
        here.figures.complaints.append(f"repair of {what}: {len(bad)} failed, such as {bad[0]}")
    if ended["status"] != _GOOD:
        here.figures.complaints.append(f"repair of {what}: {ended['status']}")
    here.figures.done[f"repaired: {what}"] += len(started)


def _newest(here: Inside) -> dict[str, tuple[str, str]]:
    """Of everything that was ever started under an external id and is there: the newest try's id
    and status."""
    first = ingestion.alias("first")
    with here.house.database.read() as tx:
        rows = tx.execute(
            select(first.c.external_id, ingestion.c.id, ingestion.c.status)
            .join(ingestion, ingestion.c.root_id == first.c.id)
            .where(
                first.c.external_id.is_not(None),
                first.c.tenant == "default",
                ingestion.c.retried_by.is_(None),
            )
        ).all()
    return {row.external_id: (row.id, row.status) for row in rows}


STORIES: dict[str, tuple[Story, ...]] = {
    "kills": (kills, late),
    "changes": (changes,),
    "cancels": (cancels,),
    "repairs": (repairs,),
}


def run(
    plan: Plan, stories: Sequence[Story], world: Outside, databases: Databases, folder: Path
) -> Figures:
    """One story after the other on one archive: the next finds what the one before has left."""
    with contextlib.ExitStack() as held:
        url = held.enter_context(databases.migrated(plan.database, folder / "archive"))
        environ = {
            "OSA_STALE_AFTER_SECONDS": str(plan.staleness),
            "OSA_ALLOWED_HOSTS": "127.0.0.1",
            "OSA_READS_PER_MINUTE": "0",
        }
        where = held.enter_context(archive(folder, url, **environ))
        house = held.enter_context(where.house())
        here = Inside(plan, world, where, house)
        here.figures.story = " and ".join(story.__name__ for story in stories)
        began = time.monotonic()
        try:
            for story in stories:
                story(here)
            here.judge_processes()
        except Stuck as exc:
            here.figures.complaints.append(str(exc))
        here.figures.seconds = time.monotonic() - began
    return here.figures


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stories", nargs="*", metavar="STORY", help=", ".join(STORIES))
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    parser.add_argument("--children", type=int, default=1000)
    parser.add_argument("--step", type=int, default=25)
    parser.add_argument("--variants", nargs="+", choices=("rgb", "z"), default=["rgb", "z"])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    chosen = vars(parser.parse_args())
    names = chosen.pop("stories") or list(STORIES)
    if unknown := set(names) - set(STORIES):
        parser.error(f"no such story: {', '.join(sorted(unknown))}")
    plan = replace(Plan(), **{**chosen, "variants": tuple(chosen["variants"])})
    sound = True
    with tempfile.TemporaryDirectory(prefix="osa-campaigns-") as base:
        databases = Databases(Path(base) / "databases")
        try:
            with outside(Path(base)) as world:
                for name in names:
                    folder = Path(base) / name
                    folder.mkdir()
                    figures = run(plan, STORIES[name], world, databases, folder)
                    for complaint in figures.complaints[:50]:
                        print(complaint, file=sys.stderr)  # noqa: T201
                    print(figures, flush=True)  # noqa: T201
                    sound = sound and figures.sound
        finally:
            databases.close()
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
