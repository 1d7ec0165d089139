"""The run lifecycle: states and transitions. Made from `x-osa-state-machine` in
openapi.yaml by `nox -s generate`; never edited."""

from __future__ import annotations

from dataclasses import dataclass
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
#: A worker holds the ingestion in these.
HELD = frozenset({Status.RUNNING, Status.CANCELING})
ACTIVE = frozenset(Status) - ENDED


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One way from a state to another; there is no other way than these."""

    name: str
    #: None: it comes into being.
    source: Status | None
    target: Status
    #: api, worker or sweeper.
    by: frozenset[str]
    #: The `status_reason`s that it may give.
    reasons: frozenset[str]
    #: The type of its event.
    event: str


#: A start or a retry was accepted.
ACCEPT = Transition(
    name="accept",
    source=None,
    target=Status.QUEUED,
    by=frozenset({"api"}),
    reasons=frozenset({"waiting_for_slot"}),
    event="ingestion_created",
)

#: A worker took it.
TAKE = Transition(
    name="take",
    source=Status.QUEUED,
    target=Status.RUNNING,
    by=frozenset({"worker"}),
    reasons=frozenset({"running"}),
    event="ingestion_started",
)

#: It waits for another attempt; counts and cursor are kept.
REQUEUE = Transition(
    name="requeue",
    source=Status.RUNNING,
    target=Status.QUEUED,
    by=frozenset({"sweeper", "worker"}),
    reasons=frozenset({"backing_off", "handed_over", "worker_lost"}),
    event="ingestion_requeued",
)

#: Its source was read to the end.
SUCCEED = Transition(
    name="succeed",
    source=Status.RUNNING,
    target=Status.SUCCEEDED,
    by=frozenset({"worker"}),
    reasons=frozenset({"completed"}),
    event="ingestion_succeeded",
)

#: It cannot go on, or its time is over.
FAIL = Transition(
    name="fail",
    source=Status.RUNNING,
    target=Status.FAILED,
    by=frozenset({"sweeper", "worker"}),
    reasons=frozenset(
        {
            "all_items_failed",
            "config",
            "convention",
            "convention_changed",
            "deadline_exceeded",
            "internal",
            "some_items_failed",
            "source",
            "storage",
            "worker_lost",
        }
    ),
    event="ingestion_failed",
)

#: Its time was over before a worker took it.
EXPIRE = Transition(
    name="expire",
    source=Status.QUEUED,
    target=Status.FAILED,
    by=frozenset({"sweeper"}),
    reasons=frozenset({"deadline_exceeded"}),
    event="ingestion_failed",
)

#: Canceled before a worker took it.
DROP = Transition(
    name="drop",
    source=Status.QUEUED,
    target=Status.CANCELED,
    by=frozenset({"api"}),
    reasons=frozenset({"requested"}),
    event="ingestion_canceled",
)

#: A cancel was asked for.
ASK_TO_STOP = Transition(
    name="ask_to_stop",
    source=Status.RUNNING,
    target=Status.CANCELING,
    by=frozenset({"api"}),
    reasons=frozenset({"canceling"}),
    event="cancel_requested",
)

#: The work has stopped, or was ended.
STOP = Transition(
    name="stop",
    source=Status.CANCELING,
    target=Status.CANCELED,
    by=frozenset({"api", "sweeper", "worker"}),
    reasons=frozenset({"cancel_deadline", "forced", "requested"}),
    event="ingestion_canceled",
)

#: Canceled by force.
ABORT = Transition(
    name="abort",
    source=Status.RUNNING,
    target=Status.CANCELED,
    by=frozenset({"api"}),
    reasons=frozenset({"forced"}),
    event="ingestion_canceled",
)

#: The last item was committed before the worker saw the request.
FINISH_LATE = Transition(
    name="finish_late",
    source=Status.CANCELING,
    target=Status.SUCCEEDED,
    by=frozenset({"worker"}),
    reasons=frozenset({"too_late_to_cancel"}),
    event="ingestion_succeeded",
)

TRANSITIONS = (
    ACCEPT,
    TAKE,
    REQUEUE,
    SUCCEED,
    FAIL,
    EXPIRE,
    DROP,
    ASK_TO_STOP,
    STOP,
    ABORT,
    FINISH_LATE,
)
