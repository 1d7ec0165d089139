"""The work of `repair-csw-metadata`: which records, in which order, from where after a stop.

The cursor is {"phase", "at", "done", "tally"}: `ids` goes through identifiers that are given,
`listing` through the children of a parent, `held` through what the archive holds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from osa.conventions.authoring import Context, Progress
from osa.conventions.csw.client import Catalogue
from osa.conventions.csw.listing import Listing, Position
from osa.conventions.csw.requests import Query
from osa.conventions.failures import ConventionError
from osa.conventions.items import Batch, Item, JsonObject
from osa.conventions.repair_csw_metadata.outcomes import Outcomes
from osa.conventions.repair_csw_metadata.parameters import RepairParams

#: Identifiers in one request.
CHUNK = 20

Step = tuple[Item | None, JsonObject]
#: An identifier, and where to go on after it.
Place = tuple[str, Any]


def ingest(context: Context[RepairParams]) -> Iterator[Batch]:
    """One item for each record that was looked at."""
    yield from context.batches(_Repair(context).steps())


class _Repair:
    def __init__(self, context: Context[RepairParams]) -> None:
        params = context.params
        cursor = context.cursor
        self._context = context
        self._params = params
        self._catalogue = Catalogue(
            context.web,
            params.csw_url,
            interval_seconds=params.request_interval_seconds,
            wait=context.stop.wait,
        )
        self._phase: str = cursor.get("phase", "")
        self._at: Any = cursor.get("at")
        self._done = int(cursor.get("done", 0))
        self._total: int | None = None
        self._enough = False
        self._outcomes = Outcomes(context, Counter(cursor.get("tally", {})))
        #: What the listing has shown in this attempt.
        self._listed: set[str] = set()

    def steps(self) -> Iterator[Step]:
        """Items, and the cursor after each."""
        params = self._params
        if params.record_ids is not None:
            yield from self._given(params.record_ids)
        elif params.parent_identifier is not None:
            if self._phase != "held":
                yield from self._children(params.parent_identifier)
            # Of a listing that was not read to its end nobody knows what is missing.
            if not self._enough:
                yield from self._once_children(params.parent_identifier)
        else:
            yield from self._by_identifier(self._held())
        self._report(None)
        self._context.info(json.dumps({"summary": self._outcomes.summary()}, ensure_ascii=False))

    def _given(self, identifiers: tuple[str, ...]) -> Iterator[Step]:
        each = tuple(dict.fromkeys(identifiers))
        self._phase, self._total = "ids", len(each)
        begin = int(self._at or 0)
        places = ((identifier, index + 1) for index, identifier in enumerate(each))
        yield from self._by_identifier(islice(places, begin, None))

    def _children(self, parent: str) -> Iterator[Step]:
        self._phase = "listing"
        listing = Listing(
            self._catalogue,
            Query.children_of(parent),
            position=Position(**self._at) if self._at else None,
        )
        for found in listing:
            if self._is_enough():
                return
            self._at = found.after.to_json()
            self._total = found.after.matched
            if found.record is None or found.record.identifier is None:
                name = f"#{found.number} of {parent}"
                item: Item | None = self._outcomes.unreadable(name, found.failure)
            else:
                self._listed.add(found.record.identifier)
                # Those of a pass that another attempt has made come again in the second.
                item = self._outcomes.of(found.record, quiet=found.after.sweep)
            yield self._step(item)

    def _once_children(self, parent: str) -> Iterator[Step]:
        """Those that the archive knows as children, and the listing has not shown."""
        if self._phase != "held":
            self._at = ""
        places = (
            (identifier, key)
            for identifier, key, known in self._records()
            if known == parent and identifier not in self._listed
        )
        yield from self._by_identifier(places, listed=parent)

    def _held(self) -> Iterator[Place]:
        for identifier, key, _ in self._records():
            yield identifier, key

    def _records(self) -> Iterator[tuple[str, str, Any]]:
        """Identifier, key and parent of what the archive holds of this catalogue."""
        self._phase = "held"
        prefix = self._outcomes.source_id("")
        for held in self._context.archive.records(prefix=prefix, after=self._at or ""):
            yield self._outcomes.identifier_of(held), held.key, held.metadata.get("parent")

    def _by_identifier(
        self, places: Iterator[Place], *, listed: str | None = None
    ) -> Iterator[Step]:
        """Ask for some at a time. The children of `listed` have had their turn."""
        while chunk := list(islice(places, CHUNK)):
            if self._is_enough():
                return
            wanted = [each for each, _ in chunk if self._wants(each)]
            found = self._catalogue.identified(wanted) if wanted else {}
            for identifier, after in chunk:
                if self._is_enough():
                    return
                self._at = after
                if identifier not in wanted:
                    yield None, self._cursor()
                    continue
                record = found.get(identifier)
                if record is None:
                    item: Item | None = self._outcomes.gone(identifier)
                elif isinstance(record, ConventionError):
                    item = self._outcomes.unreadable(identifier, record)
                elif listed is not None and record.fields.get("parent") == listed:
                    # In the list, if not in what this attempt has seen of it.
                    item = None
                else:
                    item = self._outcomes.of(record)
                yield self._step(item)

    def _wants(self, identifier: str) -> bool:
        return self._context.wants(self._outcomes.source_id(identifier))

    def _is_enough(self) -> bool:
        if self._done < self._params.max_datasets:
            return False
        if not self._enough:
            self._enough = True
            self._context.warning(
                f"There are more records than max_datasets={self._params.max_datasets}: the rest "
                "was not looked at."
            )
        return True

    def _step(self, item: Item | None) -> Step:
        if item is not None:
            self._done += 1
            self._report(item.source_id)
        return item, self._cursor()

    def _cursor(self) -> JsonObject:
        tally = dict(self._outcomes.tally)
        return {"phase": self._phase, "at": self._at, "done": self._done, "tally": tally}

    def _report(self, message: str | None) -> None:
        total = None if self._total is None else max(self._done, self._total)
        self._context.report(
            Progress(
                phase=self._phase,
                message=message,
                unit="records",
                completed=self._done,
                total=total,
                total_is_estimate=self._phase == "listing",
            )
        )
