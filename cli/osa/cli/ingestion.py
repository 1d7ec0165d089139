"""Start, watch, stop and read ingestions from Python: the helpers that callers import.

Everything is keyword-only. An id may be an SRN, `server` may end with a slash or hold a path, and
`http` is an `httpx.Client` to use instead of one made for the call; it needs neither base URL nor
headers. Each dictionary is the server's JSON, untouched. Every failure is an `IngestionError`.
`timeout` is in seconds and is that of one read; reads, and whatever can safely be sent twice, are
tried `retries` more times.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ParamSpec
from uuid import UUID, uuid4

import httpx

from osa.cli.errors import IngestionError, IngestionTimeout
from osa.cli.events import iter_events
from osa.cli.listing import (
    iter_artifacts,
    iter_ingestions,
    iter_items,
    iter_records,
    list_conventions,
)
from osa.cli.transfers import download_artifact, download_record_file, upload_file
from osa.cli.transport import Connection, path_segment, plain_id
from osa.cli.waiting import wait_ingestion
from osa.sdk.types import UNSET

P = ParamSpec("P")

__all__ = [
    "IngestionError",
    "IngestionTimeout",
    "cancel_ingestion",
    "discover_ingestable_conventions",
    "download_artifact",
    "download_record_file",
    "get_convention",
    "get_ingestion",
    "get_readiness",
    "get_record",
    "get_upload",
    "iter_artifacts",
    "iter_events",
    "iter_ingestions",
    "iter_items",
    "iter_records",
    "list_artifacts",
    "list_conventions",
    "list_ingestions",
    "list_items",
    "list_records",
    "start_ingestion",
    "upload_file",
    "wait_ingestion",
]


def start_ingestion(
    *,
    server: str,
    convention_id: str,
    token: str,
    batch_size: int = 1000,
    limit: int | None = None,
    source: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    name: str | None = None,
    external_id: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    timeout: float = 30.0,
    retries: int = 2,
    http: httpx.Client | None = None,
) -> dict[str, Any]:
    """Start one execution of a convention and give the ingestion, queued and with its id.

    `limit` None means all items. A key is always sent, the same on every retry, so that a lost
    answer never makes two ingestions; give `idempotency_key` to be safe across processes too.
    """
    from osa.sdk.api.ingestions import start_ingestion as operation
    from osa.sdk.models.start_ingestion import StartIngestion

    optional = {
        "source": source,
        "parameters": parameters,
        "name": name,
        "external_id": external_id,
        "metadata": metadata,
        "labels": labels,
    }
    body = {"convention_id": convention_id, "batch_size": batch_size, "limit": limit}
    body |= {key: value for key, value in optional.items() if value is not None}
    kwargs = operation._get_kwargs(
        body=StartIngestion(convention_id=convention_id),
        idempotency_key=str(uuid4()) if idempotency_key is None else idempotency_key,
    )
    # The generated models drop a member they do not know; a mistyped one is the server's to refuse.
    kwargs["json"] = body
    with Connection(
        server=server, token=token, timeout=timeout, retries=retries, http=http
    ) as line:
        return line.ask(operation, kwargs)


def _listed(walk: Callable[P, Iterator[dict[str, Any]]]) -> Callable[P, list[dict[str, Any]]]:
    """The helper with the keywords of an `iter_…`, that gives all it yields as one list."""

    def whole(*args: P.args, **kwargs: P.kwargs) -> list[dict[str, Any]]:
        return list(walk(*args, **kwargs))

    whole.__name__ = whole.__qualname__ = walk.__name__.replace("iter_", "list_")
    whole.__doc__ = f"Give all of what `{walk.__name__}` with the same keywords yields."
    signature = inspect.signature(walk).replace(return_annotation=list[dict[str, Any]])
    whole.__signature__ = signature  # type: ignore[attr-defined]  # what `help` shows
    return whole


list_ingestions = _listed(iter_ingestions)
list_items = _listed(iter_items)
list_artifacts = _listed(iter_artifacts)
list_records = _listed(iter_records)


def get_ingestion(
    *,
    server: str,
    ingestion_id: str | UUID,
    token: str,
    timeout: float = 30.0,
    retries: int = 2,
    http: httpx.Client | None = None,
) -> dict[str, Any]:
    """Give the ingestion as it is now."""
    from osa.sdk.api.ingestions import get_ingestion as operation

    kwargs = operation._get_kwargs(plain_id(ingestion_id, "ing"))
    with Connection(
        server=server, token=token, timeout=timeout, retries=retries, http=http
    ) as line:
        return line.ask(operation, kwargs)


def cancel_ingestion(
    *,
    server: str,
    ingestion_id: str | UUID,
    token: str,
    reason: str | None = None,
    grace_seconds: int | None = None,
    timeout: float = 30.0,
    retries: int = 2,
    http: httpx.Client | None = None,
) -> dict[str, Any]:
    """Ask for a cancel and give the ingestion: `canceled`, or `canceling` until
    `cancel.deadline_at`.

    The item in hand gets `grace_seconds` (the server's default: 120). Asking again changes nothing,
    but a shorter grace moves the deadline forward. One that has ended already raises
    `INGESTION_ALREADY_ENDED`.
    """
    from osa.sdk.api.ingestions import cancel_ingestion as operation
    from osa.sdk.models.cancel_ingestion import CancelIngestion

    body = CancelIngestion(
        reason=UNSET if reason is None else reason,
        # The SDK would send the contract's default; the server's own may be another one day.
        grace_seconds=UNSET if grace_seconds is None else grace_seconds,
    )
    kwargs = operation._get_kwargs(plain_id(ingestion_id, "ing"), body=body)
    with Connection(
        server=server, token=token, timeout=timeout, retries=retries, http=http
    ) as line:
        return line.ask(operation, kwargs)


def discover_ingestable_conventions(
    *,
    server: str,
    token: str,
    timeout: float = 30.0,
    retries: int = 2,
    http: httpx.Client | None = None,
) -> list[dict[str, Any]]:
    """Give the conventions that can be started on this server now."""
    return list_conventions(
        server=server, token=token, ingestable=True, timeout=timeout, retries=retries, http=http
    )


def get_convention(
    *,
    server: str,
    convention_id: str,
    token: str,
    timeout: float = 30.0,
    retries: int = 2,
    http: httpx.Client | None = None,
) -> dict[str, Any]:
    """Give a convention, by slug or SRN, with the JSON Schema of its parameters."""
    from osa.sdk.api.conventions import get_convention as operation

    kwargs = operation._get_kwargs(path_segment(convention_id))
    with Connection(
        server=server, token=token, timeout=timeout, retries=retries, http=http
    ) as line:
        return line.ask(operation, kwargs)


def get_record(
    *,
    server: str,
    record_id: str | UUID,
    token: str,
    timeout: float = 30.0,
    retries: int = 2,
    http: httpx.Client | None = None,
) -> dict[str, Any]:
    """Give a record with its metadata and files."""
    from osa.sdk.api.records import get_record as operation

    kwargs = operation._get_kwargs(plain_id(record_id, "rec"))
    with Connection(
        server=server, token=token, timeout=timeout, retries=retries, http=http
    ) as line:
        return line.ask(operation, kwargs)


def get_upload(
    *,
    server: str,
    upload_id: str | UUID,
    token: str,
    timeout: float = 30.0,
    retries: int = 2,
    http: httpx.Client | None = None,
) -> dict[str, Any]:
    """Give what the server knows of an uploaded file."""
    from osa.sdk.api.uploads import get_upload as operation

    kwargs = operation._get_kwargs(plain_id(upload_id, "upload"))
    with Connection(
        server=server, token=token, timeout=timeout, retries=retries, http=http
    ) as line:
        return line.ask(operation, kwargs)


def get_readiness(
    *,
    server: str,
    timeout: float = 30.0,
    retries: int = 0,
    http: httpx.Client | None = None,
) -> dict[str, Any]:
    """Give `{status, version, workers_alive}` when a start would be accepted; needs no token."""
    from osa.sdk.api.service import get_readiness as operation

    with Connection(server=server, token=None, timeout=timeout, retries=retries, http=http) as line:
        return line.ask(operation, operation._get_kwargs())
