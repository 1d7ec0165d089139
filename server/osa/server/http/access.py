"""One line of log for each request, and its id on each answer. Pure ASGI: nothing is held back."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from osa.server.http.problems import problem_response
from osa.server.model import new_id

log = logging.getLogger("osa.http")


@dataclass(slots=True)
class Facts:
    """What is known about a request, for its line."""

    request_id: str
    template: str | None = None
    tenant: str | None = None
    token: str | None = None
    ingestion_id: str | None = None


class Access:
    """The outermost layer: whatever breaks below becomes a problem here."""

    def __init__(self, app: ASGIApp, *, domain: str) -> None:
        self._app = app
        self._domain = domain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        facts = scope["osa.facts"] = Facts(new_id())
        head = scope["method"] == "HEAD"
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", facts.request_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                ]
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            status = status or 499
        except Exception as exc:
            _tell(logging.ERROR, facts, scope, 500, began, exc)
            if status:
                raise
            response = problem_response(
                exc, instance=scope["path"], request_id=facts.request_id, domain=self._domain
            )
            await response(scope, receive, answer)
            return
        _tell(logging.INFO, facts, scope, status, began)


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
