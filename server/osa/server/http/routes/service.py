"""The service itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from osa.server.http import metrics, wire
from osa.server.http.answers import answer
from osa.server.http.contract import contract
from osa.server.http.operations import Call, Operation, described
from osa.server.http.routes.queries import AuditListQuery
from osa.server.http.wire.service import audit_page, caller, service_status
from osa.server.model import Scope

router = APIRouter(route_class=Operation, tags=["service"])


@router.get(
    "/api/v1/caller",
    **described("getCaller", needs=Scope.READ, answers={200: wire.Caller}),
)
def get_caller(call: Call) -> Response:
    return answer(caller(call.service.status.caller(call.principal)))


@router.get(
    "/api/v1/audit",
    **described("listAuditEntries", needs=Scope.ADMIN, answers={200: wire.AuditPage}),
)
def list_audit_entries(call: Call, query: Annotated[AuditListQuery, Query()]) -> Response:
    page = call.service.audit.page(
        call.principal, query.requested(), cursor=query.position, per_page=query.per_page
    )
    return answer(audit_page(page))


@router.get(
    "/api/v1/status",
    **described(
        "getServiceStatus",
        needs=Scope.ADMIN,
        of_tenant=False,
        answers={200: wire.ServiceStatus},
    ),
)
def get_service_status(call: Call) -> Response:
    return answer(service_status(call.service.status()))


@router.get(
    "/metrics",
    **described(
        "getMetrics",
        needs=Scope.ADMIN,
        of_tenant=False,
        answers={200: {"type": "string"}},
        media_type="text/plain",
    ),
)
def get_metrics(call: Call) -> Response:
    return Response(call.metrics.exposed(), headers={"Content-Type": metrics.MEDIA_TYPE})


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
