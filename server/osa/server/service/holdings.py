"""What a convention that runs may know of the archive: what there is in the tenant of the
ingestion, its own records first of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from osa.conventions.held import PAGE, Held, held_to_json
from osa.server.model import Ingestion
from osa.server.store import campaigns, records, retries


def answer(tx: Connection, ingestion: Ingestion, question: Mapping[str, Any]) -> dict[str, Any]:
    """`{external_ids}`: the status of the last try of each. `{campaign_id}`: that campaign.
    `{source_key}`: that record. `{prefix, after}`: a page of those whose source_id begins with the
    prefix, after a key; both of the ingestion's own convention, or of `{convention_id}`. In whose
    tenant, the ingestion decides, and not the question."""
    if "external_ids" in question:
        tries = retries.latest_tries(tx, ingestion.tenant, question["external_ids"])
        return {"statuses": {external_id: last.status for external_id, last in tries.items()}}
    if "campaign_id" in question:
        return {"campaign": _campaign(tx, ingestion.tenant, question["campaign_id"])}
    whose = (ingestion.tenant, question.get("convention_id", ingestion.convention_id))
    after = None
    if "source_key" in question:
        found = records.held(tx, *whose, source_key=question["source_key"])
    else:
        found = records.held_after(
            tx, *whose, prefix=question["prefix"], after=question["after"], size=PAGE + 1
        )
        if len(found) > PAGE:
            found = found[:PAGE]
            after = found[-1].source_key
    told = [
        Held(
            source_id=row.source_id,
            title=row.title,
            metadata=row.metadata,
            version=row.version,
            updated_at=row.updated_at,
        )
        for row in found
    ]
    return {"records": [held_to_json(each) for each in told], "after": after}


def _campaign(tx: Connection, tenant: str, campaign_id: str) -> dict[str, Any] | None:
    known = campaigns.find(tx, tenant, campaign_id)
    if known is None:
        return None
    found = known.campaign
    return {"convention_id": found.convention_id, "parameters": dict(found.parameters)}
