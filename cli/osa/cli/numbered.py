"""Something that grows at its end and is read by number: each entry once, in order."""

from collections.abc import Iterator
from typing import Any

from osa.cli import pacing
from osa.cli.answers import Operation
from osa.cli.errors import IngestionError
from osa.cli.pages import LARGEST_PAGE
from osa.cli.transport import Connection


class Numbered:
    """How far one of them has been read. `first` are parameters of the first page alone."""

    def __init__(
        self,
        line: Connection,
        operation: Operation,
        path: Any,
        *,
        after: int,
        first: dict[str, Any] | None = None,
        **filters: Any,
    ) -> None:
        self._line = line
        self._operation = operation
        self._path = path
        self._after = after
        self._first = first or {}
        self._filters = filters
        self._ended = False

    def pages(self) -> Iterator[dict[str, Any]]:
        """Yield what there is now."""
        more = True
        while more:
            before = self._after
            page = self._page()
            yield from self._new(page)
            more = page["has_more"]
            if more and self._after == before:
                raise damaged("a page says there is more and has nothing new")

    def follow(self, outage: pacing.Outage) -> Iterator[dict[str, Any]]:
        """Yield until nothing can follow, asking as often as the server says."""
        while not self._ended:
            before = self._after
            try:
                yield from self._poll()
            except IngestionError as error:
                if self._after > before:
                    outage.over()
                if not outage.again(error):
                    raise
                continue
            outage.over()

    def _poll(self) -> Iterator[dict[str, Any]]:
        before = self._after
        page = self._page(retries=0)
        yield from self._new(page)
        if self._ended or (page["has_more"] and self._after > before):
            return
        if "poll_after_seconds" not in page:
            self._ended = True
            return
        pacing.sleep(pacing.poll_pause(page))

    def _page(self, *, retries: int | None = None) -> dict[str, Any]:
        kwargs = self._operation._get_kwargs(
            self._path, after=self._after, per_page=LARGEST_PAGE, **self._filters, **self._first
        )
        page = self._line.ask(self._operation, kwargs, retries=retries)
        fits = isinstance(page["items"], list) and isinstance(page["last_number"], int)
        if not fits or not all(map(self._fits, page["items"])):
            raise damaged("a page is not what the contract says")
        self._first = {}
        return page

    def _new(self, page: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for entry in page["items"]:
            yield from self._take(entry)

    def _take(self, entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if entry["number"] > self._after:
            self._after = entry["number"]
            yield entry

    def _fits(self, entry: dict[str, Any]) -> bool:
        """What the generated parser does not look at, and the code above relies on."""
        return isinstance(entry["number"], int)


def damaged(why: str) -> IngestionError:
    return IngestionError(f"The server's answer cannot be used: {why}.", code="INVALID_RESPONSE")
