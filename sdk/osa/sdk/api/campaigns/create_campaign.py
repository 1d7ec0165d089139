from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.campaign import Campaign
from ...models.create_campaign import CreateCampaign
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    *,
    body: CreateCampaign,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/campaigns",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Campaign | Problem | None:
    if response.status_code == 200:
        response_200 = Campaign.from_dict(response.json())

        return response_200

    if response.status_code == 201:
        response_201 = Campaign.from_dict(response.json())

        return response_201

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
) -> Response[Campaign | Problem]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: CreateCampaign,
) -> Response[Campaign | Problem]:
    """Create a campaign

     A campaign runs a convention in steps, one after the other, from `start_position` on. Each step is
    an
    ingestion that may start others, its children, and says where the next step begins. In `mode:
    server` the
    server starts the first step at once, and the next when the last one and its children are done,
    across
    restarts; in `mode: manual` the caller starts each, with `advanceCampaign`. The id is the caller's:
    the same
    request again answers with the same campaign. Scope: `ingestions:write`.

    Args:
        body (CreateCampaign): What to run in steps.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Campaign | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: CreateCampaign,
) -> Campaign | Problem | None:
    """Create a campaign

     A campaign runs a convention in steps, one after the other, from `start_position` on. Each step is
    an
    ingestion that may start others, its children, and says where the next step begins. In `mode:
    server` the
    server starts the first step at once, and the next when the last one and its children are done,
    across
    restarts; in `mode: manual` the caller starts each, with `advanceCampaign`. The id is the caller's:
    the same
    request again answers with the same campaign. Scope: `ingestions:write`.

    Args:
        body (CreateCampaign): What to run in steps.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Campaign | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: CreateCampaign,
) -> Response[Campaign | Problem]:
    """Create a campaign

     A campaign runs a convention in steps, one after the other, from `start_position` on. Each step is
    an
    ingestion that may start others, its children, and says where the next step begins. In `mode:
    server` the
    server starts the first step at once, and the next when the last one and its children are done,
    across
    restarts; in `mode: manual` the caller starts each, with `advanceCampaign`. The id is the caller's:
    the same
    request again answers with the same campaign. Scope: `ingestions:write`.

    Args:
        body (CreateCampaign): What to run in steps.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Campaign | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: CreateCampaign,
) -> Campaign | Problem | None:
    """Create a campaign

     A campaign runs a convention in steps, one after the other, from `start_position` on. Each step is
    an
    ingestion that may start others, its children, and says where the next step begins. In `mode:
    server` the
    server starts the first step at once, and the next when the last one and its children are done,
    across
    restarts; in `mode: manual` the caller starts each, with `advanceCampaign`. The id is the caller's:
    the same
    request again answers with the same campaign. Scope: `ingestions:write`.

    Args:
        body (CreateCampaign): What to run in steps.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Campaign | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
