"""A trial of a convention: one `ingest` call, in this process, on real sources.

What it yields goes through the same JSON as in a slot, and its files are taken away after each
batch, as a commit does.
"""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from osa.conventions.authoring import Context, Convention, Limits, Progress
from osa.conventions.failures import ConventionError, Stopped
from osa.conventions.held import Archive, ArchiveInMemory, Held
from osa.conventions.items import Batch, File, Item, JsonObject
from osa.conventions.messages import batch_to_json, items_from_json
from osa.conventions.sources import Source
from osa.conventions.steps import Reached, Step, refusal_of
from osa.conventions.stored import SOURCE_ID_LENGTH
from osa.conventions.wanted import Wanted

_MAX_NAME = 255


class ConventionProblem(AssertionError):
    """A promise that is not kept: which one, where, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one `ingest` call did."""

    items: Sequence[Item]
    #: After each batch: the cursor, and how many items had been yielded.
    cursors: Sequence[tuple[JsonObject, int]]
    #: Left early because a stop was asked for, and said so.
    stopped: bool
    #: How far a campaign is after it, when it said so.
    reached: Reached | None = None


@dataclass
class Trial:
    """One convention with its parameters and sources, to be run several times."""

    convention: Convention
    params: Mapping[str, Any]
    sources: Sequence[Source]
    limits: Limits
    #: What the archive holds before each run; `archive` instead, when there is more to ask it for.
    held: Sequence[Held] = ()
    archive: ArchiveInMemory | None = None
    #: The step of a campaign that each run is.
    step: Step | None = None
    folder: Path = Path()
    runs: int = 0

    def run(
        self,
        *,
        batch_size: int,
        cursor: JsonObject | None = None,
        stop_after: int | None = None,
        wanted: Wanted | None = None,
        committed: Sequence[Item] = (),
    ) -> Run:
        """One `ingest` call; `stop_after` so many batches a stop is asked for. With `wanted`, only
        what counts in a retry is looked at. `committed`: what was, before the cursor."""
        self.runs += 1
        workdir = self.folder / str(self.runs)
        workdir.mkdir()
        archive = copy.deepcopy(self.archive or ArchiveInMemory(self.held))
        archive.belong_to(self.convention.id)
        archive.publish(committed)
        context = self._context(workdir, batch_size, cursor or {}, wanted, archive)
        if stop_after == 0:
            context.stop.set()
        items: list[Item] = []
        cursors: list[tuple[JsonObject, int]] = []
        reached: Reached | None = None
        try:
            with _closing(context), _explaining(self.convention):
                for batch in self.convention.ingest(context):
                    back = self._through_the_pipe(batch, context)
                    items += back
                    reached = _further(reached, batch.reached, self.step)
                    archive.publish(back)
                    cursors.append((json.loads(json.dumps(batch.cursor)), len(items)))
                    if stop_after is not None and len(cursors) >= stop_after:
                        context.stop.set()
        except Stopped:
            context.stopped_early = True
        self._sources_are_whole()
        shutil.rmtree(workdir, ignore_errors=True)
        return Run(items=items, cursors=cursors, stopped=context.stopped_early, reached=reached)

    def _context(
        self,
        workdir: Path,
        batch_size: int,
        cursor: JsonObject,
        wanted: Wanted | None,
        archive: Archive,
    ) -> Context[Any]:
        try:
            self.convention.check_extra()
            params = self.convention.parse(self.params)
        except ConventionError as exc:
            raise ConventionProblem(f"{exc.detail} {exc.hint or ''}".strip()) from exc
        except ValidationError as exc:
            raise ConventionProblem(
                f"The parameters do not fit the schema of {self.convention.id}: {exc}"
            ) from exc
        return Context(
            params=params,
            sources=self.sources,
            cursor=cursor,
            batch_size=batch_size,
            workdir=workdir,
            limits=self.limits,
            step=self.step,
            archive=archive,
            stop=threading.Event(),
            on_progress=_check_progress,
            wanted=wanted,
        )

    def _through_the_pipe(self, batch: object, context: Context[Any]) -> list[Item]:
        workdir = context.workdir
        if not isinstance(batch, Batch):
            raise ConventionProblem(f"`ingest` yielded {type(batch).__name__}, not a Batch.")
        if len(batch.items) > context.batch_size:
            raise ConventionProblem(
                f"A batch has {len(batch.items)} items; context.batch_size is {context.batch_size}."
            )
        if not isinstance(batch.cursor, Mapping):
            raise ConventionProblem(f"A cursor is {batch.cursor!r}; it must be a mapping.")
        counted = replace(batch, items=context.that_count(batch.items))
        try:
            line = json.dumps(batch_to_json(counted), allow_nan=False)
        except (TypeError, ValueError) as exc:
            raise ConventionProblem(
                f"A batch is not JSON: {exc}. Metadata and cursor hold strings, finite numbers,"
                " booleans, null, lists and objects; write times as ISO 8601."
            ) from exc
        items = items_from_json(json.loads(line)["items"])
        for item in items:
            _check_item(item)
            _check_starts(item)
            for file in item.files:
                self._check_file(item, file, workdir)
        # As a commit does: what was yielded belongs to the archive, and is gone from here.
        for file in (file for item in items for file in item.files):
            if file.path.resolve().is_relative_to(workdir.resolve()):
                file.path.unlink(missing_ok=True)
        return items

    def _check_file(self, item: Item, file: File, workdir: Path) -> None:
        where = f"The file {file.name!r} of {item.source_id!r}"
        if not file.path.is_file():
            raise ConventionProblem(f"{where} is not there: {file.path}.")
        if file.path not in {source.path for source in self.sources} and not (
            file.path.resolve().is_relative_to(workdir.resolve())
        ):
            raise ConventionProblem(
                f"{where} is outside context.workdir: {file.path}. Only files below it, or the"
                " source's own, are taken."
            )
        if not file.name or "/" in file.name or len(file.name) > _MAX_NAME:
            raise ConventionProblem(f"{where}: a name is 1 to {_MAX_NAME} characters without '/'.")
        if (file.sha256, file.size) != _digest(file.path):
            raise ConventionProblem(
                f"{where} has another size or SHA-256 than it says. Describe it with File.of()"
                " after the last write."
            )

    def _sources_are_whole(self) -> None:
        for source in self.sources:
            if source.path is not None and (source.sha256, source.size) != _digest(source.path):
                raise ConventionProblem(
                    f"The source {source.label} was changed or removed: sources are read-only and"
                    " shared."
                )


def source_of(given: Source | Path | str) -> Source:
    if isinstance(given, Source):
        return given
    if isinstance(given, str):
        return Source(type="uri", uri=given)
    sha256, size = _digest(given)
    return Source(type="file", path=given, sha256=sha256, size=size, filename=given.name)


def _digest(path: Path) -> tuple[str, int]:
    if not path.is_file():
        return "", -1
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest(), path.stat().st_size


@contextmanager
def _closing(context: Context[Any]) -> Iterator[None]:
    try:
        yield
    finally:
        context.web.close()


@contextmanager
def _explaining(convention: Convention) -> Iterator[None]:
    try:
        yield
    except ConventionError as exc:
        raise ConventionProblem(
            f"{convention.id} ended the ingestion with {type(exc).__name__}: {exc.detail}"
            f" {exc.hint or ''}".rstrip()
        ) from exc


def _check_progress(progress: Progress) -> None:
    if (
        progress.completed is not None
        and progress.total is not None
        and not progress.total_is_estimate
        and progress.completed > progress.total
    ):
        raise ConventionProblem(
            f"Progress says {progress.completed} of {progress.total}; is the total an estimate?"
        )


def _check_item(item: Item) -> None:
    if not 1 <= len(item.source_id) <= SOURCE_ID_LENGTH:
        raise ConventionProblem(
            f"A source_id has {len(item.source_id)} characters; 1 to {SOURCE_ID_LENGTH} are kept."
        )
    names = [file.name for file in item.files]
    if len(names) != len(set(names)):
        raise ConventionProblem(f"Two files of {item.source_id!r} have the same name: {names}.")
    if item.verdict != "record" and item.fault is None:
        raise ConventionProblem(
            f"{item.source_id!r} is {item.verdict} and does not say why. Use Item.{item.verdict}()."
        )


def _check_starts(item: Item) -> None:
    refusal = refusal_of(item.starts)
    if refusal is not None:
        raise ConventionProblem(f"{item.source_id!r} would be rejected: {refusal}")


def _further(before: Reached | None, now: Reached | None, step: Step | None) -> Reached | None:
    """How far it is after a batch, which is never less far than before."""
    if now is None:
        return before
    if step is None:
        raise ConventionProblem("A batch says how far a campaign is, and there is none.")
    least = step.position if before is None else before.next_position
    if now.next_position is not None and (least is None or now.next_position < least):
        raise ConventionProblem(
            f"A campaign that had come to position {least} goes back to {now.next_position}."
        )
    return now
