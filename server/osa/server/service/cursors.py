"""Cursors of lists: opaque, signed, and bound to the list and the filters they were made for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from osa.server.errors import InvalidCursor
from osa.server.store.columns import from_micros, to_micros
from osa.server.store.paging import Position, Slice


class Cursors:
    """Encodes and decodes positions. All servers share the key through the database."""

    def __init__(self, key: Callable[[], str]) -> None:
        self._load_key = key

    @cached_property
    def _key(self) -> bytes:
        return self._load_key().encode()

    def encode(self, scope: Mapping[str, Any], position: Position | None) -> str | None:
        """`scope` is everything that names the list: its kind, tenant and filters."""
        if position is None:
            return None
        key = [_plain(value) for value in position.key]
        body = json.dumps([key, position.backwards, _fingerprint(scope)]).encode()
        return f"{_b64(body)}.{_b64(self._sign(body))}"

    def decode(
        self, scope: Mapping[str, Any], cursor: str | None, *, times: Sequence[int] = ()
    ) -> Position | None:
        """Raises InvalidCursor. `times` are the positions in the key that are moments."""
        if cursor is None:
            return None
        try:
            text, _, signature = cursor.partition(".")
            body = _unb64(text)
            # Compared as text: base64 has several spellings of the same bytes.
            if text != _b64(body) or not hmac.compare_digest(
                _b64(self._sign(body)).encode(), signature.encode()
            ):
                raise InvalidCursor
            key, backwards, fingerprint = json.loads(body)
        except ValueError as exc:
            raise InvalidCursor from exc
        if fingerprint != _fingerprint(scope):
            raise InvalidCursor
        moments = set(times)
        values = [from_micros(v) if i in moments else v for i, v in enumerate(key)]
        return Position(key=tuple(values), backwards=backwards)

    def both(self, scope: Mapping[str, Any], found: Slice) -> tuple[str | None, str | None]:
        """The cursors to the next and to the previous page."""
        return self.encode(scope, found.next), self.encode(scope, found.previous)

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:16]


def _plain(value: Any) -> Any:
    return to_micros(value) if isinstance(value, datetime) else value


def _fingerprint(scope: Mapping[str, Any]) -> str:
    text = json.dumps(scope, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
