"""One line of log for each request, its id and where its sender stands on each answer, and what is
counted. Pure ASGI: nothing is held back."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from osa.server.errors import HeadersTooLarge
from osa.server.http.metrics import Metrics
from osa.server.http.problems import problem_response
from osa.server.http.rates import Standing
from osa.server.model import new_id

log = logging.getLogger("osa.http")

#: Bytes of the request line and all headers. The web server's own limit is twice that.
MAX_HEADER_BYTES = 32 * 1024
#: In log and metrics alone: the caller hung up before there was an answer.
_GONE = 499


@dataclass(slots=True)
class Facts:
    """What is known about a request, for its line."""

    request_id: str
    operation: str | None = None
    template: str | None = None
    tenant: str | None = None
    token: str | None = None
    ingestion_id: str | None = None
    #: Of the token that asks, or of an address that has none.
    standing: Standing | None = None


class Access:
    """The outermost layer: whatever breaks below becomes a problem here."""

    def __init__(self, app: ASGIApp, *, domain: str, metrics: Metrics) -> None:
        self._app = app
        self._domain = domain
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        facts = scope["osa.facts"] = Facts(new_id())
        app = self._app if _header_bytes(scope) <= MAX_HEADER_BYTES else self._too_large(scope)
        head = scope["method"] == "HEAD"
        status = 0
        answered = _Answered()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message.get("headers", ())
                answered.look(headers)
                if answered.is_stream:
                    self._metrics.streams.inc()
                message["headers"] = [
                    *headers,
                    (b"x-request-id", facts.request_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    *(facts.standing.headers if facts.standing else ()),
                ]
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await app(scope, receive, answer)
        except ClientDisconnect:
            status = status or _GONE
        except Exception as exc:
            _tell(logging.ERROR, facts, scope, 500, began, exc)
            if status:
                raise
            response = problem_response(
                exc, instance=scope["path"], request_id=facts.request_id, domain=self._domain
            )
            await response(scope, receive, answer)
            return
        finally:
            self._count(facts, status or 500, began, answered)
        _tell(logging.INFO, facts, scope, status, began)

    def _too_large(self, scope: Scope) -> Response:
        facts: Facts = scope["osa.facts"]
        return problem_response(
            HeadersTooLarge(MAX_HEADER_BYTES),
            instance=scope["path"],
            request_id=facts.request_id,
            domain=self._domain,
        )

    def _count(self, facts: Facts, status: int, began: float, answered: _Answered) -> None:
        operation = facts.operation or "none"
        self._metrics.requests.labels(operation, str(status)).inc()
        if answered.is_stream:
            self._metrics.streams.dec()
        elif not answered.waited and status != _GONE:
            self._metrics.seconds.labels(operation).observe(time.perf_counter() - began)


@dataclass(slots=True)
class _Answered:
    """What an answer's headers tell of how long it may take."""

    is_stream: bool = False
    #: It came when there was news, as it was asked to.
    waited: bool = False

    def look(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        for name, value in headers:
            if name == b"content-type":
                self.is_stream = value.startswith(b"text/event-stream")
            elif name == b"preference-applied":
                self.waited = True


def _header_bytes(scope: Scope) -> int:
    line = len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
    return line + sum(len(name) + len(value) for name, value in scope["headers"])


def _tell(
    level: int,
    facts: Facts,
    scope: Scope,
    status: int,
    began: float,
    error: Exception | None = None,
) -> None:
    if not log.isEnabledFor(level):
        return
    keys = {
        "method": scope["method"],
        "path": facts.template,
        "status": status,
        "duration_ms": round((time.perf_counter() - began) * 1000, 3),
        "request_id": facts.request_id,
        "tenant": facts.tenant,
        "token": facts.token,
        "ingestion_id": facts.ingestion_id,
    }
    told = {key: value for key, value in keys.items() if value is not None}
    log.log(level, "request", exc_info=error, extra=told)
