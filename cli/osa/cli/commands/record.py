"""`osa record`: what the archive holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from osa.cli.commands import options
from osa.cli.commands.options import examples
from osa.cli.commands.results import (
    Directory,
    Overwrite,
    choose_files,
    file_table,
    save_files,
)
from osa.cli.output import Column, Format, JsonObject, block, dump, say, table
from osa.cli.problems import BadUsage
from osa.cli.session import check_id, open_session
from osa.cli.times import show_age, show_time

app = options.noun()


@app.command(
    "list",
    epilog=examples("osa record list --convention documents", "osa record list --ingestion @last"),
)
def list_(
    convention: Annotated[
        str | None,
        typer.Option("--convention", metavar="ID", help="Only those of this convention."),
    ] = None,
    ingestion: Annotated[
        str | None,
        typer.Option(
            "--ingestion", metavar="INGESTION", help="Only those that this ingestion wrote last."
        ),
    ] = None,
    source_id: Annotated[
        str | None,
        typer.Option("--source-id", metavar="ID", help="Only the one with this identity."),
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
    """List records, newest first."""
    if order not in ("asc", "desc"):
        raise BadUsage(f"--order {order!r} is neither asc nor desc.")
    session = open_session(server, token, output, quiet)
    by = session.resolve_ingestion(ingestion) if ingestion else None

    from osa.cli.ingestion import iter_records

    room = max_items or (options.TABLE_ROWS if session.for_people else None)
    wanted = room + 1 if room is not None and session.for_people else room
    found = iter_records(
        **session.access,
        convention=convention,
        ingestion_id=by,
        source_id=source_id,
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
            say("No records.")
            return
        table(
            [
                Column(title="ID"),
                Column(title="V", right=True),
                Column(title="AGE", right=True),
                Column(title="FILES", right=True),
                Column(title="CONVENTION", least=8),
                Column(title="TITLE", least=8),
            ],
            [_row(record) for record in rows[:room]],
        )
        if room is not None and len(rows) > room:
            say(f"There are more; --max-items {room * 4} shows more of them, -o jsonl all.")


def _row(record: JsonObject) -> tuple[object, ...]:
    return (
        record["id"],
        record.get("version"),
        show_age(record.get("updated_at")),
        len(record.get("files", ())),
        record.get("convention_id"),
        record.get("title") or record.get("source_id"),
    )


@app.command(epilog=examples("osa record show 019aa9d4-7c00-7d33-9a86-3f1c2d3e4f50 -o json"))
def show(
    record: options.Record = None,
    output: options.Output = Format.table,
    quiet: options.Quiet = False,
    server: options.Server = None,
    token: options.Token = None,
) -> None:
    """Show a record with its metadata and files."""
    identity = check_id(record, "record")
    session = open_session(server, token, output, quiet)

    from osa.cli.ingestion import get_record

    found = get_record(**session.access, record_id=identity)
    if quiet:
        session.write_ids([found])
    elif output is not Format.table:
        session.write_object(found)
    else:
        rows: list[tuple[str, object]] = [
            ("Record", found["id"]),
            ("Title", found.get("title") or "-"),
            ("Source id", found["source_id"]),
            ("Convention", found["convention_id"]),
            ("Version", found["version"]),
            ("Created", show_time(found.get("created_at"))),
            ("Updated", f"{show_time(found.get('updated_at'))} by {found['ingestion_id']}"),
            ("SRN", found["srn"]),
        ]
        for name, value in found.get("metadata", {}).items():
            rows.append((f"  {name}", value if isinstance(value, str) else dump(value)))
        block(rows)
        if found.get("files"):
            file_table(found["files"])
            say(f"Get them with: osa record download {found['id']}")


@app.command(epilog=examples("osa record download 019aa9d4-7c00-7d33-9a86-3f1c2d3e4f50 --dir out"))
def download(
    record: options.Record = None,
    directory: Directory = Path(),
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--name", metavar="NAME", help="Only the file of this name or id; repeatable."
        ),
    ] = None,
    overwrite: Overwrite = False,
    output: options.Output = Format.table,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No talk, only paths.")] = False,
    server: options.Server = None,
    token: options.Token = None,
) -> None:
    """Download the files of a record.

    Each is checked by its SHA-256. Standard output is the path of each. What is there already
    with the same content is not sent again.
    """
    identity = check_id(record, "record")
    session = open_session(server, token, output, quiet)

    from osa.cli.ingestion import download_record_file, get_record

    found = get_record(**session.access, record_id=identity)
    wanted = choose_files(found.get("files", []), name or [], what="file")
    if not wanted:
        say("The record has no files.")

    def fetch(file: JsonObject, path: Path, report: Any) -> None:
        download_record_file(
            **session.access,
            record_id=found["id"],
            file_id=file["id"],
            path=path,
            overwrite=overwrite,
            on_progress=report,
        )

    save_files(session, wanted, directory, overwrite=overwrite, fetch=fetch)
