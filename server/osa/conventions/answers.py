"""Answers of web servers: what they say, and which failure each bad one is."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from email.utils import parsedate_to_datetime

import httpcore
import httpx

from osa.conventions.addresses import shown
from osa.conventions.failures import SourceNotFound, SourceRefused, SourceUnreachable
from osa.conventions.local_files import safe_name

REDIRECTS = (301, 302, 303, 307, 308)
_BUSY = (429, 502, 503, 504)


@dataclass(frozen=True, kw_only=True)
class Response:
    """A whole answer, decoded."""

    content: bytes
    #: The header Content-Type as it was sent, parameters included.
    media_type: str | None
    #: Where it was read from, after redirects.
    uri: str
    status: int
    #: Lower-case names.
    headers: Mapping[str, str]


class Stream:
    """The body of one answer as it arrives, decoded; iterate over it once."""

    def __init__(self, response: httpx.Response, chunks: Iterator[bytes]) -> None:
        self.uri = str(response.request.url)
        self.status = response.status_code
        self.headers: Mapping[str, str] = {
            name.lower(): value for name, value in response.headers.items()
        }
        self.media_type = self.headers.get("content-type")
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks


class Again(SourceUnreachable):
    """Not now; the same request may succeed in a moment."""

    def __init__(self, detail: str, *, after: float = 0.0) -> None:
        super().__init__(detail)
        self.after = after


def check_status(response: httpx.Response, also: Container[int] = ()) -> None:
    """Let a success pass, and what is in `also`. Raises SourceNotFound, SourceRefused,
    SourceUnreachable, Again."""
    status = response.status_code
    if status in also:
        return
    if 200 <= status < 300 and (status != 206 or "range" in response.request.headers):
        return
    response.close()
    where = f"{shown(str(response.request.url))} answered {status} {response.reason_phrase}."
    if status in _BUSY:
        raise Again(where, after=_retry_after(response))
    if status in (408, 425) or status >= 500:
        raise SourceUnreachable(where)
    if status in (404, 410):
        raise SourceNotFound(where)
    if status in (401, 403, 407):
        raise SourceRefused(where, hint="Only what is readable without credentials is read.")
    raise SourceRefused(where)


@contextmanager
def as_failures(where: str) -> Iterator[None]:
    """Errors of the HTTP library as ours."""
    try:
        yield
    except httpcore.TimeoutException as exc:
        raise SourceUnreachable(f"{where} did not answer in time: {exc or 'timeout'}.") from exc
    except (httpcore.NetworkError, httpcore.ProtocolError, httpx.HTTPError) as exc:
        raise SourceUnreachable(f"{where} broke off: {exc}.") from exc


def is_about_tls(error: BaseException | None) -> bool:
    """Whether a connection failed because of a certificate or a cipher."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None


def next_uri(response: httpx.Response, method: str) -> str:
    """Where a redirect leads. Raises SourceRefused for one that is not followed."""
    here = response.request.url
    target = response.headers.get("location", "")
    try:
        url = here.join(target) if target else None
    except httpx.InvalidURL:
        url = None
    if url is None:
        raise SourceRefused(f"{shown(str(here))} redirects to something that is not a URI.")
    if here.scheme == "https" and url.scheme == "http":
        raise SourceRefused(f"{shown(str(here))} redirects from https to http.")
    if method != "GET" and response.status_code not in (307, 308):
        raise SourceRefused(
            f"{shown(str(here))} has moved to {shown(str(url))}.", hint="Use the new address."
        )
    return str(url)


def _retry_after(response: httpx.Response) -> float:
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


def too_large(where: str, max_bytes: int) -> SourceRefused:
    """The refusal of a body that is larger than its caller reads."""
    return SourceRefused(f"{where} is larger than the {max_bytes} bytes that are read.")


def filename(body: Stream) -> str | None:
    """The name the server gives the file, else the last part of the path; never a path."""
    name: str | None = None
    if disposition := body.headers.get("content-disposition"):
        message = Message()
        message["content-disposition"] = re.sub(r"[\r\n]", "", disposition)
        name = message.get_filename()
    if not name:
        name = httpx.URL(body.uri).path.rstrip("/").rpartition("/")[2]
    return safe_name(name, default="") or None
