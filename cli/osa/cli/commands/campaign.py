"""`osa campaign`: long work in steps."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Unpack

import typer

from osa.cli.commands import campaign_starting, canceling, options
from osa.cli.commands.campaign_starting import follow_to_end, show
from osa.cli.commands.lists import write_list
from osa.cli.commands.options import examples
from osa.cli.output import clean, say
from osa.cli.problems import ExitCode
from osa.cli.session import check_campaign, open_session
from osa.cli.times import parse_duration

_STATUSES = ("running", "paused", "canceling", "succeeded", "failed", "canceled")

app = options.noun()

app.command(
    "start",
    epilog=examples(
        "osa campaign start aviris-2026 hyspex-csw-parent --params-file aviris.json --watch",
        "osa campaign start aviris-2026 hyspex-csw-parent -p csw_url=… --total 1000",
        "osa campaign start by-hand hyspex-csw-parent --params-file p.json --mode manual",
    ),
)(campaign_starting.start)


@app.command(
    "list",
    epilog=examples("osa campaign list --status running", "osa campaign list --status failed -q"),
)
@options.asking()
def list_(
    status: Annotated[list[str] | None, options.repeatable_word("--status", _STATUSES)] = None,
    convention: options.OfConvention = None,
    max_items: options.MaxItems = None,
    **asked: Unpack[options.Asked],
) -> None:
    """List campaigns, newest first."""
    for word in status or ():
        options.check_word(word, _STATUSES, option="--status")
    session = open_session(**asked)

    from osa.cli.campaign_views import campaign_table
    from osa.cli.ingestion import iter_campaigns

    write_list(
        session,
        partial(iter_campaigns, **session.access, status=status or None, convention=convention),
        max_items=max_items,
        show=campaign_table,
        nothing="No such campaigns."
        if status or convention
        else "No campaigns. `osa campaign start CAMPAIGN CONVENTION` starts one.",
        key="campaign_id",
    )


@app.command(
    epilog=examples("osa campaign status aviris-2026", "osa campaign status aviris-2026 -o json")
)
@options.asking()
def status(
    campaign: options.Campaign = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Show a campaign: how far it is, and what to do.

    Its children are counted by where they are; failures by their kind.
    The exit code is 0 whatever the status; `watch` tells it by exit code.
    """
    identity = check_campaign(campaign)
    session = open_session(**asked)

    from osa.cli.ingestion import get_campaign

    show(session, get_campaign(**session.access, campaign_id=identity))


@app.command(
    epilog=examples("osa campaign watch aviris-2026", "osa campaign watch aviris-2026 --timeout 8h")
)
@options.asking()
def watch(
    campaign: options.Campaign = None,
    timeout: options.Timeout = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Follow a campaign until it is done, or goes on no more by itself.

    Exit code 0: succeeded, 3: failed, 4: canceled, 5: waited too long, 8: it is paused, or waits
    for the next step to be started by hand, and what was active has ended. Ctrl-C detaches; the
    campaign goes on.
    """
    identity = check_campaign(campaign)
    limit = parse_duration(timeout, option="--timeout") if timeout else None
    follow_to_end(open_session(**asked), identity, timeout=limit)


app.command(
    "advance",
    epilog=examples(
        "osa campaign advance by-hand",
        "osa campaign advance by-hand --start-position 26",
        "while osa campaign advance by-hand --wait; do :; done",
    ),
)(campaign_starting.advance)


@app.command(epilog=examples("osa campaign pause aviris-2026"))
@options.asking()
def pause(
    campaign: options.Campaign = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Start no further step of a campaign. What is active goes on."""
    identity = check_campaign(campaign)
    session = open_session(**asked)

    from osa.cli.ingestion import pause_campaign

    show(session, pause_campaign(**session.access, campaign_id=identity))


app.command(
    "resume",
    epilog=examples(
        "osa campaign resume aviris-2026", "osa campaign resume aviris-2026 --requeue-failed --wait"
    ),
)(campaign_starting.resume)


@app.command(
    epilog=examples(
        "osa campaign cancel aviris-2026 --reason 'wrong parent' --wait",
        "osa campaign cancel aviris-2026 --force",
    )
)
@options.asking()
def cancel(
    campaign: options.Campaign = None,
    reason: canceling.Reason = None,
    grace: canceling.Grace = None,
    force: canceling.Force = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Until it is done; canceled is then exit code 0.")
    ] = False,
    timeout: options.Timeout = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Stop a campaign, and all of it that is active.

    First no more steps are started, then each of its ingestions is canceled. What has ended stays
    as it is, and what was published stays. `resume` goes on later.
    """
    identity = check_campaign(campaign)
    how = canceling.read_how(reason=reason, grace=grace, force=force)
    limit = parse_duration(timeout, option="--timeout") if timeout else None
    session = open_session(**asked)

    from osa.cli.campaign_following import exit_code_of_campaign, wait_for_campaign
    from osa.cli.ingestion import cancel_campaign

    found = cancel_campaign(**session.access, campaign_id=identity, **how)
    if wait and not found.get("done"):
        found = wait_for_campaign(session, identity, timeout=limit)
    show(session, found)
    if found.get("status") == "canceled" or not (wait or found.get("done")):
        return
    say(f"{identity} was not canceled in time: it is {clean(found.get('status'))}.")
    raise typer.Exit(exit_code_of_campaign(found) or ExitCode.CONFLICT)
