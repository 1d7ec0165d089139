"""Gzip bodies, unpacked in bounded pieces."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from osa.conventions.failures import SourceInvalid, SourceRefused, SourceUnreachable

PIECE = 256 * 1024
_MAX_MEMBERS = 100


class Gunzip:
    """Unpacks gzip in bounded pieces: a small chunk of it may hold gigabytes."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._members = 0
        self._member = zlib.decompressobj(wbits=31)
        self._started = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member.eof:
                if not data.strip(b"\0"):
                    return
                self._members += 1
                if self._members > _MAX_MEMBERS:
                    raise SourceRefused(f"{self._where} sent too many gzip streams in one.")
                self._member = zlib.decompressobj(wbits=31)
            self._started = True
            try:
                piece = self._member.decompress(data, PIECE)
            except zlib.error as exc:
                raise SourceInvalid(f"{self._where} sent broken gzip: {exc}.") from exc
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if len(piece) == PIECE and not data and not self._member.eof:
                # The rest of what was unpacked waits inside; the next call brings it.
                rest = self._member.decompress(b"", PIECE)
                yield piece
                piece = rest
            if piece:
                yield piece

    def finish(self) -> None:
        if self._started and not self._member.eof:
            raise SourceUnreachable(f"{self._where} ended in the middle of its gzip stream.")
