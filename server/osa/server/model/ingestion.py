"""One execution of a convention, as it is stored and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from osa.server.model.machine import Status
from osa.server.model.status import Outcome, RetryScope

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What became of the items. `seen` is always the sum."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    failed: int = 0

    @property
    def seen(self) -> int:
        return (
            self.created
            + self.updated
            + self.unchanged
            + self.skipped
            + self.rejected
            + self.failed
        )

    @property
    def failures(self) -> int:
        return self.rejected + self.failed

    @property
    def held(self) -> int:
        """How many items the archive holds now because of this ingestion."""
        return self.created + self.updated + self.unchanged

    def plus(self, outcome: Outcome, by: int = 1) -> Counts:
        values = {name.value: getattr(self, name.value) for name in Outcome}
        values[outcome.value] += by
        return Counts(**values)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far it is. `percent`, `eta` and `stalled` are worked out when it is read."""

    phase: str | None = None
    message: str | None = None
    unit: str | None = None
    completed: int | None = None
    total: int | None = None
    total_is_estimate: bool = False
    percent: float | None = None
    rate_per_second: float | None = None
    eta: datetime | None = None
    stalled: bool = False
    updated_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """The request to cancel, and how it went: pending, stopped, deadline, forced or too_late."""

    requested_at: datetime
    requested_by: str
    reason: str | None
    deadline_at: datetime | None
    outcome: str


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why an ingestion or an attempt failed."""

    kind: str
    detail: str
    #: source, convention, storage, platform or user.
    origin: str
    retryable: bool = False
    attempt: int = 0
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One worker's hold on an ingestion."""

    number: int
    worker: str
    started_at: datetime
    ended_at: datetime | None = None
    end_reason: str | None = None
    error: Fault | None = None


@dataclass(frozen=True, kw_only=True)
class Version:
    """What tells whether an ingestion has changed since; signs of life do not count."""

    last_event: int
    updated_at: datetime
    retried_by: str | None
    stalled: bool
    done: bool


@dataclass(frozen=True, kw_only=True)
class Ingestion:
    """One execution of a convention."""

    id: str
    tenant: str
    status: Status
    status_reason: str
    convention_id: str
    convention_version: str
    #: As stored: `{type, uri?, upload_id?, record_id?, filename?, media_type?, sha256?, size?,
    #: metadata?, item_count?}`; inline data was put into the archive's objects at the start.
    source: JsonObject | None
    parameters: JsonObject
    batch_size: int
    limit: int | None
    name: str | None
    external_id: str | None
    metadata: JsonObject
    labels: Mapping[str, str]
    concurrency_key: str | None
    priority: int
    deadline_seconds: int | None
    #: None means any number.
    max_failed_items: int | None
    stop_early: bool
    retry_of: str | None
    #: The first of the ingestions that were retried from one another; itself when it is no retry.
    root_id: str
    retry_scope: RetryScope | None
    retried_by: str | None
    #: The ingestion that started it.
    parent_ingestion_id: str | None = None
    #: Its campaign, by the database's id and by its creator's.
    campaign_key: str | None = None
    campaign_id: str | None = None
    #: Which step of the campaign it is, where that begins, and what the batch before it left.
    campaign_step: int | None = None
    start_position: int | None = None
    memo: JsonObject | None = None
    created_by: str
    counts: Counts
    progress: Progress
    cancel: Cancellation | None
    error: Fault | None
    attempts: Sequence[Attempt]
    created_at: datetime
    queued_at: datetime
    started_at: datetime | None
    updated_at: datetime
    heartbeat_at: datetime | None
    ended_at: datetime | None
    deadline_at: datetime | None
    #: Before when it is not tried again.
    next_attempt_at: datetime | None
    #: The fence: every write of a worker carries it.
    attempt: int
    #: The number of its last event.
    last_event: int
    #: The database's clock when this was read.
    read_at: datetime
    #: When the server deletes it, by its own settings.
    purge_after: datetime | None = None
    #: How many are taken before it; None when nobody looked.
    queue_position: int | None = None

    @property
    def done(self) -> bool:
        return self.status.done

    @property
    def is_step(self) -> bool:
        """A step of a campaign, which goes on where it broke off by the next one."""
        return self.campaign_step is not None

    @property
    def version(self) -> Version:
        return Version(
            last_event=self.last_event,
            updated_at=self.updated_at,
            retried_by=self.retried_by,
            stalled=self.progress.stalled,
            done=self.done,
        )

    @property
    def result_completeness(self) -> str:
        if self.status is Status.SUCCEEDED and not self.counts.failures:
            return "complete"
        return "partial" if self.counts.held else "none"

    @property
    def too_many_failures(self) -> bool:
        """Whether more items were rejected or failed than may."""
        return self.max_failed_items is not None and self.counts.failures > self.max_failed_items

    @property
    def poll_after_seconds(self) -> int | None:
        """When to ask again, in whole seconds; None once it is done. Sooner when something is about
        to happen, later the longer nothing has."""
        if self.done:
            return None
        if self.status is Status.CANCELING:
            return self._while_canceling()
        if self.status is Status.RUNNING:
            return self._while_running()
        if self.next_attempt_at is not None and self.next_attempt_at > self.read_at:
            left = (self.next_attempt_at - self.read_at).total_seconds()
            return _within(1, ceil(left), 60)
        # Somebody else's turn comes first, ten of them in a second at best.
        waited = (self.read_at - self.queued_at).total_seconds()
        return _within(1, max(waited / 20, (self.queue_position or 0) / 10), 15)

    def _while_running(self) -> int:
        """A quarter of what is left, where that is known; else a twentieth of its age."""
        if self.progress.eta is not None:
            return _within(1, (self.progress.eta - self.read_at).total_seconds() / 4, 15)
        age = (self.read_at - (self.started_at or self.created_at)).total_seconds()
        return _within(1, age / 20, 15)

    def _while_canceling(self) -> int:
        """The item in hand is nearly always small; at the deadline it is over."""
        if self.cancel is None:
            return 1
        asked = (self.read_at - self.cancel.requested_at).total_seconds() / 4
        if self.cancel.deadline_at is None:
            return _within(1, asked, 5)
        left = (self.cancel.deadline_at - self.read_at).total_seconds()
        return _within(1, min(asked, ceil(left)), 5)


def _within(least: int, seconds: float, most: int) -> int:
    return int(max(least, min(most, seconds)))


#: Nothing advanced for so long while heartbeats arrive: `stalled`.
STALLED_AFTER = timedelta(seconds=60)
