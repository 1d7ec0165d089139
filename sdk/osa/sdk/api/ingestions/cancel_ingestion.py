from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.cancel_ingestion import CancelIngestion
from ...models.ingestion import Ingestion
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    ingestion_id: UUID,
    *,
    body: CancelIngestion | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/ingestions/{ingestion_id}/cancel".format(
            ingestion_id=quote(str(ingestion_id), safe=""),
        ),
    }

    if not isinstance(body, Unset):
        _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Ingestion | Problem | None:
    if response.status_code == 200:
        response_200 = Ingestion.from_dict(response.json())

        return response_200

    if response.status_code == 202:
        response_202 = Ingestion.from_dict(response.json())

        return response_202

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

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

    if response.status_code == 415:
        response_415 = Problem.from_dict(response.json())

        return response_415

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
) -> Response[Ingestion | Problem]:
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
    body: CancelIngestion | Unset = UNSET,
) -> Response[Ingestion | Problem]:
    """Cancel an ingestion

     A queued ingestion is canceled at once. A running one becomes `canceling`: at most the item in hand
    finishes, and at `cancel.deadline_at` (plus two seconds) it is done whatever the worker does.
    What was published stays. Asking again changes nothing, except that a shorter grace moves the
    deadline forward. `force` does not wait: it is canceled with the answer. Scope: `ingestions:write`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        body (CancelIngestion | Unset): How to cancel.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Ingestion | Problem]
    """

    kwargs = _get_kwargs(
        ingestion_id=ingestion_id,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
    body: CancelIngestion | Unset = UNSET,
) -> Ingestion | Problem | None:
    """Cancel an ingestion

     A queued ingestion is canceled at once. A running one becomes `canceling`: at most the item in hand
    finishes, and at `cancel.deadline_at` (plus two seconds) it is done whatever the worker does.
    What was published stays. Asking again changes nothing, except that a shorter grace moves the
    deadline forward. `force` does not wait: it is canceled with the answer. Scope: `ingestions:write`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        body (CancelIngestion | Unset): How to cancel.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Ingestion | Problem
    """

    return sync_detailed(
        ingestion_id=ingestion_id,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
    body: CancelIngestion | Unset = UNSET,
) -> Response[Ingestion | Problem]:
    """Cancel an ingestion

     A queued ingestion is canceled at once. A running one becomes `canceling`: at most the item in hand
    finishes, and at `cancel.deadline_at` (plus two seconds) it is done whatever the worker does.
    What was published stays. Asking again changes nothing, except that a shorter grace moves the
    deadline forward. `force` does not wait: it is canceled with the answer. Scope: `ingestions:write`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        body (CancelIngestion | Unset): How to cancel.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Ingestion | Problem]
    """

    kwargs = _get_kwargs(
        ingestion_id=ingestion_id,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
    body: CancelIngestion | Unset = UNSET,
) -> Ingestion | Problem | None:
    """Cancel an ingestion

     A queued ingestion is canceled at once. A running one becomes `canceling`: at most the item in hand
    finishes, and at `cancel.deadline_at` (plus two seconds) it is done whatever the worker does.
    What was published stays. Asking again changes nothing, except that a shorter grace moves the
    deadline forward. `force` does not wait: it is canceled with the answer. Scope: `ingestions:write`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        body (CancelIngestion | Unset): How to cancel.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Ingestion | Problem
    """

    return (
        await asyncio_detailed(
            ingestion_id=ingestion_id,
            client=client,
            body=body,
        )
    ).parsed
