"""Bodies are read strictly: what one parser forgives, another reads differently."""

from __future__ import annotations

import base64
from typing import Any

import pytest

START = "/api/v1/ingestions"
JSON = {"Content-Type": "application/json"}


def refused(response: Any, kind: str) -> Any:
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["code"] == "INVALID_REQUEST"
    assert [one["type"] for one in problem["errors"]] == [kind]
    return problem


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "missing"),
        (b"null", "model_type"),
        (b"[]", "model_type"),
        (b"{", "json_invalid"),
        (b'{"convention_id":"documents"} x', "json_invalid"),
        (b'\xef\xbb\xbf{"convention_id":"documents"}', "json_invalid"),
        (b'{"convention_id":"documents","metadata":{"a":NaN}}', "json_invalid"),
        (b'{"convention_id":"documents","metadata":{"a":Infinity}}', "json_invalid"),
        (b'{"convention_id":"documents","metadata":{"a":-Infinity}}', "json_invalid"),
        (b'{"convention_id":"documents","metadata":{"a":1e999}}', "json_invalid"),
        (b'{"convention_id":"documents","metadata":{"a":' + b"9" * 5000 + b"}}", "json_invalid"),
        (b'{"convention_id":"documents","convention_id":"documents"}', "json_invalid"),
        (b'{"convention_id":"documents","metadata":{"a":1,"\\u0061":2}}', "json_invalid"),
        (b'{"convention_id":"documents","metadata":{"a":"\\ud800"}}', "string_unicode"),
        (b'{"convention_id":"documents","metadata":{"\\udfff":1}}', "string_unicode"),
        (b'{"convention_id":"documents","name":"\xed\xa0\x80"}', "utf8_invalid"),
        (b'{"convention_id":"documents","name":"\xff"}', "utf8_invalid"),
        (b'{"metadata":' * 101 + b"1" + b"}" * 101, "json_too_deep"),
        (b"[" * 100_000, "json_too_deep"),
        (b'{"a":' * 30_000, "json_too_deep"),
    ],
)
def test_what_is_not_plain_json_is_refused(ask: Any, body: bytes, kind: str) -> None:
    refused(ask("POST", START, content=body, headers=JSON), kind)


def test_metadata_comes_back_as_it_was_sent(ask: Any, start: Any) -> None:
    deep: Any = "end"
    for _ in range(90):
        deep = [deep]
    metadata = {
        "pair": "🌊",
        "nul": "\x00",
        "\x00key": 1,
        "deep": deep,
        "float": 1.5e300,
        "big": 10**300,
        "negative": -(2**70),
        "none": None,
        "empty": {"": []},
    }
    started = start(metadata=metadata)
    assert ask("GET", f"{START}/{started['id']}").json()["metadata"] == metadata


@pytest.mark.parametrize("written", [b"5", b"5.0", b"5e0", b"50e-1"])
def test_a_whole_number_is_an_integer_however_it_is_written(ask: Any, written: bytes) -> None:
    body = b'{"convention_id":"documents","source":{"type":"text","text":"x"},"batch_size":%s}'
    response = ask("POST", START, content=body % written, headers=JSON)
    assert (response.status_code, response.json()["batch_size"]) == (202, 5)


@pytest.mark.parametrize("written", ['"5"', "true", "5.5", "null", "0", "10001", "[5]", "1e30"])
def test_what_is_no_integer_is_refused(ask: Any, written: str) -> None:
    body = f'{{"convention_id":"documents","batch_size":{written}}}'
    response = ask("POST", START, content=body, headers=JSON)
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["loc"] == ["body", "batch_size"]


def test_errors_are_found_where_they_are(ask: Any) -> None:
    response = ask(
        "POST",
        START,
        json={
            "convention_id": "Nope!",
            "nope": 1,
            "labels": {"-": "x", "a": "\n"},
            "name": "",
            "source": {
                "type": "list",
                "items": [
                    {"type": "uri", "uri": "no uri", "metadata": 1},
                    {"type": "text", "text": "\x00", "filename": "a/b"},
                    {"type": "list", "items": []},
                    {"type": "file", "upload_id": "x"},
                ],
            },
        },
    )
    assert response.status_code == 400
    found = {".".join(map(str, one["loc"])) for one in response.json()["errors"]}
    assert found == {
        "body.convention_id",
        "body.nope",
        "body.labels.-.[key]",
        "body.labels.a",
        "body.name",
        "body.source.items.0.uri",
        "body.source.items.0.metadata",
        "body.source.items.1.text",
        "body.source.items.1.filename",
        "body.source.items.2",
        "body.source.items.3.upload_id",
    }


@pytest.mark.parametrize(
    "uri",
    [
        "https://archive.example/a?b=c#d",
        "HTTPS://u:p@archive.example:8443/%C3%A4/;x=1",
        "urn:isbn:0451450523",
        "http://[2001:db8::1]/x",
        "file:///srv/data/a.nc",
        "mailto:a@b.example",
    ],
)
def test_a_uri_is_absolute(uri: str) -> None:
    from osa.server.http.wire.strict import uri as checked

    assert checked(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "a",
        "/a",
        "//host/a",
        "1http://x",
        "http://a b",
        "http://x/\u00e4",
        "http://x/%zz",
        "http://[::g]/",
        "http://[1::2::3]/",
        "http://x/#a#b",
        "http://x:port/",
        "http://x/a\n",
        "http://" + "a:" * 3000 + "@@",
    ],
)
def test_what_is_not_an_absolute_uri_is_refused(ask: Any, uri: str) -> None:
    source = {"type": "uri", "uri": uri}
    response = ask("POST", START, json={"convention_id": "documents", "source": source})
    assert response.status_code == 400
    assert response.json()["errors"][0]["loc"] == ["body", "source", "uri"]


def test_another_media_type_is_refused(ask: Any) -> None:
    body = b'{"convention_id":"documents"}'
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""):
        response = ask("POST", START, content=body, headers={"Content-Type": media_type})
        assert (response.status_code, response.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    for media_type in ("application/json; charset=latin-1", "application/json; charset=utf-16"):
        response = ask("POST", START, content=body, headers={"Content-Type": media_type})
        assert response.status_code == 415
    assert ask("POST", START, content=body).status_code == 415
    encoded = {**JSON, "Content-Encoding": "gzip"}
    assert ask("POST", START, content=body, headers=encoded).status_code == 415
    fine = {"Content-Type": 'Application/JSON; charset="UTF-8"'}
    # 422: the body was read, and the convention needs a source.
    assert ask("POST", START, content=body, headers=fine).status_code == 422


def test_a_large_body_is_refused_declared_or_not(ask: Any) -> None:
    body = b'{"convention_id":"documents","metadata":{"a":"' + b"x" * 200_000 + b'"}}'

    async def pieces() -> Any:
        yield body

    for content in (body, pieces()):
        response = ask("POST", START, content=content, headers=JSON)
        assert (response.status_code, response.json()["code"]) == (413, "BODY_TOO_LARGE")
        assert response.json()["context"] == {"limit_bytes": 200_000}


def test_a_body_in_pieces_is_read(ask: Any) -> None:
    async def pieces() -> Any:
        yield b'{"convention_id":"documents","source":'
        yield b'{"type":"text","text":"Calm sea."}}'

    assert ask("POST", START, content=pieces(), headers=JSON).status_code == 202


def test_inline_content_counts_once_decoded() -> None:
    from osa.server.errors import BodyTooLarge
    from osa.server.http.wire import BytesSource, TextSource

    fits, over = b"x" * 4 * 1024**2, b"x" * (4 * 1024**2 + 1)
    for content, source in (
        (fits, BytesSource(type="bytes", data=base64.b64encode(fits).decode())),
        ("ä".encode() * 2 * 1024**2, TextSource(type="text", text="ä" * 2 * 1024**2)),
    ):
        assert source.requested().content == content
    for source in (
        BytesSource(type="bytes", data=base64.b64encode(over).decode()),
        TextSource(type="text", text="ä" * (2 * 1024**2 + 1)),
    ):
        with pytest.raises(BodyTooLarge):
            source.requested()


@pytest.mark.parametrize("data", ["A", "AA", "AAA", "AAAA=", "AA==AA==", "AA-_", "AA AA", "=AAA"])
def test_base64_is_padded_and_of_one_alphabet(ask: Any, data: str) -> None:
    source = {"type": "bytes", "data": data}
    response = ask("POST", START, json={"convention_id": "documents", "source": source})
    assert response.status_code == 400
    assert response.json()["errors"][0]["loc"] == ["body", "source", "data"]


def test_cancel_takes_no_body_an_empty_one_or_a_whole_one(ask: Any, start: Any) -> None:
    def cancel(**more: Any) -> Any:
        return ask("POST", f"{START}/{start()['id']}/cancel", **more)

    assert cancel().status_code == 200
    assert cancel(headers=JSON).status_code == 200
    assert cancel(json={}).status_code == 200
    assert cancel(json={"reason": "Wrong variable", "grace_seconds": 0.0}).status_code == 200
    assert cancel(content=b"null", headers=JSON).status_code == 400
    assert cancel(content=b"x=1").status_code == 415
    assert cancel(json={"grace_seconds": 3601}).status_code == 400
    assert cancel(json={"force": 1}).status_code == 400


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256])
def test_an_idempotency_key_that_is_none_is_refused(ask: Any, key: str) -> None:
    body = {"convention_id": "documents", "source": {"type": "text", "text": "x"}}
    headers = {"Idempotency-Key": key.encode("latin-1")}
    response = ask("POST", START, json=body, headers=headers)
    assert response.status_code == 400
    assert response.json()["errors"][0]["loc"] == ["header", "Idempotency-Key"]


def test_the_same_key_answers_with_the_same_ingestion(ask: Any) -> None:
    body = {"convention_id": "documents", "source": {"type": "text", "text": "x"}}
    key = {"Idempotency-Key": "once"}
    first = ask("POST", START, json=body, headers=key)
    # The parsed body counts, not its spelling.
    again = ask("POST", START, json={**body, "batch_size": 1000.0, "limit": None}, headers=key)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert first.headers["location"] == again.headers["location"]
    other = ask("POST", START, json={**body, "batch_size": 7}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_uploads_are_kept_whole_or_not_at_all(ask: Any, settings: Any) -> None:
    stream = {"Content-Type": "application/octet-stream"}

    def upload(content: Any, query: str = "", headers: Any = stream) -> Any:
        return ask("POST", f"/api/v1/uploads{query}", content=content, headers=headers)

    kept = upload(b"abc", "?filename=a%20b.txt&media_type=text/plain")
    assert kept.status_code == 201
    assert kept.json()["filename"] == "a b.txt"
    assert ask("GET", kept.headers["location"]).json() == kept.json()
    assert upload(b"").json()["size"] == 0
    wrong = upload(b"abc", "?sha256=" + "0" * 64)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "CHECKSUM_MISMATCH")

    async def pieces() -> Any:
        for _ in range(31):
            yield b"x" * 10_000

    for content in (b"x" * 300_001, pieces()):
        assert upload(content).status_code == 413
    assert upload(b"abc", headers={"Content-Type": "multipart/form-data"}).status_code == 415
    assert upload(b"abc", "?filename=a/b").status_code == 400
    assert upload(b"abc", "?filename=a&filename=b").status_code == 400
    assert not [path for path in settings.work_dir.iterdir() if path.name.startswith("upload-")]
