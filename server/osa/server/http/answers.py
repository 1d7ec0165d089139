"""Answers, written out as they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticSerializationError, to_json
from starlette.responses import Response
from starlette.types import Receive

from osa.server.http.conditions import Known
from osa.server.http.wire.ingestions import Ingestion, ingestion
from osa.server.model import Ingestion as ModelIngestion


def answer(
    value: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A value of the wire, as JSON."""
    return Response(written(value), status, headers, "application/json")


def written(value: Mapping[str, Any]) -> bytes:
    """JSON that everyone can read, also where a convention found half characters or no numbers."""
    try:
        return to_json(value, inf_nan_mode="null")
    except PydanticSerializationError:
        whole = json.loads(json.dumps(value), object_hook=_whole)
        return to_json(whole, inf_nan_mode="null")


def _whole(found: dict[str, Any]) -> dict[str, Any]:
    return {_text(key): _text(value) for key, value in found.items()}


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [_text(one) for one in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


async def until_gone(receive: Receive) -> None:
    """Comes back when the caller has hung up: what is sent to nobody is taken in silence."""
    while (await receive())["type"] != "http.disconnect":
        pass


#: Fields that change without anything having happened: signs of life, places, hints.
_RESTLESS = frozenset({"heartbeat_at", "queue_position", "poll_after_seconds"})


def ingestion_tag(wire: Ingestion, last_event: int) -> str:
    """A weak `ETag`: another one as soon as anything but a sign of life is told differently."""
    told = {key: value for key, value in wire.items() if key not in _RESTLESS}
    told["progress"] = {**wire["progress"], "eta": None}
    digest = hashlib.blake2b(written(told), digest_size=12).hexdigest()
    return f'W/"{last_event}-{digest}"'


def read_answer(
    value: ModelIngestion, domain: str, known: Known | None, headers: Mapping[str, str]
) -> Response:
    """An ingestion with its `ETag`, or a 304 when the caller has it as it is."""
    wire: Ingestion = ingestion(value, domain)
    tag = ingestion_tag(wire, value.last_event)
    told = {"ETag": tag, **_hint(wire), **headers}
    if known is not None and known.has(tag):
        return Response(status_code=304, headers=told)
    return answer(wire, 200, told)


def ingestion_answer(
    value: ModelIngestion,
    domain: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An ingestion, with `Retry-After` while it is active."""
    wire: Ingestion = ingestion(value, domain)
    return answer(wire, status, {**_hint(wire), **(headers or {})})


def _hint(wire: Ingestion) -> dict[str, str]:
    poll_after = wire.get("poll_after_seconds")
    return {} if poll_after is None else {"Retry-After": str(poll_after)}
