"""What can be done with an ingestion, and why the rest cannot: the one place of these rules.

`allowed_actions` shows them; the write paths ask `refusal` why a guarded statement did not land.
What lies outside of the ingestion (its convention, the disk, its source) is judged when it is
asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from osa.server.errors import (
    Conflict,
    IngestionActive,
    IngestionAlreadyEnded,
    IngestionAlreadyRetried,
    NothingToRetry,
)
from osa.server.model.ingestion import Ingestion
from osa.server.model.machine import Status
from osa.server.model.status import RetryScope

#: It was read to its end, and so many items were bad that it failed.
_READ_AND_FAILED = frozenset({"some_items_failed", "all_items_failed"})


class Action(StrEnum):
    """Something that can be done with an ingestion."""

    CANCEL = "cancel"
    FORCE_CANCEL = "force_cancel"
    RETRY_FAILED_ITEMS = "retry_failed_items"
    RETRY_REMAINING = "retry_remaining"
    RETRY_ALL = "retry_all"
    DELETE = "delete"

    @classmethod
    def retry(cls, scope: RetryScope) -> Action:
        return cls(f"retry_{scope}")


_SCOPES = {Action.retry(scope): scope for scope in RetryScope}


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why an action is not possible now."""

    #: The code of the problem that `error` becomes.
    code: str
    #: In words, for somebody who has the ingestion before their eyes.
    reason: str
    #: What the write path raises.
    error: Conflict


@dataclass(frozen=True, kw_only=True)
class AllowedAction:
    """Whether an action would be accepted now; code and reason when not."""

    action: Action
    allowed: bool
    code: str | None = None
    reason: str | None = None


def allowed_actions(ingestion: Ingestion) -> Sequence[AllowedAction]:
    """All actions, in their order."""
    return [_judged(ingestion, action) for action in Action]


def _judged(ingestion: Ingestion, action: Action) -> AllowedAction:
    why = refusal(ingestion, action)
    if why is None:
        return AllowedAction(action=action, allowed=True)
    return AllowedAction(action=action, allowed=False, code=why.code, reason=why.reason)


def refusal(ingestion: Ingestion, action: Action) -> Refusal | None:
    """Why the action is not possible in this state; None when it is."""
    match action:
        case Action.CANCEL | Action.FORCE_CANCEL:
            # A cancel of what is canceled is answered like the first one, and changes nothing.
            if not ingestion.done:
                return None
            return Refusal(
                code="INGESTION_ALREADY_ENDED",
                reason="It has ended.",
                error=IngestionAlreadyEnded(ingestion),
            )
        case _ if not ingestion.done:
            return Refusal(
                code="INGESTION_ACTIVE",
                reason="It is not done; cancel it first.",
                error=IngestionActive(ingestion.id, ingestion.status),
            )
        case Action.DELETE:
            return None
    return _no_retry(ingestion, _SCOPES[action])


def _no_retry(ingestion: Ingestion, scope: RetryScope) -> Refusal | None:
    if ingestion.retried_by is not None:
        return Refusal(
            code="INGESTION_ALREADY_RETRIED",
            reason=f"It was retried by {ingestion.retried_by}; retry that one.",
            error=IngestionAlreadyRetried(ingestion.id, ingestion.retried_by),
        )
    why = None
    if ingestion.is_step:
        why = (
            f"It is a step of the campaign {ingestion.campaign_id}, which goes on after its last"
            f" batch by itself: `osa campaign resume {ingestion.campaign_id}`."
        )
    elif scope is RetryScope.FAILED_ITEMS and not ingestion.counts.failures:
        why = "No item was rejected or failed."
    elif scope is RetryScope.REMAINING and was_read_to_its_end(ingestion):
        why = "Its source was read to the end."
    if why is None:
        return None
    return Refusal(
        code="NOTHING_TO_RETRY", reason=why, error=NothingToRetry(ingestion.id, scope, why)
    )


def was_read_to_its_end(ingestion: Ingestion) -> bool:
    """Whether nothing is left behind its cursor: of its source, or under its limit. One that stops
    early may have been at its end when it stopped; then going on finds nothing."""
    if not ingestion.done:
        return False
    if ingestion.status is Status.SUCCEEDED:
        return True
    if ingestion.limit is not None and ingestion.counts.seen >= ingestion.limit:
        return True
    return ingestion.status_reason in _READ_AND_FAILED and not ingestion.stop_early
