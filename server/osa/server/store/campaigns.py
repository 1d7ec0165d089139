"""Campaigns: one row each, with what somebody wants of it, its position, and the counts that the
database keeps. Where it is follows from these, in one expression: it cannot be out of date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    literal,
    or_,
    select,
)

from osa.server.model import (
    ACTIVE,
    Campaign,
    CampaignMode,
    CampaignQuery,
    CampaignRequest,
    CampaignStatus,
    CampaignStep,
    ChildCounts,
    Status,
)
from osa.server.store import database
from osa.server.store.columns import now
from osa.server.store.deletions import NOBODY
from osa.server.store.paging import Position, Slice, read_slice
from osa.server.store.rows import counts_of
from osa.server.store.tables import campaign, campaign_failure, ingestion

#: Kinds of failure that are told of.
_KINDS = 20

_row = campaign.c
_CHILDREN_ACTIVE = _row.queued + _row.running + _row.canceling > 0
STEP_ACTIVE = _row.step_status.in_(sorted(ACTIVE))
#: The latest step went well, or there was none, or nobody minds any more that it did not.
STEP_FINE = or_(_row.step_status.is_(None), _row.step_status == Status.SUCCEEDED)
#: Nothing of it is active.
IDLE = and_(
    _row.queued == 0,
    _row.running == 0,
    _row.canceling == 0,
    or_(_row.step_status.is_(None), _row.step_status.not_in(sorted(ACTIVE))),
)
#: Nothing is left to do.
OVER = and_(IDLE, STEP_FINE, _row.next_position.is_(None), _row.requeue.is_(None))


def _where_it_is() -> tuple[ColumnElement[str], ColumnElement[str]]:
    """Status and reason; the first that fits."""
    rules: list[tuple[ColumnElement[bool], CampaignStatus, str]] = [
        (and_(_row.wanted == "stop", IDLE), CampaignStatus.CANCELED, "requested"),
        (_row.wanted == "stop", CampaignStatus.CANCELING, "requested"),
        (
            and_(OVER, _row.failed + _row.canceled > 0),
            CampaignStatus.FAILED,
            "some_children_failed",
        ),
        (OVER, CampaignStatus.SUCCEEDED, "completed"),
        (_row.wanted == "pause", CampaignStatus.PAUSED, "requested"),
        (_row.step_status == Status.FAILED, CampaignStatus.PAUSED, "step_failed"),
        (_row.step_status == Status.CANCELED, CampaignStatus.PAUSED, "step_canceled"),
        (STEP_ACTIVE, CampaignStatus.RUNNING, "step_active"),
        (
            or_(_CHILDREN_ACTIVE, _row.requeue.is_not(None)),
            CampaignStatus.RUNNING,
            "children_active",
        ),
        (_row.mode == CampaignMode.SERVER, CampaignStatus.RUNNING, "between_steps"),
    ]
    status = case(
        *((when, literal(str(then))) for when, then, _ in rules),
        else_=literal(str(CampaignStatus.RUNNING)),
    )
    reason = case(
        *((when, literal(why)) for when, _, why in rules), else_=literal("waiting_for_advance")
    )
    return status, reason


_STATUS, _REASON = _where_it_is()
_COLUMNS = (
    campaign,
    _STATUS.label("status"),
    _REASON.label("status_reason"),
    now().label("read_at"),
)


@dataclass(frozen=True, kw_only=True)
class NewCampaign:
    """What is known of a campaign when it is created."""

    key: str
    tenant: str
    request: CampaignRequest
    convention_id: str
    convention_version: str
    request_hash: str
    summary_token: str | None
    created_by: str


def add(connection: Connection, new: NewCampaign) -> bool:
    """False when the id is taken: the unique index is the judge."""
    request = new.request
    added = connection.execute(
        database.insert(connection.dialect.name, campaign)
        .values(
            id=new.key,
            tenant=new.tenant,
            campaign_id=request.campaign_id,
            convention_id=new.convention_id,
            convention_version=new.convention_version,
            parameters=dict(request.parameters),
            request_hash=new.request_hash,
            name=request.name,
            mode=request.mode,
            wanted="run",
            start_position=request.start_position,
            next_position=request.start_position,
            memo={},
            total_children=request.campaign_total_children,
            step_count=0,
            **dict.fromkeys((str(state) for state in Status), 0),
            cancel_force=False,
            summary_token=new.summary_token,
            created_by=new.created_by,
            created_at=now(),
            updated_at=now(),
        )
        .on_conflict_do_nothing(index_elements=[_row.tenant, _row.campaign_id])
        .returning(_row.id)
    ).first()
    return added is not None


@dataclass(frozen=True, kw_only=True)
class Known:
    """A campaign, and what only the server itself asks of it."""

    campaign: Campaign
    request_hash: str
    #: Whether there are children that are still to be started again.
    requeues: bool


def find(connection: Connection, tenant: str, campaign_id: str) -> Known | None:
    return _find(connection, _row.tenant == tenant, _row.campaign_id == campaign_id)


def find_by_token(connection: Connection, summary_token: str) -> Known | None:
    return _find(connection, _row.summary_token == summary_token)


def find_by_key(connection: Connection, key: str) -> Known | None:
    return _find(connection, _row.id == key)


def _find(connection: Connection, *conditions: ColumnElement[bool]) -> Known | None:
    row = connection.execute(select(*_COLUMNS).where(*conditions)).first()
    if row is None:
        return None
    told = _told(connection, [row])[0]
    return Known(
        campaign=told,
        request_hash=row.request_hash,
        requeues=row.requeue is not None,
    )


def page(
    connection: Connection,
    tenant: str,
    query: CampaignQuery,
    position: Position | None,
    size: int,
) -> tuple[Sequence[Campaign], Slice]:
    statement = select(*_COLUMNS).where(_row.tenant == tenant)
    if query.statuses:
        statement = statement.where(_STATUS.in_(sorted(query.statuses)))
    if query.convention_id is not None:
        statement = statement.where(_row.convention_id == query.convention_id)
    found = read_slice(
        connection,
        statement,
        keys=[_row.created_at, _row.id],
        ascending=False,
        position=position,
        size=size,
    )
    return _told(connection, found.rows), found


def _told(connection: Connection, rows: Sequence[Row[Any]]) -> list[Campaign]:
    """With the latest step of each, and why children failed."""
    step_ids = [row.step_id for row in rows if row.step_id is not None]
    steps = {
        step.id: step
        for step in connection.execute(
            select(ingestion).where(ingestion.c.id.in_(step_ids), ingestion.c.tenant != NOBODY)
        )
    }
    failures: dict[str, dict[str, int]] = {}
    for failure in connection.execute(
        select(campaign_failure)
        .where(
            campaign_failure.c.campaign_key.in_([row.id for row in rows]),
            campaign_failure.c.count > 0,
        )
        .order_by(campaign_failure.c["count"].desc(), campaign_failure.c.kind)
    ):
        failures.setdefault(failure.campaign_key, {})[failure.kind] = failure._mapping["count"]
    return [_campaign(row, steps.get(row.step_id), failures.get(row.id, {})) for row in rows]


def _campaign(row: Row[Any], step: Row[Any] | None, failures: Mapping[str, int]) -> Campaign:
    latest = None
    if step is not None:
        latest = CampaignStep(
            number=step.campaign_step,
            ingestion_id=step.id,
            start_position=step.start_position,
            status=Status(step.status),
            counts=counts_of(step),
            created_at=step.created_at,
            ended_at=step.ended_at,
        )
    return Campaign(
        key=row.id,
        tenant=row.tenant,
        campaign_id=row.campaign_id,
        status=CampaignStatus(row.status),
        status_reason=row.status_reason,
        convention_id=row.convention_id,
        convention_version=row.convention_version,
        parameters=row.parameters,
        name=row.name,
        mode=CampaignMode(row.mode),
        start_position=row.start_position,
        next_start_position=row.next_position,
        campaign_total_children=row.total_children,
        step_count=row.step_count,
        latest_step=latest,
        children=ChildCounts(**{str(state): getattr(row, state) for state in Status}),
        failures=dict(list(failures.items())[:_KINDS]),
        summary_token=row.summary_token,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        read_at=row.read_at,
    )


def is_stopped(connection: Connection, key: str | None) -> bool:
    """Whether there is a campaign of this key, and it was canceled."""
    stopped = select(_row.id).where(_row.id == key, _row.wanted == "stop")
    return key is not None and connection.execute(stopped).first() is not None
