"""Server-sent events: the log of an ingestion, live."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from osa.server.errors import IngestionNotFound, OsaError
from osa.server.http.answers import written
from osa.server.http.watching import Watchers, unless_gone
from osa.server.http.wire.history import event
from osa.server.model import Event, EventPage, Version

log = logging.getLogger("osa.http")

#: The longest silence on a stream, in seconds.
SILENCE_SECONDS = 15.0

Pages = Callable[[int], EventPage]


class EventStream(Response):
    """The events after the first page, as they come, until the last one or until time is up."""

    def __init__(
        self,
        watchers: Watchers,
        pages: Pages,
        *,
        ingestion_id: str,
        after: int,
        first: EventPage,
        max_seconds: float,
    ) -> None:
        super().__init__(
            status_code=200,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
            media_type="text/event-stream",
        )
        del self.headers["content-length"]
        self._watchers = watchers
        self._pages = pages
        self._ingestion_id = ingestion_id
        # A caller may already be past the last event there is.
        self._after = max(after, first.last_number)
        self._first = first
        self._max_seconds = max_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        await unless_gone(self._send(send), receive)

    def _is_news(self, version: Version) -> bool:
        return version.done or version.last_event > self._after

    async def _send(self, send: Send) -> None:
        async def put(text: bytes, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": text, "more_body": more})

        clock = asyncio.get_running_loop().time
        ends_at = clock() + self._max_seconds
        page = self._first
        # A first sign of life, so that clients and proxies know that the stream is open.
        await put(b": open\n\n" + b"".join(framed(one) for one in page.items))
        with self._watchers.watching(self._ingestion_id, self._is_news) as watcher:
            while not self._watchers.stopped:
                if not page.has_more:
                    if page.poll_after_seconds is None:
                        break
                    left = ends_at - clock()
                    if left <= 0:
                        break
                    try:
                        async with asyncio.timeout(min(left, SILENCE_SECONDS)):
                            await watcher.news.wait()
                    except TimeoutError:
                        await put(b": keep-alive\n\n")
                        continue
                    watcher.news.clear()
                elif clock() >= ends_at:
                    break
                try:
                    # Many who follow one ingestion are mostly at the same event.
                    key = (self._ingestion_id, self._after)
                    look = partial(self._look, self._after)
                    page, text = await self._watchers.read_together(key, look)
                except IngestionNotFound:
                    break
                except OsaError as exc:
                    # The client resumes after its last event, and is told then.
                    log.warning("stream_ended_early: %s", exc.detail)
                    break
                self._after = max(self._after, page.last_number)
                if text:
                    await put(text)
        await put(b"", more=False)

    def _look(self, after: int) -> tuple[EventPage, bytes]:
        """The next page, and how it is sent."""
        page = self._pages(after)
        return page, b"".join(framed(one) for one in page.items)


def framed(one: Event) -> bytes:
    """One event as WHATWG HTML has it. JSON has no line breaks of its own."""
    data = written(event(one))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (one.number, one.type.encode(), data)
