"""The run lifecycle."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from pydantic import MISSING
from starlette.responses import Response

from osa.server.http import wire
from osa.server.http.answers import answer, ingestion_answer
from osa.server.http.operations import Call, Operation, described
from osa.server.http.routes.queries import IngestionListQuery, StartHeaders
from osa.server.http.wire.ingestions import ingestion_page
from osa.server.model import Scope

router = APIRouter(route_class=Operation, tags=["ingestions"])


@router.post(
    "/api/v1/ingestions",
    **described(
        "startIngestion",
        needs=Scope.WRITE,
        answers={202: wire.Ingestion, 200: wire.Ingestion},
        refuses=(404, 409, 413, 415, 422),
    ),
)
def start_ingestion(
    call: Call, header: Annotated[StartHeaders, Header()], body: wire.StartIngestion
) -> Response:
    key = None if header.idempotency_key is MISSING else header.idempotency_key
    started = call.service.ingestions.start(call.principal, body.requested(), idempotency_key=key)
    ingestion = started.ingestion
    call.facts.ingestion_id = ingestion.id
    headers = {"Location": f"/api/v1/ingestions/{ingestion.id}"}
    if started.replayed:
        headers["Idempotent-Replayed"] = "true"
    status = 200 if started.replayed else 202
    return ingestion_answer(ingestion, call.service.domain, status, headers)


@router.get(
    "/api/v1/ingestions",
    **described("listIngestions", needs=Scope.READ, answers={200: wire.IngestionPage}),
)
def list_ingestions(call: Call, query: Annotated[IngestionListQuery, Query()]) -> Response:
    page = call.service.reading.list(
        call.principal, query.requested(), cursor=query.position, per_page=query.per_page
    )
    return answer(ingestion_page(page, call.service.domain))


@router.get(
    "/api/v1/ingestions/{ingestion_id}",
    **described("getIngestion", needs=Scope.READ, answers={200: wire.Ingestion}, refuses=(404,)),
)
def get_ingestion(call: Call, ingestion_id: wire.Id) -> Response:
    ingestion = call.service.reading.get(call.principal, ingestion_id)
    return ingestion_answer(ingestion, call.service.domain)


@router.post(
    "/api/v1/ingestions/{ingestion_id}/cancel",
    **described(
        "cancelIngestion",
        needs=Scope.WRITE,
        answers={202: wire.Ingestion, 200: wire.Ingestion},
        refuses=(404, 409, 413, 415),
    ),
)
def cancel_ingestion(
    call: Call, ingestion_id: wire.Id, body: wire.CancelIngestion | MISSING = MISSING
) -> Response:
    asked = wire.CancelIngestion() if body is MISSING else body
    ingestion = call.service.ingestions.cancel(
        call.principal,
        ingestion_id,
        reason=None if asked.reason is MISSING else asked.reason,
        grace_seconds=asked.grace_seconds,
    )
    return ingestion_answer(ingestion, call.service.domain, 200 if ingestion.done else 202)
