"""A read that is answered once there is something to say (`Prefer: wait`, RFC 7240)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from osa.server.http.watching import Watchers, unless_gone
from osa.server.model import Version


@dataclass(frozen=True, kw_only=True)
class Look:
    """What would be answered now, and whether that is what the caller waits for."""

    response: Response
    version: Version
    settled: bool


class LaterAnswer(Response):
    """The first look that is settled, or how things are when time is up or the server stops."""

    def __init__(
        self,
        watchers: Watchers,
        look: Callable[[], Look],
        *,
        ingestion_id: str,
        first: Look,
        seconds: float,
    ) -> None:
        super().__init__()
        self._watchers = watchers
        self._look = look
        self._ingestion_id = ingestion_id
        self._latest = first
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = await unless_gone(self._wait(), receive)
        if found is None:
            raise ClientDisconnect
        await found.response(scope, receive, send)

    def _is_news(self, version: Version) -> bool:
        return version != self._latest.version

    async def _wait(self) -> Look:
        clock = asyncio.get_running_loop().time
        ends_at = clock() + self._seconds
        with self._watchers.watching(self._ingestion_id, self._is_news) as watcher:
            while not (self._latest.settled or self._watchers.stopped or clock() >= ends_at):
                with suppress(TimeoutError):
                    async with asyncio.timeout(ends_at - clock()):
                        await watcher.news.wait()
                watcher.news.clear()
                self._latest = await self._watchers.read(self._look)
        return self._latest
