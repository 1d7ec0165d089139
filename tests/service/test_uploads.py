"""Uploads are kept whole or not at all."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from osa.server import bootstrap
from osa.server.errors import BodyTooLarge, ChecksumMismatch, StorageFull, UploadNotFound
from osa.server.model import SourceRequest
from osa.server.store.tables import upload as table

_CONTENT = b"some content" * 1000


def _files(player) -> list[Path]:
    settings = player.house.settings
    folders = (settings.objects_dir, settings.work_dir)
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def _rows(player) -> int:
    with player.house.database.read() as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


def _send(player, content: bytes = _CONTENT, **given):
    sink = player.house.service.uploads.begin(player.principal)
    for start in range(0, len(content), 1000):
        sink.write(content[start : start + 1000])
    named = {"filename": "näme.txt", "media_type": "text/plain", "sha256": None, **given}
    return sink.finish(**named)


def test_an_upload_is_what_was_sent(player) -> None:
    sha256 = hashlib.sha256(_CONTENT).hexdigest()
    upload = _send(player, sha256=sha256)
    assert (upload.size, upload.sha256) == (len(_CONTENT), sha256)
    assert player.house.service.uploads.get(player.principal, upload.id) == upload
    (path,) = _files(player)
    assert path.read_bytes() == _CONTENT
    assert path.stat().st_mode & 0o777 == 0o400


def test_another_checksum_than_announced_leaves_nothing(player) -> None:
    with pytest.raises(ChecksumMismatch) as refused:
        _send(player, sha256="0" * 64)
    assert refused.value.context["actual"] == hashlib.sha256(_CONTENT).hexdigest()
    assert (_files(player), _rows(player)) == ([], 0)


def test_too_much_leaves_nothing(player) -> None:
    settings = player.house.settings.model_copy(update={"upload_max_bytes": 5000})
    small = bootstrap.build(settings)
    try:
        sink = small.service.uploads.begin(player.principal)
        with pytest.raises(BodyTooLarge):
            for _ in range(6):
                sink.write(b"x" * 1000)
        sink.abort()
    finally:
        small.close()
    assert (_files(player), _rows(player)) == ([], 0)


def test_a_sender_who_breaks_off_leaves_nothing(player) -> None:
    sink = player.house.service.uploads.begin(player.principal)
    sink.write(b"half")
    sink.abort()
    assert (_files(player), _rows(player)) == ([], 0)


def test_a_disk_without_room_is_said_before_anything_is_taken(player) -> None:
    full = bootstrap.build(player.house.settings.model_copy(update={"min_free_bytes": 2**62}))
    try:
        with pytest.raises(StorageFull):
            full.service.uploads.begin(player.principal)
        with pytest.raises(StorageFull):
            full.service.readiness()
    finally:
        full.close()
    assert _files(player) == []


def test_the_same_content_twice_is_two_uploads_and_one_object(player) -> None:
    first, second = _send(player), _send(player)
    assert first.id != second.id
    assert len(_files(player)) == 1


def test_many_at_once_of_the_same_content_are_one_object(player, at_once) -> None:
    done = at_once([lambda: _send(player)] * 8)
    assert len({upload.id for upload in done}) == 8
    assert len(_files(player)) == 1


def test_an_upload_that_has_expired_is_not_there_for_a_start_either(player) -> None:
    upload = _send(player)
    source = SourceRequest(type="file", upload_id=upload.id)
    started = player.start(source=source)
    past = datetime.now(UTC) - timedelta(seconds=1)
    player.execute(update(table).values(expires_at=past))
    with pytest.raises(UploadNotFound):
        player.house.service.uploads.get(player.principal, upload.id)
    with pytest.raises(UploadNotFound):
        player.start(source=source)
    # What was started before still reads it.
    (given,) = player.take(started).sources
    assert given.path.read_bytes() == _CONTENT


def test_a_retry_with_its_key_is_answered_though_the_upload_has_expired(player) -> None:
    source = SourceRequest(type="file", upload_id=_send(player).id)
    first = player.start(source=source, key="k")
    player.execute(update(table).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert player.start(source=source, key="k").id == first.id


def test_inline_content_is_kept_once_and_read_as_it_was(player) -> None:
    text = SourceRequest(type="text", content="grüße\x00".encode(), filename="a.txt")
    data = SourceRequest(type="bytes", content=b"\x00\xff", media_type="image/x", metadata={"b": 2})
    both = SourceRequest(type="list", items=[text, data, replace(text)], metadata={"a": 1, "b": 1})
    sources = player.take(player.start(source=both)).sources
    assert [source.path.read_bytes() for source in sources] == [
        "grüße\x00".encode(),
        b"\x00\xff",
        "grüße\x00".encode(),
    ]
    inner, outer = {"a": 1, "b": 2}, {"a": 1, "b": 1}
    assert [source.metadata for source in sources] == [outer, inner, outer]
    assert [source.media_type for source in sources] == ["text/plain", "image/x", "text/plain"]
    assert len(_files(player)) == 2
