"""`osa campaign start | advance | resume`: what makes a campaign go on, and waiting for it."""

from __future__ import annotations

from typing import Annotated, Any, Unpack

import typer

from osa.cli.commands import details, options
from osa.cli.commands.lists import write_one
from osa.cli.commands.starting import check_convention
from osa.cli.output import JsonObject, say, write
from osa.cli.problems import BadUsage, Detached
from osa.cli.session import Session, check_campaign, open_session

_MODES = ("server", "manual")

Wait = Annotated[
    bool, typer.Option("--wait", "--watch", help="Until it is done, or goes on no more by itself.")
]


@options.asking()
def start(
    campaign: Annotated[
        str | None,
        typer.Argument(
            metavar="CAMPAIGN",
            help="An id of your own: letters, digits, dots, underscores, hyphens.",
            show_default=False,
        ),
    ] = None,
    convention: options.Convention = None,
    param: details.Param = None,
    params_file: details.ParamsFile = None,
    name: details.Name = None,
    mode: Annotated[
        str | None,
        typer.Option(
            "--mode",
            metavar="MODE",
            help="Who starts the next step: server (the default), or manual: you, with advance.",
            autocompletion=options.completing(_MODES),
        ),
    ] = None,
    start_position: Annotated[
        int | None,
        typer.Option(
            "--start-position", metavar="N", min=1, help="Where the first step begins; usually 1."
        ),
    ] = None,
    total: Annotated[
        int | None,
        typer.Option(
            "--total", metavar="N", min=0, help="How many children you expect, for the progress."
        ),
    ] = None,
    public_summary: Annotated[
        bool,
        typer.Option(
            "--public-summary", help="Make a link that shows the counts to all who have it."
        ),
    ] = False,
    wait: Wait = False,
    timeout: options.Timeout = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Start a campaign: a convention run in steps.

    The same command again is the same campaign. With --wait the exit code tells how it ended
    (0 succeeded, 3 failed, 4 canceled, 5 waited too long, 8 paused).
    """
    identity = check_campaign(campaign)
    if not convention:
        raise BadUsage("Which convention?", next_step="`osa convention list` shows them.")
    if mode is not None:
        options.check_word(mode, _MODES, option="--mode")
    if mode == "manual" and wait:
        raise BadUsage(
            "A manual campaign goes on only when you advance it.",
            next_step=f"Leave out --wait, then: osa campaign advance {identity} --wait",
        )
    given = details.read_params_file(params_file)
    seconds = details.read_timeout(timeout, waits=wait)
    session = open_session(**asked)
    _, parameters = check_convention(session, convention, param or [], given)

    from osa.cli.ingestion import create_campaign

    try:
        created = create_campaign(
            **session.access,
            campaign_id=identity,
            convention_id=convention,
            parameters=parameters or None,
            name=name,
            mode=mode,
            start_position=start_position,
            campaign_total_children=total,
            public_summary=public_summary or None,
        )
    except KeyboardInterrupt as exc:
        raise Detached(
            "Interrupted: the server may have created the campaign.\n"
            f"See with: osa campaign status {identity}"
        ) from exc
    _tell_link(session, created)
    if wait:
        follow_to_end(session, identity, timeout=seconds)
    elif session.for_people:
        from osa.cli.campaign_views import describe_status, next_steps

        write(str(created["campaign_id"]))
        say(f"{describe_status(created).capitalize()}.")
        for line in next_steps(created):
            say(line)
    else:
        show(session, created)


def _tell_link(session: Session, campaign: JsonObject) -> None:
    from osa.cli.campaign_views import whole_link

    if campaign.get("summary_href") and not session.quiet:
        link = whole_link(campaign["summary_href"], server=session.access["server"])
        say(f"For all who may see the counts: {link}")


@options.asking()
def advance(
    campaign: options.Campaign = None,
    start_position: Annotated[
        int | None,
        typer.Option(
            "--start-position",
            metavar="N",
            min=1,
            help="Refuse unless the next step begins here; else wherever it begins.",
        ),
    ] = None,
    wait: Wait = False,
    timeout: options.Timeout = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Start the next step of a campaign.

    One at a time: while a step or its children are active it is a conflict (exit code 8). With
    --wait the exit code is 0 when this step is done, also when there are more to come.
    """
    from osa.cli.ingestion import advance_campaign

    how = {"start_position": start_position}
    _go_on(campaign, advance_campaign, how, asked, wait=wait, timeout=timeout, one_step=True)


@options.asking()
def resume(
    campaign: options.Campaign = None,
    requeue_failed: Annotated[
        bool,
        typer.Option(
            "--requeue-failed", help="Start children that failed or were canceled again, too."
        ),
    ] = False,
    wait: Wait = False,
    timeout: options.Timeout = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Go on with a campaign that was paused, failed or was canceled.

    It goes on where it stopped: nothing is left out, and nothing repeated.
    """
    from osa.cli.ingestion import resume_campaign

    how = {"requeue_failed": requeue_failed}
    _go_on(campaign, resume_campaign, how, asked, wait=wait, timeout=timeout)


def _go_on(
    campaign: str | None,
    operation: Any,
    how: JsonObject,
    asked: options.Asked,
    *,
    wait: bool,
    timeout: str | None,
    one_step: bool = False,
) -> None:
    identity = check_campaign(campaign)
    seconds = details.read_timeout(timeout, waits=wait)
    session = open_session(**asked)
    found = operation(**session.access, campaign_id=identity, **how)
    if wait:
        follow_to_end(session, identity, timeout=seconds, one_step=one_step)
    else:
        show(session, found)


def show(session: Session, campaign: JsonObject) -> None:
    """A campaign with everything that is known of it."""
    from osa.cli.campaign_views import campaign_block

    def for_people(found: JsonObject) -> None:
        campaign_block(found, server=session.access["server"])

    write_one(session, campaign, for_people, key="campaign_id")


def follow_to_end(
    session: Session, identity: str, *, timeout: float | None, one_step: bool = False
) -> None:
    """Wait, show how it ended, and leave with the exit code of that."""
    from osa.cli.campaign_following import exit_code_of_campaign, wait_for_campaign, why_it_rests

    ended = wait_for_campaign(session, identity, timeout=timeout)
    show(session, ended)
    if word := why_it_rests(ended):
        say(word)
    raise typer.Exit(exit_code_of_campaign(ended, one_step=one_step))
