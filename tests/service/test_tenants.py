"""Another tenant's things are not there: not to read, not to stop, not to build upon."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from osa.conventions import File, Item
from osa.server.errors import (
    ArtifactNotFound,
    FileNotFound,
    IngestionNotFound,
    NotFound,
    RecordNotFound,
    UploadNotFound,
)
from osa.server.model import IngestionQuery, Outcome, RecordQuery, SourceRequest, StartRequest


@pytest.fixture
def things(player) -> Mapping[str, str]:
    """One of everything, by kind."""
    sink = player.house.service.uploads.begin(player.principal)
    sink.write(b"content")
    upload = sink.finish(filename="a.txt", media_type=None, sha256=None)
    started = player.start(external_id="mine", labels={"k": "v"})
    job = player.take(started)
    path = player.folder / "made.txt"
    path.write_text("made")
    made = File.of(path, name="made.txt", media_type="text/plain")
    player.commit(job, Item.record("a", files=[made]))
    record = player.house.service.records.list(
        player.principal, RecordQuery(), cursor=None, per_page=1
    ).items[0]
    artifact = player.reading.artifacts(
        player.principal, started.id, cursor=None, per_page=1
    ).items[0]
    return {
        "ingestion": started.id,
        "upload": upload.id,
        "record": record.id,
        "file": record.files[0].id,
        "artifact": artifact.id,
    }


def _starting(player, who, source: SourceRequest) -> None:
    body = StartRequest(convention_id="test-counter", source=source)
    player.ingestions.start(who, body, idempotency_key=None)


OPERATIONS: Mapping[str, tuple[type[NotFound], Callable]] = {
    "get": (IngestionNotFound, lambda p, who, t: p.reading.get(who, t["ingestion"])),
    "cancel": (
        IngestionNotFound,
        lambda p, who, t: p.ingestions.cancel(who, t["ingestion"], reason=None, grace_seconds=0),
    ),
    "items": (
        IngestionNotFound,
        lambda p, who, t: p.reading.items(
            who, t["ingestion"], outcomes=frozenset(Outcome), cursor=None, per_page=1
        ),
    ),
    "events": (
        IngestionNotFound,
        lambda p, who, t: p.reading.events(who, t["ingestion"], after=0, per_page=1),
    ),
    "artifacts": (
        IngestionNotFound,
        lambda p, who, t: p.reading.artifacts(who, t["ingestion"], cursor=None, per_page=1),
    ),
    "artifact": (
        ArtifactNotFound,
        lambda p, who, t: p.reading.artifact_file(who, t["artifact"]),
    ),
    "record": (RecordNotFound, lambda p, who, t: p.house.service.records.get(who, t["record"])),
    "file": (
        RecordNotFound,
        lambda p, who, t: p.house.service.records.file(who, t["record"], t["file"]),
    ),
    "upload": (UploadNotFound, lambda p, who, t: p.house.service.uploads.get(who, t["upload"])),
    "start from an upload": (
        UploadNotFound,
        lambda p, who, t: _starting(p, who, SourceRequest(type="file", upload_id=t["upload"])),
    ),
    "start from a record": (
        RecordNotFound,
        lambda p, who, t: _starting(p, who, SourceRequest(type="record", record_id=t["record"])),
    ),
    "start from a list": (
        RecordNotFound,
        lambda p, who, t: _starting(
            p,
            who,
            SourceRequest(type="list", items=[SourceRequest(type="record", record_id=t["record"])]),
        ),
    ),
}


def test_what_belongs_to_another_tenant_is_not_found_as_what_does_not_exist(
    player, stranger, things
) -> None:
    nothing = {kind: "01a20000-0000-7000-8000-000000000000" for kind in things}
    for name, (refusal, ask) in OPERATIONS.items():
        with pytest.raises(refusal) as theirs:
            ask(player, stranger, things)
        with pytest.raises(refusal) as never:
            ask(player, stranger, nothing)
        said = str(theirs.value)
        for kind, id in things.items():
            said = said.replace(id, nothing[kind])
        assert said == str(never.value), name
    for name, (_, ask) in OPERATIONS.items():
        # The owner meets no refusal: the sentences above were about the tenant.
        assert ask(player, player.principal, things) is not None or name.startswith("start")


def test_lists_of_another_tenant_are_empty_whatever_they_ask_for(player, stranger, things) -> None:
    ask = player.reading.list
    for query in (
        IngestionQuery(),
        IngestionQuery(external_id="mine"),
        IngestionQuery(labels=[("k", "v")]),
        IngestionQuery(convention_id="test-counter"),
    ):
        assert not ask(stranger, query, cursor=None, per_page=9).items
    for query in (
        RecordQuery(),
        RecordQuery(source_id="a"),
        RecordQuery(ingestion_id=things["ingestion"]),
    ):
        assert not player.house.service.records.list(stranger, query, cursor=None, per_page=9).items


def test_the_same_source_id_is_another_record_in_another_tenant(player, stranger, things) -> None:
    theirs = player.start(who=stranger)
    job = player.take(theirs)
    player.commit(job, Item.record("a"))
    counts = player.reading.get(stranger, theirs.id).counts
    assert (counts.created, counts.updated) == (1, 0)


def test_a_file_that_is_no_longer_the_records_is_not_found(player, things) -> None:
    again = player.take(player.start())
    player.commit(again, Item.record("a", metadata={"now": "without a file"}))
    with pytest.raises(FileNotFound):
        player.house.service.records.file(player.principal, things["record"], things["file"])
    # What an ingestion made stays readable as its artifact.
    kept = player.reading.artifact_file(player.principal, things["artifact"])
    assert kept.path.read_text() == "made"
