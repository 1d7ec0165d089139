"""Problems (RFC 9457) as callers get them."""

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from osa.server.http.wire.words import ProblemCode, Reference


class ProblemDetail(TypedDict):
    loc: Annotated[list[str | int], Field(max_length=64)]
    msg: Annotated[str, Field(max_length=2000)]
    type: Annotated[str, Field(max_length=200)]
    input: NotRequired[Any]


class Problem(TypedDict):
    type: Reference
    title: Annotated[str, Field(max_length=400)]
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Annotated[str, Field(max_length=4000)]
    instance: Annotated[str, Field(max_length=8192)]
    code: ProblemCode
    request_id: Annotated[str, Field(max_length=128)]
    retryable: bool
    errors: NotRequired[Annotated[list[ProblemDetail], Field(max_length=1000)]]
    context: NotRequired[Annotated[dict[str, Any], Field(max_length=64)]]
