"""`check_convention`: does a convention keep its promises? For the tests of whoever writes one."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema

from osa.conventions.authoring import Convention, Limits, Params
from osa.conventions.held import ArchiveInMemory, Held
from osa.conventions.items import Item, JsonObject
from osa.conventions.registry import InvalidConvention, checked
from osa.conventions.sources import Source
from osa.conventions.steps import Step
from osa.conventions.trials import ConventionProblem, Run, Trial, source_of
from osa.conventions.wanted import Wanted

__all__ = ["ConventionProblem", "check_convention", "check_description"]

#: A batch larger than any test's source: all items of the convention at once.
_ALL = 10_000


def check_convention(
    convention: Convention,
    *,
    params: Params | Mapping[str, Any] | None = None,
    sources: Iterable[Source | Path | str] = (),
    batch_size: int = 2,
    limits: Limits | None = None,
    held: Iterable[Held] = (),
    archive: ArchiveInMemory | None = None,
    step: Step | None = None,
    max_resumes: int = 10,
) -> Sequence[Item]:
    """Run the convention on the sources (files, URIs or `Source`s) and give the items it yielded,
    for further assertions. Raises ConventionProblem at the first promise that is not kept.

    `held`: what the archive holds before each run. Give some to a convention that looks at
    `context.archive`; what a run has yielded, the archive holds from its next batch on. `archive`
    instead: one that also has records of other conventions, ingestions that were started, and
    campaigns. `step`: run it as this step of a campaign.

    It is run `max_resumes` + 6 times at most, so a small source will do; three items or more let
    every check look at something.
    """
    check_description(convention)
    given = params.model_dump(mode="json") if isinstance(params, Params) else dict(params or {})
    trial = Trial(
        convention,
        given,
        [source_of(each) for each in sources],
        limits or Limits(),
        held=list(held),
        archive=archive,
        step=step,
    )
    with tempfile.TemporaryDirectory(prefix="osa-check-") as folder:
        trial.folder = Path(folder)
        first = trial.run(batch_size=batch_size)
        _no_early_end(convention, first)
        again = trial.run(batch_size=batch_size)
        _same(first.items, again.items, "run twice on the same source")
        single = trial.run(batch_size=1)
        _same(first.items, single.items, "run with batch_size=1")
        _as_far(first, single)
        for cursor, done in _spread(single.cursors, max_resumes):
            rest = trial.run(batch_size=batch_size, cursor=cursor, committed=single.items[:done])
            _same(
                single.items[done:],
                rest.items,
                f"resumed from the cursor {json.dumps(dict(cursor))[:200]} (after {done} items)",
            )
            _as_far(first, rest)
        _obeys_stop(trial, len(first.items))
        _passes_over(trial, first.items, batch_size)
    return first.items


def check_description(convention: Convention) -> None:
    """The part that needs no source: id, version, titles, and the schema of the parameters."""
    try:
        checked(convention)
    except InvalidConvention as exc:
        raise ConventionProblem(str(exc)) from exc
    if not convention.title.strip():
        raise ConventionProblem(f"{convention.id} has no title.")
    if convention.modules and not convention.extra:
        raise ConventionProblem(
            f"{convention.id} names modules and no extra: say what to install when one is missing."
        )
    schema = convention.parameters_schema()
    try:
        json.dumps(schema, allow_nan=False)
        jsonschema.Draft202012Validator.check_schema(schema)
    except (TypeError, ValueError, jsonschema.SchemaError) as exc:
        raise ConventionProblem(
            f"The schema of {convention.id}'s parameters is not a JSON Schema: {exc}"
        ) from exc
    objects = {"": schema, **{f"{name}.": part for name, part in schema.get("$defs", {}).items()}}
    bare = [
        f"{where}{name}"
        for where, part in objects.items()
        for name, field in part.get("properties", {}).items()
        if not _described(field, schema)
    ]
    if bare:
        raise ConventionProblem(
            f"Parameters of {convention.id} without a description: {', '.join(sorted(bare))}. Give"
            " each a Field(description=...) with its unit: callers see it in `osa convention show`."
        )


def _content(item: Item) -> tuple[object, ...]:
    """What the archive would compare; a file by its content, wherever it lay."""
    return (
        item.source_id,
        item.verdict,
        item.title,
        json.dumps(item.metadata, sort_keys=True),
        tuple((f.name, f.media_type, f.sha256, f.size, f.artifact) for f in item.files),
        None if item.fault is None else item.fault.kind,
        item.derived_from,
        tuple((start.external_id, start.convention_id) for start in item.starts),
    )


def _described(field: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    # pydantic leaves a description out where it is the one of the object it refers to.
    named = schema.get("$defs", {}).get(field.get("$ref", "").rpartition("/")[2], {})
    return bool((field.get("description") or named.get("description", "")).strip())


def _same(expected: Sequence[Item], found: Sequence[Item], when: str) -> None:
    for number, (one, other) in enumerate(zip(expected, found, strict=False), 1):
        if one.source_id != other.source_id:
            raise ConventionProblem(
                f"Item {number} was {one.source_id!r}, and is {other.source_id!r} when {when}."
            )
        names = (
            "source_id",
            "verdict",
            "title",
            "metadata",
            "files",
            "fault",
            "derived_from",
            "starts",
        )
        pairs = zip(names, _content(one), _content(other), strict=True)
        differ = [name for name, a, b in pairs if a != b]
        if differ:
            raise ConventionProblem(
                f"{one.source_id!r} has other {', '.join(differ)} when {when}. The same source must"
                " give the same content: no time of the run, no random names, no order of a set."
            )
    if len(expected) != len(found):
        raise ConventionProblem(
            f"{len(expected)} items were expected, {len(found)} came when {when}."
        )


def _no_early_end(convention: Convention, run: Run) -> None:
    if run.stopped:
        raise ConventionProblem(f"{convention.id} says it was stopped, and nobody asked for it.")
    contents: dict[str, tuple[object, ...]] = {}
    for item in run.items:
        if item.verdict == "record" and contents.setdefault(
            item.source_id, _content(item)
        ) != _content(item):
            raise ConventionProblem(
                f"Two different items have the source_id {item.source_id!r}: the second would"
                " replace the first."
            )


def _as_far(expected: Run, found: Run) -> None:
    """A campaign comes as far, however often its step is resumed."""
    if found.reached is not None and found.reached != expected.reached:
        raise ConventionProblem(
            f"The campaign was at {expected.reached} after the step, and is at {found.reached} when"
            " the step was resumed or committed more often."
        )


def _obeys_stop(trial: Trial, total: int) -> None:
    """After a stop at most the item in hand is finished, and whoever leaves early says so."""
    for stop_after in (0, 1):
        run = trial.run(batch_size=1 if stop_after else _ALL, stop_after=stop_after)
        more = len(run.items) - stop_after
        if more > 1:
            raise ConventionProblem(
                f"{more} items were yielded after a stop was asked for; one may be finished."
                " Yield through context.batches(), or look at context.stop before each item."
            )
        if len(run.items) < total and not run.stopped:
            raise ConventionProblem(
                "It left early because of a stop and did not say so: the ingestion would count as"
                " complete. Leave by context.batches() or context.checkpoint()."
            )


def _passes_over(trial: Trial, items: Sequence[Item], batch_size: int) -> None:
    """A retry of some of the items is about all of them, and gives them as before."""
    some = {item.source_id for item in items[::2]}
    retry = trial.run(batch_size=batch_size, wanted=Wanted.of(some))
    expected = [item for item in items if item.source_id in some]
    _same(expected, retry.items, "only every other item is wanted (context.wants)")


def _spread(
    cursors: Sequence[tuple[JsonObject, int]], most: int
) -> Iterable[tuple[JsonObject, int]]:
    """All of them, or `most`, evenly, the first and the last among them."""
    if len(cursors) <= most:
        return cursors
    step = (len(cursors) - 1) / max(1, most - 1)
    return [cursors[round(number * step)] for number in range(most)]
