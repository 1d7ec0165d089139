"""What a start and a retry have in common: parameters, labels, limits, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from osa.cli.output import JsonObject
from osa.cli.problems import BadUsage, CommandFailed, ExitCode
from osa.cli.times import parse_duration

_LONGEST_DEADLINE = 365 * 86400

Param = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter; repeatable."),
]
ParamsFile = Annotated[
    Path | None,
    typer.Option(
        "--params-file", metavar="FILE", help="Parameters as a JSON object; --param goes over it."
    ),
]
Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="What people call it.")]
ExternalId = Annotated[
    str | None,
    typer.Option("--external-id", metavar="ID", help="Your own id of it; unique on the server."),
]
Label = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="K=V", help="A label to find it by; repeatable."),
]
Metadata = Annotated[
    str | None, typer.Option("--metadata", metavar="JSON", help="A JSON object to keep with it.")
]
#: A start has a default for it, a retry none.
BATCH_SIZE: Any = typer.Option(
    "--batch-size", metavar="N", min=1, max=10000, help="Items committed together, at most."
)
Priority = Annotated[
    int | None,
    typer.Option(
        "--priority",
        metavar="N",
        min=-100,
        max=100,
        help="Of those that wait, a higher one is taken first; usually 0.",
    ),
]
Deadline = Annotated[
    str | None,
    typer.Option(
        "--deadline",
        metavar="DURATION",
        help="Fail it when it is not done after 30s, 10m, 2h, 3d …, waiting included.",
    ),
]
MaxFailedItems = Annotated[
    str | None,
    typer.Option(
        "--max-failed-items",
        metavar="N|any",
        help="So many items may be rejected or fail before it counts as failed; usually 0.",
    ),
]
IdempotencyKey = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        metavar="KEY",
        help="The same key and command again is the same ingestion.",
    ),
]
Wait = Annotated[bool, typer.Option("--wait", help="Until it is done.")]
Watch = Annotated[bool, typer.Option("--watch", help="The same, with every event.")]


def read_timeout(text: str | None, *, waits: bool) -> float | None:
    """Seconds to wait at most; raises BadUsage where nothing is waited for."""
    seconds = parse_duration(text, option="--timeout") if text else None
    if seconds is not None and not waits:
        raise BadUsage("--timeout is for waiting.", next_step="Add --wait or --watch.")
    return seconds


def read_limits(
    *,
    priority: int | None,
    deadline: str | None,
    max_failed_items: str | None,
    stop_early: bool | None,
) -> dict[str, Any]:
    """What was said of how it is to run; what was not said is not there."""
    limits: dict[str, Any] = {}
    if priority is not None:
        limits["priority"] = priority
    if deadline is not None:
        seconds = round(parse_duration(deadline, option="--deadline"))
        if not 1 <= seconds <= _LONGEST_DEADLINE:
            raise BadUsage(f"--deadline {deadline!r} is not between 1s and 365d.")
        limits["deadline_seconds"] = seconds
    if max_failed_items is not None:
        limits["max_failed_items"] = _read_count(max_failed_items)
    if stop_early is not None:
        limits["stop_early"] = stop_early
    return limits


def _read_count(text: str) -> int | None:
    word = text.strip().lower()
    if word == "any":
        return None
    if not word.isascii() or not word.isdigit():
        raise BadUsage(f"--max-failed-items {text!r} is neither a number such as 10, nor any.")
    return int(word)


def read_params_file(path: Path | None) -> JsonObject:
    """The parameters of a file; none without one."""
    if path is None:
        return {}
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as exc:
        raise CommandFailed(f"Cannot read {path}: {exc}.", code=ExitCode.USAGE) from exc
    return read_object(text, str(path))


def read_object(text: str, where: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        value = json.loads(text)
    except ValueError as exc:
        raise BadUsage(f"{where} is not JSON: {exc}.") from exc
    if not isinstance(value, dict):
        raise BadUsage(f'{where} must be a JSON object, such as {{"a": 1}}.')
    return value


def read_labels(assignments: list[str] | None) -> dict[str, str]:
    """Labels of `key=value`."""
    labels = {}
    for assignment in assignments or ():
        key, equals, value = assignment.partition("=")
        if not equals or not key:
            raise BadUsage(f"--label {assignment!r}: write it as key=value.")
        labels[key] = value
    return labels
