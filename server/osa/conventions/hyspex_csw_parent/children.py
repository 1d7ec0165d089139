"""The work of `hyspex-csw-parent`: each child of the parent in turn, and what is started for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from osa.conventions.authoring import Context
from osa.conventions.csw.client import Catalogue
from osa.conventions.csw.metadata import Metadata
from osa.conventions.hyspex.datasets import Catalogued
from osa.conventions.hyspex.steps import Outcome, Steps, begin_of
from osa.conventions.hyspex.walks import ChildrenWalk, Place, Stand
from osa.conventions.hyspex_csw_parent.parameters import CswParentParams
from osa.conventions.items import Batch, Item

#: Places of a page that are none of the step's own: the one before it, by which a shift is
#: noticed, and the one after it, by which the end is.
_AROUND = 2


def ingest(context: Context[CswParentParams]) -> Iterator[Batch]:
    """One item for each dataset."""
    yield from _Children(context).steps().batches()


class _Children:
    def __init__(self, context: Context[CswParentParams]) -> None:
        self._context = context
        self._params = context.params
        self._recipe = context.params.recipe
        self._datasets = Catalogued(recipe=self._recipe, allowed_hosts=context.limits.allowed_hosts)

    def steps(self) -> Steps:
        context, params = self._context, self._params
        walk = ChildrenWalk(
            Catalogue(context.web, params.csw_url, wait=context.stop.wait),
            params.parent_identifier,
            stand=begin_of(context, params.start_position),
            page_size=min(params.page_size, params.max_children + _AROUND),
            tell=context.info,
        )
        return Steps(
            context,
            walk,
            begin=params.start_position if context.step is None else context.step.position,
            most=params.max_children,
            decide=self._decide,
            estimate=self._estimate,
            summary={"dry_run": params.dry_run},
        )

    def _decide(self, place: Place) -> Outcome:
        # What has come before counts nothing: a step that met nothing else would take as much as
        # it may from a list that never ends, and so would the next.
        record, again = place.record, place.after.is_again
        if record is None:
            item = self._datasets.unreadable(place.name, place.failure)
            return Outcome(item=item, counts=not again, tally={"seen": 1, "unreadable": 1})
        uri = self._datasets.link(record)
        if isinstance(uri, Item):
            return Outcome(item=uri, counts=not again, tally={"seen": 1, "no_link": 1})
        names = set(self._recipe.external_ids(place.name).values())
        there = set(self._context.archive.started(names))
        if again and names <= there | self._told(place.name):
            return Outcome(tally={})
        return Outcome(
            item=self._item(record, uri, there),
            counts=True,
            tally={"seen": 1, "queued": len(names - there), "skipped_existing": len(there)},
        )

    def _told(self, identifier: str) -> set[str]:
        """The children that the record of the dataset tells of: they were started, and may have
        been deleted since."""
        held = self._context.archive.record(self._datasets.source_id(identifier))
        told = held.metadata.get("children") if held is not None else None
        return {str(name) for name in told.values()} if isinstance(told, dict) else set()

    def _item(self, record: Metadata, uri: str, there: set[str]) -> Item:
        starts = self._datasets.starts(record, uri, self._recipe.variants)
        if not self._params.dry_run:
            return self._datasets.item(record, uri, starts)
        new = [start for start in starts if start.external_id not in there]
        if new:
            return self._datasets.would_start(record, new)
        return Item.skipped(
            self._datasets.source_id(record.identifier or ""),
            kind="already_started",
            detail=f"All its variants were started before: {', '.join(sorted(there))}.",
        )

    def _estimate(self, stand: Stand, tally: Mapping[str, int]) -> int | None:
        """Those that were started, and all variants of what has not been seen."""
        if self._params.dry_run:
            return 0
        ahead = stand.ahead
        queued = tally.get("queued", 0)
        return None if ahead is None else queued + ahead * len(self._recipe.variants)
