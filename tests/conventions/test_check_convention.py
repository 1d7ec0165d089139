"""`check_convention` finds each promise that is broken, and says which."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from osa.conventions import (
    ArchiveInMemory,
    Batch,
    Context,
    Convention,
    File,
    Held,
    HeldCampaign,
    Item,
    Params,
    Progress,
    Reached,
    SourceInvalid,
    Start,
    Step,
)
from osa.conventions.steps import MAX_STARTS
from osa.conventions.testing import ConventionProblem, check_convention

Ingest = Callable[[Context[Any]], Iterator[Batch]]


class NumberParams(Params):
    """How far to count."""

    count: int = Field(default=5, description="Items.")


def _numbers(context: Context[NumberParams]) -> Iterator[Batch]:
    def items() -> Iterator[tuple[Item, dict[str, int]]]:
        for number in range(context.cursor.get("next", 0), context.params.count):
            yield Item.record(str(number)), {"next": number + 1}

    yield from context.batches(items())


def convention(ingest: Ingest = _numbers, **changes: Any) -> Convention:
    values: dict[str, Any] = {
        "id": "numbers",
        "title": "Numbers",
        "params": NumberParams,
        "ingest": ingest,
    }
    return Convention(**(values | changes))


def one(item: Callable[[Context[Any]], Item]) -> Ingest:
    """A convention with a single item, made by `item`."""

    def ingest(context: Context[Any]) -> Iterator[Batch]:
        if not context.cursor:
            yield Batch(items=[item(context)], cursor={"done": True})

    return ingest


def refused(match: str, ingest: Ingest = _numbers, **changes: Any) -> None:
    with pytest.raises(ConventionProblem, match=match):
        check_convention(convention(ingest, **changes))


def test_a_convention_that_keeps_the_rules_passes_and_its_items_come_back() -> None:
    items = check_convention(convention())
    assert [item.source_id for item in items] == ["0", "1", "2", "3", "4"]


def test_parameters_may_be_a_mapping_or_an_object() -> None:
    assert len(check_convention(convention(), params={"count": 3})) == 3
    assert len(check_convention(convention(), params=NumberParams(count=4))) == 4


def test_parameters_that_do_not_fit_are_explained() -> None:
    with pytest.raises(ConventionProblem, match="count"):
        check_convention(convention(), params={"count": "many"})


def test_id_version_and_title_are_looked_at() -> None:
    refused("does not match", id="Numbers!")
    refused(r"MAJOR\.MINOR\.PATCH", version="one")
    refused("no title", title=" ")
    refused("names modules and no extra", modules=("rasterio",))


def test_every_parameter_has_a_description() -> None:
    class Inner(Params):
        """Inside."""

        depth: int = 1

    class Bare(Params):
        """Nothing is said."""

        width: int = 1
        inner: Inner = Field(default=Inner(), description="Inside.")

    refused(r"description: Inner\.depth, width", params=Bare)


def test_a_missing_library_names_its_extra() -> None:
    refused("extra 'moon'", extra="moon", modules=("no_such_module_of_osa",))


def test_batches_are_no_larger_than_asked_for() -> None:
    def ingest(context: Context[NumberParams]) -> Iterator[Batch]:
        yield Batch(items=[Item.record(str(n)) for n in range(5)], cursor={"done": True})

    refused("A batch has 5 items", ingest)


def test_cursor_and_metadata_are_json() -> None:
    def ingest(context: Context[NumberParams]) -> Iterator[Batch]:
        yield Batch(items=[], cursor={"at": Path("x")})

    refused("not JSON", ingest)
    refused("not JSON", one(lambda _: Item.record("a", metadata={"x": float("nan")})))


def test_resuming_gives_the_rest_and_nothing_twice() -> None:
    def forgetful(context: Context[NumberParams]) -> Iterator[Batch]:
        start = 0 if context.batch_size == 1 else context.cursor.get("next", 0)
        for n in range(max(0, start - 1), context.params.count):
            if context.stop.is_set():
                context.checkpoint()
            yield Batch(items=[Item.record(str(n))], cursor={"next": n + 1})

    refused("resumed from the cursor", forgetful)


def test_twice_is_the_same() -> None:
    def item(_: Context[Any]) -> Item:
        return Item.record("a", metadata={"x": random.random()})

    refused("'a' has other metadata when run twice", one(item))


def test_files_lie_below_the_folder_of_the_attempt(tmp_path: Path) -> None:
    def item(_: Context[Any]) -> Item:
        path = tmp_path / "elsewhere"
        path.write_text("x")
        return Item.record("a", files=[File.of(path, name="x.txt", media_type="text/plain")])

    refused("outside context.workdir", one(item))


def test_a_file_is_what_it_says() -> None:
    def item(context: Context[Any]) -> Item:
        path = context.workdir / "x"
        path.write_text("before")
        file = File.of(path, name="x.txt", media_type="text/plain")
        path.write_text("after, and longer")
        return Item.record("a", files=[file])

    refused("another size or SHA-256", one(item))


def test_a_source_is_not_changed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("before")

    def ingest(context: Context[Any]) -> Iterator[Batch]:
        fetched = context.fetch(context.sources[0])
        fetched.path.write_text("after")
        yield Batch(items=[], cursor={})

    with pytest.raises(ConventionProblem, match="read-only and shared"):
        check_convention(convention(ingest), sources=[source])


def test_a_request_to_stop_is_obeyed() -> None:
    def deaf(context: Context[NumberParams]) -> Iterator[Batch]:
        for n in range(context.cursor.get("next", 0), 5):
            yield Batch(items=[Item.record(str(n))], cursor={"next": n + 1})

    refused("after a stop was asked for", deaf)


def test_whoever_leaves_early_says_so() -> None:
    def silent(context: Context[NumberParams]) -> Iterator[Batch]:
        for n in range(context.cursor.get("next", 0), 5):
            if context.stop.is_set():
                return
            yield Batch(items=[Item.record(str(n))], cursor={"next": n + 1})

    refused("did not say so", silent)


def test_two_records_do_not_share_an_identity() -> None:
    def clash(context: Context[NumberParams]) -> Iterator[Batch]:
        items = [Item.record("same", metadata={"n": n}) for n in range(2)]
        yield from context.batches((item, {"done": n}) for n, item in enumerate(items))

    refused("would replace the first", clash)


def test_progress_does_not_pass_its_total() -> None:
    def ingest(context: Context[NumberParams]) -> Iterator[Batch]:
        context.report(Progress(completed=6, total=5))
        yield Batch(items=[], cursor={})

    refused("6 of 5", ingest)


def test_an_error_of_the_whole_ingestion_is_told() -> None:
    def ingest(context: Context[NumberParams]) -> Iterator[Batch]:
        raise SourceInvalid("There is no table.", hint="Look again.")
        yield

    refused(r"SourceInvalid: There is no table\. Look again\.", ingest)


def test_a_convention_that_passes_over_what_is_wanted_is_found_out() -> None:
    def ingest(context: Context[NumberParams]) -> Iterator[Batch]:
        def items() -> Iterator[tuple[Item | None, dict[str, int]]]:
            for number in range(context.cursor.get("next", 0), context.params.count):
                wanted = context.wants(f"number {number}")
                yield Item.record(str(number)) if wanted else None, {"next": number + 1}

        yield from context.batches(items())

    refused("3 items were expected, 0 came when only every other item is wanted", ingest)


def test_what_is_said_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    """And an author's test can look at it."""

    def say(context: Context[NumberParams]) -> Item:
        context.warning("50 % are missing")
        return Item.record("a")

    check_convention(convention(one(say)))
    assert {(record.levelname, record.message) for record in caplog.records} == {
        ("WARNING", "50 % are missing")
    }


def test_what_is_not_a_record_says_why() -> None:
    refused("does not say why", one(lambda _: Item(source_id="a", verdict="skipped")))


def _counting_steps(*, back: bool = False, id: str = "child", drift: bool = False) -> Ingest:
    """Goes from the step's position to five; each number starts a child."""

    def ingest(context: Context[Any]) -> Iterator[Batch]:
        assert context.step is not None
        begin = context.cursor.get("next", context.step.position)
        for number in range(begin, 6):
            start = Start(external_id=f"{id}-{number}", convention_id="documents")
            reached = Reached(
                next_position=number - 1 if back else number + 1,
                total_children=context.batch_size if drift else 5,
            )
            if context.stop.is_set():
                context.checkpoint()
            item = Item.record(str(number), starts=[start])
            yield Batch(items=[item], cursor={"next": number + 1}, reached=reached)

    return ingest


STEP = Step(campaign_id="c", number=2, position=3)


def test_a_convention_can_be_run_as_a_step_of_a_campaign() -> None:
    items = check_convention(convention(_counting_steps()), step=STEP)
    assert [item.source_id for item in items] == ["3", "4", "5"]


@pytest.mark.parametrize(
    ("broken", "match"),
    [
        ({"back": True}, "goes back to 2"),
        ({"drift": True}, "committed more often"),
    ],
)
def test_a_step_that_goes_back_or_comes_less_far_when_resumed_is_found(
    broken: dict[str, Any], match: str
) -> None:
    with pytest.raises(ConventionProblem, match=match):
        check_convention(convention(_counting_steps(**broken)), step=STEP)


def _starting(count: int = 1, **words: Any) -> Item:
    start = Start(**{"external_id": "x", "convention_id": "documents", **words})
    return Item.record("a", starts=[start] * count)


@pytest.mark.parametrize(
    ("item", "match"),
    [
        (_starting(MAX_STARTS + 1), "starts 101 ingestions; an item may start 100"),
        (_starting(external_id=""), "its external_id would not"),
        (_starting(external_id="x" * 201), "its external_id would not"),
        (_starting(external_id="a\nb"), "its external_id would not"),
        (_starting(name="x" * 201), "its name would not"),
        (_starting(name="a\r\nb"), "its name would not"),
        (_starting(name="\ud800"), "its name would not"),
        (_starting(uri="https://a.example/" + "x" * 8192), "its uri would not"),
        (_starting(labels={"-a": "b"}), "its labels would not"),
        (_starting(labels={"a": "b\x7f"}), "its labels would not"),
        (_starting(labels={"a": "b" * 201}), "its labels would not"),
        (_starting(labels={f"a{n}": "b" for n in range(17)}, name="\0"), "its name and its labels"),
    ],
)
def test_children_that_would_make_their_item_rejected_are_found(item: Item, match: str) -> None:
    refused(f"'a' would be rejected: .*{match}", one(lambda _: item))


def test_children_at_the_limits_are_taken() -> None:
    item = _starting(
        MAX_STARTS,
        external_id="ø" * 200,
        name="x" * 200,
        uri="https://a.example/".ljust(8192, "x"),
        labels={f"a/b_{n}": "" if n else "x" * 200 for n in range(16)},
    )
    assert check_convention(convention(one(lambda _: item))) == [item]


def test_what_a_step_says_outside_of_a_campaign_is_found() -> None:
    def ingest(context: Context[Any]) -> Iterator[Batch]:
        yield Batch(items=[], cursor={}, reached=Reached(next_position=None))

    refused("how far a campaign is", ingest)


def test_the_archive_of_a_check_knows_what_was_started_and_what_others_hold() -> None:
    def ingest(context: Context[Any]) -> Iterator[Batch]:
        if context.cursor:
            return
        archive = context.archive
        campaign = archive.campaign("c")
        held = archive.of("documents").record("a")
        said = [archive.started(["x", "y"]), campaign and campaign.convention_id]
        item = Item.record("a", metadata={"said": said, "title": held and held.title})
        yield Batch(items=[item], cursor={"done": True})

    [item] = check_convention(
        convention(ingest),
        archive=ArchiveInMemory(
            others={"documents": [Held(source_id="a", title="A")]},
            started={"x": "failed"},
            campaigns={"c": HeldCampaign(convention_id="numbers", parameters={})},
        ),
    )
    assert item.metadata == {"said": [{"x": "failed"}, "numbers"], "title": "A"}


def test_a_part_of_the_archive_that_is_kept_sees_what_is_published_later() -> None:
    archive = ArchiveInMemory(convention_id="numbers", others={"documents": []})
    documents, own = archive.of("documents"), archive.of("documents").of("numbers")
    archive.publish([Item.record("1", starts=[Start(external_id="x", convention_id="documents")])])
    assert documents.started(["x"]) == own.started(["x"]) == {"x": "queued"}
    assert own.record("1") is not None and documents.record("1") is None
    assert archive.of("unheard-of").record("1") is None


@pytest.mark.parametrize("archive", [None, ArchiveInMemory([Held(source_id="a", title="A")])])
def test_a_convention_that_is_checked_finds_its_own_records_under_its_name(
    archive: ArchiveInMemory | None,
) -> None:
    def ingest(context: Context[Any]) -> Iterator[Batch]:
        if not context.cursor:
            own = context.archive.of(context.params.own).record("a")
            yield Batch(
                items=[Item.record("b", title=own.title if own else None)], cursor={"done": True}
            )

    class Named(Params):
        """Whose."""

        own: str = Field(description="Which convention this is.")

    checked = convention(ingest, params=Named)
    held = [Held(source_id="a", title="A")] if archive is None else []
    [item] = check_convention(checked, params={"own": checked.id}, held=held, archive=archive)
    assert item.title == "A"


@pytest.mark.parametrize(
    ("last", "now"),
    [(None, "queued"), *((end, "queued") for end in ("failed", "canceled"))]
    + [(each, each) for each in ("queued", "running", "canceling", "succeeded")],
)
def test_again_counts_for_what_ended_without_a_result(last: str | None, now: str) -> None:
    for again in (True, False):
        archive = ArchiveInMemory(started={} if last is None else {"x": last})
        start = Start(external_id="x", convention_id="documents", again=again)
        archive.publish([Item.record("1", starts=[start])])
        assert archive.started(["x"]) == {"x": now if again or last is None else last}
