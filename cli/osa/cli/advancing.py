"""The next step of a campaign, by hand: once, also when an answer was lost."""

from typing import Any, Unpack, cast

from osa.cli.access import Access, helper
from osa.cli.arguments import path_segment
from osa.cli.campaigns import is_active
from osa.cli.errors import IngestionError
from osa.cli.transport import Connection, answer_lost

#: What an advance gets when one before it was heard: the step goes on, has moved, or was the last.
_STARTED_ALREADY = ("CAMPAIGN_STEP_ACTIVE", "CAMPAIGN_POSITION_STALE", "CAMPAIGN_ENDED")


@helper
def advance_campaign(
    *, campaign_id: str, start_position: int | None = None, **access: Unpack[Access]
) -> dict[str, Any]:
    """Start the next step and give the campaign.

    Without a `start_position` it is the campaign's own; where it has none left,
    `CAMPAIGN_HAS_NO_NEXT` is raised. Another one than the next raises `CAMPAIGN_POSITION_STALE`,
    whose context names the right one, and while a step or a child is active `CAMPAIGN_STEP_ACTIVE`.
    Each position is started once, also when an answer was lost.
    """
    from osa.sdk.api.campaigns import advance_campaign as operation
    from osa.sdk.api.campaigns import get_campaign as state
    from osa.sdk.models.advance_campaign import AdvanceCampaign

    look = state._get_kwargs(path_segment(campaign_id))
    maybe_started = False

    def attempt() -> dict[str, Any]:
        nonlocal maybe_started
        if maybe_started:
            # Before it is sent again: a step that failed meanwhile and has not moved would be
            # followed by another one.
            now = line.ask_once(state, look)
            if _is_started(position, before, now):
                return now
        try:
            return line.ask_once(operation, kwargs)
        except IngestionError as error:
            if maybe_started and error.code in _STARTED_ALREADY:
                now = line.ask(state, look)
                if _is_started(position, before, now):
                    return now
            maybe_started = maybe_started or answer_lost(error)
            raise

    with Connection(**access) as line:
        before: dict[str, Any] | None = None
        try:
            before = line.ask(state, look)
        except IngestionError as error:
            # A token may be for writing alone: it is only after a lost answer that more is needed.
            if error.status != 403 or start_position is None:
                raise
        if start_position is not None:
            position = start_position
        else:
            assert before is not None
            position = _next_of(before)
        body = AdvanceCampaign(start_position=position)
        kwargs = operation._get_kwargs(path_segment(campaign_id), body=body)
        return line.patiently(attempt)


def _is_started(position: int, before: dict[str, Any] | None, now: dict[str, Any]) -> bool:
    """Whether a step was started at this position since the campaign was as it was before."""
    if before is None or now["step_count"] <= before["step_count"]:
        return False
    # Where nothing was active the next step could begin at one position alone, whatever followed.
    only = None if is_active(before) else before["next_start_position"]
    return position in (only, (now.get("latest_step") or {}).get("start_position"))


def _next_of(campaign: dict[str, Any]) -> int:
    position = campaign["next_start_position"]
    if position is None:
        raise IngestionError(
            f"Campaign {campaign['campaign_id']} is {campaign['status']} and has no next step.",
            code="CAMPAIGN_HAS_NO_NEXT",
            context={"campaign_id": campaign["campaign_id"]},
        )
    return cast(int, position)
