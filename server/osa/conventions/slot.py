"""A slot: a long-lived child process that runs conventions, one `ingest` call after the other.

The parent alone has the database. They talk in lines of JSON: the parent on our standard input,
we on our
standard output (whatever a library prints goes to standard error). A batch goes up, a word comes
back.

    parent -> slot   {"type": "run", …}   one attempt
                     {"type": "held", …}  the answer to a look
                     {"type": "go"}       the batch is committed: go on
                     {"type": "halt"}     the batch is committed: that was enough
                     {"type": "stop", "ingestion_id": …, "attempt": …}
                                          a stop was asked for: end cleanly, soon; it may come
                                          before the run that it names
    slot -> parent   {"type": "ready"}    waiting for a run
                     {"type": "progress", …}
                     {"type": "log", "level": …, "message": …}
                     {"type": "look", …}  what does the archive hold? see `held`
                     {"type": "batch", "items": […], "cursor": {…}, "reached": …}
                     {"type": "ended", "stopped": bool}
                     {"type": "failed", "kind": …, "detail": …, "origin": …, "retryable": …,
                     "hint": …}

When the parent is gone (our input ends), so are we, with our whole process group.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import resource
import signal
import sys
import threading
import time
import traceback
import warnings
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any

from osa.conventions import lines, logs
from osa.conventions.asked import AskedArchive, Asking
from osa.conventions.authoring import Context, Convention, Limits, Progress
from osa.conventions.failures import ConventionError, Stopped, StorageFull
from osa.conventions.items import Fault
from osa.conventions.lines import LineHandler
from osa.conventions.local_files import is_full
from osa.conventions.messages import batch_to_json, source_from_json, step_from_json
from osa.conventions.registry import Registry, load
from osa.conventions.stored import MESSAGE_LENGTH, loggable
from osa.conventions.wanted import Wanted

_log = logging.getLogger("osa.slot")
#: Progress between two batches is shown this often at most, in seconds.
_PROGRESS_EVERY = 0.2
_MAKE_ROOM = "Free space on the disk of the archive, and retry what remains."


class Slot:
    """The child's side of the pipe."""

    def __init__(
        self, registry: Registry, commands: IO[bytes], answers: IO[bytes], told: dict[str, object]
    ) -> None:
        self._registry = registry
        self._commands = commands
        self._answers = answers
        self._runs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._replies: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._stop = threading.Event()
        #: The run that was sent last, and the one that a stop named last.
        self._current: tuple[str, int] | None = None
        self._stopped: tuple[str, int] | None = None
        self._shown_at = 0.0
        self._writing = threading.Lock()
        #: Lines that wait for whoever is writing to the pipe now.
        self._said: deque[tuple[str, str]] = deque()
        self.lines = LineHandler(self._say)
        self._asking = Asking(self._send)
        #: What stands on every line of log: which ingestion this is about.
        self._told = told

    def serve(self) -> None:
        """Run what the parent sends, until it is gone."""
        threading.Thread(target=self._listen, name="commands", daemon=True).start()
        while True:
            self._send({"type": "ready"})
            self._run(self._runs.get())

    def _listen(self) -> None:
        for line in self._commands:
            message = json.loads(line)
            match message["type"]:
                case "run":
                    self._current = _named(message)
                    self._heed()
                    self._runs.put(message)
                case "stop":
                    self._stopped = _named(message)
                    self._heed()
                case "held":
                    self._asking.hear(message)
                case reply:
                    self._replies.put(reply)
        # The parent is gone: nobody can commit what we do. Take the children of libraries along.
        os.killpg(os.getpgrp(), signal.SIGKILL)

    def _heed(self) -> None:
        """Stop the run that a stop named, and no other."""
        if self._stopped is not None and self._stopped == self._current:
            self._stop.set()
        else:
            self._stop.clear()

    def _send(self, message: Mapping[str, Any]) -> None:
        with self._writing:
            self._write_lines()
            self._write(message)
        self._send_lines()

    def _say(self, level: str, message: str) -> None:
        """Send a line of log, or leave it to whoever holds the pipe. It does not wait: the one who
        speaks may be a destructor, called in the middle of a message."""
        self._said.append((level, message))
        self._send_lines()

    def _send_lines(self) -> None:
        while self._said and self._writing.acquire(blocking=False):
            try:
                self._write_lines()
            finally:
                self._writing.release()

    def _write_lines(self) -> None:
        while self._said:
            level, said = self._said.popleft()
            self._write({"type": "log", "level": level, "message": said})

    def _write(self, message: Mapping[str, Any]) -> None:
        line = json.dumps(message, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        self._answers.write(line)
        self._answers.flush()

    def _run(self, message: Mapping[str, Any]) -> None:
        self._told |= {key: message[key] for key in ("ingestion_id", "attempt")}
        try:
            convention = self._registry[message["convention_id"]]
            with self._heard(convention):
                stopped = self._ingest(convention, self._context(convention, message))
        except ConventionError as exc:
            self._fail(exc.kind, exc.detail, exc.origin, exc.retryable, exc.hint)
        except Stopped:
            self._send({"type": "ended", "stopped": True})
        except MemoryError:
            self._fail(
                "memory_limit",
                "The memory of one ingestion was not enough.",
                "convention",
                False,
                "An operator can raise OSA_SLOT_MEMORY_BYTES.",
            )
        except Exception as exc:  # noqa: BLE001 - a convention may raise anything; it ends its ingestion only
            if is_full(exc):
                # Whatever it was writing, and whether it thought of this or not.
                full = StorageFull(f"There is no room left on the disk: {exc}.", hint=_MAKE_ROOM)
                self._fail(full.kind, full.detail, full.origin, full.retryable, full.hint)
                return
            _log.exception("convention_raised")
            self._say("error", loggable(traceback.format_exc()[-MESSAGE_LENGTH:]))
            self._fail(
                "unexpected_error",
                f"The convention {message['convention_id']!r} raised {type(exc).__name__}: {exc}",
                "convention",
                False,
                "The log of the ingestion has the traceback; report it to the convention's author.",
            )
        else:
            self._send({"type": "ended", "stopped": stopped})

    @contextlib.contextmanager
    def _heard(self, convention: Convention) -> Iterator[None]:
        """What is said meanwhile goes to the log of this ingestion."""
        module = getattr(convention.ingest, "__module__", None) or ""
        # What was warned of in one ingestion is warned of in the next again.
        with warnings.catch_warnings():
            self.lines.begin(module.partition(".")[0])
            try:
                yield
            finally:
                self.lines.end()

    def _fail(self, kind: str, detail: str, origin: str, retryable: bool, hint: str | None) -> None:
        fault = Fault(
            kind=kind, detail=detail[:4000], origin=origin, retryable=retryable, hint=hint
        )
        self._send({"type": "failed", **asdict(fault)})

    def _context(self, convention: Convention, message: Mapping[str, Any]) -> Context[Any]:
        convention.check_extra()
        limits = message["limits"]
        wanted = None
        if (path := message.get("wanted")) is not None:
            wanted = Wanted.read(Path(path))
            # The folder is the convention's now.
            Path(path).unlink()
        return Context(
            params=convention.parse(message["parameters"]),
            sources=[source_from_json(source) for source in message["sources"]],
            cursor=message["cursor"],
            batch_size=message["batch_size"],
            workdir=Path(message["workdir"]),
            limits=Limits(
                **{
                    **limits,
                    "allowed_hosts": tuple(limits["allowed_hosts"]),
                    "file_roots": tuple(Path(root) for root in limits["file_roots"]),
                    "commands": {
                        name: tuple(words) for name, words in limits.get("commands", {}).items()
                    },
                }
            ),
            step=step_from_json(message.get("step")),
            archive=AskedArchive(self._asking),
            stop=self._stop,
            on_progress=self._show,
            wanted=wanted,
        )

    def _show(self, progress: Progress) -> None:
        # Reports between two commits replace each other: the parent need not read each.
        moment = time.monotonic()
        last = progress.total is not None and progress.completed == progress.total
        if last or moment - self._shown_at >= _PROGRESS_EVERY:
            self._shown_at = moment
            self._send({"type": "progress", **asdict(progress)})

    def _ingest(self, convention: Convention, context: Context[Any]) -> bool:
        """True when it was left early because of a stop."""
        batches = convention.ingest(context)
        told = False
        cursor = context.cursor
        with contextlib.closing(batches):  # type: ignore[type-var]  # a generator, as `yield` makes it
            for batch in batches:
                if told:
                    # It was told to stop, looked away, and went on: this batch is not wanted.
                    return True
                if context.wanted is not None:
                    batch = replace(batch, items=context.that_count(batch.items))
                    if not batch.items and batch.cursor == cursor:
                        continue
                    cursor = batch.cursor
                self._send(batch_to_json(batch))
                reply = self._replies.get()
                if reply == "halt":
                    return False
                told = self._stop.is_set() and not context.stopped_early
        return context.stopped_early


def _named(message: Mapping[str, Any]) -> tuple[str, int]:
    return message["ingestion_id"], message["attempt"]


def _limit_self(environ: Mapping[str, str]) -> None:
    """Limits that the kernel keeps: memory, the size of one file, no core dumps."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write past the limit is an error, not a death
    for name, kind in (
        ("OSA_SLOT_MEMORY_BYTES", resource.RLIMIT_AS),
        ("OSA_SLOT_FILE_BYTES", resource.RLIMIT_FSIZE),
    ):
        if name in environ:
            _, hard = resource.getrlimit(kind)
            wanted = int(environ[name])
            soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(kind, (soft, hard))


def main() -> None:
    """Entry of the child process."""
    formatter = logs.configure(os.environ.get("OSA_LOG_LEVEL", "info"))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_self(os.environ)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # What is printed there would else wait for a full buffer, and die with us.
    sys.stdout = os.fdopen(1, "w", buffering=1, errors="replace", closefd=False)
    slot = Slot(load(), sys.stdin.buffer, answers, formatter.constants)
    lines.listen(slot.lines)
    slot.serve()


if __name__ == "__main__":
    main()
