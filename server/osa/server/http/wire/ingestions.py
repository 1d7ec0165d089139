"""Ingestions as callers get them."""

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from osa.server import model
from osa.server.http.wire.words import (
    MAX_INTEGER,
    ActionName,
    AttemptEndReason,
    CampaignId,
    CancelOutcome,
    ConcurrencyKey,
    ConventionId,
    ExternalId,
    FaultOrigin,
    Id,
    IngestionStatus,
    Labels,
    Limit,
    Metadata,
    Number,
    PageCursor,
    Parameters,
    Reference,
    ResultCompleteness,
    RetryScope,
    Seconds,
    Sha256,
    Size,
    SourceType,
    Srn,
    StatusReason,
    Time,
    TotalRelation,
    time,
    time_or_none,
)
from osa.server.model import actions

#: How failures are titled, and the status that fits best, by who has to act.
_FAULTS = {
    "source": (422, "The source cannot be used"),
    "user": (422, "The request cannot be done"),
    "convention": (500, "The convention failed"),
    "storage": (503, "The storage failed"),
    "platform": (500, "The platform failed"),
}
_SOURCE_FIELDS = (
    "type",
    "uri",
    "upload_id",
    "record_id",
    "filename",
    "media_type",
    "sha256",
    "size",
    "metadata",
)


class IngestionSource(TypedDict):
    type: SourceType
    uri: NotRequired[Annotated[str, Field(max_length=8192)]]
    upload_id: NotRequired[Id]
    record_id: NotRequired[Id]
    filename: NotRequired[Annotated[str, Field(max_length=255)]]
    media_type: NotRequired[Annotated[str, Field(max_length=255)]]
    sha256: NotRequired[Sha256]
    size: NotRequired[Size]
    item_count: NotRequired[Annotated[int, Field(ge=1, le=10000)]]
    metadata: NotRequired[Metadata]


class Counts(TypedDict):
    seen: Size
    created: Size
    updated: Size
    unchanged: Size
    skipped: Size
    rejected: Size
    failed: Size


class Progress(TypedDict):
    phase: Annotated[str, Field(max_length=64)] | None
    message: Annotated[str, Field(max_length=500)] | None
    unit: Annotated[str, Field(max_length=64)] | None
    completed: Size | None
    total: Size | None
    total_is_estimate: bool
    percent: Annotated[float, Field(ge=0, le=100)] | None
    rate_per_second: Annotated[float, Field(ge=0)] | None
    eta: Time | None
    stalled: bool
    updated_at: Time | None


class Cancellation(TypedDict):
    requested_at: Time
    requested_by: Annotated[str, Field(max_length=200)]
    reason: Annotated[str, Field(max_length=500)] | None
    deadline_at: Time | None
    outcome: CancelOutcome


class IngestionFault(TypedDict):
    type: Reference
    title: Annotated[str, Field(max_length=400)]
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Annotated[str, Field(max_length=4000)]
    code: Annotated[str, Field(max_length=64)]
    retryable: bool
    origin: FaultOrigin
    kind: Annotated[str, Field(max_length=64)]
    attempt: Size
    hint: Annotated[str, Field(max_length=1000)] | None


class Attempt(TypedDict):
    number: Number
    worker: Annotated[str, Field(max_length=255)]
    started_at: Time
    ended_at: Time | None
    end_reason: AttemptEndReason
    error: NotRequired[IngestionFault]


class AllowedAction(TypedDict):
    action: ActionName
    allowed: bool
    code: NotRequired[Annotated[str, Field(max_length=64)]]
    reason: NotRequired[Annotated[str, Field(max_length=500)]]


class Ingestion(TypedDict):
    id: Id
    srn: Srn
    status: IngestionStatus
    status_reason: StatusReason
    done: bool
    result_completeness: ResultCompleteness
    convention_id: ConventionId
    convention_version: Annotated[str, Field(max_length=64)]
    convention_srn: Srn
    source: IngestionSource | None
    parameters: Parameters
    batch_size: Annotated[int, Field(ge=1, le=10000)]
    limit: Limit
    name: NotRequired[Annotated[str, Field(max_length=200)]]
    external_id: NotRequired[ExternalId]
    metadata: Metadata
    labels: Labels
    concurrency_key: NotRequired[ConcurrencyKey]
    priority: Annotated[int, Field(ge=-100, le=100)]
    max_failed_items: Annotated[int, Field(ge=0, le=MAX_INTEGER)] | None
    stop_early: bool
    retry_of: NotRequired[Id]
    root_id: NotRequired[Id]
    retry_scope: NotRequired[RetryScope]
    retried_by: NotRequired[Id]
    campaign_id: NotRequired[CampaignId]
    campaign_step: NotRequired[Annotated[int, Field(ge=1, le=MAX_INTEGER)]]
    parent_ingestion_id: NotRequired[Id]
    created_by: Annotated[str, Field(max_length=200)]
    counts: Counts
    progress: Progress
    cancel: NotRequired[Cancellation]
    error: NotRequired[IngestionFault]
    attempts: Annotated[list[Attempt], Field(max_length=1000)]
    created_at: Time
    queued_at: Time
    started_at: Time | None
    updated_at: Time
    heartbeat_at: Time | None
    ended_at: Time | None
    deadline_at: Time | None
    next_attempt_at: Time | None
    purge_after: Time | None
    allowed_actions: Annotated[list[AllowedAction], Field(max_length=64)]
    queue_position: NotRequired[Size]
    poll_after_seconds: NotRequired[Seconds]


class Total(TypedDict):
    value: Annotated[int, Field(ge=0, le=10000)]
    relation: TotalRelation


class IngestionPage(TypedDict):
    items: Annotated[list[Ingestion], Field(max_length=200)]
    next_cursor: PageCursor
    prev_cursor: PageCursor
    has_more: bool
    total: NotRequired[Total]


def ingestion(value: model.Ingestion, domain: str) -> Ingestion:
    release = f"{value.convention_id}@{value.convention_version}"
    wire: Ingestion = {
        "id": value.id,
        "srn": model.srn(domain, "ing", value.id),
        "status": value.status.value,
        "status_reason": value.status_reason,
        "done": value.done,
        "result_completeness": value.result_completeness,
        "convention_id": value.convention_id,
        "convention_version": value.convention_version,
        "convention_srn": model.srn(domain, "conv", release),
        "source": None if value.source is None else _source(value.source),
        "parameters": dict(value.parameters),
        "batch_size": value.batch_size,
        "limit": value.limit,
        "metadata": dict(value.metadata),
        "labels": dict(value.labels),
        "priority": value.priority,
        "max_failed_items": value.max_failed_items,
        "stop_early": value.stop_early,
        "created_by": value.created_by,
        "counts": counts(value.counts),
        "progress": _progress(value.progress),
        "attempts": [_attempt(attempt) for attempt in value.attempts],
        "created_at": time(value.created_at),
        "queued_at": time(value.queued_at),
        "started_at": time_or_none(value.started_at),
        "updated_at": time(value.updated_at),
        "heartbeat_at": time_or_none(value.heartbeat_at),
        "ended_at": time_or_none(value.ended_at),
        "deadline_at": time_or_none(value.deadline_at),
        "next_attempt_at": time_or_none(value.next_attempt_at),
        "purge_after": time_or_none(value.purge_after),
        "allowed_actions": [_action(one) for one in actions.allowed_actions(value)],
    }
    if value.name is not None:
        wire["name"] = value.name
    if value.external_id is not None:
        wire["external_id"] = value.external_id
    if value.concurrency_key is not None:
        wire["concurrency_key"] = value.concurrency_key
    if value.retry_of is not None:
        wire["retry_of"] = value.retry_of
        wire["root_id"] = value.root_id
    if value.retry_scope is not None:
        wire["retry_scope"] = value.retry_scope.value
    if value.retried_by is not None:
        wire["retried_by"] = value.retried_by
    if value.campaign_id is not None:
        wire["campaign_id"] = value.campaign_id
    if value.campaign_step is not None:
        wire["campaign_step"] = value.campaign_step
    if value.parent_ingestion_id is not None:
        wire["parent_ingestion_id"] = value.parent_ingestion_id
    if value.cancel is not None:
        wire["cancel"] = _cancellation(value.cancel)
    if value.error is not None:
        wire["error"] = _fault(value.error)
    if value.queue_position is not None:
        wire["queue_position"] = value.queue_position
    if (poll_after := value.poll_after_seconds) is not None:
        wire["poll_after_seconds"] = poll_after
    return wire


def ingestion_page(page: model.Page[model.Ingestion], domain: str) -> IngestionPage:
    wire: IngestionPage = {
        "items": [ingestion(value, domain) for value in page.items],
        "next_cursor": page.next_cursor,
        "prev_cursor": page.prev_cursor,
        "has_more": page.has_more,
    }
    if page.total is not None:
        relation = "eq" if page.total.exact else "gte"
        wire["total"] = {"value": page.total.value, "relation": relation}
    return wire


def _action(value: actions.AllowedAction) -> AllowedAction:
    wire: AllowedAction = {"action": value.action.value, "allowed": value.allowed}
    if value.code is not None:
        wire["code"] = value.code
    if value.reason is not None:
        wire["reason"] = value.reason
    return wire


def _source(stored: model.JsonObject) -> IngestionSource:
    wire: Any = {name: stored[name] for name in _SOURCE_FIELDS if name in stored}
    if "item_count" in stored:
        wire["item_count"] = stored["item_count"]
    source: IngestionSource = wire
    return source


def counts(value: model.Counts) -> Counts:
    return {
        "seen": value.seen,
        "created": value.created,
        "updated": value.updated,
        "unchanged": value.unchanged,
        "skipped": value.skipped,
        "rejected": value.rejected,
        "failed": value.failed,
    }


def _progress(value: model.Progress) -> Progress:
    return {
        "phase": value.phase,
        "message": value.message,
        "unit": value.unit,
        "completed": value.completed,
        "total": value.total,
        "total_is_estimate": value.total_is_estimate,
        "percent": value.percent,
        "rate_per_second": value.rate_per_second,
        "eta": time_or_none(value.eta),
        "stalled": value.stalled,
        "updated_at": time_or_none(value.updated_at),
    }


def _cancellation(value: model.Cancellation) -> Cancellation:
    return {
        "requested_at": time(value.requested_at),
        "requested_by": value.requested_by,
        "reason": value.reason,
        "deadline_at": time_or_none(value.deadline_at),
        "outcome": value.outcome,
    }


def _attempt(value: model.Attempt) -> Attempt:
    wire: Attempt = {
        "number": value.number,
        "worker": value.worker,
        "started_at": time(value.started_at),
        "ended_at": time_or_none(value.ended_at),
        "end_reason": value.end_reason,
    }
    if value.error is not None:
        wire["error"] = _fault(value.error)
    return wire


def _fault(value: model.Fault) -> IngestionFault:
    status, title = _FAULTS.get(value.origin, _FAULTS["platform"])
    return {
        "type": f"urn:osa:problem:{value.kind}",
        "title": title,
        "status": status,
        "detail": value.detail[:4000],
        "code": value.kind.upper(),
        "retryable": value.retryable,
        "origin": value.origin,
        "kind": value.kind,
        "attempt": value.attempt,
        "hint": None if value.hint is None else value.hint[:1000],
    }
