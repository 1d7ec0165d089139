"""Campaigns in tables, blocks and lines: how far, what went wrong, and the next command to type."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from osa.cli.lines import describe_counts
from osa.cli.output import Column, JsonObject, block, clean, say, table
from osa.cli.times import read_time, show_age, show_seconds
from osa.cli.views import show_pairs, show_when

_STATES = ("queued", "running", "canceling", "succeeded", "failed", "canceled")
_AGAIN = ("paused", "failed", "canceled")


def campaign_table(campaigns: Sequence[JsonObject]) -> None:
    """One line each; the id is always whole, because it is what one copies."""
    table(
        [
            Column(title="CAMPAIGN"),
            Column(title="STATUS", coloured=True),
            Column(title="DONE", right=True),
            Column(title="CHILDREN", right=True),
            Column(title="FAILED", right=True),
            Column(title="STEPS", right=True),
            Column(title="AGE", right=True),
            Column(title="CONVENTION", least=8),
            Column(title="NAME", least=6),
        ],
        [
            (
                each.get("campaign_id"),
                each.get("status"),
                _percent(each).replace(" ", ""),
                each.get("children", {}).get("total"),
                each.get("children", {}).get("failed") or "",
                each.get("step_count"),
                show_age(each.get("created_at")),
                each.get("convention_id"),
                each.get("name") or "",
            )
            for each in campaigns
        ],
    )


def campaign_block(campaign: JsonObject, *, server: str) -> None:
    """Everything about one campaign, then what to do next."""
    now = datetime.now(UTC)
    link = campaign.get("summary_href")
    rows: list[tuple[str, object]] = [
        ("Campaign", campaign["campaign_id"]),
        ("Name", campaign.get("name")),
        ("Status", describe_status(campaign)),
        ("Convention", campaign.get("convention_id")),
        ("Parameters", show_pairs(campaign.get("parameters"))),
        ("Mode", _mode(campaign)),
        ("Steps", _steps(campaign)),
        ("Latest", describe_step(campaign)),
        ("Children", describe_children(campaign)),
        ("Progress", describe_progress(campaign, now=now)),
        ("Failures", _failures(campaign)),
        ("Summary", whole_link(link, server=server) if link else None),
        (
            "Created",
            f"{show_when(campaign.get('created_at'), now)} by {campaign.get('created_by')}",
        ),
        ("Changed", None if campaign.get("done") else show_when(campaign.get("updated_at"), now)),
        ("Ended", show_when(campaign.get("ended_at"), now)),
    ]
    block((name, value) for name, value in rows if value not in (None, ""))
    for line in next_steps(campaign):
        say(line)


def campaign_line(campaign: JsonObject) -> str:
    """A campaign in one line, for a log."""
    parts = [describe_status(campaign)]
    step = campaign.get("latest_step")
    if step and not campaign.get("done"):
        parts.append(f"step {step.get('number')} from {step.get('start_position')}")
    parts.append(describe_children(campaign))
    if percent := _percent(campaign):
        parts.append(percent)
    return clean("; ".join(parts))


def describe_status(campaign: JsonObject) -> str:
    """`running (children_active)`."""
    status, reason = str(campaign.get("status")), campaign.get("status_reason")
    return status if reason in (None, status, "completed") else f"{status} ({reason})"


def describe_children(campaign: JsonObject) -> str:
    """`25 children of 1000 expected: 20 queued, 4 running, 1 succeeded`."""
    children, expected = campaign.get("children", {}), campaign.get("campaign_total_children")
    total = children.get("total", 0)
    text = f"{total} {'child' if total == 1 else 'children'}"
    if expected is not None:
        text += f" of {expected} expected"
    # A newer server may know states that are not known here.
    states = [*_STATES, *(each for each in children if each not in (*_STATES, "total"))]
    named = [f"{children[state]} {state}" for state in states if children.get(state)]
    return clean(f"{text}: {', '.join(named)}" if named else text)


def describe_step(campaign: JsonObject) -> str | None:
    """`step 3 from 51: succeeded, 25 seen: 25 created; 019a…`; None before the first."""
    step = campaign.get("latest_step")
    if not step:
        return None
    return clean(
        f"step {step.get('number')} from {step.get('start_position')}: {step.get('status')}, "
        f"{describe_counts(step)}; {step.get('ingestion_id')}"
    )


def describe_progress(campaign: JsonObject, *, now: datetime | None = None) -> str:
    """`2.5 %, 3h left`."""
    parts = [percent] if (percent := _percent(campaign)) else []
    eta = read_time(campaign.get("progress", {}).get("eta"))
    if eta is not None and not campaign.get("done"):
        left = (eta - (now or datetime.now(UTC))).total_seconds()
        parts.append(f"{show_seconds(left)} left" if left > 0 else "any moment now")
    return ", ".join(parts)


def whole_link(href: object, *, server: str) -> str:
    """The link as one gives it to others."""
    text = str(href)
    return server.rstrip("/") + text if text.startswith("/") else text


def next_steps(campaign: JsonObject) -> Iterable[str]:
    """Commands that make sense now."""
    identity, status = clean(campaign["campaign_id"]), campaign.get("status")
    if campaign.get("status_reason") == "waiting_for_advance":
        yield f"Next step:  osa campaign advance {identity} --wait"
    elif status in ("running", "canceling"):
        yield f"Watch it:   osa campaign watch {identity}"
    if status == "running":
        yield f"Pause it:   osa campaign pause {identity}"
    if not campaign.get("done") and status in ("running", "paused"):
        yield f"Stop it:    osa campaign cancel {identity}"
    children = campaign.get("children", {})
    if children.get("failed"):
        yield f"What failed: osa ingestion list --campaign {identity} --status failed"
    if status in _AGAIN:
        # What was canceled with the campaign is started again in any case.
        again = bool(children.get("failed") or (status == "failed" and children.get("canceled")))
        flag = " --requeue-failed" if again else ""
        yield f"Go on:      osa campaign resume {identity}{flag}"
    elif status == "succeeded":
        yield f"Its ingestions: osa ingestion list --campaign {identity}"


def _percent(campaign: JsonObject) -> str:
    percent = campaign.get("progress", {}).get("percent")
    # Down, not to the nearest: 100 is said only when all of them have ended.
    return "" if percent is None else f"{math.floor(percent * 10) / 10:g} %"


def _mode(campaign: JsonObject) -> str:
    mode = str(campaign.get("mode"))
    who = {"server": "the server starts the next step", "manual": "each step is started by hand"}
    return f"{mode}: {who[mode]}" if mode in who else mode


def _steps(campaign: JsonObject) -> str:
    started, following = campaign.get("step_count"), campaign.get("next_start_position")
    text = f"{started}, from position {campaign.get('start_position')}"
    if following is None:
        return f"{text}; there are no more"
    return f"{text}; the next one begins at {following}"


def _failures(campaign: JsonObject) -> str:
    return ", ".join(f"{each['count']} {each['kind']}" for each in campaign.get("failures") or ())
