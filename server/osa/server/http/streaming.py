"""Server-sent events: one task asks the database for all who watch; nobody waits in a thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from osa.server.errors import OsaError
from osa.server.http.answers import until_gone, written
from osa.server.http.wire.history import event
from osa.server.model import Event, EventPage

log = logging.getLogger("osa.http")

#: How often the poller asks, and the longest silence on a stream, in seconds.
POLL_SECONDS = 0.25
SILENCE_SECONDS = 15.0
#: Few: a thousand watchers with news must not keep other requests waiting.
_THREADS = 4

LastEvents = Callable[[Collection[str]], Mapping[str, tuple[int, bool]]]
Pages = Callable[[int], EventPage]


@dataclass(eq=False, slots=True)
class Watcher:
    """Someone who waits for events of one ingestion after a number."""

    ingestion_id: str
    after: int
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Watchers:
    """All who watch in this process. The poller runs only while there are any."""

    def __init__(self, last_events: LastEvents) -> None:
        self._last_events = last_events
        self._watching: set[Watcher] = set()
        self._poller: asyncio.Task[None] | None = None
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="osa-stream")
        self.stopped = False

    def __len__(self) -> int:
        return len(self._watching)

    @contextmanager
    def watching(self, ingestion_id: str, after: int) -> Iterator[Watcher]:
        watcher = Watcher(ingestion_id, after)
        self._watching.add(watcher)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            yield watcher
        finally:
            self._watching.discard(watcher)

    def stop(self) -> None:
        """End every stream now; their clients resume elsewhere."""
        self.stopped = True
        for watcher in self._watching:
            watcher.news.set()
        if self._poller is not None:
            self._poller.cancel()

    def close(self) -> None:
        self.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def page(self, pages: Pages, after: int) -> EventPage:
        return await asyncio.get_running_loop().run_in_executor(self._threads, pages, after)

    async def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        while self._watching and not self.stopped:
            ids = {watcher.ingestion_id for watcher in self._watching}
            try:
                last = await loop.run_in_executor(self._threads, self._last_events, ids)
            except Exception:
                # The database may come back; the watchers' own reads tell their callers.
                log.exception("stream_poll_failed")
                last = {}
            for watcher in self._watching:
                number, done = last.get(watcher.ingestion_id, (watcher.after, False))
                if done or number > watcher.after:
                    watcher.news.set()
            await asyncio.sleep(POLL_SECONDS)


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
        sending = asyncio.create_task(self._send(send))
        gone = asyncio.create_task(until_gone(receive))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, gone):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await gone
        with suppress(asyncio.CancelledError):
            await sending

    async def _send(self, send: Send) -> None:
        async def put(text: bytes, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": text, "more_body": more})

        clock = asyncio.get_running_loop().time
        ends_at = clock() + self._max_seconds
        page = self._first
        # A first sign of life, so that clients and proxies know that the stream is open.
        await put(b": open\n\n" + b"".join(framed(one) for one in page.items))
        with self._watchers.watching(self._ingestion_id, self._after) as watcher:
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
                    page = await self._watchers.page(self._pages, watcher.after)
                except OsaError as exc:
                    # The client resumes after its last event, and is told then.
                    log.warning("stream_ended_early: %s", exc.detail)
                    break
                watcher.after = max(watcher.after, page.last_number)
                if page.items:
                    await put(b"".join(framed(one) for one in page.items))
        await put(b"", more=False)


def framed(one: Event) -> bytes:
    """One event as WHATWG HTML has it. JSON has no line breaks of its own."""
    data = written(event(one))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (one.number, one.type.encode(), data)
