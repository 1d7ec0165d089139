"""Words that have a closed list of values: states, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Status(StrEnum):
    """Where an ingestion is. Exactly three ended states, for ever."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELING = "canceling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def done(self) -> bool:
        return self in ENDED


ENDED = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELED})
ACTIVE = frozenset(Status) - ENDED
#: A worker holds the ingestion in these.
HELD = frozenset({Status.RUNNING, Status.CANCELING})

#: What a filter understands beside the states themselves; never emitted.
STATUS_SYNONYMS: Mapping[str, frozenset[Status]] = {
    "active": ACTIVE,
    "cancelled": frozenset({Status.CANCELED}),
    "pending": frozenset({Status.QUEUED}),
    "completed": frozenset({Status.SUCCEEDED}),
    "success": frozenset({Status.SUCCEEDED}),
    "failure": frozenset({Status.FAILED}),
}


class Outcome(StrEnum):
    """What became of an item."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REJECTED = "rejected"
    FAILED = "failed"
