"""What goes wrong on this side of the wire, and the exit code of everything that goes wrong."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """Part of the contract with scripts; a number never changes its meaning."""

    OK = 0
    ERROR = 1
    USAGE = 2
    INGESTION_FAILED = 3
    INGESTION_CANCELED = 4
    WAITED_TOO_LONG = 5
    NOT_FOUND = 6
    AUTH = 7
    CONFLICT = 8
    UNAVAILABLE = 9
    INTERRUPTED = 130
    #: What a shell reports when a program's reader went away (128 + SIGPIPE), as in `ls | head`.
    READER_GONE = 141


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
    """The user stopped waiting; the ingestion goes on."""

    exit_code = ExitCode.INTERRUPTED


class ReaderGone(Exception):
    """Whoever read our output has enough (`osa … | head`). No OSError: the parser keeps those."""
