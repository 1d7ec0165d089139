"""What is said of one attempt, from when it is said to when it is written."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Protocol

from osa.server.errors import OsaError
from osa.server.store.holds import Hold
from osa.server.store.logs import LEVELS, NewLine

_log = logging.getLogger("osa.attempt")
#: What the log says when a slot is killed.
KILLED = {
    "lost": "The work was dropped: the ingestion has ended, or another attempt works on it.",
    "deadline": "Killed: the grace of the cancel is over.",
    "shutdown": "Killed: it did not stop in the time a stopping worker has"
    " (OSA_SHUTDOWN_GRACE_SECONDS).",
    "memory_limit": "Killed: it used more memory than one ingestion may (OSA_SLOT_MEMORY_BYTES).",
    "time_limit": "Killed: one attempt may take no longer (OSA_SLOT_SECONDS).",
    "storage": "Killed: the data disk is full.",
    "broken": "Killed: the worker could not use what the convention sent.",
}
#: Lines that wait at most: the oldest go while the database is away.
_MOST = 2_000


class Store(Protocol):
    """Where lines go: `Running.say`."""

    def __call__(self, ingestion_id: str, said: Sequence[NewLine], *, wait: bool) -> bool: ...


class Lines:
    """A buffer between those who speak and those who write, each in several threads. The lines are
    written in the order in which they were said, and a line that was not written waits on."""

    def __init__(self, hold: Hold, store: Store) -> None:
        self._hold = hold
        self._store = store
        self._said: deque[tuple[float, str, str]] = deque()
        self._dropped = 0
        # Two, so that nobody who speaks waits for a transaction.
        self._speaking = threading.Lock()
        self._writing = threading.Lock()

    def say(self, level: str, message: str) -> None:
        """Cheap, and from any thread."""
        with self._speaking:
            if len(self._said) >= _MOST:
                self._said.popleft()
                self._dropped += 1
            known = level if level in LEVELS else "info"
            self._said.append((time.monotonic(), known, message))

    @contextmanager
    def waiting(self, *, wait: bool = True) -> Iterator[Waiting | None]:
        """What waits to be written, for one writer at a time; None when there is another, and one
        does not `wait`."""
        if not self._writing.acquire(blocking=wait):
            yield None
            return
        waiting = self._take()
        try:
            yield waiting
        finally:
            if not waiting.is_written:
                self._put_back(waiting)
            self._writing.release()

    def write(self, *, wait: bool) -> None:
        """To the log, whether the right is still there or not. Without `wait` neither a commit nor
        a locked row is waited for: the lines are."""
        with self.waiting(wait=wait) as waiting:
            if waiting:
                lines = waiting.lines()
                waiting.is_written = self._store(self._hold.ingestion_id, lines, wait=wait)

    def write_now(self) -> None:
        """The same, before something that must come after them. No line is worth an ingestion:
        what cannot be written now waits on."""
        try:
            self.write(wait=True)
        except OsaError as exc:
            _log.warning("lines_not_written", extra={**asdict(self._hold), "detail": exc.detail})
        except Exception:  # noqa: BLE001 - see above
            _log.exception("lines_not_written", extra=asdict(self._hold))

    def _take(self) -> Waiting:
        with self._speaking:
            waiting = Waiting(self._hold.attempt, list(self._said), self._dropped)
            self._said.clear()
            self._dropped = 0
        return waiting

    def _put_back(self, waiting: Waiting) -> None:
        with self._speaking:
            # The oldest go here too.
            surplus = max(0, len(waiting.said) + len(self._said) - _MOST)
            self._said.extendleft(reversed(waiting.said[surplus:]))
            self._dropped += waiting.dropped + surplus


class Waiting:
    """Some lines in the hands of a writer."""

    def __init__(self, attempt: int, said: Sequence[tuple[float, str, str]], dropped: int) -> None:
        self.said = said
        self.dropped = dropped
        self.is_written = False
        self._attempt = attempt

    def __bool__(self) -> bool:
        return bool(self.said)

    def lines(self) -> list[NewLine]:
        """As they are written now."""
        moment = time.monotonic()
        lines = [
            NewLine(level=level, message=message, attempt=self._attempt, ago=moment - at)
            for at, level, message in self.said
        ]
        if self.dropped:
            first = f"{self.dropped} lines dropped: they could not be written in time."
            lines.insert(0, NewLine(level="warning", message=first, attempt=self._attempt))
        return lines
