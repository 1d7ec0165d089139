"""Words that have a closed list of values; the states themselves are in `machine`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from osa.server.model.machine import ACTIVE, Status

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


class OnConflict(StrEnum):
    """What happens to a start whose place is taken."""

    FAIL = "fail"
    ATTACH = "attach"
    QUEUE = "queue"


class RetryScope(StrEnum):
    """What of an ingestion is done again."""

    FAILED_ITEMS = "failed_items"
    REMAINING = "remaining"
    ALL = "all"
