from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.clean_up_ingestions import CleanUpIngestions
from ...models.cleanup import Cleanup
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    *,
    body: CleanUpIngestions,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/cleanups",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Cleanup | Problem | None:
    if response.status_code == 200:
        response_200 = Cleanup.from_dict(response.json())

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
) -> Response[Cleanup | Problem]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: CleanUpIngestions,
) -> Response[Cleanup | Problem]:
    """Clean up ended ingestions

     In two steps. Filters alone select: the answer says how many ended ingestions match, how large they
    are, shows a few, and has a `selection_token`; nothing is deleted. The same request with that
    `selection_token` (or the token alone) deletes exactly that set, as `deleteIngestion` does, and
    answers
    how many are left to delete: repeat it until `remaining_count` is 0. Repeating it later changes
    nothing.
    At least one filter is needed. Scope: `ingestions:write`.

    Args:
        body (CleanUpIngestions): Which ended ingestions to delete; all filters that are given
            must fit.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Cleanup | Problem]
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
    body: CleanUpIngestions,
) -> Cleanup | Problem | None:
    """Clean up ended ingestions

     In two steps. Filters alone select: the answer says how many ended ingestions match, how large they
    are, shows a few, and has a `selection_token`; nothing is deleted. The same request with that
    `selection_token` (or the token alone) deletes exactly that set, as `deleteIngestion` does, and
    answers
    how many are left to delete: repeat it until `remaining_count` is 0. Repeating it later changes
    nothing.
    At least one filter is needed. Scope: `ingestions:write`.

    Args:
        body (CleanUpIngestions): Which ended ingestions to delete; all filters that are given
            must fit.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Cleanup | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: CleanUpIngestions,
) -> Response[Cleanup | Problem]:
    """Clean up ended ingestions

     In two steps. Filters alone select: the answer says how many ended ingestions match, how large they
    are, shows a few, and has a `selection_token`; nothing is deleted. The same request with that
    `selection_token` (or the token alone) deletes exactly that set, as `deleteIngestion` does, and
    answers
    how many are left to delete: repeat it until `remaining_count` is 0. Repeating it later changes
    nothing.
    At least one filter is needed. Scope: `ingestions:write`.

    Args:
        body (CleanUpIngestions): Which ended ingestions to delete; all filters that are given
            must fit.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Cleanup | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: CleanUpIngestions,
) -> Cleanup | Problem | None:
    """Clean up ended ingestions

     In two steps. Filters alone select: the answer says how many ended ingestions match, how large they
    are, shows a few, and has a `selection_token`; nothing is deleted. The same request with that
    `selection_token` (or the token alone) deletes exactly that set, as `deleteIngestion` does, and
    answers
    how many are left to delete: repeat it until `remaining_count` is 0. Repeating it later changes
    nothing.
    At least one filter is needed. Scope: `ingestions:write`.

    Args:
        body (CleanUpIngestions): Which ended ingestions to delete; all filters that are given
            must fit.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Cleanup | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
