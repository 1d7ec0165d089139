from io import BytesIO
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...types import UNSET, File, Response, Unset


def _get_kwargs(
    record_id: UUID,
    file_id: UUID,
    *,
    range_: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(range_, Unset):
        headers["Range"] = range_

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/records/{record_id}/files/{file_id}/content".format(
            record_id=quote(str(record_id), safe=""),
            file_id=quote(str(file_id), safe=""),
        ),
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> File | Problem | None:
    if response.status_code == 200:
        response_200 = File(payload=BytesIO(response.content))

        return response_200

    if response.status_code == 206:
        response_206 = File(payload=BytesIO(response.content))

        return response_206

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

    if response.status_code == 416:
        response_416 = Problem.from_dict(response.json())

        return response_416

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
) -> Response[File | Problem]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    record_id: UUID,
    file_id: UUID,
    *,
    client: AuthenticatedClient,
    range_: str | Unset = UNSET,
) -> Response[File | Problem]:
    """Get the content of a record's file

     The bytes, whole or one range of them (RFC 9110). The `ETag` is the SHA-256 of the whole content.
    Scope: `ingestions:read`.

    Args:
        record_id (UUID): A UUID; the server makes version 7, which sorts by time.
        file_id (UUID): A UUID; the server makes version 7, which sorts by time.
        range_ (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[File | Problem]
    """

    kwargs = _get_kwargs(
        record_id=record_id,
        file_id=file_id,
        range_=range_,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    record_id: UUID,
    file_id: UUID,
    *,
    client: AuthenticatedClient,
    range_: str | Unset = UNSET,
) -> File | Problem | None:
    """Get the content of a record's file

     The bytes, whole or one range of them (RFC 9110). The `ETag` is the SHA-256 of the whole content.
    Scope: `ingestions:read`.

    Args:
        record_id (UUID): A UUID; the server makes version 7, which sorts by time.
        file_id (UUID): A UUID; the server makes version 7, which sorts by time.
        range_ (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        File | Problem
    """

    return sync_detailed(
        record_id=record_id,
        file_id=file_id,
        client=client,
        range_=range_,
    ).parsed


async def asyncio_detailed(
    record_id: UUID,
    file_id: UUID,
    *,
    client: AuthenticatedClient,
    range_: str | Unset = UNSET,
) -> Response[File | Problem]:
    """Get the content of a record's file

     The bytes, whole or one range of them (RFC 9110). The `ETag` is the SHA-256 of the whole content.
    Scope: `ingestions:read`.

    Args:
        record_id (UUID): A UUID; the server makes version 7, which sorts by time.
        file_id (UUID): A UUID; the server makes version 7, which sorts by time.
        range_ (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[File | Problem]
    """

    kwargs = _get_kwargs(
        record_id=record_id,
        file_id=file_id,
        range_=range_,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    record_id: UUID,
    file_id: UUID,
    *,
    client: AuthenticatedClient,
    range_: str | Unset = UNSET,
) -> File | Problem | None:
    """Get the content of a record's file

     The bytes, whole or one range of them (RFC 9110). The `ETag` is the SHA-256 of the whole content.
    Scope: `ingestions:read`.

    Args:
        record_id (UUID): A UUID; the server makes version 7, which sorts by time.
        file_id (UUID): A UUID; the server makes version 7, which sorts by time.
        range_ (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        File | Problem
    """

    return (
        await asyncio_detailed(
            record_id=record_id,
            file_id=file_id,
            client=client,
            range_=range_,
        )
    ).parsed
