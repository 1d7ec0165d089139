"""What a worker may do with an ingestion: take it, commit batches, let it go. Every write is
fenced."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from osa.conventions import Batch
from osa.conventions.authoring import Progress as Report
from osa.conventions.registry import Registry
from osa.server.model import Fault, Ingestion, RetryScope, Status
from osa.server.model.machine import FAIL, FINISH_LATE, STOP, SUCCEED, TAKE
from osa.server.service import facts, holdings, lines, strides
from osa.server.service.batches import new_item, progress_of
from osa.server.service.children import Children, Family
from osa.server.service.dispatch import Dispatch
from osa.server.service.jobs import Job, Policy, Verdict
from osa.server.service.leaving import end, requeue
from osa.server.service.sources import flattened
from osa.server.store import (
    campaign_changes,
    events,
    holds,
    items,
    line,
    logs,
    sweeps,
    wanted,
    workers,
)
from osa.server.store.database import Database
from osa.server.store.holds import Hold
from osa.server.store.logs import NewLine
from osa.server.store.objects import Objects
from osa.server.store.rows import ingestion_of

#: Which status_reason a failure gets, by who has to act.
_REASONS = {"source": "source", "user": "config", "storage": "storage", "convention": "convention"}
#: How often a take is tried while others take the same key or place.
_TAKES = 5


class Running:
    """The worker's side of the rules."""

    def __init__(
        self,
        database: Database,
        objects: Objects,
        registry: Registry,
        dispatch: Dispatch,
        children: Children,
        policy: Policy,
    ) -> None:
        self._database = database
        self._objects = objects
        self._registry = registry
        self._children = children
        self._dispatch = dispatch
        self._policy = policy

    def take(self, ingestion_id: str | None, worker_id: str) -> Job | None:
        """The job, if the ingestion (or, unnamed, the first in line) waits and can run here. Those
        that have nothing left to do, or cannot run any more, are ended on the way."""
        while (job := self._taken(ingestion_id, worker_id)) is not None:
            if self._can_begin(job):
                return job
            if ingestion_id is not None:
                return None
        return None

    def _taken(self, ingestion_id: str | None, worker_id: str) -> Job | None:
        for _ in range(_TAKES):
            try:
                with self._database.write() as tx:
                    row = line.take(
                        tx, worker_id, ingestion_id=ingestion_id, limits=self._policy.limits
                    )
                    if row is None:
                        return None
                    ingestion = ingestion_of(row)
                    data = facts.state(ingestion) | {"worker": worker_id}
                    events.append(tx, row.id, TAKE.event, data, attempt=row.attempt)
                    logs.append(tx, row.id, [lines.taken(ingestion, worker_id, row.cursor)])
                    source = line.source_of(tx, row)
            except line.Occupied:
                continue
            return Job(
                hold=Hold(ingestion_id=row.id, attempt=row.attempt),
                ingestion=ingestion,
                cursor=row.cursor,
                counts=ingestion.counts,
                sources=flattened(source, self._objects),
                fruitless=row.fruitless,
                wanted=self._wanted(ingestion),
            )
        # So many were quicker that there is work for all: the next look finds what is left.
        return None

    def _can_begin(self, job: Job) -> bool:
        """Whether there is something to do; else it is ended."""
        if _verdict(job.ingestion) is Verdict.ENOUGH:
            # Everything was committed before the last attempt ended: its source is not asked again.
            self.complete(job)
            return False
        fault = self._cannot_run(job.ingestion)
        if fault is not None:
            self.fail(job, fault, reason=fault.kind)
        return fault is None

    def _wanted(self, ingestion: Ingestion) -> frozenset[str] | None:
        if ingestion.retry_scope not in (RetryScope.FAILED_ITEMS, RetryScope.REMAINING):
            return None
        # They are written with the ingestion and never change: no lock is needed for them.
        with self._database.read() as tx:
            keys = wanted.keys(tx, ingestion.id)
        # What remains is of all items, unless the one before was about some itself.
        return keys if keys or ingestion.retry_scope is RetryScope.FAILED_ITEMS else None

    def _cannot_run(self, ingestion: Ingestion) -> Fault | None:
        convention = self._registry.get(ingestion.convention_id)
        if convention is None:
            return Fault(
                kind="convention_changed",
                detail=f"The convention {ingestion.convention_id!r} is not installed on this worker"
                " any more.",
                origin="platform",
            )
        if not convention.goes_on_with(ingestion.convention_version):
            return Fault(
                kind="convention_changed",
                detail=f"It was started with {convention.id} {ingestion.convention_version}; this"
                f" worker has {convention.version}, which is another major version.",
                origin="platform",
                hint="Start it again.",
            )
        return None

    def commit(
        self,
        job: Job,
        batch: Batch,
        report: Report | None,
        *,
        workdir: Path,
        said: Sequence[NewLine] = (),
    ) -> Verdict:
        """One transaction: items, records, children, counts, cursor, position of the campaign,
        progress, event, log, fence. Files are put in place inside of it, after the right was shown:
        what is refused leaves nothing. Raises ChildRefused, and ValueError for a convention that
        says what cannot be."""
        strides.check_reached(batch.reached, job.ingestion)
        family = self._children.check(job.ingestion, batch.items)
        starts = job.ingestion.is_step or bool(family.of(batch.items))
        with self._database.write() as tx:
            row = holds.lock(tx, job.hold)
            if row is None:
                return Verdict.LOST
            now = ingestion_of(row)
            held = self._children.hold(tx, now, family)
            if now.counts.seen != job.seen:
                # The answer to our commit was lost, not the commit: this is the same batch again.
                after, passed = now, row.cursor
            elif starts and strides.is_over(tx, now):
                job.refused = True
                return Verdict.STOP
            else:
                after, passed = self._publish(tx, job, now, family, held, batch, report, workdir)
                logs.append(tx, now.id, said, keep=self._policy.log_lines_kept)
        # Not before: the answer to this transaction may be lost too.
        job.moved = job.moved or passed != job.cursor
        job.counts, job.cursor = after.counts, passed
        return _verdict(after)

    def _publish(
        self,
        tx: Connection,
        job: Job,
        now: Ingestion,
        family: Family,
        held: Collection[str],
        batch: Batch,
        report: Report | None,
        workdir: Path,
    ) -> tuple[Ingestion, Mapping[str, Any]]:
        """Write what there is room for; the ingestion and its cursor afterwards."""
        every = family.items
        room = len(every) if now.limit is None else now.limit - now.counts.seen
        cut = every[: max(0, room)]
        news = [new_item(item, self._objects, workdir, job.origins) for item in cut]
        place = items.Place(
            tenant=now.tenant,
            convention_id=now.convention_id,
            ingestion_id=now.id,
            attempt=job.hold.attempt,
            first_number=now.counts.seen + 1,
        )
        counts = now.counts
        for outcome, times in Counter(items.publish(tx, place, news)).items():
            counts = counts.plus(outcome, times)
        # A batch that was cut short is not passed: its cursor stays behind it.
        whole = len(cut) == len(every)
        passed = batch.cursor if whole else job.cursor
        row = holds.advance(
            tx,
            job.hold,
            counts=counts,
            cursor=passed,
            moved=counts.seen > now.counts.seen or passed != job.cursor,
            progress=progress_of(job, report, counts),
        )
        after = ingestion_of(row)
        data = facts.state_and_counts(after)
        events.append(tx, now.id, "batch_committed", data, attempt=job.hold.attempt)
        self._children.add(tx, now, family.of(cut), held=held)
        if whole:
            strides.reach(tx, now, batch.reached)
        return after, passed

    def show(self, job: Job, report: Report) -> None:
        """Progress between two batches."""
        with self._database.write() as tx:
            holds.show_progress(tx, job.hold, progress_of(job, report, job.counts))

    def held(self, job: Job, question: Mapping[str, Any]) -> dict[str, Any]:
        """What the archive holds; see `holdings`. It needs no right: nothing is written."""
        with self._database.read() as tx:
            return holdings.answer(tx, job.ingestion, question)

    def say(self, ingestion_id: str, said: Sequence[NewLine], *, wait: bool = True) -> bool:
        """Write to the log. It needs no right: what was said was said. False when it was not
        written: the ingestion is gone or, without `wait`, busy."""
        with self._database.write() as tx:
            return logs.append(tx, ingestion_id, said, keep=self._policy.log_lines_kept, wait=wait)

    def complete(self, job: Job) -> Ingestion | None:
        """The source is read to its end (or to the limit). None when the right is gone."""
        if job.refused:
            # What it read last is not committed: this is not its end.
            return self.stop(job)
        with self._database.write() as tx:
            row = holds.lock(tx, job.hold)
            if row is None:
                return None
            now = ingestion_of(row)
            if missing := _missing(job, now):
                logs.append(tx, now.id, [lines.missing(now, missing)])
            canceling = now.status is Status.CANCELING
            if now.too_many_failures:
                if canceling:
                    return end(tx, job.hold, STOP, "requested", cancel="stopped")
                fault = _too_many_failures(now)
                return end(tx, job.hold, FAIL, fault.kind, error=fault)
            if now.campaign_key is not None and now.start_position is not None:
                campaign_changes.end_where(tx, now.campaign_key, now.start_position)
            if canceling:
                return end(tx, job.hold, FINISH_LATE, "too_late_to_cancel", cancel="too_late")
            return end(tx, job.hold, SUCCEED, "completed")

    def stop(self, job: Job, *, overdue: bool = False) -> Ingestion | None:
        """A cancel was obeyed, or its grace was over and the work was ended by force."""
        with self._database.write() as tx:
            if overdue:
                return end(tx, job.hold, STOP, "cancel_deadline", cancel="deadline")
            row = holds.lock(tx, job.hold)
            if row is None:
                return None
            if row.status == Status.CANCELING:
                return end(tx, job.hold, STOP, "requested", cancel="stopped")
            fault = Fault(
                kind="unexpected_error",
                detail=f"The convention {job.ingestion.convention_id!r} stopped, and nobody had"
                " asked it to.",
                origin="convention",
                attempt=job.hold.attempt,
                hint="Report it to the convention's author.",
            )
            return end(tx, job.hold, FAIL, "convention", error=fault)

    def fail(self, job: Job, fault: Fault, *, reason: str | None = None) -> Ingestion | None:
        """The attempt failed. What may pass by itself waits and is tried again within the budget;
        an error while canceling still ends in canceled."""
        fault = replace(fault, attempt=job.hold.attempt)
        with self._database.write() as tx:
            row = holds.lock(tx, job.hold)
            if row is None:
                return None
            if row.status == Status.CANCELING:
                return end(tx, job.hold, STOP, "requested", cancel="stopped")
            fruitless = _fruitless(job, ingestion_of(row))
            if fault.retryable and fruitless < self._policy.max_fruitless_attempts:
                # Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter").
                ceiling = min(
                    self._policy.backoff_max_seconds,
                    self._policy.backoff_seconds * 2 ** max(0, fruitless - 1),
                )
                wait = random.uniform(0, ceiling)
                crashed = fault.kind == "crashed"
                return requeue(
                    tx,
                    self._dispatch,
                    job.hold,
                    reason="backing_off",
                    wait_seconds=wait,
                    end_reason="crashed" if crashed else "backing_off",
                    error=fault,
                )
            return end(
                tx,
                job.hold,
                FAIL,
                reason or _REASONS.get(fault.origin, "internal"),
                error=fault,
            )

    def hand_over(self, job: Job) -> Ingestion | None:
        """The worker stops: somebody else goes on at once, and the attempt is free."""
        return self.release(job.hold)

    def pass_on(self, ingestion_id: str) -> None:
        """A stopping worker came to it: a sweep hands it to another."""
        with self._database.write() as tx:
            sweeps.not_dispatched(tx, ingestion_id)

    def release(self, hold: Hold) -> Ingestion | None:
        """Queue it again at once: the worker stops, or holds it without working on it. A canceling
        one is canceled: what was in hand has stopped."""
        with self._database.write() as tx:
            row = holds.lock(tx, hold)
            if row is None:
                return None
            if row.status == Status.CANCELING:
                return end(tx, hold, STOP, "requested", cancel="stopped")
            return requeue(
                tx,
                self._dispatch,
                hold,
                reason="handed_over",
                wait_seconds=None,
                end_reason="handed_over",
            )

    def beat(self, worker_id: str, *, slots: int) -> Sequence[Row[Any]]:
        """A sign of life; what the worker holds: id, attempt, status, micros_left until a
        deadline."""
        with self._database.write() as tx:
            return holds.beat(tx, worker_id, slots=slots)

    def forget_worker(self, worker_id: str) -> None:
        """It has stopped. What the engine gave it at the last moment goes to another, at once."""
        given = self._dispatch.given_to(worker_id)
        with self._database.write() as tx:
            workers.forget(tx, worker_id)
            for ingestion_id in given:
                sweeps.not_dispatched(tx, ingestion_id)


def _too_many_failures(now: Ingestion) -> Fault:
    counts = now.counts
    every = counts.failures == counts.seen
    allowed = f", and {now.max_failed_items} may" if now.max_failed_items else ""
    return Fault(
        kind="all_items_failed" if every else "some_items_failed",
        detail=f"{counts.failures} of {counts.seen} items were rejected or failed{allowed}."
        + (" The rest was not tried: it stops early." if now.stop_early else "")
        + f" `osa ingestion items {now.id} --outcome rejected --outcome failed` says why.",
        origin="source",
        # By a person, when the items are mended: never by itself.
        retryable=True,
        attempt=now.attempt,
        hint=f"`osa ingestion retry {now.id} --scope failed_items` tries them again.",
    )


def _verdict(now: Ingestion) -> Verdict:
    if now.limit is not None and now.counts.seen >= now.limit:
        return Verdict.ENOUGH
    if now.stop_early and now.too_many_failures:
        return Verdict.ENOUGH
    return Verdict.STOP if now.status is Status.CANCELING else Verdict.CONTINUE


def _missing(job: Job, now: Ingestion) -> int:
    """Of a retry of failed items: how many did not come again, at least."""
    if now.retry_scope is not RetryScope.FAILED_ITEMS or job.wanted is None:
        return 0
    stopped = now.stop_early and now.too_many_failures
    return 0 if stopped else max(0, len(job.wanted) - now.counts.seen)


def _fruitless(job: Job, now: Ingestion) -> int:
    """Attempts in a row that committed nothing, this one included."""
    moved = job.moved or now.counts.seen > job.ingestion.counts.seen
    return 0 if moved else job.fruitless
