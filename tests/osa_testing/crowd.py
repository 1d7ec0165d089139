"""Campaigns with as many children as one likes, put into the table of ingestions in bulk: nobody
has run them, and the database counts them all the same."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, insert, select, update

from osa.server.bootstrap import House
from osa.server.model import (
    CampaignMode,
    CampaignRequest,
    Principal,
    StartRequest,
    Status,
    new_id,
)
from osa.server.store.tables import ingestion
from osa_testing.left import recount

_AT_ONCE = 200
#: Of a hundred children: how many are where, and why they failed.
_WHERE: tuple[tuple[int, dict[str, Any]], ...] = (
    (80, {"status": str(Status.SUCCEEDED)}),
    (6, {"status": str(Status.FAILED), "error_kind": "source_not_found"}),
    (3, {"status": str(Status.FAILED), "error_kind": "source_invalid"}),
    (4, {"status": str(Status.CANCELED)}),
)


def campaign_of(house: House, principal: Principal, campaign_id: str, size: int) -> dict[str, int]:
    """A campaign with so many children, most of them ended; how many are in each state."""
    request = CampaignRequest(
        campaign_id=campaign_id, convention_id="test-counter", mode=CampaignMode.MANUAL
    )
    key = house.service.campaigns.create(principal, request).campaign.key
    body = StartRequest(convention_id="test-counter")
    started = house.service.ingestions.start(principal, body, idempotency_key=None).ingestion
    with house.database.read() as tx:
        one = tx.execute(select(ingestion).where(ingestion.c.id == started.id)).one()._asdict()
    child = {
        **one,
        "campaign_key": key,
        "campaign_id": campaign_id,
        "parent_ingestion_id": one["id"],
    }
    for at in range(0, size, _AT_ONCE):
        ids = [new_id() for _ in range(min(_AT_ONCE, size - at))]
        rows = [
            {**child, "id": id, "root_id": id, "external_id": f"{campaign_id}/{number}"}
            for number, id in enumerate(ids, at)
        ]
        with house.database.write() as tx:
            tx.execute(insert(ingestion), rows)
            done = 0
            for share, values in _WHERE:
                some = ids[done : done + share * len(ids) // 100]
                done += len(some)
                tx.execute(update(ingestion).where(ingestion.c.id.in_(some)).values(**values))
    return recount(house.database, campaign_id)


def failures(house: House, campaign_id: str) -> dict[str, int]:
    """Why they failed, every row read."""
    i = ingestion.c
    with house.database.read() as tx:
        rows = tx.execute(
            select(i.error_kind, func.count())
            .where(
                i.campaign_id == campaign_id,
                i.campaign_step.is_(None),
                i.status == Status.FAILED,
                i.retried_by.is_(None),
            )
            .group_by(i.error_kind)
        ).all()
    return {row[0]: row[1] for row in rows}
