"""Looks at the tables after each commit, and knows what must be true of them.

It reads them past the product, and believes nothing that the product says of itself: what an event
tells is held against the row, the counts against the items, the items against the source.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from osa.server.model import HELD, Outcome, Status
from osa.server.model.machine import TAKE, TRANSITIONS, Transition
from osa.server.store.deletions import NOBODY
from osa_simulation.scheduler import Actor

if TYPE_CHECKING:
    from osa_simulation.world import World

_MOVES: Mapping[tuple[Status | None, str, str], Sequence[Transition]] = {
    (t.source, t.event, str(t.target)): [
        u for u in TRANSITIONS if (u.source, u.event, u.target) == (t.source, t.event, t.target)
    ]
    for t in TRANSITIONS
}
_CHANGES = frozenset(t.event for t in TRANSITIONS)
_OUTCOMES = tuple(str(outcome) for outcome in Outcome)
_DONE = frozenset(str(status) for status in Status if status.done)
_HELD = frozenset(str(status) for status in HELD)
#: What may change of an ended ingestion: who repeats it, what is said in its log, and the external
#: id that it takes over from a deleted one that it repeats.
_THAWED = frozenset({"retried_by", "last_log", "external_id"})

_ROWS = (
    "SELECT id, status, status_reason, attempt, last_event, percent, worker_id, tenant_place,"
    " convention_place, cancel_deadline_at, cancel_outcome, ended_at, error, error_kind,"
    f" retried_by, rank, queued_at, not_before, {', '.join(_OUTCOMES)} FROM ingestion"
    f" WHERE tenant <> '{NOBODY}'"
)
_FACTS = (
    "SELECT tenant, convention_id, exclusive_key, concurrency_key, queues, deadline_at, parameters,"
    ' cursor, "limit", max_failed_items, stop_early, retry_of, root_id, retry_scope, metadata,'
    " created_at, batch_size FROM ingestion WHERE id = ?"
)
_EVENTS = (
    "SELECT ingestion_id, number, type, data, attempt FROM event WHERE rowid > ? ORDER BY rowid"
)
_ITEMS = (
    "SELECT ingestion_id, number, source_id, outcome, attempt FROM item WHERE rowid > ?"
    " ORDER BY rowid"
)
#: Tables whose rows go with their ingestion.
_PARTS = (
    "source_parts",
    "wanted_item",
    "source_object",
    "label",
    "attempt",
    "event",
    "log_line",
    "item",
    "artifact",
)


class Violation(BaseException):
    """What must be true is not. Nothing in the product catches it."""


class Seen:
    """What the witness knows of an ingestion."""

    __slots__ = (
        "attempt",
        "concurrency_key",
        "convention_id",
        "counts",
        "deadline_at",
        "exclusive_key",
        "frozen",
        "id",
        "key",
        "last_event",
        "limit",
        "max_failed_items",
        "name",
        "percent",
        "plan",
        "queues",
        "reason",
        "retry_of",
        "retry_scope",
        "root_id",
        "row",
        "source_ids",
        "status",
        "stop_early",
        "tenant",
        "verdicts",
        "wanted",
    )

    def __init__(self, ingestion_id: str, name: str, facts: Sequence[Any]) -> None:
        self.id = ingestion_id
        #: As a trace calls it.
        self.name = name
        (
            self.tenant,
            self.convention_id,
            self.exclusive_key,
            self.concurrency_key,
            self.queues,
            self.deadline_at,
            _,
            _,
            self.limit,
            self.max_failed_items,
            self.stop_early,
            self.retry_of,
            self.root_id,
            self.retry_scope,
            metadata,
            *_,
        ) = facts
        self.key = json.loads(metadata).get("key")
        self.row: Sequence[Any] = ()
        self.status: Status | None = None
        self.reason = ""
        self.attempt = 0
        self.last_event = 0
        self.percent = -1.0
        self.counts = dict.fromkeys(_OUTCOMES, 0)
        #: What its source has from where it begins, and what was read of it so far.
        self.plan: list[str] = []
        self.source_ids: list[str] = []
        #: Of those, the only ones that it is about; None: all.
        self.wanted: set[str] | None = None
        self.verdicts: list[str] = []
        #: The whole row, as it was when it ended.
        self.frozen: dict[str, Any] | None = None

    @property
    def done(self) -> bool:
        return self.status is not None and self.status.done


class Witness:
    """Of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._raw = world.stage.database.raw
        self.seen: dict[str, Seen] = {}
        #: Those that were deleted since.
        self.gone: dict[str, Seen] = {}
        self._last_event = 0
        self._last_item = 0
        self._changes = self._raw.total_changes
        #: Of each item that was ever published as a record: of (tenant, convention, source_id).
        self._published: set[tuple[str, str, str]] = set()
        self._keys: dict[tuple[str, str], str] = {}
        #: Which ingestions an actor may delete now, by its name.
        self.may_delete: dict[Actor, Callable[[Seen], bool]] = {}
        self.transitions: Counter[str] = Counter()

    def name(self, ingestion_id: str | None) -> str:
        if ingestion_id is None:
            return "nothing"
        found = self.seen.get(ingestion_id) or self.gone.get(ingestion_id)
        return found.name if found else ingestion_id

    @property
    def active(self) -> list[Seen]:
        return [one for one in self.seen.values() if not one.done]

    # After each commit.

    def look(self, actor: Actor | None) -> None:
        raw = self._raw
        if raw.total_changes == self._changes:
            return
        self._changes = raw.total_changes
        rows = {row[0]: row for row in raw.execute(_ROWS)}
        events: dict[str, list[Any]] = {}
        for event in raw.execute(_EVENTS, (self._last_event,)):
            events.setdefault(event[0], []).append(event)
        items: dict[str, list[Any]] = {}
        for item in raw.execute(_ITEMS, (self._last_item,)):
            items.setdefault(item[0], []).append(item)
        for ingestion_id in [id for id in self.seen if id not in rows]:
            self._deleted(actor, ingestion_id)
        for ingestion_id, row in rows.items():
            one = self.seen.get(ingestion_id)
            if one is None:
                one = self._new(ingestion_id)
            new_events, new_items = events.pop(ingestion_id, ()), items.pop(ingestion_id, ())
            if row == one.row and not new_events and not new_items:
                continue
            self._changed(actor, one, row, new_events, new_items)
        if events or items:
            raise Violation(f"Events or items of no ingestion: {[*events, *items]}.")
        self._last_event = raw.execute("SELECT coalesce(max(rowid), 0) FROM event").fetchone()[0]
        self._last_item = raw.execute("SELECT coalesce(max(rowid), 0) FROM item").fetchone()[0]
        self._together()

    def _new(self, ingestion_id: str) -> Seen:
        facts = self._raw.execute(_FACTS, (ingestion_id,)).fetchone()
        name = f"i{len(self.seen) + len(self.gone) + 1}"
        one = Seen(ingestion_id, name, facts)
        self.seen[ingestion_id] = one
        whole = self._world.plan(json.loads(facts[6]))
        cursor = json.loads(facts[7])
        one.plan = whole[int(cursor.get("next", 0)) :]
        if one.retry_of is not None:
            self._retry(one)
        elif one.key is not None:
            earlier = self._keys.setdefault((one.tenant, one.key), ingestion_id)
            self._must(earlier == ingestion_id, one, "a second one under its idempotency key")
        return one

    def _retry(self, one: Seen) -> None:
        source = self.seen.get(one.retry_of) or self.gone.get(one.retry_of)
        if source is None:
            raise Violation(f"{one.name} repeats {one.retry_of}, which never was.")
        self._must(source.done, one, f"a retry of {source.name}, which is {source.status}")
        self._must(one.root_id == source.root_id, one, "a retry with another root")
        others = [
            other.name
            # One that was deleted makes room for another.
            for other in self.seen.values()
            if other.retry_of == one.retry_of and other is not one
        ]
        self._must(not others, one, f"a second retry of {source.name}, beside {others}")
        if one.retry_scope == "failed_items":
            one.wanted = {
                source_id
                for source_id, verdict in zip(source.source_ids, source.verdicts, strict=True)
                if verdict in ("rejected", "failed")
            }
        elif one.retry_scope == "remaining":
            one.wanted = source.wanted
        if one.wanted is not None:
            one.plan = [source_id for source_id in one.plan if source_id in one.wanted]
        if one.retry_scope == "remaining":
            # A batch that was cut short is not passed: what was read of it may come again.
            left = source.plan[len(source.source_ids) :]
            self._must(
                one.plan[len(one.plan) - len(left) :] == left,
                one,
                f"{one.plan}, but {left} is left",
            )

    def _deleted(self, actor: Actor | None, ingestion_id: str) -> None:
        one = self.seen.pop(ingestion_id)
        self.gone[ingestion_id] = one
        self._world.note(f"{one.name} deleted")
        self._must(one.done, one, f"deleted while {one.status}")
        allowed = self.may_delete.get(actor) if actor else None
        self._must(allowed is not None and allowed(one), one, "deleted, and nobody asked for it")

    def _changed(
        self,
        actor: Actor | None,
        one: Seen,
        row: Sequence[Any],
        events: Sequence[Sequence[Any]],
        items: Sequence[Sequence[Any]],
    ) -> None:
        if one.done:
            self._must(not events, one, f"an event after its end: {[e[2] for e in events]}")
            self._must(not items, one, "items after its end")
            self._must(
                (*row[1:14], *row[15:]) == (*one.row[1:14], *one.row[15:]),
                one,
                f"changed after its end: {one.row} -> {row}",
            )
        before = one.attempt
        self._follow(actor, one, row, events)
        self._read(one, row, items, before)
        percent = row[5]
        if row[3] != before:
            self._must(row[3] == before + 1, one, f"attempt {before} -> {row[3]}")
            one.attempt, one.percent = row[3], -1.0
        if percent is not None:
            self._must(percent >= one.percent, one, f"percent {one.percent} -> {percent}")
            self._must(percent < 100 or one.done, one, f"{percent} percent and {one.status}")
            one.percent = percent
        held = one.status in HELD
        self._must(held == (row[6] is not None), one, f"{one.status}, and its worker is {row[6]}")
        if not held:
            self._must(row[7] is None and row[8] is None, one, f"{one.status} in places {row[7:9]}")
        self._must(one.done == (row[11] is not None), one, f"{one.status}, ended at {row[11]}")
        if one.retry_scope and one.retry_of in self.seen:
            self._linked(one)
        one.row = row
        if one.done and one.frozen is None:
            one.frozen = self._whole(one)

    def _linked(self, one: Seen) -> None:
        source = self.seen[one.retry_of]
        by = self._raw.execute(
            "SELECT retried_by FROM ingestion WHERE id = ?", (source.id,)
        ).fetchone()[0]
        self._must(by == one.id, source, f"retried by {self.name(by)}, but {one.name} says it does")

    def _follow(
        self,
        actor: Actor | None,
        one: Seen,
        row: Sequence[Any],
        events: Sequence[Sequence[Any]],
    ) -> None:
        """Each event is a transition of the lifecycle, or tells of none; and the row agrees."""
        for _, number, type, text, attempt in events:
            self._must(number == one.last_event + 1, one, f"event {number} after {one.last_event}")
            one.last_event = number
            told = json.loads(text)
            if type not in _CHANGES:
                self._must(
                    told.get("status", one.status) == one.status,
                    one,
                    f"{type} says {told.get('status')}, but it is {one.status}",
                )
                self._world.note(f"{one.name} {type}")
                continue
            moves = _MOVES.get((one.status, type, told["status"]), ())
            reason = told["status_reason"]
            fits = [move for move in moves if reason in move.reasons]
            self._must(bool(fits), one, f"{one.status} -> {told['status']} ({type}, {reason})")
            move = fits[0]
            if actor is not None:
                self._must(actor.kind in move.by, one, f"{move.name} by {actor.kind}")
            self.transitions[f"{move.name}/{reason}"] += 1
            self._must(told["done"] == move.target.done, one, f"{type} says done = {told['done']}")
            if move.target in HELD or move.source in HELD:
                self._must(attempt == row[3], one, f"{type} of attempt {attempt}, not {row[3]}")
            if move is TAKE:
                self._first(one, row)
            one.status, one.reason = move.target, reason
            self._world.note(f"{one.name} {move.name} -> {move.target} ({reason})")
        self._must(one.last_event == row[4], one, f"event {one.last_event}, but the row: {row[4]}")
        self._must(
            one.status == row[1], one, f"is {row[1]} in its row and {one.status} by its events"
        )
        self._must(
            one.reason == row[2], one, f"is {row[2]} in its row and {one.reason} by its events"
        )

    def _first(self, one: Seen, row: Sequence[Any]) -> None:
        """Of those that nothing holds up, the first in line is taken."""
        settings = self._world.house.settings
        if settings.max_running_per_tenant or settings.max_running_per_convention:
            return
        now = self._world.clock.micros
        for other in self.seen.values():
            if other.status is not Status.QUEUED or other is one or not other.row:
                continue
            if other.exclusive_key or other.concurrency_key:
                continue
            if other.deadline_at is not None and other.deadline_at <= now:
                continue
            _, queued_at, not_before = place = other.row[15:18]
            if not_before is not None and not_before > now:
                continue
            self._must(
                (row[15], row[16], one.id) < (place[0], queued_at, other.id),
                one,
                f"was taken before {other.name}, which was first in line",
            )

    def _read(
        self, one: Seen, row: Sequence[Any], items: Sequence[Sequence[Any]], before: int
    ) -> None:
        """Items come in the order of the source, each once, under the right of its attempt; and
        the counts agree."""
        for _, number, source_id, outcome, attempt in items:
            self._must(number == len(one.source_ids) + 1, one, f"item {number} out of order")
            expected = one.plan[number - 1] if number <= len(one.plan) else None
            self._must(source_id == expected, one, f"item {number} is {source_id}, not {expected}")
            self._must(attempt == before, one, f"an item of attempt {attempt} in {before}")
            one.source_ids.append(source_id)
            one.verdicts.append(outcome)
            one.counts[outcome] += 1
            identity = (one.tenant, one.convention_id, source_id)
            if outcome == "created":
                self._must(identity not in self._published, one, f"{source_id} created twice")
                self._published.add(identity)
            elif outcome in ("updated", "unchanged"):
                self._must(identity in self._published, one, f"{source_id} {outcome}, never made")
        counted = dict(zip(_OUTCOMES, row[18:], strict=True))
        self._must(counted == one.counts, one, f"counts {counted}, but the items {one.counts}")
        if one.limit is not None:
            self._must(len(one.source_ids) <= one.limit, one, f"more than its limit {one.limit}")

    def _together(self) -> None:
        """Who may not be held, or active, beside another."""
        held: Counter[tuple[str, ...]] = Counter()
        for one in self.seen.values():
            if one.done:
                continue
            for kind, key in (("exclusive", one.exclusive_key), ("key", one.concurrency_key)):
                if key is None:
                    continue
                if one.status in HELD:
                    held["held", kind, one.tenant, key] += 1
                if not one.queues:
                    held["admitted", kind, one.tenant, key] += 1
            if one.status in HELD:
                held["tenant", one.tenant] += 1
                held["convention", one.convention_id] += 1
        limits = self._world.house.settings
        for what, times in held.items():
            most: int | None = 1
            if what[0] == "tenant":
                most = limits.max_running_per_tenant
            elif what[0] == "convention":
                most = limits.max_running_per_convention.get(what[1])
            if most is not None and times > most:
                raise Violation(f"{times} at the same time under {' '.join(what)}: at most {most}.")

    # When nothing is left to do.

    def conclude(self) -> None:
        raw = self._raw
        for one in self.seen.values():
            self._must(one.done, one, f"never ended: {one.status} ({one.reason})")
            self._must(
                {k: v for k, v in self._whole(one).items() if k not in _THAWED}
                == {k: v for k, v in (one.frozen or {}).items() if k not in _THAWED},
                one,
                "its row has changed after its end",
            )
            self._complete(one)
            attempts = raw.execute(
                "SELECT number, ended_at FROM attempt WHERE ingestion_id = ? ORDER BY number",
                (one.id,),
            ).fetchall()
            numbers = [number for number, _ in attempts]
            self._must(numbers == list(range(1, one.attempt + 1)), one, f"attempts {numbers}")
            lines = raw.execute(
                "SELECT number FROM log_line WHERE ingestion_id = ? ORDER BY number", (one.id,)
            ).fetchall()
            last = raw.execute("SELECT last_log FROM ingestion WHERE id = ?", (one.id,)).fetchone()
            self._must(
                [number for (number,) in lines] == list(range(1, last[0] + 1)),
                one,
                f"the lines of its log are {lines}, up to {last[0]}",
            )
            still = [number for number, ended_at in attempts if ended_at is None]
            self._must(not still, one, f"attempts {still} never ended")
        if not self.gone:
            return
        for table in ("ingestion", *_PARTS):
            name = "id" if table == "ingestion" else "ingestion_id"
            for (ingestion_id,) in raw.execute(f"SELECT {name} FROM {table} GROUP BY 1"):
                if ingestion_id not in self.seen:
                    where = self.name(ingestion_id)
                    raise Violation(f"{where} is gone, and {table} has rows of it.")

    def _complete(self, one: Seen) -> None:
        """What ended by reading its source to the end has read all of it."""
        read, counts = len(one.source_ids), one.counts
        failures = counts["rejected"] + counts["failed"]
        allowed = one.max_failed_items
        too_many = allowed is not None and failures > allowed
        to_the_end = one.status is Status.SUCCEEDED or one.reason in (
            "some_items_failed",
            "all_items_failed",
        )
        if not to_the_end:
            return
        whole = len(one.plan) if one.limit is None else min(one.limit, len(one.plan))
        if not (one.stop_early and too_many):
            self._must(read == whole, one, f"{one.status} with {read} of {whole} items")
        self._must(
            (one.status is Status.FAILED) == too_many,
            one,
            f"{one.status} with {failures} failures, and {allowed} may",
        )
        if one.status is Status.FAILED:
            self._must(
                (one.reason == "all_items_failed") == (failures == read), one, f"is {one.reason}"
            )

    def _whole(self, one: Seen) -> dict[str, Any]:
        cursor = self._raw.execute("SELECT * FROM ingestion WHERE id = ?", (one.id,))
        names = [column[0] for column in cursor.description]
        return dict(zip(names, cursor.fetchone(), strict=True))

    def _must(self, true: bool, one: Seen, what: str) -> None:
        if not true:
            raise Violation(f"{one.name}: {what}.")
