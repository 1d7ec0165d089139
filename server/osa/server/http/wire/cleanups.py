"""Sets of ended ingestions as callers get them."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from osa.server import model
from osa.server.http.wire.words import ConventionId, Id, IngestionStatus, Size, Time, time


class CleanupMember(TypedDict):
    id: Id
    status: IngestionStatus
    convention_id: ConventionId
    name: NotRequired[Annotated[str, Field(max_length=200)]]
    ended_at: Time


class Cleanup(TypedDict):
    match_count: Size
    bytes: Size
    sample: Annotated[list[CleanupMember], Field(max_length=10)]
    selection_token: Annotated[str, Field(max_length=200)]
    expires_at: Time
    deleted_count: Size
    remaining_count: Size


def cleanup(value: model.Cleanup) -> Cleanup:
    return {
        "match_count": value.match_count,
        "bytes": value.bytes,
        "sample": [_member(member) for member in value.sample],
        "selection_token": value.id,
        "expires_at": time(value.expires_at),
        "deleted_count": value.match_count - value.remaining_count,
        "remaining_count": value.remaining_count,
    }


def _member(value: model.CleanupMember) -> CleanupMember:
    wire: CleanupMember = {
        "id": value.id,
        "status": value.status.value,
        "convention_id": value.convention_id,
        "ended_at": time(value.ended_at),
    }
    if value.name is not None:
        wire["name"] = value.name
    return wire
