"""What an event says, in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from osa.server.model import Ingestion


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, with microseconds and `Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def state(ingestion: Ingestion) -> dict[str, Any]:
    """What every event carries: the state after it."""
    return {
        "status": str(ingestion.status),
        "status_reason": ingestion.status_reason,
        "done": ingestion.done,
    }


def state_and_counts(ingestion: Ingestion) -> dict[str, Any]:
    counts = ingestion.counts
    progress = ingestion.progress
    return state(ingestion) | {
        "counts": {
            "seen": counts.seen,
            "created": counts.created,
            "updated": counts.updated,
            "unchanged": counts.unchanged,
            "skipped": counts.skipped,
            "rejected": counts.rejected,
            "failed": counts.failed,
        },
        "progress": {
            "phase": progress.phase,
            "message": progress.message,
            "unit": progress.unit,
            "completed": progress.completed,
            "total": progress.total,
            "percent": progress.percent,
        },
    }


def ended(ingestion: Ingestion) -> dict[str, Any]:
    """The event that ends an ingestion."""
    data = state_and_counts(ingestion) | {"result_completeness": ingestion.result_completeness}
    if ingestion.cancel is not None:
        data["cancel"] = cancellation(ingestion)
    if ingestion.error is not None:
        error = ingestion.error
        data["error"] = {
            "kind": error.kind,
            "detail": error.detail,
            "origin": error.origin,
            "retryable": error.retryable,
            "hint": error.hint,
        }
    return data


def cancellation(ingestion: Ingestion) -> dict[str, Any]:
    cancel = ingestion.cancel
    if cancel is None:
        return {}
    return {
        "requested_at": timestamp(cancel.requested_at),
        "requested_by": cancel.requested_by,
        "reason": cancel.reason,
        "deadline_at": None if cancel.deadline_at is None else timestamp(cancel.deadline_at),
        "outcome": cancel.outcome,
    }
