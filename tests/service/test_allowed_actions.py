"""What is said to be possible is what happens: the rules as they are shown, against the statements
that are their judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from osa.conventions import Item
from osa.server.errors import OsaError
from osa.server.http.problems import row_of
from osa.server.model import (
    Action,
    Fault,
    Ingestion,
    RetryRequest,
    RetryScope,
    Status,
    allowed_actions,
)

_GONE = Fault(kind="gone", detail="It is gone.", origin="source")
_AWAY = Fault(kind="away", detail="It is away.", origin="source", retryable=True)
#: What became of the items, by how many were good, skipped, and bad.
COUNTS: Mapping[str, tuple[int, int, int]] = {
    "nothing": (0, 0, 0),
    "good": (3, 1, 0),
    "mixed": (2, 0, 1),
    "bad": (0, 0, 2),
}


def _queued(player, items, **request: Any) -> Ingestion:
    started = player.start(**request)
    if items:
        # What was committed is kept when it goes back to the queue.
        job = player.running.take(started.id, "a-worker")
        player.commit(job, *items)
        player.running.hand_over(job)
    return started


def _running(player, items, **request: Any):
    job = player.take(player.start(**request))
    if items:
        player.commit(job, *items)
    return job


def _backing_off(player, items) -> Ingestion:
    job = _running(player, items)
    player.running.fail(job, _AWAY)
    return job.ingestion


def _canceling(player, items) -> Ingestion:
    job = _running(player, items)
    player.cancel(job.ingestion)
    return job.ingestion


def _canceled(player, items) -> Ingestion:
    job = _running(player, items)
    player.cancel(job.ingestion)
    player.running.stop(job)
    return job.ingestion


def _canceled_in_line(player, items) -> Ingestion:
    queued = _queued(player, items)
    player.cancel(queued)
    return queued


def _broken(player, items) -> Ingestion:
    job = _running(player, items)
    player.running.fail(job, _GONE)
    return job.ingestion


def _completed(player, items, **request: Any) -> Ingestion:
    job = _running(player, items, **request)
    player.running.complete(job)
    return job.ingestion


def _retried(player, items) -> Ingestion:
    broken = _broken(player, items)
    _retry(player, broken, RetryScope.ALL)
    return broken


STATES: Mapping[str, Callable[..., Ingestion]] = {
    "queued": _queued,
    "running": lambda player, items: _running(player, items).ingestion,
    "backing off": _backing_off,
    "canceling": _canceling,
    "canceled": _canceled,
    "canceled in line": _canceled_in_line,
    "canceled at its limit": lambda player, items: _limited(player, items),
    "broken": _broken,
    "read, no failure allowed": _completed,
    "read, any allowed": lambda player, items: _completed(player, items, max_failed_items=None),
    "stopped early": lambda player, items: _completed(player, items, stop_early=True),
    "retried": _retried,
}


def _limited(player, items) -> Ingestion:
    job = _running(player, items, limit=max(1, len(items)))
    player.cancel(job.ingestion)
    player.running.stop(job)
    return job.ingestion


def _retry(player, ingestion: Ingestion, scope: RetryScope) -> None:
    player.house.service.retries.retry(
        player.principal, ingestion.id, RetryRequest(scope=scope), idempotency_key=None
    )


def _do(player, ingestion: Ingestion, action: Action) -> None:
    match action:
        case Action.CANCEL | Action.FORCE_CANCEL:
            player.ingestions.cancel(
                player.principal,
                ingestion.id,
                reason=None,
                grace_seconds=60,
                force=action is Action.FORCE_CANCEL,
            )
        case Action.DELETE:
            player.house.service.deletions.delete(player.principal, ingestion.id)
        case _:
            _retry(player, ingestion, RetryScope(action.removeprefix("retry_")))


# The rules do not know the database; the statements do, and are tried on both.
@pytest.mark.parametrize(
    ("database_kind", "counts"),
    [*(("sqlite", counts) for counts in COUNTS), ("postgresql", "mixed")],
    indirect=["database_kind"],
)
def test_what_is_said_to_be_allowed_is_done_and_the_rest_refused_with_its_code(
    player, counts
) -> None:
    good, skipped, bad = COUNTS[counts]
    items = [
        *(Item.record(f"good {n}") for n in range(good)),
        *(Item.skipped(f"skipped {n}", kind="known", detail="no") for n in range(skipped)),
        *(Item.rejected(f"bad {n}", kind="odd", detail="no") for n in range(bad)),
    ]
    seen = set()
    for state, bring in STATES.items():
        for action in Action:
            before = player.get(bring(player, items))
            said = next(one for one in allowed_actions(before) if one.action is action)
            case = (state, counts, action)
            seen.add((before.status, said.action, said.allowed))
            try:
                _do(player, before, action)
            except OsaError as exc:
                assert not said.allowed, case
                assert row_of(exc).code == said.code, case
            else:
                canceled_again = before.status is Status.CANCELED and "cancel" in action
                assert said.allowed or canceled_again, case
            if not said.allowed:
                after = player.get(before)
                assert (after.status, after.retried_by, after.last_event) == (
                    before.status,
                    before.retried_by,
                    before.last_event,
                ), case
    # The states are all there, and each action is both allowed and refused somewhere.
    assert {status for status, _, _ in seen} >= set(Status) - {Status.FAILED, Status.SUCCEEDED}
    assert {(action, allowed) for _, action, allowed in seen} >= {
        (action, allowed)
        for action in Action
        for allowed in (True, False)
        if action is not Action.RETRY_FAILED_ITEMS or bad or not allowed
    }
