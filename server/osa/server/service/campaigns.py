"""Campaigns: the rules a caller meets."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from osa.server.errors import (
    CampaignEnded,
    CampaignExists,
    CampaignNotFound,
    CampaignPositionStale,
    CampaignStepActive,
    Unavailable,
)
from osa.server.model import (
    Campaign,
    CampaignMode,
    CampaignQuery,
    CampaignRequest,
    CampaignStatus,
    Page,
    Principal,
    new_id,
)
from osa.server.service.canceling import Manner
from osa.server.service.conventions import Conventions
from osa.server.service.cursors import Cursors
from osa.server.service.driving import Driver
from osa.server.service.steps import Steps
from osa.server.store import audit, campaign_changes, campaign_work, campaigns
from osa.server.store.campaigns import Known
from osa.server.store.database import Database


@dataclass(frozen=True, kw_only=True)
class Created:
    campaign: Campaign
    #: An earlier request like this one had created it.
    replayed: bool = False


class Campaigns:
    """What callers do with campaigns. Another tenant's are not there."""

    def __init__(
        self,
        database: Database,
        conventions: Conventions,
        cursors: Cursors,
        steps: Steps,
        driver: Driver,
    ) -> None:
        self._database = database
        self._conventions = conventions
        self._cursors = cursors
        self._steps = steps
        self._driver = driver

    def create(self, principal: Principal, request: CampaignRequest) -> Created:
        """A campaign and, where the server drives it, its first step: both, or neither. Raises what
        a start raises, and CampaignExists."""
        request_hash = self._hash(request)
        earlier = self._earlier(principal, request.campaign_id, request_hash)
        if earlier is not None:
            return earlier
        convention = self._steps.check(principal.tenant, request.convention_id, request.parameters)
        new = campaigns.NewCampaign(
            key=new_id(),
            tenant=principal.tenant,
            request=request,
            convention_id=convention.id,
            convention_version=convention.version,
            request_hash=request_hash,
            summary_token=secrets.token_urlsafe(32) if request.public_summary else None,
            created_by=principal.token_name,
        )
        with self._database.write() as tx:
            if campaigns.add(tx, new):
                return Created(campaign=self._begun(tx, principal, new))
        earlier = self._earlier(principal, request.campaign_id, request_hash)
        if earlier is None:
            raise Unavailable("Try again.", retry_after_seconds=1)
        return earlier

    def _begun(self, tx: Connection, principal: Principal, new: campaigns.NewCampaign) -> Campaign:
        campaign_id = new.request.campaign_id
        detail = {"campaign_id": campaign_id, "convention_id": new.convention_id}
        audit.append(tx, principal, "create_campaign", detail=detail)
        if new.request.mode is CampaignMode.SERVER:
            created = self._known(tx, principal, campaign_id).campaign
            self._steps.begin(tx, principal, created, new.request.start_position)
        return self._known(tx, principal, campaign_id).campaign

    def _earlier(self, principal: Principal, campaign_id: str, request_hash: str) -> Created | None:
        with self._database.read() as tx:
            known = campaigns.find(tx, principal.tenant, campaign_id)
        if known is None:
            return None
        if known.request_hash != request_hash:
            raise CampaignExists(campaign_id)
        return Created(campaign=known.campaign, replayed=True)

    def get(self, principal: Principal, campaign_id: str) -> Campaign:
        with self._database.read() as tx:
            return self._known(tx, principal, campaign_id).campaign

    def summary(self, summary_token: str) -> Campaign:
        """For everybody who has the token. Raises CampaignNotFound."""
        with self._database.read() as tx:
            known = campaigns.find_by_token(tx, summary_token)
        if known is None:
            raise CampaignNotFound
        return known.campaign

    def list(
        self, principal: Principal, query: CampaignQuery, *, cursor: str | None, per_page: int
    ) -> Page[Campaign]:
        scope = {
            "list": "campaigns",
            "tenant": principal.tenant,
            "statuses": sorted(query.statuses),
            "convention_id": query.convention_id,
        }
        position = self._cursors.decode(scope, cursor, times=[0])
        slug = query.convention_id and self._conventions.slug(query.convention_id)
        if query.convention_id is not None and slug is None:
            return Page(items=(), next_cursor=None, prev_cursor=None, has_more=False)
        narrowed = CampaignQuery(statuses=query.statuses, convention_id=slug)
        with self._database.read() as tx:
            found, rows = campaigns.page(tx, principal.tenant, narrowed, position, per_page)
        after, before = self._cursors.both(scope, rows)
        return Page(items=found, next_cursor=after, prev_cursor=before, has_more=rows.has_more)

    def advance(self, principal: Principal, campaign_id: str, position: int) -> Campaign:
        """Start the step that begins there. Raises CampaignPositionStale, CampaignStepActive,
        CampaignEnded, and what a start raises."""
        while True:
            with self._database.read() as tx:
                known = self._known(tx, principal, campaign_id)
            now = known.campaign
            if now.status in (CampaignStatus.CANCELING, CampaignStatus.CANCELED):
                raise CampaignEnded(campaign_id, now.status, hint="Resume it first.")
            active = known.requeues or _is_active(now)
            if now.next_start_position is None and not active:
                raise CampaignEnded(campaign_id, now.status)
            if now.next_start_position is not None and position != now.next_start_position:
                raise CampaignPositionStale(campaign_id, now.next_start_position)
            if active:
                raise _step_active(now, requeues=known.requeues)
            self._steps.check(principal.tenant, now.convention_id, now.parameters)
            with self._database.write() as tx:
                if self._steps.begin(tx, principal, now, position):
                    return self._known(tx, principal, campaign_id).campaign
            # Somebody was quicker: look again what to say.

    def pause(self, principal: Principal, campaign_id: str) -> Campaign:
        """No further step begins by itself. Raises CampaignEnded."""
        with self._database.write() as tx:
            known = self._known(tx, principal, campaign_id)
            if not campaign_changes.pause(tx, known.campaign.key):
                raise CampaignEnded(campaign_id, known.campaign.status)
            return self._changed(tx, principal, campaign_id, "pause_campaign")

    def resume(
        self, principal: Principal, campaign_id: str, *, requeue_failed: bool = False
    ) -> Campaign:
        """It goes on. Raises CampaignStepActive while it is being canceled, CampaignEnded."""
        with self._database.write() as tx:
            known = self._known(tx, principal, campaign_id)
            key = known.campaign.key
            if not campaign_changes.resume(tx, key, requeue_failed=requeue_failed):
                if known.campaign.status is CampaignStatus.CANCELING:
                    raise _step_active(known.campaign)
                raise CampaignEnded(
                    campaign_id,
                    known.campaign.status,
                    hint="`requeue_failed` starts again what failed."
                    if known.campaign.status is CampaignStatus.FAILED
                    else "",
                )
            return self._changed(
                tx,
                principal,
                campaign_id,
                "resume_campaign",
                requeue_failed=requeue_failed,
            )

    def cancel(self, principal: Principal, campaign_id: str, how: Manner) -> Campaign:
        """No further step begins; then its ingestions are canceled, the first of them before this
        returns. Raises CampaignEnded."""
        with self._database.write() as tx:
            known = self._known(tx, principal, campaign_id)
            key = known.campaign.key
            if not campaign_changes.stop(
                tx,
                key,
                by=how.by,
                reason=how.reason,
                grace_seconds=int(how.grace_seconds),
                force=how.force,
            ):
                raise CampaignEnded(campaign_id, known.campaign.status)
            self._changed(
                tx,
                principal,
                campaign_id,
                "cancel_campaign",
                reason=how.reason,
                grace_seconds=how.grace_seconds,
                force=how.force,
            )
        with self._database.write() as tx:
            campaign_work.hasten(tx, key, grace_seconds=how.grace_seconds)
        self._driver.cancel_some(key)
        return self.get(principal, campaign_id)

    def _hash(self, request: CampaignRequest) -> str:
        """Of what it is; a slug and its SRN are the same, and so is a default and what is left
        out."""
        said = asdict(request) | {"convention_id": self._conventions.slug(request.convention_id)}
        plain = asdict(CampaignRequest(campaign_id="", convention_id=""))
        told = {key: value for key, value in said.items() if value != plain[key]}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def _changed(
        self, tx: Connection, principal: Principal, campaign_id: str, action: str, **detail: object
    ) -> Campaign:
        audit.append(tx, principal, action, detail={"campaign_id": campaign_id, **detail})
        return self._known(tx, principal, campaign_id).campaign

    def _known(self, tx: Connection, principal: Principal, campaign_id: str) -> Known:
        known = campaigns.find(tx, principal.tenant, campaign_id)
        if known is None:
            raise CampaignNotFound(campaign_id)
        return known


def _is_active(campaign: Campaign) -> bool:
    step = campaign.latest_step
    return bool(campaign.children.active) or (step is not None and not step.status.done)


def _step_active(campaign: Campaign, *, requeues: bool = False) -> CampaignStepActive:
    step = campaign.latest_step
    children = campaign.children.active
    parts = []
    if step is not None and not step.status.done:
        parts.append(f"the step that began at {step.start_position} is {step.status}")
    if children:
        parts.append(f"{children} of its children are not done")
    if requeues:
        parts.append("children of it are about to be started again")
    detail = f"One step at a time: {' and '.join(parts) or 'it is being canceled'}."
    return CampaignStepActive(
        campaign.campaign_id, detail, None if step is None else step.ingestion_id
    )
