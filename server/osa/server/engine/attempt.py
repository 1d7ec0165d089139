"""One attempt: a job on a slot, from the first message to the last."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from osa.conventions.authoring import Progress as Report
from osa.conventions.items import Batch
from osa.conventions.messages import (
    items_from_json,
    reached_from_json,
    source_to_json,
    step_to_json,
)
from osa.server.engine.lines import KILLED, Lines
from osa.server.engine.slots import Slot, SlotDied
from osa.server.errors import StorageFull, Unavailable
from osa.server.model import Fault
from osa.server.service.children import ChildRefused
from osa.server.service.jobs import Job, Verdict
from osa.server.service.running import Running
from osa.server.store.objects import full_or

_log = logging.getLogger("osa.attempt")
T = TypeVar("T")

#: Waits between two tries while the database is away, in seconds.
_RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)


class Attempt:
    """Drives one slot. The heartbeat of the worker looks at it from another thread."""

    def __init__(
        self,
        job: Job,
        slot: Slot,
        running: Running,
        *,
        work_dir: Path,
        limits: Mapping[str, Any],
        max_seconds: float,
        max_bytes: int,
    ) -> None:
        self.job = job
        self._slot = slot
        self._running = running
        self._limits = limits
        self._max_bytes = max_bytes
        self._expires = time.monotonic() + max_seconds
        self._name = {"ingestion_id": job.hold.ingestion_id, "attempt": job.hold.attempt}
        self._workdir = work_dir / job.hold.ingestion_id / str(job.hold.attempt)
        # Two, so that a kill never waits for a message that nobody reads.
        self._stopping = threading.Lock()
        self._killing = threading.Lock()
        self._over = False
        self._stop_sent = False
        #: Why the slot was killed: lost, deadline, shutdown, or the kind of a limit.
        self._killed_for: str | None = None
        self._handing_over = False
        self._cancel_seen = False
        self._report: Report | None = None
        self._unshown: Report | None = None
        self._missed = 0
        self._lines = Lines(job.hold, running.say)

    def run(self) -> None:
        """Until the ingestion has ended, waits again, or is somebody else's."""
        try:
            self._workdir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._drive()
        except SlotDied:
            self._died()
        except StorageFull as exc:
            self._storage_full(exc.detail)
        except ChildRefused as exc:
            self.kill("broken")
            self._failed(Fault(kind="child_refused", detail=exc.detail, origin="user"))
        except Exception as exc:  # noqa: BLE001 - a defect of ours must end this ingestion, and only it
            if isinstance(exc, OSError) and isinstance(full_or(exc), StorageFull):
                self._storage_full("The data disk is full.")
                return
            _log.exception("attempt_broke", extra={"ingestion_id": self.job.hold.ingestion_id})
            self.kill("broken")
            said = f": {exc}" if isinstance(exc, ValueError | TypeError) else "."
            self._failed(
                Fault(
                    kind="internal_error",
                    detail=f"The worker could not use what the convention sent{said}",
                    origin="platform",
                    hint="The worker's log has the traceback.",
                )
            )
        finally:
            # From here on the slot may belong to another attempt: whoever was about to stop or kill
            # it for this one has done so, or will not.
            with self._stopping, self._killing:
                self._over = True
            self._lines.write_now()
            shutil.rmtree(self._workdir, ignore_errors=True)
            with contextlib.suppress(OSError):
                # Only when it is empty: the next attempt may have its folder there already.
                self._workdir.parent.rmdir()

    def _drive(self) -> None:
        job = self.job
        message = {
            "type": "run",
            **self._name,
            "convention_id": job.ingestion.convention_id,
            "parameters": dict(job.ingestion.parameters),
            "sources": [source_to_json(source) for source in job.sources],
            "cursor": dict(job.cursor),
            "batch_size": job.ingestion.batch_size,
            "workdir": str(self._workdir),
            "limits": dict(self._limits),
            "wanted": self._wanted_file(),
            "step": step_to_json(job.step),
        }
        for answer in self._slot.run(message):
            match answer.pop("type"):
                case "log":
                    self._lines.say(answer["level"], answer["message"])
                case "progress":
                    self._report = self._unshown = Report(**answer)
                case "batch" if not self._commit(answer):
                    self.kill("lost")
                    return
                case "look" if not self._look(answer):
                    self.kill("lost")
                    return
                case "ended":
                    self._ended(stopped=answer["stopped"])
                case "failed":
                    self._failed(Fault(**answer))

    def _commit(self, answer: Mapping[str, Any]) -> bool:
        """Commit a batch and say how to go on; False when the right is gone."""
        batch = Batch(
            items=items_from_json(answer["items"]),
            cursor=answer["cursor"],
            reached=reached_from_json(answer["reached"]),
        )
        report, self._unshown = self._report, None
        with self._lines.waiting() as said:
            verdict = self._persist(
                lambda: self._running.commit(
                    self.job,
                    batch,
                    report,
                    workdir=self._workdir,
                    said=said.lines() if said else (),
                )
            )
            if said is not None:
                said.is_written = verdict not in (Verdict.LOST, None)
        match verdict:
            case Verdict.LOST | None:
                return False
            case Verdict.ENOUGH:
                self._slot.send({"type": "halt"})
            case Verdict.STOP:
                self.stop(cancel=True)
                self._slot.send({"type": "go"})
            case _:
                self._slot.send({"type": "go"})
        return True

    def _look(self, question: Mapping[str, Any]) -> bool:
        """Tell the slot what the archive holds; False when the database stays away."""
        found = self._persist(lambda: self._running.held(self.job, question))
        if found is not None:
            self._slot.send({"type": "held", **found})
        return found is not None

    def _wanted_file(self) -> str | None:
        """Where the slot reads what counts: it may be far too much for a line of the pipe."""
        if self.job.wanted is None:
            return None
        path = self._workdir / ".wanted"
        path.write_text("".join(f"{key}\n" for key in self.job.wanted), encoding="ascii")
        return str(path)

    def _ended(self, *, stopped: bool) -> None:
        self._lines.write_now()
        if not stopped:
            self._persist(lambda: self._running.complete(self.job))
        elif self._handing_over and not self._cancel_seen:
            self._persist(lambda: self._running.hand_over(self.job))
        else:
            self._persist(lambda: self._running.stop(self.job))

    def _storage_full(self, detail: str) -> None:
        self.kill("storage")
        self._failed(Fault(kind="storage_full", detail=detail, origin="storage", retryable=True))

    def _failed(self, fault: Fault) -> None:
        self._lines.write_now()
        self._persist(lambda: self._running.fail(self.job, fault))

    def _died(self) -> None:
        why = self._killed_for
        self._lines.write_now()
        match why:
            case "lost" | "storage" | "broken":
                return
            case "deadline":
                self._persist(lambda: self._running.stop(self.job, overdue=True))
            case "shutdown":
                self._persist(lambda: self._running.hand_over(self.job))
            case "memory_limit" | "time_limit":
                fault = Fault(
                    kind=why,
                    detail="One ingestion may use"
                    + (
                        f" {self._max_bytes} bytes of memory (OSA_SLOT_MEMORY_BYTES)."
                        if why == "memory_limit"
                        else " no more time for one attempt (OSA_SLOT_SECONDS)."
                    ),
                    origin="convention",
                )
                self._failed(fault)
            case _:
                _log.error("slot_died", extra={"ingestion_id": self.job.hold.ingestion_id})
                crash = Fault(
                    kind="crashed",
                    detail="The process that ran the convention ended without a word; a library"
                    " may have crashed on this source.",
                    origin="convention",
                    retryable=True,
                    hint="The worker's log may say more.",
                )
                self._failed(crash)

    def stop(self, *, cancel: bool) -> None:
        """Ask the slot to end cleanly; once."""
        with self._stopping:
            self._cancel_seen = self._cancel_seen or cancel
            self._handing_over = self._handing_over or not cancel
            if self._over or self._stop_sent:
                return
            self._stop_sent = True
            self._lines.say(
                "info",
                "A cancel was asked for; the convention is told to stop."
                if cancel
                else "The worker is stopping; the convention is told to stop.",
            )
            # The thread that reads from it finds out that it died, and says what that means.
            with contextlib.suppress(SlotDied):
                self._slot.send({"type": "stop", **self._name})

    def kill(self, why: str) -> None:
        """End the slot and all it started; the first reason counts. Returns at once: a process that
        hangs in the kernel must not hold the heartbeat up."""
        with self._killing:
            if self._over:
                return
            first = self._killed_for is None
            self._killed_for = self._killed_for or why
            if first:
                self._lines.say("warning", KILLED.get(why, f"Killed: {why}."))
                self._slot.kill_soon()

    def miss(self) -> None:
        """The heartbeat did not find it among what the worker holds. Once may be that it ended just
        now; twice means that it was ended by a sweep, or is somebody else's."""
        self._missed += 1
        if self._missed > 1:
            self.kill("lost")

    def look(self, *, deadline_passed: bool, canceling: bool) -> None:
        """What the heartbeat does each second: pass a cancel on, keep limits. It waits for
        nobody."""
        if deadline_passed:
            self.kill("deadline")
        elif canceling:
            self.stop(cancel=True)
        elif time.monotonic() > self._expires:
            self.kill("time_limit")
        elif self._slot.resident_bytes() > self._max_bytes:
            self.kill("memory_limit")

    def tell(self) -> None:
        """The same, with the database: write what was said, show progress."""
        self._lines.write(wait=False)
        report, self._unshown = self._unshown, None
        if report is not None:
            self._running.show(self.job, report)

    def _persist(self, write: Callable[[], T]) -> T | None:
        """Write, through a restart of the database. Every write here may be repeated: its fence
        tells whether the first one landed. None when it stays away for too long: a sweep decides
        then."""
        deadline = time.monotonic() + 600.0
        tries = 0
        while True:
            try:
                return write()
            except StorageFull:
                raise
            except Unavailable as exc:
                if self._killed_for or time.monotonic() > deadline:
                    _log.error(
                        "write_given_up",
                        extra={
                            "ingestion_id": self.job.hold.ingestion_id,
                            "detail": exc.detail,
                        },
                    )
                    return None
                threading.Event().wait(_RETRY_SECONDS[min(tries, len(_RETRY_SECONDS) - 1)])
                tries += 1
