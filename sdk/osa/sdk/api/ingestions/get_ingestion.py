from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.ingestion import Ingestion
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    ingestion_id: UUID,
    *,
    if_none_match: str | Unset = UNSET,
    prefer: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_none_match, Unset):
        headers["If-None-Match"] = if_none_match

    if not isinstance(prefer, Unset):
        headers["Prefer"] = prefer

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/ingestions/{ingestion_id}".format(
            ingestion_id=quote(str(ingestion_id), safe=""),
        ),
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | Ingestion | Problem | None:
    if response.status_code == 200:
        response_200 = Ingestion.from_dict(response.json())

        return response_200

    if response.status_code == 304:
        response_304 = cast(Any, None)
        return response_304

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
) -> Response[Any | Ingestion | Problem]:
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
    if_none_match: str | Unset = UNSET,
    prefer: str | Unset = UNSET,
) -> Response[Any | Ingestion | Problem]:
    """Get an ingestion

     The whole ingestion as it is now. The `ETag` changes with everything but signs of life; with
    `If-None-Match` an ingestion that has not changed is a 304.
    `Prefer: wait=20` waits for up to so many seconds (60 at most): with `If-None-Match` until it has
    changed, else until it is done. Scope: `ingestions:read`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        if_none_match (str | Unset):
        prefer (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Ingestion | Problem]
    """

    kwargs = _get_kwargs(
        ingestion_id=ingestion_id,
        if_none_match=if_none_match,
        prefer=prefer,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
    if_none_match: str | Unset = UNSET,
    prefer: str | Unset = UNSET,
) -> Any | Ingestion | Problem | None:
    """Get an ingestion

     The whole ingestion as it is now. The `ETag` changes with everything but signs of life; with
    `If-None-Match` an ingestion that has not changed is a 304.
    `Prefer: wait=20` waits for up to so many seconds (60 at most): with `If-None-Match` until it has
    changed, else until it is done. Scope: `ingestions:read`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        if_none_match (str | Unset):
        prefer (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Ingestion | Problem
    """

    return sync_detailed(
        ingestion_id=ingestion_id,
        client=client,
        if_none_match=if_none_match,
        prefer=prefer,
    ).parsed


async def asyncio_detailed(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
    if_none_match: str | Unset = UNSET,
    prefer: str | Unset = UNSET,
) -> Response[Any | Ingestion | Problem]:
    """Get an ingestion

     The whole ingestion as it is now. The `ETag` changes with everything but signs of life; with
    `If-None-Match` an ingestion that has not changed is a 304.
    `Prefer: wait=20` waits for up to so many seconds (60 at most): with `If-None-Match` until it has
    changed, else until it is done. Scope: `ingestions:read`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        if_none_match (str | Unset):
        prefer (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Ingestion | Problem]
    """

    kwargs = _get_kwargs(
        ingestion_id=ingestion_id,
        if_none_match=if_none_match,
        prefer=prefer,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
    if_none_match: str | Unset = UNSET,
    prefer: str | Unset = UNSET,
) -> Any | Ingestion | Problem | None:
    """Get an ingestion

     The whole ingestion as it is now. The `ETag` changes with everything but signs of life; with
    `If-None-Match` an ingestion that has not changed is a 304.
    `Prefer: wait=20` waits for up to so many seconds (60 at most): with `If-None-Match` until it has
    changed, else until it is done. Scope: `ingestions:read`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        if_none_match (str | Unset):
        prefer (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Ingestion | Problem
    """

    return (
        await asyncio_detailed(
            ingestion_id=ingestion_id,
            client=client,
            if_none_match=if_none_match,
            prefer=prefer,
        )
    ).parsed
