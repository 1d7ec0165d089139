from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.upload import Upload
from ...types import UNSET, File, Response, Unset


def _get_kwargs(
    *,
    body: File,
    filename: str | Unset = UNSET,
    media_type: str | Unset = UNSET,
    sha256: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    params["filename"] = filename

    params["media_type"] = media_type

    params["sha256"] = sha256

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/uploads",
        "params": params,
    }

    _kwargs["content"] = body.payload
    headers["Content-Type"] = "application/octet-stream"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | Upload | None:
    if response.status_code == 201:
        response_201 = Upload.from_dict(response.json())

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
) -> Response[Problem | Upload]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: File,
    filename: str | Unset = UNSET,
    media_type: str | Unset = UNSET,
    sha256: str | Unset = UNSET,
) -> Response[Problem | Upload]:
    """Upload a file

     Streams one file to the archive's disk, computes its SHA-256 on the way, and compares it with
    `sha256` when that is given. Start an ingestion with `{type: file, upload_id}` afterwards.
    Scope: `ingestions:write`.

    Args:
        filename (str | Unset): A file's name; never a path.
        media_type (str | Unset): A media type without parameters (RFC 6838).
        sha256 (str | Unset): A SHA-256 in lower-case hexadecimal.
        body (File): Bytes.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Upload]
    """

    kwargs = _get_kwargs(
        body=body,
        filename=filename,
        media_type=media_type,
        sha256=sha256,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: File,
    filename: str | Unset = UNSET,
    media_type: str | Unset = UNSET,
    sha256: str | Unset = UNSET,
) -> Problem | Upload | None:
    """Upload a file

     Streams one file to the archive's disk, computes its SHA-256 on the way, and compares it with
    `sha256` when that is given. Start an ingestion with `{type: file, upload_id}` afterwards.
    Scope: `ingestions:write`.

    Args:
        filename (str | Unset): A file's name; never a path.
        media_type (str | Unset): A media type without parameters (RFC 6838).
        sha256 (str | Unset): A SHA-256 in lower-case hexadecimal.
        body (File): Bytes.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Upload
    """

    return sync_detailed(
        client=client,
        body=body,
        filename=filename,
        media_type=media_type,
        sha256=sha256,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: File,
    filename: str | Unset = UNSET,
    media_type: str | Unset = UNSET,
    sha256: str | Unset = UNSET,
) -> Response[Problem | Upload]:
    """Upload a file

     Streams one file to the archive's disk, computes its SHA-256 on the way, and compares it with
    `sha256` when that is given. Start an ingestion with `{type: file, upload_id}` afterwards.
    Scope: `ingestions:write`.

    Args:
        filename (str | Unset): A file's name; never a path.
        media_type (str | Unset): A media type without parameters (RFC 6838).
        sha256 (str | Unset): A SHA-256 in lower-case hexadecimal.
        body (File): Bytes.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Upload]
    """

    kwargs = _get_kwargs(
        body=body,
        filename=filename,
        media_type=media_type,
        sha256=sha256,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: File,
    filename: str | Unset = UNSET,
    media_type: str | Unset = UNSET,
    sha256: str | Unset = UNSET,
) -> Problem | Upload | None:
    """Upload a file

     Streams one file to the archive's disk, computes its SHA-256 on the way, and compares it with
    `sha256` when that is given. Start an ingestion with `{type: file, upload_id}` afterwards.
    Scope: `ingestions:write`.

    Args:
        filename (str | Unset): A file's name; never a path.
        media_type (str | Unset): A media type without parameters (RFC 6838).
        sha256 (str | Unset): A SHA-256 in lower-case hexadecimal.
        body (File): Bytes.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Upload
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            filename=filename,
            media_type=media_type,
            sha256=sha256,
        )
    ).parsed
