"""What a sweep decides when nobody else does: a worker that is gone, a cancel or a deadline that
has passed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from osa.server.model import Fault, Status
from osa.server.model.machine import EXPIRE, FAIL, STOP, Transition
from osa.server.service.dispatch import Dispatch
from osa.server.service.jobs import Policy
from osa.server.service.leaving import end, requeue, tell_end
from osa.server.store import cancels, holds, sweeps
from osa.server.store.database import Database
from osa.server.store.holds import Hold
from osa.server.store.line import Limits
from osa.server.store.rows import ingestion_of


class Rescue:
    """Each looks again under the row's lock: what was seen before may have changed."""

    def __init__(self, database: Database, dispatch: Dispatch, policy: Policy) -> None:
        self._database = database
        self._dispatch = dispatch
        self._policy = policy

    @property
    def limits(self) -> Limits:
        return self._policy.limits

    def lose(self, hold: Hold, *, fruitless: int, stale_seconds: float) -> None:
        """A sweep found that the worker is gone."""
        with self._database.write() as tx:
            if not sweeps.is_still_lost(tx, hold, stale_seconds=stale_seconds):
                return
            row = holds.lock(tx, hold)
            if row is None:
                return
            if row.status == Status.CANCELING:
                _end(tx, hold, STOP, "requested", cancel="stopped", why="worker_lost")
                return
            if fruitless < self._policy.max_fruitless_attempts:
                requeue(
                    tx,
                    self._dispatch,
                    hold,
                    reason="worker_lost",
                    wait_seconds=None,
                    end_reason="worker_lost",
                )
                return
            fault = Fault(
                kind="worker_lost",
                detail=f"The worker gave no sign of life for {stale_seconds:g} seconds, in"
                f" {fruitless} attempts in a row that committed nothing.",
                origin="platform",
                retryable=True,
                attempt=hold.attempt,
                hint="The log of the worker says more; memory may have run out.",
            )
            _end(tx, hold, FAIL, "worker_lost", error=fault, why="worker_lost")

    def overdue(self, hold: Hold) -> None:
        """A sweep found a cancel past its deadline."""
        with self._database.write() as tx:
            if not sweeps.is_still_overdue(tx, hold):
                return
            row = holds.lock(tx, hold)
            if row is None:
                return
            _end(tx, hold, STOP, "cancel_deadline", cancel="deadline")

    def expire(self, hold: Hold) -> None:
        """A sweep found an ingestion past its own deadline. What it has published stays; whoever
        works on it has lost its right."""
        with self._database.write() as tx:
            status = sweeps.is_past_deadline(tx, hold)
            if status is None:
                return
            fault = Fault(
                kind="deadline_exceeded",
                detail="It was not done by its deadline"
                + ("." if hold.attempt else "; no worker had taken it."),
                origin="user",
                retryable=True,
                attempt=hold.attempt,
                hint=f"`osa ingestion retry {hold.ingestion_id} --scope remaining` goes on after"
                " the last batch.",
            )
            if status is EXPIRE.source:
                row = cancels.expire_queued(tx, hold.ingestion_id, fault)
                if row is not None:
                    tell_end(tx, ingestion_of(row), EXPIRE)
                return
            _end(tx, hold, FAIL, "deadline_exceeded", error=fault, why="deadline_exceeded")


def _end(tx: Connection, hold: Hold, transition: Transition, reason: str, **more: Any) -> None:
    ended = end(tx, hold, transition, reason, **more)
    if ended is not None:
        sweeps.let_pass(tx, ended)
