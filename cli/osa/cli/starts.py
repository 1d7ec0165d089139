"""What makes a new ingestion: a start, and a retry of one that is done.

Both carry an idempotency key, the same on every try, so a lost answer never makes two ingestions.
"""

from collections.abc import Mapping
from typing import Any, Unpack
from uuid import UUID, uuid4

from osa.cli.access import Access, helper
from osa.cli.arguments import plain_id
from osa.cli.transport import Connection
from osa.sdk.types import UNSET, Unset


@helper
def start_ingestion(
    *,
    convention_id: str,
    batch_size: int = 1000,
    limit: int | None = None,
    source: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    name: str | None = None,
    external_id: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    concurrency_key: str | None = None,
    on_conflict: str | None = None,
    priority: int | None = None,
    deadline_seconds: int | None = None,
    max_failed_items: int | Unset | None = UNSET,
    stop_early: bool | None = None,
    **access: Unpack[Access],
) -> dict[str, Any]:
    """Start one execution of a convention and give the ingestion, queued and with its id.

    `limit` None means all items, `max_failed_items` None any number. With `on_conflict` `attach` it
    may be another ingestion that is active already. A key is always sent, the same on every retry,
    so that a lost answer never makes two ingestions; give `idempotency_key` to be safe across
    processes too.
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
        "concurrency_key": concurrency_key,
        "on_conflict": on_conflict,
        "priority": priority,
        "deadline_seconds": deadline_seconds,
        "stop_early": stop_early,
    }
    body = {"convention_id": convention_id, "batch_size": batch_size, "limit": limit}
    body |= {key: value for key, value in optional.items() if value is not None}
    if not isinstance(max_failed_items, Unset):
        body["max_failed_items"] = max_failed_items
    kwargs = operation._get_kwargs(
        body=StartIngestion(convention_id=convention_id), idempotency_key=_key(idempotency_key)
    )
    # The generated models drop a member they do not know; a mistyped one is the server's to refuse.
    kwargs["json"] = body
    with Connection(**access) as line:
        return line.ask(operation, kwargs)


@helper
def retry_ingestion(
    *,
    ingestion_id: str | UUID,
    scope: str,
    overrides: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
    **access: Unpack[Access],
) -> dict[str, Any]:
    """Start a new ingestion that repeats one that is done, and give the new one.

    `scope` is `failed_items`, `remaining` or `all`; `overrides` are what differs from the old one.
    An ingestion has one retry: a second one raises `INGESTION_ALREADY_RETRIED` and names the first.
    """
    from osa.sdk.api.ingestions import retry_ingestion as operation
    from osa.sdk.models.retry_ingestion import RetryIngestion
    from osa.sdk.models.retry_scope_choice import RetryScopeChoice

    kwargs = operation._get_kwargs(
        plain_id(ingestion_id, "ing"),
        body=RetryIngestion(scope=RetryScopeChoice.ALL),
        idempotency_key=_key(idempotency_key),
    )
    kwargs["json"] = {"scope": scope} | ({} if overrides is None else {"overrides": overrides})
    with Connection(**access) as line:
        return line.ask(operation, kwargs)


def _key(given: str | None) -> str:
    return str(uuid4()) if given is None else given
