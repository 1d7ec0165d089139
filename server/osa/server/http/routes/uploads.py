"""Bytes to ingest, sent ahead."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import MISSING
from starlette.responses import Response

from osa.server.errors import BodyTooLarge
from osa.server.http import bodies, wire
from osa.server.http.answers import answer
from osa.server.http.operations import Call, Operation, described
from osa.server.http.routes.queries import UploadQuery
from osa.server.http.wire.uploads import upload
from osa.server.model import Scope, Upload
from osa.server.service.uploads import UploadSink

router = APIRouter(route_class=Operation, tags=["uploads"])

_MEDIA_TYPE = "application/octet-stream"
#: Bytes that are gathered before a thread writes them.
_GATHERED = 1024**2


@router.post(
    "/api/v1/uploads",
    **described(
        "createUpload",
        needs=Scope.WRITE,
        answers={201: wire.Upload},
        refuses=(413, 415, 422),
        # The body is streamed, so FastAPI must not know it as an argument.
        extra={
            "requestBody": {
                "required": True,
                "content": {_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Content"}}},
            }
        },
    ),
)
async def create_upload(call: Call, query: Annotated[UploadQuery, Query()]) -> Response:
    bodies.check_media_type(call, _MEDIA_TYPE)
    limit = call.settings.upload_max_bytes
    if (bodies.declared_length(call) or 0) > limit:
        raise BodyTooLarge(limit, "OSA_UPLOAD_MAX_BYTES sets the limit.")
    sink = await call.aside(call.service.uploads.begin, call.principal)
    try:
        kept = await _receive(call, sink, query)
    except BaseException:
        # Also when the caller goes away or the server stops; the file must not stay.
        sink.abort()
        raise
    return answer(upload(kept), 201, {"Location": f"/api/v1/uploads/{kept.id}"})


async def _receive(call: Call, sink: UploadSink, query: UploadQuery) -> Upload:
    gathered: list[bytes] = []
    size = 0
    async for chunk in call.stream():
        gathered.append(chunk)
        size += len(chunk)
        if size >= _GATHERED:
            await call.aside(sink.write, b"".join(gathered))
            gathered, size = [], 0
    await call.aside(sink.write, b"".join(gathered))
    return await call.aside(
        sink.finish,
        filename=None if query.filename is MISSING else query.filename,
        media_type=None if query.media_type is MISSING else query.media_type,
        sha256=None if query.sha256 is MISSING else query.sha256,
    )


@router.get(
    "/api/v1/uploads/{upload_id}",
    **described("getUpload", needs=Scope.READ, answers={200: wire.Upload}, refuses=(404,)),
)
def get_upload(call: Call, upload_id: wire.Id) -> Response:
    return answer(upload(call.service.uploads.get(call.principal, upload_id)))
