"""What a caller asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from osa.server.model.ingestion import JsonObject
from osa.server.model.machine import Status
from osa.server.model.status import OnConflict, RetryScope


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
    concurrency_key: str | None = None
    on_conflict: OnConflict = OnConflict.FAIL
    priority: int = 0
    deadline_seconds: int | None = None
    #: None means any number.
    max_failed_items: int | None = 0
    stop_early: bool = False


@dataclass(frozen=True, kw_only=True)
class RetryRequest:
    """A retry as a caller sends it."""

    scope: RetryScope
    #: Fields of a StartRequest that take the place of the old ones; `parameters` one by one.
    overrides: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CleanupFilter:
    """Which ended ingestions to delete; all that are given must fit."""

    older_than_seconds: int | None = None
    statuses: frozenset[Status] = frozenset()
    #: Slug or SRN.
    convention_id: str | None = None
    keep_last: int | None = None


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
    ended_after: datetime | None = None
    ended_before: datetime | None = None
    #: Only these; empty means all.
    ids: frozenset[str] = frozenset()
    retry_of: str | None = None
    root_id: str | None = None
    record_id: str | None = None
    concurrency_key: str | None = None
    error_kind: str | None = None
    campaign_id: str | None = None
    parent_ingestion_id: str | None = None
    #: Text in name or external_id, whatever its case.
    text: str | None = None
    #: Failed and not retried; False: the others.
    unresolved: bool | None = None
    ascending: bool = False


@dataclass(frozen=True, kw_only=True)
class AuditQuery:
    """Which entries of the audit to list."""

    ingestion_id: str | None = None
    token_name: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    ascending: bool = False


@dataclass(frozen=True, kw_only=True)
class RecordQuery:
    """Which records to list."""

    convention_id: str | None = None
    source_id: str | None = None
    ingestion_id: str | None = None
    derived_from: str | None = None
    ascending: bool = False
