from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.campaign_summary import CampaignSummary
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    summary_token: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/campaign-summaries/{summary_token}".format(
            summary_token=quote(str(summary_token), safe=""),
        ),
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> CampaignSummary | Problem | None:
    if response.status_code == 200:
        response_200 = CampaignSummary.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

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
) -> Response[CampaignSummary | Problem]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    summary_token: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[CampaignSummary | Problem]:
    """Get the public summary of a campaign

     Counts alone, for everybody who was given the link. Only of campaigns created with `public_summary`.

    Args:
        summary_token (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CampaignSummary | Problem]
    """

    kwargs = _get_kwargs(
        summary_token=summary_token,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    summary_token: str,
    *,
    client: AuthenticatedClient | Client,
) -> CampaignSummary | Problem | None:
    """Get the public summary of a campaign

     Counts alone, for everybody who was given the link. Only of campaigns created with `public_summary`.

    Args:
        summary_token (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CampaignSummary | Problem
    """

    return sync_detailed(
        summary_token=summary_token,
        client=client,
    ).parsed


async def asyncio_detailed(
    summary_token: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[CampaignSummary | Problem]:
    """Get the public summary of a campaign

     Counts alone, for everybody who was given the link. Only of campaigns created with `public_summary`.

    Args:
        summary_token (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CampaignSummary | Problem]
    """

    kwargs = _get_kwargs(
        summary_token=summary_token,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    summary_token: str,
    *,
    client: AuthenticatedClient | Client,
) -> CampaignSummary | Problem | None:
    """Get the public summary of a campaign

     Counts alone, for everybody who was given the link. Only of campaigns created with `public_summary`.

    Args:
        summary_token (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CampaignSummary | Problem
    """

    return (
        await asyncio_detailed(
            summary_token=summary_token,
            client=client,
        )
    ).parsed
