"""Conventions of the tests. They come in by the strangers' door: an entry point of metadata."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from osa.conventions import (
    Batch,
    Context,
    Convention,
    File,
    Item,
    ParametersInvalid,
    Params,
    Progress,
    Reached,
    SourceInvalid,
    SourceUnreachable,
    Start,
)


class CounterParams(Params):
    """How far to count."""

    count: int = Field(default=20, ge=0, description="Items.")
    seconds_per_item: float = Field(default=0.0, ge=0, description="How long each takes.")
    prefix: str = Field(default="", description="Begins every source_id.")
    version: int = Field(default=1, description="Another one makes every record another.")
    rejected_every: int = Field(default=0, ge=0, description="Each n-th item is rejected.")
    skipped_every: int = Field(default=0, ge=0, description="Each n-th item is skipped.")
    failed_every: int = Field(default=0, ge=0, description="Each n-th item fails.")
    mended: str | None = Field(
        default=None, description="Nothing fails or is rejected once this path exists."
    )
    with_files: bool = Field(default=False, description="Whether each item writes a file.")
    bytes_per_file: int = Field(default=0, ge=0, description="How long a file is at least.")
    gate: str | None = Field(
        default=None, description="Wait before each item while this path exists."
    )
    gate_from: int = Field(default=0, ge=0, description="The number of the first that waits.")


def _count(context: Context[CounterParams]) -> Iterator[Batch]:
    params = context.params

    def items() -> Iterator[tuple[Item, dict[str, int]]]:
        for number in range(context.cursor.get("next", 0), params.count):
            if number >= params.gate_from:
                _wait_at(context, params.gate)
            if params.seconds_per_item:
                time.sleep(params.seconds_per_item)
            item = _item(context, number)
            done = Progress(
                phase="counting", unit="numbers", completed=number + 1, total=params.count
            )
            context.report(done)
            yield item, {"next": number + 1}

    yield from context.batches(items())


def _wait_at(context: Context[Any], gate: str | None) -> None:
    while gate is not None and Path(gate).exists():
        context.checkpoint()
        time.sleep(0.005)


def _item(context: Context[CounterParams], number: int) -> Item:
    params = context.params
    source_id = f"{params.prefix}{number}"
    torn = not (params.mended and Path(params.mended).exists())
    if torn and _is_each(params.rejected_every, number):
        return Item.rejected(source_id, kind="odd", detail=f"{number} is one too many.")
    if _is_each(params.skipped_every, number):
        return Item.skipped(source_id, kind="known", detail=f"{number} is passed over.")
    if torn and _is_each(params.failed_every, number):
        return Item.failed(source_id, kind="torn", detail=f"{number} tore.", retryable=True)
    files = []
    if params.with_files:
        path = context.workdir / f"{number}.txt"
        path.write_text(f"{params.prefix}{number}/{params.version}".ljust(params.bytes_per_file))
        files.append(File.of(path, name=f"{number}.txt", media_type="text/plain"))
    return Item.record(
        source_id, metadata={"number": number, "version": params.version}, files=files
    )


def _is_each(every: int, number: int) -> bool:
    return every > 0 and number % every == every - 1


counter = Convention(
    id="test-counter",
    title="Counts",
    params=CounterParams,
    ingest=_count,
    source_types=("uri", "file", "bytes", "text", "record", "list"),
    source_required=False,
)

harvester = Convention(
    id="test-harvester", title="Counts alone", params=CounterParams, ingest=_count, exclusive=True
)


class StubbornParams(Params):
    """One long item that does not look at the request to stop."""

    marker: str = Field(description="A file that is written when the work has begun.")


def _stubborn(context: Context[StubbornParams]) -> Iterator[Batch]:
    # A child that ignores SIGTERM, as a library's helper might.
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal,time; signal.signal(15, signal.SIG_IGN); time.sleep(3600)",
        ]
    )
    (context.workdir / "half-written").write_bytes(b"x" * 1000)
    marker = Path(context.params.marker)
    aside = marker.with_suffix(".tmp")
    aside.write_text(f"{os.getpid()} {child.pid} {context.workdir}")
    aside.replace(marker)
    while True:
        time.sleep(0.05)
    yield Batch(items=[], cursor={})


stubborn = Convention(
    id="test-stubborn", title="Does not listen", params=StubbornParams, ingest=_stubborn
)


class TroubleParams(Params):
    """What goes wrong."""

    kind: Literal["unreachable", "parameters", "raise", "crash", "memory", "crash_once", "print"]
    marker: str | None = Field(default=None, description="Remembers that it happened.")


def _trouble(context: Context[TroubleParams]) -> Iterator[Batch]:
    match context.params.kind:
        case "unreachable":
            raise SourceUnreachable("The source does not answer.")
        case "parameters":
            raise ParametersInvalid("No such variable.")
        case "raise":
            raise RuntimeError("a defect")
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "memory":
            held = [bytearray(16 * 1024**2) for _ in range(10_000)]
            del held
        case "crash_once":
            marker = Path(context.params.marker or "")
            if not marker.exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        case "print":
            print("a library says hello on standard output")  # noqa: T201
    yield Batch(items=[Item.record("only")], cursor={"done": True})


trouble = Convention(id="test-trouble", title="Goes wrong", params=TroubleParams, ingest=_trouble)


class SpeakerParams(Params):
    """What is said, and by whom."""

    kind: Literal["levels", "flood", "odd", "raises", "crashes", "waits"]
    count: int = Field(default=1, ge=0, description="Lines of a flood.")
    gate: str | None = Field(default=None, description="Wait while this path exists.")


def _speak(context: Context[SpeakerParams]) -> Iterator[Batch]:
    params = context.params
    match params.kind:
        case "levels":
            context.log("debug", "a detail")
            context.info("100 % done")
            context.warning("look at this")
            context.log("error", "this is bad")
            logging.getLogger(__name__).debug("own detail")
            logging.getLogger(__name__).info("own %s", "news", extra={"uri": "there"})
            logging.getLogger("elsewhere").info("news of a library")
            logging.getLogger("elsewhere").warning("worry of a library")
            warnings.warn("an old way", stacklevel=1)
            print("printed")  # noqa: T201
            print("printed aside", file=sys.stderr)  # noqa: T201
        case "flood":
            for number in range(params.count):
                context.info(f"drop {number}")
        case "odd":
            context.info("x" * 5_000)
            context.info("\x1b[31mred\x00\ud800\r\nnext")
        case "raises":
            raise RuntimeError("a defect")
        case "crashes":
            context.info("last words")
            os.kill(os.getpid(), signal.SIGKILL)
        case "waits":
            context.info("waiting")
            _wait_at(context, params.gate)
    yield Batch(items=[Item.record("only")], cursor={"done": True})


speaker = Convention(
    id="test-speaker", title="Speaks", params=SpeakerParams, ingest=_speak, source_required=False
)


class CampaignParams(Params):
    """A list of so many positions, of which a step takes some and starts a child for each."""

    count: int = Field(default=6, ge=0, description="Positions, from 1.")
    per_step: int = Field(default=2, ge=1, description="Positions of one step.")
    prefix: str = Field(default="", description="Begins every external_id.")
    child: str = Field(default="test-counter", description="Convention of the children.")
    parameters: dict[str, Any] = Field(
        default_factory=lambda: {"count": 1}, description="Parameters of each child."
    )
    rejected: list[int] = Field(default_factory=list, description="Positions that are rejected.")
    refused: list[int] = Field(
        default_factory=list, description="Positions whose source may not be read."
    )
    unknown: list[int] = Field(
        default_factory=list, description="Positions whose child is of a convention there is not."
    )
    fails_at: int | None = Field(default=None, description="The step ends badly here.")
    mended: str | None = Field(
        default=None, description="Nothing fails or is unknown once this path exists."
    )
    gate: str | None = Field(
        default=None, description="Wait before each position while this path exists."
    )
    again: bool = Field(default=False, description="Whether children are tried again.")
    silent: bool = Field(default=False, description="Say nothing of how far it is.")


def _campaign(context: Context[CampaignParams]) -> Iterator[Batch]:
    params = context.params
    first = 1 if context.step is None else context.step.position
    memo = {} if context.step is None else context.step.memo
    passed = list(memo.get("passed", []))

    def items() -> Iterator[tuple[Item, dict[str, int]]]:
        for position in range(
            context.cursor.get("next", first), min(first + params.per_step, params.count + 1)
        ):
            _wait_at(context, params.gate)
            if position == params.fails_at and not _is_mended(params.mended):
                raise SourceInvalid(f"{position} cannot be read.")
            yield _with_child(params, position), {"next": position + 1}

    def reached(cursor: Mapping[str, Any]) -> Reached | None:
        if params.silent or context.step is None:
            return None
        following = cursor["next"]
        return Reached(
            next_position=following if following <= params.count else None,
            total_children=params.count,
            # Which positions were committed, step by step: a gap or a repeat would show.
            memo={"passed": [*passed, *range(first, following)]},
        )

    yield from context.batches(items(), seconds=0, reached=reached)


def _with_child(params: CampaignParams, position: int) -> Item:
    name = f"{params.prefix}{position}"
    if position in params.rejected:
        return Item.rejected(name, kind="odd", detail=f"{position} is one too many.")
    unknown = position in params.unknown and not _is_mended(params.mended)
    start = Start(
        external_id=name,
        convention_id="test-of-nobody" if unknown else params.child,
        uri="http://127.0.0.1:9/" if position in params.refused else None,
        parameters={**params.parameters, "prefix": f"{name}/"},
        name=f"Child {position}",
        labels={"position": str(position)},
        again=params.again,
    )
    return Item.record(name, metadata={"position": position}, starts=[start])


def _is_mended(path: str | None) -> bool:
    return path is not None and Path(path).exists()


campaign = Convention(
    id="test-campaign", title="Starts one for each", params=CampaignParams, ingest=_campaign
)
