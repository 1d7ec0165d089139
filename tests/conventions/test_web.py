"""The guarded client against real servers on loopback."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import socket
import ssl
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from osa.conventions import (
    Source,
    SourceInvalid,
    SourceNotFound,
    SourceRefused,
    SourceUnreachable,
    Stopped,
    StorageFull,
)
from osa.conventions.local_files import room_on_disk, safe_name
from osa.conventions.web import WebClient, fetch_uri

MIB = 1024**2


@pytest.fixture
def client() -> Iterator[Callable[..., WebClient]]:
    """Make a client that may read loopback; closed afterwards."""
    made: list[WebClient] = []

    def make(**changes: Any) -> WebClient:
        values: dict[str, Any] = {
            "allowed_hosts": ("127.0.0.1",),
            "connect_timeout": 5.0,
            "read_timeout": 10.0,
            "transfer_timeout": 30.0,
            "backoff": 0.001,
        }
        made.append(WebClient(**(values | changes)))
        return made[-1]

    yield make
    for web in made:
        web.close()


def test_a_page_is_read_whole_with_what_the_server_says_of_it(client: Any, site: Any) -> None:
    uri = site.page("/a.xml?q=1", b"<a/>", Content_Type="text/xml; charset=utf-8", X_More="1")
    answer = client().get(uri + "#part", max_bytes=100, headers={"Accept": "text/xml"})
    assert answer.content == b"<a/>"
    assert answer.media_type == "text/xml; charset=utf-8"
    assert (answer.status, answer.uri, answer.headers["x-more"]) == (200, uri, "1")
    assert site.requests[0][2]["accept"] == "text/xml"


def test_a_download_is_hashed_and_counted_on_the_way(
    client: Any, site: Any, tmp_path: Path
) -> None:
    content = os.urandom(3 * MIB)
    uri = site.page("/folder/d%C3%A6ta.nc?x=1", content, Content_Type="application/x-netcdf")
    found = client().download(uri, tmp_path / "d", max_bytes=3 * MIB)
    assert found.path.read_bytes() == content
    assert (found.sha256, found.size) == (hashlib.sha256(content).hexdigest(), 3 * MIB)
    assert (found.filename, found.media_type) == ("dæta.nc", "application/x-netcdf")
    assert site.requests[0][2]["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="a.nc"', "a.nc"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="..\\\\..\\\\boot.ini"', "boot.ini"),
        ("attachment; filename*=UTF-8''bl%C3%A5.nc", "blå.nc"),
        ("attachment; filename*=nonsense''%ff.nc", None),
        ('attachment; filename=".hidden"', "hidden"),
        ('attachment; filename="/"', None),
        ("inline", "page"),
    ],
)
def test_the_name_a_server_gives_is_a_name_and_no_path(
    client: Any, site: Any, tmp_path: Path, disposition: str, name: str | None
) -> None:
    uri = site.page("/page", b"x", Content_Disposition=disposition)
    found = client().download(uri, tmp_path / "d", max_bytes=10)
    if name is not None:
        assert found.filename == name
    assert found.filename is None or "/" not in found.filename


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%1"],
        ["93.184.216.34", "127.0.0.1"],
        ["169.254.169.254"],
    ],
)
def test_a_name_that_leads_inside_is_refused_before_a_connection_is_made(
    client: Any, site: Any, answers: list[str]
) -> None:
    web = client(allowed_hosts=(), resolve=lambda host, port: answers)
    with pytest.raises(SourceRefused, match="not public") as refused:
        web.get(f"http://data.example:{site.port}/", max_bytes=10)
    assert site.hits == []
    assert not any(answer in refused.value.detail for answer in answers)


def test_the_connection_goes_to_the_address_that_was_judged(client: Any, site: Any) -> None:
    site.page("/", b"here")
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    web = client(allowed_hosts=("127.0.0.0/8",), resolve=resolve)
    answer = web.get(f"http://data.example:{site.port}/", max_bytes=10)
    assert answer.content == b"here"
    assert asked == [("data.example", site.port)]
    assert site.requests[0][2]["host"] == f"data.example:{site.port}"


def test_a_listed_name_may_lead_anywhere(client: Any, site: Any) -> None:
    site.page("/", b"here")
    web = client(allowed_hosts=("on-site",), resolve=lambda host, port: ["127.0.0.1"])
    assert web.get(f"http://on-site:{site.port}/", max_bytes=10).content == b"here"


def test_the_next_address_is_tried_when_the_first_does_not_answer(client: Any, site: Any) -> None:
    site.page("/", b"here")
    web = client(allowed_hosts=("on-site",), resolve=lambda host, port: ["127.9.9.9", "127.0.0.1"])
    assert web.get(f"http://on-site:{site.port}/", max_bytes=10).content == b"here"


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:{other}/secret",
        "http://localhost:{other}/secret",
        "http://[::1]:{other}/secret",
        "//2130706434:{other}/secret",
        "http://169.254.169.254/latest/meta-data/",
        "http://me:pw@127.0.0.1:{port}/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "http://[",
        "",
    ],
)
def test_a_redirect_inside_is_refused(client: Any, site: Any, new_site: Any, location: str) -> None:
    with new_site() as other:
        target = location.format(other=other.port, port=site.port)
        uri = site.page("/", status=302, Location=target)
        with pytest.raises(SourceRefused):
            client().get(uri, max_bytes=100)
        assert other.hits == []
        assert site.hits == ["/"]


def test_redirects_are_followed_as_they_are_allowed(client: Any, site: Any) -> None:
    site.page("/1", status=301, Location="2?x=1#y")
    site.page("/2?x=1", status=307, Location=f"{site.url}/3")
    site.page("/3", b"end")
    answer = client().get(site.url + "/1", max_bytes=10)
    assert (answer.content, answer.uri) == (b"end", site.url + "/3")


def test_a_circle_of_redirects_ends(client: Any, site: Any) -> None:
    site.page("/", status=302, Location="/")
    with pytest.raises(SourceRefused, match="more than 5 redirects"):
        client().get(site.url + "/", max_bytes=10)
    assert len(site.hits) == 6


def test_secrets_and_cookies_do_not_follow_a_redirect_to_another_host(
    client: Any, site: Any, new_site: Any
) -> None:
    with new_site() as other:
        other.page("/", b"end")
        site.page("/", status=302, Location=other.url, Set_Cookie="a=1")
        site.page("/again", b"x")
        web = client()
        secret = {"Authorization": "Bearer x", "X-Key": "y", "Accept": "a/b"}
        web.get(site.url + "/", max_bytes=10, headers=secret)
        web.get(site.url + "/again", max_bytes=10, headers=secret)
        seen = other.requests[0][2]
        assert seen["accept"] == "a/b"
        assert not {"authorization", "x-key", "cookie"} & seen.keys()
        assert "cookie" not in site.requests[-1][2]
        assert site.requests[-1][2]["authorization"] == "Bearer x"


def test_a_post_is_sent_again_only_where_the_redirect_keeps_the_method(
    client: Any, site: Any
) -> None:
    site.page("/moved", status=308, Location="/csw")
    site.page("/page", status=302, Location="/csw")
    site.page("/csw", b"<answer/>")
    web = client()
    with web.stream(site.url + "/moved", max_bytes=99, method="POST", body=b"<q/>") as body:
        assert b"".join(body) == b"<answer/>"
    assert [(method, sent) for method, _, _, sent in site.requests] == [("POST", b"<q/>")] * 2
    with (
        pytest.raises(SourceRefused, match="moved to"),
        web.stream(site.url + "/page", max_bytes=99, method="POST", body=b"<q/>"),
    ):
        pass


def test_a_body_that_says_it_is_too_large_is_not_begun(
    client: Any, site: Any, tmp_path: Path
) -> None:
    uri = site.page("/", b"x" * 2000)
    with pytest.raises(SourceRefused, match="larger than the 1999 bytes"):
        client().download(uri, tmp_path / "d", max_bytes=1999)
    assert list(tmp_path.iterdir()) == []


def test_a_body_without_length_is_cut_off_at_the_limit(
    client: Any, site: Any, tmp_path: Path
) -> None:
    def endless(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while True:
            handler.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    site.pages["/"] = endless
    with pytest.raises(SourceRefused, match="larger than"):
        client().download(site.url + "/", tmp_path / "d", max_bytes=MIB)
    assert list(tmp_path.iterdir()) == []


def test_a_gzip_bomb_is_counted_after_unpacking_and_in_small_pieces(client: Any, site: Any) -> None:
    bomb = gzip.compress(bytes(64 * MIB))
    assert len(bomb) < 100_000
    uri = site.page("/", bomb, Content_Encoding="gzip")
    sizes: list[int] = []
    with (
        pytest.raises(SourceRefused, match="larger than"),
        client().stream(uri, max_bytes=2 * MIB) as body,
    ):
        sizes.extend(len(chunk) for chunk in body)
    with client().stream(uri, max_bytes=64 * MIB) as body:
        sizes = [len(chunk) for chunk in body]
    assert sum(sizes) == 64 * MIB
    assert max(sizes) <= 256 * 1024


@pytest.mark.parametrize("size", [0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 3 * MIB])
def test_gzip_is_unpacked_exactly(client: Any, site: Any, size: int) -> None:
    content = os.urandom(size // 2) + bytes(size - size // 2)
    two = gzip.compress(content) + gzip.compress(b"and more") + b"\0\0"
    uri = site.page("/", two, Content_Encoding="gzip")
    assert client().get(uri, max_bytes=4 * MIB).content == content + b"and more"


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "nonsense"])
def test_an_encoding_that_was_not_asked_for_is_refused(
    client: Any, site: Any, encoding: str
) -> None:
    uri = site.page("/", zlib.compress(b"x"), Content_Encoding=encoding)
    with pytest.raises(SourceRefused, match="encoding"):
        client().get(uri, max_bytes=100)


def test_broken_and_cut_off_gzip_are_failures(client: Any, site: Any) -> None:
    with pytest.raises(SourceInvalid, match="gzip"):
        client().get(site.page("/a", b"no gzip", Content_Encoding="gzip"), max_bytes=100)
    half = gzip.compress(os.urandom(1000))[:500]
    with pytest.raises(SourceUnreachable, match="middle"):
        client().get(site.page("/b", half, Content_Encoding="gzip"), max_bytes=10_000)


def test_a_body_shorter_than_announced_is_a_failure_and_leaves_nothing(
    client: Any, site: Any, tmp_path: Path
) -> None:
    def cut(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"x" * 999)
        handler.close_connection = True

    site.pages["/"] = cut
    with pytest.raises(SourceUnreachable):
        client().download(site.url + "/", tmp_path / "d", max_bytes=MIB)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_falls_silent_meets_the_read_deadline(
    client: Any, site: Any, tmp_path: Path
) -> None:
    def silent(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"x")
        handler.wfile.flush()
        site.over.wait()

    site.pages["/"] = silent
    with pytest.raises(SourceUnreachable, match="in time"):
        client(read_timeout=0.2).download(site.url + "/", tmp_path / "d", max_bytes=MIB)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_server_that_drips_meets_the_deadline_of_the_transfer(
    client: Any, site: Any, part: str
) -> None:
    def dripping(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
        if part == "body":
            handler.wfile.write(b"a\r\nContent-Length: 1000000\r\n\r\n")
        while not site.over.wait(0.02):
            handler.wfile.write(b"a")
            handler.wfile.flush()

    site.pages["/"] = dripping
    with pytest.raises(SourceUnreachable, match="in time"):
        client(transfer_timeout=0.3).get(site.url + "/", max_bytes=MIB)


def test_a_request_to_stop_is_seen_while_the_server_is_silent(client: Any, site: Any) -> None:
    stop = threading.Event()

    def silent(handler: Any) -> None:
        stop.set()
        site.over.wait()

    site.pages["/"] = silent
    with pytest.raises(Stopped):
        client(should_stop=stop.is_set).get(site.url + "/", max_bytes=10)


def test_a_request_to_stop_is_seen_between_chunks_and_leaves_nothing(
    client: Any, site: Any, tmp_path: Path
) -> None:
    stop = threading.Event()

    def endless(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(10_000):
            handler.wfile.write(b"x" * 65536)
            stop.set()

    site.pages["/"] = endless
    with pytest.raises(Stopped):
        client(should_stop=stop.is_set).download(
            site.url + "/", tmp_path / "d", max_bytes=1024 * MIB
        )
    assert list(tmp_path.iterdir()) == []


def test_a_request_to_stop_ends_the_wait_before_a_retry(client: Any, site: Any) -> None:
    stop = threading.Event()

    def busy(handler: Any) -> None:
        handler.send_response(503)
        handler.send_header("Retry-After", "25")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        stop.set()

    site.pages["/"] = busy
    with pytest.raises(Stopped):
        client(should_stop=stop.is_set).get(site.url + "/", max_bytes=10)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_three_times(client: Any, site: Any, status: int) -> None:
    uri = site.page("/", status=status, Retry_After="0")
    with pytest.raises(SourceUnreachable, match=str(status)):
        client().get(uri, max_bytes=10)
    assert len(site.hits) == 3


def test_a_server_that_recovers_is_read(client: Any, site: Any) -> None:
    def recovering(handler: Any) -> None:
        if len(site.hits) < 3:
            handler.close_connection = True
        else:
            site.page("/ok", b"fine")
            site.pages["/ok"](handler)

    site.pages["/"] = recovering
    assert client().get(site.url + "/", max_bytes=10).content == b"fine"


def test_a_server_that_asks_for_a_long_wait_is_left_to_a_later_attempt(
    client: Any, site: Any
) -> None:
    uri = site.page("/", status=503, Retry_After="3600")
    with pytest.raises(SourceUnreachable):
        client().get(uri, max_bytes=10)
    assert len(site.hits) == 1


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (206, SourceRefused),
        (304, SourceRefused),
        (400, SourceRefused),
        (401, SourceRefused),
        (403, SourceRefused),
        (404, SourceNotFound),
        (408, SourceUnreachable),
        (410, SourceNotFound),
        (418, SourceRefused),
        (500, SourceUnreachable),
        (501, SourceUnreachable),
    ],
)
def test_what_is_no_success_is_the_right_failure_at_once(
    client: Any, site: Any, status: int, failure: type[Exception]
) -> None:
    uri = site.page("/a?token=hidden", status=status)
    with pytest.raises(failure, match=str(status)) as raised:
        client().get(uri, max_bytes=10)
    assert len(site.hits) == 1
    assert "hidden" not in str(raised.value)


def test_a_closed_port_is_unreachable(client: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(SourceUnreachable, match="could not be connected"):
        client().get(f"http://127.0.0.1:{port}/", max_bytes=10)


def test_an_unknown_name_is_unreachable(client: Any) -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(SourceUnreachable, match="not found"):
        client(resolve=resolve).get("http://nowhere.example/", max_bytes=10)


@pytest.mark.parametrize(
    "answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: " + b"x" * 200_000]
)
def test_an_answer_that_is_not_http_is_unreachable(client: Any, site: Any, answer: bytes) -> None:
    def raw(handler: Any) -> None:
        handler.wfile.write(answer)
        handler.close_connection = True

    site.pages["/"] = raw
    with pytest.raises(SourceUnreachable):
        client().get(site.url + "/", max_bytes=10)


def test_proxies_of_the_environment_are_not_used(
    client: Any, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert client().get(site.page("/", b"x"), max_bytes=10).content == b"x"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for data.example, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command makes the certificate of this test, and is not there")
    path = tmp_path / "data.example.pem"
    arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -days 1"
    names = ["-addext", "subjectAltName=DNS:data.example", "-keyout", str(path), "-out", str(path)]
    # Key and certificate go into one file, the certificate after the key.
    names[-1] = str(path.with_suffix(".crt"))
    subprocess.run(["openssl", *arguments.split(), *names], check=True, capture_output=True)
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


def test_tls_checks_the_name_although_the_connection_goes_to_an_address(
    client: Any, new_site: Any, certificate: Path
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    names: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    trust = ssl.create_default_context(cafile=str(certificate.with_suffix(".crt")))
    with new_site(tls) as site:
        site.page("/", b"safe")
        site.page("/down", status=302, Location=f"http://data.example:{site.port}/")
        web = client(
            allowed_hosts=("127.0.0.1",),
            resolve=lambda host, port: ["127.0.0.1"],
            ssl_context=trust,
        )
        assert web.get(f"https://data.example:{site.port}/", max_bytes=10).content == b"safe"
        assert names == ["data.example"]
        with pytest.raises(SourceUnreachable, match="could not be read safely"):
            web.get(f"https://other.example:{site.port}/", max_bytes=10)
        with pytest.raises(SourceRefused, match="from https to http"):
            web.get(f"https://data.example:{site.port}/down", max_bytes=10)
        with pytest.raises(SourceUnreachable, match="could not be read safely"):
            client(
                resolve=lambda host, port: ["127.0.0.1"],
            ).get(f"https://data.example:{site.port}/", max_bytes=10)


def read_file(uri: str, path: Path, *roots: Path, max_bytes: int = 100) -> Any:
    with WebClient() as web:
        source = Source(type="uri", uri=uri)
        return fetch_uri(source, path, web=web, file_roots=roots, max_bytes=max_bytes)


def test_a_file_below_an_allowed_folder_is_copied(tmp_path: Path) -> None:
    root = tmp_path / "allowed"
    (root / "deep").mkdir(parents=True)
    (root / "deep" / "a b.txt").write_bytes(b"hello")
    (root / "link.txt").symlink_to("deep/a b.txt")
    for uri in (f"file://{root}/deep/a%20b.txt", f"file://{root}/link.txt"):
        copy = tmp_path / "copy"
        found = read_file(uri, copy, tmp_path / "other", root)
        assert copy.read_bytes() == b"hello"
        assert found.sha256 == hashlib.sha256(b"hello").hexdigest()
        assert found.filename in ("a b.txt", "link.txt")
        copy.unlink()


def test_files_are_not_read_unless_a_folder_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(SourceRefused, match="not allowed"):
        read_file(f"file://{tmp_path}/a", tmp_path / "copy")


@pytest.mark.parametrize(
    "name", ["../secret", "%2e%2e/secret", "link", "folder/link/secret", "pipe", "", "folder"]
)
def test_nothing_else_is_read_through_a_file_uri(tmp_path: Path, name: str) -> None:
    root = tmp_path / "allowed"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "folder" / "link").symlink_to(tmp_path)
    os.mkfifo(root / "pipe")
    with pytest.raises(SourceRefused):
        read_file(f"file://{root}/{name}", tmp_path / "copy", root)
    assert not (tmp_path / "copy").exists()


def test_a_missing_and_a_large_file_leave_nothing(tmp_path: Path) -> None:
    root = tmp_path / "allowed"
    root.mkdir()
    (root / "large").write_bytes(b"x" * 101)
    with pytest.raises(SourceNotFound):
        read_file(f"file://{root}/none", tmp_path / "copy", root)
    with pytest.raises(SourceRefused, match="larger than the 100 bytes"):
        read_file(f"file://{root}/large", tmp_path / "copy", root)
    assert not (tmp_path / "copy").exists()


def test_a_full_disk_is_no_fault_of_the_source(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageFull, match="no room"),
        room_on_disk(tmp_path / "d"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a/b\\c.txt", "c.txt"),
        ("..", "default"),
        ("", "default"),
        (None, "default"),
        (" .. .bashrc", "bashrc"),
        ("a\x00b\nc\u202etxt.exe", "abctxt.exe"),
        ("lone\ud800.txt", "lone.txt"),
    ],
)
def test_a_name_is_made_safe(name: str | None, safe: str) -> None:
    assert safe_name(name, default="default") == safe


@pytest.mark.parametrize("name", ["å" * 300 + ".txt", "." + "x" * 500, "x." + "y" * 500])
def test_a_long_name_is_cut_and_keeps_its_ending(name: str) -> None:
    safe = safe_name(name, default="default")
    assert 0 < len(safe.encode()) <= 200
    assert name.endswith(".txt") == safe.endswith(".txt")
