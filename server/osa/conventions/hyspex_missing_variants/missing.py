"""The work of `hyspex-missing-variants`: each dataset in turn, what it lacks, and what is started.

A variant is there when its child is active or has succeeded, or when the archive holds what a child
would make: a child that has ended may have been deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from osa.conventions.authoring import Context
from osa.conventions.csw.client import Catalogue
from osa.conventions.failures import ParametersInvalid
from osa.conventions.held import WITHOUT_RESULT
from osa.conventions.hyspex.datasets import Catalogued
from osa.conventions.hyspex.parameters import Variant
from osa.conventions.hyspex.recipes import HEIGHTS, NC_TO_GEOTIFF
from osa.conventions.hyspex.steps import Outcome, Steps, begin_of
from osa.conventions.hyspex.walks import ChildrenWalk, GivenWalk, Place, Stand, Walk
from osa.conventions.hyspex_csw_parent import hyspex_csw_parent
from osa.conventions.hyspex_csw_parent.parameters import CswParentParams
from osa.conventions.hyspex_missing_variants.parameters import MissingVariantsParams
from osa.conventions.items import Batch, Item


def ingest(context: Context[MissingVariantsParams]) -> Iterator[Batch]:
    """One item for each dataset."""
    yield from _Missing(context).steps().batches()


@dataclass(frozen=True, kw_only=True)
class _Lack:
    """What one dataset has not."""

    #: Never tried, as far as is known.
    missing: tuple[Variant, ...] = ()
    #: Tried, in vain.
    failed: tuple[Variant, ...] = ()


class _Missing:
    def __init__(self, context: Context[MissingVariantsParams]) -> None:
        params = context.params
        self._context = context
        self._params = params
        self._archive = context.archive
        base = None
        self._parent = params.parent_identifier
        if params.campaign_id is not None:
            campaign = self._campaign(params.campaign_id)
            base = campaign.recipe
            self._parent = campaign.parent_identifier
        self._recipe = params.recipe(base)
        try:
            self._recipe.check()
        except ValueError as exc:
            raise ParametersInvalid(str(exc)) from exc
        self._datasets = Catalogued(recipe=self._recipe, allowed_hosts=context.limits.allowed_hosts)

    def steps(self) -> Steps:
        context = self._context
        return Steps(
            context,
            self._walk(),
            begin=1 if context.step is None else context.step.position,
            most=self._params.limit,
            decide=self._decide,
            estimate=self._estimate,
            summary={"dry_run": self._params.dry_run},
        )

    def _campaign(self, campaign_id: str) -> CswParentParams:
        campaign = self._archive.campaign(campaign_id)
        if campaign is None:
            raise ParametersInvalid(
                f"There is no campaign {campaign_id!r}.", hint="osa campaign list shows them."
            )
        if campaign.convention_id != hyspex_csw_parent.id:
            raise ParametersInvalid(
                f"The campaign {campaign_id!r} runs {campaign.convention_id}, and not "
                f"{hyspex_csw_parent.id}.",
                hint="Give csw_url and parent_identifier instead of campaign_id.",
            )
        try:
            found = hyspex_csw_parent.parse(campaign.parameters)
        except ValidationError as exc:
            raise ParametersInvalid(
                f"The parameters of the campaign {campaign_id!r} are no longer taken: {exc}",
                hint="Give csw_url, parent_identifier and child instead of campaign_id.",
            ) from exc
        assert isinstance(found, CswParentParams)
        return found

    def _walk(self) -> Walk:
        context, params = self._context, self._params
        catalogue = Catalogue(context.web, self._recipe.csw_url, wait=context.stop.wait)
        stand = begin_of(context)
        if self._parent is None:
            return GivenWalk(catalogue, params.record_ids or (), stand=stand)
        return ChildrenWalk(
            catalogue, self._parent, stand=stand, page_size=params.page_size, tell=context.info
        )

    def _decide(self, place: Place) -> Outcome:
        record, name = place.record, place.name
        if place.is_gone:
            return Outcome(item=self._datasets.gone(name), tally={"seen": 1, "gone": 1})
        if record is None:
            item = self._datasets.unreadable(name, place.failure)
            return Outcome(item=item, tally={"seen": 1, "unreadable": 1})
        uri = self._datasets.link(record)
        lack = self._lack(name, None if isinstance(uri, Item) else uri)
        if not lack.missing and not lack.failed:
            return self._complete(place)
        if isinstance(uri, Item):
            return Outcome(item=uri, tally={"seen": 1, "no_link": 1})
        again = lack.failed if self._is_tried_again(name, lack) else ()
        if not lack.missing and not again:
            return self._in_vain(place, lack)
        # In the order of the parameters, whatever of them lacks.
        lacking = [v for v in self._recipe.variants if v in (*lack.missing, *again)]
        starts = self._datasets.starts(record, uri, lacking, again)
        if self._params.dry_run:
            item = self._datasets.would_start(record, starts)
        else:
            step = self._context.step
            more = {} if step is None else {"campaign_id": step.campaign_id}
            item = self._datasets.item(record, uri, starts, **more)
        tally = {"seen": 1, "queued": len(lack.missing), "requeued": len(again)}
        return Outcome(item=item, counts=True, tally={k: n for k, n in tally.items() if n})

    def _lack(self, identifier: str, uri: str | None) -> _Lack:
        names = self._recipe.external_ids(identifier)
        statuses = self._archive.started(names.values())
        missing: list[Variant] = []
        failed: list[Variant] = []
        for variant, name in names.items():
            status = statuses.get(name)
            if status is not None and status not in WITHOUT_RESULT:
                continue
            if uri is not None and self._is_held(uri, variant):
                continue
            (missing if status is None else failed).append(variant)
        return _Lack(missing=tuple(missing), failed=tuple(failed))

    def _is_held(self, uri: str, variant: Variant) -> bool:
        """Whether the archive holds what the child would make."""
        if self._recipe.convention != NC_TO_GEOTIFF:
            return False
        ending = f"|{self._recipe.geotiff(variant).output_digest()}"
        found = self._archive.of(NC_TO_GEOTIFF).records(prefix=f"{uri}|")
        return any(
            held.source_id.endswith(ending)
            # Another variable of the scene may have been written in the same way.
            and (variant != "z" or held.metadata.get("standard_name") in HEIGHTS)
            for held in found
        )

    def _is_tried_again(self, identifier: str, lack: _Lack) -> bool:
        if not lack.failed or not self._params.requeue_failed:
            return False
        step = self._context.step
        if step is None:
            return True
        # Once in a campaign, also when the list is looked through again.
        held = self._archive.record(self._datasets.source_id(identifier))
        return held is None or held.metadata.get("campaign_id") != step.campaign_id

    def _complete(self, place: Place) -> Outcome:
        if place.after.is_again:
            return Outcome(tally={})
        return Outcome(
            item=Item.skipped(
                self._datasets.source_id(place.name),
                kind="complete",
                detail=f"Has {', '.join(self._recipe.variants)}, or they are being made.",
            ),
            tally={"seen": 1, "complete": 1},
        )

    def _in_vain(self, place: Place, lack: _Lack) -> Outcome:
        if place.after.is_again:
            return Outcome(tally={})
        names = self._recipe.external_ids(place.name)
        tried = ", ".join(f"{variant} ({names[variant]})" for variant in lack.failed)
        return Outcome(
            item=Item.skipped(
                self._datasets.source_id(place.name),
                kind="variant_failed",
                detail=f"Tried and not made: {tried}. Start it with requeue_failed=true to try "
                "again.",
            ),
            tally={"seen": 1, "variant_failed": 1},
        )

    def _estimate(self, stand: Stand, tally: Mapping[str, int]) -> int | None:
        """What was started; what else lacks is not known before the end."""
        return tally.get("queued", 0) + tally.get("requeued", 0) if stand.over else None
