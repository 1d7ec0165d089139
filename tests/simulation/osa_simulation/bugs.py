"""Defects to plant: a simulation that does not find them is worth nothing.

Each takes one guard out of the product, for as long as its block lasts.
"""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any
from unittest import mock

from sqlalchemy import Connection, event

from osa.conventions import Batch
from osa.server.errors import IngestionAlreadyRunning
from osa.server.model import Principal, Status
from osa.server.service import deletions as service_deletions
from osa.server.service import running
from osa.server.service.acceptance import Acceptance, Started
from osa.server.service.batches import new_item, progress_of
from osa.server.service.facts import state_and_counts
from osa.server.service.jobs import Job, Verdict
from osa.server.service.running import Running
from osa.server.store import cleanups, deletions, events, holds, items
from osa.server.store.ingestions import NewIngestion
from osa.server.store.rows import ingestion_of
from osa.server.store.tables import ingestion
from osa_simulation.stage import Stage

Plant = Callable[[Stage], contextlib.AbstractContextManager[None]]


def _rooms(name: str) -> list[ModuleType]:
    """Where service and store have something by this name."""
    found = [
        module
        for path, module in sorted(sys.modules.items())
        if path.startswith(("osa.server.store.", "osa.server.service.")) and name in vars(module)
    ]
    assert found, f"Nobody has {name} any more."
    return found


@contextlib.contextmanager
def _everywhere(name: str, instead: Any) -> Iterator[None]:
    """Whoever has the name, has something else under it."""
    with contextlib.ExitStack() as held:
        for room in _rooms(name):
            held.enter_context(mock.patch.object(room, name, instead))
        yield


@contextlib.contextmanager
def no_fence(stage: Stage) -> Iterator[None]:
    """A worker that was given up on still writes."""

    engine, right = stage.database.engine, "ingestion.attempt = ?"

    def whoever(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> tuple[str, Any]:
        if not statement.startswith("UPDATE ingestion"):
            return statement, parameters
        return statement.replace(right, f"({right} OR 1 = 1)"), parameters

    event.listen(engine, "before_cursor_execute", whoever, retval=True)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", whoever)


@contextlib.contextmanager
def check_then_insert(stage: Stage) -> Iterator[None]:
    """Whether a place is taken is looked at in a transaction before that of the insert; no index
    is the judge."""
    find, accept = vars(_rooms("holder_of_keys")[0])["holder_of_keys"], Acceptance.accept

    def looked(self: Acceptance, principal: Principal, new: NewIngestion, **how: Any) -> Started:
        with stage.database.read() as tx:
            holder = find(tx, new)
        if holder is not None:
            raise IngestionAlreadyRunning(new.convention_id, holder.ingestion_id, key=holder.key)
        return accept(self, principal, new, **how)

    raw = stage.database.raw
    kept = raw.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND"
        " (name LIKE 'uq_ingestion_exclusive%' OR name LIKE 'uq_ingestion_concurrency%')"
    ).fetchall()
    for name, _ in kept:
        raw.execute(f"DROP INDEX {name}")
    try:
        with (
            mock.patch.object(Acceptance, "accept", looked),
            _everywhere("holder_of_keys", lambda tx, new: None),
        ):
            yield
    finally:
        stage.empty()
        for _, sql in kept:
            raw.execute(sql)


@contextlib.contextmanager
def cleanup_of_active(stage: Stage) -> Iterator[None]:
    """What is not done is deleted too: neither is it refused, nor does a statement guard it."""
    every = frozenset(Status)
    with (
        mock.patch.object(cleanups, "ENDED", every),
        mock.patch.object(deletions, "ENDED", every),
        mock.patch.object(service_deletions, "allowed", lambda found, id, action: found),
    ):
        yield


@contextlib.contextmanager
def no_reconcile(stage: Stage) -> Iterator[None]:
    """Nobody looks whether the queue still knows of what waits."""
    with _everywhere("undispatched", lambda tx, **how: []):
        yield


@contextlib.contextmanager
def no_overdue(stage: Stage) -> Iterator[None]:
    """A cancel is over when the worker says so."""
    with _everywhere("overdue_cancels", lambda tx: []):
        yield


@contextlib.contextmanager
def last_comes_first(stage: Stage) -> Iterator[None]:
    """Who came last is taken next."""
    limits = vars(_rooms("Limits")[0])["Limits"]
    line = limits().first_in_line.order_by(None).order_by(ingestion.c.id.desc())
    with mock.patch.object(limits, "first_in_line", property(lambda self: line)):
        yield


@contextlib.contextmanager
def end_without_event(stage: Stage) -> Iterator[None]:
    """A success is not told."""

    append = events.append

    def silent(tx: Connection, ingestion_id: str, type: str, data: Any, **how: Any) -> int:
        if type == "ingestion_succeeded":
            return 0
        return append(tx, ingestion_id, type, data, **how)

    with mock.patch.object(events, "append", silent):
        yield


@contextlib.contextmanager
def leaked_places(stage: Stage) -> Iterator[None]:
    """What ends keeps its places under the limits."""
    with _everywhere("NO_PLACES", {}):
        yield


@contextlib.contextmanager
def two_transactions(stage: Stage) -> Iterator[None]:
    """A batch is committed first, and its counts after it."""

    def commit(
        self: Running,
        job: Job,
        batch: Batch,
        report: Any,
        *,
        workdir: Any,
        said: Sequence[Any] = (),
    ) -> Verdict:
        with self._database.write() as tx:
            row = holds.lock(tx, job.hold)
            if row is None:
                return Verdict.LOST
            now = ingestion_of(row)
            if now.counts.seen != job.seen:
                job.counts, job.cursor = now.counts, row.cursor
                return running._verdict(now)
            place = items.Place(
                tenant=now.tenant,
                convention_id=now.convention_id,
                ingestion_id=now.id,
                attempt=job.hold.attempt,
                first_number=now.counts.seen + 1,
            )
            news = [new_item(item, self._objects, workdir, job.origins) for item in batch.items]
            counts = now.counts
            for outcome, times in Counter(items.publish(tx, place, news)).items():
                counts = counts.plus(outcome, times)
        with self._database.write() as tx:
            if holds.lock(tx, job.hold) is None:
                return Verdict.LOST
            row = holds.advance(
                tx,
                job.hold,
                counts=counts,
                cursor=batch.cursor,
                moved=True,
                progress=progress_of(job, report, counts),
            )
            after = ingestion_of(row)
            data = state_and_counts(after)
            events.append(tx, now.id, "batch_committed", data, attempt=job.hold.attempt)
        job.counts, job.cursor = after.counts, batch.cursor
        return running._verdict(after)

    with mock.patch.object(Running, "commit", commit):
        yield


#: By name; and what the witness says of each.
BUGS: Mapping[str, tuple[Plant, str]] = {
    "no fence": (no_fence, r"attempt|ended|item \d+ is"),
    "check, then insert": (check_then_insert, "at the same time under"),
    "a cleanup of active ones": (cleanup_of_active, "deleted while|A cleanup of"),
    "no reconcile": (no_reconcile, "never ended"),
    "no deadline of a cancel": (no_overdue, "after its deadline|never ended"),
    "the last comes first": (last_comes_first, "first in line"),
    "an end without event": (end_without_event, "by its events|event"),
    "leaked places": (leaked_places, "in places"),
    "items and counts in two transactions": (two_transactions, "counts"),
}
