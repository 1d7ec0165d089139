"""A server at the boundary of HTTP that answers with what a test hands it, and the contract's
examples to hand it."""

import json
from collections.abc import Iterator
from typing import Any

import httpx

from osa_testing.contract import CONTRACT

EXAMPLES: dict[str, Any] = {n: e["value"] for n, e in CONTRACT["components"]["examples"].items()}
ID = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f"
ACCESS = {"server": "https://archive.example", "token": "t0ken-of-mine"}


class Server:
    """Answers with what it is given, the last of it for ever, and remembers what was asked.

    An answer may also be an exception, or a function of the request.
    """

    def __init__(self, *answers: Any, status: int = 200) -> None:
        self._answers: Iterator[Any] = iter(answers)
        self._last: Any = None
        self._status = status
        self.asked: list[httpx.Request] = []
        self.http = httpx.Client(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        self._last = next(self._answers, self._last)
        found = self._last(request) if callable(self._last) else self._last
        if isinstance(found, httpx.Response):
            return httpx.Response(found.status_code, headers=found.headers, content=found.content)
        if isinstance(found, Exception):
            raise found
        return httpx.Response(self._status, json=found)

    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.asked]

    def paths(self) -> list[str]:
        """Method and path of each request."""
        return [f"{each.method} {each.url.path.removeprefix('/api/v1')}" for each in self.asked]


def problem(name: str, **headers: str) -> httpx.Response:
    """The contract's example of a problem as an answer."""
    body = EXAMPLES[f"Problem{name}"]
    return httpx.Response(body["status"], json=body, headers=headers)


def page(items: list[Any], cursor: str | None = None) -> dict[str, Any]:
    """One page of a list."""
    return {
        "items": items,
        "next_cursor": cursor,
        "prev_cursor": None,
        "has_more": cursor is not None,
    }
