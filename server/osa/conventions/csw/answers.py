"""Answers of a catalogue: records and how many match, or an exception report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml.etree import _Element as Element

from osa.conventions.csw.markup import below, first, local, parse, text
from osa.conventions.csw.metadata import Metadata, read
from osa.conventions.failures import (
    ConventionError,
    SourceInvalid,
    SourceRefused,
    SourceUnreachable,
)

#: The catalogue's own trouble, which may pass; every other code is about the request.
_TRANSIENT = ("NoApplicableCode", "OperationProcessingFailed", "ServerBusy")
_MAX_SAID = 500


@dataclass(frozen=True, kw_only=True)
class Page:
    """What was received: not what the catalogue says it sent."""

    records: Sequence[Metadata]
    #: How many match, as the catalogue says; None when it says nothing that is a number.
    matched: int | None


def page_of(content: bytes, where: str) -> Page:
    """Raises SourceInvalid, SourceUnreachable, SourceRefused; see `parse` and `explained`."""
    root = parse(content, where)
    if local(root) == "ExceptionReport":
        raise explained(root, where)
    results = first(root, "SearchResults")
    if local(root) != "GetRecordsResponse" or results is None:
        raise SourceInvalid(
            f"{where} answered {local(root)[:80]!r} where GetRecordsResponse was asked for.",
            hint="Look whether csw_url is the address of a CSW 2.0.2 endpoint.",
        )
    return Page(
        records=[read(child) for child in results if local(child)],
        matched=_count(results.get("numberOfRecordsMatched")),
    )


def failure_of(content: bytes, where: str, status: int) -> ConventionError:
    """What a status means that is no success: its exception report says it, if there is one."""
    try:
        root = parse(content, where)
        if local(root) == "ExceptionReport":
            return explained(root, where)
    except ConventionError:
        pass
    if status >= 500:
        return SourceUnreachable(f"{where} answered {status}.")
    if status == 403:
        return SourceRefused(
            f"{where} answered 403.", hint="Only what is readable without credentials is read."
        )
    return SourceInvalid(f"{where} answered {status}.")


def explained(report: Element, where: str) -> ConventionError:
    """The failure that an `ows:ExceptionReport` tells of."""
    codes, said = [], []
    for exception in below(report, "Exception"):
        codes.append((exception.get("exceptionCode") or "").strip())
        words = text(first(exception, "ExceptionText")) or exception.get("locator") or ""
        said.append(f"{codes[-1] or 'no code'}: {' '.join(words.split())}")
    detail = f"{where} answered an exception report: {'; '.join(said)[:_MAX_SAID] or 'empty'}."
    if not any(codes) or any(code in _TRANSIENT for code in codes):
        return SourceUnreachable(detail)
    return SourceInvalid(detail)


def _count(value: str | None) -> int | None:
    value = (value or "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
