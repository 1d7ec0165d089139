"""Problems (RFC 9457): one table from what went wrong to what is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from osa.server import errors as wrong
from osa.server.errors import ErrorDetail, OsaError
from osa.server.http import wire
from osa.server.http.wire.ingestions import ingestion

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Row:
    """How a kind of failure is told."""

    status: int
    code: str
    title: str
    retryable: bool = False


TABLE: Mapping[type[Exception], Row] = {
    wrong.InvalidRequest: Row(400, "INVALID_REQUEST", "The request does not fit the contract"),
    wrong.InvalidCursor: Row(400, "INVALID_CURSOR", "The cursor cannot be used"),
    wrong.Unauthenticated: Row(401, "UNAUTHENTICATED", "No valid token"),
    wrong.Forbidden: Row(403, "FORBIDDEN", "The token lacks a scope"),
    wrong.RouteNotFound: Row(404, "NOT_FOUND", "There is nothing here"),
    wrong.IngestionNotFound: Row(404, "INGESTION_NOT_FOUND", "No such ingestion"),
    wrong.ConventionNotFound: Row(404, "CONVENTION_NOT_FOUND", "No such convention"),
    wrong.UploadNotFound: Row(404, "UPLOAD_NOT_FOUND", "No such upload"),
    wrong.RecordNotFound: Row(404, "RECORD_NOT_FOUND", "No such record"),
    wrong.ArtifactNotFound: Row(404, "ARTIFACT_NOT_FOUND", "No such artifact"),
    wrong.CampaignNotFound: Row(404, "CAMPAIGN_NOT_FOUND", "There is no such campaign"),
    wrong.FileNotFound: Row(404, "FILE_NOT_FOUND", "No such file"),
    wrong.SelectionNotFound: Row(404, "SELECTION_NOT_FOUND", "No such selection"),
    wrong.MethodNotAllowed: Row(405, "METHOD_NOT_ALLOWED", "The method is not possible here"),
    wrong.IngestionActive: Row(409, "INGESTION_ACTIVE", "The ingestion is not done", True),
    wrong.IngestionAlreadyRetried: Row(
        409, "INGESTION_ALREADY_RETRIED", "The ingestion was retried already"
    ),
    wrong.NothingToRetry: Row(409, "NOTHING_TO_RETRY", "Nothing is left to do"),
    wrong.ConventionChanged: Row(409, "CONVENTION_CHANGED", "The convention has changed too much"),
    wrong.IngestionDeleted: Row(409, "INGESTION_DELETED", "The ingestion was deleted"),
    wrong.SelectionMismatch: Row(
        409, "SELECTION_MISMATCH", "The selection was made for other filters"
    ),
    wrong.IngestionAlreadyEnded: Row(409, "INGESTION_ALREADY_ENDED", "The ingestion has ended"),
    wrong.IngestionAlreadyRunning: Row(
        409, "INGESTION_ALREADY_RUNNING", "The convention is exclusive and running", True
    ),
    wrong.ExternalIdTaken: Row(409, "EXTERNAL_ID_TAKEN", "The external id is taken"),
    wrong.CampaignExists: Row(409, "CAMPAIGN_EXISTS", "Another campaign has this id"),
    wrong.CampaignPositionStale: Row(
        409, "CAMPAIGN_POSITION_STALE", "The position is not the next one"
    ),
    wrong.CampaignStepActive: Row(409, "CAMPAIGN_STEP_ACTIVE", "A step is active", True),
    wrong.CampaignEnded: Row(409, "CAMPAIGN_ENDED", "The campaign has ended"),
    wrong.BodyTooLarge: Row(413, "BODY_TOO_LARGE", "The body is too large"),
    wrong.UnsupportedMediaType: Row(
        415, "UNSUPPORTED_MEDIA_TYPE", "The media type is not supported"
    ),
    wrong.RangeNotSatisfiable: Row(
        416, "RANGE_NOT_SATISFIABLE", "The range is outside the content"
    ),
    wrong.InvalidParameters: Row(
        422, "INVALID_PARAMETERS", "The convention refuses the parameters"
    ),
    wrong.InvalidSource: Row(422, "INVALID_SOURCE", "The convention cannot use the source"),
    wrong.SourceNotAllowed: Row(422, "SOURCE_NOT_ALLOWED", "The source is not allowed"),
    wrong.ConventionUnavailable: Row(
        422, "CONVENTION_UNAVAILABLE", "The convention cannot run here"
    ),
    wrong.IdempotencyKeyReused: Row(
        422, "IDEMPOTENCY_KEY_REUSED", "The key was used for another body"
    ),
    wrong.ChecksumMismatch: Row(422, "CHECKSUM_MISMATCH", "The checksum does not match", True),
    wrong.TooManyRequests: Row(429, "TOO_MANY_REQUESTS", "Too many requests", True),
    wrong.HeadersTooLarge: Row(431, "HEADERS_TOO_LARGE", "The headers are too large"),
    wrong.Overloaded: Row(503, "OVERLOADED", "Too much at once", True),
    wrong.Unavailable: Row(503, "SERVICE_UNAVAILABLE", "Not available at the moment", True),
    wrong.StorageFull: Row(503, "STORAGE_FULL", "The disk is full", True),
    Exception: Row(500, "INTERNAL_ERROR", "Internal error"),
}


def row_of(error: Exception) -> Row:
    """The row of the nearest class; whatever has none is a defect of the server."""
    return next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)


def problem_response(error: Exception, *, instance: str, request_id: str, domain: str) -> Response:
    """The answer about a failure. Only an `OsaError` tells its detail."""
    row = row_of(error)
    if isinstance(error, OsaError) and row.status != 500:
        detail, details, context = error.detail, error.errors, error.context
    else:
        detail = f"Something broke in the server. Give the operator the request id {request_id}."
        details, context = (), {}
    problem: wire.Problem = {
        "type": f"urn:osa:problem:{row.code.lower()}",
        "title": row.title,
        "status": row.status,
        "detail": _cut(detail, 4000),
        "instance": _cut(instance, 8192),
        "code": row.code,
        "request_id": request_id,
        "retryable": row.retryable,
    }
    if details:
        problem["errors"] = [_detail(one) for one in details[:1000]]
    if isinstance(error, wrong.IngestionAlreadyEnded):
        context = {**context, "ingestion": ingestion(error.ingestion, domain)}
    if context:
        problem["context"] = context
    return Response(
        to_json(problem, inf_nan_mode="strings"),
        status_code=row.status,
        headers=_headers(error),
        media_type=MEDIA_TYPE,
    )


def _headers(error: Exception) -> dict[str, str]:
    match error:
        case wrong.Unauthenticated():
            return {"WWW-Authenticate": 'Bearer realm="osa"'}
        case wrong.MethodNotAllowed():
            return {"Allow": ", ".join(error.allowed)}
        case wrong.RangeNotSatisfiable():
            return {"Content-Range": f"bytes */{error.size}"}
        case wrong.Unavailable() | wrong.TooManyRequests():
            return {"Retry-After": str(error.retry_after_seconds)}
    return {}


def invalid(details: Sequence[ErrorDetail]) -> wrong.InvalidRequest:
    """Everything that is wrong with a request, and the first three of it in a sentence."""
    count = len(details)
    said = "; ".join(f"{'.'.join(str(part) for part in one.loc)}: {one.msg}" for one in details[:3])
    more = "; …" if count > 3 else "."
    return wrong.InvalidRequest(
        f"{count} error{'' if count == 1 else 's'}: {said}{more}", errors=details
    )


def _detail(one: ErrorDetail) -> wire.ProblemDetail:
    wired: wire.ProblemDetail = {
        "loc": [_cut(part, 400) if isinstance(part, str) else part for part in one.loc[:64]],
        "msg": _cut(one.msg, 2000),
        "type": _cut(one.type, 200),
    }
    if one.input is not None:
        wired["input"] = _shortened(one.input)
    return wired


def _shortened(value: Any) -> Any:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**30 else _cut(str(value), 100)
    if isinstance(value, str):
        return _cut(value, 100)
    if isinstance(value, Mapping):
        return f"an object of {len(value)}"
    if isinstance(value, Sequence):
        return f"an array of {len(value)}"
    return _cut(str(value), 100)


def _cut(text: str, length: int) -> str:
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= length else text[: length - 1] + "…"
