"""Long work in steps: what a step of a campaign is given, the children it starts, and how far it
has come."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

JsonObject = Mapping[str, Any]

#: Ingestions that one item may start.
MAX_STARTS = 100
#: As the contract has them for everybody who starts an ingestion.
MAX_NAME = 200
_MAX_LABELS = 16
_MAX_URI = 8192
_LABEL_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,62}")
_TEXT = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]*")


@dataclass(frozen=True, kw_only=True)
class Step:
    """Where a step of a campaign begins. Steps run one after the other."""

    campaign_id: str
    #: From 1.
    number: int
    #: Where it begins; 1 is the first position there is.
    position: int
    #: What the batch before it left in `Reached.memo`; `{}` at the very start.
    memo: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Reached:
    """How far the campaign is after a batch. It is committed with the batch, children and all: a
    step that breaks off is followed by one that goes on here."""

    #: Where the next step begins; None: there is nothing left.
    next_position: int | None
    #: How many children there will be in all, as far as is known now.
    total_children: int | None = None
    #: JSON for the step that comes next.
    memo: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Start:
    """An ingestion to start when the item is published: a child of the one that yields it."""

    #: What it is, within the tenant and for ever: asked for twice, it is started once. 1 to 200
    #: characters, none of which controls anything; so is a name.
    external_id: str
    convention_id: str
    #: Its source; None for a convention that reads what its parameters name. At most 8192
    #: characters.
    uri: str | None = None
    parameters: JsonObject = field(default_factory=dict)
    name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    #: Whether to try again one whose last try failed or was canceled.
    again: bool = False


def refusal_of(starts: Sequence[Start]) -> str | None:
    """Why an item that starts these would be rejected, as far as words can tell; None when it would
    not be."""
    if len(starts) > MAX_STARTS:
        return f"It starts {len(starts)} ingestions; an item may start {MAX_STARTS}."
    for start in starts:
        wrong = []
        if not start.external_id or not _is_text(start.external_id):
            wrong.append("external_id")
        if not _is_text(start.name or ""):
            wrong.append("name")
        if len(start.uri or "") > _MAX_URI:
            wrong.append("uri")
        if len(start.labels) > _MAX_LABELS or not all(
            _LABEL_KEY.fullmatch(key) and _is_text(value) for key, value in start.labels.items()
        ):
            wrong.append("labels")
        if wrong:
            return (
                f"It cannot start its child: its {' and its '.join(wrong)} would not be taken from"
                " a caller either."
            )
    return None


def _is_text(text: str) -> bool:
    return len(text) <= MAX_NAME and _TEXT.fullmatch(text) is not None
