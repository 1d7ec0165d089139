"""One catalogue: asked by POST at the address that was configured, and at no other.

The address that a catalogue advertises in its capabilities is not asked for: behind a proxy it is
wrong, and a hostile one leads into the service's own network.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from osa.conventions.addresses import shown
from osa.conventions.csw.answers import Page, failure_of, page_of
from osa.conventions.csw.metadata import Metadata
from osa.conventions.csw.requests import Query, get_records
from osa.conventions.failures import (
    ConventionError,
    SourceInvalid,
    SourceRefused,
    SourceUnreachable,
    Stopped,
)
from osa.conventions.web import WebClient

#: Bytes of one answer, and seconds for it.
MAX_BYTES = 16 * 1024**2
MAX_SECONDS = 300.0
#: Statuses with which catalogues send exception reports.
_EXPLAINED = (400, 403, 500)
_HEADERS = {"content-type": "application/xml", "accept": "application/xml, text/xml"}
#: What a broken record may do to the page it is on.
BROKEN = (SourceInvalid, SourceRefused, SourceUnreachable)


class Catalogue:
    """`wait` waits so many seconds, and says whether a stop was asked for: `Context.stop.wait`."""

    def __init__(
        self,
        web: WebClient,
        url: str,
        *,
        interval_seconds: float = 0.0,
        wait: Callable[[float], bool] = lambda _: False,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.url = url
        self._web = web
        self._interval = interval_seconds
        self._wait = wait
        self._max_bytes = max_bytes
        self._asked_at: float | None = None

    def page(self, query: Query, *, start: int, size: int, hits: bool = False) -> Page:
        """The records from position `start` (1 is the first) on: at most `size`, and as few as the
        catalogue likes.

        Raises SourceUnreachable, SourceNotFound, SourceRefused, SourceInvalid, Stopped.
        """
        body = get_records(query, start=start, size=size, hits=hits)
        self._pause()
        where = f"The catalogue {shown(self.url)}"
        ends = time.monotonic() + MAX_SECONDS
        content = bytearray()
        with self._web.stream(
            self.url,
            max_bytes=self._max_bytes,
            method="POST",
            body=body,
            headers=_HEADERS,
            also=_EXPLAINED,
        ) as stream:
            for chunk in stream:
                content += chunk
                if time.monotonic() > ends:
                    raise SourceUnreachable(f"{where} took more than {MAX_SECONDS:g} s to answer.")
            status = stream.status
        if status in _EXPLAINED:
            raise failure_of(bytes(content), where, status)
        return page_of(bytes(content), where)

    def is_well(self) -> bool:
        """Whether it says how many records it has. What fails then, is itself at fault."""
        try:
            self.page(Query(), start=1, size=1, hits=True)
        except ConventionError:
            return False
        return True

    def identified(self, identifiers: Sequence[str]) -> Mapping[str, Metadata | ConventionError]:
        """The records of these identifiers, or why one cannot be read. What is not among them is
        not in the catalogue: it was asked for by itself too. Raises as `page` does when the
        catalogue is at fault."""
        try:
            found = self._identified(identifiers)
        except BROKEN as exc:
            if not self.is_well():
                raise
            if len(identifiers) == 1:
                return {identifiers[0]: exc}
            found = {}
        if len(identifiers) == 1:
            return found
        alone: dict[str, Metadata | ConventionError] = {}
        for identifier in identifiers:
            if identifier not in found:
                alone.update(self.identified([identifier]))
        return found | alone

    def _identified(self, identifiers: Sequence[str]) -> dict[str, Metadata | ConventionError]:
        query = Query.identified(*identifiers)
        found: dict[str, Metadata | ConventionError] = {}
        start = 1
        while len(found) < len(identifiers):
            page = self.page(query, start=start, size=len(identifiers))
            new = {
                record.identifier: record
                for record in page.records
                if record.identifier in identifiers and record.identifier not in found
            }
            if not new:
                break
            found.update({each: record for each, record in new.items() if each is not None})
            start += len(page.records)
        return found

    def _pause(self) -> None:
        if self._asked_at is not None:
            left = self._asked_at + self._interval - time.monotonic()
            if left > 0 and self._wait(left):
                raise Stopped
        self._asked_at = time.monotonic()
