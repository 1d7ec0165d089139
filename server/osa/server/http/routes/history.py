"""What an ingestion leaves behind: items, events, log, artifacts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from pydantic import MISSING
from starlette.responses import Response

from osa.server.http import wire
from osa.server.http.answers import answer
from osa.server.http.operations import Call, Operation, described
from osa.server.http.routes.queries import (
    EventListQuery,
    ItemListQuery,
    LogListQuery,
    PageQuery,
    StreamHeaders,
    StreamQuery,
)
from osa.server.http.streaming import EventStream
from osa.server.http.wire.history import artifact_page, event_page, item_page, log_page
from osa.server.model import EventPage, Scope

router = APIRouter(route_class=Operation, tags=["ingestions"])

#: Events that a stream reads at once.
_STREAM_PAGE = 200


@router.get(
    "/api/v1/ingestions/{ingestion_id}/items",
    **described(
        "listIngestionItems",
        needs=Scope.READ,
        answers={200: wire.IngestionItemPage},
        refuses=(404,),
    ),
)
def list_ingestion_items(
    call: Call, ingestion_id: wire.Id, query: Annotated[ItemListQuery, Query()]
) -> Response:
    page = call.service.reading.items(
        call.principal,
        ingestion_id,
        outcomes=query.outcomes,
        cursor=query.position,
        per_page=query.per_page,
    )
    return answer(item_page(page))


@router.get(
    "/api/v1/ingestions/{ingestion_id}/events",
    **described(
        "listIngestionEvents",
        needs=Scope.READ,
        answers={200: wire.IngestionEventPage},
        refuses=(404,),
    ),
)
def list_ingestion_events(
    call: Call, ingestion_id: wire.Id, query: Annotated[EventListQuery, Query()]
) -> Response:
    page = call.service.reading.events(
        call.principal, ingestion_id, after=query.after, per_page=query.per_page
    )
    poll_after = page.poll_after_seconds
    headers = {} if poll_after is None else {"Retry-After": str(poll_after)}
    return answer(event_page(page), headers=headers)


@router.get(
    "/api/v1/ingestions/{ingestion_id}/events/stream",
    **described(
        "streamIngestionEvents",
        needs=Scope.READ,
        answers={200: {"type": "string"}, 204: None},
        refuses=(404,),
        media_type="text/event-stream",
    ),
)
def stream_ingestion_events(
    call: Call,
    ingestion_id: wire.Id,
    query: Annotated[StreamQuery, Query()],
    header: Annotated[StreamHeaders, Header()],
) -> Response:
    events, principal = call.service.reading.events, call.principal

    def pages(after: int) -> EventPage:
        return events(principal, ingestion_id, after=after, per_page=_STREAM_PAGE)

    after = query.after if header.last_event_id is MISSING else int(header.last_event_id)
    first = pages(after)
    if not first.items and first.poll_after_seconds is None:
        return Response(status_code=204)
    return EventStream(
        call.watchers,
        pages,
        ingestion_id=ingestion_id,
        after=after,
        first=first,
        max_seconds=call.settings.stream_max_seconds,
    )


@router.get(
    "/api/v1/ingestions/{ingestion_id}/logs",
    **described(
        "listIngestionLogs",
        needs=Scope.READ,
        answers={200: wire.LogPage},
        refuses=(404,),
    ),
)
def list_ingestion_logs(
    call: Call, ingestion_id: wire.Id, query: Annotated[LogListQuery, Query()]
) -> Response:
    page = call.service.logs.page(
        call.principal,
        ingestion_id,
        after=query.after,
        tail=None if query.tail is MISSING else query.tail,
        level=None if query.level is MISSING else query.level,
        since=None if query.since is MISSING else query.since,
        attempt=None if query.attempt is MISSING else query.attempt,
        per_page=query.per_page,
    )
    poll_after = page.poll_after_seconds
    headers = {} if poll_after is None else {"Retry-After": str(poll_after)}
    return answer(log_page(page), headers=headers)


@router.get(
    "/api/v1/ingestions/{ingestion_id}/artifacts",
    **described(
        "listIngestionArtifacts",
        needs=Scope.READ,
        answers={200: wire.ArtifactPage},
        refuses=(404,),
    ),
)
def list_ingestion_artifacts(
    call: Call, ingestion_id: wire.Id, query: Annotated[PageQuery, Query()]
) -> Response:
    page = call.service.reading.artifacts(
        call.principal, ingestion_id, cursor=query.position, per_page=query.per_page
    )
    return answer(artifact_page(page))
