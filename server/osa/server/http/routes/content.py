"""Bytes of artifacts and of records' files."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header
from pydantic import MISSING
from starlette.responses import Response

from osa.server.http import wire
from osa.server.http.content import FileAnswer
from osa.server.http.operations import Call, Operation, described
from osa.server.http.routes.queries import RangeHeaders
from osa.server.model import Scope, StoredFile

router = APIRouter(route_class=Operation)

_ARTIFACT = "/api/v1/artifacts/{artifact_id}/content"
_FILE = "/api/v1/records/{record_id}/files/{file_id}/content"


@router.get(
    _ARTIFACT,
    tags=["ingestions"],
    **described(
        "getArtifactContent",
        needs=Scope.READ,
        answers={200: wire.Content, 206: wire.Content},
        refuses=(404, 416),
        media_type="application/octet-stream",
    ),
)
def get_artifact_content(
    call: Call, artifact_id: wire.Id, header: Annotated[RangeHeaders, Header()]
) -> Response:
    file = call.service.reading.artifact_file(call.principal, artifact_id)
    return _part(call, file, header)


@router.head(
    _ARTIFACT,
    tags=["ingestions"],
    **described(
        "headArtifactContent", needs=Scope.READ, answers={200: None}, refuses=(404,), head=True
    ),
)
def head_artifact_content(call: Call, artifact_id: wire.Id) -> Response:
    return FileAnswer(call.service.reading.artifact_file(call.principal, artifact_id))


@router.get(
    _FILE,
    tags=["records"],
    **described(
        "getRecordFileContent",
        needs=Scope.READ,
        answers={200: wire.Content, 206: wire.Content},
        refuses=(404, 416),
        media_type="application/octet-stream",
    ),
)
def get_record_file_content(
    call: Call, record_id: wire.Id, file_id: wire.Id, header: Annotated[RangeHeaders, Header()]
) -> Response:
    file = call.service.records.file(call.principal, record_id, file_id)
    return _part(call, file, header)


@router.head(
    _FILE,
    tags=["records"],
    **described(
        "headRecordFileContent", needs=Scope.READ, answers={200: None}, refuses=(404,), head=True
    ),
)
def head_record_file_content(call: Call, record_id: wire.Id, file_id: wire.Id) -> Response:
    return FileAnswer(call.service.records.file(call.principal, record_id, file_id))


def _part(call: Call, file: StoredFile, header: RangeHeaders) -> Response:
    requested = None if header.range is MISSING else header.range
    return FileAnswer(file, requested=requested, if_range=call.headers.get("if-range"))
