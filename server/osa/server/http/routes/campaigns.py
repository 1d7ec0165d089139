"""Long work in steps."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import MISSING, Field
from starlette.responses import Response

from osa.server.http import wire
from osa.server.http.answers import answer
from osa.server.http.operations import Call, Operation, described
from osa.server.http.routes.queries import CampaignListQuery
from osa.server.http.wire.campaigns import campaign, campaign_page, campaign_summary
from osa.server.model import Campaign, Scope
from osa.server.service.canceling import Manner

_SummaryToken = Annotated[str, Field(min_length=43, max_length=43, pattern=r"^[A-Za-z0-9_-]{43}$")]

router = APIRouter(route_class=Operation, tags=["campaigns"])


@router.post(
    "/api/v1/campaigns",
    **described(
        "createCampaign",
        needs=Scope.WRITE,
        answers={201: wire.Campaign, 200: wire.Campaign},
        refuses=(404, 409, 413, 415, 422),
    ),
)
def create_campaign(call: Call, body: wire.CreateCampaign) -> Response:
    created = call.service.campaigns.create(call.principal, body.requested())
    location = {"Location": f"/api/v1/campaigns/{created.campaign.campaign_id}"}
    return _answer(created.campaign, 200 if created.replayed else 201, location)


@router.get(
    "/api/v1/campaigns",
    **described("listCampaigns", needs=Scope.READ, answers={200: wire.CampaignPage}),
)
def list_campaigns(call: Call, query: Annotated[CampaignListQuery, Query()]) -> Response:
    page = call.service.campaigns.list(
        call.principal, query.requested(), cursor=query.position, per_page=query.per_page
    )
    return answer(campaign_page(page))


@router.get(
    "/api/v1/campaigns/{campaign_id}",
    **described("getCampaign", needs=Scope.READ, answers={200: wire.Campaign}, refuses=(404,)),
)
def get_campaign(call: Call, campaign_id: wire.CampaignId) -> Response:
    return _answer(call.service.campaigns.get(call.principal, campaign_id))


@router.post(
    "/api/v1/campaigns/{campaign_id}/advance",
    **described(
        "advanceCampaign",
        needs=Scope.WRITE,
        answers={202: wire.Campaign},
        refuses=(404, 409, 413, 415, 422),
    ),
)
def advance_campaign(
    call: Call, campaign_id: wire.CampaignId, body: wire.AdvanceCampaign
) -> Response:
    found = call.service.campaigns.advance(call.principal, campaign_id, body.start_position)
    return _answer(found, 202)


@router.post(
    "/api/v1/campaigns/{campaign_id}/pause",
    **described(
        "pauseCampaign", needs=Scope.WRITE, answers={200: wire.Campaign}, refuses=(404, 409)
    ),
)
def pause_campaign(call: Call, campaign_id: wire.CampaignId) -> Response:
    return _answer(call.service.campaigns.pause(call.principal, campaign_id))


@router.post(
    "/api/v1/campaigns/{campaign_id}/resume",
    **described(
        "resumeCampaign",
        needs=Scope.WRITE,
        answers={200: wire.Campaign},
        refuses=(404, 409, 413, 415),
    ),
)
def resume_campaign(
    call: Call, campaign_id: wire.CampaignId, body: wire.ResumeCampaign | MISSING = MISSING
) -> Response:
    asked = wire.ResumeCampaign() if body is MISSING else body
    found = call.service.campaigns.resume(
        call.principal, campaign_id, requeue_failed=asked.requeue_failed
    )
    return _answer(found)


@router.post(
    "/api/v1/campaigns/{campaign_id}/cancel",
    **described(
        "cancelCampaign",
        needs=Scope.WRITE,
        answers={202: wire.Campaign, 200: wire.Campaign},
        refuses=(404, 409, 413, 415),
    ),
)
def cancel_campaign(
    call: Call, campaign_id: wire.CampaignId, body: wire.CancelIngestion | MISSING = MISSING
) -> Response:
    asked = wire.CancelIngestion() if body is MISSING else body
    how = Manner(
        by=call.principal.token_name,
        reason=None if asked.reason is MISSING else asked.reason,
        grace_seconds=asked.grace_seconds,
        force=asked.force,
    )
    found = call.service.campaigns.cancel(call.principal, campaign_id, how)
    return _answer(found, 200 if found.done else 202)


@router.get(
    "/api/v1/campaign-summaries/{summary_token}",
    **described(
        "getCampaignSummary", needs=None, answers={200: wire.CampaignSummary}, refuses=(404,)
    ),
)
def get_campaign_summary(call: Call, summary_token: _SummaryToken) -> Response:
    return answer(campaign_summary(call.service.campaigns.summary(summary_token)))


def _answer(value: Campaign, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A campaign, with `Retry-After` while it goes on."""
    poll_after = value.poll_after_seconds
    hint = {} if poll_after is None else {"Retry-After": str(poll_after)}
    return answer(campaign(value), status, {**hint, **(headers or {})})
