"""From what a convention and its libraries say to lines of the ingestion's log.

They speak through Python's `logging` and `warnings`. What they print goes to the log of the worker
alone, as everything does that is said here.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from osa.conventions.stored import loggable

#: The logger of `Context.log` and `Context.logger`.
CONVENTIONS = "osa.conventions"
#: Lines in one go, and a second in the long run. More are dropped and counted.
BURST = 1_000
PER_SECOND = 100

_warnings = logging.getLogger("py.warnings")
_NAMES = {
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warning",
    logging.ERROR: "error",
}
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class LineHandler(logging.Handler):
    """Gives to `send` (level, message) what concerns the ingestion in hand: all that its convention
    says, and the warnings and errors of everybody else."""

    def __init__(self, send: Callable[[str, str], None]) -> None:
        super().__init__(logging.DEBUG)
        self._send = send
        self._own: tuple[str, ...] = ()
        self._speaking = False
        self._allowance = _Allowance()

    def begin(self, package: str) -> None:
        """An ingestion begins; its convention lives in `package`."""
        self._own = (CONVENTIONS, package)
        self._allowance = _Allowance()
        self._speaking = True

    def end(self) -> None:
        """It is over; what is said from now on is nobody's."""
        self._speaking = False
        if dropped := self._allowance.dropped():
            self._tell_dropped(dropped)

    def say(self, level: str, message: str) -> None:
        """Send a line, unless there were too many."""
        if not self._allowance.take():
            return
        if dropped := self._allowance.dropped():
            self._tell_dropped(dropped)
        self._send(level, loggable(message))

    def emit(self, record: logging.LogRecord) -> None:
        if self._speaking and record.levelno >= self._least(record.name):
            try:
                self.say(_level(record.levelno), _text(record))
            except Exception:  # noqa: BLE001 - as every handler: what cannot be said harms nobody
                self.handleError(record)

    def _least(self, name: str) -> int:
        if name == CONVENTIONS:
            return logging.DEBUG
        if name == "osa.slot":
            # What it has to say of an ingestion it sends as such.
            return logging.CRITICAL + 1
        own = any(name == each or name.startswith(f"{each}.") for each in self._own if each)
        return logging.INFO if own else logging.WARNING

    def _tell_dropped(self, dropped: int) -> None:
        said = "1 line" if dropped == 1 else f"{dropped} lines"
        self._send(
            "warning", f"{said} dropped: of more than {PER_SECOND} a second not all are kept."
        )


class _Allowance:
    """A bucket that holds `BURST` lines, and fills with `PER_SECOND`."""

    def __init__(self) -> None:
        self._level = float(BURST)
        self._at = time.monotonic()
        self._dropped = 0

    def take(self) -> bool:
        moment = time.monotonic()
        self._level = min(BURST, self._level + (moment - self._at) * PER_SECOND)
        self._at = moment
        if self._level < 1:
            self._dropped += 1
            return False
        self._level -= 1
        return True

    def dropped(self) -> int:
        """How many were dropped since this was asked last."""
        dropped, self._dropped = self._dropped, 0
        return dropped


def _level(number: int) -> str:
    return _NAMES[max(logging.DEBUG, min(logging.ERROR, number // 10 * 10))]


def _text(record: logging.LogRecord) -> str:
    """The message, and what stands beside it."""
    text = record.getMessage()
    extra = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
    if extra:
        text += " (" + ", ".join(f"{key}={value}" for key, value in extra.items()) + ")"
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        text += f": {type(error).__name__}: {error}"
    return text


def listen(handler: LineHandler) -> None:
    """Give it all that is said in this process, warnings too. Other handlers are given no more than
    before."""
    root = logging.getLogger()
    for other in root.handlers:
        other.setLevel(max(other.level, root.level))
    root.setLevel(min(root.level, logging.INFO))
    logging.getLogger(CONVENTIONS).setLevel(logging.DEBUG)
    root.addHandler(handler)

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        where = f"{Path(filename).name}:{lineno}"
        _warnings.warning("%s: %s (%s)", category.__name__, message, where)

    warnings.showwarning = show
