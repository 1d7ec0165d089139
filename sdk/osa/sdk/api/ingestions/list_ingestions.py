import datetime
from typing import Any
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.ingestion_page import IngestionPage
from ...models.ingestion_status_filter import IngestionStatusFilter
from ...models.problem import Problem
from ...models.sort_order import SortOrder
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    status: list[IngestionStatusFilter] | Unset = UNSET,
    campaign_id: str | Unset = UNSET,
    parent_ingestion_id: UUID | Unset = UNSET,
    convention_id: str | Unset = UNSET,
    external_id: str | Unset = UNSET,
    label: list[str] | Unset = UNSET,
    created_after: datetime.datetime | Unset = UNSET,
    created_before: datetime.datetime | Unset = UNSET,
    ended_after: datetime.datetime | Unset = UNSET,
    ended_before: datetime.datetime | Unset = UNSET,
    id: list[UUID] | Unset = UNSET,
    retry_of: UUID | Unset = UNSET,
    root_id: UUID | Unset = UNSET,
    record_id: UUID | Unset = UNSET,
    concurrency_key: str | Unset = UNSET,
    error_kind: str | Unset = UNSET,
    q: str | Unset = UNSET,
    unresolved: bool | Unset = UNSET,
    include_total: bool | Unset = UNSET,
    order: SortOrder | Unset = UNSET,
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

    params["campaign_id"] = campaign_id

    json_parent_ingestion_id: str | Unset = UNSET
    if not isinstance(parent_ingestion_id, Unset):
        json_parent_ingestion_id = str(parent_ingestion_id)
    params["parent_ingestion_id"] = json_parent_ingestion_id

    params["convention_id"] = convention_id

    params["external_id"] = external_id

    json_label: list[str] | Unset = UNSET
    if not isinstance(label, Unset):
        json_label = label

    params["label"] = json_label

    json_created_after: str | Unset = UNSET
    if not isinstance(created_after, Unset):
        json_created_after = created_after.isoformat()
    params["created_after"] = json_created_after

    json_created_before: str | Unset = UNSET
    if not isinstance(created_before, Unset):
        json_created_before = created_before.isoformat()
    params["created_before"] = json_created_before

    json_ended_after: str | Unset = UNSET
    if not isinstance(ended_after, Unset):
        json_ended_after = ended_after.isoformat()
    params["ended_after"] = json_ended_after

    json_ended_before: str | Unset = UNSET
    if not isinstance(ended_before, Unset):
        json_ended_before = ended_before.isoformat()
    params["ended_before"] = json_ended_before

    json_id: list[str] | Unset = UNSET
    if not isinstance(id, Unset):
        json_id = []
        for id_item_data in id:
            id_item = str(id_item_data)
            json_id.append(id_item)

    params["id"] = json_id

    json_retry_of: str | Unset = UNSET
    if not isinstance(retry_of, Unset):
        json_retry_of = str(retry_of)
    params["retry_of"] = json_retry_of

    json_root_id: str | Unset = UNSET
    if not isinstance(root_id, Unset):
        json_root_id = str(root_id)
    params["root_id"] = json_root_id

    json_record_id: str | Unset = UNSET
    if not isinstance(record_id, Unset):
        json_record_id = str(record_id)
    params["record_id"] = json_record_id

    params["concurrency_key"] = concurrency_key

    params["error_kind"] = error_kind

    params["q"] = q

    params["unresolved"] = unresolved

    params["include_total"] = include_total

    json_order: str | Unset = UNSET
    if not isinstance(order, Unset):
        json_order = order.value

    params["order"] = json_order

    params["cursor"] = cursor

    params["per_page"] = per_page

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/ingestions",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> IngestionPage | Problem | None:
    if response.status_code == 200:
        response_200 = IngestionPage.from_dict(response.json())

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
) -> Response[IngestionPage | Problem]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    status: list[IngestionStatusFilter] | Unset = UNSET,
    campaign_id: str | Unset = UNSET,
    parent_ingestion_id: UUID | Unset = UNSET,
    convention_id: str | Unset = UNSET,
    external_id: str | Unset = UNSET,
    label: list[str] | Unset = UNSET,
    created_after: datetime.datetime | Unset = UNSET,
    created_before: datetime.datetime | Unset = UNSET,
    ended_after: datetime.datetime | Unset = UNSET,
    ended_before: datetime.datetime | Unset = UNSET,
    id: list[UUID] | Unset = UNSET,
    retry_of: UUID | Unset = UNSET,
    root_id: UUID | Unset = UNSET,
    record_id: UUID | Unset = UNSET,
    concurrency_key: str | Unset = UNSET,
    error_kind: str | Unset = UNSET,
    q: str | Unset = UNSET,
    unresolved: bool | Unset = UNSET,
    include_total: bool | Unset = UNSET,
    order: SortOrder | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> Response[IngestionPage | Problem]:
    """List ingestions

     Newest first, page by page. An ingestion that exists when paging starts is seen exactly once,
    whatever starts or ends meanwhile, as long as no filter on `status` is set.
    Scope: `ingestions:read`.

    Args:
        status (list[IngestionStatusFilter] | Unset):
        campaign_id (str | Unset): The caller's id of a campaign.
        parent_ingestion_id (UUID | Unset): A UUID; the server makes version 7, which sorts by
            time.
        convention_id (str | Unset): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.
        external_id (str | Unset): The caller's own id of the ingestion, unique in the tenant.
        label (list[str] | Unset):
        created_after (datetime.datetime | Unset):
        created_before (datetime.datetime | Unset):
        ended_after (datetime.datetime | Unset):
        ended_before (datetime.datetime | Unset):
        id (list[UUID] | Unset):
        retry_of (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        root_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        record_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        concurrency_key (str | Unset): A word of the caller's for what can only be worked on by
            one ingestion at a time, within the tenant.
        error_kind (str | Unset):
        q (str | Unset):
        unresolved (bool | Unset):
        include_total (bool | Unset):
        order (SortOrder | Unset): Oldest first or newest first.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[IngestionPage | Problem]
    """

    kwargs = _get_kwargs(
        status=status,
        campaign_id=campaign_id,
        parent_ingestion_id=parent_ingestion_id,
        convention_id=convention_id,
        external_id=external_id,
        label=label,
        created_after=created_after,
        created_before=created_before,
        ended_after=ended_after,
        ended_before=ended_before,
        id=id,
        retry_of=retry_of,
        root_id=root_id,
        record_id=record_id,
        concurrency_key=concurrency_key,
        error_kind=error_kind,
        q=q,
        unresolved=unresolved,
        include_total=include_total,
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
    status: list[IngestionStatusFilter] | Unset = UNSET,
    campaign_id: str | Unset = UNSET,
    parent_ingestion_id: UUID | Unset = UNSET,
    convention_id: str | Unset = UNSET,
    external_id: str | Unset = UNSET,
    label: list[str] | Unset = UNSET,
    created_after: datetime.datetime | Unset = UNSET,
    created_before: datetime.datetime | Unset = UNSET,
    ended_after: datetime.datetime | Unset = UNSET,
    ended_before: datetime.datetime | Unset = UNSET,
    id: list[UUID] | Unset = UNSET,
    retry_of: UUID | Unset = UNSET,
    root_id: UUID | Unset = UNSET,
    record_id: UUID | Unset = UNSET,
    concurrency_key: str | Unset = UNSET,
    error_kind: str | Unset = UNSET,
    q: str | Unset = UNSET,
    unresolved: bool | Unset = UNSET,
    include_total: bool | Unset = UNSET,
    order: SortOrder | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> IngestionPage | Problem | None:
    """List ingestions

     Newest first, page by page. An ingestion that exists when paging starts is seen exactly once,
    whatever starts or ends meanwhile, as long as no filter on `status` is set.
    Scope: `ingestions:read`.

    Args:
        status (list[IngestionStatusFilter] | Unset):
        campaign_id (str | Unset): The caller's id of a campaign.
        parent_ingestion_id (UUID | Unset): A UUID; the server makes version 7, which sorts by
            time.
        convention_id (str | Unset): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.
        external_id (str | Unset): The caller's own id of the ingestion, unique in the tenant.
        label (list[str] | Unset):
        created_after (datetime.datetime | Unset):
        created_before (datetime.datetime | Unset):
        ended_after (datetime.datetime | Unset):
        ended_before (datetime.datetime | Unset):
        id (list[UUID] | Unset):
        retry_of (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        root_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        record_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        concurrency_key (str | Unset): A word of the caller's for what can only be worked on by
            one ingestion at a time, within the tenant.
        error_kind (str | Unset):
        q (str | Unset):
        unresolved (bool | Unset):
        include_total (bool | Unset):
        order (SortOrder | Unset): Oldest first or newest first.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        IngestionPage | Problem
    """

    return sync_detailed(
        client=client,
        status=status,
        campaign_id=campaign_id,
        parent_ingestion_id=parent_ingestion_id,
        convention_id=convention_id,
        external_id=external_id,
        label=label,
        created_after=created_after,
        created_before=created_before,
        ended_after=ended_after,
        ended_before=ended_before,
        id=id,
        retry_of=retry_of,
        root_id=root_id,
        record_id=record_id,
        concurrency_key=concurrency_key,
        error_kind=error_kind,
        q=q,
        unresolved=unresolved,
        include_total=include_total,
        order=order,
        cursor=cursor,
        per_page=per_page,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    status: list[IngestionStatusFilter] | Unset = UNSET,
    campaign_id: str | Unset = UNSET,
    parent_ingestion_id: UUID | Unset = UNSET,
    convention_id: str | Unset = UNSET,
    external_id: str | Unset = UNSET,
    label: list[str] | Unset = UNSET,
    created_after: datetime.datetime | Unset = UNSET,
    created_before: datetime.datetime | Unset = UNSET,
    ended_after: datetime.datetime | Unset = UNSET,
    ended_before: datetime.datetime | Unset = UNSET,
    id: list[UUID] | Unset = UNSET,
    retry_of: UUID | Unset = UNSET,
    root_id: UUID | Unset = UNSET,
    record_id: UUID | Unset = UNSET,
    concurrency_key: str | Unset = UNSET,
    error_kind: str | Unset = UNSET,
    q: str | Unset = UNSET,
    unresolved: bool | Unset = UNSET,
    include_total: bool | Unset = UNSET,
    order: SortOrder | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> Response[IngestionPage | Problem]:
    """List ingestions

     Newest first, page by page. An ingestion that exists when paging starts is seen exactly once,
    whatever starts or ends meanwhile, as long as no filter on `status` is set.
    Scope: `ingestions:read`.

    Args:
        status (list[IngestionStatusFilter] | Unset):
        campaign_id (str | Unset): The caller's id of a campaign.
        parent_ingestion_id (UUID | Unset): A UUID; the server makes version 7, which sorts by
            time.
        convention_id (str | Unset): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.
        external_id (str | Unset): The caller's own id of the ingestion, unique in the tenant.
        label (list[str] | Unset):
        created_after (datetime.datetime | Unset):
        created_before (datetime.datetime | Unset):
        ended_after (datetime.datetime | Unset):
        ended_before (datetime.datetime | Unset):
        id (list[UUID] | Unset):
        retry_of (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        root_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        record_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        concurrency_key (str | Unset): A word of the caller's for what can only be worked on by
            one ingestion at a time, within the tenant.
        error_kind (str | Unset):
        q (str | Unset):
        unresolved (bool | Unset):
        include_total (bool | Unset):
        order (SortOrder | Unset): Oldest first or newest first.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[IngestionPage | Problem]
    """

    kwargs = _get_kwargs(
        status=status,
        campaign_id=campaign_id,
        parent_ingestion_id=parent_ingestion_id,
        convention_id=convention_id,
        external_id=external_id,
        label=label,
        created_after=created_after,
        created_before=created_before,
        ended_after=ended_after,
        ended_before=ended_before,
        id=id,
        retry_of=retry_of,
        root_id=root_id,
        record_id=record_id,
        concurrency_key=concurrency_key,
        error_kind=error_kind,
        q=q,
        unresolved=unresolved,
        include_total=include_total,
        order=order,
        cursor=cursor,
        per_page=per_page,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    status: list[IngestionStatusFilter] | Unset = UNSET,
    campaign_id: str | Unset = UNSET,
    parent_ingestion_id: UUID | Unset = UNSET,
    convention_id: str | Unset = UNSET,
    external_id: str | Unset = UNSET,
    label: list[str] | Unset = UNSET,
    created_after: datetime.datetime | Unset = UNSET,
    created_before: datetime.datetime | Unset = UNSET,
    ended_after: datetime.datetime | Unset = UNSET,
    ended_before: datetime.datetime | Unset = UNSET,
    id: list[UUID] | Unset = UNSET,
    retry_of: UUID | Unset = UNSET,
    root_id: UUID | Unset = UNSET,
    record_id: UUID | Unset = UNSET,
    concurrency_key: str | Unset = UNSET,
    error_kind: str | Unset = UNSET,
    q: str | Unset = UNSET,
    unresolved: bool | Unset = UNSET,
    include_total: bool | Unset = UNSET,
    order: SortOrder | Unset = UNSET,
    cursor: str | Unset = UNSET,
    per_page: int | Unset = 50,
) -> IngestionPage | Problem | None:
    """List ingestions

     Newest first, page by page. An ingestion that exists when paging starts is seen exactly once,
    whatever starts or ends meanwhile, as long as no filter on `status` is set.
    Scope: `ingestions:read`.

    Args:
        status (list[IngestionStatusFilter] | Unset):
        campaign_id (str | Unset): The caller's id of a campaign.
        parent_ingestion_id (UUID | Unset): A UUID; the server makes version 7, which sorts by
            time.
        convention_id (str | Unset): A convention's slug, or its SRN
            `urn:osa:{domain}:conv:{slug}@{version}`.
        external_id (str | Unset): The caller's own id of the ingestion, unique in the tenant.
        label (list[str] | Unset):
        created_after (datetime.datetime | Unset):
        created_before (datetime.datetime | Unset):
        ended_after (datetime.datetime | Unset):
        ended_before (datetime.datetime | Unset):
        id (list[UUID] | Unset):
        retry_of (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        root_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        record_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        concurrency_key (str | Unset): A word of the caller's for what can only be worked on by
            one ingestion at a time, within the tenant.
        error_kind (str | Unset):
        q (str | Unset):
        unresolved (bool | Unset):
        include_total (bool | Unset):
        order (SortOrder | Unset): Oldest first or newest first.
        cursor (str | Unset):
        per_page (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        IngestionPage | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            status=status,
            campaign_id=campaign_id,
            parent_ingestion_id=parent_ingestion_id,
            convention_id=convention_id,
            external_id=external_id,
            label=label,
            created_after=created_after,
            created_before=created_before,
            ended_after=ended_after,
            ended_before=ended_before,
            id=id,
            retry_of=retry_of,
            root_id=root_id,
            record_id=record_id,
            concurrency_key=concurrency_key,
            error_kind=error_kind,
            q=q,
            unresolved=unresolved,
            include_total=include_total,
            order=order,
            cursor=cursor,
            per_page=per_page,
        )
    ).parsed
