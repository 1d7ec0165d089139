"""What the server itself looks for in campaigns: those with something to do, and the ingestions
that it has to be done with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    literal_column,
    or_,
    select,
    update,
)

from osa.server.model import Status
from osa.server.store.campaigns import IDLE, STEP_FINE
from osa.server.store.columns import micros, now
from osa.server.store.deletions import NOBODY
from osa.server.store.tables import UNSETTLED, campaign, ingestion

_AT_ONCE = 100

_row = campaign.c


# Spelled as the partial index is; it is an "or", and stands in brackets beside anything else.
_UNSETTLED: Select[Any] = (
    select(
        _row.id,
        _row.tenant,
        _row.campaign_id,
        _row.wanted,
        _row.requeue,
        _row.requeue_until,
        _row.requeue_after,
    )
    .where(
        literal_column(f"({UNSETTLED})"),
        # Those that are at work need nothing.
        or_(_row.wanted == "stop", _row.requeue.is_not(None), and_(IDLE, STEP_FINE)),
        _row.id > bindparam("after"),
    )
    .order_by(_row.id)
    .limit(_AT_ONCE)
)


def unsettled(connection: Connection, *, after: str = "") -> Sequence[Row[Any]]:
    """Campaigns that the server has something to do for, after one: cancels where `wanted` is stop,
    else children to start again where `requeue` says so, else a step."""
    return connection.execute(_UNSETTLED, {"after": after}).all()


def requeueable(
    connection: Connection, key: str, states: Collection[str], until: datetime, after: str
) -> Sequence[str]:
    """Children in these states that were not tried again yet, in the order of their ids."""
    i = ingestion.c
    found: list[str] = []
    # One state at a time: the index has each in this order, and both together not.
    for state in sorted(states):
        found += connection.execute(
            select(i.id)
            .where(
                i.campaign_key == key,
                i.status == state,
                i.campaign_step.is_(None),
                i.retried_by.is_(None),
                i.tenant != NOBODY,
                i.created_at <= until,
                i.id > after,
            )
            .order_by(i.id)
            .limit(_AT_ONCE)
        ).scalars()
    return sorted(found)[:_AT_ONCE]


def requeued(connection: Connection, key: str, until: datetime, after: str | None) -> None:
    """Children up to this one were started again; None: all were. What was asked for since
    stays."""
    values = {"requeue": None} if after is None else {"requeue_after": after}
    connection.execute(
        update(campaign).where(_row.id == key, _row.requeue_until == until).values(**values)
    )


def active(connection: Connection, key: str, states: Collection[str], size: int) -> Sequence[str]:
    """Its ingestions in these states, locked until the transaction ends; those that somebody else
    has locked are left out."""
    return (
        connection.execute(
            select(ingestion.c.id)
            .where(ingestion.c.campaign_key == key, ingestion.c.status.in_(sorted(states)))
            # In no order: nobody is waited for, and to sort a hundred thousand takes its time.
            .limit(size)
            .with_for_update(skip_locked=True)
        )
        .scalars()
        .all()
    )


def hasten(connection: Connection, key: str, *, grace_seconds: float) -> None:
    """Move the deadlines of its canceling ingestions forward, never back."""
    sooner = now() + micros(grace_seconds)
    connection.execute(
        update(ingestion)
        .where(
            ingestion.c.campaign_key == key,
            ingestion.c.status == Status.CANCELING,
            ingestion.c.cancel_deadline_at > sooner,
        )
        .values(updated_at=now(), cancel_deadline_at=sooner)
    )
