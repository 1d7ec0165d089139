"""A series: an ingestion and its retries, each of the one before, until everything is published.

What each of them must have seen is worked out from those before it, so that nothing is believed of
what the archive says about itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from osa.server.model import Outcome, RetryScope, Status
from osa.server.store.database import Database
from osa.server.store.tables import ingestion, item
from osa_testing.soundness import complaints

BAD = frozenset({Outcome.REJECTED, Outcome.FAILED})
#: It ended with these after its source was read to the end.
_WHOLE = frozenset({"some_items_failed", "all_items_failed", "completed", "too_late_to_cancel"})


@dataclass(frozen=True, kw_only=True)
class Ending:
    """An ended ingestion, as the database has it. It never changes again."""

    status: Status
    status_reason: str
    last_event: int
    ended_at: object
    items: Mapping[str, Outcome]

    @property
    def bad(self) -> frozenset[str]:
        return frozenset(id for id, outcome in self.items.items() if outcome in BAD)


@dataclass(kw_only=True)
class Member:
    """One ingestion of a series."""

    id: str
    #: The source_ids it is about.
    about: frozenset[str]
    scope: RetryScope | None = None
    ending: Ending | None = None
    #: Its record was deleted; what it published stays.
    deleted: bool = False


@dataclass(kw_only=True)
class Series:
    """`planned` are all source_ids, `skipped` those of them that the convention passes over."""

    planned: frozenset[str]
    skipped: frozenset[str] = frozenset()
    stops_early: bool = False
    members: list[Member] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def last(self) -> Member:
        return self.members[-1]

    def begin(self, ingestion_id: str) -> None:
        self.members.append(Member(id=ingestion_id, about=self.planned))

    def go_on(self, ingestion_id: str, scope: RetryScope) -> None:
        """The last one was retried."""
        self.members.append(Member(id=ingestion_id, about=self._left(scope), scope=scope))

    def settle(self, database: Database) -> Ending | None:
        """Note how the last one ended, and judge it; None while it is not done."""
        last = self.last
        if last.ending is None:
            ending = ending_of(database, last.id)
            if ending is None:
                return None
            found = [*complaints(database, last.id), *self._wrong(last, ending)]
            last.ending = ending
            self.complaints += [f"{last.id}: {one}" for one in found]
        return last.ending

    def next_scope(self) -> RetryScope | None:
        """What to retry the last one with, once it has ended; None when everything is there."""
        if self.done_with >= self.planned:
            return None
        rest, bad = self._left(RetryScope.REMAINING), self._left(RetryScope.FAILED_ITEMS)
        if rest and not bad:
            return RetryScope.REMAINING
        if bad and not rest:
            return RetryScope.FAILED_ITEMS
        # An ingestion has one retry: what is bad and what remains is together only in all.
        return RetryScope.ALL

    @property
    def done_with(self) -> frozenset[str]:
        """What some member has published or passed over."""
        return frozenset(
            id
            for member in self.members
            if member.ending is not None
            for id, outcome in member.ending.items.items()
            if outcome not in BAD
        )

    def judge(self, database: Database) -> list[str]:
        """What is wrong with the series, once it is over."""
        found = list(self.complaints)
        if self.last.ending is None:
            found.append(f"stuck: {self.last.id} has not ended")
        made = Counter(
            id
            for member in self.members
            if member.ending is not None
            for id, outcome in member.ending.items.items()
            if outcome is Outcome.CREATED
        )
        wanted = self.planned - self.skipped
        if lost := wanted - set(made):
            found.append(f"lost: {len(lost)} of {len(wanted)} items, such as {min(lost)}")
        if twice := [id for id, times in made.items() if times > 1]:
            found.append(f"duplicated: {len(twice)} items were created twice, such as {min(twice)}")
        if extra := set(made) - wanted:
            found.append(f"unexpected: {len(extra)} items, such as {min(extra)}")
        return [*found, *self._frozen(database), *self._links(database)]

    def _left(self, scope: RetryScope) -> frozenset[str]:
        """What a retry of the last one is about."""
        last = self.last
        assert last.ending is not None
        match scope:
            case RetryScope.FAILED_ITEMS:
                return last.ending.bad
            case RetryScope.REMAINING:
                return last.about - set(last.ending.items)
        return self.planned

    def _wrong(self, member: Member, ending: Ending) -> Iterator[str]:
        seen = set(ending.items)
        if extra := seen - member.about:
            yield f"unexpected: it is not about {len(extra)} of its items, such as {min(extra)}"
        whole = ending.status_reason in _WHOLE
        if self.stops_early and ending.status is Status.FAILED:
            whole = False
        if whole and (lost := member.about - seen):
            yield f"lost: {len(lost)} items that it is about, such as {min(lost)}"
        before = self.done_with
        for id, outcome in ending.items.items():
            there = {Outcome.CREATED: False, Outcome.UNCHANGED: True}.get(outcome, id in before)
            if outcome is Outcome.UPDATED or there is not (id in before):
                yield f"wrong: {id} is {outcome}, and was {'' if id in before else 'not '}published"

    def _frozen(self, database: Database) -> Iterator[str]:
        for member in self.members:
            if member.ending is None:
                continue
            now = ending_of(database, member.id)
            if member.deleted:
                if now is not None:
                    yield f"{member.id}: it was deleted, and is there"
            elif now != member.ending:
                yield f"{member.id}: ended as {member.ending.status}, and changed since"

    def _links(self, database: Database) -> Iterator[str]:
        columns = (ingestion.c.id, ingestion.c.retry_of, ingestion.c.root_id)
        columns += (ingestion.c.retried_by, ingestion.c.retry_scope)
        with database.read() as tx:
            rows = tx.execute(
                select(*columns).where(ingestion.c.id.in_([one.id for one in self.members]))
            )
            links = {row.id: tuple(row)[1:] for row in rows}
        for number, member in enumerate(self.members):
            if member.deleted or member.id not in links:
                continue
            before = self.members[number - 1] if number else None
            # Where the retry was deleted, the link leads on to that one's own.
            after = next((one for one in self.members[number + 1 :] if not one.deleted), None)
            expected = (
                before.id if before else None,
                self.members[0].id,
                after.id if after else None,
                member.scope,
            )
            if links[member.id] != expected:
                yield f"{member.id}: links {links[member.id]}, expected {expected}"


def ending_of(database: Database, ingestion_id: str) -> Ending | None:
    """How it ended; None when it has not, or is not there."""
    with database.read() as tx:
        row = tx.execute(
            select(
                ingestion.c.status,
                ingestion.c.status_reason,
                ingestion.c.last_event,
                ingestion.c.ended_at,
            ).where(ingestion.c.id == ingestion_id, ingestion.c.tenant == "default")
        ).first()
        if row is None or not Status(row.status).done:
            return None
        items = tx.execute(
            select(item.c.source_id, item.c.outcome).where(item.c.ingestion_id == ingestion_id)
        ).all()
    return Ending(
        status=Status(row.status),
        status_reason=row.status_reason,
        last_event=row.last_event,
        ended_at=row.ended_at,
        items={one.source_id: Outcome(one.outcome) for one in items},
    )


def tally(all_series: Collection[Series]) -> Counter[str]:
    """How the members ended, and what they were."""
    told: Counter[str] = Counter()
    for series in all_series:
        for member in series.members:
            told[f"scope {member.scope or 'first'}"] += 1
            if member.deleted:
                told["deleted"] += 1
            if member.ending is not None:
                told[f"{member.ending.status} {member.ending.status_reason}"] += 1
    return told
