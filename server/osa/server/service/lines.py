"""What the log of an ingestion says of its changes of hand, beside what its convention says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from osa.server.model import Fault, Ingestion, Status
from osa.server.store.logs import NewLine

#: Characters of a cursor that are shown.
_CURSOR_LENGTH = 200


def taken(ingestion: Ingestion, worker: str, cursor: Mapping[str, Any]) -> NewLine:
    said = f"Taken by {worker}"
    if ingestion.attempt > 1 or cursor:
        said += f" for attempt {ingestion.attempt}: goes on after {_items(ingestion.counts.seen)}"
        shown = json.dumps(dict(cursor), ensure_ascii=False)
        if len(shown) > _CURSOR_LENGTH:
            shown = f"{shown[:_CURSOR_LENGTH]}…"
        said += f", from the cursor {shown}"
    return NewLine(level="info", message=f"{said}.", attempt=ingestion.attempt)


def waits(ingestion: Ingestion, error: Fault | None, wait_seconds: float | None) -> NewLine:
    """It is in the queue again, and why."""
    match ingestion.status_reason:
        case "handed_over":
            level, said = "info", "Handed over: its worker stops, and another goes on."
        case "worker_lost":
            level, said = "warning", "Its worker gave no sign of life; another goes on."
        case _:
            level, said = "warning", f"Waits again ({ingestion.status_reason})."
            if wait_seconds is not None:
                said = f"Backs off for {wait_seconds:.1f} seconds."
    return NewLine(level=level, message=said + _why(error), attempt=ingestion.attempt)


def missing(ingestion: Ingestion, number: int) -> NewLine:
    """A retry of failed items was read to its end, and not all of them came."""
    of = number + ingestion.counts.seen
    return NewLine(
        level="warning",
        message=f"{number} of {_items(of)} that were to be tried again did not come: the source has"
        " them no more, or they have other identities with the parameters of this retry.",
        attempt=ingestion.attempt,
    )


def ended(ingestion: Ingestion, *, lost: bool = False) -> NewLine:
    """It is done, and how."""
    counts = ingestion.counts
    said = f"Ended: {ingestion.status} ({ingestion.status_reason}), with {_items(counts.seen)}"
    said += f", {counts.failures} of them rejected or failed." if counts.failures else "."
    if lost:
        said = f"Its worker gave no sign of life. {said}"
    level = "error" if ingestion.status is Status.FAILED else "warning" if lost else "info"
    return NewLine(
        level=level, message=said + _why(ingestion.error), attempt=ingestion.attempt or None
    )


def _items(number: int) -> str:
    return "1 item" if number == 1 else f"{number} items"


def _why(error: Fault | None) -> str:
    if error is None:
        return ""
    return f" {error.detail} ({error.kind})" + (f" {error.hint}" if error.hint else "")
