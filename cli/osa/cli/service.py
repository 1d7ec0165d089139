"""The service itself: whether it is ready, how it is, who asks, and who did what."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Unpack
from uuid import UUID

import httpx

from osa.cli.access import Access, helper
from osa.cli.arguments import Verbatim, id_or_unset, moment, or_unset
from osa.cli.pages import walk
from osa.cli.transport import Connection


def get_readiness(
    *, server: str, timeout: float = 30.0, retries: int = 0, http: httpx.Client | None = None
) -> dict[str, Any]:
    """Give `{status, version, workers_alive}` when a start would be accepted; needs no token."""
    from osa.sdk.api.service import get_readiness as operation

    with Connection(server=server, token=None, timeout=timeout, retries=retries, http=http) as line:
        return line.ask(operation, operation._get_kwargs())


@helper
def get_caller(**access: Unpack[Access]) -> dict[str, Any]:
    """Give what the server knows of the token: its name, tenant and scopes; and the server's own
    version and clock."""
    from osa.sdk.api.service import get_caller as operation

    with Connection(**access) as line:
        return line.ask(operation, operation._get_kwargs())


@helper
def get_service_status(**access: Unpack[Access]) -> dict[str, Any]:
    """Give the state of database, storage, workers and queue, of all tenants together; for an
    admin token."""
    from osa.sdk.api.service import get_service_status as operation

    with Connection(**access) as line:
        return line.ask(operation, operation._get_kwargs())


@helper
def iter_audit(
    *,
    ingestion_id: str | UUID | None = None,
    token_name: str | None = None,
    created_after: datetime | str | None = None,
    created_before: datetime | str | None = None,
    order: str = "desc",
    max_items: int | None = None,
    **access: Unpack[Access],
) -> Iterator[dict[str, Any]]:
    """Yield every change that a caller asked for, the newest first; for an admin token.

    The entries outlive the ingestions they tell of.
    """
    from osa.sdk.api.service import list_audit_entries as operation

    filters = {
        "ingestion_id": id_or_unset(ingestion_id, "ing"),
        "token_name": or_unset(token_name),
        "created_after": moment(created_after),
        "created_before": moment(created_before),
        "order": Verbatim(order),
    }
    with Connection(**access) as line:
        yield from walk(line, operation, **filters, max_items=max_items)
