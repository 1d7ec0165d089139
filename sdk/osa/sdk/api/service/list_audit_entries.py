import datetime
from typing import Any
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.audit_page import AuditPage
from ...models.problem import Problem
from ...models.sort_order import SortOrder
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    ingestion_id: UUID | Unset = UNSET,
    token_name: str | Unset = UNSET,
    created_after: datetime.datetime | Unset = UNSET,
    created_before: datetime.datetime | Unset = UNSET,
    order: SortOrder | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_ingestion_id: str | Unset = UNSET
    if not isinstance(ingestion_id, Unset):
        json_ingestion_id = str(ingestion_id)
    params["ingestion_id"] = json_ingestion_id

    params["token_name"] = token_name

    json_created_after: str | Unset = UNSET
    if not isinstance(created_after, Unset):
        json_created_after = created_after.isoformat()
    params["created_after"] = json_created_after

    json_created_before: str | Unset = UNSET
    if not isinstance(created_before, Unset):
        json_created_before = created_before.isoformat()
    params["created_before"] = json_created_before

    json_order: str | Unset = UNSET
    if not isinstance(order, Unset):
        json_order = order.value

    params["order"] = json_order

    params["cursor"] = cursor

    params["per_page"] = per_page

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/audit",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> AuditPage | Problem | None:
    if response.status_code == 200:
        response_200 = AuditPage.from_dict(response.json())

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
) -> Response[AuditPage | Problem]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    ingestion_id: UUID | Unset = UNSET,
    token_name: str | Unset = UNSET,
    created_after: datetime.datetime | Unset = UNSET,
    created_before: datetime.datetime | Unset = UNSET,
    order: SortOrder | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> Response[AuditPage | Problem]:
    """List who did what

     Every change that a caller asked for, newest first: when, with which token, on what. It outlives the
    ingestions it tells of. Scope: `admin`.

    Args:
        ingestion_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        token_name (str | Unset):
        created_after (datetime.datetime | Unset):
        created_before (datetime.datetime | Unset):
        order (SortOrder | Unset): Oldest first or newest first.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AuditPage | Problem]
    """

    kwargs = _get_kwargs(
        ingestion_id=ingestion_id,
        token_name=token_name,
        created_after=created_after,
        created_before=created_before,
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
    ingestion_id: UUID | Unset = UNSET,
    token_name: str | Unset = UNSET,
    created_after: datetime.datetime | Unset = UNSET,
    created_before: datetime.datetime | Unset = UNSET,
    order: SortOrder | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> AuditPage | Problem | None:
    """List who did what

     Every change that a caller asked for, newest first: when, with which token, on what. It outlives the
    ingestions it tells of. Scope: `admin`.

    Args:
        ingestion_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        token_name (str | Unset):
        created_after (datetime.datetime | Unset):
        created_before (datetime.datetime | Unset):
        order (SortOrder | Unset): Oldest first or newest first.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AuditPage | Problem
    """

    return sync_detailed(
        client=client,
        ingestion_id=ingestion_id,
        token_name=token_name,
        created_after=created_after,
        created_before=created_before,
        order=order,
        cursor=cursor,
        per_page=per_page,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    ingestion_id: UUID | Unset = UNSET,
    token_name: str | Unset = UNSET,
    created_after: datetime.datetime | Unset = UNSET,
    created_before: datetime.datetime | Unset = UNSET,
    order: SortOrder | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> Response[AuditPage | Problem]:
    """List who did what

     Every change that a caller asked for, newest first: when, with which token, on what. It outlives the
    ingestions it tells of. Scope: `admin`.

    Args:
        ingestion_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        token_name (str | Unset):
        created_after (datetime.datetime | Unset):
        created_before (datetime.datetime | Unset):
        order (SortOrder | Unset): Oldest first or newest first.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AuditPage | Problem]
    """

    kwargs = _get_kwargs(
        ingestion_id=ingestion_id,
        token_name=token_name,
        created_after=created_after,
        created_before=created_before,
        order=order,
        cursor=cursor,
        per_page=per_page,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    ingestion_id: UUID | Unset = UNSET,
    token_name: str | Unset = UNSET,
    created_after: datetime.datetime | Unset = UNSET,
    created_before: datetime.datetime | Unset = UNSET,
    order: SortOrder | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> AuditPage | Problem | None:
    """List who did what

     Every change that a caller asked for, newest first: when, with which token, on what. It outlives the
    ingestions it tells of. Scope: `admin`.

    Args:
        ingestion_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        token_name (str | Unset):
        created_after (datetime.datetime | Unset):
        created_before (datetime.datetime | Unset):
        order (SortOrder | Unset): Oldest first or newest first.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AuditPage | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            ingestion_id=ingestion_id,
            token_name=token_name,
            created_after=created_after,
            created_before=created_before,
            order=order,
            cursor=cursor,
            per_page=per_page,
        )
    ).parsed
