"""What a campaign has left, read from the database and not from what the API says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from osa.server.model import Status
from osa.server.store.database import Database
from osa.server.store.tables import attempt, campaign, campaign_failure, ingestion, item, record
from osa_testing.soundness import complaints

_STATES = [str(status) for status in Status]


@dataclass(frozen=True, kw_only=True)
class Try:
    """One ingestion of a child."""

    id: str
    status: str
    is_last: bool
    #: Whatever changes an ingestion changes one of these.
    mark: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Left:
    """Two of these are equal when the same was done, in whatever time and in how many attempts."""

    next_position: int | None
    #: Where each step began, in the order of their numbers, and how they ended.
    begins: tuple[int, ...]
    ends: Mapping[str, int]
    #: As the database keeps them.
    counted: Mapping[str, int]
    failures: Mapping[str, int]
    #: By external id, how its tries ended, the first first.
    children: Mapping[str, tuple[str, ...]]
    #: Items of steps and children by convention, outcome, and how often one source_id was seen.
    items: Mapping[tuple[str, str, int], int]
    #: Records by convention and version.
    records: Mapping[tuple[str, int], int]


def left(database: Database, campaign_id: str) -> Left:
    """Everything of one campaign; the records are those of the whole archive."""
    with database.read() as tx:
        row = tx.execute(select(campaign).where(campaign.c.campaign_id == campaign_id)).one()
        steps = tx.execute(
            select(ingestion.c.campaign_step, ingestion.c.start_position, ingestion.c.status)
            .where(ingestion.c.campaign_key == row.id, ingestion.c.campaign_step.is_not(None))
            .order_by(ingestion.c.campaign_step)
        ).all()
        failures = tx.execute(
            select(campaign_failure.c.kind, campaign_failure.c["count"]).where(
                campaign_failure.c.campaign_key == row.id, campaign_failure.c.count > 0
            )
        ).all()
        each = (
            select(ingestion.c.convention_id, item.c.outcome, func.count().label("times"))
            .join(item, item.c.ingestion_id == ingestion.c.id)
            .where(ingestion.c.campaign_key == row.id)
            .group_by(ingestion.c.convention_id, item.c.outcome, item.c.source_id)
            .subquery()
        )
        seen = tx.execute(
            select(each.c.convention_id, each.c.outcome, each.c.times, func.count()).group_by(
                each.c.convention_id, each.c.outcome, each.c.times
            )
        ).all()
        versions = tx.execute(
            select(record.c.convention_id, record.c.version, func.count()).group_by(
                record.c.convention_id, record.c.version
            )
        ).all()
    assert [step.campaign_step for step in steps] == list(range(1, row.step_count + 1)), steps
    return Left(
        next_position=row.next_position,
        begins=tuple(step.start_position for step in steps),
        ends=Counter(step.status for step in steps),
        counted={state: getattr(row, state) for state in _STATES},
        failures=dict(sorted(tuple(one) for one in failures)),
        children={
            name: tuple(one.status for one in tries)
            for name, tries in children(database, campaign_id).items()
        },
        items={(one[0], one[1], one[2]): one[3] for one in seen},
        records={(one[0], one[1]): one[2] for one in versions},
    )


def children(database: Database, campaign_id: str) -> dict[str, list[Try]]:
    """All tries of each child, by external id, the first first."""
    i, first = ingestion.c, ingestion.alias("first")
    key = select(campaign.c.id).where(campaign.c.campaign_id == campaign_id).scalar_subquery()
    with database.read() as tx:
        rows = tx.execute(
            select(first.c.external_id.label("called"), ingestion)
            .join(first, first.c.id == i.root_id)
            .where(first.c.campaign_key == key, first.c.campaign_step.is_(None))
            .order_by(first.c.external_id, i.created_at, i.id)
        ).all()
    found: dict[str, list[Try]] = {}
    for row in rows:
        one = Try(
            id=row.id,
            status=row.status,
            is_last=row.retried_by is None,
            mark=(row.status, row.retried_by, row.attempt, row.last_event, row.updated_at),
        )
        found.setdefault(row.called, []).append(one)
    return found


def recount(database: Database, campaign_id: str) -> dict[str, int]:
    """What the triggers should have counted: every row is read."""
    i = ingestion.c
    key = select(campaign.c.id).where(campaign.c.campaign_id == campaign_id).scalar_subquery()
    with database.read() as tx:
        rows = tx.execute(
            select(i.status, func.count())
            .where(i.campaign_key == key, i.campaign_step.is_(None), i.retried_by.is_(None))
            .group_by(i.status)
        ).all()
    return {**dict.fromkeys(_STATES, 0), **{row[0]: row[1] for row in rows}}


def attempts(database: Database, campaign_id: str) -> int:
    """How often one of its ingestions was taken by a worker."""
    with database.read() as tx:
        return tx.execute(
            select(func.count())
            .select_from(attempt.join(ingestion, ingestion.c.id == attempt.c.ingestion_id))
            .where(ingestion.c.campaign_id == campaign_id)
        ).scalar_one()


def wrong(database: Database, campaign_id: str, expected: Collection[str]) -> Iterator[str]:
    """What is wrong with a campaign that was to make `expected`, by external id, each once."""
    made = children(database, campaign_id)
    if lost := set(expected) - set(made):
        yield f"lost: {len(lost)} children, such as {min(lost)}"
    if extra := set(made) - set(expected):
        yield f"unexpected: {len(extra)} children, such as {min(extra)}"
    good = str(Status.SUCCEEDED)
    for name, tries in made.items():
        ends = [one.status for one in tries]
        if ends.count(good) != 1 or ends[-1] != good:
            yield f"{name}: its tries are {ends}"
        if [one.is_last for one in tries] != [False] * (len(tries) - 1) + [True]:
            yield f"{name}: another try than the newest counts"
    found = left(database, campaign_id)
    counted = recount(database, campaign_id)
    if found.counted != counted:
        yield f"counts: {dict(found.counted)}, but the rows say {counted}"
    if list(found.begins) != sorted(found.begins):
        yield f"steps: they began at {found.begins}"
    if found.next_position is not None:
        yield f"steps: the next one would begin at {found.next_position}"
    with database.read() as tx:
        ids = tx.execute(
            select(ingestion.c.id).where(ingestion.c.campaign_id == campaign_id)
        ).scalars()
        every = list(ids)
    for id in every:
        yield from (f"{id}: {one}" for one in complaints(database, id))
