"""`osa ingestion items | artifacts | download`: what came of it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Unpack

import typer

from osa.cli.commands import options
from osa.cli.commands.lists import write_list
from osa.cli.lines import OUTCOMES
from osa.cli.output import Column, Format, JsonObject, clean, dump, say, show_size, table, write
from osa.cli.problems import CommandFailed, ExitCode
from osa.cli.session import Session, open_session

Directory = Annotated[
    Path, typer.Option("--dir", "-d", metavar="FOLDER", help="Where to; made when it is missing.")
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace files that have other content.")
]
FileNames = Annotated[
    list[str] | None,
    typer.Option("--name", metavar="NAME", help="Only the file of this name or id; repeatable."),
]
#: What `-q` leaves of a download.
PATHS_ONLY = "No talk, only paths."


@options.asking(quiet="Only ids of records, one a line.")
def items(
    ingestion: options.Ingestion = None,
    outcome: Annotated[list[str] | None, options.repeatable_word("--outcome", OUTCOMES)] = None,
    max_items: options.MaxItems = None,
    **asked: Unpack[options.Asked],
) -> None:
    """List what an ingestion read, with outcomes.

    For what was rejected or failed, it says why.
    """
    for word in outcome or ():
        options.check_word(word, OUTCOMES, option="--outcome")
    session = open_session(**asked)
    identity = session.resolve_ingestion(ingestion)

    from osa.cli.ingestion import iter_items

    write_list(
        session,
        partial(iter_items, **session.access, ingestion_id=identity, outcome=outcome or None),
        max_items=max_items,
        show=_show_items,
        nothing="No such items." if outcome else "No items.",
        key="record_id",
    )


def _show_items(items: Sequence[JsonObject]) -> None:
    table(
        [
            Column(title="NO", right=True),
            Column(title="OUTCOME", coloured=True),
            Column(title="SOURCE ID", least=20),
            Column(title="RECORD"),
        ],
        [(i["number"], i["outcome"], i["source_id"], i.get("record_id")) for i in items],
    )
    for item in items:
        if item.get("error"):
            _explain(item)


def _explain(item: JsonObject) -> None:
    error = item["error"]
    write(f"{item['number']}: {clean(error.get('detail'))} ({clean(error.get('kind'))})")
    if error.get("hint"):
        write(f"   {clean(error['hint'])}")


@options.asking()
def artifacts(
    ingestion: options.Ingestion = None,
    max_items: options.MaxItems = None,
    **asked: Unpack[options.Asked],
) -> None:
    """List the files an ingestion produced."""
    session = open_session(**asked)
    identity = session.resolve_ingestion(ingestion)

    from osa.cli.ingestion import iter_artifacts

    def show(files: Sequence[JsonObject]) -> None:
        file_table(files)
        say(f"Get them with: osa ingestion download {identity}")

    write_list(
        session,
        partial(iter_artifacts, **session.access, ingestion_id=identity),
        max_items=max_items,
        show=show,
        nothing=f"No artifacts. Records may have files: osa record list --ingestion {identity}",
    )


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


@options.asking(quiet=PATHS_ONLY)
def download(
    ingestion: options.Ingestion = None,
    directory: Directory = Path(),
    name: FileNames = None,
    overwrite: Overwrite = False,
    **asked: Unpack[options.Asked],
) -> None:
    """Download the files an ingestion produced.

    Each is checked by its SHA-256. Standard output is the path of each. What is there already
    with the same content is not sent again.
    """
    session = open_session(**asked)
    identity = session.resolve_ingestion(ingestion)

    from osa.cli.ingestion import download_artifact, iter_artifacts

    save_files(
        session,
        list(iter_artifacts(**session.access, ingestion_id=identity)),
        name or [],
        directory,
        overwrite=overwrite,
        fetch=lambda file: partial(download_artifact, **session.access, artifact_id=file["id"]),
        nothing="It has no artifacts. "
        f"Records may have files: osa record list --ingestion {identity}",
    )


def save_files(
    session: Session,
    files: Sequence[JsonObject],
    names: Sequence[str],
    directory: Path,
    *,
    overwrite: bool,
    fetch: Callable[[JsonObject], Callable[..., object]],
    nothing: str,
) -> None:
    """Put each file, or each that is named, into the folder and tell its path on standard output.

    `fetch` gives the helper that gets one, ready but for `path`, `overwrite` and `on_progress`.
    """
    from osa.cli.bars import transfer

    chosen = _choose_files(files, names)
    if not chosen:
        say(nothing)
    directory = directory.expanduser()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise CommandFailed(f"Cannot make the folder {directory}: {exc.strerror}.") from exc
    results = []
    for file, name in zip(chosen, file_names(chosen), strict=True):
        path = directory / name
        get = partial(fetch(file), path=path, overwrite=overwrite)
        if path.exists() and not overwrite:
            if _sha256(path) != file["sha256"]:
                raise CommandFailed(
                    f"{path} is there already, with other content.",
                    next_step="Use another --dir, or --overwrite.",
                )
            if not session.quiet:
                say(f"{clean(path)} is there already, with the same content.")
        elif session.quiet:
            get()
        else:
            with transfer("Downloading", name, file.get("size")) as report:
                get(on_progress=report)
        if session.format is Format.json:
            results.append({**file, "path": str(path)})
        elif session.format is Format.jsonl:
            write(dump({**file, "path": str(path)}))
        else:
            write(str(path) if session.quiet else clean(path))
    if session.format is Format.json:
        write(dump(results, indent=2))


def _choose_files(files: Sequence[JsonObject], names: Sequence[str]) -> list[JsonObject]:
    """Those that were named, or all; raises when a name fits none."""
    for name in names:
        if not any(name in (file["name"], file["id"]) for file in files):
            close = difflib.get_close_matches(name, [file["name"] for file in files], n=1)
            raise CommandFailed(
                f"There is no file {name!r}.",
                next_step=f"Did you mean {close[0]}?" if close else None,
                code=ExitCode.NOT_FOUND,
            )
    return [file for file in files if not names or {file["name"], file["id"]} & set(names)]


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
