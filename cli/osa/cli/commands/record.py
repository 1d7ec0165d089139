"""`osa record`: what the archive holds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Unpack

import typer

from osa.cli.commands import options
from osa.cli.commands.lists import write_list, write_one
from osa.cli.commands.options import examples
from osa.cli.commands.results import (
    PATHS_ONLY,
    Directory,
    FileNames,
    Overwrite,
    file_table,
    save_files,
)
from osa.cli.output import Column, JsonObject, block, dump, say, table
from osa.cli.session import check_id, open_session
from osa.cli.times import show_age, show_time

app = options.noun()


@app.command(
    "list",
    epilog=examples("osa record list --convention documents", "osa record list --ingestion @last"),
)
@options.asking()
def list_(
    convention: options.OfConvention = None,
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
    derived_from: Annotated[
        str | None,
        typer.Option(
            "--derived-from", metavar="RECORD", help="Only those that were made from this record."
        ),
    ] = None,
    order: options.Order = "desc",
    max_items: options.MaxItems = None,
    **asked: Unpack[options.Asked],
) -> None:
    """List records, newest first."""
    options.check_order(order)
    session = open_session(**asked)
    by = session.resolve_ingestion(ingestion) if ingestion else None
    made_from = check_id(derived_from, "record") if derived_from else None

    from osa.cli.ingestion import iter_records

    write_list(
        session,
        partial(
            iter_records,
            **session.access,
            convention=convention,
            ingestion_id=by,
            source_id=source_id,
            derived_from=made_from,
            order=order,
        ),
        max_items=max_items,
        show=_show_records,
        nothing="No records.",
    )


def _show_records(records: Sequence[JsonObject]) -> None:
    table(
        [
            Column(title="ID"),
            Column(title="V", right=True),
            Column(title="AGE", right=True),
            Column(title="FILES", right=True),
            Column(title="CONVENTION", least=8),
            Column(title="TITLE", least=8),
        ],
        [_row(record) for record in records],
    )


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
@options.asking()
def show(
    record: options.Record = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Show a record with its metadata and files."""
    identity = check_id(record, "record")
    session = open_session(**asked)

    from osa.cli.ingestion import get_record

    write_one(session, get_record(**session.access, record_id=identity), _write_record)


def _write_record(found: JsonObject) -> None:
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
    for number, origin in enumerate(found.get("derived_from", ())):
        version = "" if origin.get("version") is None else f", version {origin['version']}"
        rows.append(("" if number else "Derived from", f"{origin['record_id']}{version}"))
    for name, value in found.get("metadata", {}).items():
        rows.append((f"  {name}", value if isinstance(value, str) else dump(value)))
    block(rows)
    if found.get("files"):
        file_table(found["files"])
        say(f"Get them with: osa record download {found['id']}")


@app.command(epilog=examples("osa record download 019aa9d4-7c00-7d33-9a86-3f1c2d3e4f50 --dir out"))
@options.asking(quiet=PATHS_ONLY)
def download(
    record: options.Record = None,
    directory: Directory = Path(),
    name: FileNames = None,
    overwrite: Overwrite = False,
    **asked: Unpack[options.Asked],
) -> None:
    """Download the files of a record.

    Each is checked by its SHA-256. Standard output is the path of each. What is there already
    with the same content is not sent again.
    """
    identity = check_id(record, "record")
    session = open_session(**asked)

    from osa.cli.ingestion import download_record_file, get_record

    found = get_record(**session.access, record_id=identity)
    save_files(
        session,
        found.get("files", []),
        name or [],
        directory,
        overwrite=overwrite,
        fetch=lambda file: partial(
            download_record_file, **session.access, record_id=found["id"], file_id=file["id"]
        ),
        nothing="The record has no files.",
    )
