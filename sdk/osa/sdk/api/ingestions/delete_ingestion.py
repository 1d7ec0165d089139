from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    ingestion_id: UUID,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "delete",
        "url": "/api/v1/ingestions/{ingestion_id}".format(
            ingestion_id=quote(str(ingestion_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | Problem | None:
    if response.status_code == 204:
        response_204 = cast(Any, None)
        return response_204

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

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

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
) -> Response[Any | Problem]:
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
) -> Response[Any | Problem]:
    """Delete an ingestion

     Forgets an ingestion that is done: itself, its items, events, logs and artifacts. What it published
    stays: records, their files, and the identities that keep a later ingestion from making duplicates.
    One that is not done is a 409; cancel it first. Scope: `ingestions:write`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Problem]
    """

    kwargs = _get_kwargs(
        ingestion_id=ingestion_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Any | Problem | None:
    """Delete an ingestion

     Forgets an ingestion that is done: itself, its items, events, logs and artifacts. What it published
    stays: records, their files, and the identities that keep a later ingestion from making duplicates.
    One that is not done is a 409; cancel it first. Scope: `ingestions:write`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Problem
    """

    return sync_detailed(
        ingestion_id=ingestion_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[Any | Problem]:
    """Delete an ingestion

     Forgets an ingestion that is done: itself, its items, events, logs and artifacts. What it published
    stays: records, their files, and the identities that keep a later ingestion from making duplicates.
    One that is not done is a 409; cancel it first. Scope: `ingestions:write`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Problem]
    """

    kwargs = _get_kwargs(
        ingestion_id=ingestion_id,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Any | Problem | None:
    """Delete an ingestion

     Forgets an ingestion that is done: itself, its items, events, logs and artifacts. What it published
    stays: records, their files, and the identities that keep a later ingestion from making duplicates.
    One that is not done is a 409; cancel it first. Scope: `ingestions:write`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Problem
    """

    return (
        await asyncio_detailed(
            ingestion_id=ingestion_id,
            client=client,
        )
    ).parsed
