"""In a retry of failed items only these count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from osa.conventions import Batch, Context, Convention, File, Item
from osa.conventions.stored import SOURCE_ID_LENGTH, identity
from osa.conventions.wanted import Wanted


def _nothing(context: Context[Any]) -> Iterator[Batch]:
    yield Batch(items=[], cursor={})


PLAIN = Convention(id="plain", title="Plain", ingest=_nothing)


def test_everything_is_wanted_in_a_run_that_is_no_retry(context_of: Any) -> None:
    assert context_of(PLAIN, []).wants("whatever")


@pytest.mark.parametrize("source_id", ["a", "\x00a", "\ud800", "x" * (SOURCE_ID_LENGTH + 1)])
def test_an_identity_is_known_by_what_was_stored_of_it(source_id: str) -> None:
    """What a retry is about comes from the database, where some characters were replaced."""
    wanted = Wanted.of([identity(source_id)])
    assert source_id in wanted
    assert identity(source_id) in wanted
    assert f"{source_id}b" not in wanted


def test_an_item_of_none_moves_the_cursor_alone(context_of: Any) -> None:
    pairs = [(Item.record("a"), {"n": 1}), (None, {"n": 2}), (None, {"n": 3})]
    (batch,) = context_of(PLAIN, []).batches(iter(pairs))
    assert ([item.source_id for item in batch.items], batch.cursor) == (["a"], {"n": 3})
    first, *_ = context_of(PLAIN, []).batches(iter(pairs[1:]), seconds=0)
    assert (first.items, first.cursor) == ((), {"n": 2})


def test_batches_are_filled_with_what_counts(context_of: Any) -> None:
    context = context_of(PLAIN, [], batch_size=2)
    context.wanted = Wanted.of("bdf")
    pairs = [(Item.record(name), {"after": name}) for name in "abcdefgh"]
    found = [
        ([item.source_id for item in batch.items], batch.cursor["after"])
        for batch in context.batches(iter(pairs))
    ]
    assert found == [(["b", "d"], "d"), (["f"], "h")]


def test_files_of_items_that_do_not_count_are_removed_and_no_others(
    context_of: Any, tmp_path: Any
) -> None:
    context = context_of(PLAIN, [])

    def file(path: Any) -> File:
        path.write_text("content")
        return File.of(path, name=path.name, media_type="text/plain")

    own, shared = file(context.workdir / "own"), file(context.workdir / "shared")
    outside = file(tmp_path / "outside")
    dropped = Item.record("dropped", files=[own, shared, outside])
    kept = Item.record("kept", files=[shared])
    context.wanted = Wanted.of(["kept"])
    assert context.that_count([dropped, kept]) == [kept]
    assert not own.path.exists()
    assert shared.path.exists()
    assert outside.path.exists()
