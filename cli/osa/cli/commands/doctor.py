"""`osa doctor`: what is wrong between this machine and a working archive."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from osa.cli.commands import options
from osa.cli.output import Format, JsonObject, dump, entry, paint, write

if TYPE_CHECKING:
    from osa.cli.findings import Finding


def doctor(
    output: Annotated[
        Format, typer.Option("--output", "-o", metavar="FORMAT", help="table, json or jsonl.")
    ] = Format.table,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only what is not ok.")] = False,
    server: options.Server = None,
    token: options.Token = None,
    tenant: options.Tenant = None,
) -> None:
    """Check server, token, workers and conventions.

    Each check, from the name of the server on, is ok, a warning, or failed, and says what to do.
    With an admin token it looks at database, storage and workers too. Nothing is changed. Exit code
    0: nothing failed; 9: the server is unreachable or busy; 7: the token; else 1.
    """
    from osa.cli.checkup import examine
    from osa.cli.findings import exit_code

    findings: list[Finding] = []
    for finding in examine(server, token, tenant):
        findings.append(finding)
        if quiet and finding.state == "ok":
            continue
        if output is Format.jsonl:
            write(dump(_told(finding)))
        elif output is Format.table:
            _write(finding)
    worst = next(
        (state for state in ("failed", "warning") if any(f.state == state for f in findings)), "ok"
    )
    if output is Format.json:
        shown = [_told(f) for f in findings if not quiet or f.state != "ok"]
        write(dump({"state": worst, "checks": shown}, indent=2))
    raise typer.Exit(exit_code(findings))


def _told(finding: Finding) -> JsonObject:
    shown = asdict(finding)
    del shown["code"]
    return shown


def _write(finding: Finding) -> None:
    colour = {"ok": "succeeded", "warning": "canceled"}.get(finding.state, "failed")
    state = paint(f"{finding.state:<7}", colour, sys.stdout)
    marks = f"{finding.check:<11}  "
    width = len(f"{finding.state:<7}  {marks}")
    entry(f"{state}  {marks}", finding.text, width=width, indent=width)
    if finding.action:
        entry(" " * width + "> ", finding.action, width=width + 2, indent=width + 2)
