"""One ingestion, or the end of it, in the form that was asked for."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from osa.cli.commands.lists import write_one
from osa.cli.output import Format, JsonObject, say, write
from osa.cli.session import Session

_ENDED = {"succeeded": "succeeded", "failed": "failed", "canceled": "been canceled"}


def show(session: Session, ingestion: JsonObject) -> None:
    """An ingestion with everything that is known of it."""
    from osa.cli.views import ingestion_block

    write_one(session, ingestion, ingestion_block)


def show_all(session: Session, ingestions: Sequence[JsonObject]) -> None:
    """One with everything, or several in a line each."""
    if len(ingestions) == 1:
        show(session, ingestions[0])
    else:
        show_several(session, ingestions)


def show_several(session: Session, ingestions: Sequence[JsonObject]) -> None:
    """A line each, however many there are."""
    if session.quiet:
        session.write_ids(ingestions)
    elif session.format is not Format.table:
        session.write_objects(ingestions)
    else:
        from osa.cli.views import ingestion_table

        ingestion_table(ingestions)


def follow_to_end(
    session: Session,
    identities: Sequence[str],
    *,
    timeout: float | None,
    with_events: bool = False,
    follow_retries: bool = False,
) -> None:
    """Wait, show how it ended, and leave with the exit code of that."""
    from osa.cli.following import exit_code_of_statuses, wait_for, wait_for_all

    if len(identities) == 1:
        ended = [
            wait_for(
                session,
                identities[0],
                timeout=timeout,
                with_events=with_events,
                follow_retries=follow_retries,
            )
        ]
    else:
        ended = wait_for_all(session, identities, timeout=timeout, follow_retries=follow_retries)
    show_all(session, ended)
    raise typer.Exit(exit_code_of_statuses(ended))


def accepted(
    session: Session,
    ingestion: JsonObject,
    *,
    wait: bool,
    watch: bool,
    timeout: float | None,
    attached: bool = False,
) -> None:
    """A start or a retry that the server took: remember it, tell its id, wait when asked to.

    One that was there already (`attached`) may be a colleague's, and does not become `@last`.
    """
    from osa.cli import last

    identity = str(ingestion["id"])
    if attached:
        say(f"Attached: nothing was started; {identity} is active already.")
    else:
        last.remember(**session.access, ingestion=ingestion)
    if wait or watch:
        if not session.quiet and not attached:
            say(f"Started {identity}")
        follow_to_end(session, [identity], timeout=timeout, with_events=watch)
    elif session.for_people:
        write(identity)
        named = identity if attached else "@last"
        status = str(ingestion.get("status"))
        if ingestion.get("done"):
            # The same key again, or one that was canceled meanwhile: there is nothing to follow.
            ended = _ENDED.get(status, "ended")
            say(f"It has {ended} already. See it: osa ingestion status {named}")
        else:
            say(f"{status.capitalize()}. Follow it: osa ingestion watch {named}")
    else:
        show(session, ingestion)
