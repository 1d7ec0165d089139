from typing import Any
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.record_page import RecordPage
from ...models.sort_order import SortOrder
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    convention_id: str | Unset = UNSET,
    source_id: str | Unset = UNSET,
    ingestion_id: UUID | Unset = UNSET,
    derived_from: UUID | Unset = UNSET,
    order: SortOrder | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["convention_id"] = convention_id

    params["source_id"] = source_id

    json_ingestion_id: str | Unset = UNSET
    if not isinstance(ingestion_id, Unset):
        json_ingestion_id = str(ingestion_id)
    params["ingestion_id"] = json_ingestion_id

    json_derived_from: str | Unset = UNSET
    if not isinstance(derived_from, Unset):
        json_derived_from = str(derived_from)
    params["derived_from"] = json_derived_from

    json_order: str | Unset = UNSET
    if not isinstance(order, Unset):
        json_order = order.value

    params["order"] = json_order

    params["cursor"] = cursor

    params["per_page"] = per_page

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/records",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | RecordPage | None:
    if response.status_code == 200:
        response_200 = RecordPage.from_dict(response.json())

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
) -> Response[Problem | RecordPage]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    convention_id: str | Unset = UNSET,
    source_id: str | Unset = UNSET,
    ingestion_id: UUID | Unset = UNSET,
    derived_from: UUID | Unset = UNSET,
    order: SortOrder | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> Response[Problem | RecordPage]:
    """List records

     What the archive holds now, newest first by the time of first publication. Scope: `ingestions:read`.

    Args:
        convention_id (str | Unset): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.
        source_id (str | Unset): What identifies an item within its convention, for ever.
        ingestion_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        derived_from (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        order (SortOrder | Unset): Oldest first or newest first.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | RecordPage]
    """

    kwargs = _get_kwargs(
        convention_id=convention_id,
        source_id=source_id,
        ingestion_id=ingestion_id,
        derived_from=derived_from,
        order=order,
        cursor=cursor,
        per_page=per_page,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    convention_id: str | Unset = UNSET,
    source_id: str | Unset = UNSET,
    ingestion_id: UUID | Unset = UNSET,
    derived_from: UUID | Unset = UNSET,
    order: SortOrder | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> Problem | RecordPage | None:
    """List records

     What the archive holds now, newest first by the time of first publication. Scope: `ingestions:read`.

    Args:
        convention_id (str | Unset): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.
        source_id (str | Unset): What identifies an item within its convention, for ever.
        ingestion_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        derived_from (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        order (SortOrder | Unset): Oldest first or newest first.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | RecordPage
    """

    return sync_detailed(
        client=client,
        convention_id=convention_id,
        source_id=source_id,
        ingestion_id=ingestion_id,
        derived_from=derived_from,
        order=order,
        cursor=cursor,
        per_page=per_page,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    convention_id: str | Unset = UNSET,
    source_id: str | Unset = UNSET,
    ingestion_id: UUID | Unset = UNSET,
    derived_from: UUID | Unset = UNSET,
    order: SortOrder | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> Response[Problem | RecordPage]:
    """List records

     What the archive holds now, newest first by the time of first publication. Scope: `ingestions:read`.

    Args:
        convention_id (str | Unset): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.
        source_id (str | Unset): What identifies an item within its convention, for ever.
        ingestion_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        derived_from (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        order (SortOrder | Unset): Oldest first or newest first.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | RecordPage]
    """

    kwargs = _get_kwargs(
        convention_id=convention_id,
        source_id=source_id,
        ingestion_id=ingestion_id,
        derived_from=derived_from,
        order=order,
        cursor=cursor,
        per_page=per_page,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    convention_id: str | Unset = UNSET,
    source_id: str | Unset = UNSET,
    ingestion_id: UUID | Unset = UNSET,
    derived_from: UUID | Unset = UNSET,
    order: SortOrder | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> Problem | RecordPage | None:
    """List records

     What the archive holds now, newest first by the time of first publication. Scope: `ingestions:read`.

    Args:
        convention_id (str | Unset): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.
        source_id (str | Unset): What identifies an item within its convention, for ever.
        ingestion_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        derived_from (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        order (SortOrder | Unset): Oldest first or newest first.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | RecordPage
    """

    return (
        await asyncio_detailed(
            client=client,
            convention_id=convention_id,
            source_id=source_id,
            ingestion_id=ingestion_id,
            derived_from=derived_from,
            order=order,
            cursor=cursor,
            per_page=per_page,
        )
    ).parsed
