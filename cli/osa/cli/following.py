"""Waiting for ingestions in front of a person, or of a log."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, Self

from osa.cli.lines import describe_progress, event_line, status_line
from osa.cli.output import JsonObject, clean, is_terminal, say
from osa.cli.problems import CommandFailed, Detached, ExitCode
from osa.cli.session import Session
from osa.cli.times import show_seconds

_EXIT_CODES = {
    "succeeded": ExitCode.OK,
    "failed": ExitCode.INGESTION_FAILED,
    "canceled": ExitCode.INGESTION_CANCELED,
}


class Display(Protocol):
    """Shows how ingestions come along, on standard error."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...
    def update(self, ingestion: JsonObject) -> None:
        """The ingestion as it is now."""

    def note(self, line: str) -> None:
        """A line that stays."""


class Lines:
    """One line for each change; for logs and pipes. With several, each begins with the id."""

    def __init__(self, *, several: bool) -> None:
        self._several = several
        self._shown: dict[object, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def update(self, ingestion: JsonObject) -> None:
        identity, line = ingestion.get("id"), status_line(ingestion)
        if line != self._shown.get(identity):
            say(f"{clean(identity)}  {line}" if self._several else line)
            self._shown[identity] = line

    def note(self, line: str) -> None:
        say(line)


class Bar:
    """A line that moves for each; they are gone at the end, when the result is shown."""

    def __init__(self, *, several: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.table import Column

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            # Messages come from elsewhere: no markup, and one line whatever its length.
            TextColumn(
                "{task.fields[detail]}",
                markup=False,
                table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
            ),
            console=Console(stderr=True, highlight=False),
            transient=True,
            expand=True,
        )
        self._several = several
        self._tasks: dict[object, Any] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def update(self, ingestion: JsonObject) -> None:
        progress: dict[str, Any] = ingestion.get("progress", {})
        # Without a percent the bar swings: nobody knows how much there is.
        percent = progress.get("percent")
        identity, status = ingestion.get("id"), clean(ingestion.get("status"))
        if identity not in self._tasks:
            self._tasks[identity] = self._progress.add_task("", total=None, detail="")
        self._progress.update(
            self._tasks[identity],
            total=None if percent is None else 100.0,
            completed=0.0 if percent is None else percent,
            description=f"{clean(identity)} {status}" if self._several else status,
            detail=describe_progress(ingestion) or clean(ingestion.get("status_reason")),
        )

    def note(self, line: str) -> None:
        self._progress.console.print(line, markup=False, soft_wrap=True)


def choose_display(*, several: bool = False) -> Display:
    """A bar where someone looks at it."""
    return Bar(several=several) if is_terminal(sys.stderr) else Lines(several=several)


def wait_for(
    session: Session,
    ingestion_id: str,
    *,
    timeout: float | None,
    with_events: bool = False,
    follow_retries: bool = False,
) -> JsonObject:
    """The ended ingestion, or its ended retry. Ctrl-C detaches and never cancels."""
    from osa.cli.ingestion import IngestionError, iter_events, wait_ingestion

    seen = 0
    before: JsonObject = {}
    with _detachable([ingestion_id], timeout), choose_display() as display:

        def show(ingestion: JsonObject) -> None:
            nonlocal before
            if before and before.get("id") != ingestion.get("id"):
                display.note(_went_on(before, ingestion))
            before = ingestion
            if with_events:
                tell_events()
            if not (with_events and isinstance(display, Lines)):
                display.update(ingestion)

        def tell_events() -> None:
            nonlocal seen
            try:
                for event in iter_events(**session.access, ingestion_id=ingestion_id, after=seen):
                    seen = event["number"]
                    display.note(event_line(event))
            except IngestionError:
                # The wait itself outlives an outage; the next change brings these events too.
                return

        return wait_ingestion(
            **session.access,
            ingestion_id=ingestion_id,
            timeout=timeout,
            follow_retries=follow_retries,
            on_change=show,
            on_outage=lambda error: display.note(f"{clean(error.detail)} Trying on."),
        )


def wait_for_all(
    session: Session,
    ingestion_ids: Sequence[str],
    *,
    timeout: float | None,
    follow_retries: bool = False,
) -> list[JsonObject]:
    """The ended ingestions in the order of the ids. Ctrl-C detaches and never cancels."""
    from osa.cli.ingestion import wait_ingestions

    going = [*ingestion_ids]
    with _detachable(going, timeout), choose_display(several=True) as display:

        def show(ingestion: JsonObject) -> None:
            if ingestion.get("done") and not follow_retries:
                # A message that says how to go on names those that are left.
                going[:] = [each for each in going if each.rpartition(":")[2] != ingestion["id"]]
            display.update(ingestion)

        return wait_ingestions(
            **session.access,
            ingestion_ids=ingestion_ids,
            timeout=timeout,
            follow_retries=follow_retries,
            on_change=show,
            on_outage=lambda error: display.note(f"{clean(error.detail)} Trying on."),
        )


@contextlib.contextmanager
def _detachable(identities: Sequence[str], timeout: float | None) -> Iterator[None]:
    """Ctrl-C and a wait that took too long, as messages that say how to come back."""
    from osa.cli.ingestion import IngestionTimeout

    several = len(identities) > 1
    what = "what was not done" if several else identities[0]
    try:
        yield
    except KeyboardInterrupt as exc:
        named = " ".join(identities)
        raise Detached(
            f"Detached: {what} is still running on the server.\n"
            f"Come back with: osa ingestion wait {named}\n"
            f"Stop it with:   osa ingestion cancel {named}"
        ) from exc
    except IngestionTimeout as exc:
        named = " ".join(identities)
        status = (exc.ingestion or {}).get("status", "not done")
        after = f"after {show_seconds(timeout or 0)}"
        raise CommandFailed(
            f"Not all of them are done {after}; they go on without us."
            if several
            else f"Still {status} {after}; it goes on without us.",
            next_step=f"Wait longer with: osa ingestion wait {named}",
            code=ExitCode.WAITED_TOO_LONG,
        ) from exc


def _went_on(before: JsonObject, after: JsonObject) -> str:
    return clean(f"{before.get('id')} {before.get('status')}; its retry is {after.get('id')}.")


def exit_code_of_status(ingestion: JsonObject) -> ExitCode:
    """0 succeeded, 3 failed, 4 canceled."""
    return _EXIT_CODES.get(str(ingestion.get("status")), ExitCode.ERROR)


def exit_code_of_statuses(ingestions: Iterable[JsonObject]) -> ExitCode:
    """0 when all succeeded; else that of the worst: one that failed, then one that was canceled."""
    codes = {exit_code_of_status(ingestion) for ingestion in ingestions} - {ExitCode.OK}
    for code in (ExitCode.INGESTION_FAILED, ExitCode.INGESTION_CANCELED):
        if code in codes:
            return code
    return ExitCode.ERROR if codes else ExitCode.OK
