"""How a step of a campaign begins: as an ingestion, in the transaction that says it is the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from osa.conventions.authoring import Convention
from osa.server.model import Campaign, Membership, OnConflict, Principal, StartRequest, new_id
from osa.server.service.acceptance import Acceptance
from osa.server.service.admission import Admission
from osa.server.service.conventions import Conventions
from osa.server.store import campaign_changes
from osa.server.store.ingestions import NewIngestion

#: Items that are committed together: with each may come children.
_BATCH_SIZE = 50


class Steps:
    """Begins steps, for a caller or for the server itself."""

    def __init__(
        self, conventions: Conventions, admission: Admission, acceptance: Acceptance
    ) -> None:
        self._conventions = conventions
        self._admission = admission
        self._acceptance = acceptance

    def check(self, tenant: str, convention_id: str, parameters: Mapping[str, Any]) -> Convention:
        """The convention, if it can run these steps now. Raises what a start raises."""
        # A step has no source: what it reads its parameters name.
        request = StartRequest(convention_id=convention_id, parameters=parameters)
        convention, _ = self._admission.check(tenant, request)
        return convention

    def begin(
        self, tx: Connection, principal: Principal | None, campaign: Campaign, position: int
    ) -> bool:
        """False when this step is not the next one any more; without a principal it is the server
        that begins it. Nothing is checked here: what cannot be done, because a convention is gone
        or the disk is full, is told by the step. One item that is bad does not make it fail: the
        campaign would stand still for it."""
        step_id = new_id()
        begun = campaign_changes.begin_step(
            tx, campaign.key, position, step_id, by_itself=principal is None
        )
        if begun is None:
            return False
        name = (campaign.name or campaign.campaign_id)[:180]
        new = NewIngestion(
            id=step_id,
            tenant=campaign.tenant,
            request=StartRequest(
                convention_id=campaign.convention_id,
                parameters=campaign.parameters,
                batch_size=_BATCH_SIZE,
                name=f"{name}, step {begun.step_count}",
                on_conflict=OnConflict.QUEUE,
                max_failed_items=None,
            ),
            convention_id=campaign.convention_id,
            convention_version=campaign.convention_version,
            source=None,
            created_by=campaign.created_by,
            exclusive=self._conventions.is_exclusive(campaign.convention_id),
            membership=Membership(
                key=campaign.key,
                campaign_id=campaign.campaign_id,
                step=begun.step_count,
                start_position=position,
                memo=begun.memo,
            ),
        )
        self._acceptance.add(
            tx,
            principal,
            new,
            action="start_ingestion",
            detail={
                "convention_id": campaign.convention_id,
                "campaign_id": campaign.campaign_id,
                "start_position": position,
            },
        )
        return True
