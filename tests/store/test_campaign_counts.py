"""The counts on a campaign's row are those that a full recount finds, whatever happened, in
whatever order, by however many at the same time."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from osa_testing.campaigns import Director, child
from sqlalchemy import select

from osa.conventions import Reached
from osa.server.bootstrap import House
from osa.server.errors import Conflict, NotFound, OsaError
from osa.server.model import ENDED, IngestionQuery, Principal, Status
from osa.server.service.jobs import Job, Verdict
from osa.server.store import deletions
from osa.server.store.tables import ingestion

NAMES = ("x", "y")
#: More of them, and longer, were looked at once.
_SEEDS = [("sqlite", 0), ("postgresql", 1)]
GO_ON = Reached(next_position=1_000_000)


@pytest.fixture
def director(house: House, principal: Principal, tmp_path: Path) -> Director:
    folder = tmp_path / "attempt"
    folder.mkdir()
    return Director(house, principal, folder)


@dataclass(kw_only=True)
class Try:
    """One ingestion among those that were retried from one another."""

    id: str
    campaign: str | None
    status: str
    kind: str | None


@dataclass
class Recount:
    """Counts children from the rows themselves: by their last try, those that were deleted as they
    ended."""

    house: House
    #: Of each child the tries that are there, the last one last.
    chains: dict[str, list[Try]] = field(default_factory=dict)
    gone: list[Try] = field(default_factory=list)
    _root: dict[str, str] = field(default_factory=dict)

    def look(self) -> None:
        """Read what is new and what has changed."""
        i = ingestion.c
        with self.house.database.read() as tx:
            rows = tx.execute(
                select(i.id, i.retry_of, i.campaign_id, i.status, i.error_kind)
                .where(i.campaign_step.is_(None))
                .order_by(i.created_at, i.id)
            ).all()
        left = {row.id: row for row in rows}
        while left:
            # A retry after what it repeats, even when both are of one microsecond.
            ready = [r for r in left.values() if r.retry_of not in left or r.id in self._root]
            for row in ready:
                del left[row.id]
                self._see(row.id, row.retry_of, row.campaign_id, row.status, row.error_kind)

    def _see(
        self, id: str, retry_of: str | None, campaign: str | None, status: str, kind: str | None
    ) -> None:
        if id not in self._root:
            self._root[id] = id if retry_of is None else self._root[retry_of]
            new = Try(id=id, campaign=campaign, status=status, kind=kind)
            self.chains.setdefault(self._root[id], []).append(new)
            return
        for one in self.chains.get(self._root[id], []):
            if one.id == id:
                one.status, one.kind = status, kind

    def forget(self, ids: set[str]) -> None:
        """They are deleted at once. What the last of a chain repeated takes its place, in the
        campaign of that one; when nothing is left, it stays counted."""
        for root in {self._root[id] for id in ids}:
            chain = self.chains[root]
            left = [one for one in chain if one.id not in ids]
            last = chain[-1]
            if last.id in ids and (not left or left[-1].campaign != last.campaign):
                self.gone.append(last)
            self.chains[root] = left

    def tries(self) -> Iterator[tuple[Try, bool]]:
        """All that are there, and whether each is the last of its chain."""
        for chain in self.chains.values():
            for one in chain:
                yield one, one is chain[-1]

    def of(self, campaign_id: str) -> tuple[Counter[str], Counter[str]]:
        last = [one for one, is_last in self.tries() if is_last] + self.gone
        mine = [one for one in last if one.campaign == campaign_id]
        kinds = [one.kind for one in mine if one.status == "failed" and one.kind is not None]
        return Counter(one.status for one in mine), Counter(kinds)


def told(director: Director, campaign_id: str) -> tuple[Mapping[str, int], Mapping[str, int]]:
    found = director.get(campaign_id)
    states = {str(state): getattr(found.children, state) for state in Status}
    assert found.children.total == sum(states.values())
    assert all(count >= 0 for count in states.values()), states
    return {state: count for state, count in states.items() if count}, found.failures


class Chance:
    """Does one thing after the other, as a seed decides."""

    def __init__(self, director: Director, seed: int) -> None:
        self.director = director
        self.random = random.Random(seed)
        self.recount = Recount(director.house)
        self.jobs: dict[str, Job] = {}
        self.number = 0
        for name in NAMES:
            director.create(name)
        self.steps = {name: director.step(name) for name in NAMES}

    def go(self) -> str:
        acts: list[Callable[[], None]] = [
            self.begin,
            self.begin,
            self.take,
            self.take,
            self.take,
            self.succeed,
            self.fail,
            self.fail,
            self.hand_over,
            self.cancel,
            self.cancel,
            self.stop,
            self.retry,
            self.retry,
            self.start_again,
            self.delete,
            self.drop,
            self.another_step,
            self.stranger,
        ]
        act = self.random.choice(acts)
        act()
        self.recount.look()
        return act.__name__

    def _one(self, *states: str, last: bool = True) -> Try | None:
        found = [
            one
            for one, is_last in self.recount.tries()
            if one.status in states and (is_last or not last)
        ]
        return self.random.choice(found) if found else None

    def _held(self) -> Job | None:
        return self.jobs.pop(self.random.choice(sorted(self.jobs))) if self.jobs else None

    def begin(self) -> None:
        """A batch with some children, one of which is asked for twice."""
        name = self.random.choice(NAMES)
        many = self.random.randint(1, 4)
        ids = [f"e{self.number + n}" for n in range(many)]
        self.number += many
        items = [child(id) for id in [*ids, ids[0]]]
        assert self.director.commit(self.steps[name], *items, reached=GO_ON) is Verdict.CONTINUE

    def start_again(self) -> None:
        """Some campaign asks for what there may be already, and to try it again."""
        name = self.random.choice(NAMES)
        id = f"e{self.random.randint(0, max(0, self.number - 1))}"
        self.director.commit(self.steps[name], child(id, again=True), reached=GO_ON)

    def stranger(self) -> None:
        """Somebody starts one that a campaign will ask for, or has."""
        id = f"e{self.random.randint(0, self.number + 2)}"
        try:
            self.director.start(external_id=id)
        except Conflict:
            return

    def take(self) -> None:
        one = self._one("queued")
        if one is not None:
            job = self.director.running.take(one.id, "a-worker")
            if job is not None:
                self.jobs[one.id] = job

    def succeed(self) -> None:
        job = self._held()
        if job is not None:
            self.director.running.complete(job)

    def fail(self) -> None:
        job = self._held()
        if job is not None:
            self.director.fail(job, self.random.choice(["torn", "lost", "odd"]))

    def hand_over(self) -> None:
        job = self._held()
        if job is not None:
            self.director.running.hand_over(job)

    def stop(self) -> None:
        one = self._one("canceling")
        if one is not None and one.id in self.jobs:
            self.director.running.stop(self.jobs.pop(one.id))

    def cancel(self) -> None:
        one = self._one("queued", "running", "canceling")
        if one is not None:
            force = self.random.random() < 0.3
            self.director.cancel_one(one.id, force=force)
            if force:
                self.jobs.pop(one.id, None)

    def retry(self) -> None:
        one = self._one("failed", "canceled", "succeeded")
        if one is not None:
            self.director.retry(one.id)

    def delete(self) -> None:
        """Some at once, of one chain perhaps."""
        found = [one for one, _ in self.recount.tries() if one.status in ENDED]
        some = self.random.sample(found, min(len(found), self.random.choice([1, 1, 1, 2, 6])))
        with self.director.house.database.write() as tx:
            gone = deletions.hide(tx, "default", [one.id for one in some])
        assert set(gone) == {one.id for one in some}
        self.recount.forget(set(gone))

    def drop(self) -> None:
        with self.director.house.database.write() as tx:
            while deletions.drop(tx):
                pass

    def another_step(self) -> None:
        """A step ends somehow; its campaign goes on with another when its children are done."""
        name = self.random.choice(NAMES)
        if self.director.get(name).children.active:
            return
        how = self.random.choice(["complete", "fail", "cancel"])
        step = self.steps[name]
        if how == "complete":
            self.director.commit(step, reached=GO_ON)
            self.director.running.complete(step)
        elif how == "fail":
            self.director.fail(step)
            self.director.resume(name)
        else:
            self.director.cancel_one(step.hold.ingestion_id, force=True)
            self.director.resume(name)
        self.director.sweep()
        self.steps[name] = self.director.step(name)


@pytest.mark.parametrize(("database_kind", "seed"), _SEEDS, indirect=["database_kind"])
def test_counts_are_those_of_a_recount_after_everything_that_may_happen(
    director: Director, seed: int
) -> None:
    chance = Chance(director, seed)
    happened: list[str] = []
    for _ in range(80):
        happened.append(chance.go())
        for name in NAMES:
            assert told(director, name) == chance.recount.of(name), happened[-8:]
    assert len(chance.recount.chains) > 5


def test_a_retry_in_another_campaign_is_counted_there_and_comes_back_when_it_is_deleted(
    director: Director,
) -> None:
    for name in NAMES:
        director.create(name)
    director.commit(director.step("x"), child("one"), reached=GO_ON)
    director.cancel_one(director.queued("x")[0].id)
    second = director.step("y")
    director.commit(second, child("one"), reached=GO_ON)
    assert (told(director, "x")[0], told(director, "y")[0]) == ({"canceled": 1}, {})
    director.commit(second, child("one", again=True), reached=GO_ON)
    assert (told(director, "x")[0], told(director, "y")[0]) == ({}, {"queued": 1})
    director.finish("y")
    (retried,) = director.children("y")
    director.house.service.deletions.delete(director.principal, retried.id)
    assert told(director, "x")[0] == {"canceled": 1}
    assert told(director, "y")[0] == {"succeeded": 1}


def test_what_is_tried_again_outside_of_a_campaign_stays_counted_in_its_own(
    director: Director,
) -> None:
    director.create("x")
    step = director.step("x")
    director.commit(step, child("one"), reached=Reached(next_position=None))
    director.running.complete(step)
    director.fail(director.take(director.queued("x")[0].id), "torn")
    assert told(director, "x") == ({"failed": 1}, {"torn": 1})
    assert director.where("x") == ("failed", "some_children_failed")
    loose = director.start()
    director.commit(director.take(loose.id), child("one", again=True), child("two"))
    assert told(director, "x") == ({"queued": 1}, {})
    (again,) = director.queued("x")
    assert again.parent_ingestion_id == loose.id
    director.finish("x")
    assert told(director, "x") == ({"succeeded": 1}, {})
    assert director.where("x") == ("succeeded", "completed")


def test_what_is_tried_again_of_a_canceled_campaign_is_not_canceled_with_it(
    director: Director,
) -> None:
    director.create("x")
    director.commit(director.step("x"), child("one"), reached=GO_ON)
    director.cancel("x", force=True)
    director.sweep()
    assert director.where("x") == ("canceled", "requested")
    loose = director.start()
    director.commit(director.take(loose.id), child("one", again=True))
    director.sweep()
    assert director.where("x") == ("canceled", "requested")
    query = IngestionQuery(parent_ingestion_id=loose.id)
    reading = director.house.service.reading
    (again,) = reading.list(director.principal, query, cursor=None, per_page=10).items
    assert (again.status, again.campaign_id) == ("queued", None)


def test_a_deleted_retry_in_the_middle_changes_no_count(director: Director) -> None:
    director.create("x")
    director.commit(director.step("x"), child("one"), reached=GO_ON)
    (first,) = director.queued("x")
    director.cancel_one(first.id)
    second = director.retry(first.id)
    director.fail(director.take(second.id), "torn")
    third = director.retry(second.id)
    director.running.complete(director.take(third.id))
    assert told(director, "x") == ({"succeeded": 1}, {})
    director.house.service.deletions.delete(director.principal, second.id)
    assert told(director, "x") == ({"succeeded": 1}, {})
    director.house.service.deletions.delete(director.principal, third.id)
    assert told(director, "x") == ({"canceled": 1}, {})


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_many_at_once_neither_miscount_nor_stand_in_each_others_way(director: Director) -> None:
    """Callers and workers at the same children, without an order: nobody is told that the database
    does not answer."""
    for name in NAMES:
        director.create(name)
    steps = {name: director.step(name) for name in NAMES}
    for name, step in steps.items():
        director.commit(step, *(child(f"{name}{n}") for n in range(12)), reached=GO_ON)
    ids = [one.id for name in NAMES for one in director.queued(name)]
    lock = threading.Lock()
    unexpected: list[Exception] = []
    deleted: list[str] = []

    def one_of(chance: random.Random) -> str:
        with lock:
            return chance.choice(ids)

    def act(chance: random.Random, name: str | None) -> None:
        id = one_of(chance)
        match chance.randrange(7):
            case 0 | 1:
                job = director.running.take(id, "a-worker")
                if job is not None:
                    if chance.random() < 0.5:
                        director.fail(job)
                    else:
                        director.running.complete(job)
            case 2:
                director.cancel_one(id, force=True)
            case 3 | 4:
                new = director.retry(id)
                with lock:
                    ids.append(new.id)
            case 5:
                some = [one_of(chance) for _ in range(3)]
                with director.house.database.write() as tx:
                    gone = deletions.hide(tx, "default", some)
                with lock:
                    deleted.extend(gone)
            case _ if name is not None:
                # One worker holds a step: in a campaign batches come one after the other.
                again = [child(f"{name}{chance.randrange(12)}", again=True) for _ in range(3)]
                director.commit(steps[name], *again, reached=GO_ON)

    def work(number: int) -> None:
        chance = random.Random(number)
        name = NAMES[number] if number < len(NAMES) else None
        for _ in range(20):
            try:
                act(chance, name)
            except (Conflict, NotFound):
                continue
            except OsaError as exc:
                with lock:
                    unexpected.append(exc)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(6)))
    assert not unexpected
    # Nothing was dropped: what was deleted is still in the table, and its chain can be read there.
    for name in NAMES:
        assert told(director, name)[0] == _leaves(director.house, name)


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_batch_that_tries_children_again_waits_in_no_circle_with_their_callers(
    director: Director,
) -> None:
    """Both take an ingestion's row before the campaign's."""
    director.create("x")
    step = director.step("x")
    items = [child(f"e{n}", again=True) for n in range(8)]
    director.commit(step, *items, reached=GO_ON)
    unexpected: list[Exception] = []
    over = threading.Event()

    def batches() -> None:
        try:
            for _ in range(12):
                director.commit(step, *items, reached=GO_ON)
        except OsaError as exc:
            unexpected.append(exc)
        finally:
            over.set()

    def callers(number: int) -> None:
        chance = random.Random(number)
        while not over.is_set():
            for one in chance.sample(director.children("x"), 6):
                if one.retried_by is None:
                    try:
                        director.cancel_one(one.id)
                        if number:
                            director.retry(one.id)
                    except (Conflict, NotFound):
                        continue
                    except OsaError as exc:
                        unexpected.append(exc)

    with ThreadPoolExecutor(4) as threads:
        work = [threads.submit(batches), *(threads.submit(callers, n) for n in range(3))]
        for one in work:
            one.result(60)
    assert not unexpected
    assert told(director, "x")[0] == _leaves(director.house, "x")


def _leaves(house: House, campaign_id: str) -> dict[str, int]:
    """From the rows: each that was not tried again is counted, but for a deleted one that another
    has taken the place of."""
    i = ingestion.c
    with house.database.read() as tx:
        rows = tx.execute(
            select(i.id, i.root_id, i.tenant, i.status, i.retried_by, i.created_at)
            .where(i.campaign_id == campaign_id, i.campaign_step.is_(None))
            .order_by(i.created_at, i.id)
        ).all()
    chains: dict[str, list[tuple[str, str, str | None]]] = {}
    for row in rows:
        chains.setdefault(row.root_id, []).append((row.tenant, row.status, row.retried_by))
    counts: Counter[str] = Counter()
    for chain in chains.values():
        there = [one for one in chain if one[0] != deletions.NOBODY]
        assert sum(one[2] is None for one in there) <= 1, "two that could be retried"
        # Once all are gone it is counted as the one that went last, which had no retry any more.
        counts[there[-1][1] if there else next(one[1] for one in chain if one[2] is None)] += 1
    return dict(counts)
