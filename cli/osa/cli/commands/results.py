"""`osa ingestion items | artifacts | download`: what came of it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from osa.cli.commands import options
from osa.cli.output import Column, Format, JsonObject, clean, dump, say, show_size, table, write
from osa.cli.problems import BadUsage, CommandFailed, ExitCode
from osa.cli.session import Session, open_session

_OUTCOMES = ("created", "updated", "unchanged", "skipped", "rejected", "failed")


def _complete_outcome() -> list[str]:
    return list(_OUTCOMES)


Directory = Annotated[
    Path, typer.Option("--dir", "-d", metavar="FOLDER", help="Where to; made when it is missing.")
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace files that have other content.")
]


def items(
    ingestion: options.Ingestion = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            "--outcome",
            metavar="OUTCOME",
            help=f"One of {', '.join(_OUTCOMES)}; repeat for or.",
            autocompletion=_complete_outcome,
        ),
    ] = None,
    max_items: options.MaxItems = None,
    output: options.Output = Format.table,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only ids of records, one a line.")
    ] = False,
    server: options.Server = None,
    token: options.Token = None,
) -> None:
    """List what an ingestion read, with outcomes.

    For what was rejected or failed, it says why.
    """
    for word in outcome or ():
        if word not in _OUTCOMES:
            close = difflib.get_close_matches(word, _OUTCOMES, n=1)
            hint = f"Did you mean {close[0]}?" if close else None
            raise BadUsage(
                f"--outcome {word!r} is not one of {', '.join(_OUTCOMES)}.", next_step=hint
            )
    session = open_session(server, token, output, quiet)
    identity = session.resolve_ingestion(ingestion)

    from osa.cli.ingestion import iter_items

    room = max_items or (options.TABLE_ROWS if session.for_people else None)
    wanted = room + 1 if room is not None and session.for_people else room
    found = iter_items(
        **session.access, ingestion_id=identity, outcome=outcome or None, max_items=wanted
    )
    if quiet:
        session.write_ids(found, "record_id")
    elif output is not Format.table:
        session.write_objects(found)
    else:
        rows = list(found)
        if not rows:
            say("No such items." if outcome else "No items.")
            return
        columns = [
            Column(title="NO", right=True),
            Column(title="OUTCOME", coloured=True),
            Column(title="SOURCE ID", least=20),
            Column(title="RECORD"),
        ]
        table(columns, [_item_row(item) for item in rows[:room]])
        for item in rows[:room]:
            if item.get("error"):
                _explain(item)
        if room is not None and len(rows) > room:
            say(f"There are more; --max-items {room * 4} shows more of them, -o jsonl all.")


def _item_row(item: JsonObject) -> Sequence[object]:
    return (item["number"], item["outcome"], item["source_id"], item.get("record_id"))


def _explain(item: JsonObject) -> None:
    error = item["error"]
    write(f"{item['number']}: {clean(error.get('detail'))} ({clean(error.get('kind'))})")
    if error.get("hint"):
        write(f"   {clean(error['hint'])}")


def artifacts(
    ingestion: options.Ingestion = None,
    max_items: options.MaxItems = None,
    output: options.Output = Format.table,
    quiet: options.Quiet = False,
    server: options.Server = None,
    token: options.Token = None,
) -> None:
    """List the files an ingestion produced."""
    session = open_session(server, token, output, quiet)
    identity = session.resolve_ingestion(ingestion)

    from osa.cli.ingestion import iter_artifacts

    room = max_items or (options.TABLE_ROWS if session.for_people else None)
    wanted = room + 1 if room is not None and session.for_people else room
    found = iter_artifacts(**session.access, ingestion_id=identity, max_items=wanted)
    if quiet:
        session.write_ids(found)
    elif output is not Format.table:
        session.write_objects(found)
    else:
        rows = list(found)
        if not rows:
            say("No artifacts. Records may have files: osa record list --ingestion " + identity)
            return
        file_table(rows[:room])
        if room is not None and len(rows) > room:
            say(f"There are more; --max-items {room * 4} shows more of them, -o jsonl all.")
        say(f"Get them with: osa ingestion download {identity}")


def file_table(files: Sequence[JsonObject]) -> None:
    """Files of an ingestion or of a record."""
    table(
        [
            Column(title="ID"),
            Column(title="SIZE", right=True),
            Column(title="NAME", least=16),
            Column(title="TYPE", least=8),
        ],
        [
            (file["id"], show_size(file.get("size")), file.get("name"), file.get("media_type"))
            for file in files
        ],
    )


def download(
    ingestion: options.Ingestion = None,
    directory: Directory = Path(),
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--name", metavar="NAME", help="Only the artifact of this name or id; repeatable."
        ),
    ] = None,
    overwrite: Overwrite = False,
    output: options.Output = Format.table,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No talk, only paths.")] = False,
    server: options.Server = None,
    token: options.Token = None,
) -> None:
    """Download the files an ingestion produced.

    Each is checked by its SHA-256. Standard output is the path of each. What is there already
    with the same content is not sent again.
    """
    session = open_session(server, token, output, quiet)
    identity = session.resolve_ingestion(ingestion)

    from osa.cli.ingestion import download_artifact, iter_artifacts

    found = list(iter_artifacts(**session.access, ingestion_id=identity))
    wanted = choose_files(found, name or [], what="artifact")
    if not wanted:
        say("It has no artifacts. Records may have files: osa record list --ingestion " + identity)

    def fetch(file: JsonObject, path: Path, report: Any) -> None:
        download_artifact(
            **session.access,
            artifact_id=file["id"],
            path=path,
            overwrite=overwrite,
            on_progress=report,
        )

    save_files(session, wanted, directory, overwrite=overwrite, fetch=fetch)


def choose_files(files: list[JsonObject], names: list[str], *, what: str) -> list[JsonObject]:
    """Those that were named, or all; raises when a name fits none."""
    for name in names:
        if not any(name in (file["name"], file["id"]) for file in files):
            close = difflib.get_close_matches(name, [file["name"] for file in files], n=1)
            raise CommandFailed(
                f"There is no {what} {name!r}.",
                next_step=f"Did you mean {close[0]}?" if close else None,
                code=ExitCode.NOT_FOUND,
            )
    return [file for file in files if not names or {file["name"], file["id"]} & set(names)]


def save_files(
    session: Session,
    files: Sequence[JsonObject],
    directory: Path,
    *,
    overwrite: bool,
    fetch: Callable[[JsonObject, Path, Any], None],
) -> None:
    """Put each file into the folder and tell its path on standard output."""
    from osa.cli.bars import transfer

    directory = directory.expanduser()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise CommandFailed(f"Cannot make the folder {directory}: {exc.strerror}.") from exc
    paths = file_names(files)
    results = []
    for file, name in zip(files, paths, strict=True):
        path = directory / name
        if path.exists() and not overwrite:
            if _sha256(path) != file["sha256"]:
                raise CommandFailed(
                    f"{path} is there already, with other content.",
                    next_step="Use another --dir, or --overwrite.",
                )
            if not session.quiet:
                say(f"{clean(path)} is there already, with the same content.")
        elif session.quiet:
            fetch(file, path, None)
        else:
            with transfer("Downloading", name, file.get("size")) as report:
                fetch(file, path, report)
        if session.format is Format.json:
            results.append({**file, "path": str(path)})
        elif session.format is Format.jsonl:
            write(dump({**file, "path": str(path)}))
        else:
            write(str(path) if session.quiet else clean(path))
    if session.format is Format.json:
        write(dump(results, indent=2))


def file_names(files: Sequence[JsonObject]) -> list[str]:
    """A name for each on this disk: the server's, made harmless, and different from the others."""
    names: list[str] = []
    for file in files:
        raw = str(file.get("name") or "").replace("\\", "/").rpartition("/")[2]
        name = "".join(c if c.isprintable() else "_" for c in raw).lstrip(".").strip()
        name = name or str(file["id"])
        if name in names:
            stem, dot, suffix = name.partition(".")
            # The end of a UUIDv7 is random; its beginning is the time, and alike among neighbours.
            name = f"{stem}-{str(file['id'])[-12:]}{dot}{suffix}"
        names.append(name)
    return names


def _sha256(path: Path) -> str:
    import hashlib

    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as exc:
        raise CommandFailed(f"Cannot read {path}: {exc.strerror}.") from exc
