"""What a convention that runs may know of the archive: its own records, in the tenant of the
ingestion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from osa.conventions.held import PAGE, Held, held_to_json
from osa.server.model import Ingestion
from osa.server.store import records


def answer(tx: Connection, ingestion: Ingestion, question: Mapping[str, str]) -> dict[str, Any]:
    """`{source_key}`: that record. `{prefix, after}`: a page of those whose source_id begins with
    the prefix, after a key. Whose they are, the ingestion decides, and not the question."""
    whose = (ingestion.tenant, ingestion.convention_id)
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
