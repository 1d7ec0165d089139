"""The numbered log of an ingestion, written in the same transaction as the change it tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from osa.server.model import Event
from osa.server.store.columns import now
from osa.server.store.tables import event, ingestion

_NEXT = (
    update(ingestion)
    .where(ingestion.c.id == bindparam("which"))
    .values(last_event=ingestion.c.last_event + 1)
    .returning(ingestion.c.last_event)
)
_APPEND = insert(event).values(at=now())


def append(
    connection: Connection,
    ingestion_id: str,
    type: str,
    data: Mapping[str, Any],
    *,
    attempt: int | None = None,
) -> int:
    """Write the next event. The row of the ingestion hands out the number, so there are no gaps."""
    number = connection.execute(_NEXT, {"which": ingestion_id}).scalar_one()
    connection.execute(
        _APPEND,
        {
            "ingestion_id": ingestion_id,
            "number": number,
            "type": type,
            "attempt": attempt,
            "data": dict(data),
        },
    )
    return int(number)


def after(connection: Connection, ingestion_id: str, number: int, size: int) -> Sequence[Event]:
    """At most `size` events with a higher number, in order."""
    rows = connection.execute(
        select(event)
        .where(event.c.ingestion_id == ingestion_id, event.c.number > number)
        .order_by(event.c.number)
        .limit(size)
    ).all()
    return [
        Event(number=row.number, type=row.type, at=row.at, attempt=row.attempt, data=row.data)
        for row in rows
    ]
