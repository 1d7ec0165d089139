"""Somebody who plays all that have to do with campaigns: caller, worker and sweeper, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from osa.conventions import Batch, Item, Reached, Start
from osa.server.bootstrap import House
from osa.server.model import (
    Campaign,
    CampaignMode,
    CampaignRequest,
    Fault,
    Ingestion,
    IngestionQuery,
    Principal,
    RetryRequest,
    RetryScope,
    StartRequest,
)
from osa.server.service.canceling import Manner
from osa.server.service.jobs import Job, Verdict


class Director:
    """Their convention does nothing by itself: what a step reads, the test says."""

    def __init__(self, house: House, principal: Principal, folder: Path) -> None:
        self.house = house
        self.principal = principal
        self.folder = folder
        self.campaigns = house.service.campaigns
        self.running = house.running

    def create(
        self,
        campaign_id: str = "c",
        *,
        who: Principal | None = None,
        manual: bool = False,
        **request: Any,
    ) -> Campaign:
        body = {"convention_id": "test-counter", **request}
        mode = CampaignMode.MANUAL if manual else CampaignMode.SERVER
        asked = CampaignRequest(campaign_id=campaign_id, mode=mode, **body)
        return self.campaigns.create(who or self.principal, asked).campaign

    def get(self, campaign_id: str = "c") -> Campaign:
        return self.campaigns.get(self.principal, campaign_id)

    def where(self, campaign_id: str = "c") -> tuple[str, str]:
        found = self.get(campaign_id)
        return found.status.value, found.status_reason

    def sweep(self) -> None:
        """Once."""
        self.house.sweeper.sweep()

    def step(self, campaign_id: str = "c") -> Job:
        """The latest step, taken."""
        latest = self.get(campaign_id).latest_step
        assert latest is not None
        return self.take(latest.ingestion_id)

    def take(self, ingestion_id: str) -> Job:
        job = self.running.take(ingestion_id, "a-worker")
        assert job is not None
        return job

    def commit(self, job: Job, *items: Item, reached: Reached | None = None) -> Verdict:
        cursor = {"seen": job.seen + len(items)}
        batch = Batch(items=items, cursor=cursor, reached=reached)
        return self.running.commit(job, batch, None, workdir=self.folder)

    def pass_by(
        self, job: Job, positions: Sequence[int], *, last: int, prefix: str = "", **start: Any
    ) -> Verdict:
        """Commit a batch with these positions, of so many, and a child for each; in the memo stands
        what was passed since the beginning."""
        assert job.step is not None
        following = positions[-1] + 1
        passed = [*job.step.memo.get("passed", []), *range(job.step.position, following)]
        reached = Reached(
            next_position=following if following <= last else None,
            total_children=last,
            memo={"passed": passed},
        )
        items = [child(f"{prefix}{position}", **start) for position in positions]
        return self.commit(job, *items, reached=reached)

    def run_step(
        self, positions: Sequence[int], *, last: int, campaign_id: str = "c", **start: Any
    ) -> Job:
        """Take the latest step, pass by these positions, and end it well."""
        job = self.step(campaign_id)
        assert self.pass_by(job, positions, last=last, **start) is Verdict.CONTINUE
        assert self.running.complete(job) is not None
        return job

    def fail(self, job: Job, kind: str = "broken") -> Ingestion | None:
        fault = Fault(kind=kind, detail="It is broken.", origin="source")
        return self.running.fail(job, fault)

    def children(self, campaign_id: str = "c") -> list[Ingestion]:
        """In the order in which they were started; a retry beside what it repeats."""
        query = IngestionQuery(campaign_id=campaign_id, ascending=True)
        page = self.house.service.reading.list(self.principal, query, cursor=None, per_page=200)
        return [one for one in page.items if not one.is_step]

    def queued(self, campaign_id: str = "c") -> list[Ingestion]:
        return [one for one in self.children(campaign_id) if one.status == "queued"]

    def finish(self, campaign_id: str = "c") -> int:
        """Let all children that wait succeed; how many."""
        waiting = self.queued(campaign_id)
        for one in waiting:
            assert self.running.complete(self.take(one.id)) is not None
        return len(waiting)

    def cancel(
        self, campaign_id: str = "c", *, force: bool = False, grace_seconds: float = 60
    ) -> Campaign:
        how = Manner(by="tester", reason="enough", grace_seconds=grace_seconds, force=force)
        return self.campaigns.cancel(self.principal, campaign_id, how)

    def resume(self, campaign_id: str = "c", *, requeue_failed: bool = False) -> Campaign:
        return self.campaigns.resume(self.principal, campaign_id, requeue_failed=requeue_failed)

    def pause(self, campaign_id: str = "c") -> Campaign:
        return self.campaigns.pause(self.principal, campaign_id)

    def advance(self, position: int, campaign_id: str = "c") -> Campaign:
        return self.campaigns.advance(self.principal, campaign_id, position)

    def start(self, **request: Any) -> Ingestion:
        """An ingestion of no campaign."""
        body = StartRequest(**{"convention_id": "test-counter", **request})
        ingestions = self.house.service.ingestions
        return ingestions.start(self.principal, body, idempotency_key=None).ingestion

    def retry(self, ingestion_id: str) -> Ingestion:
        request = RetryRequest(scope=RetryScope.ALL)
        retries = self.house.service.retries
        return retries.retry(self.principal, ingestion_id, request, idempotency_key=None).ingestion

    def cancel_one(self, ingestion_id: str, *, force: bool = False) -> Ingestion:
        return self.house.service.ingestions.cancel(
            self.principal, ingestion_id, reason=None, grace_seconds=60, force=force
        )


def child(external_id: str, **start: Any) -> Item:
    """A record that starts an ingestion."""
    wanted = Start(external_id=external_id, **{"convention_id": "test-counter", **start})
    return Item.record(external_id, starts=[wanted])
