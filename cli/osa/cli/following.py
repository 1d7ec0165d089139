"""Waiting for an ingestion in front of a person, or of a log."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Protocol, Self

from osa.cli.output import JsonObject, clean, is_terminal, say
from osa.cli.problems import CommandFailed, Detached, ExitCode
from osa.cli.session import Session
from osa.cli.times import show_seconds
from osa.cli.views import describe_progress, event_line, status_line

_EXIT_CODES = {
    "succeeded": ExitCode.OK,
    "failed": ExitCode.INGESTION_FAILED,
    "canceled": ExitCode.INGESTION_CANCELED,
}


class Display(Protocol):
    """Shows how an ingestion comes along, on standard error."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def update(self, ingestion: JsonObject) -> None:
        """The ingestion as it is now."""

    def note(self, line: str) -> None:
        """A line that stays."""


class Lines:
    """One line for each change; for logs and pipes."""

    def __init__(self) -> None:
        self._shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def update(self, ingestion: JsonObject) -> None:
        line = status_line(ingestion)
        if line != self._shown:
            say(line)
            self._shown = line

    def note(self, line: str) -> None:
        say(line)


class Bar:
    """A line that moves; it is gone at the end, when the result is shown."""

    def __init__(self) -> None:
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
        self._task = self._progress.add_task("", total=None, detail="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def update(self, ingestion: JsonObject) -> None:
        progress: dict[str, Any] = ingestion.get("progress", {})
        # Without a percent the bar swings: nobody knows how much there is.
        percent = progress.get("percent")
        self._progress.update(
            self._task,
            total=None if percent is None else 100.0,
            completed=0.0 if percent is None else percent,
            description=clean(ingestion.get("status")),
            detail=describe_progress(ingestion) or clean(ingestion.get("status_reason")),
        )

    def note(self, line: str) -> None:
        self._progress.console.print(line, markup=False, soft_wrap=True)


def choose_display() -> Display:
    """A bar where someone looks at it."""
    return Bar() if is_terminal(sys.stderr) else Lines()


def wait_for(
    session: Session, ingestion_id: str, *, timeout: float | None, with_events: bool = False
) -> JsonObject:
    """The ended ingestion. Ctrl-C detaches and never cancels."""
    from osa.cli.ingestion import (
        IngestionError,
        IngestionTimeout,
        iter_events,
        wait_ingestion,
    )

    seen = 0
    try:
        with choose_display() as display:

            def show(ingestion: JsonObject) -> None:
                if with_events:
                    tell_events()
                if not (with_events and isinstance(display, Lines)):
                    display.update(ingestion)

            def tell_events() -> None:
                nonlocal seen
                try:
                    for event in iter_events(
                        **session.access, ingestion_id=ingestion_id, after=seen
                    ):
                        seen = event["number"]
                        display.note(event_line(event))
                except IngestionError:
                    # The wait itself outlives an outage; the next change brings these events too.
                    return

            def tell_outage(error: IngestionError) -> None:
                display.note(f"{clean(error.detail)} Trying on.")

            return wait_ingestion(
                **session.access,
                ingestion_id=ingestion_id,
                timeout=timeout,
                on_change=show,
                on_outage=tell_outage,
            )
    except KeyboardInterrupt as exc:
        raise Detached(
            f"Detached: {ingestion_id} is still running on the server.\n"
            f"Come back with: osa ingestion wait {ingestion_id}\n"
            f"Stop it with:   osa ingestion cancel {ingestion_id}"
        ) from exc
    except IngestionTimeout as exc:
        status = (exc.ingestion or {}).get("status", "not done")
        raise CommandFailed(
            f"Still {status} after {show_seconds(timeout or 0)}; it goes on without us.",
            next_step=f"Wait longer with: osa ingestion wait {ingestion_id}",
            code=ExitCode.WAITED_TOO_LONG,
        ) from exc


def exit_code_of_status(ingestion: JsonObject) -> ExitCode:
    """0 succeeded, 3 failed, 4 canceled."""
    return _EXIT_CODES.get(str(ingestion.get("status")), ExitCode.ERROR)
