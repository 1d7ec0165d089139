"""Waiting for news: one task asks the database for all who wait; nobody waits in a thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Hashable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ParamSpec, TypeVar

from starlette.types import Receive

from osa.server.errors import Unavailable
from osa.server.http.answers import until_gone
from osa.server.model import Version

log = logging.getLogger("osa.http")

#: How often the poller asks, in seconds.
POLL_SECONDS = 0.25
#: Few: a thousand watchers with news must not keep other requests waiting.
_THREADS = 4

P = ParamSpec("P")
T = TypeVar("T")
Versions = Callable[[Collection[str]], Mapping[str, Version]]
IsNews = Callable[[Version], bool]


@dataclass(eq=False, slots=True)
class Watcher:
    """Someone who waits for news of one ingestion. That it is gone is news to everyone."""

    ingestion_id: str
    is_news: IsNews
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Watchers:
    """All who watch in this process. The poller runs only while there are any."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._watching: set[Watcher] = set()
        self._poller: asyncio.Task[None] | None = None
        self._together: dict[Hashable, asyncio.Task[Any]] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="osa-watch")
        self.stopped = False

    def __len__(self) -> int:
        return len(self._watching)

    @contextmanager
    def watching(self, ingestion_id: str, is_news: IsNews) -> Iterator[Watcher]:
        watcher = Watcher(ingestion_id, is_news)
        self._watching.add(watcher)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            yield watcher
        finally:
            self._watching.discard(watcher)

    def stop(self) -> None:
        """Nobody waits any longer: streams end, and reads are answered as things are."""
        self.stopped = True
        for watcher in self._watching:
            watcher.news.set()
        if self._poller is not None:
            self._poller.cancel()

    def close(self) -> None:
        self.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def read(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Look at the news in a thread of the watchers."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(function, *args, **kwargs))

    async def read_together(self, key: Hashable, function: Callable[[], T]) -> T:
        """The same, once for all who ask by one key while it is under way. It may have begun before
        the news did; then there is news again."""
        task: asyncio.Task[T] | None = self._together.get(key)
        if task is None:
            task = asyncio.create_task(self.read(function))
            self._together[key] = task
            task.add_done_callback(partial(self._was_read, key))
        # One who hangs up must not end it for the others.
        return await asyncio.shield(task)

    def _was_read(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        del self._together[key]
        if not task.cancelled():
            # Nobody may be left to hear of it.
            task.exception()

    async def _poll(self) -> None:
        while self._watching and not self.stopped:
            ids = {watcher.ingestion_id for watcher in self._watching}
            try:
                found = await self.read(self._versions, ids)
            except Unavailable as exc:
                # The database may come back: it is asked again.
                log.warning("watch_poll_delayed: %s", exc.detail)
            except Exception:
                # The watchers' own reads tell their callers.
                log.exception("watch_poll_failed")
            else:
                for watcher in self._watching:
                    if watcher.ingestion_id in ids and _is_news(watcher, found):
                        watcher.news.set()
            await asyncio.sleep(POLL_SECONDS)


def _is_news(watcher: Watcher, found: Mapping[str, Version]) -> bool:
    version = found.get(watcher.ingestion_id)
    return version is None or watcher.is_news(version)


async def unless_gone(doing: Coroutine[Any, Any, T], receive: Receive) -> T | None:
    """Do it as long as the caller is there; None when they hung up before it was done."""
    task = asyncio.create_task(doing)
    gone = asyncio.create_task(until_gone(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in (task, gone):
            one.cancel()
        with suppress(asyncio.CancelledError):
            await gone
    with suppress(asyncio.CancelledError):
        return await task
    return None
