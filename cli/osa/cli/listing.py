"""Lists, walked page by page: items, artifacts, records, conventions, ingestions."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from osa.cli.answers import Operation
from osa.cli.errors import IngestionError
from osa.cli.transport import Connection, Verbatim, plain_id
from osa.sdk.types import UNSET

LARGEST_PAGE = 200


def iter_ingestions(
    *,
    server: str,
    token: str,
    convention: str | None = None,
    status: str | Iterable[str] | None = None,
    external_id: str | None = None,
    label: str | Iterable[str] | None = None,
    created_after: datetime | str | None = None,
    created_before: datetime | str | None = None,
    order: str = "desc",
    max_items: int | None = None,
    timeout: float = 30.0,
    retries: int = 2,
    http: httpx.Client | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield ingestions, the newest first, at most `max_items`; pages are fetched as they are
    needed.

    `status` takes one state or several (or), `active` among them; `label` takes `key` or
    `key=value`, one or several (and). `created_after` is inclusive, `created_before` exclusive; a
    time without an offset is local time.
    """
    from osa.sdk.api.ingestions import list_ingestions as operation

    filters = {
        "status": _words(status),
        "convention_id": _given(convention),
        "external_id": _given(external_id),
        "label": _words(label),
        "created_after": _moment(created_after),
        "created_before": _moment(created_before),
        "order": Verbatim(order),
    }
    with Connection(
        server=server, token=token, timeout=timeout, retries=retries, http=http
    ) as line:
        yield from _walk(line, operation, (), filters, max_items)


def iter_items(
    *,
    server: str,
    ingestion_id: str | UUID,
    token: str,
    outcome: str | Iterable[str] | None = None,
    max_items: int | None = None,
    timeout: float = 30.0,
    retries: int = 2,
    http: httpx.Client | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the items of an ingestion in the order of their commits, those with `outcome` (or)
    only."""
    from osa.sdk.api.ingestions import list_ingestion_items as operation

    path = (plain_id(ingestion_id, "ing"),)
    with Connection(
        server=server, token=token, timeout=timeout, retries=retries, http=http
    ) as line:
        yield from _walk(line, operation, path, {"outcome": _words(outcome)}, max_items)


def iter_artifacts(
    *,
    server: str,
    ingestion_id: str | UUID,
    token: str,
    max_items: int | None = None,
    timeout: float = 30.0,
    retries: int = 2,
    http: httpx.Client | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the artifacts of an ingestion in the order in which they were published."""
    from osa.sdk.api.ingestions import list_ingestion_artifacts as operation

    path = (plain_id(ingestion_id, "ing"),)
    with Connection(
        server=server, token=token, timeout=timeout, retries=retries, http=http
    ) as line:
        yield from _walk(line, operation, path, {}, max_items)


def iter_records(
    *,
    server: str,
    token: str,
    convention: str | None = None,
    source_id: str | None = None,
    ingestion_id: str | UUID | None = None,
    order: str = "desc",
    max_items: int | None = None,
    timeout: float = 30.0,
    retries: int = 2,
    http: httpx.Client | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the records of the archive, the newest first by first publication.

    `ingestion_id` keeps those which that ingestion was the last to create or update.
    """
    from osa.sdk.api.records import list_records as operation

    filters = {
        "convention_id": _given(convention),
        "source_id": _given(source_id),
        "ingestion_id": UNSET if ingestion_id is None else plain_id(ingestion_id, "ing"),
        "order": Verbatim(order),
    }
    with Connection(
        server=server, token=token, timeout=timeout, retries=retries, http=http
    ) as line:
        yield from _walk(line, operation, (), filters, max_items)


def list_conventions(
    *,
    server: str,
    token: str,
    ingestable: bool | None = None,
    timeout: float = 30.0,
    retries: int = 2,
    http: httpx.Client | None = None,
) -> list[dict[str, Any]]:
    """Give the registered conventions by id; `ingestable` keeps those that can (or cannot) be
    started."""
    from osa.sdk.api.conventions import list_conventions as operation

    kwargs = operation._get_kwargs(ingestable=UNSET if ingestable is None else ingestable)
    with Connection(
        server=server, token=token, timeout=timeout, retries=retries, http=http
    ) as line:
        return _items(line.ask(operation, kwargs))


def _walk(
    line: Connection,
    operation: Operation,
    path: tuple[Any, ...],
    filters: dict[str, Any],
    max_items: int | None,
) -> Iterator[dict[str, Any]]:
    left = max_items
    cursor: Any = UNSET
    visited: set[str] = set()
    while left is None or left > 0:
        size = LARGEST_PAGE if left is None else min(LARGEST_PAGE, left)
        kwargs = operation._get_kwargs(*path, **filters, cursor=cursor, per_page=size)
        page = line.ask(operation, kwargs)
        items = _items(page)
        yield from items if left is None else items[:left]
        left = None if left is None else left - len(items)
        cursor = page["next_cursor"]
        if not page["has_more"] or not cursor:
            return
        if cursor in visited:
            raise IngestionError(
                "The server's pages lead in a circle: a cursor came twice.", code="INVALID_RESPONSE"
            )
        visited.add(cursor)


def _items(page: dict[str, Any]) -> list[dict[str, Any]]:
    items = page["items"]
    if not isinstance(items, list):
        raise IngestionError("The server's page has no list of items.", code="INVALID_RESPONSE")
    return items


def _given(value: str | None) -> Any:
    return UNSET if value is None else value


def _words(words: str | Iterable[str] | None) -> Any:
    if words is None:
        return UNSET
    return [Verbatim(word) for word in ([words] if isinstance(words, str) else words)]


def _moment(moment: datetime | str | None) -> Any:
    if moment is None:
        return UNSET
    if isinstance(moment, str):
        return Verbatim(moment)
    return moment.astimezone() if moment.tzinfo is None else moment
