"""Ingestions in tables and blocks: everything an operator asks, and the next command to type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from osa.cli.lines import describe_counts, describe_progress, describe_queue
from osa.cli.output import Column, JsonObject, block, clean, dump, say, show_size, table
from osa.cli.times import read_time, show_age, show_seconds, show_time


def ingestion_table(ingestions: Sequence[JsonObject]) -> None:
    """One line each; the id is always whole, because it is what one copies."""
    table(
        [
            Column(title="ID"),
            Column(title="STATUS", coloured=True),
            Column(title="DONE", right=True),
            Column(title="BAD", right=True),
            Column(title="AGE", right=True),
            Column(title="CONVENTION", least=8),
            Column(title="NAME", least=6),
        ],
        [
            (
                ingestion.get("id"),
                ingestion.get("status"),
                _progress_cell(ingestion),
                _bad(ingestion) or "",
                show_age(ingestion.get("created_at")),
                ingestion.get("convention_id"),
                ingestion.get("name") or ingestion.get("external_id") or "",
            )
            for ingestion in ingestions
        ],
    )


def _progress_cell(ingestion: JsonObject) -> str:
    percent = ingestion.get("progress", {}).get("percent")
    if not ingestion.get("done") and percent is not None:
        return f"{percent:.0f}%"
    return _compact(ingestion.get("counts", {}).get("seen", 0))


def _compact(count: int) -> str:
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**4, "k")):
        if count >= size:
            return f"{count / (1000 if unit == 'k' else size):.3g}{unit}"
    return str(count)


def _bad(ingestion: JsonObject) -> int:
    counts = ingestion.get("counts", {})
    return int(counts.get("rejected", 0)) + int(counts.get("failed", 0))


def ingestion_block(ingestion: JsonObject) -> None:
    """Everything about one ingestion; where it failed, why; then what to do next."""
    now = datetime.now(UTC)
    rows: list[tuple[str, object]] = [
        ("Ingestion", ingestion["id"]),
        ("Name", ingestion.get("name")),
        ("External id", ingestion.get("external_id")),
        ("Status", _status(ingestion)),
        ("Convention", f"{ingestion.get('convention_id')} {ingestion.get('convention_version')}"),
        ("Source", describe_source(ingestion.get("source"))),
        ("Parameters", show_pairs(ingestion.get("parameters"))),
        ("Labels", show_pairs(ingestion.get("labels"))),
        ("Metadata", dump(ingestion["metadata"]) if ingestion.get("metadata") else None),
        ("Limit", ingestion.get("limit")),
        ("Failures", _tolerance(ingestion)),
        ("Priority", ingestion.get("priority") or None),
        ("Key", ingestion.get("concurrency_key")),
        ("Campaign", _campaign(ingestion)),
        ("Retry of", _retry_of(ingestion)),
        ("Retried by", ingestion.get("retried_by")),
        ("Queue", None if ingestion.get("done") else describe_queue(ingestion)),
        ("Progress", None if ingestion.get("done") else describe_progress(ingestion, now=now)),
        ("Items", describe_counts(ingestion)),
        ("Archive", _archive(ingestion)),
        ("Cancel", _cancel(ingestion.get("cancel"), now=now)),
        (
            "Created",
            f"{show_when(ingestion.get('created_at'), now)} by {ingestion.get('created_by')}",
        ),
        ("Started", show_when(ingestion.get("started_at"), now)),
        (
            "Heartbeat",
            None if ingestion.get("done") else show_when(ingestion.get("heartbeat_at"), now),
        ),
        ("Deadline", None if ingestion.get("done") else _until(ingestion.get("deadline_at"), now)),
        ("Next try", _until(ingestion.get("next_attempt_at"), now)),
        ("Ended", _ended(ingestion, now)),
        ("Kept until", _until(ingestion.get("purge_after"), now)),
    ]
    rows.extend(_attempts(ingestion.get("attempts") or (), now=now))
    rows.append(("SRN", ingestion.get("srn")))
    error = ingestion.get("error")
    if error:
        rows.append(("Failed", error.get("detail") or error.get("title")))
        rows.append(("Hint", error.get("hint")))
        rows.append(("Cause", _cause(error)))
    block((name, value) for name, value in rows if value not in (None, ""))
    for line in next_steps(ingestion):
        say(line)


def _status(ingestion: JsonObject) -> str:
    status, reason = str(ingestion.get("status")), ingestion.get("status_reason")
    text = status if reason in (None, status, "completed") else f"{status} ({reason})"
    if ingestion.get("progress", {}).get("stalled"):
        text += ", stalled: its worker is alive, and nothing advanced for a minute"
    return text


def describe_source(source: JsonObject | None) -> str | None:
    """A source in a line: `file sst.nc, 47.1 KiB`."""
    if not source:
        return None
    words = [str(source.get("type"))]
    named = source.get("filename") or source.get("uri") or source.get("record_id")
    named = named or source.get("upload_id")
    if named:
        words.append(str(named))
    if source.get("item_count") is not None:
        words.append(f"of {source['item_count']}")
    text = " ".join(words)
    return f"{text}, {show_size(source['size'])}" if source.get("size") is not None else text


def _archive(ingestion: JsonObject) -> str | None:
    if not ingestion.get("done"):
        return None
    return {
        "none": "holds nothing of it",
        "partial": "holds a part of it",
        "complete": "holds all of it",
    }.get(str(ingestion.get("result_completeness")), str(ingestion.get("result_completeness")))


def show_pairs(values: JsonObject | None) -> str | None:
    """Names and values in a line."""
    if not values:
        return None
    shown = (f"{k}={v if isinstance(v, str) else dump(v)}" for k, v in values.items())
    return ", ".join(shown)


def _cancel(cancel: JsonObject | None, *, now: datetime) -> str | None:
    if not cancel:
        return None
    text = f"asked by {cancel.get('requested_by')} {show_when(cancel.get('requested_at'), now)}"
    if cancel.get("reason"):
        text += f": {cancel['reason']}"
    if cancel.get("outcome") == "pending" and cancel.get("deadline_at"):
        return f"{text}; done by {show_time(cancel['deadline_at'])} at the latest"
    return f"{text}; {cancel.get('outcome')}"


def show_when(text: object, now: datetime) -> str | None:
    """A time, and how long ago that is."""
    if read_time(text) is None:
        return None
    return f"{show_time(text)} ({show_age(text, now=now)} ago)"


def _until(text: object, now: datetime) -> str | None:
    time = read_time(text)
    if time is None:
        return None
    left = (time - now).total_seconds()
    return f"{show_time(text)} ({f'in {show_seconds(left)}' if left > 0 else 'any moment now'})"


def _tolerance(ingestion: JsonObject) -> str | None:
    if "max_failed_items" not in ingestion:
        return None
    most, early = ingestion["max_failed_items"], ingestion.get("stop_early")
    if most == 0 and not early:
        return None
    text = "any number may fail" if most is None else f"{most or 'none'} may fail"
    return f"{text}; it stops as soon as there are more" if early and most is not None else text


def _campaign(ingestion: JsonObject) -> str | None:
    named, parent = ingestion.get("campaign_id"), ingestion.get("parent_ingestion_id")
    words = [str(named)] if named else []
    if ingestion.get("campaign_step") is not None:
        words.append(f"step {ingestion['campaign_step']}")
    if parent:
        words.append(f"started by {parent}")
    return ", ".join(words) or None


def _retry_of(ingestion: JsonObject) -> str | None:
    if not ingestion.get("retry_of"):
        return None
    text = str(ingestion["retry_of"])
    if ingestion.get("retry_scope"):
        text += f", {ingestion['retry_scope']}"
    root = ingestion.get("root_id")
    return f"{text}; the first was {root}" if root and root != ingestion["retry_of"] else text


def _ended(ingestion: JsonObject, now: datetime) -> str | None:
    ended, created = read_time(ingestion.get("ended_at")), read_time(ingestion.get("created_at"))
    if ended is None or created is None:
        return None
    taken = show_seconds((ended - created).total_seconds())
    return f"{show_when(ingestion['ended_at'], now)}, {taken} after it was created"


def _attempts(attempts: Sequence[JsonObject], *, now: datetime) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for attempt in attempts[-5:]:
        text = f"{attempt.get('worker')}, since {show_when(attempt.get('started_at'), now)}"
        if attempt.get("ended_at"):
            text = f"{attempt.get('worker')}, {attempt.get('end_reason')}"
            error = attempt.get("error")
            # The last one's error is the ingestion's own, told below.
            if error and attempt is not attempts[-1]:
                text += f": {error.get('detail')}"
        rows.append((f"Attempt {attempt.get('number')}", text))
    return rows


def _cause(error: JsonObject) -> str:
    who = {
        "source": "the source",
        "convention": "the convention",
        "storage": "the storage",
        "platform": "the platform",
        "user": "the start",
    }.get(str(error.get("origin")), str(error.get("origin")))
    told = f"{who} ({error.get('code')})"
    if error.get("code") in ("SOME_ITEMS_FAILED", "ALL_ITEMS_FAILED"):
        # Each item has a reason of its own: some may be mended by now.
        return told
    again = "may succeed" if error.get("retryable") else "will fail in the same way"
    return f"{told}; the same again {again}"


def next_steps(ingestion: JsonObject) -> Iterable[str]:
    """Commands that make sense now."""
    identity, status = ingestion["id"], ingestion.get("status")
    if not ingestion.get("done"):
        yield f"Wait for it:  osa ingestion wait {identity}"
        if status == "queued":
            yield f"Why it waits: osa ingestion explain {identity}"
        elif ingestion.get("progress", {}).get("stalled"):
            yield f"Why it hangs: osa ingestion explain {identity}"
        if status == "canceling":
            yield f"Stop it now:  osa ingestion cancel {identity} --force"
        else:
            yield f"Stop it:      osa ingestion cancel {identity}"
        return
    error = ingestion.get("error") or {}
    # What the server advises stands above; the same twice reads like two.
    told = f"{error.get('detail')} {error.get('hint')}"
    if _bad(ingestion):
        if f"osa ingestion items {identity}" not in told:
            outcomes = "--outcome failed --outcome rejected"
            yield f"What went wrong: osa ingestion items {identity} {outcomes}"
    elif status == "failed":
        yield f"What happened: osa ingestion logs {identity}"
    if ingestion.get("retried_by"):
        yield f"Its retry: osa ingestion status {clean(ingestion['retried_by'])}"
    elif status != "succeeded" or _bad(ingestion):
        scopes = allowed_scopes(ingestion)
        if scopes and f"osa ingestion retry {identity}" not in told:
            yield f"Try again: osa ingestion retry {identity} --scope {scopes[0]}"
            if len(scopes) > 1:
                yield f"           (or --scope {' or '.join(scopes[1:])})"
    if status == "succeeded" and ingestion.get("counts", {}).get("seen"):
        yield f"Its records: osa record list --ingestion {identity}"
        yield f"Its files:   osa ingestion download {identity}"


def allowed_scopes(ingestion: JsonObject) -> list[str]:
    """What a retry may do, the least first."""
    allowed = {
        each.get("action")
        for each in ingestion.get("allowed_actions") or ()
        if each.get("allowed") is True
    }
    return [scope for scope in ("failed_items", "remaining", "all") if f"retry_{scope}" in allowed]
