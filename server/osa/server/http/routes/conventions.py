"""What can be run, and with which parameters."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import MISSING
from starlette.responses import Response

from osa.server.http import wire
from osa.server.http.answers import answer
from osa.server.http.operations import Call, Operation, described
from osa.server.http.routes.queries import ConventionListQuery
from osa.server.http.wire.conventions import convention_detail, convention_list
from osa.server.model import Scope

router = APIRouter(route_class=Operation, tags=["conventions"])


@router.get(
    "/api/v1/conventions",
    **described("listConventions", needs=Scope.READ, answers={200: wire.ConventionList}),
)
def list_conventions(call: Call, query: Annotated[ConventionListQuery, Query()]) -> Response:
    ingestable = None if query.ingestable is MISSING else query.ingestable
    found = call.service.conventions.list(ingestable)
    return answer(convention_list(found, call.service.domain))


@router.get(
    "/api/v1/conventions/{convention_id}",
    **described(
        "getConvention", needs=Scope.READ, answers={200: wire.ConventionDetail}, refuses=(404,)
    ),
)
def get_convention(call: Call, convention_id: wire.ConventionId) -> Response:
    found = call.service.conventions.get(convention_id)
    return answer(convention_detail(found, call.service.domain))
