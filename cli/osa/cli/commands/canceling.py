"""`osa ingestion cancel`: stop one, or several."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Unpack

import typer

from osa.cli.commands import options, showing
from osa.cli.commands.many import for_each
from osa.cli.output import JsonObject, clean, say
from osa.cli.problems import BadUsage, Detached, ExitCode
from osa.cli.session import Session, open_session
from osa.cli.times import parse_duration

Reason = Annotated[
    str | None,
    typer.Option("--reason", metavar="TEXT", help="Why, for whoever reads it later."),
]
Grace = Annotated[
    str | None,
    typer.Option(
        "--grace",
        "--grace-seconds",
        metavar="DURATION",
        help="What the item in hand may take before it is ended by force; default 2m.",
    ),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Canceled with the answer; what its worker still does is lost."),
]


@options.asking()
def cancel(
    ingestion: options.Ingestions = None,
    reason: Reason = None,
    grace: Grace = None,
    force: Force = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Until it is done; canceled is then exit code 0.")
    ] = False,
    timeout: options.Timeout = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Stop an ingestion, or several. What it has published stays.

    A queued one is canceled at once. A running one finishes the item in hand, or is ended at the
    deadline. Of several each is asked to stop, also when another has ended already; the first
    failure is the exit code.
    """
    how = read_how(reason=reason, grace=grace, force=force)
    limit = parse_duration(timeout, option="--timeout") if timeout else None
    session = open_session(**asked)
    identities = session.resolve_ingestions(ingestion)
    if len(identities) == 1:
        code = _cancel_one(session, identities[0], how, wait=wait, timeout=limit)
    else:
        code = _cancel_all(session, identities, how, wait=wait, timeout=limit)
    raise typer.Exit(code)


def read_how(*, reason: str | None, grace: str | None, force: bool) -> dict[str, Any]:
    """How it is to stop, as the helpers take it."""
    if force and grace:
        raise BadUsage("--force gives no grace.", next_step="Use one of --force and --grace.")
    seconds = parse_duration(grace, option="--grace") if grace else None
    return {
        "reason": reason,
        "grace_seconds": None if seconds is None else round(seconds),
        "force": force,
    }


def _cancel_one(
    session: Session, identity: str, how: dict[str, Any], *, wait: bool, timeout: float | None
) -> ExitCode:
    from osa.cli.following import wait_for
    from osa.cli.ingestion import cancel_ingestion

    found = cancel_ingestion(**session.access, ingestion_id=identity, **how)
    if wait and not found.get("done"):
        found = wait_for(session, found["id"], timeout=timeout)
    showing.show(session, found)
    return _too_late([found])


def _cancel_all(
    session: Session,
    identities: list[str],
    how: dict[str, Any],
    *,
    wait: bool,
    timeout: float | None,
) -> ExitCode:
    from osa.cli.following import wait_for_all
    from osa.cli.ingestion import cancel_ingestion

    found: dict[str, JsonObject] = {}

    def ask(identity: str) -> None:
        canceled = cancel_ingestion(**session.access, ingestion_id=identity, **how)
        found[canceled["id"]] = canceled

    try:
        code = for_each(identities, ask)
    except KeyboardInterrupt as exc:
        raise Detached(
            f"Interrupted: {len(found)} of {len(identities)} were asked to stop."
        ) from exc
    going = [identity for identity, each in found.items() if not each.get("done")]
    if wait and going:
        found |= {each["id"]: each for each in wait_for_all(session, going, timeout=timeout)}
    if found or not session.for_people:
        showing.show_several(session, [*found.values()])
    return code or _too_late(found.values())


def _too_late(found: Iterable[JsonObject]) -> ExitCode:
    """Asked to cancel, and it went on to its end: not what was asked for."""
    from osa.cli.following import exit_code_of_status

    code = ExitCode.OK
    for each in found:
        status = each.get("status")
        if each.get("done") and status != "canceled":
            say(f"{clean(each.get('id'))} was not canceled in time: it {clean(status)}.")
            code = code or exit_code_of_status(each) or ExitCode.CONFLICT
    return code
