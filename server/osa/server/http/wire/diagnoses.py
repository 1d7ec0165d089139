"""Why an ingestion is where it is, as callers get it."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from osa.server import model
from osa.server.http.wire.words import (
    DiagnosisCode,
    Id,
    IngestionStatus,
    Size,
    Time,
    time,
    time_or_none,
)


class Diagnosis(TypedDict):
    ingestion_id: Id
    status: IngestionStatus
    code: DiagnosisCode
    text: Annotated[str, Field(max_length=4000)]
    since: Time | None
    action: Annotated[str, Field(max_length=1000)] | None
    queue_position: NotRequired[Size]
    blocked_by: NotRequired[Id]
    checked_at: Time


def diagnosis(value: model.Diagnosis) -> Diagnosis:
    wire: Diagnosis = {
        "ingestion_id": value.ingestion_id,
        "status": value.status.value,
        "code": value.code,
        "text": value.text[:4000],
        "since": time_or_none(value.since),
        "action": None if value.action is None else value.action[:1000],
        "checked_at": time(value.checked_at),
    }
    if value.queue_position is not None:
        wire["queue_position"] = value.queue_position
    if value.blocked_by is not None:
        wire["blocked_by"] = value.blocked_by
    return wire
