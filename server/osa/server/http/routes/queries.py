"""What operations take in their queries and headers."""

from __future__ import annotations

from typing import Annotated

from pydantic import MISSING, BaseModel, BeforeValidator, ConfigDict, Field

from osa.server.http.wire import (
    ConventionId,
    ExternalId,
    Filename,
    Id,
    IngestionStatusFilter,
    ItemOutcomeFilter,
    LabelFilter,
    MediaType,
    Sha256,
    SortOrder,
    SourceId,
)
from osa.server.http.wire.strict import digits, truth
from osa.server.http.wire.words import QueryTime
from osa.server.model import (
    STATUS_SYNONYMS,
    IngestionQuery,
    Outcome,
    RecordQuery,
    Status,
)

_Cursor = Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[A-Za-z0-9._-]+$")]
_PerPage = Annotated[int, Field(ge=1, le=200), BeforeValidator(digits)]
_After = Annotated[int, Field(ge=0, le=999999999999999), BeforeValidator(digits)]


class _Named(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class PageQuery(_Named):
    cursor: _Cursor | MISSING = MISSING
    per_page: _PerPage = 50

    @property
    def position(self) -> str | None:
        return None if self.cursor is MISSING else self.cursor


class IngestionListQuery(PageQuery):
    status: Annotated[list[IngestionStatusFilter], Field(max_length=12)] | MISSING = MISSING
    convention_id: ConventionId | MISSING = MISSING
    external_id: ExternalId | MISSING = MISSING
    label: Annotated[list[LabelFilter], Field(max_length=16)] | MISSING = MISSING
    created_after: QueryTime | MISSING = MISSING
    created_before: QueryTime | MISSING = MISSING
    order: SortOrder | MISSING = MISSING

    def requested(self) -> IngestionQuery:
        statuses: set[Status] = set()
        for status in [] if self.status is MISSING else self.status:
            statuses |= STATUS_SYNONYMS.get(status) or {Status(status)}
        return IngestionQuery(
            statuses=frozenset(statuses),
            convention_id=None if self.convention_id is MISSING else self.convention_id,
            external_id=None if self.external_id is MISSING else self.external_id,
            labels=[] if self.label is MISSING else [_label(label) for label in self.label],
            created_after=None if self.created_after is MISSING else self.created_after,
            created_before=None if self.created_before is MISSING else self.created_before,
            ascending=self.order == "asc",
        )


class ItemListQuery(PageQuery):
    outcome: Annotated[list[ItemOutcomeFilter], Field(max_length=6)] | MISSING = MISSING

    @property
    def outcomes(self) -> frozenset[Outcome]:
        return frozenset(map(Outcome, [] if self.outcome is MISSING else self.outcome))


class RecordListQuery(PageQuery):
    convention_id: ConventionId | MISSING = MISSING
    source_id: SourceId | MISSING = MISSING
    ingestion_id: Id | MISSING = MISSING
    order: SortOrder | MISSING = MISSING

    def requested(self) -> RecordQuery:
        return RecordQuery(
            convention_id=None if self.convention_id is MISSING else self.convention_id,
            source_id=None if self.source_id is MISSING else self.source_id,
            ingestion_id=None if self.ingestion_id is MISSING else self.ingestion_id,
            ascending=self.order == "asc",
        )


class StreamQuery(_Named):
    after: _After = 0


class EventListQuery(StreamQuery):
    per_page: _PerPage = 50


class ConventionListQuery(_Named):
    ingestable: Annotated[bool, BeforeValidator(truth)] | MISSING = MISSING


class UploadQuery(_Named):
    filename: Filename | MISSING = MISSING
    media_type: MediaType | MISSING = MISSING
    sha256: Sha256 | MISSING = MISSING


class StartHeaders(_Named):
    idempotency_key: Annotated[
        Annotated[str, Field(min_length=1, max_length=255, pattern="^[!-~]+$")] | MISSING,
        Field(alias="Idempotency-Key"),
    ] = MISSING


class StreamHeaders(_Named):
    last_event_id: Annotated[
        Annotated[str, Field(max_length=15, pattern="^[0-9]{1,15}$")] | MISSING,
        Field(alias="Last-Event-ID"),
    ] = MISSING


class RangeHeaders(_Named):
    range: Annotated[Annotated[str, Field(max_length=1024)] | MISSING, Field(alias="Range")] = (
        MISSING
    )


def _label(label: str) -> tuple[str, str | None]:
    key, sign, value = label.partition("=")
    return key, value if sign else None
