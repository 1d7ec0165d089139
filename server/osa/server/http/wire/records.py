"""Records as callers get them."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from osa.server import model
from osa.server.http.wire.words import (
    ConventionId,
    Id,
    Number,
    PageCursor,
    RecordMetadata,
    Reference,
    Sha256,
    Size,
    SourceId,
    Srn,
    Time,
    time,
)


class RecordFile(TypedDict):
    id: Id
    name: Annotated[str, Field(max_length=255)]
    media_type: Annotated[str, Field(max_length=255)]
    size: Size
    sha256: Sha256
    href: Reference


class Derivation(TypedDict):
    record_id: Id
    version: Number | None


class Record(TypedDict):
    id: Id
    srn: Srn
    convention_id: ConventionId
    source_id: SourceId
    version: Number
    title: Annotated[str, Field(max_length=1000)] | None
    metadata: RecordMetadata
    files: Annotated[list[RecordFile], Field(max_length=1000)]
    derived_from: Annotated[list[Derivation], Field(max_length=10_000)]
    ingestion_id: Id
    created_at: Time
    updated_at: Time


class RecordPage(TypedDict):
    items: Annotated[list[Record], Field(max_length=200)]
    next_cursor: PageCursor
    prev_cursor: PageCursor
    has_more: bool


def record(value: model.Record, domain: str) -> Record:
    return {
        "id": value.id,
        "srn": model.srn(domain, "rec", value.id),
        "convention_id": value.convention_id,
        "source_id": value.source_id,
        "version": value.version,
        "title": None if value.title is None else value.title[:1000],
        "metadata": dict(value.metadata),
        "files": [_file(file, value.id) for file in value.files],
        "derived_from": [
            {"record_id": origin.record_id, "version": origin.version}
            for origin in value.derived_from
        ],
        "ingestion_id": value.ingestion_id,
        "created_at": time(value.created_at),
        "updated_at": time(value.updated_at),
    }


def record_page(page: model.Page[model.Record], domain: str) -> RecordPage:
    return {
        "items": [record(value, domain) for value in page.items],
        "next_cursor": page.next_cursor,
        "prev_cursor": page.prev_cursor,
        "has_more": page.has_more,
    }


def _file(value: model.RecordFile, record_id: str) -> RecordFile:
    return {
        "id": value.id,
        "name": value.name,
        "media_type": value.media_type,
        "size": value.size,
        "sha256": value.sha256,
        "href": f"/api/v1/records/{record_id}/files/{value.id}/content",
    }
