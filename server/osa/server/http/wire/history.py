"""What an ingestion leaves behind: items, events, log, artifacts."""

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from osa.server import model
from osa.server.http.wire.words import (
    EventType,
    FaultOrigin,
    Id,
    ItemOutcome,
    LogLevel,
    Number,
    PageCursor,
    Reference,
    Seconds,
    Sha256,
    Size,
    SourceId,
    Time,
    time,
)


class ItemFault(TypedDict):
    kind: Annotated[str, Field(max_length=64)]
    detail: Annotated[str, Field(max_length=4000)]
    origin: FaultOrigin
    retryable: bool
    hint: Annotated[str, Field(max_length=1000)] | None


class IngestionItem(TypedDict):
    number: Number
    source_id: SourceId
    outcome: ItemOutcome
    title: Annotated[str, Field(max_length=1000)] | None
    record_id: NotRequired[Id]
    error: NotRequired[ItemFault]
    attempt: Number
    published_at: Time


class IngestionItemPage(TypedDict):
    items: Annotated[list[IngestionItem], Field(max_length=200)]
    next_cursor: PageCursor
    prev_cursor: PageCursor
    has_more: bool


class IngestionEvent(TypedDict):
    number: Number
    type: EventType
    at: Time
    attempt: NotRequired[Number]
    data: Annotated[dict[str, Any], Field(max_length=64)]


class IngestionEventPage(TypedDict):
    items: Annotated[list[IngestionEvent], Field(max_length=200)]
    last_number: Size
    has_more: bool
    poll_after_seconds: NotRequired[Seconds]


class LogLine(TypedDict):
    number: Number
    at: Time
    attempt: NotRequired[Number]
    level: LogLevel
    message: Annotated[str, Field(max_length=4000)]


class LogPage(TypedDict):
    items: Annotated[list[LogLine], Field(max_length=1000)]
    last_number: Size
    has_more: bool
    poll_after_seconds: NotRequired[Seconds]


class Artifact(TypedDict):
    id: Id
    ingestion_id: Id
    record_id: NotRequired[Id]
    source_id: SourceId
    name: Annotated[str, Field(max_length=255)]
    media_type: Annotated[str, Field(max_length=255)]
    size: Size
    sha256: Sha256
    href: Reference
    created_at: Time


class ArtifactPage(TypedDict):
    items: Annotated[list[Artifact], Field(max_length=200)]
    next_cursor: PageCursor
    prev_cursor: PageCursor
    has_more: bool


def item(value: model.Item) -> IngestionItem:
    wire: IngestionItem = {
        "number": value.number,
        "source_id": value.source_id,
        "outcome": value.outcome.value,
        "title": None if value.title is None else value.title[:1000],
        "attempt": value.attempt,
        "published_at": time(value.published_at),
    }
    if value.record_id is not None:
        wire["record_id"] = value.record_id
    if value.fault is not None:
        wire["error"] = {
            "kind": value.fault.kind,
            "detail": value.fault.detail[:4000],
            "origin": value.fault.origin,
            "retryable": value.fault.retryable,
            "hint": None if value.fault.hint is None else value.fault.hint[:1000],
        }
    return wire


def item_page(page: model.Page[model.Item]) -> IngestionItemPage:
    return {
        "items": [item(value) for value in page.items],
        "next_cursor": page.next_cursor,
        "prev_cursor": page.prev_cursor,
        "has_more": page.has_more,
    }


def event(value: model.Event) -> IngestionEvent:
    wire: IngestionEvent = {
        "number": value.number,
        "type": value.type,
        "at": time(value.at),
        "data": dict(value.data),
    }
    if value.attempt is not None:
        wire["attempt"] = value.attempt
    return wire


def event_page(page: model.EventPage) -> IngestionEventPage:
    wire: IngestionEventPage = {
        "items": [event(value) for value in page.items],
        "last_number": page.last_number,
        "has_more": page.has_more,
    }
    if page.poll_after_seconds is not None:
        wire["poll_after_seconds"] = page.poll_after_seconds
    return wire


def log_line(value: model.LogLine) -> LogLine:
    wire: LogLine = {
        "number": value.number,
        "at": time(value.at),
        "level": value.level,
        "message": value.message,
    }
    if value.attempt is not None:
        wire["attempt"] = value.attempt
    return wire


def log_page(page: model.LogPage) -> LogPage:
    wire: LogPage = {
        "items": [log_line(value) for value in page.items],
        "last_number": page.last_number,
        "has_more": page.has_more,
    }
    if page.poll_after_seconds is not None:
        wire["poll_after_seconds"] = page.poll_after_seconds
    return wire


def artifact(value: model.Artifact) -> Artifact:
    wire: Artifact = {
        "id": value.id,
        "ingestion_id": value.ingestion_id,
        "source_id": value.source_id,
        "name": value.name,
        "media_type": value.media_type,
        "size": value.size,
        "sha256": value.sha256,
        "href": f"/api/v1/artifacts/{value.id}/content",
        "created_at": time(value.created_at),
    }
    if value.record_id is not None:
        wire["record_id"] = value.record_id
    return wire


def artifact_page(page: model.Page[model.Artifact]) -> ArtifactPage:
    return {
        "items": [artifact(value) for value in page.items],
        "next_cursor": page.next_cursor,
        "prev_cursor": page.prev_cursor,
        "has_more": page.has_more,
    }
