"""The text of a document, whatever kind it is; what cannot be read is said, and never an error."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from osa.conventions import xml
from osa.conventions.archives import ArchiveRefused
from osa.conventions.documents import markup, pdf_text
from osa.conventions.media_types import detect_encoding

Status = Literal["ok", "empty", "unsupported", "failed"]

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_ODT = "application/vnd.oasis.opendocument.text"
_PIECE = 64 * 1024
_HEAD = 64 * 1024
#: Seconds for one PDF: of the clock, and of the processor.
PDF_SECONDS = 300.0
#: Encodings that a declaration may choose when the bytes leave it open.
_ENCODING = re.compile(
    r"(iso-?8859-?\d{1,2}|latin-?\d|windows-?125\d|cp\d{3,4}|koi8-[ru]|shift[_-]jis|euc-(jp|kr)"
    r"|gb(k|2312|18030)|big5)"
)


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """What was found. `text` is empty unless `status` is `ok`."""

    status: Status
    text: str = ""
    #: Characters that were found; of an `empty` document they are too few to be its text.
    chars: int = 0
    pages: int | None = None
    truncated: bool = False
    note: str | None = None

    def metadata(self) -> dict[str, Any]:
        """As the record holds it: `pages` and `note` are absent when there are none."""
        found: dict[str, Any] = {
            "status": self.status,
            "chars": self.chars,
            "truncated": self.truncated,
        }
        if self.pages is not None:
            found["pages"] = self.pages
        if self.note is not None:
            found["note"] = self.note
        return found


def extract(
    path: Path,
    *,
    media_type: str,
    charset: str | None,
    limit: int,
    scratch: Path,
    checkpoint: Callable[[], None],
) -> Extraction:
    """The text of the document, at most `limit` characters.

    `media_type` is the sniffed one; `charset` what was declared, used only where the bytes fit
    several. `scratch` is a path for temporary files that are gone afterwards; `checkpoint` is
    called now and then and may raise. Raises StorageFull and xml.DoctypeRefused, the latter for XML
    documents alone.
    """
    try:
        if media_type in ("text/plain", "application/json"):
            return _plain(path, charset, limit, checkpoint)
        if media_type == "text/html":
            pieces = _characters(path, charset)
            return _of(markup.of_html(pieces, limit=limit, checkpoint=checkpoint))
        if media_type in ("application/xml", "image/svg+xml"):
            return _of(markup.of_xml(read(path), limit=limit, checkpoint=checkpoint))
        if media_type in (_WORD, _ODT):
            entry = "word/document.xml" if media_type == _WORD else "content.xml"
            return _of_office(path, entry, limit, checkpoint)
    except (markup.MarkupBroken, ArchiveRefused) as exc:
        return Extraction(status="failed", note=f"The text could not be read: {exc}.")
    except xml.DoctypeRefused:
        raise
    except xml.XmlRefused as exc:
        return Extraction(status="failed", note=str(exc))
    if media_type == "application/pdf":
        return of_pdf(path, limit=limit, scratch=scratch, checkpoint=checkpoint)
    return Extraction(status="unsupported")


def read(path: Path) -> Iterator[bytes]:
    """The file's bytes, piece by piece."""
    with path.open("rb") as stream:
        while chunk := stream.read(_PIECE):
            yield chunk


def _encoding(path: Path, charset: str | None) -> str:
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
        detected = detect_encoding(head, whole=not stream.read(1))
    if detected == "latin-1" and charset and _ENCODING.fullmatch(charset.lower()):
        with suppress(LookupError):
            "".encode(charset)
            return charset
    return detected


def _characters(path: Path, charset: str | None) -> Iterator[str]:
    """The file decoded piece by piece: line ends are `\\n`, NULs are gone, bad bytes are U+FFFD."""
    encoding = _encoding(path, charset)
    with (
        path.open("rb") as raw,
        io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline=None) as stream,
    ):
        while piece := stream.read(_PIECE):
            yield piece.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _plain(
    path: Path, charset: str | None, limit: int, checkpoint: Callable[[], None]
) -> Extraction:
    parts: list[str] = []
    length = 0
    truncated = False
    for piece in _characters(path, charset):
        checkpoint()
        if length + len(piece) > limit:
            truncated = True
            piece = piece[: limit - length]
        parts.append(piece)
        length += len(piece)
        if truncated:
            break
    text = "".join(parts).removeprefix("\ufeff")
    return _found(text, truncated=truncated)


def _of_office(path: Path, entry: str, limit: int, checkpoint: Callable[[], None]) -> Extraction:
    try:
        return _of(markup.of_office(path, entry, limit=limit, checkpoint=checkpoint))
    except xml.DoctypeRefused as exc:
        # The document is a ZIP file, and as such archived; only its text is not read.
        return Extraction(status="failed", note=str(exc))


def _of(text: markup.Text) -> Extraction:
    return _found(text.value(), truncated=text.truncated)


def _found(text: str, *, truncated: bool, pages: int | None = None) -> Extraction:
    if not text.strip():
        return Extraction(status="empty", chars=0, pages=pages, truncated=truncated)
    return Extraction(status="ok", text=text, chars=len(text), pages=pages, truncated=truncated)


def of_pdf(
    path: Path,
    *,
    limit: int,
    scratch: Path,
    checkpoint: Callable[[], None],
    seconds: float = PDF_SECONDS,
) -> Extraction:
    """The text layer of a PDF, read by a child process: whatever the document does to it, this
    returns.

    `seconds`: how long it may take. Raises what `checkpoint` raises, after the child is gone.
    """
    if importlib.util.find_spec("pypdfium2") is None:
        return Extraction(
            status="unsupported", note="Text of PDF needs the extra 'documents' on the worker."
        )
    text, result = scratch.with_suffix(".pdf-text"), scratch.with_suffix(".pdf-result")
    try:
        note = _run_child(path, text, result, limit, checkpoint, seconds)
        if note is not None:
            return Extraction(status="failed", note=note)
        return _of_child(text, result, limit)
    finally:
        text.unlink(missing_ok=True)
        result.unlink(missing_ok=True)


def _run_child(
    path: Path,
    text: Path,
    result: Path,
    limit: int,
    checkpoint: Callable[[], None],
    seconds: float,
) -> str | None:
    """Run the child to its end; what went wrong with it, or None."""
    script = Path(pdf_text.__file__).resolve()
    arguments = (path.resolve(), text.resolve(), result.resolve(), limit, max(1, int(seconds)))
    ends = time.monotonic() + seconds
    child = subprocess.Popen(
        [sys.executable, "-I", str(script), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # The worker's environment holds its secrets; a parser of strangers' files needs none of it.
        env={name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ},
        cwd=text.resolve().parent,
        start_new_session=True,
    )
    try:
        while True:
            try:
                code = child.wait(timeout=0.1)
                break
            except subprocess.TimeoutExpired:
                checkpoint()
                if time.monotonic() > ends:
                    return f"The PDF took longer than {seconds:g} seconds to read."
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    if code == 0:
        return None
    if code < 0:
        return f"The PDF parser was ended by {signal.Signals(-code).name}."
    return f"The PDF parser ended with exit code {code}."


def _of_child(text: Path, result: Path, limit: int) -> Extraction:
    """Read what the child wrote as carefully as if the document had written it."""
    try:
        with result.open("rb") as stream:
            answer = json.loads(stream.read(_PIECE))
        status, note = answer["status"], answer.get("note")
        if status == "failed":
            return Extraction(status="failed", note=str(note)[:400])
        pages = int(answer["pages"])
        if status != "ok":
            return Extraction(status="empty", chars=int(answer["chars"]), pages=pages)
        with text.open(encoding="utf-8", errors="replace", newline="\n") as stream_of_text:
            found = stream_of_text.read(limit)
        return _found(found, truncated=bool(answer["truncated"]), pages=pages)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        return Extraction(status="failed", note=f"The PDF parser gave no result: {exc!r}.")
