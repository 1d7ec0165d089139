"""`osa ingestion wait | watch | events`."""

from __future__ import annotations

from typing import Annotated, Unpack

import typer

from osa.cli.commands import options
from osa.cli.commands.showing import follow_to_end
from osa.cli.output import Format, write
from osa.cli.problems import BadUsage, Detached
from osa.cli.session import open_session
from osa.cli.times import parse_duration


@options.asking()
def wait(
    ingestion: options.Ingestions = None,
    follow_retries: Annotated[
        bool,
        typer.Option(
            "--follow-retries", help="When it fails and was retried, wait for the retry instead."
        ),
    ] = False,
    timeout: options.Timeout = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Wait until an ingestion is done, or several.

    Exit code 0: succeeded, all of them; else 3 when one failed, 4 when one was canceled, 5: waited
    too long. Ctrl-C detaches; the ingestion goes on.
    """
    limit = parse_duration(timeout, option="--timeout") if timeout else None
    session = open_session(**asked)
    identities = session.resolve_ingestions(ingestion)
    follow_to_end(session, identities, timeout=limit, follow_retries=follow_retries)


@options.asking()
def watch(
    ingestion: options.Ingestion = None,
    timeout: options.Timeout = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Follow an ingestion, event by event, until it is done.

    Exit code 0: succeeded, 3: failed, 4: canceled, 5: waited too long. Ctrl-C detaches; the
    ingestion goes on.
    """
    limit = parse_duration(timeout, option="--timeout") if timeout else None
    session = open_session(**asked)
    identity = session.resolve_ingestion(ingestion)
    follow_to_end(session, [identity], timeout=limit, with_events=True)


@options.asking(quiet="Only numbers, one a line.")
def events(
    ingestion: options.Ingestion = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the ingestion is done.")
    ] = False,
    after: Annotated[
        int,
        typer.Option("--after", metavar="NUMBER", min=0, help="Only events with a higher number."),
    ] = 0,
    **asked: Unpack[options.Asked],
) -> None:
    """Show the numbered log of an ingestion."""
    if follow and asked["output"] is Format.json:
        raise BadUsage("An array has no end while one follows.", next_step="Use -o jsonl with -f.")
    session = open_session(**asked)
    identity = session.resolve_ingestion(ingestion)

    from osa.cli.ingestion import iter_events
    from osa.cli.lines import event_line

    found = iter_events(**session.access, ingestion_id=identity, after=after, follow=follow)
    try:
        if session.quiet:
            session.write_ids(found, "number")
        elif session.format is not Format.table:
            session.write_objects(found)
        else:
            for event in found:
                write(event_line(event))
    except KeyboardInterrupt as exc:
        raise Detached(
            f"Detached: nothing was changed on the server.\n"
            f"Come back with: osa ingestion events {identity} --follow"
        ) from exc
