"""The service itself."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from osa.server.http import wire
from osa.server.http.answers import answer
from osa.server.http.contract import contract
from osa.server.http.operations import Call, Operation, described

router = APIRouter(route_class=Operation, tags=["service"])


@router.get("/healthz", **described("getHealth", needs=None, answers={200: wire.Health}))
async def get_health(call: Call) -> Response:
    return answer({"status": "ok"})


@router.get("/readyz", **described("getReadiness", needs=None, answers={200: wire.Readiness}))
def get_readiness(call: Call) -> Response:
    ready = call.service.readiness()
    return answer(
        {"status": "ready", "version": ready.version, "workers_alive": ready.workers_alive}
    )


@router.get(
    "/openapi.json",
    **described("getOpenapiJson", needs=None, answers={200: wire.OpenapiDocument}),
)
async def get_openapi_json(call: Call) -> Response:
    return Response(contract().json, media_type="application/json")


@router.get(
    "/openapi.yaml",
    **described(
        "getOpenapiYaml",
        needs=None,
        answers={200: {"type": "string"}},
        media_type="application/yaml",
    ),
)
async def get_openapi_yaml(call: Call) -> Response:
    written = contract()
    return Response(written.yaml, media_type="application/yaml", headers={"ETag": written.etag})
