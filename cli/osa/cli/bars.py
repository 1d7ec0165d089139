"""What takes its time, in front of a person or of a log: files on their way, and many things."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from osa.cli.output import JsonObject, clean, is_terminal, say, show_size
from osa.cli.session import Session

#: Told the bytes so far and, when known, of how many.
Report = Callable[[int, int | None], None]


@contextlib.contextmanager
def transfer(verb: str, name: str, size: int | None) -> Iterator[Report]:
    """A bar for one file on a terminal; elsewhere one line."""
    if not is_terminal(sys.stderr):
        say(f"{verb} {clean(name)} ({show_size(size)})")
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
    )
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"{verb} {clean(name)}", total=size)

        def report(done: int, total: int | None) -> None:
            progress.update(task, completed=done, total=total if total is not None else size)

        yield report


@contextlib.contextmanager
def counting(verb: str, total: int, *, shown: bool = True) -> Iterator[Callable[[int], None]]:
    """A bar for many things on a terminal; elsewhere one line for each tenth of them."""
    if not shown:
        yield lambda done: None
        return
    if not is_terminal(sys.stderr):
        told = 0

        def tell(done: int) -> None:
            nonlocal told
            tenth = done * 10 // max(total, 1)
            if tenth > told and done < total:
                told = tenth
                say(f"{verb}: {done} of {total}")

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
    )
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(verb, total=total)
        yield lambda done: progress.update(task, completed=done)


def upload(session: Session, path: Path, *, label: str = "") -> JsonObject:
    """Send a file ahead; its checksum is compared on both sides."""
    from osa.cli.ingestion import upload_file

    size = path.stat().st_size if path.is_file() else None
    with transfer(f"{label}Uploading", path.name, size) as report:
        return upload_file(**session.access, path=path, on_progress=report)
