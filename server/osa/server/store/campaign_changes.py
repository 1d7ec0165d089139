"""How campaigns change: each is one guarded statement, and what the server itself looks for."""

from __future__ import annotations

from collections.abc import Mapping
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
    or_,
    select,
    update,
)

from osa.server.model import Status
from osa.server.store.campaigns import IDLE, OVER, STEP_ACTIVE, STEP_FINE
from osa.server.store.columns import now
from osa.server.store.tables import campaign

_row = campaign.c


def begin_step(
    connection: Connection, key: str, position: int, step_id: str, *, by_itself: bool
) -> Row[Any] | None:
    """The ingestion is the next step: `step_count`, which is its number, and the `memo` for it.
    None when another position is next, something is active, or the campaign was canceled; and, when
    nobody asked for this step, also when the campaign rests. Whoever comes at the same moment
    waits, and finds so."""
    may = and_(_row.wanted == "run", STEP_FINE) if by_itself else _row.wanted != "stop"
    begun: Row[Any] | None = connection.execute(
        update(campaign)
        .where(
            _row.id == key,
            may,
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
        .returning(_row.step_count, _row.memo)
    ).first()
    return begun


_LOCK: Select[Any] = (
    select(
        _row.tenant,
        _row.wanted,
        _row.cancel_by,
        _row.cancel_reason,
        _row.cancel_grace_seconds,
        _row.cancel_force,
        _row.requeue_until,
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
    Children of a canceled one that were canceled are started again; with `requeue_failed` all that
    did not succeed."""
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
