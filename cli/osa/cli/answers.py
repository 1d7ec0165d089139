"""Make of each HTTP answer either the server's own JSON object or an `IngestionError`."""

import re
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Protocol

import httpx

from osa.cli import pacing
from osa.cli.errors import IngestionError
from osa.sdk.client import Client

# The generated parsers ask it only whether an undocumented status raises; it opens no connection.
_PARSER = Client(base_url="")
_NOTHING: MappingProxyType[str, Any] = MappingProxyType({})
# The first member of an ingestion that a server of version 0.1 does not send; what comes before it
# has been read by then, and is what the helpers rely on.
_FIRST_SINCE_0_1 = "priority"
# Shorter ones are words that messages may need; no server issues such tokens.
_SHORTEST_SECRET = 6


class Operation(Protocol):
    """A module of `osa.sdk.api`: one operation of the contract."""

    def _get_kwargs(self, *args: Any, **kwargs: Any) -> dict[str, Any]: ...
    def _parse_response(self, *, client: Any, response: httpx.Response) -> Any: ...


def object_of(
    operation: Operation, response: httpx.Response, *, hide: str | None
) -> dict[str, Any]:
    """Give the JSON object of a success untouched, after the generated parser has read it.

    Raises `IngestionError` for every other status and for a body that does not fit the contract.
    """
    require_success(response, hide=hide)
    require_media_type(response, "application/json")
    try:
        body = response.json()
    except ValueError as exc:
        raise unfit(response, "its JSON is broken off or damaged", retryable=True) from exc
    except RecursionError as exc:
        raise unfit(response, "its JSON is nested too deeply") from exc
    if not isinstance(body, dict):
        raise unfit(response, "its JSON is not an object")
    try:
        parsed = operation._parse_response(client=_PARSER, response=response)
    except KeyError as exc:
        if exc.args == (_FIRST_SINCE_0_1,):
            return body
        raise unfit(response, f"`{exc.args[0]}` is missing") from exc
    except (TypeError, ValueError, AttributeError, RecursionError) as exc:
        raise unfit(response, "a member has another type than the contract says") from exc
    if parsed is None:
        raise _unexpected(response, _NOTHING)
    return body


def require_nothing(response: httpx.Response, *, hide: str | None) -> None:
    """Raise unless it is a success without content."""
    require_success(response, hide=hide)
    if response.status_code != HTTPStatus.NO_CONTENT:
        raise unfit(response, "it has content where there should be none")


def require_success(response: httpx.Response, *, hide: str | None) -> None:
    """Raise unless the status is 2xx. The body must have been read."""
    status = response.status_code
    if 200 <= status < 300:
        return
    if 300 <= status < 400 and status != HTTPStatus.NOT_MODIFIED:
        raise _redirected(response)
    body = _json_object(response, hide)
    if not isinstance(body.get("code"), str):
        raise _unexpected(response, body, hide)
    errors, context = body.get("errors"), body.get("context")
    retryable = body.get("retryable")
    raise IngestionError(
        str(body.get("detail") or body.get("title") or _phrase(status)),
        code=body["code"],
        status=status,
        request_id=_request_id(response, body),
        retryable=retryable if isinstance(retryable, bool) else pacing.retryable_status(status),
        errors=[e for e in errors if isinstance(e, dict)] if isinstance(errors, list) else (),
        context=context if isinstance(context, dict) else None,
        retry_after=pacing.parse_retry_after(response.headers.get("Retry-After")),
    )


def require_media_type(response: httpx.Response, media_type: str) -> None:
    """Raise `INVALID_RESPONSE` unless a success is of this media type."""
    found = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if found != media_type:
        raise unfit(response, f"its type is {_plain(found) or 'not given'}, not {media_type}")


def unfit(response: httpx.Response, why: str, *, retryable: bool = False) -> IngestionError:
    """The error of a success whose headers or content are not what the contract says."""
    return IngestionError(
        f"The answer of {address(response.url)} does not fit the contract: {why}."
        " Is the address that of an osa server, without a proxy's page in between?",
        code="INVALID_RESPONSE",
        status=response.status_code,
        request_id=_request_id(response, {}),
        retryable=retryable,
    )


def _unexpected(
    response: httpx.Response,
    body: MappingProxyType[str, Any] | dict[str, Any],
    hide: str | None = None,
) -> IngestionError:
    status = response.status_code
    said = body.get("detail") or body.get("message") or body.get("error") or body.get("title")
    if not isinstance(said, str):
        said = _title(response, hide)
    said = _plain(said)
    return IngestionError(
        f"{address(response.url)} answered {_phrase(status)}" + (f": {said}" if said else "."),
        code="UNEXPECTED_STATUS",
        status=status,
        request_id=_request_id(response, body),
        retryable=pacing.retryable_status(status),
        retry_after=pacing.parse_retry_after(response.headers.get("Retry-After")),
    )


def _redirected(response: httpx.Response) -> IngestionError:
    try:
        target = address(response.url.join(response.headers.get("Location", "")))
    except httpx.InvalidURL:
        target = "somewhere else"
    return IngestionError(
        f"{address(response.url)} sends on to {target}. The token is not sent after a redirect;"
        " if you trust that address, give it as the server.",
        code="REDIRECTED",
        status=response.status_code,
        request_id=_request_id(response, {}),
    )


def address(url: httpx.URL) -> str:
    """An address for messages: no user, no password, no query."""
    port = f":{url.port}" if url.port is not None else ""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.scheme}://{host}{port}{url.path}"


def _json_object(response: httpx.Response, hide: str | None) -> dict[str, Any]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    hidden = _without(body, hide) if hide and len(hide) >= _SHORTEST_SECRET else body
    return hidden if isinstance(hidden, dict) else {}


def _without(value: Any, secret: str) -> Any:
    """The same JSON with the secret, should a server echo it, replaced in every text."""
    if isinstance(value, str):
        return value.replace(secret, "***")
    if isinstance(value, list):
        return [_without(each, secret) for each in value]
    if isinstance(value, dict):
        return {_without(key, secret): _without(each, secret) for key, each in value.items()}
    return value


def _title(response: httpx.Response, hide: str | None) -> str:
    """What a page that is no problem says in its title, or a plain text in its first words."""
    text = response.text[:20_000]
    if "html" in response.headers.get("Content-Type", "") or text.lstrip()[:1] == "<":
        found = re.search(r"<title[^>]*>([^<]*)", text, re.IGNORECASE)
        text = found[1] if found else ""
    if hide and len(hide) >= _SHORTEST_SECRET:
        text = text.replace(hide, "***")
    return text


def _plain(text: str) -> str:
    """One line of at most 200 printable characters, fit for a terminal."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= 200 else f"{words[:199]}…"


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _request_id(
    response: httpx.Response, body: MappingProxyType[str, Any] | dict[str, Any]
) -> str | None:
    found = body.get("request_id") or response.headers.get("X-Request-Id")
    return _plain(found) if isinstance(found, str) and found else None
