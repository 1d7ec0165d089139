"""What the tables say about the service as a whole: what is active, who works, what is late.

Each statement reads what is active or recent, and never the history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, func, select

from osa.server.model import ACTIVE, STALLED_AFTER, Status
from osa.server.model.service import QueueStatus, WorkerStatus
from osa.server.store.columns import micros, micros_between, now
from osa.server.store.deletions import NOBODY
from osa.server.store.line import due
from osa.server.store.tables import ingestion, is_active, is_held, worker
from osa.server.store.workers import lives

_WORKERS_SHOWN = 1000


def queue(connection: Connection) -> QueueStatus:
    """What is active, of all tenants."""
    rows = connection.execute(
        select(ingestion.c.status, func.count(), func.min(ingestion.c.queued_at))
        .where(is_active())
        .group_by(ingestion.c.status)
    ).all()
    found = {Status(status): (count, first) for status, count, first in rows}
    counts = {status: found.get(status, (0, None))[0] for status in ACTIVE}
    return QueueStatus(
        queued=counts[Status.QUEUED],
        running=counts[Status.RUNNING],
        canceling=counts[Status.CANCELING],
        oldest_queued_at=found.get(Status.QUEUED, (0, None))[1],
    )


def workers(connection: Connection, *, stale_seconds: float) -> Sequence[WorkerStatus]:
    """The workers that are not forgotten yet, the last heard of first."""
    held = connection.execute(
        select(ingestion.c.worker_id, func.count()).where(is_held()).group_by(ingestion.c.worker_id)
    )
    busy: dict[str, int] = {row[0]: row[1] for row in held}
    rows = connection.execute(
        select(worker, lives(stale_seconds).label("alive"))
        .order_by(worker.c.heartbeat_at.desc(), worker.c.id)
        .limit(_WORKERS_SHOWN)
    )
    return [
        WorkerStatus(
            id=row.id,
            slots=row.slots,
            busy=busy.get(row.id, 0),
            started_at=row.started_at,
            heartbeat_at=row.heartbeat_at,
            alive=bool(row.alive),
        )
        for row in rows
    ]


@dataclass(frozen=True, kw_only=True)
class Lateness:
    """What takes longer than it should."""

    queue_oldest_seconds: float
    stalled: int
    cancels_overdue: int
    heartbeat_oldest_seconds: float


def lateness(connection: Connection, *, stale_seconds: float) -> Lateness:
    """Looks at what is active alone."""
    held = is_held()
    heard = ingestion.c.heartbeat_at > now() - micros(stale_seconds)
    unmoved = ingestion.c.advanced_at < now() - micros(STALLED_AFTER.total_seconds())
    overdue = ingestion.c.cancel_deadline_at <= now()
    row = connection.execute(
        select(
            func.max(case((due(), micros_between(now(), ingestion.c.queued_at)))),
            func.count(case((and_(held, heard, unmoved), 1))),
            func.count(case(((ingestion.c.status == Status.CANCELING) & overdue, 1))),
            func.max(case((held, micros_between(now(), ingestion.c.heartbeat_at)))),
        ).where(is_active())
    ).one()
    waited, stalled, overdue_count, silence = row
    return Lateness(
        queue_oldest_seconds=_seconds(waited),
        stalled=stalled,
        cancels_overdue=overdue_count,
        heartbeat_oldest_seconds=_seconds(silence),
    )


def ended_lately(connection: Connection, *, seconds: float) -> Mapping[Status, int]:
    """How what ended in the last `seconds` ended, of all tenants."""
    # The index of ended ingestions begins with the tenant: go from tenant to tenant, and see only
    # the end of each.
    first = select(func.min(ingestion.c.tenant).label("name")).cte("tenants", recursive=True)
    following = (
        select(func.min(ingestion.c.tenant))
        .where(ingestion.c.tenant > first.c.name)
        .scalar_subquery()
    )
    tenants = first.union_all(select(following).where(first.c.name.is_not(None)))
    rows = connection.execute(
        select(ingestion.c.status, func.count())
        .select_from(tenants.join(ingestion, ingestion.c.tenant == tenants.c.name))
        .where(tenants.c.name != NOBODY, ingestion.c.ended_at > now() - micros(seconds))
        .group_by(ingestion.c.status)
    )
    return {Status(row[0]): row[1] for row in rows}


def _seconds(value: int | None) -> float:
    # Clocks of databases that were moved can make it negative for a moment.
    return max(0, value or 0) / 1_000_000
