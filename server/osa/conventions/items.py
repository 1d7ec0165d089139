"""What a convention yields: items, their files, and the batches that are committed together."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from osa.conventions.failures import ConventionError
from osa.conventions.sources import Source
from osa.conventions.steps import Reached, Start

JsonObject = Mapping[str, Any]

#: What the convention says of an item. `record` becomes created, updated or unchanged when it is
#: published: only the archive knows which.
Verdict = Literal["record", "skipped", "rejected", "failed"]

_CHUNK = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of a record: written under `Context.workdir`, or already an object of the archive.

    The file is put in place by rename when its item is published; until then nobody sees it.
    """

    path: Path
    name: str
    media_type: str
    #: Lower-case hexadecimal SHA-256 of the content.
    sha256: str
    #: Bytes.
    size: int
    #: True for what this ingestion produced; False for the source's own bytes.
    artifact: bool = True

    @classmethod
    def of(cls, path: Path, *, name: str, media_type: str, artifact: bool = True) -> Self:
        """Describe the file at `path`: its SHA-256 and its size are read from the disk, and the
        content is flushed to it."""
        digest = hashlib.sha256()
        size = 0
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
            os.fsync(stream.fileno())
        return cls(
            path=path,
            name=name,
            media_type=media_type,
            sha256=digest.hexdigest(),
            size=size,
            artifact=artifact,
        )


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why an item was skipped, rejected or failed."""

    #: A stable lower_snake word for programs.
    kind: str
    #: A sentence for people.
    detail: str
    origin: str = "source"
    retryable: bool = False
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing read from the source.

    `source_id` identifies it within the convention and the tenant, for ever: the same `source_id`
    read again updates the same record. Use one of the constructors below.
    """

    source_id: str
    verdict: Verdict
    title: str | None = None
    metadata: JsonObject = field(default_factory=dict)
    files: Sequence[File] = ()
    fault: Fault | None = None
    #: The ids of the records that it was made from. None: of those that are sources, when there is
    #: one source.
    derived_from: Sequence[str] | None = None
    #: Ingestions that are started with it, in the transaction that publishes it.
    starts: Sequence[Start] = ()

    @classmethod
    def record(
        cls,
        source_id: str,
        *,
        title: str | None = None,
        metadata: JsonObject | None = None,
        files: Sequence[File] = (),
        made_from: Sequence[Source] | None = None,
        starts: Sequence[Start] = (),
    ) -> Self:
        """The archive shall hold this. Same metadata and same file contents as before:
        `unchanged`.

        `made_from` are those of `Context.sources` that it was made from; the archive remembers
        which of them were records. It need not be said where there is one source.

        `starts` are ingestions that begin with it, its children: those that were started before, by
        whomever, are not started again.
        """
        origins = None
        if made_from is not None:
            ids = [source.record_id for source in made_from if source.record_id is not None]
            origins = tuple(dict.fromkeys(ids))
        return cls(
            source_id=source_id,
            verdict="record",
            title=title,
            metadata=metadata or {},
            files=tuple(files),
            derived_from=origins,
            starts=tuple(starts),
        )

    @classmethod
    def skipped(cls, source_id: str, *, kind: str, detail: str) -> Self:
        """The convention's own rule passes this item over."""
        return cls(source_id=source_id, verdict="skipped", fault=Fault(kind=kind, detail=detail))

    @classmethod
    def rejected(cls, source_id: str, *, kind: str, detail: str, hint: str | None = None) -> Self:
        """The item is not valid; trying again will not help."""
        return cls(
            source_id=source_id,
            verdict="rejected",
            fault=Fault(kind=kind, detail=detail, hint=hint),
        )

    @classmethod
    def failed(
        cls,
        source_id: str,
        *,
        kind: str,
        detail: str,
        origin: str = "convention",
        retryable: bool = False,
        hint: str | None = None,
    ) -> Self:
        """An error happened while working on the item."""
        fault = Fault(kind=kind, detail=detail, origin=origin, retryable=retryable, hint=hint)
        return cls(source_id=source_id, verdict="failed", fault=fault)

    @classmethod
    def of_error(cls, source_id: str, error: ConventionError) -> Self:
        """Turn an error about this one item into its outcome: `rejected` for what the source is,
        `failed` for everything else."""
        if error.origin == "source" and not error.retryable:
            return cls.rejected(source_id, kind=error.kind, detail=error.detail, hint=error.hint)
        return cls.failed(
            source_id,
            kind=error.kind,
            detail=error.detail,
            origin=error.origin,
            retryable=error.retryable,
            hint=error.hint,
        )


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Items that are committed together, and the cursor after them.

    `cursor` is opaque JSON of the convention: given back in `Context.cursor`, it must make
    `ingest` go on with the item after the last one of this batch.
    """

    items: Sequence[Item]
    cursor: JsonObject
    #: In a step of a campaign: how far the campaign is after it. None: as far as before.
    reached: Reached | None = None
