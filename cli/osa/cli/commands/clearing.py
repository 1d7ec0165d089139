"""`osa ingestion delete | cleanup`: forget ended ingestions; what they published stays."""

from __future__ import annotations

import sys
from typing import Annotated, Unpack

import typer

from osa.cli.commands import options
from osa.cli.commands.many import for_each
from osa.cli.output import (
    Column,
    Format,
    JsonObject,
    clean,
    is_terminal,
    say,
    show_size,
    table,
    write,
)
from osa.cli.problems import BadUsage, Detached, ExitCode
from osa.cli.session import Session, open_session
from osa.cli.times import parse_duration, show_age

_ENDED = ("succeeded", "failed", "canceled")


@options.asking()
def delete(
    ingestion: options.Ingestions = None,
    yes: options.Yes = False,
    **asked: Unpack[options.Asked],
) -> None:
    """Forget ended ingestions; what they published stays.

    Their items, events, logs and artifacts go with them. What stays: records, their files, and the
    identities that keep a later ingestion from making duplicates. Standard output is the id of each
    that is gone. The first failure is the exit code; the others are tried all the same.
    """
    session = open_session(**asked)
    identities = session.resolve_ingestions(ingestion)
    if not yes:
        if not _can_ask():
            raise BadUsage(
                "Nothing was deleted: nobody can be asked here.", next_step="Add --yes to delete."
            )
        from osa.cli.ingestion import get_ingestions
        from osa.cli.lines import ingestion_lines

        found = get_ingestions(**session.access, ingestion_ids=identities)
        for line in ingestion_lines(found):
            say(line)
        what = "this ingestion" if len(found) == 1 else f"these {len(found)} ingestions"
        _ask(f"Delete {what}? What they published stays.")
    _delete_each(session, identities)


def _delete_each(session: Session, identities: list[str]) -> None:
    from osa.cli import last
    from osa.cli.ingestion import delete_ingestion

    gone: list[JsonObject] = []

    def forget(identity: str) -> None:
        delete_ingestion(**session.access, ingestion_id=identity)
        plain = identity.rpartition(":")[2]
        last.forget(**session.access, ingestion_id=plain)
        gone.append({"id": plain})
        if session.quiet or session.format is Format.table:
            session.write_ids(gone[-1:])
        elif session.format is Format.jsonl:
            session.write_object(gone[-1])

    try:
        code = for_each(identities, forget)
    except KeyboardInterrupt as exc:
        raise Detached(f"Interrupted: {len(gone)} of {len(identities)} are deleted.") from exc
    if session.format is Format.json and not session.quiet:
        session.write_objects(gone)
    raise typer.Exit(code)


@options.asking(quiet="Only the number: found, or deleted.")
def cleanup(
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than", metavar="DURATION", help="Those that ended so long ago: 12h, 30d, 8w …"
        ),
    ] = None,
    status: Annotated[list[str] | None, options.repeatable_word("--status", _ENDED)] = None,
    convention: options.OfConvention = None,
    keep_last: Annotated[
        int | None,
        typer.Option(
            "--keep-last",
            metavar="N",
            min=0,
            max=1_000_000,
            help="But never the last so many of each convention to end.",
        ),
    ] = None,
    yes: options.Yes = False,
    **asked: Unpack[options.Asked],
) -> None:
    """Forget many ended ingestions; without --yes, only show which.

    It tells how many fit, how large they are and a few of them, and on a terminal asks. Exactly
    what was shown is deleted, whatever ends meanwhile. Records, their files and their identities
    stay.
    """
    for word in status or ():
        options.check_word(word, _ENDED, option="--status")
    filters: JsonObject = {
        "older_than_seconds": (
            round(parse_duration(older_than, option="--older-than")) if older_than else None
        ),
        "status": status or None,
        "convention": convention,
        "keep_last": keep_last,
    }
    filters = {key: value for key, value in filters.items() if value is not None}
    if not filters:
        raise BadUsage(
            "Which ingestions? Without a filter it would be all of them.",
            next_step="For example: osa ingestion cleanup --older-than 30d",
        )
    session = open_session(**asked)

    from osa.cli.ingestion import clean_up

    selected = clean_up(**session.access, **filters)
    count = int(selected["match_count"])
    asks = not yes and count > 0 and _can_ask()
    if session.for_people:
        _show_selection(selected)
    if count and (yes or asks):
        if asks:
            _ask(f"Delete {'it' if count == 1 else f'these {count}'}? What they published stays.")
        selected = _delete_selected(session, selected)
    elif count and not session.quiet:
        say("Nothing was deleted. The same with --yes deletes them.")
    if session.quiet:
        write(str(selected["deleted_count" if yes or asks else "match_count"]))
    elif session.format is not Format.table:
        session.write_object(selected)


def _delete_selected(session: Session, selected: JsonObject) -> JsonObject:
    """All of what was shown, however many requests it takes."""
    from osa.cli.bars import counting
    from osa.cli.ingestion import clean_up

    deleted = 0
    try:
        with counting("Deleting", int(selected["match_count"]), shown=not session.quiet) as report:

            def tell(answer: JsonObject) -> None:
                nonlocal deleted
                deleted = int(answer["deleted_count"])
                report(deleted)

            done = clean_up(
                **session.access, selection_token=selected["selection_token"], on_progress=tell
            )
    except KeyboardInterrupt as exc:
        raise Detached(
            f"Interrupted: {deleted} of {selected['match_count']} are deleted.\n"
            "The same command goes on with what is left."
        ) from exc
    if not session.quiet:
        say(f"Deleted {done['deleted_count']} of {done['match_count']}.")
    return done


def _show_selection(selected: JsonObject) -> None:
    count, sample = int(selected["match_count"]), selected.get("sample") or []
    if not count:
        say("No ended ingestion fits.")
        return
    noun = "ingestion" if count == 1 else "ingestions"
    write(f"{count} ended {noun} with {show_size(selected.get('bytes'))} of artifacts.")
    table(
        [
            Column(title="ID"),
            Column(title="STATUS", coloured=True),
            Column(title="ENDED", right=True),
            Column(title="CONVENTION", least=8),
            Column(title="NAME", least=6),
        ],
        [
            (
                each.get("id"),
                each.get("status"),
                show_age(each.get("ended_at")),
                each.get("convention_id"),
                each.get("name") or "",
            )
            for each in sample
        ],
    )
    if count > len(sample):
        write(f"and {count - len(sample)} more")


def _can_ask() -> bool:
    return is_terminal(sys.stderr) and sys.stdin is not None and sys.stdin.isatty()


def _ask(question: str) -> None:
    """Go on after a yes; raise after anything else."""
    sys.stderr.write(f"{clean(question)} [y/N] ")
    sys.stderr.flush()
    try:
        answer = sys.stdin.readline()
    except KeyboardInterrupt as exc:
        say()
        raise Detached("Interrupted: nothing was deleted.") from exc
    if answer.strip().lower() not in ("y", "yes"):
        say("Nothing was deleted.")
        raise typer.Exit(ExitCode.ERROR)
