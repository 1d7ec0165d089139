"""An ingestion, and what happened to it, in a line: for logs, bars and questions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from osa.cli.output import JsonObject, clean
from osa.cli.times import read_time, show_seconds, show_time

OUTCOMES = ("created", "updated", "unchanged", "skipped", "rejected", "failed")


def describe_progress(ingestion: JsonObject, *, now: datetime | None = None) -> str:
    """How far it is: `converting: 2 of 4 time steps, 50 %, 0.7/s, 3s left`."""
    progress = ingestion.get("progress", {})
    completed, total, unit = progress.get("completed"), progress.get("total"), progress.get("unit")
    parts = []
    if completed is not None:
        about = "about " if progress.get("total_is_estimate") else ""
        amount = f"{completed} of {about}{total}" if total is not None else f"{completed}"
        parts.append(f"{amount} {unit or 'items'}")
    if progress.get("percent") is not None:
        parts.append(f"{progress['percent']:.0f} %")
    if progress.get("rate_per_second") is not None:
        parts.append(f"{progress['rate_per_second']:.3g}/s")
    eta = read_time(progress.get("eta"))
    if eta is not None:
        left = (eta - (now or datetime.now(UTC))).total_seconds()
        parts.append(f"{show_seconds(left)} left" if left > 0 else "any moment now")
    message = progress.get("message")
    if message and completed is None:
        parts.append(str(message))
    text = ", ".join(parts)
    phase = progress.get("phase")
    return clean(f"{phase}: {text}" if phase and text else phase or text)


def describe_counts(ingestion: JsonObject) -> str:
    """What became of the items: `4 seen: 3 created, 1 rejected`."""
    counts = ingestion.get("counts", {})
    # A newer server may count outcomes that are not known here.
    words = [*OUTCOMES, *(word for word in counts if word not in (*OUTCOMES, "seen"))]
    named = [f"{counts[word]} {word}" for word in words if counts.get(word)]
    return f"{counts.get('seen', 0)} seen" + (f": {', '.join(named)}" if named else "")


def describe_queue(thing: JsonObject) -> str | None:
    """The place of an ingestion, or of what explains it, among those that wait."""
    position = thing.get("queue_position")
    if position is None:
        return None
    if position == 0:
        return "the next one"
    return f"{position} {'is' if position == 1 else 'are'} taken before it"


def ingestion_lines(ingestions: Iterable[JsonObject]) -> Iterable[str]:
    """Each in a line that begins with its id."""
    return (
        f"{clean(each.get('id'))}  {status_line(each)}"
        + (f"  {clean(each['name'])}" if each.get("name") else "")
        for each in ingestions
    )


def status_line(ingestion: JsonObject) -> str:
    """An ingestion in one line, for a log: status, progress, counts."""
    parts = [str(ingestion.get("status"))]
    reason = ingestion.get("status_reason")
    if reason not in (None, ingestion.get("status"), "completed"):
        parts[0] += f" ({reason})"
    if not ingestion.get("done"):
        progress = describe_progress(ingestion)
        if progress:
            parts.append(progress)
    if ingestion.get("counts", {}).get("seen"):
        parts.append(describe_counts(ingestion))
    return clean("; ".join(parts))


def event_line(event: JsonObject) -> str:
    """An event in one line: number, time, what happened."""
    data = event.get("data") or {}
    words = [str(event.get("type")).replace("_", " ")]
    if data.get("worker"):
        words.append(f"by {data['worker']}")
    if data.get("counts"):
        words.append(f"({describe_counts(data)})")
    if data.get("error"):
        words.append(f"- {data['error'].get('detail')}")
    elif data.get("cancel") and data["cancel"].get("reason"):
        words.append(f"- {data['cancel']['reason']}")
    elif data.get("status_reason") not in (None, data.get("status"), "completed"):
        words.append(f"- {data['status_reason']}")
    return clean(f"{event.get('number'):>4}  {show_time(event.get('at'))}  {' '.join(words)}")
