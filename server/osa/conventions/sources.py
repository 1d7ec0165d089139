"""Where an ingestion reads from, as a convention sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

SourceType = Literal["uri", "file", "bytes", "text", "record"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """One source. Lists are flattened: `Context.sources` holds them in the caller's order.

    A `uri` has `uri` and no `path` until `Context.fetch` has read it. All other types are files of
    the archive already: `path`, `sha256` and `size` are set, the file is read-only and shared.
    """

    type: SourceType
    uri: str | None = None
    path: Path | None = None
    sha256: str | None = None
    size: int | None = None
    #: The name the caller gave it. Never a path; never trusted.
    filename: str | None = None
    #: What the caller declared, not what the content says.
    media_type: str | None = None
    #: The record this file is the content of, for `record` sources.
    record_id: str | None = None
    #: Which of its versions; None when that was not noted.
    record_version: int | None = None
    #: The caller's own metadata about this source.
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How to name this source in a message."""
        return self.uri or self.filename or self.record_id or self.sha256 or self.type


@dataclass(frozen=True, kw_only=True)
class LocalFile:
    """A source's content on the local disk, read-only."""

    path: Path
    #: Lower-case hexadecimal.
    sha256: str
    #: Bytes.
    size: int
    filename: str | None
    #: What the server or the caller declared.
    media_type: str | None
    #: The URI it was read from, after redirects.
    uri: str | None = None
