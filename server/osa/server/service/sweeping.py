"""What keeps the promises when nobody else does: lost workers, deadlines, hand-overs, campaigns,
leftovers."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from pathlib import Path

from osa.server.errors import Unavailable
from osa.server.service.acceptance import KEY_KEPT_SECONDS
from osa.server.service.dispatch import Dispatch
from osa.server.service.driving import Driver
from osa.server.service.rescue import Rescue
from osa.server.service.retention import Retention
from osa.server.store import cleanups, keys, sweeps, uploads, workers
from osa.server.store.database import Database
from osa.server.store.objects import Objects

_log = logging.getLogger("osa.sweep")

#: The engine was told and nobody took it for so long: look whether it still knows.
_PATIENCE_SECONDS = 15.0
#: How often leftovers are looked for, and how old a temporary file of a request must be.
HOUSEKEEPING_SECONDS = 60.0
#: A sweep that comes so late (as a part of the time a worker may be silent) has slept, or could not
#: reach the database; and so, perhaps, could not the workers.
_GAP = 0.75
_LEFTOVER_SECONDS = 24 * 3600.0
#: How often content that nothing names is looked for: it reads the whole folder of objects.
_FREEING_SECONDS = 6 * 3600.0


class Sweeper:
    """Runs in every server and every worker, at the same time as others, as often as one likes."""

    def __init__(
        self,
        database: Database,
        rescue: Rescue,
        dispatch: Dispatch,
        objects: Objects,
        retention: Retention,
        driver: Driver,
        *,
        work_dir: Path,
        stale_seconds: float,
    ) -> None:
        self._database = database
        self._rescue = rescue
        self._limits = rescue.limits
        self._dispatch = dispatch
        self._work_dir = work_dir
        self._stale_seconds = stale_seconds
        self._objects = objects
        self._retention = retention
        self._driver = driver
        self._freed = time.monotonic()
        #: Since when the database has answered without a gap, and when it last did: by the clock of
        #: this process, and by the database's.
        self._steady_since: float | None = None
        self._last_seen: tuple[float, datetime] | None = None

    def sweep(self) -> None:
        """Look once at everything. A database that is away is looked at again next time."""
        steps: list[Callable[[], None]] = [
            self._lost,
            self._overdue,
            self._past_deadline,
            self._undispatched,
            self._driver.drive,
        ]
        for step in steps:
            try:
                step()
            except Unavailable as exc:
                _log.warning("sweep_delayed", extra={"step": step.__name__, "detail": exc.detail})
            except Exception:  # noqa: BLE001 - see below
                # One thing that cannot be mended must not keep the others from their deadlines.
                _log.exception("sweep_failed", extra={"step": step.__name__})

    def _lost(self) -> None:
        with self._database.read() as tx:
            now = sweeps.clock(tx)
            found = sweeps.lost(tx, stale_seconds=self._stale_seconds)
        if not self._is_steady(now):
            # After an outage, a suspend or a jump of the clock everybody's last sign of life is
            # old: the living get as long to give one as the dead had.
            return
        for lost in found:
            _log.warning(
                "worker_lost",
                extra={"ingestion_id": lost.hold.ingestion_id, "attempt": lost.hold.attempt},
            )
            with _one_by_one(lost.hold.ingestion_id):
                self._rescue.lose(
                    lost.hold, fruitless=lost.fruitless, stale_seconds=self._stale_seconds
                )

    def _is_steady(self, now: datetime) -> bool:
        """Whether the database was seen without a gap for as long as a worker may be silent."""
        moment = time.monotonic()
        before, self._last_seen = self._last_seen, (moment, now)
        if before is not None:
            passed = moment - before[0]
            jumped = abs((now - before[1]).total_seconds() - passed)
            if passed + jumped > _GAP * self._stale_seconds:
                self._steady_since = None
        if self._steady_since is None:
            self._steady_since = moment
        return moment - self._steady_since >= self._stale_seconds

    def _overdue(self) -> None:
        with self._database.read() as tx:
            found = sweeps.overdue_cancels(tx)
        for hold in found:
            _log.warning("cancel_deadline", extra={"ingestion_id": hold.ingestion_id})
            with _one_by_one(hold.ingestion_id):
                self._rescue.overdue(hold)

    def _past_deadline(self) -> None:
        with self._database.read() as tx:
            found = sweeps.past_deadline(tx)
        for hold in found:
            _log.warning("deadline_exceeded", extra={"ingestion_id": hold.ingestion_id})
            with _one_by_one(hold.ingestion_id):
                self._rescue.expire(hold)

    def _undispatched(self) -> None:
        with self._database.read() as tx:
            found = sweeps.undispatched(tx, patience_seconds=_PATIENCE_SECONDS, limits=self._limits)
            alive = set(workers.alive(tx, stale_seconds=self._stale_seconds))
        told = {one.ingestion_id: one.dispatch for one in found if one.handed_over}
        holders = self._dispatch.holders(told) if told else {}
        # Queued in the engine: it will be given to somebody. What was given to a worker that lives,
        # and waits all the same, is not about to be taken: that worker took another, which was
        # before it in line or alone could be had, and may be busy with that for days.
        waiting = [id for id, worker in holders.items() if worker is None]
        if waiting:
            with self._database.write() as tx:
                sweeps.still_waiting(tx, waiting)
        for one in found:
            if one.ingestion_id in waiting:
                continue
            if one.handed_over and holders.get(one.ingestion_id) not in alive:
                _log.warning("dispatched_again", extra={"ingestion_id": one.ingestion_id})
            with self._database.write() as tx:
                number = sweeps.dispatch_again(tx, one.ingestion_id, one.dispatch)
                if number is not None:
                    self._dispatch.enqueue(tx, one.ingestion_id, number)

    def keep_house(self) -> None:
        """Forget what is over. It may take long: not in the thread that keeps deadlines."""
        with self._database.write() as tx:
            uploads.forget_expired(tx)
            keys.forget_old(tx, keep_seconds=KEY_KEPT_SECONDS)
            cleanups.forget_expired(tx)
            workers.forget_silent(tx, stale_seconds=20 * self._stale_seconds)
        with self._database.read() as tx:
            alive = workers.alive(tx, stale_seconds=self._stale_seconds)
        self._dispatch.forget_done(alive)
        self._remove_leftovers()
        self._retention.purge()
        if time.monotonic() - self._freed >= _FREEING_SECONDS:
            self._freed = time.monotonic()
            self._objects.remove_unnamed(self._named)

    def _named(self, checksums: Collection[str]) -> Collection[str]:
        with self._database.read() as tx:
            return sweeps.named_objects(tx, checksums)

    def _remove_leftovers(self) -> None:
        """Folders of attempts that nobody holds any more, and files of requests that broke off."""
        if not self._work_dir.is_dir():
            return
        now = time.time()
        folders: dict[str, list[Path]] = {}
        for entry in self._work_dir.iterdir():
            # Uploads and attempts end meanwhile: what is gone is gone.
            with contextlib.suppress(FileNotFoundError):
                if entry.is_dir():
                    folders[entry.name] = [one for one in entry.iterdir() if one.is_dir()]
                elif now - entry.stat().st_mtime > _LEFTOVER_SECONDS:
                    entry.unlink(missing_ok=True)
        with self._database.read() as tx:
            held = sweeps.held_attempts(tx, list(folders))
        for ingestion_id, attempts in folders.items():
            for attempt in attempts:
                if attempt.name != str(held.get(ingestion_id)):
                    shutil.rmtree(attempt, ignore_errors=True)
            with contextlib.suppress(OSError):
                # Only when it is empty: it may have been taken since, and have a new folder there.
                (self._work_dir / ingestion_id).rmdir()


@contextlib.contextmanager
def _one_by_one(ingestion_id: str) -> Iterator[None]:
    """What cannot be done for one ingestion must not keep the next from its deadline."""
    try:
        yield
    except Unavailable as exc:
        _log.warning("sweep_delayed", extra={"ingestion_id": ingestion_id, "detail": exc.detail})
    except Exception:  # noqa: BLE001 - see above
        _log.exception("sweep_failed", extra={"ingestion_id": ingestion_id})
