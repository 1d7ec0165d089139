"""Operations: routes that know their contract's name, who may call them, and what they take.

The order of checks is always the same: is there a route, is there room (503), who asks (401), not
too often (429), may they (403), does the request fit the contract (400, 413, 415), and only then
the service is asked. FastAPI documents the signatures; taking the arguments is done here, because a
body must not be read before its sender is known, and because one visit to a thread is enough for
all of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any, ParamSpec, TypeVar, cast

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from osa.server.errors import Overloaded
from osa.server.http import bodies, problems
from osa.server.http.access import Facts
from osa.server.http.arguments import Arguments
from osa.server.http.gate import Gate
from osa.server.http.lanes import Lane, Lanes
from osa.server.http.metrics import Metrics
from osa.server.http.watching import Watchers
from osa.server.model import Principal, Scope
from osa.server.service import Service
from osa.server.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

#: A body of this size is read before its sender is known: it is here already, and one visit to a
#: thread does everything.
_SMALL_BODY = 64 * 1024

#: Operations with a lane of their own; of the others GET and HEAD are reads.
_LANES: Mapping[str, Lane] = {
    "cancelIngestion": Lane.CANCELS,
    "cancelCampaign": Lane.CANCELS,
    "getReadiness": Lane.SIGNS,
    "getServiceStatus": Lane.SIGNS,
    "getMetrics": Lane.SIGNS,
}


class Call(Request):
    """A request as an operation sees it."""

    @property
    def facts(self) -> Facts:
        return cast(Facts, self.scope["osa.facts"])

    @property
    def principal(self) -> Principal:
        """Who asks; only in operations that need a scope."""
        return cast(Principal, self.scope["osa.principal"])

    @property
    def service(self) -> Service:
        return cast(Service, self.app.state.service)

    @property
    def settings(self) -> Settings:
        return cast(Settings, self.app.state.settings)

    @property
    def watchers(self) -> Watchers:
        return cast(Watchers, self.app.state.watchers)

    @property
    def metrics(self) -> Metrics:
        return cast(Metrics, self.app.state.metrics)

    async def aside(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what may block in a thread."""
        lanes = cast(Lanes, self.app.state.lanes)
        return await lanes.aside(self.scope["osa.lane"], function, *args, **kwargs)

    def check_room(self) -> None:
        """Raises Overloaded. Nothing was done yet, so nothing is lost."""
        lane = cast(Lane, self.scope["osa.lane"])
        if not cast(Lanes, self.app.state.lanes).is_open(lane):
            self.metrics.shed.labels(lane.value).inc()
            raise Overloaded


class Operation(APIRoute):
    """A route of the contract."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        arguments = Arguments(self.endpoint, list(self.param_convertors))
        endpoint = self.endpoint
        blocks = not inspect.iscoroutinefunction(endpoint)
        scope = _needed(self.openapi_extra)
        template = self.path_format
        operation = self.operation_id
        lane = _lane(operation, self.methods)

        def admit(call: Call) -> None:
            if scope is not None:
                gate = cast(Gate, call.app.state.gate)
                principal = gate.admit(call, call.facts, lane, scope)
                call.scope["osa.principal"] = principal
                call.facts.tenant = principal.tenant

        def take(call: Call, raw: bytes | None) -> dict[str, Any]:
            taken = arguments.take(call, raw)
            call.facts.ingestion_id = taken.get("ingestion_id")
            return taken

        def answer(call: Call, raw: bytes | None) -> Response:
            return cast(Response, endpoint(call, **take(call, raw)))

        def admit_and_answer(call: Call, raw: bytes | None) -> Response:
            admit(call)
            return answer(call, raw)

        async def handle(request: Request) -> Response:
            call = Call(request.scope, request.receive)
            call.facts.operation, call.facts.template = operation, template
            call.scope["osa.lane"] = lane
            if not blocks:
                if scope is not None:
                    call.check_room()
                    await call.aside(admit, call)
                return cast(Response, await endpoint(call, **take(call, None)))
            call.check_room()
            if not arguments.takes_body:
                return await call.aside(admit_and_answer, call, None)
            limit = call.settings.json_body_max_bytes
            length = bodies.declared_length(call)
            if length is not None and length <= min(limit, _SMALL_BODY):
                raw = await bodies.read(call, limit)
                # It may have come slowly, and many others meanwhile.
                call.check_room()
                return await call.aside(admit_and_answer, call, raw)
            await call.aside(admit, call)
            raw = await bodies.read(call, limit)
            return await call.aside(answer, call, raw)

        return handle


def described(
    operation_id: str,
    *,
    needs: Scope | None,
    of_tenant: bool = True,
    answers: Mapping[int, Any],
    refuses: tuple[int, ...] = (),
    media_type: str = "application/json",
    head: bool = False,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a route decorator is told: the operation's name, its scope, whether an admin may choose
    the tenant it is about, and the types it answers. The first status is the usual one; a HEAD has
    no content, whatever its status."""
    common = (400, 431, 500, 503) if needs is None else (400, 401, 403, 429, 431, 500, 503)
    responses: dict[int | str, dict[str, Any]] = {
        status: {"description": "", **_content(answer, media_type)}
        for status, answer in answers.items()
    }
    for status in sorted({*common, *refuses}):
        problem = None if head else "Problem"
        responses[status] = {"description": "", **_content(problem, problems.MEDIA_TYPE)}
    return {
        "operation_id": operation_id,
        "status_code": next(iter(answers)),
        "response_model": None,
        "response_class": Response,
        "responses": responses,
        "openapi_extra": {
            "security": _security(needs, of_tenant),
            **(extra or {}),
        },
    }


def _security(needs: Scope | None, of_tenant: bool) -> list[dict[str, list[str]]]:
    """The ways in; `_needed` reads the first."""
    if needs is None:
        return []
    ways = [{"bearerAuth": [needs.value]}]
    if of_tenant:
        ways.append({"bearerAuth": [Scope.ADMIN.value], "tenantHeader": []})
    return ways


def _content(answer: Any, media_type: str) -> dict[str, Any]:
    if answer is None:
        return {}
    if isinstance(answer, Mapping):
        schema: Mapping[str, Any] = answer
    else:
        name = answer if isinstance(answer, str) else answer.__name__
        schema = {"$ref": f"#/components/schemas/{name}"}
    return {"content": {media_type: {"schema": schema}}}


def _lane(operation: str | None, methods: Collection[str] | None) -> Lane:
    usual = Lane.READS if set(methods or ()) <= {"GET", "HEAD"} else Lane.WRITES
    return _LANES.get(operation or "", usual)


def _needed(extra: Mapping[str, Any] | None) -> Scope | None:
    security = (extra or {}).get("security", [])
    return Scope(security[0]["bearerAuth"][0]) if security else None
