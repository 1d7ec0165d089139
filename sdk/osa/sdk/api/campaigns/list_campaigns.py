from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.campaign_page import CampaignPage
from ...models.campaign_status_filter import CampaignStatusFilter
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    status: list[CampaignStatusFilter] | Unset = UNSET,
    convention_id: str | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_status: list[str] | Unset = UNSET
    if not isinstance(status, Unset):
        json_status = []
        for status_item_data in status:
            status_item = status_item_data.value
            json_status.append(status_item)

    params["status"] = json_status

    params["convention_id"] = convention_id

    params["cursor"] = cursor

    params["per_page"] = per_page

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/campaigns",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> CampaignPage | Problem | None:
    if response.status_code == 200:
        response_200 = CampaignPage.from_dict(response.json())

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
) -> Response[CampaignPage | Problem]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    status: list[CampaignStatusFilter] | Unset = UNSET,
    convention_id: str | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> Response[CampaignPage | Problem]:
    """List campaigns

     Newest first, page by page. Scope: `ingestions:read`.

    Args:
        status (list[CampaignStatusFilter] | Unset):
        convention_id (str | Unset): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CampaignPage | Problem]
    """

    kwargs = _get_kwargs(
        status=status,
        convention_id=convention_id,
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
    status: list[CampaignStatusFilter] | Unset = UNSET,
    convention_id: str | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> CampaignPage | Problem | None:
    """List campaigns

     Newest first, page by page. Scope: `ingestions:read`.

    Args:
        status (list[CampaignStatusFilter] | Unset):
        convention_id (str | Unset): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CampaignPage | Problem
    """

    return sync_detailed(
        client=client,
        status=status,
        convention_id=convention_id,
        cursor=cursor,
        per_page=per_page,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    status: list[CampaignStatusFilter] | Unset = UNSET,
    convention_id: str | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> Response[CampaignPage | Problem]:
    """List campaigns

     Newest first, page by page. Scope: `ingestions:read`.

    Args:
        status (list[CampaignStatusFilter] | Unset):
        convention_id (str | Unset): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CampaignPage | Problem]
    """

    kwargs = _get_kwargs(
        status=status,
        convention_id=convention_id,
        cursor=cursor,
        per_page=per_page,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    status: list[CampaignStatusFilter] | Unset = UNSET,
    convention_id: str | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> CampaignPage | Problem | None:
    """List campaigns

     Newest first, page by page. Scope: `ingestions:read`.

    Args:
        status (list[CampaignStatusFilter] | Unset):
        convention_id (str | Unset): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CampaignPage | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            status=status,
            convention_id=convention_id,
            cursor=cursor,
            per_page=per_page,
        )
    ).parsed
