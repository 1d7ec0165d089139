"""Documents into the archive: identified by where they come from, compared by their content."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from osa.conventions import media_types, xml
from osa.conventions.authoring import Context, Convention, Progress
from osa.conventions.documents import chunks
from osa.conventions.documents.parameters import DocumentParams
from osa.conventions.documents.text import Extraction, extract, read
from osa.conventions.failures import (
    ParametersInvalid,
    SourceInvalid,
    SourceNotFound,
    SourceRefused,
    SourceUnreachable,
)
from osa.conventions.items import Batch, File, Item, JsonObject
from osa.conventions.local_files import safe_name, write_chunks
from osa.conventions.sources import LocalFile, Source

TEXT_NAME = "text.txt"
CHUNKS_NAME = "chunks.jsonl"
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)
_TEXT_PIECE = 256 * 1024


def ingest(context: Context[DocumentParams]) -> Iterator[Batch]:
    """One item for each source, in the caller's order. The cursor is {"next": index of the
    source}."""
    if context.params.expected_sha256 and len(context.sources) != 1:
        raise ParametersInvalid(
            f"expected_sha256 fits one document, and there are {len(context.sources)} sources.",
            hint="Leave it out, or start one ingestion for each document.",
        )
    yield from context.batches(_items(context))


def _items(context: Context[DocumentParams]) -> Iterator[tuple[Item | None, JsonObject]]:
    total = len(context.sources)
    identities = _Identities(context.sources)
    for index in range(int(context.cursor.get("next", 0)), total):
        source, after = context.sources[index], {"next": index + 1}
        if not context.wants(source_id_of(source)):
            yield None, after
            continue
        _report(context, index, source.label)
        yield identities.clash(index) or _item(context, index), after
    _report(context, total, None)


def _report(context: Context[DocumentParams], completed: int, message: str | None) -> None:
    total = len(context.sources)
    context.report(
        Progress(
            phase="documents", message=message, unit="documents", completed=completed, total=total
        )
    )


def source_id_of(source: Source) -> str:
    """The URI or the file name, else the SHA-256."""
    name = source.uri or source.filename or source.sha256
    if not name:
        raise SourceInvalid(f"A source of type {source.type} has no URI, no name and no checksum.")
    return name.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


class _Identities:
    """Two sources of one list with the same name would overwrite each other in the archive."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._first: dict[str, int] = {}
        for index, source in enumerate(sources):
            self._first.setdefault(source_id_of(source), index)

    def clash(self, index: int) -> Item | None:
        """The outcome of a source that an earlier one already stands for."""
        source = self._sources[index]
        source_id = source_id_of(source)
        earlier = self._first[source_id]
        if earlier == index:
            return None
        if source.sha256 == self._sources[earlier].sha256:
            return Item.skipped(
                source_id,
                kind="duplicate_source",
                detail=f"Source {index + 1} of the list is the same as source {earlier + 1}.",
            )
        return Item.rejected(
            source_id,
            kind="duplicate_source_id",
            detail=f"Source {index + 1} of the list has the name of source {earlier + 1} and other "
            "content; one would overwrite the other.",
            hint="Give every file of a list a name of its own.",
        )


def _item(context: Context[DocumentParams], index: int) -> Item:
    source = context.sources[index]
    source_id = source_id_of(source)
    try:
        document = context.fetch(source, max_bytes=context.params.max_bytes)
    except SourceUnreachable as exc:
        if len(context.sources) == 1:
            raise
        return Item.of_error(source_id, exc)
    except (SourceNotFound, SourceRefused, SourceInvalid) as exc:
        return Item.of_error(source_id, exc)
    item = _read(context, index, source, document)
    if item.verdict != "record" and source.path is None:
        document.path.unlink(missing_ok=True)
    return item


def _read(
    context: Context[DocumentParams], index: int, source: Source, document: LocalFile
) -> Item:
    params = context.params
    source_id = source_id_of(source)
    expected = params.expected_sha256
    if expected and expected.lower() != document.sha256:
        return Item.rejected(
            source_id,
            kind="checksum_mismatch",
            detail=f"The SHA-256 of {source.label} is {document.sha256}, not {expected.lower()}.",
        )
    sniffed = media_types.sniff(document.path)
    agree = media_types.agree(document.media_type, sniffed)
    if not agree and params.on_media_type_mismatch == "fail":
        return Item.rejected(
            source_id,
            kind="media_type_mismatch",
            detail=f"{source.label} was declared {document.media_type} and is {sniffed}.",
            hint="Start it with on_media_type_mismatch=record to keep it as it is.",
        )
    try:
        if sniffed in ("application/xml", "image/svg+xml"):
            xml.check_doctype(read(document.path))
        found = _text(context, index, document, sniffed)
    except xml.DoctypeRefused as exc:
        return Item.rejected(
            source_id,
            kind="doctype_refused",
            detail=f"{source.label}: {exc}",
            hint="Remove the DOCTYPE; the entities it declares are not expanded here.",
        )
    media_type = _media_type(document, sniffed, agree=agree)
    name = _name(source, document, media_type)
    files = [
        File(
            path=document.path,
            name=name,
            media_type=media_type,
            sha256=document.sha256,
            size=document.size,
            artifact=False,
        )
    ]
    metadata = _metadata(params, source, document, sniffed, agree=agree)
    metadata["filename"] = name
    if found is not None:
        metadata["text"] = found.metadata()
        if found.status == "ok":
            files.append(_text_file(context.workdir / f"text-{index}", found))
            if params.chunk.enabled:
                pieces, count = _chunk_file(context, index, found)
                files.append(pieces)
                metadata["chunks"] = {
                    "count": count,
                    **params.chunk.model_dump(exclude={"enabled"}),
                }
    own = source.metadata.get("title")
    title = own if isinstance(own, str) and own.strip() else params.title
    return Item.record(
        source_id, title=title or name, metadata=metadata, files=files, made_from=[source]
    )


def _text(
    context: Context[DocumentParams], index: int, document: LocalFile, sniffed: str
) -> Extraction | None:
    if not context.params.extract_text:
        return None
    charset = _CHARSET.search(document.media_type or "")
    return extract(
        document.path,
        media_type=sniffed,
        charset=charset.group(1) if charset else None,
        limit=context.params.max_text_chars,
        scratch=context.workdir / f"scratch-{index}",
        checkpoint=context.checkpoint,
    )


def _media_type(document: LocalFile, sniffed: str, *, agree: bool) -> str:
    """The more specific of two that agree (`text/csv` before `text/plain`), else what was found."""
    declared = media_types.essence(document.media_type)
    if not agree or not re.fullmatch(r"[a-z0-9.+-]+/[a-z0-9.+-]+", declared):
        return sniffed
    vague = sniffed in ("text/plain", "application/zip", "application/xml", media_types.UNKNOWN)
    return declared if vague and declared != media_types.UNKNOWN else sniffed


def _name(source: Source, document: LocalFile, media_type: str) -> str:
    suffix = mimetypes.guess_extension(media_type) or ""
    name = source.filename or document.filename
    safe = safe_name(name, default=f"{document.sha256[:16]}{suffix}")
    # The names of what is made of it; a record has each name once.
    return f"source-{safe}" if safe in (TEXT_NAME, CHUNKS_NAME) else safe


def _metadata(
    params: DocumentParams, source: Source, document: LocalFile, sniffed: str, *, agree: bool
) -> dict[str, Any]:
    media_type: dict[str, Any] = {"sniffed": sniffed, "agree": agree}
    if document.media_type:
        media_type["declared"] = document.media_type
    metadata: dict[str, Any] = {
        "sha256": document.sha256,
        "size": document.size,
        "media_type": media_type,
    }
    said = {
        "title": params.title,
        "description": params.description,
        "language": params.language,
        "license": params.license,
        "keywords": list(params.keywords),
        "uri": source.uri,
        "record_id": source.record_id,
        "metadata": dict(source.metadata),
    }
    metadata.update({name: value for name, value in said.items() if value})
    return metadata


def _text_file(path: Path, found: Extraction) -> File:
    text = found.text
    pieces = (
        text[start : start + _TEXT_PIECE].encode() for start in range(0, len(text), _TEXT_PIECE)
    )
    sha256, size = write_chunks(path, pieces)
    return File(
        path=path,
        name=TEXT_NAME,
        media_type="text/plain; charset=utf-8",
        sha256=sha256,
        size=size,
    )


def _chunk_file(
    context: Context[DocumentParams], index: int, found: Extraction
) -> tuple[File, int]:
    path = context.workdir / f"chunks-{index}"
    count = 0

    def counted() -> Iterator[bytes]:
        nonlocal count
        for line in chunks.lines(found.text, context.params.chunk):
            count += 1
            yield line

    sha256, size = write_chunks(path, counted())
    file = File(
        path=path, name=CHUNKS_NAME, media_type="application/jsonl", sha256=sha256, size=size
    )
    return file, count


documents = Convention(
    id="documents",
    title="Documents",
    version="1.0.0",
    description="Archives files of any kind with checksum and media type, and keeps their text "
    "where it can be read: plain text, HTML, XML, JSON, PDF, Word and OpenDocument.",
    params=DocumentParams,
    ingest=ingest,
    source_types=("uri", "file", "bytes", "text", "record", "list"),
    source_required=True,
)
