"""Long work in pieces, so that others write in between."""

from __future__ import annotations

import time
from collections.abc import Iterator

#: A piece that took longer was waiting for others itself.
_LONGEST_REST = 0.1


def pieces(seconds: float) -> Iterator[None]:
    """Once for each piece, at least once, until the time is over. Between two it rests for as long
    as the last one took: SQLite has one writer, and its lock goes to whoever asks first."""
    end = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        yield
        now = time.monotonic()
        if now >= end:
            return
        time.sleep(min(now - began, _LONGEST_REST))
