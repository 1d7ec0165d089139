"""What an ingestion leaves: items, events, artifacts, records, and the files behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

from osa.server.model.ingestion import JsonObject
from osa.server.model.machine import Status
from osa.server.model.status import Outcome


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
class Derivation:
    """A record that another one was made from."""

    record_id: str
    #: The version that was read; None when that was not noted.
    version: int | None


@dataclass(frozen=True, kw_only=True)
class Record:
    id: str
    convention_id: str
    source_id: str
    version: int
    title: str | None
    metadata: JsonObject
    files: Sequence[RecordFile]
    derived_from: Sequence[Derivation]
    ingestion_id: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One line of what was said about an ingestion."""

    number: int
    at: datetime
    attempt: int | None
    #: debug, info, warning or error.
    level: str
    message: str


@dataclass(frozen=True, kw_only=True)
class LogPage:
    items: Sequence[LogLine]
    last_number: int
    has_more: bool
    #: None once no line can follow.
    poll_after_seconds: int | None


@dataclass(frozen=True, kw_only=True)
class Total:
    """A count that was not carried on for ever."""

    value: int
    exact: bool


@dataclass(frozen=True, kw_only=True)
class CleanupMember:
    id: str
    status: Status
    convention_id: str
    name: str | None
    ended_at: datetime


@dataclass(frozen=True, kw_only=True)
class Cleanup:
    """A set of ended ingestions that was selected, and how much of it is deleted."""

    id: str
    match_count: int
    bytes: int
    sample: Sequence[CleanupMember]
    expires_at: datetime
    remaining_count: int


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One change, and who asked for it."""

    id: str
    at: datetime
    action: str
    token_id: str | None
    token_name: str
    tenant: str
    ingestion_id: str | None
    request_id: str | None
    detail: JsonObject


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Why an ingestion is where it is, and what to do about it."""

    ingestion_id: str
    status: Status
    code: str
    text: str
    since: datetime | None
    action: str | None
    queue_position: int | None
    blocked_by: str | None
    checked_at: datetime
    poll_after_seconds: int | None


T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list; `has_more` is in the direction of travel."""

    items: Sequence[T]
    next_cursor: str | None
    prev_cursor: str | None
    has_more: bool
    #: Only when it was asked for.
    total: Total | None = None
