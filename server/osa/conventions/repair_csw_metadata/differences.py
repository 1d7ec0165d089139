"""What a catalogue says of a record that the archive does not, field by field."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from osa.conventions.csw.fields import FIELDS
from osa.conventions.csw.metadata import Metadata
from osa.conventions.csw.times import is_later
from osa.conventions.held import Held

MISSING_SINCE = "missing_since"
#: Characters of one value, and of all, in a sentence.
_VALUE = 120
_ALL = 3_000


@dataclass(frozen=True, kw_only=True)
class Change:
    """One field."""

    name: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.name}: {_short(self.before)} → {_short(self.after)}"


def differences(
    held: Mapping[str, Any], said: Metadata, fields: Collection[str]
) -> tuple[Change, ...]:
    """A field that the catalogue does not give, or that cannot be read, is none: it is no reason to
    forget what is known."""
    return tuple(
        Change(name=name, before=held.get(name), after=said.fields[name])
        for name in FIELDS
        if name in fields and name in said.fields and held.get(name) != said.fields[name]
    )


def is_not_newer(held: Held, said: Metadata) -> bool:
    """Whether the date stamps tell that the catalogue knows nothing new. When they cannot tell, it
    may."""
    return is_later(said.fields.get("datestamp"), held.metadata.get("datestamp")) is False


def written(
    metadata: Mapping[str, Any], changes: Collection[Change], *, seen: bool
) -> dict[str, Any]:
    """The metadata with the changes, and all else as it is; a record that was `seen` is missing no
    more."""
    kept = {name: value for name, value in metadata.items() if not (seen and name == MISSING_SINCE)}
    return kept | {change.name: change.after for change in changes}


def sentence(changes: Collection[Change]) -> str:
    """All changes for people, not too long."""
    text = "; ".join(map(str, changes))
    return text if len(text) <= _ALL else text[: _ALL - 1] + "…"


def _short(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE else text[: _VALUE - 1] + "…"
