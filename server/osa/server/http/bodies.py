"""Bodies, read by ourselves: what the usual readers let through would break what comes later."""

from __future__ import annotations

import json
import math
import re
from email.message import Message
from typing import Any, NoReturn

from starlette.requests import Request

from osa.server.errors import BodyTooLarge, ErrorDetail, UnsupportedMediaType
from osa.server.http.problems import invalid

#: Containers within containers, at most: what is written must be readable by everyone's parser.
MAX_DEPTH = 100
_BRACKETS = re.compile(rb"[\[{]")
_SURROGATE = re.compile(rb"\\[uU][dD][89a-fA-F]")


def declared_length(request: Request) -> int | None:
    """What `Content-Length` says; None for a body of unknown length."""
    if "transfer-encoding" in request.headers:
        return None
    length = request.headers.get("content-length", "0")
    return int(length) if length.isdecimal() else None


async def read(request: Request, limit: int) -> bytes:
    """The whole body. Raises BodyTooLarge as soon as that is known."""
    too_large = BodyTooLarge(limit, "Upload the file first and name its upload_id.")
    if (declared_length(request) or 0) > limit:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large
        chunks.append(chunk)
    return b"".join(chunks)


def check_media_type(request: Request, expected: str) -> None:
    """Raises UnsupportedMediaType unless the body is said to be what the operation takes."""
    given = request.headers.getlist("content-type")
    message = Message()
    message["content-type"] = given[0] if len(given) == 1 else "none/none"
    charset = message.get_param("charset", "utf-8")
    encoded = request.headers.get("content-encoding", "identity").lower() != "identity"
    if (
        message.get_content_type() != expected
        or str(charset).lower() not in ("utf-8", "utf8")
        or encoded
    ):
        said = ", ".join(given) or None
        if encoded:
            said = f"{said} with a content encoding"
        raise UnsupportedMediaType([expected], said and said[:200])


def parse(raw: bytes) -> Any:
    """JSON (RFC 8259) that everyone reads in the same way. Raises InvalidRequest."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        _refuse(f"The body is not UTF-8: byte {exc.start} does not belong there", "utf8_invalid")
    too_deep = f"The body is nested deeper than {MAX_DEPTH} levels"
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        _refuse(too_deep, "json_too_deep")
    except json.JSONDecodeError as exc:
        _refuse(f"The body is not JSON: {exc.msg} at character {exc.pos}", "json_invalid")
    except ValueError as exc:
        _refuse(str(exc), "json_invalid")
    # Both looks cost a walk, so they are taken only where the text gives a reason.
    deep = len(_BRACKETS.findall(raw)) > MAX_DEPTH
    if deep or _SURROGATE.search(raw):
        _walk(value, too_deep)
    return value


def _walk(value: Any, too_deep: str) -> None:
    waiting = [(value, 1)]
    while waiting:
        one, depth = waiting.pop()
        if isinstance(one, str):
            _check_text(one)
        elif isinstance(one, dict | list):
            if depth > MAX_DEPTH:
                _refuse(too_deep, "json_too_deep")
            if isinstance(one, dict):
                for key in one:
                    _check_text(key)
                one = list(one.values())
            waiting += [(inner, depth + 1) for inner in one]


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        _refuse("A string has half of a surrogate pair, which is no character", "string_unicode")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for key in found if sum(key == other for other, _ in pairs) > 1)
        raise ValueError(f"The key {twice[:100]!r} occurs twice in one object")
    return found


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        raise ValueError(f"An integer has {len(digits)} digits, which is too many") from None


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"The number {digits[:100]} is too large")
    return value


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_finite, parse_constant=_constant
)


def _refuse(message: str, kind: str) -> NoReturn:
    raise invalid([ErrorDetail(loc=["body"], msg=message, type=kind)])
