"""From a row of the table to an ingestion, with what is worked out when it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from osa.server.model import (
    HELD,
    STALLED_AFTER,
    Attempt,
    Cancellation,
    Counts,
    Fault,
    Ingestion,
    Progress,
    RetryScope,
    Status,
    Version,
)
from osa.server.store.columns import now
from osa.server.store.tables import attempt, ingestion

#: What every statement that answers an ingestion selects or returns. The table, not its eighty
#: columns: to name them one by one takes longer than to execute the statement.
COLUMNS = (ingestion, now().label("read_at"))
#: What tells its version.
VERSION = (
    ingestion.c.id,
    ingestion.c.status,
    ingestion.c.last_event,
    ingestion.c.updated_at,
    ingestion.c.advanced_at,
    ingestion.c.retried_by,
    now().label("read_at"),
)
_ATTEMPTS_KEPT = 100


def fault_to_json(fault: Fault | None) -> dict[str, Any] | None:
    return None if fault is None else asdict(fault)


def _fault(value: Mapping[str, Any] | None) -> Fault | None:
    return None if value is None else Fault(**value)


def counts_of(row: Row[Any]) -> Counts:
    return Counts(
        created=row.created,
        updated=row.updated,
        unchanged=row.unchanged,
        skipped=row.skipped,
        rejected=row.rejected,
        failed=row.failed,
    )


def _progress(row: Row[Any]) -> Progress:
    status = Status(row.status)
    percent = row.percent
    if status is Status.SUCCEEDED:
        percent = 100.0
    held = status in HELD
    return Progress(
        phase=row.phase,
        message=row.message,
        unit=row.unit,
        completed=row.completed,
        total=row.total,
        total_is_estimate=row.total_is_estimate,
        percent=percent,
        rate_per_second=row.rate_per_second if held else None,
        eta=_eta(row) if held else None,
        stalled=_stalled(row),
        updated_at=row.progress_at,
    )


def _stalled(row: Row[Any]) -> bool:
    return (
        Status(row.status) in HELD
        and row.advanced_at is not None
        and row.read_at - row.advanced_at > STALLED_AFTER
    )


def version_of(row: Row[Any]) -> Version:
    """The version in a row of `VERSION`; the same as that of the whole ingestion."""
    return Version(
        last_event=row.last_event,
        updated_at=row.updated_at,
        retried_by=row.retried_by,
        stalled=_stalled(row),
        done=Status(row.status).done,
    )


def _eta(row: Row[Any]) -> datetime | None:
    """Known only when the total is exact, a twentieth is done, and there is a rate."""
    if not row.total or row.completed is None or row.total_is_estimate or not row.rate_per_second:
        return None
    if row.completed < row.total / 20 or row.completed >= row.total:
        return None
    seconds = (row.total - row.completed) / row.rate_per_second
    moment: datetime = row.read_at
    return moment + timedelta(seconds=min(seconds, 10 * 365 * 86400.0))


def _cancellation(row: Row[Any]) -> Cancellation | None:
    if row.cancel_requested_at is None:
        return None
    return Cancellation(
        requested_at=row.cancel_requested_at,
        requested_by=row.cancel_requested_by,
        reason=row.cancel_reason,
        deadline_at=row.cancel_deadline_at,
        outcome=row.cancel_outcome,
    )


def ingestion_of(row: Row[Any], attempts: Sequence[Attempt] = ()) -> Ingestion:
    """The ingestion in a row of `COLUMNS`."""
    status = Status(row.status)
    return Ingestion(
        id=row.id,
        tenant=row.tenant,
        status=status,
        status_reason=row.status_reason,
        convention_id=row.convention_id,
        convention_version=row.convention_version,
        source=row.source,
        parameters=row.parameters,
        batch_size=row.batch_size,
        limit=row.limit,
        name=row.name,
        external_id=row.external_id,
        metadata=row.metadata,
        labels=row.labels,
        concurrency_key=row.concurrency_key,
        priority=-row.rank,
        deadline_seconds=row.deadline_seconds,
        max_failed_items=row.max_failed_items,
        stop_early=row.stop_early,
        retry_of=row.retry_of,
        root_id=row.root_id,
        retry_scope=None if row.retry_scope is None else RetryScope(row.retry_scope),
        retried_by=row.retried_by,
        parent_ingestion_id=row.parent_ingestion_id,
        campaign_key=row.campaign_key,
        campaign_id=row.campaign_id,
        campaign_step=row.campaign_step,
        start_position=row.start_position,
        memo=row.memo,
        created_by=row.created_by,
        counts=counts_of(row),
        progress=_progress(row),
        cancel=_cancellation(row),
        error=_fault(row.error),
        attempts=tuple(attempts),
        created_at=row.created_at,
        queued_at=row.queued_at,
        started_at=row.started_at,
        updated_at=row.updated_at,
        heartbeat_at=row.heartbeat_at,
        ended_at=row.ended_at,
        deadline_at=row.deadline_at,
        next_attempt_at=row.not_before if status is Status.QUEUED else None,
        attempt=row.attempt,
        last_event=row.last_event,
        read_at=row.read_at,
    )


def with_attempts(connection: Connection, rows: Sequence[Row[Any]]) -> list[Ingestion]:
    """The ingestions in these rows, each with its last attempts."""
    taken = [row.id for row in rows if row.attempt]
    found: dict[str, list[Attempt]] = {}
    if taken:
        attempts = connection.execute(
            select(attempt)
            .join(ingestion, ingestion.c.id == attempt.c.ingestion_id)
            .where(
                attempt.c.ingestion_id.in_(taken),
                attempt.c.number > ingestion.c.attempt - _ATTEMPTS_KEPT,
            )
            .order_by(attempt.c.ingestion_id, attempt.c.number)
        )
        for row in attempts:
            found.setdefault(row.ingestion_id, []).append(
                Attempt(
                    number=row.number,
                    worker=row.worker,
                    started_at=row.started_at,
                    ended_at=row.ended_at,
                    end_reason=row.end_reason,
                    error=_fault(row.error),
                )
            )
    return [ingestion_of(row, found.get(row.id, ())) for row in rows]
