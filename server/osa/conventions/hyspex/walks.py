"""The way through many datasets in several steps: where it stands, as JSON, and the places on it.

Positions of a campaign count on for ever: what is passed in a sweep comes after what was passed
before. So a step never begins before another one, and `Stand` alone knows which place in the
catalogue's list a position is.

A list that changes between two steps, or in one, shifts what is behind the change. The listing
notices; and when the pass has come to its end, one more is made over all. What is there from
beginning to end is found, if only the last of `MAX_SWEEPS` is not disturbed in its turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any, Self

from osa.conventions.csw.client import Catalogue
from osa.conventions.csw.listing import Found, Listing, Position
from osa.conventions.csw.metadata import Metadata
from osa.conventions.csw.requests import Query
from osa.conventions.failures import ConventionError

MAX_SWEEPS = 3
#: Identifiers in one request.
CHUNK = 20


@dataclass(frozen=True, kw_only=True)
class Stand:
    """Where a walk is, after a place."""

    listing: Position
    #: The positions of the passes before this one.
    offset: int = 0
    #: Where the walk began in the list, and the first record that it met there: a sweep begins at
    #: that one, wherever it is by then.
    since: int = 1
    first: str | None = None
    #: Whether this pass has come to `first`.
    inside: bool = True
    sweeps: int = 0
    #: How many match, when it was said last.
    matched: int | None = None
    over: bool = False

    @classmethod
    def at(cls, position: int) -> Self:
        """At the beginning of a walk from this position on."""
        return cls(listing=Position(start=position), since=position)

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """From JSON."""
        return cls(**{**value, "listing": Position(**value["listing"])})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def position(self) -> int:
        """The next one; of a campaign, from 1."""
        return self.offset + self.listing.start

    @property
    def is_again(self) -> bool:
        """Whether what comes may have come before."""
        return self.sweeps > 0 or self.listing.shifted

    @property
    def ahead(self) -> int | None:
        """How many come for the first time, as far as is known."""
        if self.sweeps or self.over:
            return 0
        return None if self.matched is None else max(0, self.matched - self.listing.start + 1)


@dataclass(frozen=True, kw_only=True)
class Place:
    """One dataset on the way, or why there is none."""

    #: Its identifier; of one that has none, its number.
    name: str
    #: None when there is a failure, or when the catalogue has no such record.
    record: Metadata | None
    failure: ConventionError | None = None
    #: Whether it is passed without a look: it was met just now, or comes before the beginning.
    is_passed: bool = False
    is_gone: bool = False
    after: Stand


class Walk:
    """Places, and afterwards `stand` at the end."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand

    def __iter__(self) -> Iterator[Place]:
        raise NotImplementedError


class ChildrenWalk(Walk):
    """The children of a record. `tell` hears of sweeps."""

    def __init__(
        self,
        catalogue: Catalogue,
        parent: str,
        *,
        stand: Stand,
        page_size: int,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(stand)
        self._catalogue = catalogue
        self._parent = parent
        self._size = page_size
        self._tell = tell
        #: What was met, since this object was made: it is not looked at again.
        self._met: set[str] = set()

    def __iter__(self) -> Iterator[Place]:
        while not self.stand.over:
            listing = Listing(
                self._catalogue,
                Query.children_of(self._parent),
                position=self.stand.listing,
                page_size=self._size,
            )
            for found in listing.once():
                yield self._place(found)
            self._turn(listing.position)

    def _place(self, found: Found) -> Place:
        stand, record = self.stand, found.record
        identifier = record.identifier if record else None
        first, inside = stand.first, stand.inside
        if identifier is not None:
            if not stand.sweeps and stand.since > 1:
                first = first or identifier
            inside = inside or identifier == first
        self.stand = replace(
            stand,
            listing=found.after,
            matched=_known(found.after.matched, stand.matched),
            first=first,
            inside=inside,
        )
        met = identifier is not None and identifier in self._met
        if identifier is not None and inside:
            self._met.add(identifier)
        return Place(
            name=identifier or f"#{found.number} of {self._parent}",
            record=record if identifier is not None else None,
            failure=found.failure,
            is_passed=met or not inside,
            after=self.stand,
        )

    def _turn(self, at: Position) -> None:
        """What comes after a pass: another one, or nothing."""
        stand = replace(self.stand, listing=at, matched=_known(at.matched, self.stand.matched))
        lost = not stand.inside
        if stand.sweeps == 0:
            needed = stand.position > stand.since and at.is_doubtful
        else:
            needed = lost or (at.shifted and stand.sweeps < MAX_SWEEPS)
        if not needed:
            self.stand = replace(stand, over=True)
            return
        first = None if lost else stand.first
        self._tell(
            f"The list of {self._parent} has changed, or is not as long as the catalogue says: it "
            "is looked through once more for what was missed."
        )
        self.stand = replace(
            stand,
            listing=Position(sweep=True),
            offset=stand.position - 1,
            first=first,
            inside=first is None,
            sweeps=stand.sweeps + 1,
        )


class GivenWalk(Walk):
    """Records of these identifiers, each once."""

    def __init__(self, catalogue: Catalogue, identifiers: Sequence[str], *, stand: Stand) -> None:
        super().__init__(stand)
        self._catalogue = catalogue
        self._identifiers = tuple(dict.fromkeys(identifiers))

    def __iter__(self) -> Iterator[Place]:
        begin = self.stand.listing.start
        rest = islice(enumerate(self._identifiers, 1), begin - 1, None)
        while not self.stand.over and (chunk := list(islice(rest, CHUNK))):
            found = self._catalogue.identified([identifier for _, identifier in chunk])
            for number, identifier in chunk:
                record = found.get(identifier)
                self.stand = replace(
                    self.stand,
                    listing=Position(start=number + 1),
                    matched=len(self._identifiers),
                )
                yield Place(
                    name=identifier,
                    record=record if isinstance(record, Metadata) else None,
                    failure=record if isinstance(record, ConventionError) else None,
                    is_gone=record is None,
                    after=self.stand,
                )
        self.stand = replace(self.stand, over=True)


def _known(now: int | None, before: int | None) -> int | None:
    return before if now is None else now
