"""Answers, written out as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from osa.server.http.wire.ingestions import Ingestion, ingestion
from osa.server.model import Ingestion as ModelIngestion


def answer(
    value: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A value of the wire, as JSON."""
    return Response(to_json(value), status, headers, "application/json")


def ingestion_answer(
    value: ModelIngestion,
    domain: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An ingestion, with `Retry-After` while it is active."""
    wire: Ingestion = ingestion(value, domain)
    poll_after = wire.get("poll_after_seconds")
    hint = {} if poll_after is None else {"Retry-After": str(poll_after)}
    return answer(wire, status, {**hint, **(headers or {})})
