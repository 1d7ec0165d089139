"""`osa convention`: what can be run, and with which parameters."""

from __future__ import annotations

import difflib
from typing import Annotated, Unpack

import typer

from osa.cli.commands import options
from osa.cli.commands.lists import write_one
from osa.cli.commands.options import examples
from osa.cli.output import (
    Column,
    Format,
    JsonObject,
    block,
    clean,
    dump,
    paragraph,
    say,
    table,
    write,
)
from osa.cli.problems import BadUsage, CommandFailed, ExitCode
from osa.cli.session import Session, open_session

app = options.noun()


@app.command("list", epilog=examples("osa convention list", "osa convention list --ingestable -q"))
@options.asking()
def list_(
    ingestable: Annotated[
        bool, typer.Option("--ingestable", help="Only those this server can run now.")
    ] = False,
    **asked: Unpack[options.Asked],
) -> None:
    """List the conventions of the server."""
    session = open_session(**asked)

    from osa.cli.ingestion import list_conventions

    found = list_conventions(**session.access, ingestable=True if ingestable else None)
    if session.quiet:
        session.write_ids(found)
    elif session.format is not Format.table:
        session.write_objects(found)
    else:
        table(
            [
                Column(title="ID"),
                Column(title="VERSION"),
                Column(title="RUNS HERE"),
                Column(title="SOURCES", least=12),
                Column(title="TITLE", least=12),
            ],
            [
                (
                    each["id"],
                    each["version"],
                    "yes" if each["ingestable"] else f"no, lacks {each.get('missing_extra', '?')}",
                    ", ".join(each["source_types"]) or "by its parameters",
                    each["title"],
                )
                for each in found
            ],
        )
        say("Parameters of one: osa convention show ID")


@app.command(epilog=examples("osa convention show nc-to-geotiff"))
@options.asking()
def show(
    convention: options.Convention = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Show a convention with its parameters."""
    if not convention:
        raise BadUsage("Which convention?", next_step="`osa convention list` shows them.")
    session = open_session(**asked)
    write_one(session, find_convention(session, convention), _write_convention)


def _write_convention(found: JsonObject) -> None:
    from osa.cli.schemas import describe, resolve

    lacking = f"no, it lacks the extra {found.get('missing_extra')}"
    sources = ", ".join(found["source_types"]) or "none; its parameters say where to read"
    block(
        [
            ("Convention", f"{found['id']} {found['version']}"),
            ("Title", found["title"]),
            ("About", found["description"]),
            ("Sources", sources + ("" if found["source_required"] else " (not required)")),
            ("Runs here", "yes" if found["ingestable"] else lacking),
            ("At once", "one" if found["exclusive"] else "any number"),
            ("SRN", found["srn"]),
        ]
    )
    schema = found["parameters_schema"]
    properties = schema.get("properties", {})
    if not properties:
        say("It has no parameters.")
        return
    write("Parameters")
    for name, raw in properties.items():
        parameter = resolve(raw, schema)
        words = [describe(raw, schema)]
        if name in schema.get("required", ()):
            words.append("required")
        elif "default" in parameter:
            words.append(f"default {dump(parameter['default'])}")
        paragraph(f"{name}: {', '.join(words)}", 2)
        if parameter.get("description"):
            paragraph(parameter["description"], 6)
    first = next(iter(schema.get("required", ()) or properties))
    say(clean(f"Give one with: osa ingestion start {found['id']} FILE --param {first}=VALUE"))


def find_convention(session: Session, convention: str) -> JsonObject:
    """A convention with its schema; for a name that is nearly one of them, a hint."""
    from osa.cli.ingestion import IngestionError, get_convention, list_conventions

    try:
        return get_convention(**session.access, convention_id=convention)
    except IngestionError as exc:
        misspelt = exc.status == 400 and exc.code == "INVALID_REQUEST"
        if exc.code != "CONVENTION_NOT_FOUND" and not misspelt:
            raise
        known = [each["id"] for each in list_conventions(**session.access)]
        close = difflib.get_close_matches(convention, known, n=1)
        raise CommandFailed(
            f"There is no convention {convention!r}."
            + (f" Did you mean {close[0]}?" if close else ""),
            next_step="`osa convention list` shows the conventions.",
            code=ExitCode.NOT_FOUND,
        ) from exc


def find_schema(session: Session, convention: str) -> JsonObject | None:
    """The same; None for a token that may start without being allowed to read. The server alone
    checks then."""
    from osa.cli.ingestion import IngestionError

    try:
        return find_convention(session, convention)
    except IngestionError as exc:
        if exc.status != 403:
            raise
        return None
