"""What goes wrong on this side of the wire, and the exit code of everything that goes wrong."""

from __future__ import annotations

import enum
from typing import Self


class ExitCode(enum.IntEnum):
    """Part of the contract with scripts; a number never changes its meaning.

    This is the one table of them: `osa --help` shows it, and a test makes each happen.
    """

    meaning: str

    def __new__(cls, number: int, meaning: str) -> Self:
        code = int.__new__(cls, number)
        code._value_ = number
        code.meaning = meaning
        return code

    OK = 0, "did what was asked; after waiting: succeeded"
    ERROR = 1, "error"
    USAGE = 2, "usage: the command line cannot be carried out as written"
    INGESTION_FAILED = 3, "after waiting: failed"
    INGESTION_CANCELED = 4, "after waiting: canceled"
    WAITED_TOO_LONG = 5, "waited too long; the work goes on"
    NOT_FOUND = 6, "not found"
    AUTH = 7, "no token, or one that is not accepted or may not do this"
    CONFLICT = 8, "conflict: the state of things does not allow it"
    UNAVAILABLE = 9, "server unreachable or busy"
    INTERRUPTED = 130, "interrupted; the server goes on"
    #: What a shell reports when a program's reader went away (128 + SIGPIPE), as in `ls | head`.
    READER_GONE = 141, "the reader of the output went away"


class CommandFailed(Exception):
    """A failure that is explained by its message alone: what is wrong, then what to do next."""

    exit_code = ExitCode.ERROR

    def __init__(
        self, message: str, *, next_step: str | None = None, code: ExitCode | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        if code is not None:
            self.exit_code = code


class BadUsage(CommandFailed):
    """The command line cannot be carried out as written; nothing was sent."""

    exit_code = ExitCode.USAGE


class NotLoggedIn(CommandFailed):
    """No token for the server."""

    exit_code = ExitCode.AUTH


class Detached(CommandFailed):
    """The user stopped waiting; the work goes on."""

    exit_code = ExitCode.INTERRUPTED


class ReaderGone(Exception):
    """Whoever read our output has enough (`osa … | head`). No OSError: the parser keeps those."""
