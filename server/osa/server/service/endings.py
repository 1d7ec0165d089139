"""How an ingestion ended, in words, and what can be done with it now."""

from __future__ import annotations

from osa.server.model import Action, Ingestion, Status, refusal
from osa.server.service.findings import Finding, many, moment, quoted, sentences, span, was
from osa.server.store.queue import Faults

_KINDS_NAMED = 3
#: Of a hint: the commands come after it.
_HINT = 500


def ended(ingestion: Ingestion, faults: Faults | None, retry: Ingestion | None) -> Finding:
    """`faults` when items were bad; `retry` when it was retried and that one is still there."""
    failures = ingestion.counts.failures
    if ingestion.status is Status.SUCCEEDED and not failures:
        return Finding(code="succeeded", text=_succeeded(ingestion), since=ingestion.ended_at)
    told = _told(ingestion, faults)
    if retry is not None:
        return _retried(told, retry)
    return told


def _told(ingestion: Ingestion, faults: Faults | None) -> Finding:
    match ingestion.status:
        case Status.SUCCEEDED:
            return Finding(
                code="succeeded_with_failures",
                text=sentences(
                    _succeeded(ingestion), _bad(ingestion), _frequent(ingestion, faults)
                ),
                since=ingestion.ended_at,
                action=_again(ingestion),
            )
        case Status.CANCELED:
            return Finding(
                code="canceled",
                text=sentences(_canceled(ingestion), _frequent(ingestion, faults)),
                since=ingestion.ended_at,
                action=_again(ingestion),
            )
    error = ingestion.error
    hint = error.hint if error else None
    if hint and "osa ingestion retry" in hint:
        # Said once is enough, and below it is said by what is possible now.
        hint = None
    return Finding(
        code="failed",
        text=sentences(
            quoted(error.detail) if error else f"It failed: {ingestion.status_reason}.",
            f"That was attempt {ingestion.attempt}." if ingestion.attempt > 1 else None,
            _frequent(ingestion, faults),
        ),
        since=ingestion.ended_at,
        action=sentences(quoted(hint, _HINT) if hint else None, _again(ingestion)) or None,
    )


def _retried(told: Finding, retry: Ingestion) -> Finding:
    """Somebody has seen to it: what is to be known now stands elsewhere."""
    became = {
        Status.SUCCEEDED: "succeeded",
        Status.FAILED: "failed",
        Status.CANCELED: "was canceled",
    }.get(retry.status, f"is {retry.status} now")
    looks = {
        Status.SUCCEEDED: None,
        Status.FAILED: f"`osa ingestion explain {retry.id}` tells why that one failed.",
        Status.CANCELED: f"`osa ingestion explain {retry.id}` tells why that one was canceled.",
    }
    return Finding(
        code="retried",
        text=sentences(
            f"{retry.created_by} retried it as {retry.id}, which {became}."
            " This is what came before:",
            told.text,
        ),
        since=retry.created_at,
        action=looks.get(retry.status, f"`osa ingestion watch {retry.id}` follows that one."),
    )


def _succeeded(ingestion: Ingestion) -> str:
    counts = ingestion.counts
    if not counts.seen:
        return "It is done: its source had no items."
    parts = [
        f"{number:,} {word}"
        for word, number in (
            ("created", counts.created),
            ("updated", counts.updated),
            ("unchanged", counts.unchanged),
            ("skipped", counts.skipped),
            ("rejected", counts.rejected),
            ("failed", counts.failed),
        )
        if number
    ]
    took = ""
    if ingestion.started_at is not None and ingestion.ended_at is not None:
        took = f" in {span(ingestion.ended_at - ingestion.started_at)}"
    limited = ingestion.limit is not None and counts.seen >= ingestion.limit
    end = ", which is its limit" if limited else ""
    return f"It is done: {many(counts.seen, 'item')}{took}{end}; {', '.join(parts)}."


def _bad(ingestion: Ingestion) -> str:
    allowed = ingestion.max_failed_items
    rule = "any number may be" if allowed is None else f"{allowed:,} may be"
    failures = ingestion.counts.failures
    return f"{many(failures, 'item')} {was(failures)} bad, and {rule}."


def _frequent(ingestion: Ingestion, faults: Faults | None) -> str | None:
    if faults is None or not faults.kinds:
        return None
    kinds = list(faults.kinds.items())
    among = ""
    if faults.looked_at < ingestion.counts.failures:
        among = f" among the {faults.looked_at:,} bad items that were looked at"
    if len(kinds) == 1:
        return f"The reason{among} is {kinds[0][0]}."
    named = ", ".join(f"{kind} ({number:,})" for kind, number in kinds[:_KINDS_NAMED])
    return f"The most frequent reasons{among} are {named}."


def _canceled(ingestion: Ingestion) -> str:
    cancel = ingestion.cancel
    if cancel is None:
        return "It was canceled."
    how = {
        "deadline": "Its worker did not stop in time and was cut off.",
        "forced": "It was ended by force.",
    }.get(cancel.outcome)
    kept = ingestion.counts.held
    return sentences(
        f"{cancel.requested_by} canceled it at {moment(cancel.requested_at)}.",
        f"The reason: {quoted(cancel.reason)}" if cancel.reason else None,
        how if ingestion.attempt else "No worker had taken it.",
        f"{many(kept, 'item')} had been published, and {'stays' if kept == 1 else 'stay'}."
        if kept
        else None,
    )


def _again(ingestion: Ingestion) -> str | None:
    """The commands that make sense now, by the rules that the retry itself is judged by."""
    if refusal(ingestion, Action.RETRY_ALL) is not None:
        return None
    command = f"osa ingestion retry {ingestion.id} --scope"
    if ingestion.status_reason == "convention_changed":
        return f"`{command} all` does everything again, with the convention of today."
    if ingestion.status_reason == "config":
        return f"`{command} all --param NAME=VALUE` does it again with other parameters."
    rest = "goes on after the last batch" if ingestion.counts.seen else "tries it again"
    offers = [
        text
        for action, text in (
            (Action.RETRY_FAILED_ITEMS, f"`{command} failed_items` tries the bad items again."),
            (Action.RETRY_REMAINING, f"`{command} remaining` {rest}."),
        )
        if refusal(ingestion, action) is None
    ]
    return " ".join(offers) or None
