"""Campaigns: a series of ingestions with one goal and one position."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from osa.server.model.ingestion import Counts, JsonObject
from osa.server.model.machine import Status


class CampaignMode(StrEnum):
    """Who starts the next step."""

    SERVER = "server"
    MANUAL = "manual"


class CampaignStatus(StrEnum):
    """Where a campaign is."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELING = "canceling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def done(self) -> bool:
        return self in (CampaignStatus.SUCCEEDED, CampaignStatus.FAILED, CampaignStatus.CANCELED)


@dataclass(frozen=True, kw_only=True)
class Membership:
    """An ingestion's place in a campaign, or below the ingestion that started it."""

    #: The campaign as the database knows it, and as its creator calls it; None outside of one.
    key: str | None = None
    campaign_id: str | None = None
    #: Which step it is, and where that begins; None for a child.
    step: int | None = None
    start_position: int | None = None
    #: What the batch before the step left.
    memo: JsonObject = field(default_factory=dict)
    parent_ingestion_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class CampaignRequest:
    """A campaign as a caller asks for it."""

    campaign_id: str
    #: Slug or SRN.
    convention_id: str
    parameters: JsonObject = field(default_factory=dict)
    name: str | None = None
    mode: CampaignMode = CampaignMode.SERVER
    start_position: int = 1
    campaign_total_children: int | None = None
    public_summary: bool = False


@dataclass(frozen=True, kw_only=True)
class CampaignQuery:
    """Which campaigns to list."""

    statuses: frozenset[CampaignStatus] = frozenset()
    #: Slug or SRN.
    convention_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ChildCounts:
    """Children by where they are; one that was tried again by where its last try is."""

    queued: int
    running: int
    canceling: int
    succeeded: int
    failed: int
    canceled: int

    @property
    def active(self) -> int:
        return self.queued + self.running + self.canceling

    @property
    def ended(self) -> int:
        return self.succeeded + self.failed + self.canceled

    @property
    def total(self) -> int:
        return self.active + self.ended


@dataclass(frozen=True, kw_only=True)
class CampaignStep:
    """A step, and the ingestion that carries it out."""

    number: int
    ingestion_id: str
    start_position: int
    status: Status
    counts: Counts
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A campaign as it is at one moment."""

    #: What the database calls it.
    key: str
    tenant: str
    campaign_id: str
    status: CampaignStatus
    status_reason: str
    convention_id: str
    #: Of the convention that began it.
    convention_version: str
    parameters: JsonObject
    name: str | None
    mode: CampaignMode
    start_position: int
    next_start_position: int | None
    #: What the source said last, else what the caller said.
    campaign_total_children: int | None
    step_count: int
    latest_step: CampaignStep | None
    children: ChildCounts
    #: How many children failed, by kind; the most frequent first.
    failures: Mapping[str, int]
    #: Who has it may see the counts; None when nobody may.
    summary_token: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    #: The database's clock when this was read.
    read_at: datetime

    @property
    def done(self) -> bool:
        return self.status.done

    @property
    def ended_at(self) -> datetime | None:
        """Its last change was its end. It is not over any more when somebody resumes it, or tries a
        child again."""
        return self.updated_at if self.done else None

    @property
    def expected(self) -> int | None:
        """How many children there will be: once all were started, those that there are."""
        if self.next_start_position is None:
            return self.children.total
        if self.campaign_total_children is None:
            return None
        return max(self.campaign_total_children, self.children.total)

    @property
    def percent(self) -> float | None:
        """Of the expected children those that have ended."""
        if self.status is CampaignStatus.SUCCEEDED:
            return 100.0
        if self.expected is None:
            return None
        if not self.expected:
            return 0.0
        # Down, not to the nearest: 100 is said only when all have ended.
        return math.floor(1000.0 * self.children.ended / self.expected) / 10

    @property
    def eta(self) -> datetime | None:
        """At the pace since it was created; known only while it runs and a twentieth is done."""
        ended, expected = self.children.ended, self.expected
        if self.status is not CampaignStatus.RUNNING or not expected or ended < expected / 20:
            return None
        if ended >= expected:
            return None
        return self.read_at + (self.read_at - self.created_at) / ended * (expected - ended)

    @property
    def poll_after_seconds(self) -> int | None:
        """When to ask again; None once it is done. What nobody drives changes when somebody does
        something."""
        if self.done:
            return None
        rests = self.status is CampaignStatus.PAUSED or self.status_reason == "waiting_for_advance"
        if rests and not self.children.active:
            return 15
        return 2 if self.status is CampaignStatus.CANCELING else 5
