"""Canceling one ingestion, in the caller's transaction: which transition, and all that is written
with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from osa.server.model.machine import ABORT, ASK_TO_STOP, DROP
from osa.server.service import facts
from osa.server.service.leaving import tell_end
from osa.server.store import cancels, events, holds, sweeps
from osa.server.store.rows import ingestion_of


@dataclass(frozen=True, kw_only=True)
class Manner:
    """Who cancels, why, and how patiently."""

    by: str
    reason: str | None
    grace_seconds: float
    force: bool = False

    @classmethod
    def of_campaign(cls, asked: Row[Any], *, force: bool) -> Manner:
        """As the campaign was canceled, whose locked row this is."""
        return cls(
            by=asked.cancel_by,
            reason=asked.cancel_reason,
            grace_seconds=asked.cancel_grace_seconds,
            force=force,
        )


def cancel(tx: Connection, tenant: str, ingestion_id: str, how: Manner) -> bool:
    """Whether a transition was made."""
    by, reason = how.by, how.reason
    row = cancels.cancel_queued(tx, tenant, ingestion_id, by=by, reason=reason)
    if row is not None:
        tell_end(tx, ingestion_of(row), DROP)
        return True
    if how.force:
        row = cancels.cancel_by_force(tx, tenant, ingestion_id, by=by, reason=reason)
        if row is None:
            return False
        hold = holds.Hold(ingestion_id=ingestion_id, attempt=row.attempt)
        holds.end_attempt(tx, hold, reason="canceled")
        ended = ingestion_of(row)
        tell_end(tx, ended, ABORT)
        sweeps.let_pass(tx, ended)
        return True
    row = cancels.cancel_running(
        tx, tenant, ingestion_id, by=by, reason=reason, grace_seconds=how.grace_seconds
    )
    if row is None:
        return False
    asked = ingestion_of(row)
    data = facts.state(asked) | {"cancel": facts.cancellation(asked)}
    events.append(tx, ingestion_id, ASK_TO_STOP.event, data, attempt=row.attempt)
    return True
