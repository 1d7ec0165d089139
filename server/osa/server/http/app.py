"""The application, put together from what it is given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from osa.server.errors import MethodNotAllowed, OsaError, RouteNotFound
from osa.server.http.access import Access, Facts
from osa.server.http.contract import contract
from osa.server.http.docs import add_docs
from osa.server.http.gate import Gate
from osa.server.http.lanes import Lanes
from osa.server.http.metrics import Metrics
from osa.server.http.problems import problem_response
from osa.server.http.routes import ROUTERS
from osa.server.http.watching import Watchers
from osa.server.service import Service
from osa.server.settings import Settings


def create_app(
    service: Service,
    settings: Settings,
    *,
    on_start: Callable[[], None] | None = None,
    on_stop: Callable[[], None] | None = None,
) -> FastAPI:
    """The archive over HTTP. `on_start` and `on_stop` are called with the server, in its loop."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if on_start is not None:
            on_start()
        try:
            yield
        finally:
            app.state.watchers.close()
            app.state.lanes.close()
            if on_stop is not None:
                on_stop()

    app = FastAPI(
        title=contract().document["info"]["title"],
        version=contract().document["info"]["version"],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.service = service
    app.state.settings = settings
    app.state.watchers = Watchers(service.reading.versions)
    app.state.lanes = Lanes(settings.max_pending)
    app.state.metrics = metrics = Metrics(service.status)
    app.state.gate = Gate(service.tokens, settings, metrics)
    app.state.generated_openapi = app.openapi
    app.openapi = _written  # type: ignore[method-assign]
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    add_docs(app)
    app.add_middleware(Access, domain=service.domain, metrics=metrics)
    app.add_exception_handler(OsaError, _on_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    return app


def _written() -> dict[str, Any]:
    return contract().document


async def _on_error(request: Request, error: Exception) -> Response:
    facts = cast(Facts, request.scope["osa.facts"])
    return problem_response(
        error,
        instance=request.scope["path"],
        request_id=facts.request_id,
        domain=request.app.state.service.domain,
    )


async def _on_http_error(request: Request, error: Exception) -> Response:
    """What the framework refuses by itself: a path that is not there, or not with this method."""
    status = cast(HTTPException, error).status_code
    path = request.scope["path"]
    if status == 405:
        allowed = _methods(request)
        return await _on_error(request, MethodNotAllowed(request.method, allowed))
    if status == 404:
        return await _on_error(
            request,
            RouteNotFound(f"There is nothing at {path[:200]}. `/docs` shows what there is."),
        )
    raise error


def _methods(request: Request) -> list[str]:
    """All methods of the path, of whichever routes."""
    found: set[str] = set()
    for route in request.app.router.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return sorted(found)
