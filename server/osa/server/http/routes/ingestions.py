"""The run lifecycle."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from pydantic import MISSING
from starlette.responses import Response

from osa.server.http import wire
from osa.server.http.answers import answer, ingestion_answer, read_answer
from osa.server.http.operations import Call, Operation, described
from osa.server.http.routes.queries import IngestionListQuery, ReadHeaders, StartHeaders
from osa.server.http.waiting import LaterAnswer, Look
from osa.server.http.wire.cleanups import cleanup
from osa.server.http.wire.diagnoses import diagnosis
from osa.server.http.wire.ingestions import ingestion_page
from osa.server.model import CleanupFilter, Scope
from osa.server.service.acceptance import Started

#: A read waits no longer, whatever is preferred.
_LONGEST_WAIT = 60

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
    started = call.service.ingestions.start(
        call.principal, body.requested(), idempotency_key=header.key
    )
    return _accepted(call, started)


@router.get(
    "/api/v1/ingestions",
    **described("listIngestions", needs=Scope.READ, answers={200: wire.IngestionPage}),
)
def list_ingestions(call: Call, query: Annotated[IngestionListQuery, Query()]) -> Response:
    page = call.service.reading.list(
        call.principal,
        query.requested(),
        cursor=query.position,
        per_page=query.per_page,
        include_total=query.counts,
    )
    return answer(ingestion_page(page, call.service.domain))


@router.get(
    "/api/v1/ingestions/{ingestion_id}",
    **described(
        "getIngestion",
        needs=Scope.READ,
        answers={200: wire.Ingestion, 304: None},
        refuses=(404,),
    ),
)
def get_ingestion(
    call: Call, ingestion_id: wire.Id, header: Annotated[ReadHeaders, Header()]
) -> Response:
    known, wait = header.known, header.wait
    headers = {}
    if wait is not None:
        wait = min(wait, _LONGEST_WAIT, int(call.settings.stream_max_seconds))
        headers["Preference-Applied"] = f"wait={wait}"

    def look() -> Look:
        ingestion = call.service.reading.get(call.principal, ingestion_id)
        response = read_answer(ingestion, call.service.domain, known, headers)
        settled = ingestion.done if known is None else response.status_code == 200
        return Look(response=response, version=ingestion.version, settled=settled)

    first = look()
    # Whoever has "anything" already has what comes, too.
    if not wait or first.settled or (known is not None and known.anything):
        return first.response
    return LaterAnswer(call.watchers, look, ingestion_id=ingestion_id, first=first, seconds=wait)


@router.delete(
    "/api/v1/ingestions/{ingestion_id}",
    **described("deleteIngestion", needs=Scope.WRITE, answers={204: None}, refuses=(404, 409)),
)
def delete_ingestion(call: Call, ingestion_id: wire.Id) -> Response:
    call.service.deletions.delete(call.principal, ingestion_id)
    return Response(status_code=204)


@router.post(
    "/api/v1/ingestions/{ingestion_id}/retry",
    **described(
        "retryIngestion",
        needs=Scope.WRITE,
        answers={202: wire.Ingestion, 200: wire.Ingestion},
        refuses=(404, 409, 413, 415, 422),
    ),
)
def retry_ingestion(
    call: Call,
    ingestion_id: wire.Id,
    header: Annotated[StartHeaders, Header()],
    body: wire.RetryIngestion,
) -> Response:
    started = call.service.retries.retry(
        call.principal, ingestion_id, body.requested(), idempotency_key=header.key
    )
    return _accepted(call, started)


@router.get(
    "/api/v1/ingestions/{ingestion_id}/diagnosis",
    **described(
        "explainIngestion", needs=Scope.READ, answers={200: wire.Diagnosis}, refuses=(404,)
    ),
)
def explain_ingestion(call: Call, ingestion_id: wire.Id) -> Response:
    found = call.service.diagnoses.explain(call.principal, ingestion_id)
    poll_after = found.poll_after_seconds
    headers = {} if poll_after is None else {"Retry-After": str(poll_after)}
    return answer(diagnosis(found), headers=headers)


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
        force=asked.force,
    )
    return ingestion_answer(ingestion, call.service.domain, 200 if ingestion.done else 202)


@router.post(
    "/api/v1/cleanups",
    **described(
        "createCleanup",
        needs=Scope.WRITE,
        answers={200: wire.Cleanup},
        refuses=(404, 409, 413, 415),
    ),
)
def create_cleanup(call: Call, body: wire.CleanUpIngestions) -> Response:
    cleanups, wanted = call.service.cleanups, body.filter()
    if body.selection_token is MISSING:
        return answer(cleanup(cleanups.select(call.principal, wanted or CleanupFilter())))
    return answer(cleanup(cleanups.delete(call.principal, body.selection_token, wanted)))


def _accepted(call: Call, started: Started) -> Response:
    """202 for a new one; 200 for one that was there, and why."""
    ingestion = started.ingestion
    call.facts.ingestion_id = ingestion.id
    headers = {"Location": f"/api/v1/ingestions/{ingestion.id}"}
    if started.replayed:
        headers["Idempotent-Replayed"] = "true"
    if started.attached:
        headers["Ingestion-Attached"] = "true"
    status = 200 if started.replayed or started.attached else 202
    return ingestion_answer(ingestion, call.service.domain, status, headers)
