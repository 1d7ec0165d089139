from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.convention_detail import ConventionDetail
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    convention_id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/conventions/{convention_id}".format(
            convention_id=quote(str(convention_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ConventionDetail | Problem | None:
    if response.status_code == 200:
        response_200 = ConventionDetail.from_dict(response.json())

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
) -> Response[ConventionDetail | Problem]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    convention_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[ConventionDetail | Problem]:
    """Get a convention

     One recipe with the JSON Schema of its parameters. Scope: `ingestions:read`.

    Args:
        convention_id (str): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ConventionDetail | Problem]
    """

    kwargs = _get_kwargs(
        convention_id=convention_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    convention_id: str,
    *,
    client: AuthenticatedClient,
) -> ConventionDetail | Problem | None:
    """Get a convention

     One recipe with the JSON Schema of its parameters. Scope: `ingestions:read`.

    Args:
        convention_id (str): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ConventionDetail | Problem
    """

    return sync_detailed(
        convention_id=convention_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    convention_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[ConventionDetail | Problem]:
    """Get a convention

     One recipe with the JSON Schema of its parameters. Scope: `ingestions:read`.

    Args:
        convention_id (str): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ConventionDetail | Problem]
    """

    kwargs = _get_kwargs(
        convention_id=convention_id,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    convention_id: str,
    *,
    client: AuthenticatedClient,
) -> ConventionDetail | Problem | None:
    """Get a convention

     One recipe with the JSON Schema of its parameters. Scope: `ingestions:read`.

    Args:
        convention_id (str): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ConventionDetail | Problem
    """

    return (
        await asyncio_detailed(
            convention_id=convention_id,
            client=client,
        )
    ).parsed
