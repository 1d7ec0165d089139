import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.log_level_filter import LogLevelFilter
from ...models.log_page import LogPage
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    ingestion_id: UUID,
    *,
    after: int | Unset = 0,
    tail: int | Unset = UNSET,
    level: LogLevelFilter | Unset = UNSET,
    since: datetime.datetime | Unset = UNSET,
    attempt: int | Unset = UNSET,
    per_page: int | Unset = 50,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["after"] = after

    params["tail"] = tail

    json_level: str | Unset = UNSET
    if not isinstance(level, Unset):
        json_level = level.value

    params["level"] = json_level

    json_since: str | Unset = UNSET
    if not isinstance(since, Unset):
        json_since = since.isoformat()
    params["since"] = json_since

    params["attempt"] = attempt

    params["per_page"] = per_page

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/ingestions/{ingestion_id}/logs".format(
            ingestion_id=quote(str(ingestion_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> LogPage | Problem | None:
    if response.status_code == 200:
        response_200 = LogPage.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 429:
        response_429 = Problem.from_dict(response.json())

        return response_429

    if response.status_code == 431:
        response_431 = Problem.from_dict(response.json())

        return response_431

    if response.status_code == 500:
        response_500 = Problem.from_dict(response.json())

        return response_500

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[LogPage | Problem]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
    after: int | Unset = 0,
    tail: int | Unset = UNSET,
    level: LogLevelFilter | Unset = UNSET,
    since: datetime.datetime | Unset = UNSET,
    attempt: int | Unset = UNSET,
    per_page: int | Unset = 50,
) -> Response[LogPage | Problem]:
    """List the log of an ingestion

     What the convention and its worker said while they worked on it, in numbered lines, from the line
    after
    `after` on, or the last `tail` of them. Kept beside the events: the lines outlive the worker that
    wrote
    them. Of a long log the oldest lines go first. Scope: `ingestions:read`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        after (int | Unset):  Default: 0.
        tail (int | Unset):
        level (LogLevelFilter | Unset): How grave a line is, from the least on.
        since (datetime.datetime | Unset):
        attempt (int | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[LogPage | Problem]
    """

    kwargs = _get_kwargs(
        ingestion_id=ingestion_id,
        after=after,
        tail=tail,
        level=level,
        since=since,
        attempt=attempt,
        per_page=per_page,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
    after: int | Unset = 0,
    tail: int | Unset = UNSET,
    level: LogLevelFilter | Unset = UNSET,
    since: datetime.datetime | Unset = UNSET,
    attempt: int | Unset = UNSET,
    per_page: int | Unset = 50,
) -> LogPage | Problem | None:
    """List the log of an ingestion

     What the convention and its worker said while they worked on it, in numbered lines, from the line
    after
    `after` on, or the last `tail` of them. Kept beside the events: the lines outlive the worker that
    wrote
    them. Of a long log the oldest lines go first. Scope: `ingestions:read`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        after (int | Unset):  Default: 0.
        tail (int | Unset):
        level (LogLevelFilter | Unset): How grave a line is, from the least on.
        since (datetime.datetime | Unset):
        attempt (int | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        LogPage | Problem
    """

    return sync_detailed(
        ingestion_id=ingestion_id,
        client=client,
        after=after,
        tail=tail,
        level=level,
        since=since,
        attempt=attempt,
        per_page=per_page,
    ).parsed


async def asyncio_detailed(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
    after: int | Unset = 0,
    tail: int | Unset = UNSET,
    level: LogLevelFilter | Unset = UNSET,
    since: datetime.datetime | Unset = UNSET,
    attempt: int | Unset = UNSET,
    per_page: int | Unset = 50,
) -> Response[LogPage | Problem]:
    """List the log of an ingestion

     What the convention and its worker said while they worked on it, in numbered lines, from the line
    after
    `after` on, or the last `tail` of them. Kept beside the events: the lines outlive the worker that
    wrote
    them. Of a long log the oldest lines go first. Scope: `ingestions:read`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        after (int | Unset):  Default: 0.
        tail (int | Unset):
        level (LogLevelFilter | Unset): How grave a line is, from the least on.
        since (datetime.datetime | Unset):
        attempt (int | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[LogPage | Problem]
    """

    kwargs = _get_kwargs(
        ingestion_id=ingestion_id,
        after=after,
        tail=tail,
        level=level,
        since=since,
        attempt=attempt,
        per_page=per_page,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
    after: int | Unset = 0,
    tail: int | Unset = UNSET,
    level: LogLevelFilter | Unset = UNSET,
    since: datetime.datetime | Unset = UNSET,
    attempt: int | Unset = UNSET,
    per_page: int | Unset = 50,
) -> LogPage | Problem | None:
    """List the log of an ingestion

     What the convention and its worker said while they worked on it, in numbered lines, from the line
    after
    `after` on, or the last `tail` of them. Kept beside the events: the lines outlive the worker that
    wrote
    them. Of a long log the oldest lines go first. Scope: `ingestions:read`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        after (int | Unset):  Default: 0.
        tail (int | Unset):
        level (LogLevelFilter | Unset): How grave a line is, from the least on.
        since (datetime.datetime | Unset):
        attempt (int | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        LogPage | Problem
    """

    return (
        await asyncio_detailed(
            ingestion_id=ingestion_id,
            client=client,
            after=after,
            tail=tail,
            level=level,
            since=since,
            attempt=attempt,
            per_page=per_page,
        )
    ).parsed
