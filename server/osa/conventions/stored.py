"""What becomes of text when it is stored. Here, because slot and server must agree: the identity
that a convention gives an item is compared with one that was stored."""

from __future__ import annotations

import hashlib

#: Characters of an identity, and of a line of log, in the contract.
SOURCE_ID_LENGTH = 2048
MESSAGE_LENGTH = 4000

#: Control characters but for tab and line feed: a terminal obeys them. C0 and DEL have pictures.
_HARMLESS = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"},
    0x7F: "\u2421",
    **{code: "\ufffd" for code in range(0x80, 0xA0)},
}


def storable(text: str) -> str:
    """Text that every database takes: no NUL, no half of a surrogate pair."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def identity(source_id: str) -> str:
    """A source_id that fits. One that is too long, or has what no database takes, ends in the
    SHA-256 of the whole: two that differ never become one."""
    text = storable(source_id)
    if text == source_id and len(text) <= SOURCE_ID_LENGTH:
        return text
    ending = f"…sha256:{source_key(source_id)}"
    return text[: SOURCE_ID_LENGTH - len(ending)] + ending


def source_key(source_id: str) -> str:
    """What a source_id is found by: its SHA-256, in hexadecimal."""
    return hashlib.sha256(source_id.encode("utf-8", "surrogatepass")).hexdigest()


def loggable(text: str) -> str:
    """A message of the log: storable, without control characters, and not too long."""
    if len(text) > MESSAGE_LENGTH:
        text = text[: MESSAGE_LENGTH - 1] + "…"
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return storable(lines.translate(_HARMLESS)).rstrip("\n")
