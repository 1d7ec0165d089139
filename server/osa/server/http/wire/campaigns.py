"""Campaigns: what callers send, and what they get."""

from typing import Annotated, NotRequired

from pydantic import MISSING, BeforeValidator, Field
from typing_extensions import TypedDict

from osa.server import model
from osa.server.http.wire.ingestions import Counts, counts
from osa.server.http.wire.strict import Strict, whole
from osa.server.http.wire.words import (
    MAX_INTEGER,
    CampaignId,
    CampaignMode,
    CampaignModeShown,
    CampaignReason,
    CampaignStatus,
    ConventionId,
    Id,
    IngestionStatus,
    Number,
    PageCursor,
    Parameters,
    Seconds,
    Size,
    Time,
    time,
    time_or_none,
)

_Position = Annotated[int, Field(ge=1, le=MAX_INTEGER), BeforeValidator(whole)]
_Total = Annotated[int, Field(ge=0, le=MAX_INTEGER), BeforeValidator(whole)]
_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class CreateCampaign(Strict):
    campaign_id: CampaignId
    convention_id: ConventionId
    parameters: Parameters | MISSING = MISSING
    name: _Name | MISSING = MISSING
    mode: CampaignMode | MISSING = MISSING
    start_position: _Position = 1
    campaign_total_children: _Total | MISSING = MISSING
    public_summary: bool = False

    def requested(self) -> model.CampaignRequest:
        total = self.campaign_total_children
        return model.CampaignRequest(
            campaign_id=self.campaign_id,
            convention_id=self.convention_id,
            parameters={} if self.parameters is MISSING else self.parameters,
            name=None if self.name is MISSING else self.name,
            mode=model.CampaignMode("server" if self.mode is MISSING else self.mode),
            start_position=self.start_position,
            campaign_total_children=None if total is MISSING else total,
            public_summary=self.public_summary,
        )


class AdvanceCampaign(Strict):
    start_position: _Position


class ResumeCampaign(Strict):
    requeue_failed: bool = False


class CampaignStep(TypedDict):
    number: Number
    ingestion_id: Id
    start_position: Number
    status: IngestionStatus
    counts: Counts
    created_at: Time
    ended_at: Time | None


class ChildCounts(TypedDict):
    total: Size
    queued: Size
    running: Size
    canceling: Size
    succeeded: Size
    failed: Size
    canceled: Size


class FailureCount(TypedDict):
    kind: Annotated[str, Field(max_length=64)]
    count: Number


class CampaignProgress(TypedDict):
    percent: Annotated[float, Field(ge=0, le=100)] | None
    eta: Time | None


class Campaign(TypedDict):
    campaign_id: CampaignId
    status: CampaignStatus
    status_reason: CampaignReason
    done: bool
    convention_id: ConventionId
    parameters: Parameters
    name: NotRequired[Annotated[str, Field(max_length=200)]]
    mode: CampaignModeShown
    start_position: Number
    next_start_position: Number | None
    campaign_total_children: Size | None
    step_count: Size
    latest_step: NotRequired[CampaignStep]
    children: ChildCounts
    failures: Annotated[list[FailureCount], Field(max_length=20)]
    progress: CampaignProgress
    summary_href: NotRequired[Annotated[str, Field(max_length=200)]]
    created_by: Annotated[str, Field(max_length=200)]
    created_at: Time
    updated_at: Time
    ended_at: Time | None
    poll_after_seconds: NotRequired[Seconds]


class CampaignSummary(TypedDict):
    status: CampaignStatus
    done: bool
    campaign_total_children: Size | None
    children: ChildCounts
    progress: CampaignProgress
    updated_at: Time


class CampaignPage(TypedDict):
    items: Annotated[list[Campaign], Field(max_length=200)]
    next_cursor: PageCursor
    prev_cursor: PageCursor
    has_more: bool


def campaign(value: model.Campaign) -> Campaign:
    wire: Campaign = {
        "campaign_id": value.campaign_id,
        "status": value.status.value,
        "status_reason": value.status_reason,
        "done": value.done,
        "convention_id": value.convention_id,
        "parameters": dict(value.parameters),
        "mode": value.mode.value,
        "start_position": value.start_position,
        "next_start_position": value.next_start_position,
        "campaign_total_children": value.campaign_total_children,
        "step_count": value.step_count,
        "children": _children(value.children),
        "failures": [{"kind": kind, "count": count} for kind, count in value.failures.items()],
        "progress": _progress(value),
        "created_by": value.created_by,
        "created_at": time(value.created_at),
        "updated_at": time(value.updated_at),
        "ended_at": time_or_none(value.ended_at),
    }
    if value.name is not None:
        wire["name"] = value.name
    if value.latest_step is not None:
        wire["latest_step"] = _step(value.latest_step)
    if value.summary_token is not None:
        wire["summary_href"] = f"/api/v1/campaign-summaries/{value.summary_token}"
    if (poll_after := value.poll_after_seconds) is not None:
        wire["poll_after_seconds"] = poll_after
    return wire


def campaign_page(page: model.Page[model.Campaign]) -> CampaignPage:
    return {
        "items": [campaign(value) for value in page.items],
        "next_cursor": page.next_cursor,
        "prev_cursor": page.prev_cursor,
        "has_more": page.has_more,
    }


def campaign_summary(value: model.Campaign) -> CampaignSummary:
    """What everybody may see who has the link."""
    return {
        "status": value.status.value,
        "done": value.done,
        "campaign_total_children": value.campaign_total_children,
        "children": _children(value.children),
        "progress": _progress(value),
        "updated_at": time(value.updated_at),
    }


def _step(value: model.CampaignStep) -> CampaignStep:
    return {
        "number": value.number,
        "ingestion_id": value.ingestion_id,
        "start_position": value.start_position,
        "status": value.status.value,
        "counts": counts(value.counts),
        "created_at": time(value.created_at),
        "ended_at": time_or_none(value.ended_at),
    }


def _children(value: model.ChildCounts) -> ChildCounts:
    return {
        "total": value.total,
        "queued": value.queued,
        "running": value.running,
        "canceling": value.canceling,
        "succeeded": value.succeeded,
        "failed": value.failed,
        "canceled": value.canceled,
    }


def _progress(value: model.Campaign) -> CampaignProgress:
    return {"percent": value.percent, "eta": time_or_none(value.eta)}
