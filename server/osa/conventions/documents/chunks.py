"""Pieces of a text, as spans: half-open ranges of characters of the text they were cut from."""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterator

from osa.conventions.documents.parameters import Chunking

#: What lies between two paragraphs: blank lines, or the end of a page.
_GAP = re.compile(r"\n[ \t]*\n\s*|\f\s*")


def spans(text: str, chunking: Chunking) -> Iterator[tuple[int, int]]:
    """The pieces in order, none empty or blank, none longer than `size`, that together cover
    everything but white space."""
    if chunking.by == "characters":
        yield from _by_characters(text, chunking)
    else:
        yield from _by_paragraph(text, chunking)


def lines(text: str, chunking: Chunking) -> Iterator[bytes]:
    """One JSON object for each piece: `index`, `start`, `end` (characters of the text) and
    `text`."""
    for index, (start, end) in enumerate(spans(text, chunking)):
        piece = {"index": index, "start": start, "end": end, "text": text[start:end]}
        yield json.dumps(piece, ensure_ascii=False).encode() + b"\n"


def _by_characters(text: str, chunking: Chunking) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = min(start + chunking.size, len(text))
        if text[start:end].strip():
            yield start, end
        if end == len(text):
            return
        start = end - chunking.overlap


def _by_paragraph(text: str, chunking: Chunking) -> Iterator[tuple[int, int]]:
    gaps = [gap.start() for gap in _GAP.finditer(text)]
    start = _after_space(text, 0)
    while start < len(text):
        end = _end(text, start, gaps, chunking)
        piece = text[start:end].rstrip()
        if piece:
            yield start, start + len(piece)
        if end == len(text):
            return
        # Begin at a word, within the overlap; `end` is more than `overlap` beyond `start`.
        back = end - chunking.overlap
        if chunking.overlap and not text[back - 1].isspace():
            space = re.compile(r"\s").search(text, back, end)
            back = space.start() if space else back
        start = _after_space(text, back)


def _end(text: str, start: int, gaps: list[int], chunking: Chunking) -> int:
    """Where the piece from `start` ends: at the last paragraph that fits, else at the last
    space."""
    furthest = start + chunking.size
    if furthest >= len(text):
        return len(text)
    # A piece that hardly reaches beyond its overlap would bring hardly anything new.
    nearest = start + (chunking.size + chunking.overlap) // 2 + 1
    position = bisect.bisect_right(gaps, furthest) - 1
    if position >= 0 and gaps[position] >= nearest:
        return gaps[position]
    space = max(text.rfind(" ", nearest, furthest), text.rfind("\n", nearest, furthest))
    return space if space > 0 else furthest


def _after_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position
