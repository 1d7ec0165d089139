"""Bytes up and down: streamed, checked by SHA-256, resumed, and never half a file under the final
name."""

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, Unpack, cast
from uuid import UUID

import httpx

from osa.cli import answers, pacing
from osa.cli.access import Identity, helper
from osa.cli.arguments import invalid, or_unset, plain_id
from osa.cli.errors import IngestionError
from osa.cli.transport import Connection
from osa.sdk.types import File

CHUNK_BYTES = 256 * 1024

Progress = Callable[[int, int | None], None]


@helper
def upload_file(
    *,
    path: str | os.PathLike[str] | None = None,
    fileobj: IO[bytes] | None = None,
    filename: str | None = None,
    media_type: str | None = None,
    sha256: str | None = None,
    on_progress: Progress | None = None,
    timeout: float = 60.0,
    retries: int = 2,
    **identity: Unpack[Identity],
) -> dict[str, Any]:
    """Send one file ahead of a start and give the upload; its `id` is the `upload_id` of a source.

    Give either `path` or an open binary `fileobj`. The content is streamed and its SHA-256 computed
    on the way; an upload that arrived with another one raises `CHECKSUM_MISMATCH`, and so does the
    server when the expected `sha256` is given. `on_progress(sent, total)` counts bytes, `total`
    None when unknown. Tried again only when the content can be read again from its start.
    """
    from osa.sdk.api.uploads import create_upload as operation

    if (path is None) == (fileobj is None):
        raise invalid("Give either `path` or `fileobj`.")
    with _opened(path, fileobj) as content:
        start = content.tell() if content.seekable() else None
        total = None if start is None else content.seek(0, os.SEEK_END) - start
        name = filename if filename is not None or path is None else Path(path).name

        def attempt() -> dict[str, Any]:
            if start is not None:
                content.seek(start)
            digest = hashlib.sha256()
            kwargs = operation._get_kwargs(
                body=File(payload=cast(BinaryIO, _read(content, total, digest, on_progress))),
                filename=or_unset(name),
                media_type=or_unset(media_type),
                sha256=or_unset(sha256),
            )
            if total is not None:
                kwargs["headers"]["Content-Length"] = str(total)
            upload = line.ask_once(operation, kwargs)
            if upload["sha256"] != digest.hexdigest():
                raise _mismatch(digest.hexdigest(), str(upload["sha256"]))
            return upload

        with Connection(**identity, timeout=timeout) as line:
            return line.patiently(attempt, retries=0 if start is None else retries)


@helper
def download_artifact(
    *,
    artifact_id: str | UUID,
    path: str | os.PathLike[str],
    overwrite: bool = False,
    on_progress: Progress | None = None,
    timeout: float = 60.0,
    retries: int = 2,
    **identity: Unpack[Identity],
) -> Path:
    """Write the content of an artifact to `path` and give that path; a folder gets a file in it.

    Streamed to a temporary file beside, resumed by range when the connection is cut (`retries`
    counts cuts without a byte in between), compared with the server's SHA-256, and renamed: what
    stands under `path` is whole. A file that is there already is left alone (`FILE_EXISTS`) unless
    `overwrite`.
    """
    from osa.sdk.api.ingestions import get_artifact_content as operation

    kwargs = operation._get_kwargs(plain_id(artifact_id, "art"))
    with Connection(**identity, timeout=timeout, retries=retries) as line:
        return _Download(line, kwargs, on_progress).save(Path(path), overwrite=overwrite)


@helper
def download_record_file(
    *,
    record_id: str | UUID,
    file_id: str | UUID,
    path: str | os.PathLike[str],
    overwrite: bool = False,
    on_progress: Progress | None = None,
    timeout: float = 60.0,
    retries: int = 2,
    **identity: Unpack[Identity],
) -> Path:
    """Write one file of a record to `path`, with the promises of `download_artifact`."""
    from osa.sdk.api.records import get_record_file_content as operation

    kwargs = operation._get_kwargs(plain_id(record_id, "rec"), plain_id(file_id, "file"))
    with Connection(**identity, timeout=timeout, retries=retries) as line:
        return _Download(line, kwargs, on_progress).save(Path(path), overwrite=overwrite)


class _Download:
    """One content on its way to a file."""

    def __init__(
        self, line: Connection, kwargs: dict[str, Any], on_progress: Progress | None
    ) -> None:
        self._line = line
        self._kwargs = kwargs
        self._on_progress = on_progress
        self._etag: str | None = None
        self._name: str | None = None
        self._received = 0
        self._digest = hashlib.sha256()

    def save(self, path: Path, *, overwrite: bool) -> Path:
        folder = path if path.is_dir() else path.parent
        if path != folder and path.exists() and not overwrite:
            raise _exists(path)
        temporary = folder / f".osa-{secrets.token_hex(8)}.part"
        with _local_files():
            try:
                with temporary.open("xb") as file:
                    self._receive(file)
                if path == folder or path.is_dir():
                    path = folder / _safe_name(self._name)
                _put_in_place(temporary, path, overwrite=overwrite)
            finally:
                temporary.unlink(missing_ok=True)
        return path

    def _receive(self, file: BinaryIO) -> None:
        patience = pacing.Patience(self._line.retries)
        while True:
            before = self._received
            try:
                self._receive_some(file)
                break
            except IngestionError as error:
                if self._etag is not None and _checksum(self._etag) == self._digest.hexdigest():
                    # Cut after the last byte; there is nothing to ask for any more.
                    break
                if self._received > before:
                    patience.restart()
                if not patience.again(error):
                    raise
        expected = _checksum(self._etag)
        if expected != self._digest.hexdigest():
            raise _mismatch(str(expected), self._digest.hexdigest())

    def _receive_some(self, file: BinaryIO) -> None:
        headers = {**self._kwargs["headers"], "Accept-Encoding": "identity"}
        if self._received and self._etag:
            headers |= {"Range": f"bytes={self._received}-", "If-Range": self._etag}
        accept = "application/octet-stream, application/problem+json"
        with self._line.stream({**self._kwargs, "headers": headers}, accept=accept) as answer:
            answers.require_media_type(answer, "application/octet-stream")
            if _checksum(answer.headers.get("ETag")) is None:
                raise answers.unfit(answer, "its ETag is not the SHA-256 of the content")
            if not self._continues(answer):
                file.seek(0)
                file.truncate()
                self._received, self._digest = 0, hashlib.sha256()
                if answer.status_code == 206:
                    # Of another content than the beginning was; ask for all of it.
                    self._etag = None
                    raise answers.unfit(answer, "the content changed meanwhile", retryable=True)
            self._etag = answer.headers["ETag"]
            self._name = _disposition(answer.headers.get("Content-Disposition"))
            length = answer.headers.get("Content-Length", "")
            total = self._received + int(length) if length.isdigit() else None
            # As they come: gathered into larger pieces, the last ones before a cut would be lost.
            for chunk in answer.iter_bytes():
                file.write(chunk)
                self._digest.update(chunk)
                self._received += len(chunk)
                if self._on_progress is not None:
                    self._on_progress(self._received, total)

    def _continues(self, answer: httpx.Response) -> bool:
        begin = re.match(r"bytes ([0-9]{1,15})-", answer.headers.get("Content-Range", ""))
        return (
            answer.status_code == 206
            and begin is not None
            and int(begin[1]) == self._received
            and answer.headers.get("ETag") == self._etag
            and not answer.headers.get("Content-Encoding")
        )


def _read(
    content: IO[bytes], total: int | None, digest: Any, on_progress: Progress | None
) -> Iterator[bytes]:
    sent = 0
    while chunk := content.read(CHUNK_BYTES if total is None else min(CHUNK_BYTES, total - sent)):
        digest.update(chunk)
        yield chunk
        sent += len(chunk)
        if on_progress is not None:
            on_progress(sent, total)


@contextmanager
def _opened(path: str | os.PathLike[str] | None, fileobj: IO[bytes] | None) -> Iterator[IO[bytes]]:
    with _local_files():
        if fileobj is not None:
            yield fileobj
        elif path is not None:
            with Path(path).open("rb") as content:
                yield content


@contextmanager
def _local_files() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        name = exc.filename if isinstance(exc.filename, str) else "the file"
        raise IngestionError(
            f"{name}: {exc.strerror or exc}.", code="FILE_ERROR", context={"errno": exc.errno}
        ) from exc


def _put_in_place(temporary: Path, path: Path, *, overwrite: bool) -> None:
    if overwrite:
        temporary.replace(path)
        return
    try:
        # A link, unlike a rename, never replaces what somebody else put there meanwhile.
        os.link(temporary, path)
    except FileExistsError as exc:
        raise _exists(path) from exc
    except OSError:
        if path.exists():
            raise _exists(path) from None
        temporary.rename(path)


def _exists(path: Path) -> IngestionError:
    return IngestionError(
        f"{path} is there already; it was left as it is. Choose another name or overwrite it.",
        code="FILE_EXISTS",
    )


def _mismatch(expected: str, found: str) -> IngestionError:
    return IngestionError(
        f"The bytes changed on the way: SHA-256 {found} instead of {expected}; nothing was kept.",
        code="CHECKSUM_MISMATCH",
        retryable=True,
        context={"expected_sha256": expected, "sha256": found},
    )


def _checksum(etag: str | None) -> str | None:
    found = re.fullmatch(r'(?:W/)?"([0-9a-f]{64})"', etag or "")
    return found[1] if found else None


def _disposition(value: str | None) -> str | None:
    found = re.search(r'filename="((?:[^"\\]|\\.)*)"|filename=([^;\s]+)', value or "")
    if found is None:
        return None
    return re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]


def _safe_name(name: str | None) -> str:
    """The last part of a name that came over the network; never a way out of the folder."""
    last = re.split(r"[/\\]", name or "")[-1].strip()
    if last in ("", ".", "..") or not last.isprintable():
        raise invalid("The server names no file; give a path with a file name.")
    return last
