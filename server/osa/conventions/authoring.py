"""The authoring surface: a convention is typed parameters and one function that yields batches."""

from __future__ import annotations

import importlib.util
import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from osa.conventions.failures import MissingExtra, SourceInvalid, SourceRefused, Stopped
from osa.conventions.held import Archive, ArchiveInMemory
from osa.conventions.items import Batch, Item, JsonObject
from osa.conventions.lines import CONVENTIONS
from osa.conventions.sources import LocalFile, Source
from osa.conventions.steps import Reached, Step
from osa.conventions.wanted import Wanted

if TYPE_CHECKING:
    # The HTTP library is a third of a slot's start, and most conventions never ask for it.
    from osa.conventions.web import WebClient


class Params(BaseModel):
    """Base of a convention's parameters. Unknown names are refused; the JSON Schema is public.

    Give every field a `Field(description=...)` with its unit: callers see it in `osa convention
    show`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoParams(Params):
    """A convention without parameters."""


P = TypeVar("P", bound=Params, covariant=True)

Level = Literal["debug", "info", "warning", "error"]
_LEVELS: Mapping[Level, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one ingestion may use. The worker sets them from its settings."""

    #: Bytes of one source, after decoding.
    max_source_bytes: int = 8 * 1024**3
    #: Host names or addresses that may be read although they are not public.
    allowed_hosts: tuple[str, ...] = ()
    #: Folders below which `file:` URIs are allowed; empty means none are.
    file_roots: tuple[Path, ...] = ()
    #: Bytes that must stay free on the disk of `workdir`.
    min_free_bytes: int = 256 * 1024**2
    #: Programs that may be run, by name: the words of a command that the operator has set.
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Seconds for the connection, between two reads, and for one whole transfer.
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    transfer_timeout: float = 6 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a convention says of how far it is. `total` is None when nobody knows."""

    phase: str | None = None
    message: str | None = None
    unit: str | None = None
    completed: int | None = None
    total: int | None = None
    total_is_estimate: bool = False


@dataclass(kw_only=True)
class Context(Generic[P]):
    """What `ingest` is given. One per call; not shared."""

    params: P
    #: In the caller's order; empty when none was given.
    sources: Sequence[Source]
    #: What the last committed batch said; `{}` at the very start.
    cursor: JsonObject
    #: How many items to commit together, at most.
    batch_size: int
    #: A folder of this attempt's own, on the disk of the archive, removed afterwards.
    workdir: Path
    limits: Limits = field(default_factory=Limits)
    #: The step of a campaign that this is; None when it is none.
    step: Step | None = None
    #: What the archive holds, as it is committed: the convention's own records first of all.
    archive: Archive = field(default_factory=ArchiveInMemory)
    #: Python's own way to `log`; what your modules' loggers say from INFO on is in the log too.
    logger: logging.Logger = field(default_factory=lambda: logging.getLogger(CONVENTIONS))
    #: Set when the ingestion was asked to stop.
    stop: threading.Event = field(default_factory=threading.Event)
    on_progress: Callable[[Progress], None] = lambda _: None
    #: In a retry of failed items: those that count. Ask `wants`.
    wanted: Wanted | None = None
    #: True once `ingest` was left early because of `stop`.
    stopped_early: bool = False
    _web: WebClient | None = None
    _fetched: int = 0

    @property
    def web(self) -> WebClient:
        """The only way to the network: guarded against private addresses, endless bodies and slow
        hosts."""
        if self._web is None:
            from osa.conventions.web import WebClient

            self._web = WebClient(
                allowed_hosts=self.limits.allowed_hosts,
                connect_timeout=self.limits.connect_timeout,
                read_timeout=self.limits.read_timeout,
                transfer_timeout=self.limits.transfer_timeout,
                should_stop=self.stop.is_set,
            )
        return self._web

    def report(self, progress: Progress) -> None:
        """Show how far the work is. Cheap: reports between two commits replace each other."""
        self.on_progress(progress)

    def log(self, level: Level, message: str) -> None:
        """Say something to whoever looks at the ingestion: a line of its log, kept beside it.

        For people, and for what is no item's fault: what is rejected or failed says so itself.
        """
        self.logger.log(_LEVELS.get(level, logging.INFO), "%s", message)

    def info(self, message: str) -> None:
        """`log` what is as it should be."""
        self.log("info", message)

    def warning(self, message: str) -> None:
        """`log` what somebody should look at."""
        self.log("warning", message)

    def wants(self, source_id: str) -> bool:
        """Whether an item of this identity counts; False in a retry of failed items for all that
        did not fail. Nothing is wrong with yielding it all the same: it is dropped. Ask before
        costly work that would be for nothing."""
        return self.wanted is None or source_id in self.wanted

    def checkpoint(self) -> None:
        """Leave `ingest` here if the ingestion was asked to stop. Call it inside long work on one
        item.

        Raises Stopped: let it pass.
        """
        if self.stop.is_set():
            self.stopped_early = True
            raise Stopped

    def fetch(self, source: Source, *, max_bytes: int | None = None) -> LocalFile:
        """The source's content as a local file; a `uri` is downloaded into `workdir`.

        Raises SourceUnreachable, SourceNotFound, SourceRefused, Stopped.
        """
        cap = min(max_bytes or self.limits.max_source_bytes, self.limits.max_source_bytes)
        if source.path is not None:
            if source.sha256 is None or source.size is None:
                raise SourceInvalid(f"The source {source.label} has no checksum.")
            if source.size > cap:
                raise SourceRefused(
                    f"{source.label} has {source.size} bytes; at most {cap} are read."
                )
            return LocalFile(
                path=source.path,
                sha256=source.sha256,
                size=source.size,
                filename=source.filename,
                media_type=source.media_type,
            )
        from osa.conventions.web import fetch_uri

        self._fetched += 1
        return fetch_uri(
            source,
            self.workdir / f"source-{self._fetched}",
            web=self.web,
            file_roots=self.limits.file_roots,
            max_bytes=cap,
        )

    def batches(
        self,
        items: Iterable[tuple[Item | None, JsonObject]],
        *,
        seconds: float = 2.0,
        reached: Callable[[JsonObject], Reached | None] = lambda _: None,
    ) -> Iterator[Batch]:
        """Group (item, cursor after it) pairs into batches, by `batch_size` and by time. An item
        of None is passed over: only the cursor moves on. `reached` says how far a campaign is after
        a cursor.

        A slow source commits at least every `seconds` (as soon as an item is finished), a fast
        one by `batch_size`. A request to stop is honoured before each item: what is finished is
        still committed, and the iteration ends.
        """
        waiting: list[Item] = []
        cursor: JsonObject = {}
        moved = False
        since = time.monotonic()
        iterator = iter(items)
        while True:
            if self.stop.is_set():
                self.stopped_early = True
                break
            try:
                item, cursor = next(iterator)
            except StopIteration:
                break
            except Stopped:
                self.stopped_early = True
                break
            moved = True
            if item is not None:
                waiting += self.that_count([item])
            if len(waiting) >= self.batch_size or time.monotonic() - since >= seconds:
                yield Batch(items=tuple(waiting), cursor=cursor, reached=reached(cursor))
                waiting = []
                moved = False
                since = time.monotonic()
        if moved:
            yield Batch(items=tuple(waiting), cursor=cursor, reached=reached(cursor))

    def that_count(self, items: Sequence[Item]) -> Sequence[Item]:
        """Without those that are not wanted, whose files are removed."""
        return items if self.wanted is None else self.wanted.of_these(items, self.workdir)


Ingest = Callable[[Context[Any]], Iterator[Batch]]


@dataclass(frozen=True, kw_only=True)
class Convention:
    """A recipe, as it is registered."""

    #: A slug: `^[a-z][a-z0-9-]{0,62}$`.
    id: str
    title: str
    ingest: Ingest
    params: type[Params] = NoParams
    #: Semantic version. A new major version never resumes an ingestion of an old one.
    version: str = "1.0.0"
    description: str = ""
    #: Source types it takes. Empty: it reads what its parameters name.
    source_types: tuple[Literal["uri", "file", "bytes", "text", "record", "list"], ...] = ()
    source_required: bool = True
    #: One active ingestion per tenant.
    exclusive: bool = False
    #: The extra of `osa-ingestion` (or the install hint) that brings `modules`.
    extra: str | None = None
    #: Heavy modules that `ingest` imports; looked for, never imported, to say what is missing.
    modules: tuple[str, ...] = ()

    @property
    def missing_extra(self) -> str | None:
        """The extra to install before this convention can run here; None when it can."""
        if self.extra and any(importlib.util.find_spec(name) is None for name in self.modules):
            return self.extra
        return None

    def check_extra(self) -> None:
        """Raise MissingExtra when a library is not installed."""
        if (extra := self.missing_extra) is not None:
            raise MissingExtra(self.id, extra)

    def goes_on_with(self, version: str) -> bool:
        """Whether it may go on with what `version` of it began: that of the same major version."""
        return version.split(".")[0] == self.version.split(".")[0]

    def parameters_schema(self) -> Mapping[str, Any]:
        """JSON Schema (2020-12) of the parameters; the same each time, and not to be changed."""
        return _schema(self.params)

    def parse(self, parameters: Mapping[str, Any]) -> Params:
        """The parameters, validated; pydantic's ValidationError lists every error."""
        return self.params.model_validate_json(json.dumps(parameters), strict=True)


@cache
def _schema(params: type[Params]) -> Mapping[str, Any]:
    return params.model_json_schema(mode="validation")
