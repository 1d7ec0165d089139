"""Why an ingestion is where it is, since when, and what to do about it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from osa.server.model import Diagnosis, Fault, Ingestion, Principal, Status
from osa.server.service import endings
from osa.server.service.findings import Finding, is_, many, moment, quoted, sentences, span
from osa.server.service.reading import Reading
from osa.server.store import ingestions, queue
from osa.server.store.database import Database
from osa.server.store.line import Limits
from osa.server.store.queue import Crew, Obstacles, Signs

#: A worker gives a sign of life each second; so long without one is worth a word.
SILENT_AFTER = timedelta(seconds=5)


class Diagnoses:
    """Looks at an ingestion and at what is around it, at one moment."""

    def __init__(
        self, database: Database, reading: Reading, *, limits: Limits, stale_seconds: float
    ) -> None:
        self._database = database
        self._reading = reading
        self._limits = limits
        self._stale_seconds = stale_seconds

    def explain(self, principal: Principal, ingestion_id: str) -> Diagnosis:
        """Raises IngestionNotFound."""
        with self._database.read() as tx:
            ingestion = self._reading.find(tx, principal.tenant, ingestion_id)
            found = self._finding(tx, ingestion)
        return Diagnosis(
            ingestion_id=ingestion.id,
            status=ingestion.status,
            code=found.code,
            text=found.text[:4_000],
            since=found.since,
            action=None if found.action is None else found.action[:1_000],
            queue_position=ingestion.queue_position,
            blocked_by=found.blocked_by,
            checked_at=ingestion.read_at,
            poll_after_seconds=ingestion.poll_after_seconds,
        )

    def _finding(self, tx: Connection, ingestion: Ingestion) -> Finding:
        match ingestion.status:
            case Status.QUEUED:
                crew = queue.crew(tx, within_seconds=self._stale_seconds)
                obstacles = queue.obstacles(tx, ingestion, self._limits)
                return waiting(
                    ingestion, crew, obstacles, self._limits, stale_seconds=self._stale_seconds
                )
            case Status.RUNNING:
                signs = queue.signs(tx, ingestion)
                return running(ingestion, signs, stale_seconds=self._stale_seconds)
            case Status.CANCELING:
                return canceling(ingestion)
        faults = queue.faults(tx, ingestion.id) if ingestion.counts.failures else None
        retry = None
        if ingestion.retried_by is not None:
            retry = ingestions.find(tx, ingestion.tenant, ingestion.retried_by)
        return endings.ended(ingestion, faults, retry)


def waiting(
    ingestion: Ingestion,
    crew: Crew,
    obstacles: Obstacles,
    limits: Limits,
    *,
    stale_seconds: float,
) -> Finding:
    """Why a queued ingestion waits: the first that would have to change."""
    since = ingestion.queued_at
    nobody = f"No worker has given a sign of life in the last {stale_seconds:g} seconds"
    to_start_one = "Start one on a host of the archive with `osa worker`, or look why none runs."
    due_at = ingestion.next_attempt_at
    if due_at is not None and due_at > ingestion.read_at:
        error = ingestion.attempts[-1].error if ingestion.attempts else None
        return Finding(
            code="backing_off",
            text=sentences(
                f"Attempt {ingestion.attempt} failed:",
                quoted(error.detail) if error else "it did not say why.",
                f"It is tried again at {moment(due_at)}, in {span(due_at - ingestion.read_at)}.",
                None if crew.workers else f"{nobody}, though.",
            ),
            since=since,
            action=_hint(error) if crew.workers else to_start_one,
        )
    if not crew.workers:
        return Finding(
            code="no_workers",
            text=sentences(
                f"{nobody}, so nothing is taken.",
                f"The last one did at {moment(crew.heard_at)}." if crew.heard_at else None,
            ),
            since=max(since, crew.heard_at) if crew.heard_at else since,
            action=to_start_one,
        )
    return (
        _blocked(ingestion, obstacles)
        or _limited(ingestion, obstacles, limits)
        or _in_line(ingestion, crew)
    )


def _hint(error: Fault | None) -> str | None:
    return None if error is None else error.hint


def _blocked(ingestion: Ingestion, obstacles: Obstacles) -> Finding | None:
    for code, what, holder in (
        (
            "waiting_for_convention",
            f"{ingestion.convention_id} runs one ingestion at a time",
            obstacles.convention_holder,
        ),
        (
            "waiting_for_concurrency_key",
            f"Ingestions with the concurrency_key {ingestion.concurrency_key!r} run one at a time",
            obstacles.key_holder,
        ),
    ):
        if holder is not None:
            return Finding(
                code=code,
                text=f"{what}, and it is the turn of {holder}.",
                since=ingestion.queued_at,
                action=f"Wait for it, or stop it with `osa ingestion cancel {holder}`.",
                blocked_by=holder,
            )
    return None


def _limited(ingestion: Ingestion, obstacles: Obstacles, limits: Limits) -> Finding | None:
    of_convention = limits.per_convention.get(ingestion.convention_id)
    for code, busy, limit, whose, setting in (
        (
            "waiting_for_tenant_limit",
            obstacles.tenant_busy,
            limits.per_tenant,
            f"of the tenant {ingestion.tenant}",
            "OSA_MAX_RUNNING_PER_TENANT",
        ),
        (
            "waiting_for_convention_limit",
            obstacles.convention_busy,
            of_convention,
            f"of {ingestion.convention_id}",
            "OSA_MAX_RUNNING_PER_CONVENTION",
        ),
    ):
        if limit is not None and busy >= limit:
            return Finding(
                code=code,
                text=f"{many(busy, 'ingestion')} {whose} {is_(busy)} running,"
                f" and no more than {limit:,} may.",
                since=ingestion.queued_at,
                action="Wait until one of them is done (`osa ingestion list --status running`), or"
                f" have the operator raise {setting}.",
            )
    return None


def _in_line(ingestion: Ingestion, crew: Crew) -> Finding:
    before = ingestion.queue_position or 0
    full = crew.busy >= crew.slots
    if before >= queue.COUNTED_AT_MOST:
        place = f"{before:,} or more are taken before it."
    else:
        place = f"{before:,} {is_(before)} taken before it."
    return Finding(
        code="waiting_for_worker",
        text=sentences(
            "It is the next in line." if not before else place,
            f"{many(crew.workers, 'worker')} with {many(crew.slots, 'slot')}"
            f" {is_(crew.workers)} alive, and"
            f" {many(crew.busy, 'ingestion')} {is_(crew.busy)} running.",
            None if full or before else "It is taken in a moment.",
        ),
        since=ingestion.queued_at,
        action="Wait; or start another `osa worker`, or one with more `--slots`." if full else None,
    )


def running(ingestion: Ingestion, signs: Signs, *, stale_seconds: float) -> Finding:
    """What a running ingestion does, if anything."""
    worker = ingestion.attempts[-1].worker if ingestion.attempts else "its worker"
    now = ingestion.read_at
    if now - signs.heard_at > SILENT_AFTER:
        over = signs.heard_at + timedelta(seconds=stale_seconds)
        return Finding(
            code="worker_silent",
            text=f"Its worker, {worker}, gave its last sign of life {span(now - signs.heard_at)}"
            f" ago. At {moment(over)} it is given up on, and the ingestion goes back to the queue"
            " to go on after its last batch, or fails when it has no attempts left.",
            since=signs.heard_at,
            action=f"Look after {worker} when this happens often: its log, its memory, its clock.",
        )
    if ingestion.progress.stalled:
        return Finding(
            code="stalled",
            text=sentences(
                f"Its worker, {worker}, is alive, but nothing has advanced for"
                f" {span(now - signs.advanced_at)}.",
                _how_far(ingestion),
            ),
            since=signs.advanced_at,
            action=f"`osa ingestion logs {ingestion.id}` may tell what it is doing."
            f" `osa ingestion cancel {ingestion.id}` stops it;"
            f" `osa ingestion retry {ingestion.id} --scope remaining` then goes on after the last"
            " batch.",
        )
    return Finding(
        code="working",
        text=sentences(
            f"{worker} is working on it, in attempt {ingestion.attempt}.", _how_far(ingestion)
        ),
        since=ingestion.attempts[-1].started_at if ingestion.attempts else ingestion.started_at,
    )


def _how_far(ingestion: Ingestion) -> str:
    progress, now = ingestion.progress, ingestion.read_at
    if progress.completed is None:
        done = f"{many(ingestion.counts.seen, 'item')} so far"
    else:
        of = "" if progress.total is None else f" of {progress.total:,}"
        done = f"{progress.completed:,}{of} {progress.unit or 'done'}"
    parts = [done]
    if progress.percent is not None:
        parts.append(f"{progress.percent:.0f} %")
    if progress.rate_per_second:
        parts.append(f"{progress.rate_per_second:.3g} a second")
    if progress.eta is not None:
        parts.append(f"done in about {span(progress.eta - now)}")
    text = f"{', '.join(parts)}."
    if progress.phase or progress.message:
        said = ": ".join(part for part in (progress.phase, progress.message) if part)
        text += f" It says: {quoted(said)}"
    deadline = ingestion.deadline_at
    if deadline is not None:
        late = progress.eta is not None and progress.eta > deadline
        text += f" Its deadline is {moment(deadline)}{', which is too early' if late else ''}."
    return text


def canceling(ingestion: Ingestion) -> Finding:
    """Who asked it to stop, and when it is over at the latest."""
    cancel, now = ingestion.cancel, ingestion.read_at
    if cancel is None:
        return Finding(code="canceling", text="It was asked to stop.", since=ingestion.updated_at)
    latest = None
    if cancel.deadline_at is not None:
        latest = (
            f"At {moment(cancel.deadline_at)}, in {span(cancel.deadline_at - now)}, it is ended"
            " whatever its worker does."
        )
    return Finding(
        code="canceling",
        text=sentences(
            f"{cancel.requested_by} asked it to stop {span(now - cancel.requested_at)} ago.",
            f"The reason: {quoted(cancel.reason)}" if cancel.reason else None,
            "The item in hand may be finished.",
            latest,
        ),
        since=cancel.requested_at,
        action=f"`osa ingestion cancel {ingestion.id} --force` ends it at once.",
    )
