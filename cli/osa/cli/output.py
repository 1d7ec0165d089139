"""What reaches the user: data on standard output, talk on standard error.

Tables are for people and may change; `json` and `jsonl` are the server's objects, untouched.
Colour and truncation happen on a terminal only. What came from elsewhere (titles, messages, file
names) is shown with its control characters spelled out, so that a document cannot rewrite the
screen.
"""

from __future__ import annotations

import enum
import json
import os
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from osa.cli.problems import CommandFailed, ReaderGone

JsonObject = dict[str, Any]


class Format(enum.StrEnum):
    """What standard output holds."""

    table = "table"
    json = "json"
    jsonl = "jsonl"


# Control characters, line separators and the marks that reverse the direction of writing.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# JSON leaves these as they are, and a terminal obeys them; the escaped spelling is the same JSON.
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_COLOURS = {
    "succeeded": "32",
    "created": "32",
    "running": "36",
    "canceling": "33",
    "canceled": "33",
    "rejected": "31",
    "failed": "31",
    "bold": "1",
    "faint": "2",
}


def clean(text: object) -> str:
    """One line that is safe to show."""
    spelled = str(text).replace("\r\n", "\n").replace("\n", " ").replace("\t", " ")
    return _UNSAFE.sub(lambda found: f"\\x{ord(found[0]):02x}", spelled)


def clean_lines(text: object) -> list[str]:
    """The lines of a text that has several, each safe to show; one at least."""
    lines = str(text).rstrip().replace("\r\n", "\n").split("\n")
    return [clean(line).rstrip() for line in lines]


def write(text: str) -> None:
    """Data, with a line end."""
    _put(sys.stdout, text)


def say(text: str = "") -> None:
    """Talk, with a line end."""
    _put(sys.stderr, text)


def _put(stream: TextIO | None, text: str) -> None:
    if stream is None:
        # Closed by the caller, as in `osa … >&-`: nothing is wanted.
        return
    encoding = stream.encoding or "utf-8"
    if encoding.lower().replace("-", "") != "utf8":
        # A terminal that knows no UTF-8 gets escapes; a failure to speak is no failure of the work.
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        stream.write(text + "\n")
        stream.flush()
    except BrokenPipeError as exc:
        raise ReaderGone from exc
    except OSError as exc:
        if stream is not sys.stdout:
            raise
        # A full disk below `osa … > file`. What is buffered would fail once more on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise CommandFailed(
            f"The output cannot be written: {exc.strerror}.",
            next_step="What was asked for may have been done all the same.",
        ) from exc


def dump(value: object, *, indent: int | None = None) -> str:
    """JSON for people and programs: readable, and without anything that a terminal would obey."""
    separators = (",", ": ") if indent else (",", ":")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether someone looks at it through something that can do more than print lines."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def has_colour(stream: TextIO | None) -> bool:
    """https://no-color.org: any value but the empty one turns colour off."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def paint(text: str, style: str, stream: TextIO | None) -> str:
    """The text in the colour of a status, an outcome or `bold`, where colours are shown."""
    code = _COLOURS.get(style)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text and has_colour(stream) else text


def width_of(text: str) -> int:
    """Cells on a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def shorten(text: str, width: int) -> str:
    """At most so many cells."""
    if width_of(text) <= width:
        return text
    kept = ""
    for character in text:
        if width_of(kept + character) > width - 1:
            break
        kept += character
    return kept.rstrip() + "…" if width > 0 else ""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table; one with `least` gives way on a terminal, down to so many cells."""

    title: str
    right: bool = False
    least: int | None = None
    coloured: bool = False


def table(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
    """A table on standard output; columns with no content at all are left out."""
    cells = [["-" if value is None else clean(value) for value in row] for row in rows]
    shown = [i for i in range(len(columns)) if any(row[i] not in ("", "-") for row in cells)]
    columns = [columns[i] for i in shown]
    cells = [[row[i] for i in shown] for row in cells]
    widths = [
        max(width_of(column.title), *(width_of(row[i]) for row in cells))
        for i, column in enumerate(columns)
    ]
    gap = 2
    if is_terminal(sys.stdout):
        room = shutil.get_terminal_size().columns
        # On a narrow terminal the words matter more than the room between them.
        gap = 2 if sum(widths) + 2 * (len(widths) - 1) <= room else 1
        _fit(columns, widths, room - gap * (len(widths) - 1))
    titles = [column.title for column in columns]
    heading = _line(columns, widths, titles, gap=gap, painted=False)
    write(paint(heading, "bold", sys.stdout))
    for row in cells:
        write(_line(columns, widths, row, gap=gap, painted=True))


def _fit(columns: Sequence[Column], widths: list[int], room: int) -> None:
    for _ in range(sum(widths) - room):
        # The widest of those that may give way gives way first.
        flexible = [i for i, c in enumerate(columns) if c.least and widths[i] > c.least]
        if not flexible:
            return
        widths[max(flexible, key=lambda i: widths[i])] -= 1


def _line(
    columns: Sequence[Column],
    widths: Sequence[int],
    values: Sequence[str],
    *,
    gap: int,
    painted: bool,
) -> str:
    parts = []
    for i, (column, width, value) in enumerate(zip(columns, widths, values, strict=True)):
        text = shorten(value, width)
        fill = " " * (width - width_of(text))
        if painted and column.coloured:
            text = paint(text, value, sys.stdout)
        last = i == len(columns) - 1
        parts.append(fill + text if column.right else text if last else text + fill)
    return (" " * gap).join(parts).rstrip()


def block(rows: Iterable[tuple[str, object]]) -> None:
    """Names and values, one pair a line; long values go on below themselves on a terminal."""
    shown = [(name, value if isinstance(value, str) else str(value)) for name, value in rows]
    indent = max((len(name) for name, _ in shown), default=0) + 2
    for name, value in shown:
        lines = _wrap(clean(value), indent)
        if name == "Status":
            word, space, rest = lines[0].partition(" ")
            lines[0] = paint(word, word, sys.stdout) + space + rest
        write(f"{name:<{indent}}{lines[0]}".rstrip())
        for line in lines[1:]:
            write(" " * indent + line)


def entry(marks: str, text: object, *, width: int, indent: int = 4) -> None:
    """A text of any number of lines behind its marks, which are so many cells wide.

    Whatever is not its first line is indented, the rest of a line that is too long for a terminal
    too: a text is not to be taken for an entry of its own.
    """
    first, *rest = clean_lines(text)
    # The marks' room is held by a character that no break is made at.
    lines = _wrap_hanging("x" * width + first, indent)
    write((marks + lines[0][width:]).rstrip())
    for line in lines[1:]:
        write(line)
    for each in rest:
        for line in _wrap_hanging(" " * indent + each, indent):
            write(line)


def _wrap_hanging(line: str, indent: int) -> list[str]:
    if not is_terminal(sys.stdout):
        return [line.rstrip()]
    return textwrap.wrap(
        line,
        max(40, shutil.get_terminal_size().columns),
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
    ) or [""]


def paragraph(text: object, indent: int) -> None:
    """A text of any length, indented; broken into lines on a terminal only."""
    for line in _wrap(clean(text), indent):
        write(" " * indent + line)


def _wrap(text: str, indent: int) -> list[str]:
    if not is_terminal(sys.stdout):
        return [text]
    room = max(40, shutil.get_terminal_size().columns) - indent
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]


def show_size(size: object) -> str:
    """Bytes in the unit that fits."""
    if not isinstance(size, int | float):
        return "-"
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
