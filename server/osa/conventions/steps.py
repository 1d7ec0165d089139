"""Long work in steps: what a step of a campaign is given, the children it starts, and how far it
has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JsonObject = Mapping[str, Any]


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
    #: characters.
    external_id: str
    convention_id: str
    #: Its source; None for a convention that reads what its parameters name.
    uri: str | None = None
    parameters: JsonObject = field(default_factory=dict)
    name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    #: Whether to try again one whose last try failed or was canceled.
    again: bool = False
