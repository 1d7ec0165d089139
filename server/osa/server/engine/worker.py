"""A worker: takes ingestions, runs them on its slots, gives signs of life, and hands over when it
stops."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict

from osa.server.engine.attempt import Attempt
from osa.server.engine.door import Consumer
from osa.server.engine.slots import Slot, SlotDied, SlotPool
from osa.server.errors import Unavailable
from osa.server.model import Status, new_id
from osa.server.service.running import Running
from osa.server.service.sweeping import HOUSEKEEPING_SECONDS, Sweeper
from osa.server.settings import Settings
from osa.server.store.database import Database
from osa.server.store.holds import Hold

_log = logging.getLogger("osa.worker")
_HEARTBEAT_SECONDS = 1.0


def new_worker_id() -> str:
    """Host, process and something unique: two lives of one process never share a name."""
    return f"{socket.gethostname()[:64]}-{os.getpid()}-{new_id()[-12:]}"


class Worker:
    """One process; `run` returns when `stop` was called and everything is handed over."""

    def __init__(
        self, settings: Settings, database: Database, running: Running, sweeper: Sweeper
    ) -> None:
        self.id = new_worker_id()
        self._settings = settings
        self._running = running
        self._sweeper = sweeper
        self._pool = SlotPool(
            settings.slots,
            recycle_after=settings.slot_recycle_after,
            limits={
                # What is resident is watched; address space is what the kernel can refuse at once.
                "OSA_SLOT_MEMORY_BYTES": 2 * settings.slot_memory_bytes,
                "OSA_SLOT_FILE_BYTES": settings.slot_file_bytes,
            },
        )
        self._consumer = Consumer(
            database,
            self._ingest,
            worker_id=self.id,
            slots=settings.slots,
            poll_interval_seconds=settings.poll_interval_seconds,
        )
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._changing = threading.Lock()
        # By hold: a worker that was given up on may take the same ingestion again, while its old
        # attempt has not yet found out.
        self._attempts: dict[Hold, Attempt] = {}
        #: How many are being taken, and are not yet among the attempts.
        self._taking = 0

    def run(self) -> None:
        """Until `stop`."""
        beat = self._thread("heartbeat", _HEARTBEAT_SECONDS, self._beat)
        sweep = self._thread("sweep", self._settings.sweep_interval_seconds, self._sweeper.sweep)
        self._thread("housekeeping", HOUSEKEEPING_SECONDS, self._sweeper.keep_house)
        self._pool.warm()
        self._beat()
        self._consumer.start()
        _log.info("worker_started", extra={"worker": self.id, "slots": self._settings.slots})
        self._stopping.wait()
        self._consumer.pause()
        self._hand_over()
        self._stopped.set()
        beat.join(5)
        sweep.join(5)
        self._consumer.stop()
        self._pool.close()
        try:
            self._running.forget_worker(self.id)
        except Unavailable:
            _log.warning("worker_not_forgotten", extra={"worker": self.id})
        _log.info("worker_stopped", extra={"worker": self.id})

    def stop(self) -> None:
        """Take no more, let running batches commit, hand over. Safe in a signal handler."""
        self._stopping.set()

    def _thread(self, name: str, seconds: float, step: Callable[[], None]) -> threading.Thread:
        def loop() -> None:
            while not self._stopped.wait(seconds):
                try:
                    step()
                except Unavailable as exc:
                    _log.warning("database_away", extra={"step": name, "detail": exc.detail})
                except Exception:  # noqa: BLE001 - see below
                    # A heartbeat that dies of a defect would cost every ingestion its worker.
                    _log.exception("step_failed", extra={"step": name})

        thread = threading.Thread(target=loop, name=name, daemon=True)
        thread.start()
        return thread

    def _ingest(self, ingestion_id: str) -> None:
        """Called by the engine, in a thread of its own, for each hand-over: runs whatever is first
        in line, and then whatever waits. A hand-over that comes late finds nothing to do."""
        while True:
            try:
                with self._pool.slot() as slot:
                    if self._stopping.is_set():
                        self._running.pass_on(ingestion_id)
                        return
                    attempt = self._take(slot)
                    if attempt is None:
                        if self._stopping.is_set():
                            self._running.pass_on(ingestion_id)
                        return
                    self._run(attempt)
            except Unavailable as exc:
                # Not taken: a sweep finds that the engine has let go of it, and queues it again.
                _log.warning("not_taken", extra={"detail": exc.detail})
                return
            except SlotDied:
                _log.error("slot_did_not_start")
                return

    def _take(self, slot: Slot) -> Attempt | None:
        with self._changing:
            if self._stopping.is_set():
                # Whoever hands over looks at `_taking` under this lock: not a moment too late.
                return None
            self._taking += 1
        try:
            job = self._running.take(None, self.id)
            if job is None:
                return None
            attempt = Attempt(
                job,
                slot,
                self._running,
                work_dir=self._settings.work_dir,
                limits=self._limits(),
                max_seconds=self._settings.slot_seconds,
                max_bytes=self._settings.slot_memory_bytes,
            )
            with self._changing:
                self._attempts[job.hold] = attempt
            return attempt
        finally:
            with self._changing:
                self._taking -= 1

    def _run(self, attempt: Attempt) -> None:
        try:
            if self._stopping.is_set():
                attempt.stop(cancel=False)
            attempt.run()
        finally:
            with self._changing:
                self._attempts.pop(attempt.job.hold, None)

    def _limits(self) -> dict[str, object]:
        settings = self._settings
        return {
            "max_source_bytes": settings.source_max_bytes,
            "allowed_hosts": list(settings.allowed_hosts),
            "file_roots": [str(root) for root in settings.file_roots],
            "min_free_bytes": settings.min_free_bytes,
            "commands": {"mago": list(settings.mago_command)} if settings.mago_command else {},
        }

    def _beat(self) -> None:
        with self._changing:
            ours, taking = dict(self._attempts), self._taking
        held = self._running.beat(self.id, slots=self._settings.slots)
        looked_at: list[Attempt] = []
        orphans: list[Hold] = []
        for row in held:
            hold = Hold(ingestion_id=row.id, attempt=row.attempt)
            attempt = ours.pop(hold, None)
            if attempt is None:
                with self._changing:
                    known = hold in self._attempts or self._taking or taking
                if not known:
                    # Taken by a transaction whose answer was lost: nobody here works on it.
                    orphans.append(hold)
                continue
            attempt.look(
                canceling=row.status == Status.CANCELING,
                deadline_passed=row.micros_left is not None and row.micros_left <= 0,
            )
            looked_at.append(attempt)
        for attempt in ours.values():
            attempt.miss()
        for attempt in looked_at:
            with _one_by_one(attempt.job.hold):
                attempt.tell()
        for hold in orphans:
            with _one_by_one(hold):
                self._running.release(hold)

    def _hand_over(self) -> None:
        deadline = time.monotonic() + self._settings.shutdown_grace_seconds
        while True:
            with self._changing:
                attempts = list(self._attempts.values())
                busy = bool(attempts) or self._taking > 0
            if not busy:
                return
            for attempt in attempts:
                attempt.stop(cancel=False)
                if time.monotonic() > deadline:
                    attempt.kill("shutdown")
            threading.Event().wait(0.05)


@contextlib.contextmanager
def _one_by_one(hold: Hold) -> Iterator[None]:
    """What cannot be written of one ingestion must not keep the next waiting."""
    try:
        yield
    except Unavailable as exc:
        _log.warning("beat_delayed", extra={**asdict(hold), "detail": exc.detail})
    except Exception:  # noqa: BLE001 - see above
        _log.exception("beat_failed", extra=asdict(hold))
