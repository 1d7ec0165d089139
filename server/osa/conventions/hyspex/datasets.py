"""A dataset of the catalogue: what is said of it, and where its data are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from osa.conventions.addresses import check_uri
from osa.conventions.csw.metadata import MAX_LINE, Metadata
from osa.conventions.failures import ConventionError, SourceInvalid, SourceRefused
from osa.conventions.hyspex.parameters import Variant
from osa.conventions.hyspex.recipes import Recipe
from osa.conventions.items import Item
from osa.conventions.steps import Start


@dataclass(frozen=True, kw_only=True)
class Catalogued:
    """The datasets of one catalogue, and what is made of each."""

    recipe: Recipe
    #: Hosts that may be read although they are not public.
    allowed_hosts: Sequence[str] = ()

    def source_id(self, identifier: str) -> str:
        return f"{self.recipe.csw_url}|{identifier}"

    def link(self, record: Metadata) -> str | Item:
        """Where the data are; or the rejected item of a dataset without them."""
        identifier = record.identifier or ""
        protocol = self.recipe.protocol
        links = [
            online["url"]
            for online in record.online
            if online.get("protocol", "").casefold() == protocol.casefold()
        ]
        refused: SourceRefused | None = None
        for url in links:
            try:
                # One as long as that was cut off.
                if len(url) >= MAX_LINE:
                    raise SourceRefused(f"The link has more than {MAX_LINE - 1} characters.")
                check_uri(url, allowed_hosts=self.allowed_hosts)
            except SourceRefused as exc:
                refused = refused or exc
            else:
                return url
        if refused is not None:
            return Item.rejected(
                self.source_id(identifier),
                kind="link_refused",
                detail=f"{identifier!r:.200} has no link that may be read: {refused.detail}",
                hint=refused.hint,
            )
        others = sorted({online.get("protocol", "none") for online in record.online})
        return Item.rejected(
            self.source_id(identifier),
            kind="no_link",
            detail=f"{identifier!r:.200} has no link of the protocol {protocol!r}.",
            hint=f"Its links have the protocols {', '.join(others)[:300]}." if others else None,
        )

    def item(self, record: Metadata, uri: str, starts: Sequence[Start], **more: str) -> Item:
        """The record of the dataset, which starts the children that make its variants."""
        identifier = record.identifier or ""
        metadata: dict[str, Any] = {
            "csw_url": self.recipe.csw_url,
            "identifier": identifier,
            **record.fields,
            "uri": uri,
            "children": dict(self.recipe.external_ids(identifier)),
            **more,
        }
        return Item.record(
            self.source_id(identifier), title=title(record), metadata=metadata, starts=starts
        )

    def starts(
        self, record: Metadata, uri: str, variants: Iterable[Variant], again: Iterable[Variant] = ()
    ) -> list[Start]:
        """The children for these variants; those in `again` are tried once more."""
        repeated = set(again)
        return [
            self.recipe.start(
                record.identifier or "",
                variant,
                uri=uri,
                title=title(record),
                again=variant in repeated,
            )
            for variant in variants
        ]

    def would_start(self, record: Metadata, starts: Sequence[Start]) -> Item:
        """What a dry run says of it."""
        said = ", ".join(f"{start.labels['variant']} as {start.external_id}" for start in starts)
        uri = starts[0].uri if starts else None
        return Item.skipped(
            self.source_id(record.identifier or ""),
            kind="would_start",
            detail=f"Would start {self.recipe.convention} on {uri}: {said}.",
        )

    def unreadable(self, name: str, failure: ConventionError | None) -> Item:
        """A record that the catalogue has and does not give, or that has no identifier."""
        if failure is None:
            failure = SourceInvalid("The record has no gmd:fileIdentifier that can be used.")
        return Item.of_error(self.source_id(name), failure)

    def gone(self, identifier: str) -> Item:
        """A record that is not in the catalogue."""
        return Item.rejected(
            self.source_id(identifier),
            kind="gone",
            detail=f"The catalogue has no record {identifier!r:.200}.",
        )


def title(record: Metadata) -> str:
    said: Mapping[str, Any] = record.fields
    return str(said.get("title") or record.identifier or "")
