"""`osa ingestion explain | logs`: why it is where it is, and what its worker said."""

from __future__ import annotations

import sys
from typing import Annotated, Unpack

import typer

from osa.cli.commands import options
from osa.cli.commands.lists import write_one
from osa.cli.output import Format, JsonObject, block, clean, entry, paint, say
from osa.cli.problems import BadUsage, Detached
from osa.cli.session import open_session
from osa.cli.times import parse_time, read_time, show_seconds, show_time

_LEVELS = ("debug", "info", "warning", "error")


@options.asking(quiet="Only the word for programs, such as no_workers.")
def explain(
    ingestion: options.Ingestion = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Tell why an ingestion waits, hangs or failed, and what to do.

    The server works it out at this moment. The exit code is 0 whatever it says.
    """
    session = open_session(**asked)
    identity = session.resolve_ingestion(ingestion)

    from osa.cli.ingestion import explain_ingestion

    diagnosis = explain_ingestion(**session.access, ingestion_id=identity)
    write_one(session, diagnosis, _write_diagnosis, key="code")


def _write_diagnosis(diagnosis: JsonObject) -> None:
    from osa.cli.lines import describe_queue

    status, word = str(diagnosis.get("status")), str(diagnosis.get("code"))
    rows = [
        ("Ingestion", diagnosis.get("ingestion_id")),
        ("Status", status if word == status else f"{status}: {word.replace('_', ' ')}"),
        ("Since", _since(diagnosis)),
        ("Why", diagnosis.get("text")),
        ("What to do", diagnosis.get("action") or "nothing"),
        ("Queue", describe_queue(diagnosis)),
        ("Waits for", diagnosis.get("blocked_by")),
    ]
    block((name, value) for name, value in rows if value is not None)
    if word == "failed":
        say(f"What it said: osa ingestion logs {clean(diagnosis.get('ingestion_id'))}")
    if diagnosis.get("blocked_by"):
        say(f"Why that one is not done: osa ingestion explain {clean(diagnosis['blocked_by'])}")


def _since(diagnosis: JsonObject) -> str | None:
    since, checked = read_time(diagnosis.get("since")), read_time(diagnosis.get("checked_at"))
    if since is None:
        return None
    # Both by the server's clock: this machine's may be wrong, and then so would the answer.
    if checked is None:
        return show_time(diagnosis["since"])
    return f"{show_seconds((checked - since).total_seconds())} ({show_time(diagnosis['since'])})"


@options.asking(quiet="Only the messages.")
def logs(
    ingestion: options.Ingestion = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until no line can follow.")
    ] = False,
    tail: Annotated[
        int | None,
        typer.Option("--tail", metavar="N", min=1, max=1000, help="Only the last so many lines."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="TIME", help="RFC 3339, a date, or how long ago: 10m, 2h, 3d."
        ),
    ] = None,
    level: Annotated[
        str | None,
        typer.Option(
            "--level",
            metavar="LEVEL",
            help=f"One of {', '.join(_LEVELS)}: that one and what is graver.",
            autocompletion=options.completing(_LEVELS),
        ),
    ] = None,
    attempt: Annotated[
        int | None, typer.Option("--attempt", metavar="N", min=1, help="Only of this attempt.")
    ] = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Show what the convention and its worker said.

    The lines outlive the worker; of a message with several, all but the first are indented.
    `events` is the log of what became of the ingestion.
    """
    if follow and asked["output"] is Format.json:
        raise BadUsage("An array has no end while one follows.", next_step="Use -o jsonl with -f.")
    if level is not None:
        options.check_word(level, _LEVELS, option="--level")
    after = parse_time(since, option="--since") if since else None
    session = open_session(**asked)
    identity = session.resolve_ingestion(ingestion)

    from osa.cli.ingestion import iter_logs

    found = iter_logs(
        **session.access,
        ingestion_id=identity,
        tail=tail,
        level=level,
        since=after,
        attempt=attempt,
        follow=follow,
    )
    told = False
    try:
        if session.format is not Format.table and not session.quiet:
            session.write_objects(found)
            return
        for line in found:
            told = True
            if session.quiet:
                entry("", line.get("message"), width=0)
            else:
                _write_line(line)
    except KeyboardInterrupt as exc:
        raise Detached(
            f"Detached: nothing was changed on the server.\n"
            f"Come back with: osa ingestion logs {identity} --follow"
        ) from exc
    if not told and session.for_people:
        say(f"No such lines. What became of it: osa ingestion events {identity}")


def _write_line(line: JsonObject) -> None:
    level = clean(line.get("level"))
    colour = {"error": "failed", "warning": "canceled"}.get(level, "")
    attempt = f"#{line['attempt']}" if line.get("attempt") else ""
    when = f"{show_time(line.get('at'))}  {attempt:<3} "
    marks = f"{when}{paint(f'{level:<7}', colour, sys.stdout)}  "
    entry(marks, line.get("message"), width=len(when) + max(7, len(level)) + 2)
