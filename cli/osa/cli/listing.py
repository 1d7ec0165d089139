"""Lists, walked page by page: ingestions, items, artifacts, records, conventions."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypedDict, Unpack, cast
from uuid import UUID

from osa.cli.access import Access, helper
from osa.cli.arguments import Verbatim, id_or_unset, ids, moment, or_unset, plain_id, words
from osa.cli.errors import IngestionError
from osa.cli.pages import items_of, walk
from osa.cli.transport import Connection


class IngestionFilters(TypedDict, total=False):
    """Which ingestions; what is absent or None keeps all."""

    convention: str | None
    status: str | Iterable[str] | None
    external_id: str | None
    label: str | Iterable[str] | None
    created_after: datetime | str | None
    created_before: datetime | str | None
    ended_after: datetime | str | None
    ended_before: datetime | str | None
    ids: Iterable[str | UUID] | None
    retry_of: str | UUID | None
    root_id: str | UUID | None
    record_id: str | UUID | None
    campaign_id: str | None
    parent: str | UUID | None
    concurrency_key: str | None
    error_kind: str | None
    q: str | None
    unresolved: bool | None


class FilteredAccess(IngestionFilters, Access):
    """The keywords of a list of ingestions."""


@helper
def iter_ingestions(
    *, order: str = "desc", max_items: int | None = None, **given: Unpack[FilteredAccess]
) -> Iterator[dict[str, Any]]:
    """Yield ingestions, the newest first, at most `max_items`; pages are fetched as they are
    needed.

    `status` takes one state or several (or), `active` among them; `label` takes `key` or
    `key=value`, one or several (and); `ids` up to a hundred, and those that are not there are left
    out. `…_after` is inclusive, `…_before` exclusive; a time without an offset is local time.
    `root_id` keeps one ingestion and all its retries, `record_id` those that had a part in a
    record, `campaign_id` the steps and children of a campaign, `parent` the children of one
    ingestion, `q` those with this text in their name or external id, `unresolved` those that failed
    and were not retried.
    """
    from osa.sdk.api.ingestions import list_ingestions as operation

    access, filters = _split(given)
    if filters["id"] == []:
        # Sent, no id at all would mean every ingestion.
        return
    with Connection(**access) as line:
        yield from walk(line, operation, **filters, order=Verbatim(order), max_items=max_items)


@helper
def count_ingestions(**given: Unpack[FilteredAccess]) -> dict[str, Any]:
    """Give how many ingestions there are, with the filters of `iter_ingestions`:
    `{value, relation}`.

    The server counts up to 10,000; `relation` is `gte` when there are more, else `eq`.
    """
    from osa.sdk.api.ingestions import list_ingestions as operation

    access, filters = _split(given)
    if filters["id"] == []:
        return {"value": 0, "relation": "eq"}
    with Connection(**access) as line:
        page = line.ask(operation, operation._get_kwargs(**filters, include_total=True, per_page=1))
    if "total" not in page:
        raise IngestionError("This server does not count.", code="INVALID_RESPONSE")
    return cast(dict[str, Any], page["total"])


def _split(given: FilteredAccess) -> tuple[Access, dict[str, Any]]:
    """The connection's keywords, and the filters under their names in the contract."""
    names = IngestionFilters.__annotations__
    access = {name: value for name, value in given.items() if name not in names}
    filters = {
        "status": words(given.get("status")),
        "convention_id": or_unset(given.get("convention")),
        "external_id": or_unset(given.get("external_id")),
        "label": words(given.get("label")),
        "created_after": moment(given.get("created_after")),
        "created_before": moment(given.get("created_before")),
        "ended_after": moment(given.get("ended_after")),
        "ended_before": moment(given.get("ended_before")),
        "id": ids(given.get("ids"), "ing"),
        "retry_of": id_or_unset(given.get("retry_of"), "ing"),
        "root_id": id_or_unset(given.get("root_id"), "ing"),
        "record_id": id_or_unset(given.get("record_id"), "rec"),
        "campaign_id": or_unset(given.get("campaign_id")),
        "parent_ingestion_id": id_or_unset(given.get("parent"), "ing"),
        "concurrency_key": or_unset(given.get("concurrency_key")),
        "error_kind": or_unset(given.get("error_kind")),
        "q": or_unset(given.get("q")),
        "unresolved": or_unset(given.get("unresolved")),
    }
    return cast(Access, access), filters


@helper
def iter_items(
    *,
    ingestion_id: str | UUID,
    outcome: str | Iterable[str] | None = None,
    max_items: int | None = None,
    **access: Unpack[Access],
) -> Iterator[dict[str, Any]]:
    """Yield the items of an ingestion in the order of their commits, those with `outcome` (or)
    only."""
    from osa.sdk.api.ingestions import list_ingestion_items as operation

    path = plain_id(ingestion_id, "ing")
    with Connection(**access) as line:
        yield from walk(line, operation, path, outcome=words(outcome), max_items=max_items)


@helper
def iter_artifacts(
    *, ingestion_id: str | UUID, max_items: int | None = None, **access: Unpack[Access]
) -> Iterator[dict[str, Any]]:
    """Yield the artifacts of an ingestion in the order in which they were published."""
    from osa.sdk.api.ingestions import list_ingestion_artifacts as operation

    path = plain_id(ingestion_id, "ing")
    with Connection(**access) as line:
        yield from walk(line, operation, path, max_items=max_items)


@helper
def iter_records(
    *,
    convention: str | None = None,
    source_id: str | None = None,
    ingestion_id: str | UUID | None = None,
    derived_from: str | UUID | None = None,
    order: str = "desc",
    max_items: int | None = None,
    **access: Unpack[Access],
) -> Iterator[dict[str, Any]]:
    """Yield the records of the archive, the newest first by first publication.

    `ingestion_id` keeps those which that ingestion was the last to create or update;
    `derived_from` those that were made from that record.
    """
    from osa.sdk.api.records import list_records as operation

    filters = {
        "convention_id": or_unset(convention),
        "source_id": or_unset(source_id),
        "ingestion_id": id_or_unset(ingestion_id, "ing"),
        "derived_from": id_or_unset(derived_from, "rec"),
        "order": Verbatim(order),
    }
    with Connection(**access) as line:
        yield from walk(line, operation, **filters, max_items=max_items)


@helper
def list_conventions(
    *, ingestable: bool | None = None, **access: Unpack[Access]
) -> list[dict[str, Any]]:
    """Give the registered conventions by id; `ingestable` keeps those that can (or cannot) be
    started."""
    from osa.sdk.api.conventions import list_conventions as operation

    with Connection(**access) as line:
        kwargs = operation._get_kwargs(ingestable=or_unset(ingestable))
        return items_of(line.ask(operation, kwargs))
