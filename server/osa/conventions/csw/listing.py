"""All records of a query, one after the other, from a catalogue that changes meanwhile.

`nextRecord` is not trusted: past the end pycsw says 1, and a loop that believes it never ends. The
next page begins after what was received, and is asked for with the last known record before it:
when another stands there, or another number matches, positions have shifted, and what was skipped
by it is looked for in one more pass over all. The end is where a page brings nothing new.

So every record that is there from beginning to end comes. One that is inserted into the part that
was read, while another leaves it, shows in nothing that is asked for: the next listing has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from osa.conventions.csw.client import BROKEN, Catalogue
from osa.conventions.csw.metadata import Metadata
from osa.conventions.csw.requests import Query
from osa.conventions.failures import ConventionError

PAGE_SIZE = 50
#: So many records in a row that cannot be read are no records' fault.
MAX_BROKEN = 5


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a listing is, as JSON: what a cursor keeps."""

    #: The position that is asked for next; 1 is the first.
    start: int = 1
    #: The identifier of the nearest record before it that has one, and how far before it is.
    last: str | None = None
    behind: int = 1
    #: How many matched, when it was asked last.
    matched: int | None = None
    #: Whether the list was seen to change.
    shifted: bool = False
    #: Whether this is the second pass.
    sweep: bool = False

    @property
    def is_doubtful(self) -> bool:
        """At the end of a pass: whether something may have been skipped."""
        return self.shifted or self.matched not in (None, self.start - 1)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Found:
    """One place of the list."""

    number: int
    record: Metadata | None
    #: Why there is no record.
    failure: ConventionError | None
    #: Where to go on.
    after: Position


@dataclass(frozen=True, kw_only=True)
class _Page:
    places: Sequence[Metadata | ConventionError]
    matched: int | None


class Listing:
    """`position` afterwards says where it ended."""

    def __init__(
        self,
        catalogue: Catalogue,
        query: Query,
        *,
        position: Position | None = None,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self._catalogue = catalogue
        self._query = query
        self._size = page_size
        self._broken = 0
        #: Whether a page of more than one was seen.
        self._several = False
        self.position = position or Position()
        #: The identifiers that were listed, since this object was made.
        self.seen: set[str] = set()

    def __iter__(self) -> Iterator[Found]:
        """Each record once; in a second pass that was resumed, those of the first pass come again.

        Raises as `Catalogue.page` does when the catalogue is at fault.
        """
        yield from self.once()
        if not self.position.sweep and self.position.is_doubtful:
            self.position = Position(sweep=True)
            yield from self.once()

    def once(self) -> Iterator[Found]:
        """The pass that the position is in, to its end."""
        passed: set[str] = set()
        while True:
            first, places = self._next()
            fresh = known = False
            for number, place in enumerate(places, first):
                failure = place if isinstance(place, ConventionError) else None
                record = None if isinstance(place, ConventionError) else place
                identifier = record.identifier if record else None
                again = identifier is not None and identifier in passed
                known = known or again
                fresh = fresh or (identifier is not None and not again)
                self.position = replace(
                    self.position,
                    start=number + 1,
                    last=identifier or self.position.last,
                    behind=1 if identifier is not None else self.position.behind + 1,
                    shifted=self.position.shifted or again,
                )
                if identifier is not None:
                    passed.add(identifier)
                    if identifier in self.seen:
                        continue
                    self.seen.add(identifier)
                yield Found(number=number, record=record, failure=failure, after=self.position)
            # Places without a name may be new: not beside what was passed before, and not past the
            # end.
            if not fresh and (known or not places or first > (self.position.matched or 0)):
                return

    def _next(self) -> tuple[int, Sequence[Metadata | ConventionError]]:
        """The places after the position, and the number of the first."""
        at = self.position
        if at.last is None or at.start == 1:
            return at.start, self._page(at.start).places
        page = self._page(at.start - at.behind)
        head = page.places[0] if page.places else None
        rest = page.places[at.behind :]
        if not isinstance(head, Metadata) or head.identifier != at.last:
            # It is looked for no more: behind a place without a name it would be missed for ever.
            self.position = replace(self.position, last=None, behind=1, shifted=True)
            # From one place back: further back a campaign does not go.
            back = page.places[at.behind - 1 :]
            return at.start - 1, back or self._page(at.start - 1).places
        if rest or (self._several and at.behind == 1):
            return at.start, rest
        # It may give no more than one at a time, whatever is asked for.
        return at.start, self._page(at.start).places

    def _page(self, start: int) -> _Page:
        try:
            found = self._catalogue.page(self._query, start=start, size=self._size)
            page = _Page(places=found.records, matched=found.matched)
            self._broken = 0
        except BROKEN:
            if not self._catalogue.is_well():
                raise
            page = self._one_by_one(start)
        at = self.position
        self._several = self._several or len(page.places) > 1
        if page.matched is not None:
            shifted = at.shifted or at.matched not in (None, page.matched)
            self.position = replace(at, matched=page.matched, shifted=shifted)
        return page

    def _one_by_one(self, start: int) -> _Page:
        """A page of which one record or more cannot be read."""
        places: list[Metadata | ConventionError] = []
        matched: int | None = None
        while len(places) < self._size:
            try:
                found = self._catalogue.page(self._query, start=start + len(places), size=1)
            except BROKEN as exc:
                self._broken += 1
                if self._broken >= MAX_BROKEN or not self._catalogue.is_well():
                    raise
                places.append(exc)
                continue
            if found.matched is not None:
                matched = found.matched
            if not found.records:
                break
            self._broken = 0
            places.append(found.records[0])
        return _Page(places=places, matched=matched)
