from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.ingestion_event_page import IngestionEventPage
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    ingestion_id: UUID,
    *,
    after: int | Unset = 0,
    per_page: int | Unset = 50,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["after"] = after

    params["per_page"] = per_page

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/ingestions/{ingestion_id}/events".format(
            ingestion_id=quote(str(ingestion_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> IngestionEventPage | Problem | None:
    if response.status_code == 200:
        response_200 = IngestionEventPage.from_dict(response.json())

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
) -> Response[IngestionEventPage | Problem]:
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
    per_page: int | Unset = 50,
) -> Response[IngestionEventPage | Problem]:
    """List the events of an ingestion

     The numbered log, from the event after `after` on. Each change of the ingestion and its event were
    written in one transaction. Scope: `ingestions:read`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        after (int | Unset):  Default: 0.
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[IngestionEventPage | Problem]
    """

    kwargs = _get_kwargs(
        ingestion_id=ingestion_id,
        after=after,
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
    per_page: int | Unset = 50,
) -> IngestionEventPage | Problem | None:
    """List the events of an ingestion

     The numbered log, from the event after `after` on. Each change of the ingestion and its event were
    written in one transaction. Scope: `ingestions:read`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        after (int | Unset):  Default: 0.
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        IngestionEventPage | Problem
    """

    return sync_detailed(
        ingestion_id=ingestion_id,
        client=client,
        after=after,
        per_page=per_page,
    ).parsed


async def asyncio_detailed(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
    after: int | Unset = 0,
    per_page: int | Unset = 50,
) -> Response[IngestionEventPage | Problem]:
    """List the events of an ingestion

     The numbered log, from the event after `after` on. Each change of the ingestion and its event were
    written in one transaction. Scope: `ingestions:read`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        after (int | Unset):  Default: 0.
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[IngestionEventPage | Problem]
    """

    kwargs = _get_kwargs(
        ingestion_id=ingestion_id,
        after=after,
        per_page=per_page,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
    after: int | Unset = 0,
    per_page: int | Unset = 50,
) -> IngestionEventPage | Problem | None:
    """List the events of an ingestion

     The numbered log, from the event after `after` on. Each change of the ingestion and its event were
    written in one transaction. Scope: `ingestions:read`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        after (int | Unset):  Default: 0.
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        IngestionEventPage | Problem
    """

    return (
        await asyncio_detailed(
            ingestion_id=ingestion_id,
            client=client,
            after=after,
            per_page=per_page,
        )
    ).parsed
