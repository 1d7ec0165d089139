"""The values of the house and the rules that need neither HTTP nor SQL. Everything is frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, TypeVar

from uuid_utils import uuid7

JsonObject = Mapping[str, Any]


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


class Scope(StrEnum):
    """What a token may do; `admin` includes the others."""

    READ = "ingestions:read"
    WRITE = "ingestions:write"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who is asking."""

    token_id: str
    token_name: str
    tenant: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token as it is stored: never the secret itself."""

    id: str
    tenant: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


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
    """The request to cancel, and how it went: pending, stopped, deadline or too_late."""

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
class Ingestion:
    """One execution of a convention."""

    id: str
    tenant: str
    status: Status
    status_reason: str
    convention_id: str
    convention_version: str
    #: As stored: `{type, uri?, upload_id?, record_id?, filename?, media_type?, sha256?, size?, metadata?,
    #: items?}`; inline data was put into the archive's objects when it was accepted.
    source: JsonObject | None
    parameters: JsonObject
    batch_size: int
    limit: int | None
    name: str | None
    external_id: str | None
    metadata: JsonObject
    labels: Mapping[str, str]
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
    #: The fence: every write of a worker carries it.
    attempt: int
    #: The number of its last event.
    last_event: int
    #: The database's clock when this was read.
    read_at: datetime

    @property
    def done(self) -> bool:
        return self.status.done

    @property
    def result_completeness(self) -> str:
        if self.status is Status.SUCCEEDED:
            return "complete"
        return "partial" if self.counts.held else "none"

    @property
    def poll_after_seconds(self) -> int | None:
        """When to ask again, in seconds; None once it is done. The longer it has run, the longer: a
        twentieth of its age, within 1 and 15."""
        if self.done:
            return None
        age = (self.read_at - (self.started_at or self.created_at)).total_seconds()
        return int(max(1, min(15, age / 20)))


#: Nothing advanced for so long while heartbeats arrive: `stalled`.
STALLED_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class ItemFault:
    kind: str
    detail: str
    origin: str
    retryable: bool
    hint: str | None


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that was read, as it was committed."""

    number: int
    source_id: str
    outcome: Outcome
    title: str | None
    record_id: str | None
    fault: ItemFault | None
    attempt: int
    published_at: datetime


@dataclass(frozen=True, kw_only=True)
class Event:
    """One numbered line of the log."""

    number: int
    type: str
    at: datetime
    attempt: int | None
    data: JsonObject


@dataclass(frozen=True, kw_only=True)
class EventPage:
    items: Sequence[Event]
    last_number: int
    has_more: bool
    #: None once no event can follow.
    poll_after_seconds: int | None


@dataclass(frozen=True, kw_only=True)
class Artifact:
    id: str
    ingestion_id: str
    record_id: str | None
    source_id: str
    name: str
    media_type: str
    size: int
    sha256: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """Content on the disk of the archive; immutable."""

    path: Path
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Upload:
    id: str
    sha256: str
    size: int
    filename: str | None
    media_type: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class RecordFile:
    id: str
    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Record:
    id: str
    convention_id: str
    source_id: str
    version: int
    title: str | None
    metadata: JsonObject
    files: Sequence[RecordFile]
    ingestion_id: str
    created_at: datetime
    updated_at: datetime


T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list; `has_more` is in the direction of travel."""

    items: Sequence[T]
    next_cursor: str | None
    prev_cursor: str | None
    has_more: bool


@dataclass(frozen=True, kw_only=True)
class SourceRequest:
    """A source as a caller sends it."""

    type: str
    uri: str | None = None
    upload_id: str | None = None
    record_id: str | None = None
    #: Inline content of `bytes` and `text`.
    content: bytes | None = None
    filename: str | None = None
    media_type: str | None = None
    metadata: JsonObject = field(default_factory=dict)
    items: Sequence[SourceRequest] = ()


@dataclass(frozen=True, kw_only=True)
class StartRequest:
    """A start as a caller sends it."""

    #: Slug or SRN.
    convention_id: str
    source: SourceRequest | None = None
    parameters: JsonObject = field(default_factory=dict)
    batch_size: int = 1000
    limit: int | None = None
    name: str | None = None
    external_id: str | None = None
    metadata: JsonObject = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class IngestionQuery:
    """Which ingestions to list."""

    statuses: frozenset[Status] = frozenset()
    #: Slug or SRN.
    convention_id: str | None = None
    external_id: str | None = None
    #: (key, value); value None means "has the key".
    labels: Sequence[tuple[str, str | None]] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    ascending: bool = False


@dataclass(frozen=True, kw_only=True)
class RecordQuery:
    """Which records to list."""

    convention_id: str | None = None
    source_id: str | None = None
    ingestion_id: str | None = None
    ascending: bool = False


def srn(domain: str, kind: str, id: str) -> str:
    """`urn:osa:{domain}:{kind}:{id}`; kind is ing, conv or rec; a convention's id is slug@version."""
    return f"urn:osa:{domain}:{kind}:{id}"


def new_id() -> str:
    """A UUID of version 7 (RFC 9562): it sorts by the time it was made."""
    return str(uuid7())
