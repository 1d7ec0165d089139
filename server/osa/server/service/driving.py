"""What the server does for campaigns by itself: the next step, the cancels, the children to start
again. Level-triggered: it looks at how things are, so it may run anywhere, often, and at the same
time as another."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row

from osa.server.errors import OsaError, Unavailable
from osa.server.model import HELD, Principal, RetryRequest, RetryScope, Status
from osa.server.service.canceling import Manner, cancel
from osa.server.service.retries import Retries
from osa.server.service.steps import Steps
from osa.server.store import audit, campaign_changes, campaign_work, campaigns
from osa.server.store.database import Database

_log = logging.getLogger("osa.campaigns")

#: Ingestions that are canceled in one transaction, and how long one look may go on.
_CANCELED_AT_ONCE = 200
_SECONDS = 2.0


class _NotWanted(Exception):
    """Somebody has canceled or paused the campaign since, or asked for something else."""


class Driver:
    """Drives all campaigns of all tenants."""

    def __init__(self, database: Database, steps: Steps, retries: Retries) -> None:
        self._database = database
        self._steps = steps
        self._retries = retries
        #: The campaign that was looked at last.
        self._after = ""

    def drive(self) -> None:
        """Look at those that have something to be done, for a while; the next look goes on after
        the last one: deadlines and lost workers are looked after by the same thread."""
        until = time.monotonic() + _SECONDS
        while True:
            with self._database.read() as tx:
                rows = campaign_work.unsettled(tx, after=self._after)
            for row in rows:
                self._after = row.id
                # What cannot be done for one campaign must not keep the others waiting.
                try:
                    self._drive(row, until)
                except OsaError as exc:
                    _log.warning(
                        "campaign_waits",
                        extra={"campaign_id": row.campaign_id, "detail": exc.detail},
                    )
                except Exception:  # noqa: BLE001 - see above
                    _log.exception("campaign_broke", extra={"campaign_id": row.campaign_id})
                if time.monotonic() > until:
                    return
            if not rows:
                self._after = ""
                return

    def _drive(self, row: Row[Any], until: float) -> None:
        if row.wanted == "stop":
            self._cancel(row.id, until)
        elif row.requeue is not None:
            self._requeue(row, until)
        else:
            self._next_step(row)

    def _next_step(self, row: Row[Any]) -> None:
        with self._database.write() as tx:
            known = campaigns.find_by_key(tx, row.id)
            if known is not None and known.campaign.next_start_position is not None:
                self._steps.begin(tx, None, known.campaign, known.campaign.next_start_position)

    def cancel_some(self, key: str) -> None:
        """Cancel what is active of a canceled campaign, for a while; the next look goes on."""
        self._cancel(key, time.monotonic() + _SECONDS)

    def _cancel(self, key: str, until: float) -> None:
        while time.monotonic() < until:
            with self._database.write() as tx:
                stopped = campaign_changes.lock(tx, key)
                if stopped.wanted != "stop":
                    return
                states = [Status.QUEUED, Status.RUNNING]
                if stopped.cancel_force:
                    states = [Status.QUEUED, *HELD]
                # Whoever has one of them in hand may wait for the campaign: they are left for the
                # next look.
                ids = campaign_work.active(tx, key, states, _CANCELED_AT_ONCE)
                how = Manner.of_campaign(stopped, force=stopped.cancel_force)
                for ingestion_id in ids:
                    cancel(tx, stopped.tenant, ingestion_id, how)
            if len(ids) < _CANCELED_AT_ONCE:
                return

    def _requeue(self, row: Row[Any], until: float) -> None:
        """Start children again that did not succeed, those that were created first before others.
        One that cannot be retried stays as it is."""
        principal = Principal(
            token_id="", token_name=audit.SERVER, tenant=row.tenant, scopes=frozenset()
        )

        def if_still(tx: Connection) -> None:
            campaign = campaign_changes.lock(tx, row.id)
            if campaign.wanted != "run" or campaign.requeue_until != row.requeue_until:
                raise _NotWanted

        after = row.requeue_after
        while time.monotonic() < until:
            with self._database.read() as tx:
                ids = campaign_work.requeueable(
                    tx, row.id, row.requeue.split(","), row.requeue_until, after
                )
            try:
                for ingestion_id in ids:
                    self._retry(principal, ingestion_id, if_still)
            except _NotWanted:
                return
            after = ids[-1] if ids else None
            with self._database.write() as tx:
                campaign_work.requeued(tx, row.id, row.requeue_until, after)
            if not ids:
                return

    def _retry(
        self, principal: Principal, ingestion_id: str, if_still: Callable[[Connection], None]
    ) -> None:
        """After the last batch where that is possible, else from the beginning."""
        for scope in (RetryScope.REMAINING, RetryScope.ALL):
            try:
                self._retries.retry(
                    principal,
                    ingestion_id,
                    RetryRequest(scope=scope),
                    idempotency_key=None,
                    if_still=if_still,
                )
            except Unavailable:
                raise
            except OsaError as exc:
                refused = exc
            else:
                return
        _log.warning(
            "child_not_retried", extra={"ingestion_id": ingestion_id, "detail": refused.detail}
        )
