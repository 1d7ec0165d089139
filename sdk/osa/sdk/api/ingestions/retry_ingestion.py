from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.ingestion import Ingestion
from ...models.problem import Problem
from ...models.retry_ingestion import RetryIngestion
from ...types import UNSET, Response, Unset


def _get_kwargs(
    ingestion_id: UUID,
    *,
    body: RetryIngestion,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/ingestions/{ingestion_id}/retry".format(
            ingestion_id=quote(str(ingestion_id), safe=""),
        ),
    }

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

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

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
    body: RetryIngestion,
    idempotency_key: str | Unset = UNSET,
) -> Response[Ingestion | Problem]:
    """Retry an ingestion

     Starts a new ingestion that repeats one that is done, and links the two: the new one has `retry_of`
    and
    `root_id`, the old one shows `retried_by`. Nothing else of the old one changes.
    `failed_items` reads the source again and keeps only the items that were rejected or failed;
    `remaining` goes on after the last committed batch of one that failed or was canceled; `all` does
    everything again. An ingestion has one retry: of two at once the second is a 409 that names the
    first's.
    Retry that one, then. Scope: `ingestions:write`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        idempotency_key (str | Unset):
        body (RetryIngestion): What to do again, and what to change.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Ingestion | Problem]
    """

    kwargs = _get_kwargs(
        ingestion_id=ingestion_id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
    body: RetryIngestion,
    idempotency_key: str | Unset = UNSET,
) -> Ingestion | Problem | None:
    """Retry an ingestion

     Starts a new ingestion that repeats one that is done, and links the two: the new one has `retry_of`
    and
    `root_id`, the old one shows `retried_by`. Nothing else of the old one changes.
    `failed_items` reads the source again and keeps only the items that were rejected or failed;
    `remaining` goes on after the last committed batch of one that failed or was canceled; `all` does
    everything again. An ingestion has one retry: of two at once the second is a 409 that names the
    first's.
    Retry that one, then. Scope: `ingestions:write`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        idempotency_key (str | Unset):
        body (RetryIngestion): What to do again, and what to change.

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
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
    body: RetryIngestion,
    idempotency_key: str | Unset = UNSET,
) -> Response[Ingestion | Problem]:
    """Retry an ingestion

     Starts a new ingestion that repeats one that is done, and links the two: the new one has `retry_of`
    and
    `root_id`, the old one shows `retried_by`. Nothing else of the old one changes.
    `failed_items` reads the source again and keeps only the items that were rejected or failed;
    `remaining` goes on after the last committed batch of one that failed or was canceled; `all` does
    everything again. An ingestion has one retry: of two at once the second is a 409 that names the
    first's.
    Retry that one, then. Scope: `ingestions:write`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        idempotency_key (str | Unset):
        body (RetryIngestion): What to do again, and what to change.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Ingestion | Problem]
    """

    kwargs = _get_kwargs(
        ingestion_id=ingestion_id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    ingestion_id: UUID,
    *,
    client: AuthenticatedClient,
    body: RetryIngestion,
    idempotency_key: str | Unset = UNSET,
) -> Ingestion | Problem | None:
    """Retry an ingestion

     Starts a new ingestion that repeats one that is done, and links the two: the new one has `retry_of`
    and
    `root_id`, the old one shows `retried_by`. Nothing else of the old one changes.
    `failed_items` reads the source again and keeps only the items that were rejected or failed;
    `remaining` goes on after the last committed batch of one that failed or was canceled; `all` does
    everything again. An ingestion has one retry: of two at once the second is a 409 that names the
    first's.
    Retry that one, then. Scope: `ingestions:write`.

    Args:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        idempotency_key (str | Unset):
        body (RetryIngestion): What to do again, and what to change.

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
            idempotency_key=idempotency_key,
        )
    ).parsed
