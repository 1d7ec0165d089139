"""What the archive holds: one record for each source_id, however often it is read, and by whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import StatementError

from osa.conventions import Batch, File, Item, Progress, Source
from osa.server.model import Counts, Outcome, RecordQuery, SourceRequest


def _records(player, **query) -> list:
    page = player.house.service.records.list(
        player.principal, RecordQuery(ascending=True, **query), cursor=None, per_page=200
    )
    return list(page.items)


def _file(player, content: str, name: str = "a.txt", *, artifact: bool = True) -> File:
    path = player.folder / f"{len(list(player.folder.iterdir()))}"
    path.write_text(content)
    return File.of(path, name=name, media_type="text/plain", artifact=artifact)


def _ingest(player, *items: Item, **request) -> Counts:
    job = player.take(player.start(**request))
    player.commit(job, *items)
    ended = player.running.complete(job)
    assert ended is not None
    return ended.counts


def test_the_same_again_is_unchanged_and_anything_else_an_update(player) -> None:
    assert _ingest(player, Item.record("a", title="t", metadata={"n": 1})).created == 1
    (first,) = _records(player)
    assert _ingest(player, Item.record("a", title="t", metadata={"n": 1})).unchanged == 1
    assert _records(player) == [first]

    changes = [
        Item.record("a", title="u", metadata={"n": 1}),
        Item.record("a", title="u", metadata={"n": 2}),
        Item.record("a", title="u", metadata={"n": 2}, files=[_file(player, "one")]),
        Item.record("a", title="u", metadata={"n": 2}, files=[_file(player, "two")]),
        Item.record("a", title="u", metadata={"n": 2}, files=[_file(player, "two", "b.txt")]),
        Item.record("a", title="u", metadata={"n": 2}),
    ]
    for version, item in enumerate(changes, start=2):
        assert _ingest(player, item).updated == 1
        (now,) = _records(player)
        assert (now.id, now.version, now.created_at) == (first.id, version, first.created_at)
        assert (now.title, now.metadata) == (item.title, item.metadata)
        assert [file.name for file in now.files] == [file.name for file in item.files]


def test_the_order_of_keys_in_metadata_changes_nothing(player) -> None:
    _ingest(player, Item.record("a", metadata={"x": 1, "y": 2}))
    assert _ingest(player, Item.record("a", metadata={"y": 2, "x": 1})).unchanged == 1


def test_one_source_id_twice_in_a_batch_is_one_record_and_two_items_in_order(player) -> None:
    counts = _ingest(
        player,
        Item.record("a", metadata={"n": 1}),
        Item.record("b"),
        Item.record("a", metadata={"n": 2}),
        Item.record("a", metadata={"n": 2}),
    )
    assert counts == Counts(created=2, updated=1, unchanged=1)
    a = _records(player, source_id="a")[0]
    assert (a.version, a.metadata) == (2, {"n": 2})


def test_a_rejected_item_leaves_the_record_of_before(player) -> None:
    _ingest(player, Item.record("a", metadata={"n": 1}))
    _ingest(player, Item.rejected("a", kind="odd", detail="not this time"))
    assert [record.metadata for record in _records(player)] == [{"n": 1}]


def test_ingestions_that_write_the_same_records_at_once_neither_deadlock_nor_lose_one(
    player, at_once
) -> None:
    jobs = [player.take(player.start()) for _ in range(4)]
    ids = [f"source {number}" for number in range(100)]

    def run(which: int, job) -> Counts:
        order = ids if which % 2 else ids[::-1]
        for batch in range(3):
            items = [Item.record(id, metadata={"by": which, "batch": batch}) for id in order]
            player.commit(job, *items)
        return player.running.complete(job).counts

    done = at_once([lambda n=n, job=job: run(n, job) for n, job in enumerate(jobs)])

    assert all(counts.seen == 300 for counts in done), done
    assert sum(counts.created for counts in done) == 100
    records = [record for record in _walk(player)]
    assert sorted(record.source_id for record in records) == sorted(ids)
    # Each was written by every batch of every ingestion: nobody's write went unnoticed.
    assert {record.version for record in records} == {12}


def _walk(player):
    cursor = None
    while True:
        page = player.house.service.records.list(
            player.principal, RecordQuery(), cursor=cursor, per_page=70
        )
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


@pytest.mark.parametrize(
    "source_id",
    ["é" * 1024, "\U0001f30d" * 512, "x" * 2048, "a\nb\tc", "'; DROP TABLE record; --", "%_\\"],
)
def test_source_ids_of_two_kilobytes_in_any_script_find_their_record_again(
    player, source_id: str
) -> None:
    _ingest(player, Item.record(source_id))
    assert _ingest(player, Item.record(source_id)).unchanged == 1
    assert [record.source_id for record in _records(player, source_id=source_id)] == [source_id]


def test_nul_and_half_surrogates_of_a_source_stop_nothing(player) -> None:
    odd = "a\x00b\ud800c"
    started = player.start()
    job = player.take(started)
    path = player.folder / "odd"
    path.write_text("odd")
    file = File.of(path, name=odd, media_type="text/plain")
    player.running.commit(
        job,
        Batch(
            items=[
                Item.record(odd, title=odd, metadata={"odd": odd}, files=[file]),
                Item.rejected(odd, kind="odd", detail=odd, hint=odd),
            ],
            cursor={"after": odd},
        ),
        Progress(phase=odd, message=odd, unit=odd * 30, completed=2, total=2),
        workdir=player.folder,
    )
    after = player.get(started)
    assert (after.counts.created, after.counts.rejected) == (1, 1)
    (record,) = _records(player)
    for text in (record.source_id, record.title, record.files[0].name, after.progress.message):
        text.encode()
        assert "\x00" not in text


def test_artifacts_are_what_was_made_and_not_what_was_sent(player) -> None:
    made, sent = _file(player, "made", "made.txt"), _file(player, "sent", "s.txt", artifact=False)
    started = player.start()
    job = player.take(started)
    player.commit(job, Item.record("a", files=[sent, made]), Item.record("b"))
    more = [_file(player, f"more {n}", f"{n}.txt") for n in range(4)]
    player.commit(job, Item.record("c", files=more))

    found, cursor = [], None
    while True:
        page = player.reading.artifacts(player.principal, started.id, cursor=cursor, per_page=2)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(one.name for one in found) == ["0.txt", "1.txt", "2.txt", "3.txt", "made.txt"]
    assert {one.source_id for one in found} == {"a", "c"}
    for one in found:
        stored = player.reading.artifact_file(player.principal, one.id)
        assert stored.path.stat().st_size == one.size == stored.size
        assert (one.sha256, one.name) == (stored.sha256, stored.name)
    record = _records(player, source_id="a")[0]
    assert [file.name for file in record.files] == ["s.txt", "made.txt"]


def test_a_later_ingestion_reads_a_records_own_bytes(player) -> None:
    made, sent = _file(player, "made", "made.txt"), _file(player, "sent", "s.txt", artifact=False)
    _ingest(player, Item.record("a", files=[made, sent]))
    (record,) = _records(player)
    started = player.start(source=SourceRequest(type="record", record_id=record.id))
    (source,) = player.take(started).sources
    assert source.path.read_text() == "sent"
    assert (source.filename, source.record_id) == ("s.txt", record.id)


def _origins(player, **query) -> dict[str, list[tuple[str, int | None]]]:
    return {
        record.source_id: [(origin.record_id, origin.version) for origin in record.derived_from]
        for record in _records(player, **query)
    }


def test_a_record_tells_what_it_was_made_from_and_what_was_made_from_it(player) -> None:
    first, before, now = (_file(player, text, artifact=False) for text in ("o", "p", "q"))
    _ingest(player, Item.record("parent", files=[before]), Item.record("other", files=[first]))
    _ingest(player, Item.record("parent", files=[now]))
    other, parent = sorted(_records(player), key=lambda record: record.source_id)
    one = SourceRequest(type="record", record_id=parent.id)
    player.commit(player.take(player.start(source=one)), Item.record("child"))
    assert _origins(player)["child"] == [(parent.id, 2)]
    assert _origins(player)["parent"] == []

    both = SourceRequest(
        type="list",
        items=[SourceRequest(type="record", record_id=each.id) for each in (other, parent)],
    )
    job = player.take(player.start(source=both))
    player.commit(
        job,
        Item.record("merged", made_from=job.sources),
        Item.record("half", made_from=job.sources[:1]),
        Item.record("unsaid"),
    )
    found = _origins(player)
    assert found["merged"] == [(other.id, 1), (parent.id, 2)]
    assert (found["half"], found["unsaid"]) == ([(other.id, 1)], [])
    assert set(_origins(player, derived_from=parent.id)) == {"child", "merged"}
    assert set(_origins(player, derived_from=other.id)) == {"half", "merged"}


def test_what_a_new_version_was_made_from_replaces_what_the_old_one_was(player) -> None:
    _ingest(player, Item.record("parent", files=[_file(player, "bytes", artifact=False)]))
    (parent,) = _records(player)
    source = SourceRequest(type="record", record_id=parent.id)
    player.commit(player.take(player.start(source=source)), Item.record("child"))
    _ingest(player, Item.record("child"))
    assert _origins(player)["child"] == [(parent.id, 1)], "unchanged: it is still that version"
    _ingest(player, Item.record("child", title="by hand"))
    assert _origins(player)["child"] == []


def test_nothing_is_made_from_a_record_that_was_no_source(player) -> None:
    _ingest(player, Item.record("parent"))
    (parent,) = _records(player)
    job = player.take(player.start())
    stranger = Source(type="record", record_id=parent.id)
    with pytest.raises(ValueError, match="no source of this ingestion"):
        player.commit(job, Item.record("child", made_from=[stranger]))
    assert player.get(job.ingestion).counts.seen == 0


def test_a_file_outside_of_the_attempts_folder_is_not_taken(player, tmp_path: Path) -> None:
    stray = tmp_path / "stray.txt"
    stray.write_text("somebody's file")
    job = player.take(player.start())
    with pytest.raises(ValueError, match="neither an object nor"):
        player.commit(
            job, Item.record("a", files=[File.of(stray, name="s", media_type="text/plain")])
        )
    assert stray.exists()
    assert player.get(job.ingestion).counts.seen == 0


def test_a_batch_that_cannot_be_written_leaves_no_trace(player) -> None:
    started = player.start()
    job = player.take(started)
    with pytest.raises(StatementError, match="not JSON compliant"):
        player.commit(job, Item.record("fine"), Item.record("odd", metadata={"x": float("nan")}))
    after = player.get(started)
    assert (after.counts.seen, after.last_event, _records(player)) == (0, 2, [])
    items = player.reading.items(
        player.principal, started.id, outcomes=frozenset(Outcome), cursor=None, per_page=9
    )
    assert not items.items


def test_a_large_batch_is_one_batch(player) -> None:
    items = [Item.record(str(number), metadata={"n": number}) for number in range(2_000)]
    started = player.start(batch_size=2_000)
    job = player.take(started)
    player.commit(job, *items)
    assert player.get(started).counts == Counts(created=2_000)
    again = player.take(player.start())
    player.commit(again, *items)
    assert player.get(again.ingestion).counts == Counts(unchanged=2_000)
