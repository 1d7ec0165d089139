"""Start, watch, stop, repeat, read and forget ingestions from Python, one by one or in campaigns:
the helpers that callers import.

Everything is keyword-only. An id may be an SRN, `server` may end with a slash or hold a path, and
`http` is an `httpx.Client` to use instead of one made for the call; it needs neither base URL nor
headers. `tenant` is the one that an admin token acts for. Each dictionary is the server's JSON,
untouched. Every failure is an `IngestionError`. `timeout` is in seconds and is that of one read;
reads, and whatever can safely be sent twice, are tried `retries` more times.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, Unpack
from uuid import UUID

from osa.cli.access import Access, helper
from osa.cli.advancing import advance_campaign
from osa.cli.arguments import or_unset, path_segment, plain_id
from osa.cli.campaigns import (
    cancel_campaign,
    create_campaign,
    get_campaign,
    get_campaign_summary,
    iter_campaigns,
    pause_campaign,
    resume_campaign,
    wait_campaign,
)
from osa.cli.cleanups import clean_up, delete_ingestion
from osa.cli.errors import IngestionError, IngestionTimeout
from osa.cli.events import iter_events
from osa.cli.listing import (
    count_ingestions,
    iter_artifacts,
    iter_ingestions,
    iter_items,
    iter_records,
    list_conventions,
)
from osa.cli.logs import iter_logs, list_logs
from osa.cli.service import get_caller, get_readiness, get_service_status, iter_audit
from osa.cli.starts import retry_ingestion, start_ingestion
from osa.cli.states import get_ingestion, get_ingestions
from osa.cli.transfers import download_artifact, download_record_file, upload_file
from osa.cli.transport import Connection
from osa.cli.waiting import wait_ingestion, wait_ingestions
from osa.sdk.types import UNSET

P = ParamSpec("P")

__all__ = [
    "IngestionError",
    "IngestionTimeout",
    "advance_campaign",
    "cancel_campaign",
    "cancel_ingestion",
    "clean_up",
    "count_ingestions",
    "create_campaign",
    "delete_ingestion",
    "discover_ingestable_conventions",
    "download_artifact",
    "download_record_file",
    "explain_ingestion",
    "get_caller",
    "get_campaign",
    "get_campaign_summary",
    "get_convention",
    "get_ingestion",
    "get_ingestions",
    "get_readiness",
    "get_record",
    "get_service_status",
    "get_upload",
    "iter_artifacts",
    "iter_audit",
    "iter_campaigns",
    "iter_events",
    "iter_ingestions",
    "iter_items",
    "iter_logs",
    "iter_records",
    "list_artifacts",
    "list_campaigns",
    "list_conventions",
    "list_ingestions",
    "list_items",
    "list_logs",
    "list_records",
    "pause_campaign",
    "resume_campaign",
    "retry_ingestion",
    "start_ingestion",
    "upload_file",
    "wait_campaign",
    "wait_ingestion",
    "wait_ingestions",
]


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
list_campaigns = _listed(iter_campaigns)
list_items = _listed(iter_items)
list_artifacts = _listed(iter_artifacts)
list_records = _listed(iter_records)


@helper
def cancel_ingestion(
    *,
    ingestion_id: str | UUID,
    reason: str | None = None,
    grace_seconds: int | None = None,
    force: bool = False,
    **access: Unpack[Access],
) -> dict[str, Any]:
    """Ask for a cancel and give the ingestion: `canceled`, or `canceling` until
    `cancel.deadline_at`.

    The item in hand gets `grace_seconds` (the server's default: 120); with `force` nothing is
    waited for. Asking again changes nothing, but a shorter grace moves the deadline forward. One
    that has ended already raises `INGESTION_ALREADY_ENDED`.
    """
    from osa.sdk.api.ingestions import cancel_ingestion as operation
    from osa.sdk.models.cancel_ingestion import CancelIngestion

    body = CancelIngestion(
        reason=or_unset(reason),
        # The SDK would send the contract's default; the server's own may be another one day.
        grace_seconds=or_unset(grace_seconds),
        # Unless it is wanted, left out, as servers that are older do not know it.
        force=force or UNSET,
    )
    with Connection(**access) as line:
        kwargs = operation._get_kwargs(plain_id(ingestion_id, "ing"), body=body)
        return line.ask(operation, kwargs)


@helper
def explain_ingestion(*, ingestion_id: str | UUID, **access: Unpack[Access]) -> dict[str, Any]:
    """Give why an ingestion is waiting, slow, stuck or failed, since when, and what to do."""
    from osa.sdk.api.ingestions import explain_ingestion as operation

    with Connection(**access) as line:
        return line.ask(operation, operation._get_kwargs(plain_id(ingestion_id, "ing")))


@helper
def discover_ingestable_conventions(**access: Unpack[Access]) -> list[dict[str, Any]]:
    """Give the conventions that can be started on this server now."""
    return list_conventions(ingestable=True, **access)


@helper
def get_convention(*, convention_id: str, **access: Unpack[Access]) -> dict[str, Any]:
    """Give a convention, by slug or SRN, with the JSON Schema of its parameters."""
    from osa.sdk.api.conventions import get_convention as operation

    with Connection(**access) as line:
        return line.ask(operation, operation._get_kwargs(path_segment(convention_id)))


@helper
def get_record(*, record_id: str | UUID, **access: Unpack[Access]) -> dict[str, Any]:
    """Give a record with its metadata and files."""
    from osa.sdk.api.records import get_record as operation

    with Connection(**access) as line:
        return line.ask(operation, operation._get_kwargs(plain_id(record_id, "rec")))


@helper
def get_upload(*, upload_id: str | UUID, **access: Unpack[Access]) -> dict[str, Any]:
    """Give what the server knows of an uploaded file."""
    from osa.sdk.api.uploads import get_upload as operation

    with Connection(**access) as line:
        return line.ask(operation, operation._get_kwargs(plain_id(upload_id, "upload")))
