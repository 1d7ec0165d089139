"""What must be true of every ended ingestion, read from the database and not from what the API
says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select

from osa.server.model import Outcome, Status
from osa.server.store.database import Database
from osa.server.store.tables import event, ingestion, item

ENDED_EVENTS = {f"ingestion_{status}" for status in Status if status.done}


def complaints(
    database: Database, ingestion_id: str, expected: Sequence[str] | None = None
) -> list[str]:
    """What is wrong with an ingestion: empty when all is well. `expected` are the source_ids that
    it must have seen, each once; without, none may be there twice."""
    with database.read() as tx:
        row = tx.execute(select(ingestion).where(ingestion.c.id == ingestion_id)).one()
        items = tx.execute(
            select(item.c.number, item.c.source_id, item.c.outcome)
            .where(item.c.ingestion_id == ingestion_id)
            .order_by(item.c.number)
        ).all()
        events = tx.execute(
            select(event.c.number, event.c.type)
            .where(event.c.ingestion_id == ingestion_id)
            .order_by(event.c.number)
        ).all()
    found = []
    if not Status(row.status).done:
        found.append(f"stuck: {row.status} ({row.status_reason})")
    times = Counter(one.source_id for one in items)
    twice = [source_id for source_id, count in times.items() if count > 1]
    if twice:
        found.append(f"duplicated: {len(twice)} items, such as {twice[0]}")
    if expected is not None:
        lost = set(expected) - set(times)
        if lost:
            found.append(f"lost: {len(lost)} items, such as {min(lost)}")
        if extra := set(times) - set(expected):
            found.append(f"unexpected: {len(extra)} items, such as {min(extra)}")
    if [one.number for one in items] != list(range(1, len(items) + 1)):
        found.append("items: the numbers have gaps")
    outcomes = Counter(one.outcome for one in items)
    counted = {str(outcome): getattr(row, outcome) for outcome in Outcome}
    if counted != {name: outcomes.get(name, 0) for name in counted}:
        found.append(f"counts: {counted}, but the items say {dict(outcomes)}")
    if [one.number for one in events] != list(range(1, row.last_event + 1)):
        found.append("events: the numbers have gaps")
    ended = [one for one in events if one.type in ENDED_EVENTS]
    if Status(row.status).done and (len(ended) != 1 or ended[0].number != row.last_event):
        found.append(f"events: {len(ended)} ended events, or not at the end")
    return found
