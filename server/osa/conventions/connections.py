"""Connections that go only where they may, and that end when they should.

This sits below the HTTP library, where a name becomes an address: the name is resolved once, its
addresses are judged, and the connection is made to one of them. A second answer of the name server,
a redirect or a proxy cannot move it. TLS still names and checks the host, not the address.
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx

from osa.conventions.addresses import AllowList, not_public, parse_host
from osa.conventions.failures import SourceUnreachable, Stopped

#: (host, port) -> addresses, as text, in the order to try them.
Resolve = Callable[[str, int], Sequence[str]]

#: How long a request to stop may go unnoticed while a server is silent, in seconds.
_SLICE = 0.25
_MAX_ADDRESSES = 4

_deadline: ContextVar[float] = ContextVar("osa_transfer_deadline", default=math.inf)


@contextmanager
def ending_at(deadline: float) -> Iterator[None]:
    """Network calls of this thread inside the block end at `deadline` (seconds of
    `time.monotonic`).

    The HTTP library hands timeouts for single reads down to the socket, and has no place for the
    end of the whole transfer: a server that sends a byte now and then would never time out.
    """
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the system's resolver gives them."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


class GuardedBackend(httpcore.NetworkBackend):
    """Opens connections to judged addresses only."""

    def __init__(
        self, *, allowed: AllowList, resolve: Resolve, should_stop: Callable[[], bool]
    ) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._should_stop = should_stop
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers. Raises SourceRefused if any address
        of it is not allowed: a name that points inside and outside is an attack or a mistake."""
        error: Exception | None = None
        for address in self.addresses(host, port)[:_MAX_ADDRESSES]:
            if self._should_stop():
                raise Stopped
            try:
                stream = self._sockets.connect_tcp(
                    address,
                    port,
                    timeout=_left(timeout),
                    local_address=local_address,
                    socket_options=socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                error = exc
                continue
            return GuardedStream(stream, self._should_stop)
        raise error or httpcore.ConnectError(f"{host} has no address")

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses to connect to, every one of them allowed."""
        name = parse_host(host)
        if not isinstance(name, str):
            if not self._allowed.allows(name, port):
                raise not_public(f"The host {host}")
            return [str(name)]
        try:
            found = [ip_address(text) for text in self._resolve(name, port)]
        except socket.gaierror as exc:
            if exc.errno == socket.EAI_AGAIN:
                raise httpcore.ConnectError(f"the name {name} was not resolved: {exc}") from exc
            raise SourceUnreachable(
                f"The host name {name} was not found: {exc}.", hint="Check the URI's spelling."
            ) from exc
        if not self._allowed.names(name, port):
            for address in found:
                if not self._allowed.allows(address, port):
                    raise not_public(f"The host {name}")
        return [str(address) for address in found]

    def sleep(self, seconds: float) -> None:
        """Never used: the library's own retries are off."""
        time.sleep(seconds)


class GuardedStream(httpcore.NetworkStream):
    """A connection whose reads end on a request to stop and at the transfer's deadline."""

    def __init__(self, stream: httpcore.NetworkStream, should_stop: Callable[[], bool]) -> None:
        self._stream = stream
        self._should_stop = should_stop

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        ends = time.monotonic() + (math.inf if timeout is None else timeout)
        while True:
            if self._should_stop():
                raise Stopped
            left = min(_left(None) or math.inf, ends - time.monotonic())
            if left <= 0:
                raise httpcore.ReadTimeout("nothing was received in time")
            try:
                return self._stream.read(max_bytes, timeout=min(left, _SLICE))
            except httpcore.ReadTimeout:
                continue

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, _left(timeout))
        return GuardedStream(secured, self._should_stop)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None) -> float | None:
    """The smaller of the timeout and what is left until the deadline; None when neither is set."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time for the whole transfer is over")
    if left == math.inf:
        return timeout
    return left if timeout is None else min(timeout, left)


class GuardedTransport(httpx.BaseTransport):
    """httpx over a connection pool whose sockets are guarded. Errors stay `httpcore`'s own."""

    def __init__(self, backend: GuardedBackend, ssl_context: ssl.SSLContext | None) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context,
            max_connections=8,
            max_keepalive_connections=4,
            keepalive_expiry=15.0,
            network_backend=backend,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
