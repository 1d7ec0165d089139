"""The ways out that whoever works on it does not take: a cancel, its force, and a deadline that
passes in the queue. Each is one guarded statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, case, func, or_, update

from osa.server.model import Fault, Status
from osa.server.model.machine import ABORT, ASK_TO_STOP, DROP, EXPIRE, STOP, Transition
from osa.server.store.columns import micros, now
from osa.server.store.holds import NO_PLACES
from osa.server.store.rows import COLUMNS, fault_to_json
from osa.server.store.tables import ingestion
from osa.server.store.transitions import leaving, moved


def _cancel_values(by: str, reason: str | None, outcome: str) -> dict[str, Any]:
    """Who asked first stays."""
    asked = ingestion.c.cancel_requested_at.is_not(None)
    return {
        "cancel_requested_at": func.coalesce(ingestion.c.cancel_requested_at, now()),
        "cancel_requested_by": case((asked, ingestion.c.cancel_requested_by), else_=by),
        "cancel_reason": case((asked, ingestion.c.cancel_reason), else_=reason),
        "cancel_outcome": outcome,
    }


def _cancel(
    connection: Connection,
    tenant: str,
    ingestion_id: str,
    transition: Transition,
    values: Mapping[str, Any],
) -> Row[Any] | None:
    return connection.execute(
        update(ingestion)
        .where(ingestion.c.id == ingestion_id, ingestion.c.tenant == tenant, leaving(transition))
        .values(**values)
        .returning(*COLUMNS)
    ).first()


def cancel_queued(
    connection: Connection, tenant: str, ingestion_id: str, *, by: str, reason: str | None
) -> Row[Any] | None:
    """queued -> canceled, at once; a worker that comes later fails its guard."""
    values = moved(DROP, "requested") | _cancel_values(by, reason, "stopped")
    return _cancel(connection, tenant, ingestion_id, DROP, values)


def cancel_running(
    connection: Connection,
    tenant: str,
    ingestion_id: str,
    *,
    by: str,
    reason: str | None,
    grace_seconds: float,
) -> Row[Any] | None:
    """running -> canceling, with a deadline that a sweeper keeps."""
    values = moved(ASK_TO_STOP, "canceling") | _cancel_values(by, reason, "pending")
    values["cancel_deadline_at"] = now() + micros(grace_seconds)
    return _cancel(connection, tenant, ingestion_id, ASK_TO_STOP, values)


def cancel_by_force(
    connection: Connection, tenant: str, ingestion_id: str, *, by: str, reason: str | None
) -> Row[Any] | None:
    """running or canceling -> canceled, at once; whoever holds it has lost its right."""
    for transition in (ABORT, STOP):
        values = moved(transition, "forced") | _cancel_values(by, reason, "forced") | NO_PLACES
        row = _cancel(connection, tenant, ingestion_id, transition, values)
        if row is not None:
            return row
    return None


def expire_queued(connection: Connection, ingestion_id: str, error: Fault) -> Row[Any] | None:
    """queued -> failed: its deadline has passed before a worker took it."""
    return connection.execute(
        update(ingestion)
        .where(ingestion.c.id == ingestion_id, leaving(EXPIRE), ingestion.c.deadline_at <= now())
        .values(
            **moved(EXPIRE, "deadline_exceeded"),
            error=fault_to_json(error),
            error_kind=error.kind,
        )
        .returning(*COLUMNS)
    ).first()


def hasten_cancel(
    connection: Connection, tenant: str, ingestion_id: str, *, grace_seconds: float
) -> bool:
    """Move the deadline of a canceling ingestion forward, never back; whether it was moved."""
    sooner = now() + micros(grace_seconds)
    row = connection.execute(
        update(ingestion)
        .where(
            ingestion.c.id == ingestion_id,
            ingestion.c.tenant == tenant,
            ingestion.c.status == Status.CANCELING,
            or_(ingestion.c.cancel_deadline_at.is_(None), ingestion.c.cancel_deadline_at > sooner),
        )
        .values(updated_at=now(), cancel_deadline_at=sooner)
        .returning(ingestion.c.id)
    ).first()
    return row is not None
