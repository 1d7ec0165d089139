"""What a checkup finds, one thing at a time."""

from __future__ import annotations

from dataclasses import dataclass

from osa.cli.errors import IngestionError
from osa.cli.failures import advice, exit_code_of
from osa.cli.problems import ExitCode


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check: how it went, and what to do about it. `code` is what its failure exits with."""

    check: str
    state: str
    text: str
    action: str | None = None
    code: ExitCode = ExitCode.OK


def exit_code(findings: list[Finding]) -> ExitCode:
    """0 when nothing failed; unreachable goes before a bad token, and that before the rest."""
    codes = {finding.code for finding in findings if finding.state == "failed"}
    for code in (ExitCode.UNAVAILABLE, ExitCode.AUTH):
        if code in codes:
            return code
    return ExitCode.ERROR if codes else ExitCode.OK


def failed(check: str, error: IngestionError) -> Finding:
    """What a helper ran into."""
    marks = f"{error.code}, request {error.request_id}" if error.request_id else error.code
    return Finding(
        check=check,
        state="failed",
        text=f"{error.detail} ({marks})",
        action=advice(error),
        code=exit_code_of(error),
    )


def show_ms(seconds: float) -> str:
    """A time too short for seconds."""
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 else "less than 1 ms"
