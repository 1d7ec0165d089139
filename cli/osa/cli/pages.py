"""Lists that lead from page to page by a cursor."""

from collections.abc import Iterator
from typing import Any

from osa.cli.answers import Operation
from osa.cli.errors import IngestionError
from osa.cli.transport import Connection
from osa.sdk.types import UNSET

LARGEST_PAGE = 200


def walk(
    line: Connection, operation: Operation, *path: Any, max_items: int | None, **filters: Any
) -> Iterator[dict[str, Any]]:
    """Yield the items of all pages, at most `max_items`; pages are fetched as they are needed."""
    left = max_items
    cursor: Any = UNSET
    visited: set[str] = set()
    while left is None or left > 0:
        size = LARGEST_PAGE if left is None else min(LARGEST_PAGE, left)
        kwargs = operation._get_kwargs(*path, **filters, cursor=cursor, per_page=size)
        page = line.ask(operation, kwargs)
        items = items_of(page)
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


def items_of(page: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of a page, surely a list: the generated parser takes any iterable."""
    items = page["items"]
    if not isinstance(items, list):
        raise IngestionError("The server's page has no list of items.", code="INVALID_RESPONSE")
    return items
