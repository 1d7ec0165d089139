"""What an ingestion leaves: items, events, artifacts, records, and the files behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

from osa.server.model.ingestion import JsonObject
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
