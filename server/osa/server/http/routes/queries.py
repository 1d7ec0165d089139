"""What operations take in their queries and headers."""

from __future__ import annotations

from typing import Annotated

from pydantic import MISSING, BaseModel, BeforeValidator, ConfigDict, Field

from osa.server.http.arguments import LIST
from osa.server.http.conditions import Known, preferred_wait
from osa.server.http.wire import (
    CampaignId,
    CampaignStatusFilter,
    ConcurrencyKey,
    ConventionId,
    ExternalId,
    Filename,
    Id,
    IngestionStatusFilter,
    ItemOutcomeFilter,
    LabelFilter,
    LogLevelFilter,
    MediaType,
    Sha256,
    SortOrder,
    SourceId,
)
from osa.server.http.wire.strict import digits, truth
from osa.server.http.wire.words import QueryTime
from osa.server.model import (
    STATUS_SYNONYMS,
    AuditQuery,
    CampaignQuery,
    CampaignStatus,
    IngestionQuery,
    Outcome,
    RecordQuery,
    Status,
)

_Cursor = Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[A-Za-z0-9._-]+$")]
_PerPage = Annotated[int, Field(ge=1, le=200), BeforeValidator(digits)]
_Truth = Annotated[bool, BeforeValidator(truth)]
_TokenName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
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
    ended_after: QueryTime | MISSING = MISSING
    ended_before: QueryTime | MISSING = MISSING
    id: Annotated[list[Id], Field(max_length=100)] | MISSING = MISSING
    retry_of: Id | MISSING = MISSING
    root_id: Id | MISSING = MISSING
    record_id: Id | MISSING = MISSING
    concurrency_key: ConcurrencyKey | MISSING = MISSING
    campaign_id: CampaignId | MISSING = MISSING
    parent_ingestion_id: Id | MISSING = MISSING
    error_kind: Annotated[str, Field(max_length=64, pattern=r"^[a-z][a-z0-9_]*$")] | MISSING = (
        MISSING
    )
    q: (
        Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
        | MISSING
    ) = MISSING
    unresolved: _Truth | MISSING = MISSING
    include_total: _Truth | MISSING = MISSING
    order: SortOrder | MISSING = MISSING

    @property
    def counts(self) -> bool:
        return self.include_total is not MISSING and self.include_total

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
            ended_after=None if self.ended_after is MISSING else self.ended_after,
            ended_before=None if self.ended_before is MISSING else self.ended_before,
            ids=frozenset() if self.id is MISSING else frozenset(self.id),
            retry_of=None if self.retry_of is MISSING else self.retry_of,
            root_id=None if self.root_id is MISSING else self.root_id,
            record_id=None if self.record_id is MISSING else self.record_id,
            concurrency_key=None if self.concurrency_key is MISSING else self.concurrency_key,
            campaign_id=None if self.campaign_id is MISSING else self.campaign_id,
            parent_ingestion_id=(
                None if self.parent_ingestion_id is MISSING else self.parent_ingestion_id
            ),
            error_kind=None if self.error_kind is MISSING else self.error_kind,
            text=None if self.q is MISSING else self.q,
            unresolved=None if self.unresolved is MISSING else self.unresolved,
            ascending=self.order == "asc",
        )


class CampaignListQuery(PageQuery):
    status: Annotated[list[CampaignStatusFilter], Field(max_length=12)] | MISSING = MISSING
    convention_id: ConventionId | MISSING = MISSING

    def requested(self) -> CampaignQuery:
        statuses = [] if self.status is MISSING else self.status
        return CampaignQuery(
            statuses=frozenset(map(CampaignStatus, statuses)),
            convention_id=None if self.convention_id is MISSING else self.convention_id,
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
    derived_from: Id | MISSING = MISSING
    order: SortOrder | MISSING = MISSING

    def requested(self) -> RecordQuery:
        return RecordQuery(
            convention_id=None if self.convention_id is MISSING else self.convention_id,
            source_id=None if self.source_id is MISSING else self.source_id,
            ingestion_id=None if self.ingestion_id is MISSING else self.ingestion_id,
            derived_from=None if self.derived_from is MISSING else self.derived_from,
            ascending=self.order == "asc",
        )


class AuditListQuery(PageQuery):
    ingestion_id: Id | MISSING = MISSING
    token_name: _TokenName | MISSING = MISSING
    created_after: QueryTime | MISSING = MISSING
    created_before: QueryTime | MISSING = MISSING
    order: SortOrder | MISSING = MISSING

    def requested(self) -> AuditQuery:
        return AuditQuery(
            ingestion_id=None if self.ingestion_id is MISSING else self.ingestion_id,
            token_name=None if self.token_name is MISSING else self.token_name,
            created_after=None if self.created_after is MISSING else self.created_after,
            created_before=None if self.created_before is MISSING else self.created_before,
            ascending=self.order == "asc",
        )


class StreamQuery(_Named):
    after: _After = 0


class EventListQuery(StreamQuery):
    per_page: _PerPage = 50


class LogListQuery(EventListQuery):
    tail: Annotated[int, Field(ge=1, le=1000), BeforeValidator(digits)] | MISSING = MISSING
    level: LogLevelFilter | MISSING = MISSING
    since: QueryTime | MISSING = MISSING
    attempt: Annotated[int, Field(ge=1, le=999999999), BeforeValidator(digits)] | MISSING = MISSING


class ConventionListQuery(_Named):
    ingestable: _Truth | MISSING = MISSING


class UploadQuery(_Named):
    filename: Filename | MISSING = MISSING
    media_type: MediaType | MISSING = MISSING
    sha256: Sha256 | MISSING = MISSING


class StartHeaders(_Named):
    idempotency_key: Annotated[
        Annotated[str, Field(min_length=1, max_length=255, pattern="^[!-~]+$")] | MISSING,
        Field(alias="Idempotency-Key"),
    ] = MISSING

    @property
    def key(self) -> str | None:
        return None if self.idempotency_key is MISSING else self.idempotency_key


class ReadHeaders(_Named):
    if_none_match: Annotated[
        Annotated[str, Field(max_length=1024, pattern="^[ -~]*$")] | MISSING,
        Field(alias="If-None-Match"),
        LIST,
    ] = MISSING
    prefer: Annotated[
        Annotated[str, Field(max_length=200, pattern="^[ -~]*$")] | MISSING,
        Field(alias="Prefer"),
        LIST,
    ] = MISSING

    @property
    def known(self) -> Known | None:
        return None if self.if_none_match is MISSING else Known.of(self.if_none_match)

    @property
    def wait(self) -> int | None:
        return None if self.prefer is MISSING else preferred_wait(self.prefer)


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
