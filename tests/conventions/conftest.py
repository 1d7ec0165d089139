"""A context to run a convention in, and servers on loopback."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from osa_testing.catalogue import Catalogue, Iso, NoCatalogue, running

from osa.conventions import Context, Convention, Limits, Progress, Source

#: Real files with known checksums and licenses, beside the checkout; not part of it.
DATA = Path(__file__).parents[2].parent / "shared" / "data"

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def data() -> Path:
    """The folder of real files."""
    if not DATA.is_dir():
        pytest.skip(f"the real test files are not there: {DATA}")
    return DATA


class Site:
    """A web server whose pages are functions; it remembers what was asked of it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.pages: dict[str, Answer] = {}
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        #: Set when the test is over: pages that wait, wait for this.
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def page(self, path: str, body: bytes = b"", *, status: int = 200, **headers: str) -> str:
        """Serve `body` at `path`; its address. Underscores in header names stand for dashes."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            fields = {name.replace("_", "-"): value for name, value in headers.items()}
            for name, value in ({"Content-Length": str(len(body))} | fields).items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)

        self.pages[path] = answer
        return self.url + path

    @property
    def hits(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [path for _, path, _, _ in self.requests]


@contextmanager
def serving(tls: Any = None) -> Iterator[Site]:
    """A site on loopback until the block ends; `tls` wraps its sockets."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            site.requests.append((self.command, self.path, headers, body))
            try:
                site.pages[self.path](self)
            except (ConnectionError, TimeoutError):
                self.close_connection = True

        do_GET = do_POST = answer

        def log_message(self, *_: Any) -> None:
            """Silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Clients that hang up are part of the tests."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        site = Site(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield site
        finally:
            site.over.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server on loopback."""
    with serving() as site:
        yield site


def stored(path: Path, **changes: Any) -> Source:
    """A file as a source of the archive."""
    content = path.read_bytes()
    values: dict[str, Any] = {
        "type": "file",
        "path": path,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "filename": path.name,
    }
    return Source(**(values | changes))


ContextOf = Callable[..., Context[Any]]


@pytest.fixture
def context_of(tmp_path: Path) -> Iterator[ContextOf]:
    """Make a context: `context_of(convention, sources, **parameters)`. Loopback may be read."""
    made: list[Context[Any]] = []

    def make(
        convention: Convention,
        sources: list[Source],
        *,
        cursor: dict[str, Any] | None = None,
        batch_size: int = 100,
        limits: Limits | None = None,
        on_progress: Callable[[Progress], None] = lambda _: None,
        **parameters: Any,
    ) -> Context[Any]:
        workdir = tmp_path / f"work-{len(made)}"
        workdir.mkdir()
        context: Context[Any] = Context(
            params=convention.parse(parameters),
            sources=sources,
            cursor=cursor or {},
            batch_size=batch_size,
            workdir=workdir,
            limits=limits or Limits(allowed_hosts=("127.0.0.1",), read_timeout=10.0),
            on_progress=on_progress,
        )
        made.append(context)
        return context

    yield make
    for context in made:
        context.web.close()


@pytest.fixture
def as_source() -> Callable[..., Source]:
    """Make a file a source of the archive."""
    return stored


@pytest.fixture
def new_site() -> Callable[..., Any]:
    """Start one more web server: `with new_site() as other`."""
    return serving


@pytest.fixture
def iso(data: Path) -> Iso:
    """Makes records from the real ones."""
    return Iso(data / "iso19139")


@pytest.fixture(scope="session")
def pycsw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """A pycsw that the tests of this process share."""
    pytest.importorskip("lxml", reason="the extra catalogue is not installed")
    try:
        with running(tmp_path_factory.mktemp("pycsw")) as catalogue:
            yield catalogue
    except NoCatalogue as exc:
        pytest.skip(str(exc))


@pytest.fixture
def catalogue(pycsw: Catalogue) -> Catalogue:
    """A real catalogue on loopback, empty."""
    pycsw.clear()
    return pycsw
