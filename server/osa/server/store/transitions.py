"""What every statement that changes a status says: from where it may come, and what it writes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from osa.server.model.machine import Transition
from osa.server.store.columns import now
from osa.server.store.tables import ingestion


def leaving(transition: Transition) -> ColumnElement[bool]:
    """The guard: the ingestion is where the transition begins."""
    return ingestion.c.status == transition.source


def moved(transition: Transition, reason: str) -> dict[str, Any]:
    """The columns that tell of it. A reason that the lifecycle does not know is a defect."""
    if reason not in transition.reasons:
        raise ValueError(f"{reason!r} is no reason to {transition.name}.")
    values: dict[str, Any] = {
        "status": transition.target,
        "status_reason": reason,
        "updated_at": now(),
    }
    if transition.target.done:
        values |= {"ended_at": now(), "worker_id": None}
    return values
