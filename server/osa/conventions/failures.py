"""What can go wrong inside a convention, as one tree.

An error about one item becomes an item's outcome (`Item.rejected`, `Item.failed`). An error about
the
whole ingestion is raised: it ends the ingestion, or, when the source could not be reached, makes
it wait and try again.
"""

from __future__ import annotations

from typing import ClassVar


class ConventionError(Exception):
    """The ingestion cannot go on. `detail` is for people: what is wrong, where, and what to do."""

    #: Who has to act: `source`, `convention`, `storage`, `platform` or `user`.
    origin: ClassVar[str] = "convention"
    #: A stable word for programs.
    kind: ClassVar[str] = "convention_error"
    #: Whether the same ingestion, unchanged, may succeed later.
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str, *, hint: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint


class SourceUnreachable(ConventionError):
    """The source did not answer, or said that it is busy; tried again with backoff."""

    origin = "source"
    kind = "source_unreachable"
    retryable = True


class SourceNotFound(ConventionError):
    """The source answered that there is no such thing."""

    origin = "source"
    kind = "source_not_found"


class SourceRefused(ConventionError):
    """The source is not allowed, is hostile, or is larger than the limits; final."""

    origin = "source"
    kind = "source_refused"


class SourceInvalid(ConventionError):
    """The source was read and is not what the convention can use; final."""

    origin = "source"
    kind = "source_invalid"


class ParametersInvalid(ConventionError):
    """The parameters fit their schema and do not fit this source; final."""

    origin = "user"
    kind = "parameters_invalid"


class MissingExtra(ConventionError):
    """A library the convention needs is not installed on the worker."""

    origin = "platform"
    kind = "missing_extra"

    def __init__(self, convention_id: str, extra: str) -> None:
        super().__init__(
            f"Convention {convention_id!r} needs the extra {extra!r}, which this worker lacks.",
            hint=f"pip install 'osa-ingestion[{extra}]' on every worker.",
        )


class StorageFull(ConventionError):
    """There is not enough room for what the convention has to write."""

    origin = "storage"
    kind = "storage_full"
    retryable = True


class Stopped(Exception):
    """Raised by `Context.checkpoint` when the ingestion was asked to stop; let it pass. Not an
    error: the way out of `ingest`."""
