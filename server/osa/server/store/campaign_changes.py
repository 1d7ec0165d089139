"""How campaigns change: each is one guarded statement, and what the server itself looks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from osa.server.model import Status
from osa.server.store.campaigns import IDLE, OVER, STATUS, STEP_ACTIVE, STEP_FINE
from osa.server.store.columns import micros, now
from osa.server.store.deletions import NOBODY
from osa.server.store.tables import UNSETTLED, campaign, ingestion

_AT_ONCE = 100

_row = campaign.c


def begin_step(connection: Connection, key: str, position: int, step_id: str) -> int | None:
    """The ingestion is the next step: its number. None when another position is next, something is
    active, or the campaign was canceled. Whoever comes at the same moment waits, and finds so."""
    return connection.execute(
        update(campaign)
        .where(
            _row.id == key,
            _row.wanted != "stop",
            _row.requeue.is_(None),
            _row.next_position == position,
            IDLE,
        )
        .values(
            step_count=_row.step_count + 1,
            step_id=step_id,
            step_status=Status.QUEUED,
            updated_at=now(),
        )
        .returning(_row.step_count)
    ).scalar()


_LOCK: Select[Any] = (
    select(
        _row.tenant,
        _row.wanted,
        _row.cancel_by,
        _row.cancel_reason,
        _row.cancel_grace_seconds,
        _row.cancel_force,
    )
    .where(_row.id == bindparam("key"))
    .with_for_update()
)


def lock(connection: Connection, key: str) -> Row[Any]:
    """What is wanted of it; nobody wants something else until the transaction ends."""
    return connection.execute(_LOCK, {"key": key}).one()


def reach(
    connection: Connection,
    key: str,
    *,
    next_position: int | None,
    total_children: int | None,
    memo: Mapping[str, Any],
) -> None:
    """So far it is now; without a total the one that was said before stays."""
    values: dict[str, Any] = {"next_position": next_position, "memo": dict(memo)}
    if total_children is not None:
        values["total_children"] = total_children
    connection.execute(update(campaign).where(_row.id == key).values(**values, updated_at=now()))


def end_where(connection: Connection, key: str, position: int) -> None:
    """A step that began here has succeeded. When it is where it was, there is no more."""
    connection.execute(
        update(campaign)
        .where(_row.id == key, _row.next_position == position)
        .values(next_position=None, updated_at=now())
    )


def pause(connection: Connection, key: str) -> bool:
    """False when it is over or canceled."""
    return _want(connection, key, and_(_row.wanted != "stop", ~OVER), {"wanted": "pause"})


def stop(
    connection: Connection,
    key: str,
    *,
    by: str,
    reason: str | None,
    grace_seconds: int,
    force: bool,
) -> bool:
    """No step begins any more; False when it is over. Asked again, who asked first stays, and what
    is more urgent counts."""
    asked = _row.wanted == "stop"
    return _want(
        connection,
        key,
        or_(asked, ~OVER),
        {
            "wanted": "stop",
            # Its end stays when it was.
            "updated_at": case((and_(asked, IDLE), _row.updated_at), else_=now()),
            "requeue": None,
            "cancel_by": case((asked, _row.cancel_by), else_=by),
            "cancel_reason": case((asked, _row.cancel_reason), else_=reason),
            "cancel_grace_seconds": case(
                (and_(asked, _row.cancel_grace_seconds < grace_seconds), _row.cancel_grace_seconds),
                else_=grace_seconds,
            ),
            "cancel_force": literal(True)
            if force
            else case((asked, _row.cancel_force), else_=False),
        },
    )


def resume(connection: Connection, key: str, *, requeue_failed: bool) -> bool:
    """It goes on; False while it is being canceled, and when there is nothing to go on with.
    Children that were canceled with it are started again; with `requeue_failed` all that did not
    succeed."""
    stopped = _row.wanted == "stop"
    bad = _row.failed + _row.canceled > 0
    again = and_(literal(requeue_failed), bad)
    states = case(
        (again, f"{Status.CANCELED},{Status.FAILED}"),
        (and_(stopped, _row.canceled > 0), str(Status.CANCELED)),
        else_=_row.requeue,
    )
    begun = or_(again, stopped)
    return _want(
        connection,
        key,
        or_(and_(stopped, IDLE), and_(~stopped, or_(~OVER, again))),
        {
            "wanted": "run",
            "step_status": case((STEP_ACTIVE, _row.step_status), else_=None),
            "requeue": states,
            "requeue_until": case((begun, now()), else_=_row.requeue_until),
            "requeue_after": case((begun, ""), else_=_row.requeue_after),
        },
    )


def _want(
    connection: Connection, key: str, guard: ColumnElement[bool], values: Mapping[str, Any]
) -> bool:
    changed = connection.execute(
        update(campaign)
        .where(_row.id == key, guard)
        .values({"updated_at": now(), **values})
        .returning(_row.id)
    ).first()
    return changed is not None


# Spelled as the partial index is; it is an "or", and stands in brackets beside anything else.
_UNSETTLED = (
    select(campaign, STATUS.label("status"), and_(IDLE, STEP_FINE).label("is_ready"))
    .where(literal_column(f"({UNSETTLED})"))
    .order_by(_row.id)
    .limit(_AT_ONCE)
)


def unsettled(connection: Connection, *, after: str = "") -> Sequence[Row[Any]]:
    """Campaigns that the server has something to do for, after one; `is_ready`: for a step."""
    return connection.execute(_UNSETTLED.where(_row.id > after)).all()


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


def latest_tries(
    connection: Connection, tenant: str, external_ids: Collection[str]
) -> Mapping[str, Row[Any]]:
    """Of the ingestions with these external ids those that are there: the last try of each (id,
    root_id, status, and its campaign, unless that was canceled), by external id."""
    first, last = ingestion.alias("first"), ingestion.alias("last")
    tries: Select[Any] = (
        select(
            first.c.external_id,
            last.c.id,
            last.c.root_id,
            last.c.status,
            _row.id.label("campaign_key"),
            _row.campaign_id,
        )
        .join(last, last.c.root_id == first.c.root_id)
        .outerjoin(campaign, and_(_row.id == last.c.campaign_key, _row.wanted != "stop"))
        .where(
            first.c.tenant == tenant,
            first.c.external_id.in_(sorted(external_ids)),
            last.c.retried_by.is_(None),
            last.c.tenant == tenant,
        )
    )
    return {row.external_id: row for row in connection.execute(tries)}
