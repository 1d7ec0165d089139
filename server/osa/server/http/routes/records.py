"""What the archive holds now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from osa.server.http import wire
from osa.server.http.answers import answer
from osa.server.http.operations import Call, Operation, described
from osa.server.http.routes.queries import RecordListQuery
from osa.server.http.wire.records import record, record_page
from osa.server.model import Scope

router = APIRouter(route_class=Operation, tags=["records"])


@router.get(
    "/api/v1/records",
    **described("listRecords", needs=Scope.READ, answers={200: wire.RecordPage}),
)
def list_records(call: Call, query: Annotated[RecordListQuery, Query()]) -> Response:
    page = call.service.records.list(
        call.principal, query.requested(), cursor=query.position, per_page=query.per_page
    )
    return answer(record_page(page, call.service.domain))


@router.get(
    "/api/v1/records/{record_id}",
    **described("getRecord", needs=Scope.READ, answers={200: wire.Record}, refuses=(404,)),
)
def get_record(call: Call, record_id: wire.Id) -> Response:
    found = call.service.records.get(call.principal, record_id)
    return answer(record(found, call.service.domain))
