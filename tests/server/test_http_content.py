"""Content: whole, one range of it, or its headers only; safe to open in a browser."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from osa.server.errors import RangeNotSatisfiable
from osa.server.http.answers import written
from osa.server.http.content import FileAnswer, disposition
from osa.server.model import StoredFile

CONTENT = b"0123456789"
PATH = "/api/v1/artifacts/01a200fc-8187-72e0-b189-35ebc75996a8/content"


@pytest.fixture
def stored(tmp_path: Path, app: Any, monkeypatch: pytest.MonkeyPatch) -> StoredFile:
    path = tmp_path / "content"
    path.write_bytes(CONTENT)
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    file = StoredFile(path=path, name="sea level.tif", size=len(CONTENT), sha256=sha256)
    monkeypatch.setattr(
        app.state.service.reading, "artifact_file", lambda principal, artifact_id: file
    )
    return file


def test_the_whole_content(ask: Any, stored: StoredFile) -> None:
    response = ask("GET", PATH)
    assert (response.status_code, response.content) == (200, CONTENT)
    assert response.headers["etag"] == f'"{stored.sha256}"'
    assert response.headers["content-length"] == "10"
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["content-disposition"] == 'attachment; filename="sea level.tif"'
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "content-range" not in response.headers


def test_head_has_the_same_headers_and_no_content(ask: Any, stored: StoredFile) -> None:
    whole, head = ask("GET", PATH), ask("HEAD", PATH, headers={"Range": "bytes=0-3"})
    assert (head.status_code, head.content) == (200, b"")
    own = {"x-request-id", "ratelimit"}
    same = {name: value for name, value in whole.headers.items() if name not in own}
    assert same.items() <= head.headers.items()


@pytest.mark.parametrize(
    ("asked", "content", "told"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", CONTENT, "bytes 0-9/10"),
        ("bytes=9-9", b"9", "bytes 9-9/10"),
        ("bytes=0-999999999999999", CONTENT, "bytes 0-9/10"),
    ],
)
def test_one_range(ask: Any, stored: StoredFile, asked: str, content: bytes, told: str) -> None:
    response = ask("GET", PATH, headers={"Range": asked})
    assert (response.status_code, response.content) == (206, content)
    assert response.headers["content-range"] == told
    assert response.headers["content-length"] == str(len(content))


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_outside_is_refused_with_the_size(ask: Any, stored: StoredFile, asked: str) -> None:
    response = ask("GET", PATH, headers={"Range": asked})
    assert (response.status_code, response.json()["code"]) == (416, "RANGE_NOT_SATISFIABLE")
    assert response.headers["content-range"] == "bytes */10"
    assert response.json()["context"] == {"size": 10}


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=5-2", "lines=0-3", "bytes=", "x"])
def test_what_is_not_one_range_gets_the_whole(ask: Any, stored: StoredFile, asked: str) -> None:
    response = ask("GET", PATH, headers={"Range": asked})
    assert (response.status_code, response.content) == (200, CONTENT)


def test_a_range_of_other_content_gets_the_whole(ask: Any, stored: StoredFile) -> None:
    for validator, status in ((f'"{stored.sha256}"', 206), ('"other"', 200)):
        headers = {"Range": "bytes=0-3", "If-Range": validator}
        assert ask("GET", PATH, headers=headers).status_code == status
    # A validator for weak comparison, or a date, never proves that bytes are the same.
    weak = {"Range": "bytes=0-3", "If-Range": f'W/"{stored.sha256}"'}
    assert ask("GET", PATH, headers=weak).status_code == 200


def test_an_empty_file(ask: Any, stored: StoredFile) -> None:
    stored.path.write_bytes(b"")
    empty = StoredFile(path=stored.path, name="x", size=0, sha256=stored.sha256)
    answer = FileAnswer(empty)
    assert (answer.status_code, dict(answer.raw_headers)[b"content-length"]) == (200, b"0")
    answer.close()
    with pytest.raises(RangeNotSatisfiable):
        FileAnswer(empty, requested="bytes=0-0")


def test_a_file_that_is_gone_is_a_defect_before_anything_is_sent(
    ask: Any, stored: StoredFile
) -> None:
    stored.path.unlink()
    response = ask("GET", PATH)
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")
    assert str(stored.path) not in response.text


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.tif", 'attachment; filename="a.tif"'),
        ('a".tif', "attachment; filename=\"a_.tif\"; filename*=UTF-8''a%22.tif"),
        ("a\\b", "attachment; filename=\"a_b\"; filename*=UTF-8''a%5Cb"),
        ("ä%41.nc", "attachment; filename=\"__41.nc\"; filename*=UTF-8''%C3%A4%2541.nc"),
        ("../x", "attachment; filename=\".._x\"; filename*=UTF-8''..%2Fx"),
        ("a\r\nX: y", "attachment; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"),
        ("\ud800", "attachment; filename=\"_\"; filename*=UTF-8''%3F"),
    ],
)
def test_a_name_is_never_more_than_a_name(name: str, header: str) -> None:
    assert disposition(name) == header


def test_nobody_reads_a_file_for_a_caller_who_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * 5 * 256 * 1024)
    file = StoredFile(path=path, name="x", size=path.stat().st_size, sha256="0" * 64)
    sent: list[Any] = []
    left = asyncio.Event()

    async def receive() -> Any:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        left.set()

    asyncio.run(FileAnswer(file)({"type": "http", "method": "GET"}, receive, send))
    assert len(sent) < 4


def test_an_answer_is_json_whatever_a_convention_found() -> None:
    found = {"half\ud800": ["\udfff", {"a": "\ud83d\ude00"}], "none": float("nan"), "x": 10**50}
    told = json.loads(written(found))
    assert told == {"half?": ["?", {"a": "\U0001f600"}], "none": None, "x": 10**50}
    assert written({"a": float("inf")}) == b'{"a":null}'
