"""One server, one token, and how patient to be with them: building requests, sending, trying
again."""

import functools
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import httpx

from osa.cli import answers, pacing
from osa.cli.answers import Operation
from osa.cli.arguments import invalid
from osa.cli.errors import IngestionError
from osa.cli.version import __version__

CONNECT_SECONDS = 10.0

T = TypeVar("T")


class Connection:
    """A context manager for the calls of one helper.

    `http` is used as it is and left open; without it a client is made and closed. Redirects are
    never followed, so the token goes to `server` and nowhere else.
    """

    def __init__(
        self,
        *,
        server: str,
        token: str | None,
        tenant: str | None = None,
        timeout: float | None = 30.0,
        retries: int = 2,
        http: httpx.Client | None = None,
    ) -> None:
        self._base = _base(server)
        self._token = _checked_token(token)
        self._tenant = _checked_tenant(tenant)
        self.timeout = timeout
        self.retries = retries
        self._own = http is None
        self._http = http if http is not None else httpx.Client(verify=_tls())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._own:
            self._http.close()

    def ask(
        self,
        operation: Operation,
        kwargs: dict[str, Any],
        *,
        retries: int | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Send what the generated client built and give the JSON object of the answer.

        Only for what may be sent twice: reads, a cancel, a start or retry with its idempotency key.
        """
        return self.patiently(
            lambda: self.ask_once(operation, kwargs, timeout=timeout), retries=retries
        )

    def ask_once(
        self, operation: Operation, kwargs: dict[str, Any], *, timeout: float | None = None
    ) -> dict[str, Any]:
        """The same without another try."""
        request = self._request(kwargs, timeout=timeout)
        with _translated(request):
            response = self._send(request, stream=False)
        return answers.object_of(operation, response, hide=self._token)

    def tell_once(self, kwargs: dict[str, Any]) -> None:
        """Send what is answered by a success without content, without another try."""
        request = self._request(kwargs)
        with _translated(request):
            response = self._send(request, stream=False)
        answers.require_nothing(response, hide=self._token)

    @contextmanager
    def stream(self, kwargs: dict[str, Any], *, accept: str) -> Iterator[httpx.Response]:
        """Send, and give the answer with its content still to be read; any status but 2xx raises.

        A connection that breaks inside the block is an `IngestionError` too.
        """
        request = self._request(kwargs, accept=accept)
        with _translated(request):
            response = self._send(request, stream=True)
            try:
                if not response.is_success:
                    response.read()
                answers.require_success(response, hide=self._token)
                yield response
            finally:
                response.close()

    def patiently(self, attempt: Callable[[], T], *, retries: int | None = None) -> T:
        """Call until it succeeds, is not worth another try, or the retries are used up."""
        patience = pacing.Patience(self.retries if retries is None else retries)
        while True:
            try:
                return attempt()
            except IngestionError as error:
                if not patience.again(error):
                    raise

    def _send(self, request: httpx.Request, *, stream: bool) -> httpx.Response:
        try:
            return self._http.send(request, stream=stream, follow_redirects=False)
        except (UnicodeError, OverflowError) as exc:
            # What the resolver makes of a host with an empty or endless label.
            raise invalid(f"{request.url.host!r} cannot be the name of a host.") from exc

    def _request(
        self,
        kwargs: dict[str, Any],
        *,
        accept: str = "application/json, application/problem+json",
        timeout: float | None = None,
    ) -> httpx.Request:
        seconds = self.timeout if timeout is None else timeout
        connect = CONNECT_SECONDS if seconds is None else min(CONNECT_SECONDS, seconds)
        headers = {"Accept": accept, "User-Agent": f"osa/{__version__}"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        if self._tenant is not None:
            headers["Osa-Tenant"] = self._tenant
        try:
            return self._http.build_request(
                **{
                    **kwargs,
                    "url": self._base + kwargs["url"],
                    "headers": {**headers, **kwargs.get("headers", {})},
                    "timeout": httpx.Timeout(seconds, connect=connect),
                }
            )
        except (TypeError, ValueError, RecursionError, httpx.InvalidURL) as exc:
            raise invalid(f"The request cannot be written: {exc}") from exc


def answer_lost(error: IngestionError) -> bool:
    """Whether the server may have done what it was asked, although it was not heard to say so."""
    never_sent = isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout)
    return (error.status is None and not never_sent) or (error.status or 0) >= 500


def _base(server: str) -> str:
    try:
        url = httpx.URL(server.strip())
    except (httpx.InvalidURL, TypeError, AttributeError) as exc:
        raise invalid("The server is not an address such as https://archive.example.") from exc
    if url.scheme not in ("http", "https") or not url.host or not 0 < (url.port or 80) < 65536:
        shown = answers.address(url).removeprefix("://")
        raise invalid(
            f"The server {shown!r} is not an address that starts with http:// or https://."
        )
    if url.userinfo:
        raise invalid("The server's address holds a user name or password; leave them out of it.")
    if url.query or url.fragment:
        raise invalid(f"The server's address goes on after {answers.address(url)!r}; cut it there.")
    return str(url).rstrip("/?#")


def _checked_token(token: str | None) -> str | None:
    if token is None:
        return None
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        # Said here since the HTTP library would show the whole header in its own message.
        raise invalid("The token is empty or holds characters that no token has. Copy it again.")
    return token


def _checked_tenant(tenant: str | None) -> str | None:
    if tenant is not None and not (tenant.isascii() and tenant.isprintable() and tenant.strip()):
        raise invalid(f"{tenant!r} cannot be the name of a tenant.")
    return tenant


@functools.cache
def _tls() -> ssl.SSLContext:
    # Reading the trusted certificates takes some 20 ms; once in a process is enough.
    return httpx.create_ssl_context()


@contextmanager
def _translated(request: httpx.Request) -> Iterator[None]:
    """Make an `IngestionError` of whatever the HTTP library raises inside."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as exc:
        raise _no_answer(request, exc) from exc


def _no_answer(request: httpx.Request, exc: Exception) -> IngestionError:
    server = answers.address(request.url.copy_with(raw_path=b"/")).rstrip("/")
    roots = list(_causes(exc))
    if isinstance(exc, httpx.TimeoutException):
        what = "connection" if isinstance(exc, httpx.ConnectTimeout) else "answer"
        return IngestionError(
            f"No {what} from {server} in time. Is it busy? A longer `timeout` waits longer.",
            code="TIMEOUT",
            retryable=True,
        )
    tls = next((root for root in roots if isinstance(root, ssl.SSLError)), None)
    if tls is not None and not isinstance(tls, ssl.SSLEOFError):
        reason = getattr(tls, "verify_message", None) or tls.reason or "the handshake failed"
        return IngestionError(
            f"No trusted connection to {server}: {reason}. Its certificate, or http for https?",
            code="TLS_FAILED",
        )
    if isinstance(exc, (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)):
        return invalid(f"The request to {server} cannot be sent: {type(exc).__name__}.")
    if any(isinstance(root, socket.gaierror) for root in roots):
        why = f"there is no host {request.url.host!r}. Is the address spelled right?"
    elif any(isinstance(root, ConnectionRefusedError) for root in roots) or "refused" in str(exc):
        why = "the connection was refused. Does the server run there? `osa serve` starts one."
    elif isinstance(exc, httpx.ConnectError):
        why = "no connection could be made."
    elif isinstance(exc, httpx.ProxyError):
        why = "the proxy failed."
    else:
        why = "the connection broke off before the answer was complete."
    return IngestionError(f"No answer from {server}: {why}", code="UNREACHABLE", retryable=True)


def _causes(exc: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = exc
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
