"""Waiting for a campaign in front of a person, or of a log."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, Self

from osa.cli.campaign_views import (
    campaign_line,
    describe_children,
    describe_progress,
    describe_status,
    describe_step,
)
from osa.cli.output import JsonObject, clean, is_terminal, say
from osa.cli.problems import CommandFailed, Detached, ExitCode
from osa.cli.session import Session
from osa.cli.times import show_seconds

_EXIT_CODES = {
    "succeeded": ExitCode.OK,
    "failed": ExitCode.INGESTION_FAILED,
    "canceled": ExitCode.INGESTION_CANCELED,
}


class Lines:
    """One line for each change; for logs and pipes."""

    def __init__(self) -> None:
        self._shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def update(self, campaign: JsonObject) -> None:
        line = campaign_line(campaign)
        if line != self._shown:
            say(line)
            self._shown = line

    def note(self, line: str) -> None:
        """A line that stays."""
        say(line)


class Block:
    """One bar, and below it children and step; it is gone at the end, when the result is shown."""

    def __init__(self) -> None:
        from rich.console import Console, Group
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.text import Text

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", markup=False),
        )
        self._task = self._bar.add_task("", total=None, detail="")
        # Names come from elsewhere: no markup, and one line each whatever its length.
        self._below: Any = Text(no_wrap=True, overflow="ellipsis")
        self._live = Live(
            Group(self._bar, self._below),
            console=Console(stderr=True, highlight=False),
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def update(self, campaign: JsonObject) -> None:
        # Without a percent the bar swings: nobody knows how many children there will be.
        percent = campaign.get("progress", {}).get("percent")
        self._bar.update(
            self._task,
            total=None if percent is None else 100.0,
            completed=0.0 if percent is None else percent,
            description=clean(describe_status(campaign)),
            detail=describe_progress(campaign),
        )
        lines = (describe_children(campaign), describe_step(campaign))
        self._below.plain = "\n".join(line for line in lines if line)
        self._live.refresh()

    def note(self, line: str) -> None:
        """A line that stays."""
        self._live.console.print(line, markup=False, soft_wrap=True)


def wait_for_campaign(session: Session, campaign_id: str, *, timeout: float | None) -> JsonObject:
    """The campaign once nothing of it goes on by itself. Ctrl-C detaches and never cancels."""
    from osa.cli.ingestion import wait_campaign

    display = Block() if is_terminal(sys.stderr) else Lines()
    with _detachable(campaign_id, timeout), display:
        return wait_campaign(
            **session.access,
            campaign_id=campaign_id,
            timeout=timeout,
            on_change=display.update,
            on_outage=lambda error: display.note(f"{clean(error.detail)} Trying on."),
        )


@contextlib.contextmanager
def _detachable(campaign_id: str, timeout: float | None) -> Iterator[None]:
    """Ctrl-C and a wait that took too long, as messages that say how to come back."""
    from osa.cli.ingestion import IngestionTimeout

    try:
        yield
    except KeyboardInterrupt as exc:
        raise Detached(
            f"Detached: {campaign_id} goes on, on the server.\n"
            f"Come back with: osa campaign watch {campaign_id}\n"
            f"Stop it with:   osa campaign cancel {campaign_id}"
        ) from exc
    except IngestionTimeout as exc:
        status = (exc.campaign or {}).get("status", "not done")
        raise CommandFailed(
            f"Still {status} after {show_seconds(timeout or 0)}; it goes on without us.",
            next_step=f"Wait longer with: osa campaign watch {campaign_id}",
            code=ExitCode.WAITED_TOO_LONG,
        ) from exc


def exit_code_of_campaign(campaign: JsonObject, *, one_step: bool = False) -> ExitCode:
    """0 succeeded, 3 failed, 4 canceled; 8 for one that rests before its end.

    Where one step was asked for, a rest after it is what was asked: 0, or 3 or 4 by that step.
    """
    status, reason = campaign.get("status"), campaign.get("status_reason")
    if reason == "step_failed":
        return ExitCode.INGESTION_FAILED
    if reason == "step_canceled":
        return ExitCode.INGESTION_CANCELED
    if reason == "waiting_for_advance" and one_step:
        step = campaign.get("latest_step") or {}
        return _EXIT_CODES.get(str(step.get("status")), ExitCode.ERROR)
    if reason == "waiting_for_advance" or status == "paused":
        return ExitCode.CONFLICT
    return _EXIT_CODES.get(str(status), ExitCode.ERROR)


def why_it_rests(campaign: JsonObject) -> str | None:
    """A word on a wait that ended before the campaign did; None when it has ended."""
    identity = clean(campaign.get("campaign_id"))
    if campaign.get("status") == "paused":
        why = {"step_failed": "a step failed; ", "step_canceled": "a step was canceled; "}
        said = why.get(str(campaign.get("status_reason")), "")
        return f"{identity} is paused: {said}no further step starts until it is resumed."
    if campaign.get("status_reason") == "waiting_for_advance":
        return f"{identity} waits: the next step starts when somebody advances it."
    return None
