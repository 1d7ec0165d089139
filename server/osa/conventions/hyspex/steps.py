"""A step: so many datasets of a walk, from where the step before it stopped.

The cursor is {"at", "taken", "tally", "before"}: where the walk stands, how many datasets count
against what the step may take, what was decided, and what the steps before it had decided. The
memo of a campaign is {"at", "tally"}.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from osa.conventions.authoring import Context, Params, Progress
from osa.conventions.hyspex.walks import Place, Stand, Walk
from osa.conventions.items import Batch, Item, JsonObject
from osa.conventions.steps import Reached

#: What a summary always tells.
_ALWAYS = ("seen", "queued")
#: How many children there will be: by where the walk stands, and by what was decided in all steps.
Estimate = Callable[[Stand, Mapping[str, int]], int | None]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was decided of a place."""

    item: Item | None = None
    #: Whether it counts against what the step may take.
    counts: bool = False
    #: Words, and how often.
    tally: Mapping[str, int]


def begin_of(context: Context[Any], start_position: int = 1) -> Stand:
    """Where the walk stands when `ingest` is called: by the cursor, by what the step before left,
    or at its very start."""
    if context.cursor:
        return Stand.of(context.cursor["at"])
    step = context.step
    if step is None:
        return Stand.at(start_position)
    if "at" in step.memo:
        left = Stand.of(step.memo["at"])
        if left.position == step.position:
            return left
    return Stand.at(step.position)


class Steps:
    """Runs one step. `decide` says what becomes of a place."""

    def __init__(
        self,
        context: Context[Params],
        walk: Walk,
        *,
        begin: int,
        most: int,
        decide: Callable[[Place], Outcome],
        estimate: Estimate,
        summary: JsonObject,
    ) -> None:
        step = context.step
        self._context = context
        self._walk = walk
        self._begin = begin
        self._most = most
        self._decide = decide
        self._estimate = estimate
        self._summary = summary
        self._at = walk.stand
        self._taken = int(context.cursor.get("taken", 0))
        self._tally: Counter[str] = Counter(context.cursor.get("tally", {}))
        left = step.memo.get("tally", {}) if step is not None else {}
        self._before: dict[str, int] = context.cursor.get("before", left)

    def batches(self) -> Iterator[Batch]:
        """One item for each dataset that there is something to say of."""
        yield from self._context.batches(self._pairs(), reached=self._reached)

    def _pairs(self) -> Iterator[tuple[Item | None, JsonObject]]:
        for place in self._walk:
            if not place.is_passed:
                outcome = self._decide(place)
                if outcome.counts:
                    # Not before it has moved: after a shift the first may be one place back, and a
                    # step that does not move is the last.
                    if self._taken >= self._most and self._at.position > self._begin:
                        self._end()
                        return
                    self._taken += 1
                self._tally.update(outcome.tally)
                item = outcome.item
                if item is not None:
                    self._note(place)
            else:
                item = None
            self._at = place.after
            yield item, self._cursor()
        self._at = self._walk.stand
        yield None, self._cursor()
        self._end()

    def _note(self, place: Place) -> None:
        for problem in place.record.problems if place.record else ():
            self._context.warning(f"{place.name}: {problem} It is left out.")
        seen, ahead = self._tally["seen"], place.after.ahead
        if ahead is not None and seen == self._taken:
            # Each of them counts: no more are looked at than the step may take.
            ahead = min(ahead, max(0, self._most - self._taken))
        self._context.report(
            Progress(
                phase="sweep" if place.after.sweeps else "listing",
                message=place.name[:200],
                unit="datasets",
                completed=seen,
                total=None if ahead is None else seen + ahead,
                total_is_estimate=True,
            )
        )

    def _cursor(self) -> JsonObject:
        return {
            "at": self._at.to_json(),
            "taken": self._taken,
            "tally": dict(self._tally),
            "before": self._before,
        }

    def _reached(self, cursor: JsonObject) -> Reached | None:
        if self._context.step is None:
            return None
        stand = Stand.of(cursor["at"])
        before: Counter[str] = Counter(cursor["before"])
        tally = dict(before + Counter(cursor["tally"]))
        return Reached(
            next_position=None if stand.over else stand.position,
            total_children=self._estimate(stand, tally),
            memo={"at": cursor["at"], "tally": tally},
        )

    def _end(self) -> None:
        at = self._at
        every = dict(Counter(self._before) + self._tally)
        found = {
            **self._summary,
            **{name: self._tally[name] for name in (*_ALWAYS, *sorted(self._tally))},
            "total_children": self._estimate(at, every),
            "next_start_position": None if at.over else at.position,
        }
        self._context.info(json.dumps({"summary": found}, ensure_ascii=False))
