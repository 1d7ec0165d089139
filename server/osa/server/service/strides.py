"""How far a batch brings a campaign, and whether it still may."""

from __future__ import annotations

import json

from sqlalchemy import Connection

from osa.conventions import Reached
from osa.server.model import Ingestion
from osa.server.service.canceling import Manner, cancel
from osa.server.store import campaign_changes

#: What every JSON parser holds exactly.
_LAST_POSITION = 2**53 - 1
#: As JSON: it goes with each batch and each step.
_MAX_MEMO_BYTES = 64 * 1024


def check_reached(reached: Reached | None, now: Ingestion) -> None:
    """A campaign that went back would never come to its end. Raises ValueError."""
    if reached is None or now.start_position is None:
        return
    begun, following = now.start_position, reached.next_position
    if following is not None and not _is_count(following, least=begun):
        raise ValueError(f"the step began at {begun}, and the next would begin at {following}.")
    total = reached.total_children
    if total is not None and not _is_count(total, least=0):
        raise ValueError(f"{total} children in all.")
    size = len(json.dumps(dict(reached.memo)))
    if size > _MAX_MEMO_BYTES:
        raise ValueError(f"the memo has {size} bytes as JSON; {_MAX_MEMO_BYTES} are handed on.")


def _is_count(value: object, *, least: int) -> bool:
    return type(value) is int and least <= value <= _LAST_POSITION


def is_over(tx: Connection, now: Ingestion) -> bool:
    """Whether the campaign of a batch that starts something was canceled: then nothing is started
    any more, and the ingestion is canceled with it, if nobody has come to that yet. Else nobody
    cancels the campaign until the transaction ends."""
    if now.campaign_key is None:
        return False
    campaign = campaign_changes.lock(tx, now.campaign_key)
    if campaign.wanted != "stop":
        return False
    # Not by force: whoever has asked for that ends it from outside.
    cancel(tx, now.tenant, now.id, Manner.of_campaign(campaign, force=False))
    return True


def reach(tx: Connection, now: Ingestion, reached: Reached | None) -> None:
    """The campaign of this step is so far now."""
    if reached is None or now.campaign_key is None or not now.is_step:
        return
    campaign_changes.reach(
        tx,
        now.campaign_key,
        next_position=reached.next_position,
        total_children=reached.total_children,
        memo=reached.memo,
    )
