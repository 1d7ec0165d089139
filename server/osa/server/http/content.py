"""Files as answers: whole, or one range of bytes (RFC 9110, section 14)."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from urllib.parse import quote

import anyio.to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from osa.server.errors import RangeNotSatisfiable
from osa.server.http.answers import until_gone
from osa.server.model import StoredFile

_CHUNK = 256 * 1024
_RANGE = re.compile(
    r"bytes=(?:(?P<first>[0-9]{1,15})-(?P<last>[0-9]{1,15})?|-(?P<tail>[0-9]{1,15}))"
)


class FileAnswer(Response):
    """A stored file, or a part of it. The file is opened at once: one that is gone is known before
    anything is sent. Raises RangeNotSatisfiable."""

    def __init__(
        self, file: StoredFile, *, requested: str | None = None, if_range: str | None = None
    ) -> None:
        etag = f'"{file.sha256}"'
        # A range of other content than the caller has already would be of no use to them.
        part = _part(requested, file.size) if if_range in (None, etag) else None
        self._first, last = part or (0, file.size - 1)
        self._length = last - self._first + 1
        headers = {
            "Accept-Ranges": "bytes",
            "Content-Disposition": disposition(file.name),
            "Content-Length": str(self._length),
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "ETag": etag,
        }
        if part is not None:
            headers["Content-Range"] = f"bytes {self._first}-{last}/{file.size}"
        self._path = file.path
        self._descriptor: int | None = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC)
        self.status_code = 200 if part is None else 206
        self.media_type = "application/octet-stream"
        self.background = None
        self.body = b""
        self.init_headers(headers)

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        # The superclass would count the empty body.
        pairs = {**(headers or {}), "Content-Type": self.media_type or ""}
        self.raw_headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in pairs.items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        gone = asyncio.create_task(until_gone(receive))
        try:
            await send(start)
            at, left = self._first, self._length if scope["method"] != "HEAD" else 0
            while left > 0 and not gone.done():
                chunk = await anyio.to_thread.run_sync(self._read, min(left, _CHUNK), at)
                if not chunk:
                    raise OSError(f"{self._path} is shorter than it was when it was stored")
                at, left = at + len(chunk), left - len(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": left > 0})
            if self._length <= 0 or scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self.close()

    def _read(self, size: int, at: int) -> bytes:
        assert self._descriptor is not None
        return os.pread(self._descriptor, size, at)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __del__(self) -> None:
        # An answer that was never sent: its caller went away while it was looked up.
        if getattr(self, "_descriptor", None) is not None:
            self.close()


def _part(requested: str | None, size: int) -> tuple[int, int] | None:
    """The first and the last byte; None for the whole: a header that is not one understood range is
    as if it were not there."""
    found = _RANGE.fullmatch(requested or "")
    if found is None:
        return None
    if found["tail"] is not None:
        tail = int(found["tail"])
        if tail == 0 or size == 0:
            raise RangeNotSatisfiable(size, requested or "")
        return max(0, size - tail), size - 1
    first = int(found["first"])
    last = size - 1 if found["last"] is None else int(found["last"])
    if found["last"] is not None and last < first:
        return None
    if first >= size:
        raise RangeNotSatisfiable(size, requested or "")
    return first, min(last, size - 1)


def disposition(name: str) -> str:
    """`Content-Disposition` (RFC 6266): a name that every client saves safely, and the true one for
    those that read RFC 8187."""
    plain = re.sub(r"[^ !#-&(-\[\]-~]", "_", name.replace("/", "_").replace("%", "_"))
    if plain == name:
        return f'attachment; filename="{plain}"'
    true = quote(name, safe="", errors="replace")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{true}"
