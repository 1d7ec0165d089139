"""From a record of the catalogue to its item: what is written, and what is said instead."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from osa.conventions.authoring import Context
from osa.conventions.csw.metadata import Metadata
from osa.conventions.failures import ConventionError, SourceInvalid
from osa.conventions.held import Held
from osa.conventions.items import Item
from osa.conventions.repair_csw_metadata.differences import (
    MISSING_SINCE,
    Change,
    differences,
    is_not_newer,
    sentence,
    written,
)
from osa.conventions.repair_csw_metadata.parameters import RepairParams


class Outcomes:
    """`tally` counts what was decided; field names among it are counted as `field:title`."""

    def __init__(self, context: Context[RepairParams], tally: Counter[str]) -> None:
        self._context = context
        self._params = context.params
        self.tally = tally

    def source_id(self, identifier: str) -> str:
        return f"{self._params.csw_url}|{identifier}"

    def identifier_of(self, held: Held) -> str:
        """What the catalogue calls a record of the archive."""
        said = held.metadata.get("identifier")
        return said if isinstance(said, str) else held.source_id[len(self.source_id("")) :]

    def of(self, record: Metadata, *, quiet: bool = False) -> Item | None:
        """A record that is in the catalogue. None, when it is as the archive has it and that goes
        without saying (`quiet`)."""
        identifier = record.identifier or ""
        for problem in record.problems:
            self._context.warning(f"{identifier}: {problem} It is left out.")
        held = self._context.archive.record(self.source_id(identifier))
        if held is None:
            return self._new(identifier, record)
        changes = differences(held.metadata, record, self._params.fields)
        returned = MISSING_SINCE in held.metadata
        if changes and self._params.only_if_newer and is_not_newer(held, record):
            if not returned:
                return None if quiet else self._not_newer(identifier, changes)
            changes = ()
        if not changes and not returned:
            return None if quiet else self._same(identifier, held)
        return self._changed(identifier, held, changes, returned)

    def gone(self, identifier: str) -> Item:
        """A record that is not in the catalogue."""
        source_id = self.source_id(identifier)
        held = self._context.archive.record(source_id)
        if held is None or self._params.on_missing == "report":
            self.tally["gone"] += 1
            known = "does not hold it either" if held is None else "still holds it"
            return Item.rejected(
                source_id,
                kind="gone",
                detail=f"The catalogue has no record {identifier!r:.200}; the archive {known}.",
                hint="Start it with on_missing=flag to note it in the record.",
            )
        if MISSING_SINCE in held.metadata:
            return self._same(identifier, held)
        self.tally["flagged"] += 1
        today = datetime.now(UTC).date().isoformat()
        flag = Change(name=MISSING_SINCE, before=None, after=today)
        if self._params.dry_run:
            return Item.skipped(source_id, kind="would_change", detail=str(flag))
        return self._record(identifier, held, written(held.metadata, [flag], seen=False))

    def unreadable(self, identifier: str, failure: ConventionError | None) -> Item:
        """A record that the catalogue has and does not give, or that has no identifier."""
        self.tally["unreadable"] += 1
        if failure is None:
            failure = SourceInvalid("The record has no gmd:fileIdentifier that can be used.")
        return Item.of_error(self.source_id(identifier), failure)

    def summary(self) -> dict[str, Any]:
        """What was decided, in numbers."""
        fields = {
            name.removeprefix("field:"): count
            for name, count in sorted(self.tally.items())
            if name.startswith("field:")
        }
        kinds = {
            name: count
            for name, count in sorted(self.tally.items())
            if not name.startswith("field:")
        }
        return {"dry_run": self._params.dry_run, **kinds, "fields": fields}

    def _new(self, identifier: str, record: Metadata) -> Item:
        changes = differences({}, record, self._params.fields)
        self._count("created", changes)
        if self._params.dry_run:
            detail = sentence(changes) or "A record without fields."
            return Item.skipped(self.source_id(identifier), kind="would_create", detail=detail)
        metadata = {"csw_url": self._params.csw_url, "identifier": identifier}
        return self._record(identifier, None, written(metadata, changes, seen=True))

    def _changed(
        self, identifier: str, held: Held, changes: tuple[Change, ...], returned: bool
    ) -> Item:
        self._count("changed", changes)
        if self._params.dry_run:
            if returned:
                since = held.metadata[MISSING_SINCE]
                changes = (*changes, Change(name=MISSING_SINCE, before=since, after=None))
            detail = sentence(changes)
            return Item.skipped(self.source_id(identifier), kind="would_change", detail=detail)
        return self._record(identifier, held, written(held.metadata, changes, seen=True))

    def _same(self, identifier: str, held: Held) -> Item:
        self.tally["same"] += 1
        if self._params.dry_run:
            return Item.skipped(
                self.source_id(identifier), kind="same", detail="The archive holds exactly this."
            )
        return self._record(identifier, held, held.metadata)

    def _not_newer(self, identifier: str, changes: tuple[Change, ...]) -> Item:
        self.tally["not_newer"] += 1
        return Item.skipped(
            self.source_id(identifier),
            kind="not_newer",
            detail=f"The catalogue's date stamp is not later; it differs in {sentence(changes)}",
        )

    def _record(self, identifier: str, held: Held | None, metadata: Any) -> Item:
        said = metadata.get("title")
        title = said if isinstance(said, str) else held.title if held else None
        return Item.record(self.source_id(identifier), title=title, metadata=metadata)

    def _count(self, kind: str, changes: tuple[Change, ...]) -> None:
        self.tally[kind] += 1
        self.tally.update(f"field:{change.name}" for change in changes)
