"""The guarded way to the network.

Every request, every redirect included, goes to a public or an allowed address and nowhere else;
bodies are counted after decoding; connections, reads and whole transfers have deadlines; a request
to stop is seen while a server is silent. Redirects: at most five, never from https to http, and for
POST only those that keep the method. Proxies and credentials of the environment are not used,
cookies are not kept.
"""

from __future__ import annotations

import random
import ssl
import time
import weakref
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Literal, Self

import httpcore
import httpx

from osa.conventions.addresses import AllowList, check_uri, parse_http_uri, shown
from osa.conventions.answers import (
    REDIRECTS,
    Again,
    Response,
    Stream,
    as_failures,
    check_status,
    filename,
    is_about_tls,
    next_uri,
    too_large,
)
from osa.conventions.connections import (
    GuardedBackend,
    GuardedTransport,
    Resolve,
    ending_at,
    resolve,
)
from osa.conventions.failures import (
    SourceInvalid,
    SourceRefused,
    SourceUnreachable,
    Stopped,
)
from osa.conventions.gunzip import Gunzip
from osa.conventions.local_files import read_below, safe_name, write_chunks
from osa.conventions.sources import LocalFile, Source

__all__ = ["Response", "Stream", "WebClient", "fetch_uri"]

MAX_REDIRECTS = 5
RETRIES = 2
#: Seconds; a server that asks for more is left to the next attempt of the ingestion.
MAX_RETRY_AFTER = 30.0
#: Headers that may follow a redirect to another host: they hold no secret of the first one.
_HARMLESS = ("accept", "accept-encoding", "accept-language", "content-type", "range", "user-agent")


@dataclass(frozen=True)
class _Asked:
    """A request, wherever it goes; a status in `also` is no failure."""

    method: str
    body: bytes | None
    headers: Mapping[str, str]
    also: Container[int]


class WebClient:
    """Reads http and https. One per context; keeps its connections until it is closed or forgotten.

    `resolve` and `ssl_context` are seams: how names become addresses, and whom TLS trusts (by
    default the usual authorities, and those of `SSL_CERT_FILE`). `backoff`: seconds before the
    first retry.
    """

    def __init__(
        self,
        *,
        allowed_hosts: Sequence[str] = (),
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        transfer_timeout: float = 6 * 3600.0,
        should_stop: Callable[[], bool] = lambda: False,
        resolve: Resolve = resolve,
        ssl_context: ssl.SSLContext | None = None,
        backoff: float = 0.5,
    ) -> None:
        self._allowed = AllowList.of(allowed_hosts)
        self._transfer_timeout = transfer_timeout
        self._should_stop = should_stop
        self._backoff = backoff
        backend = GuardedBackend(allowed=self._allowed, resolve=resolve, should_stop=should_stop)
        self._http = httpx.Client(
            transport=GuardedTransport(backend, ssl_context),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(read_timeout, connect=connect_timeout, pool=connect_timeout),
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            headers={"user-agent": "osa-ingestion", "accept-encoding": "gzip"},
        )
        # A client that is forgotten must not leave its sockets to the garbage collector.
        self._closer = weakref.finalize(self, self._http.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._closer()

    def get(
        self, uri: str, *, max_bytes: int, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The whole answer in memory, at most `max_bytes` after decoding.

        Raises SourceUnreachable, SourceNotFound, SourceRefused, Stopped; SourceInvalid for a body
        whose compression is broken.
        """
        with self.stream(uri, max_bytes=max_bytes, headers=headers) as body:
            return Response(
                content=b"".join(body),
                media_type=body.media_type,
                uri=body.uri,
                status=body.status,
                headers=body.headers,
            )

    def download(self, uri: str, path: Path, *, max_bytes: int) -> LocalFile:
        """Write the answer to the new file `path`: hashed on the way, flushed to the disk.

        Nothing is left at `path` when it fails. Raises as `get` does, and StorageFull.
        """
        # Files are asked for as they are: a compressed one would be unpacked on the way.
        plain = {"accept-encoding": "identity"}
        with self.stream(uri, max_bytes=max_bytes, headers=plain) as body:
            sha256, size = write_chunks(path, body)
            return LocalFile(
                path=path,
                sha256=sha256,
                size=size,
                filename=filename(body),
                media_type=body.media_type,
                uri=body.uri,
            )

    @contextmanager
    def stream(
        self,
        uri: str,
        *,
        max_bytes: int,
        method: Literal["GET", "POST"] = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        also: Container[int] = (),
    ) -> Iterator[Stream]:
        """The answer's body in chunks of at most 256 KiB; `max_bytes` counts them after decoding.
        `also`: statuses whose body is read too, as some servers explain there what went wrong.

        The head has arrived, and is a success, when the block is entered. Raises SourceUnreachable,
        SourceNotFound, SourceRefused, Stopped; while the body is read also SourceInvalid.
        """
        ends = time.monotonic() + self._transfer_timeout
        with ending_at(ends):
            response = self._answer(uri, _Asked(method, body, headers or {}, also))
        try:
            self._check_length(response, max_bytes)
            yield Stream(response, self._decoded(response, max_bytes, ends))
        finally:
            response.close()

    def stoppable(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same chunks; Stopped is raised between two of them when a stop was asked for."""
        for chunk in chunks:
            if self._should_stop():
                raise Stopped
            yield chunk

    def _answer(self, uri: str, ask: _Asked) -> httpx.Response:
        tried = 0
        while True:
            try:
                return self._follow(uri, ask)
            except Again as again:
                if tried == RETRIES or again.after > MAX_RETRY_AFTER:
                    raise
                tried += 1
                # Jitter, so that workers that failed together do not come back together.
                wait = self._backoff * 3 ** (tried - 1) * random.uniform(0.5, 1.5)
                self._pause(max(wait, again.after))

    def _follow(self, uri: str, ask: _Asked) -> httpx.Response:
        for _ in range(MAX_REDIRECTS + 1):
            url = parse_http_uri(uri, self._allowed).copy_with(fragment=None)
            response = self._send(url, ask)
            if response.status_code not in REDIRECTS:
                check_status(response, ask.also)
                return response
            response.close()
            uri = next_uri(response, ask.method)
            if httpx.URL(uri).netloc != url.netloc:
                kept = {n: value for n, value in ask.headers.items() if n.lower() in _HARMLESS}
                ask = replace(ask, headers=kept)
        raise SourceRefused(f"{shown(uri)} was reached by more than {MAX_REDIRECTS} redirects.")

    def _send(self, url: httpx.URL, ask: _Asked) -> httpx.Response:
        where = shown(str(url))
        if self._should_stop():
            raise Stopped
        request = self._http.build_request(ask.method, url, content=ask.body, headers=ask.headers)
        with as_failures(where):
            try:
                return self._http.send(request, stream=True)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                if is_about_tls(exc):
                    raise SourceUnreachable(
                        f"{where} could not be read safely: {exc}.",
                        hint="Check the server's certificate.",
                    ) from exc
                raise Again(f"{where} could not be connected to: {exc}.") from exc
            except (httpcore.ReadError, httpcore.RemoteProtocolError) as exc:
                # Before the head: also a kept connection that the server closed just now.
                raise Again(f"{where} closed the connection without an answer: {exc}.") from exc

    def _check_length(self, response: httpx.Response, max_bytes: int) -> None:
        length = response.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length) > max_bytes:
            raise too_large(shown(str(response.request.url)), max_bytes)

    def _decoded(self, response: httpx.Response, max_bytes: int, ends: float) -> Iterator[bytes]:
        where = shown(str(response.request.url))
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        if coding not in ("", "identity", "gzip", "x-gzip"):
            raise SourceRefused(
                f"{where} sent the encoding {coding[:40]!r}, which was not asked for."
            )
        unpacked = Gunzip(where) if "gzip" in coding else None
        raw = response.iter_raw()
        size = 0
        while True:
            if self._should_stop():
                raise Stopped
            with ending_at(ends), as_failures(where):
                chunk = next(raw, None)
            if chunk is None:
                break
            for piece in unpacked.feed(chunk) if unpacked else (chunk,):
                size += len(piece)
                if size > max_bytes:
                    raise too_large(where, max_bytes)
                yield piece
        if unpacked:
            unpacked.finish()

    def _pause(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            if self._should_stop():
                raise Stopped
            time.sleep(min(left, 0.1))


def fetch_uri(
    source: Source, path: Path, *, web: WebClient, file_roots: Sequence[Path], max_bytes: int
) -> LocalFile:
    """The content of a `uri` source as the new file `path`; nothing is left there on failure.

    `file_roots`: the folders below which `file:` URIs are read; none are when it is empty. Raises
    SourceUnreachable, SourceNotFound, SourceRefused, SourceInvalid, StorageFull, Stopped.
    """
    if source.uri is None:
        raise SourceInvalid(f"The source {source.label} has no URI.")
    if source.uri[:5].lower() == "file:":
        check_uri(source.uri, file_allowed=bool(file_roots))
        chunks = read_below(source.uri, file_roots, max_bytes=max_bytes)
        sha256, size = write_chunks(path, web.stoppable(chunks))
        name = safe_name(httpx.URL(source.uri).path, default="") or None
        found = LocalFile(
            path=path, sha256=sha256, size=size, filename=name, media_type=None, uri=source.uri
        )
    else:
        found = web.download(source.uri, path, max_bytes=max_bytes)
    # What the caller says of the source goes before what the server says.
    return replace(
        found,
        filename=source.filename or found.filename,
        media_type=source.media_type or found.media_type,
    )
