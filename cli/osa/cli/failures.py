"""Every failure as the user sees it: what, what to do next, code, request id; and its exit code."""

from __future__ import annotations

import sys

from osa.cli.errors import IngestionError
from osa.cli.output import clean, dump, paint, say
from osa.cli.problems import CommandFailed, ExitCode

_NEXT = {
    "UNAUTHENTICATED": "`osa login` stores a new token; `osa token` on the server's host makes it.",
    "FORBIDDEN": "Ask for a token with that scope; `osa login` stores it.",
    "INGESTION_NOT_FOUND": "`osa ingestion list` shows the ingestions.",
    "CAMPAIGN_NOT_FOUND": "`osa campaign list` shows the campaigns.",
    "CONVENTION_NOT_FOUND": "`osa convention list` shows the conventions.",
    "RECORD_NOT_FOUND": "`osa record list` shows the records.",
    "ARTIFACT_NOT_FOUND": "`osa ingestion artifacts INGESTION` shows the artifacts.",
    "FILE_NOT_FOUND": "`osa record show RECORD` shows the record's files.",
    "UPLOAD_NOT_FOUND": "Start again with the file itself; it is then uploaded again.",
    "INVALID_PARAMETERS": "`osa convention show CONVENTION` explains the parameters.",
    "INVALID_SOURCE": "`osa convention show CONVENTION` tells which sources it takes.",
    "IDEMPOTENCY_KEY_REUSED": "Use another --idempotency-key, or none.",
    "STORAGE_FULL": "Tell the operator: the server's disk is full.",
    "CHECKSUM_MISMATCH": "Try the same again: the transfer was broken, and nothing was kept.",
    "INGESTION_DELETED": "Use another --idempotency-key, or none.",
    "CONVENTION_CHANGED": "Try all of it again, with --scope all.",
    "SELECTION_NOT_FOUND": "Do the same again: it is then selected anew.",
    "SELECTION_MISMATCH": "Do the same again: it is then selected anew.",
    "TOO_MANY_REQUESTS": "Wait a moment, and ask less often.",
    "OVERLOADED": "Wait a moment; if it stays so, tell the operator.",
    "UNREACHABLE": "Check the address (--server, OSA_SERVER, osa.toml, `osa login`).",
    "TIMEOUT": "Try the same again; if it stays so, ask the operator of the server.",
    "TLS_FAILED": "Check the address, and the certificates of this machine.",
    "REDIRECTED": "Give the new address with --server, if you trust it.",
    "FILE_EXISTS": "Use another --dir, or --overwrite.",
}
#: Where the next step is about the ingestion that the problem names.
_NEXT_OF = {
    "INGESTION_ACTIVE": "Stop it first with: osa ingestion cancel {} --wait",
    "NOTHING_TO_RETRY": "To do it all again: osa ingestion retry {} --scope all",
    "INGESTION_ALREADY_RUNNING": "See it with: osa ingestion status {}\n"
    "Or start with --on-conflict attach to follow that one, or queue to wait for its end.",
    "INGESTION_ALREADY_RETRIED": "See its retry with: osa ingestion status {}",
}
#: And the same about the campaign.
_NEXT_OF_CAMPAIGN = {
    "CAMPAIGN_EXISTS": "See it with: osa campaign status {}\nOr choose another id.",
    "CAMPAIGN_POSITION_STALE": "Without --start-position it is the right one: "
    "osa campaign advance {}",
    "CAMPAIGN_STEP_ACTIVE": "Wait for its end with: osa campaign watch {}",
    "CAMPAIGN_ENDED": "See it with: osa campaign status {}",
    "CAMPAIGN_HAS_NO_NEXT": "See it with: osa campaign status {}",
}
_EXIT_CODES = {
    "CAMPAIGN_HAS_NO_NEXT": ExitCode.CONFLICT,
    "UNREACHABLE": ExitCode.UNAVAILABLE,
    "TIMEOUT": ExitCode.UNAVAILABLE,
    "TLS_FAILED": ExitCode.UNAVAILABLE,
    "WAITED_TOO_LONG": ExitCode.WAITED_TOO_LONG,
    "INVALID_ARGUMENT": ExitCode.USAGE,
    "INVALID_REQUEST": ExitCode.USAGE,
    "INVALID_PARAMETERS": ExitCode.USAGE,
    "INVALID_SOURCE": ExitCode.USAGE,
}
_EXIT_STATUSES = {
    401: ExitCode.AUTH,
    403: ExitCode.AUTH,
    404: ExitCode.NOT_FOUND,
    409: ExitCode.CONFLICT,
    429: ExitCode.UNAVAILABLE,
    502: ExitCode.UNAVAILABLE,
    503: ExitCode.UNAVAILABLE,
    504: ExitCode.UNAVAILABLE,
}


def report_failure(failure: CommandFailed) -> int:
    """Tell of a failure on this side; where the server was asked, with its code and request id."""
    first, *rest = failure.message.split("\n")
    _headline(first, plain=failure.exit_code is ExitCode.INTERRUPTED)
    for line in rest:
        say(f"  {clean(line)}")
    if failure.next_step:
        say(clean(failure.next_step))
    if isinstance(failure.__cause__, IngestionError):
        _say_marks(failure.__cause__)
    return failure.exit_code


def report_error(error: IngestionError) -> ExitCode:
    """Tell of a failure of the server, or on the way to it."""
    code = exit_code_of(error)
    _headline(error.detail)
    for line in _reasons(error):
        say(f"  {line}")
    next_step = advice(error)
    # The server's own advice is in the detail; the same twice reads like two.
    if next_step and not _is_said_in(error.detail, next_step):
        say(next_step)
    _say_marks(error)
    return code


def exit_code_of(error: IngestionError) -> ExitCode:
    """404 is 6, 401 and 403 are 7, 409 is 8; 9 is a server that cannot be reached or is busy."""
    if error.code in _EXIT_CODES:
        return _EXIT_CODES[error.code]
    if error.code == "UNEXPECTED_STATUS" and error.status in (404, 409):
        # A proxy's page, or another program's: nothing is said about the thing asked for.
        return ExitCode.ERROR
    return _EXIT_STATUSES.get(error.status or 0, ExitCode.ERROR)


def report_defect(exc: Exception) -> int:
    """An exception that nobody foresaw, without its traceback."""
    _headline(f"This is a defect of osa: {type(exc).__name__}: {exc}")
    say("Please report it. OSA_DEBUG=1 shows where it happened.")
    return ExitCode.ERROR


def _is_said_in(detail: str, advice: str) -> bool:
    commands = advice.split("`")[1::2]
    return bool(commands) and all(f"`{command}`" in detail for command in commands)


def _headline(text: str, *, plain: bool = False) -> None:
    say(clean(text) if plain else f"{paint('Error:', 'failed', sys.stderr)} {clean(text)}")


def _say_marks(error: IngestionError) -> None:
    marks = [f"code {clean(error.code)}"]
    if error.request_id:
        marks.append(f"request {clean(error.request_id)}")
    say(f"({', '.join(marks)})")


def _reasons(error: IngestionError) -> list[str]:
    lines = []
    for reason in error.errors:
        where = ".".join(str(part) for part in reason.get("loc", ()) if part != "body")
        given = f" (given: {dump(reason['input'])})" if "input" in reason else ""
        lines.append(clean(f"{where}: {reason.get('msg', '')}{given}"))
    return lines


def advice(error: IngestionError) -> str | None:
    """What to do next, where something is known to help."""
    code = exit_code_of(error)
    other = error.context.get("ingestion_id")
    if error.code in _NEXT_OF and other:
        return _NEXT_OF[error.code].format(clean(other))
    if error.code in _NEXT_OF_CAMPAIGN and (named := error.context.get("campaign_id")):
        return _NEXT_OF_CAMPAIGN[error.code].format(clean(named))
    if error.code == "INGESTION_ALREADY_ENDED":
        ended = error.context.get("ingestion")
        other = ended.get("id") if isinstance(ended, dict) else None
    if code is ExitCode.CONFLICT and other and error.code not in _NEXT:
        return f"See it with: osa ingestion status {clean(other)}"
    if error.code in _NEXT:
        return _NEXT[error.code]
    if code is ExitCode.AUTH:
        return _NEXT["UNAUTHENTICATED"]
    if error.retryable:
        return "The same again may succeed in a moment."
    if error.status is not None and error.status >= 500 and error.request_id:
        return "Give the operator of the server this request id:"
    return None
