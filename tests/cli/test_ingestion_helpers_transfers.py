"""Bytes up and down, against a real server: whole, checked, resumed, never half a file."""

import hashlib
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from osa.cli import pacing
from osa.cli.ingestion import (
    IngestionError,
    download_artifact,
    download_record_file,
    upload_file,
)

EXAMPLES: dict[str, Any] = {
    name: example["value"]
    for name, example in yaml.safe_load(
        (Path(__file__).parents[2] / "openapi.yaml").read_text(encoding="utf-8")
    )["components"]["examples"].items()
}
ID = "019aa9d4-7c00-7c0a-8a86-2f1c2d3e4f50"
CONTENT = bytes(range(256)) * 8192  # 2 MiB
TOKEN = "t0ken-of-mine"


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(pacing, "sleep", taken.append)
    return taken


Handler = BaseHTTPRequestHandler


@contextmanager
def serving(answer: Callable[[Handler], None]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A real server; its address, and the headers of each request."""
    asked: list[dict[str, str]] = []

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            asked.append({**{k.title(): v for k, v in self.headers.items()}, ":path": self.path})
            answer(self)

        def end_headers(self) -> None:
            self.send_header("Connection", "close")
            super().end_headers()

        do_GET = do_POST = _answer

        def log_message(self, *_arguments: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()}"'


class Archive:
    """Serves one content with ranges, and cuts the connection after so many bytes, in turn."""

    def __init__(self, content: bytes = CONTENT, cuts: tuple[int, ...] = ()) -> None:
        self.content = content
        self.cuts = list(cuts)
        self.headers: dict[str, str] = {}
        self.ranges = True

    def __call__(self, request: Handler) -> None:
        wanted = request.headers.get("Range") if self.ranges else None
        if wanted and request.headers.get("If-Range", etag(self.content)) != etag(self.content):
            wanted = None
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        body = self.content[start:]
        request.send_response(206 if wanted else 200)
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(len(body)),
            "Content-Disposition": 'attachment; filename="sst.tif"',
            "ETag": etag(self.content),
            **self.headers,
        }
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body[: self.cuts.pop(0)] if self.cuts else body)


def download(server: str, path: Path, **keywords: Any) -> Path:
    return download_artifact(server=server, artifact_id=ID, token=TOKEN, path=path, **keywords)


def test_a_download_is_whole_and_leaves_nothing_else_behind(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with serving(Archive()) as (server, asked):
        path = download(server, tmp_path / "a.tif", on_progress=lambda *now: told.append(now))
    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)
    assert asked[0][":path"] == f"/api/v1/artifacts/{ID}/content"
    assert asked[0]["Authorization"] == f"Bearer {TOKEN}"


def test_a_download_that_is_cut_goes_on_where_it_was(tmp_path: Path) -> None:
    cuts = (700_000, 1, 0, 500_000)  # more of them than retries, but not at one place
    with serving(Archive(cuts=cuts)) as (server, asked):
        path = download(server, tmp_path / "a.tif", retries=2)
    assert path.read_bytes() == CONTENT
    starts = [int(each["Range"][6:-1]) for each in asked[1:]]
    assert starts == sorted(starts)
    assert 0 < starts[0] <= 700_000
    assert len(asked) == 5
    assert all(each["If-Range"] == etag(CONTENT) for each in asked[1:])


def test_a_server_that_is_busy_in_the_middle_is_asked_again(tmp_path: Path) -> None:
    archive = Archive(cuts=(1_000_000,))
    busy = iter([False, True, False])

    def answer(request: Handler) -> None:
        if next(busy):
            request.send_response(503)
            request.send_header("Content-Length", "0")
            request.end_headers()
        else:
            archive(request)

    with serving(answer) as (server, _):
        assert download(server, tmp_path / "a").read_bytes() == CONTENT


@pytest.mark.parametrize("ranges", [True, False])
def test_a_content_that_changes_meanwhile_is_read_again_from_its_start(
    tmp_path: Path, ranges: bool
) -> None:
    other = CONTENT[::-1] + b"more"
    archive = Archive(cuts=(900_000,))
    archive.ranges = ranges

    def answer(request: Handler) -> None:
        archive(request)
        archive.content = other

    with serving(answer) as (server, _):
        assert download(server, tmp_path / "a").read_bytes() == other


def test_a_server_that_gives_a_range_of_another_content_does_not_get_it_mixed(
    tmp_path: Path,
) -> None:
    """One that does not know `If-Range`."""
    other = CONTENT[::-1]
    archive = Archive(cuts=(900_000,))

    def answer(request: Handler) -> None:
        del request.headers["If-Range"]
        archive(request)
        archive.content = other

    with serving(answer) as (server, asked):
        assert download(server, tmp_path / "a").read_bytes() == other
    assert ["Range" in each for each in asked] == [False, True, False]


def test_a_download_that_stays_cut_leaves_no_file(tmp_path: Path, pauses: list[float]) -> None:
    with (
        serving(Archive(cuts=(0,) * 99)) as (server, asked),
        pytest.raises(IngestionError) as caught,
    ):
        download(server, tmp_path / "a", retries=2)
    assert (caught.value.code, len(asked), len(pauses)) == ("UNREACHABLE", 3, 2)
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_do_not_fit_their_checksum_are_not_kept(tmp_path: Path) -> None:
    archive = Archive()
    archive.headers = {"ETag": etag(b"something else")}
    with serving(archive) as (server, _), pytest.raises(IngestionError) as caught:
        download(server, tmp_path / "a")
    assert caught.value.code == "CHECKSUM_MISMATCH"
    assert list(tmp_path.iterdir()) == []


def test_a_content_without_a_checksum_or_of_another_type_is_refused(tmp_path: Path) -> None:
    for headers in ({"ETag": '"v1"'}, {"Content-Type": "text/html"}):
        archive = Archive()
        archive.headers = headers
        with serving(archive) as (server, _), pytest.raises(IngestionError) as caught:
            download(server, tmp_path / "a")
        assert caught.value.code == "INVALID_RESPONSE"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_left_alone_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("mine")
    with serving(Archive()) as (server, asked):
        with pytest.raises(IngestionError) as caught:
            download(server, path)
        assert (caught.value.code, asked, path.read_text()) == ("FILE_EXISTS", [], "mine")
        assert download(server, path, overwrite=True).read_bytes() == CONTENT


def test_a_file_that_appears_during_the_download_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with serving(Archive()) as (server, _), pytest.raises(IngestionError) as caught:
        download(server, path, on_progress=lambda *_: path.write_text("mine"))
    assert (caught.value.code, path.read_text()) == ("FILE_EXISTS", "mine")
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_gets_the_file_under_the_servers_name_and_nothing_outside_of_it(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    archive = Archive(b"x")
    with serving(archive) as (server, _):
        assert download(server, folder) == folder / "sst.tif"
        archive.headers = {"Content-Disposition": 'attachment; filename="../../evil\\"1"'}
        assert download(server, folder) == folder / 'evil"1'
        for name in ("", "..", "a/..", "\x1b[31m"):
            archive.headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            with pytest.raises(IngestionError):
                download(server, folder)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ['evil"1', "folder", "sst.tif"]


def test_a_place_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    with serving(Archive(b"x")) as (server, _), pytest.raises(IngestionError) as caught:
        download(server, tmp_path / "missing" / "a")
    assert caught.value.code == "FILE_ERROR"
    assert "missing" in caught.value.detail
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_an_empty_content_is_a_file_too(tmp_path: Path) -> None:
    with serving(Archive(b"")) as (server, _):
        assert download(server, tmp_path / "a").read_bytes() == b""


def test_a_file_of_a_record_is_downloaded_with_the_same_promises(tmp_path: Path) -> None:
    record = EXAMPLES["Record"]
    with serving(Archive(cuts=(5,))) as (server, asked):
        path = download_record_file(
            server=server, record_id=record["srn"], file_id=ID, token=TOKEN, path=tmp_path / "a"
        )
    assert path.read_bytes() == CONTENT
    assert asked[0][":path"] == f"/api/v1/records/{record['id']}/files/{ID}/content"


class Intake:
    """Reads what is uploaded and answers with its checksum; the first answers can be others."""

    def __init__(self, *first: int) -> None:
        self.first = list(first)
        self.received: list[bytes] = []

    def __call__(self, request: Handler) -> None:
        self.received.append(self._body(request))
        status = self.first.pop(0) if self.first else 201
        digest = hashlib.sha256(self.received[-1]).hexdigest()
        upload = EXAMPLES["Upload"] | {"sha256": digest, "size": len(self.received[-1])}
        body = json.dumps(upload if status == 201 else {}).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    @staticmethod
    def _body(request: Handler) -> bytes:
        if "Content-Length" in request.headers:
            return request.rfile.read(int(request.headers["Content-Length"]))
        whole = b""
        while size := int(request.rfile.readline(), 16):
            whole += request.rfile.read(size)
            request.rfile.readline()
        request.rfile.readline()
        return whole


def test_an_upload_streams_the_file_with_its_name_and_length(tmp_path: Path) -> None:
    path = tmp_path / "sea surface.nc"
    path.write_bytes(CONTENT)
    told: list[tuple[int, int | None]] = []
    intake = Intake()
    with serving(intake) as (server, asked):
        upload = upload_file(
            server=server,
            token=TOKEN,
            path=path,
            media_type="application/x-netcdf",
            on_progress=lambda *now: told.append(now),
        )
    assert intake.received == [CONTENT]
    assert upload["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    (headers,) = asked
    assert headers["Content-Length"] == str(len(CONTENT))
    assert headers["Content-Type"] == "application/octet-stream"
    query = httpx.URL(headers[":path"]).params
    assert dict(query) == {"filename": "sea surface.nc", "media_type": "application/x-netcdf"}
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert len(told) > 4


def test_an_upload_is_sent_again_from_where_it_began(tmp_path: Path) -> None:
    content = io.BytesIO(b"header" + CONTENT)
    content.seek(6)
    intake = Intake(503, 502)
    with serving(intake) as (server, asked):
        upload_file(server=server, token=TOKEN, fileobj=content, filename="a", sha256="0" * 64)
    assert intake.received == [CONTENT] * 3
    assert not content.closed
    assert all(httpx.URL(each[":path"]).params["sha256"] == "0" * 64 for each in asked)


def test_what_can_be_read_only_once_is_streamed_and_sent_once() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_arguments: Any) -> int:
            raise io.UnsupportedOperation

    intake = Intake()
    with serving(intake) as (server, asked):
        upload_file(server=server, token=TOKEN, fileobj=Pipe(CONTENT))
    assert intake.received == [CONTENT]
    assert asked[0]["Transfer-Encoding"] == "chunked"
    with serving(Intake(503)) as (server, asked), pytest.raises(IngestionError):
        upload_file(server=server, token=TOKEN, fileobj=Pipe(CONTENT))
    assert len(asked) == 1


def test_an_upload_that_arrived_with_other_bytes_is_an_error(tmp_path: Path) -> None:
    upload = EXAMPLES["Upload"] | {"sha256": "0" * 64}

    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        return httpx.Response(201, json=upload)

    http = httpx.Client(transport=httpx.MockTransport(answer))
    with pytest.raises(IngestionError) as caught:
        upload_file(server="http://h", token=TOKEN, fileobj=io.BytesIO(b"x"), http=http)
    assert caught.value.code == "CHECKSUM_MISMATCH"
    assert caught.value.context["sha256"] == "0" * 64


def test_a_server_that_refuses_early_is_heard_though_the_file_is_not_sent_whole() -> None:
    problem = EXAMPLES["ProblemBodyTooLarge"]

    def answer(request: Handler) -> None:
        body = json.dumps(problem).encode()
        request.send_response(413)
        request.send_header("Content-Type", "application/problem+json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
        # As a kind server does: what is on its way is taken, so that the answer gets through.
        while request.rfile.read1(65536):
            pass

    with serving(answer) as (server, _), pytest.raises(IngestionError) as caught:
        upload_file(server=server, token=TOKEN, fileobj=io.BytesIO(CONTENT * 8), filename="a")
    assert (caught.value.code, caught.value.status) == ("BODY_TOO_LARGE", 413)


def test_an_upload_needs_one_content_that_can_be_read(tmp_path: Path) -> None:
    with pytest.raises(IngestionError) as caught:
        upload_file(server="http://h", token=TOKEN)
    assert caught.value.code == "INVALID_ARGUMENT"
    with pytest.raises(IngestionError) as caught:
        upload_file(server="http://h", token=TOKEN, path=tmp_path / "missing.nc")
    assert caught.value.code == "FILE_ERROR"
    assert "missing.nc" in caught.value.detail
