"""`osa ingestion`: the run lifecycle."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer

from osa.cli.commands import options, results, starting, waiting
from osa.cli.commands.options import examples
from osa.cli.output import Format, say
from osa.cli.problems import BadUsage
from osa.cli.session import open_session
from osa.cli.times import parse_duration, parse_time

app = options.noun()

_STATUSES = ("queued", "running", "canceling", "succeeded", "failed", "canceled", "active")
#: Understood by the server, never shown by it.
_OTHER_WORDS = ("cancelled", "pending", "completed", "success", "failure")


def _complete_status() -> list[str]:
    return list(_STATUSES)


app.command(
    "start",
    epilog=examples(
        "osa ingestion start documents notes.txt report.pdf --wait",
        "osa ingestion start nc-to-geotiff sst.nc --param variable=sst --watch",
        "osa ingestion start documents https://archive.example/a.pdf --label shelf=A",
    ),
)(starting.start)


@app.command(
    "list",
    epilog=examples(
        "osa ingestion list --status active",
        "osa ingestion list --status failed --created-after 2d -q",
        "osa ingestion list --label project=demo -o jsonl",
    ),
)
def list_(
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            help=f"One of {', '.join(_STATUSES)}; repeat for or.",
            autocompletion=_complete_status,
        ),
    ] = None,
    convention: Annotated[
        str | None,
        typer.Option(
            "--convention", metavar="ID", help="Only those of this convention, id or SRN."
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label", metavar="K[=V]", help="Only those with this label; repeat for and."
        ),
    ] = None,
    external_id: Annotated[
        str | None,
        typer.Option("--external-id", metavar="ID", help="Only the one with this id of yours."),
    ] = None,
    created_after: Annotated[
        str | None,
        typer.Option(
            "--created-after",
            metavar="TIME",
            help="RFC 3339, a date, or how long ago: 30m, 2h, 3d.",
        ),
    ] = None,
    created_before: Annotated[
        str | None, typer.Option("--created-before", metavar="TIME", help="The same.")
    ] = None,
    order: Annotated[
        str, typer.Option("--order", metavar="ORDER", help="desc: newest first; asc: oldest first.")
    ] = "desc",
    max_items: options.MaxItems = None,
    output: options.Output = Format.table,
    quiet: options.Quiet = False,
    server: options.Server = None,
    token: options.Token = None,
) -> None:
    """List ingestions, newest first."""
    for word in status or ():
        if word not in _STATUSES and word not in _OTHER_WORDS:
            close = difflib.get_close_matches(word, _STATUSES, n=1)
            hint = f"Did you mean {close[0]}?" if close else None
            raise BadUsage(
                f"--status {word!r} is not one of {', '.join(_STATUSES)}.", next_step=hint
            )
    if order not in ("asc", "desc"):
        raise BadUsage(f"--order {order!r} is neither asc nor desc.")
    after = parse_time(created_after, option="--created-after") if created_after else None
    before = parse_time(created_before, option="--created-before") if created_before else None
    session = open_session(server, token, output, quiet)

    from osa.cli.ingestion import iter_ingestions
    from osa.cli.views import ingestion_table

    room = max_items or (options.TABLE_ROWS if session.for_people else None)
    # One more than is shown tells whether there is more.
    wanted = room + 1 if room is not None and session.for_people else room
    found = iter_ingestions(
        **session.access,
        convention=convention,
        status=status or None,
        label=label or None,
        external_id=external_id,
        created_after=after,
        created_before=before,
        order=order,
        max_items=wanted,
    )
    if quiet:
        session.write_ids(found)
    elif output is not Format.table:
        session.write_objects(found)
    else:
        rows = list(found)
        if not rows:
            say("No ingestions. `osa ingestion start CONVENTION FILE` starts one.")
            return
        ingestion_table(rows[:room])
        if room is not None and len(rows) > room:
            say(f"There are more; --max-items {room * 4} shows more of them, -o jsonl all.")


@app.command(
    epilog=examples("osa ingestion status @last", "osa ingestion status @last -o json"),
)
def status(
    ingestion: options.Ingestion = None,
    output: options.Output = Format.table,
    quiet: options.Quiet = False,
    server: options.Server = None,
    token: options.Token = None,
) -> None:
    """Show an ingestion: how far it is, why it failed.

    The exit code is 0 whatever the status; `wait` tells it by exit code.
    """
    session = open_session(server, token, output, quiet)
    identity = session.resolve_ingestion(ingestion)

    from osa.cli.ingestion import get_ingestion

    starting.show(session, get_ingestion(**session.access, ingestion_id=identity))


@app.command(
    epilog=examples(
        "osa ingestion cancel @last --reason 'wrong variable'",
        "osa ingestion cancel @last --grace 0 --wait",
    ),
)
def cancel(
    ingestion: options.Ingestion = None,
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="TEXT", help="Why, for whoever reads it later."),
    ] = None,
    grace: Annotated[
        str | None,
        typer.Option(
            "--grace",
            "--grace-seconds",
            metavar="DURATION",
            help="What the item in hand may take before it is ended by force; default 2m.",
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Until it is done; canceled is then exit code 0.")
    ] = False,
    timeout: options.Timeout = None,
    output: options.Output = Format.table,
    quiet: options.Quiet = False,
    server: options.Server = None,
    token: options.Token = None,
) -> None:
    """Stop an ingestion. What it has published stays.

    A queued one is canceled at once. A running one finishes the item in hand, or is ended at the
    deadline.
    """
    seconds = parse_duration(grace, option="--grace") if grace else None
    limit = parse_duration(timeout, option="--timeout") if timeout else None
    session = open_session(server, token, output, quiet)
    identity = session.resolve_ingestion(ingestion)

    from osa.cli.ingestion import cancel_ingestion

    canceled = cancel_ingestion(
        **session.access,
        ingestion_id=identity,
        reason=reason,
        grace_seconds=None if seconds is None else round(seconds),
    )
    if not wait or canceled.get("done"):
        starting.show(session, canceled)
        return

    from osa.cli.following import exit_code_of_status, wait_for

    ended = wait_for(session, canceled["id"], timeout=limit)
    starting.show(session, ended)
    if ended.get("status") != "canceled":
        say(f"It was not canceled in time: it {ended.get('status')}.")
        # Asked to cancel and told that it went on to its end: not what was asked for.
        raise typer.Exit(exit_code_of_status(ended) or 8)


app.command("wait", epilog=examples("osa ingestion wait @last --timeout 2h && echo it succeeded"))(
    waiting.wait
)
app.command("watch", epilog=examples("osa ingestion watch @last"))(waiting.watch)
app.command(
    "items",
    epilog=examples("osa ingestion items @last --outcome failed --outcome rejected"),
)(results.items)
app.command(
    "events",
    epilog=examples("osa ingestion events @last --follow", "osa ingestion events @last -o jsonl"),
)(waiting.events)
app.command("artifacts", epilog=examples("osa ingestion artifacts @last"))(results.artifacts)
app.command(
    "download",
    epilog=examples(
        "osa ingestion download @last --dir out",
        "osa ingestion download @last --name sst_20260101T000000Z.tif",
    ),
)(results.download)
