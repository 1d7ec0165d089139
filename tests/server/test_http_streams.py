"""Events as they happen: numbered, resumable, ended with the ingestion, and cheap to wait for."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from osa.server.http import streaming, watching
from osa.server.model import EventPage, Version


def events_of(text: str) -> list[dict[str, Any]]:
    found = []
    for block in text.split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in block.splitlines() if not line.startswith(":")
        )
        if "data" in fields:
            event = json.loads(fields["data"])
            assert (fields["id"], fields["event"]) == (str(event["number"]), event["type"])
            found.append(event)
    return found


def path_of(started: Any) -> str:
    return f"/api/v1/ingestions/{started['id']}/events/stream"


def cancel(ask: Any, started: Any) -> None:
    assert ask("POST", f"/api/v1/ingestions/{started['id']}/cancel").status_code == 200


@pytest.fixture
def connect(serve: Any, secret: str) -> Any:
    """A server with other settings, and a client of it."""

    @contextmanager
    def go(**settings: Any) -> Iterator[tuple[httpx.Client, Any]]:
        headers = {"Authorization": f"Bearer {secret}"}
        with (
            serve(**settings) as (address, server),
            httpx.Client(base_url=address, headers=headers, timeout=20) as client,
        ):
            yield client, server

    return go


@pytest.fixture
def client(connect: Any) -> Iterator[httpx.Client]:
    with connect() as (client, _):
        yield client


def test_a_stream_ends_after_the_event_that_ends_the_ingestion(
    client: httpx.Client, ask: Any, start: Any
) -> None:
    started = start()
    with client.stream("GET", path_of(started)) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.iter_lines()
        seen = [next(lines) for _ in range(3)]
        assert seen == [": open", "", "id: 1"]
        cancel(ask, started)
        text = "\n".join(["id: 1", *lines])
    assert [event["type"] for event in events_of(text)] == [
        "ingestion_created",
        "ingestion_canceled",
    ]
    assert events_of(text)[-1]["data"]["done"] is True


def test_a_resumed_stream_has_what_was_missed_and_then_nothing(
    client: httpx.Client, ask: Any, start: Any
) -> None:
    started = start()
    cancel(ask, started)
    path = path_of(started)
    assert [one["number"] for one in events_of(client.get(path).text)] == [1, 2]
    assert [one["number"] for one in events_of(client.get(f"{path}?after=1").text)] == [2]
    resumed = client.get(f"{path}?after=0", headers={"Last-Event-ID": "1"})
    assert [one["number"] for one in events_of(resumed.text)] == [2]
    for after in ("2", "999999999999999"):
        over = client.get(path, headers={"Last-Event-ID": after})
        assert (over.status_code, over.content) == (204, b"")
    for header in ("x", "-1", "1" * 16, ""):
        assert client.get(path, headers={"Last-Event-ID": header}).status_code == 400


def test_a_stream_is_closed_after_a_while_and_keeps_proxies_awake(
    connect: Any, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "SILENCE_SECONDS", 0.3)
    with connect(stream_max_seconds=1.0) as (client, _):
        began = time.monotonic()
        text = client.get(path_of(start())).text
        assert 0.8 < time.monotonic() - began < 5
    assert text.count(": keep-alive\n\n") >= 2
    assert [one["number"] for one in events_of(text)] == [1]


def test_a_thousand_watchers_cost_one_question_at_a_time(
    app: Any, principal: Any, start: Any
) -> None:
    """None of them holds a thread, all of them get the news, and the poller stops with the last."""
    service = app.state.service
    started = start()
    asked: list[int] = []
    active = threading.Lock()
    loop: Any = None
    first_question: Any = None

    def versions(ids: Any) -> Any:
        assert active.acquire(blocking=False), "two questions at the same time"
        try:
            asked.append(len(ids))
            loop.call_soon_threadsafe(first_question.set)
            return service.reading.versions(ids)
        finally:
            active.release()

    async def watch_all() -> list[float]:
        nonlocal loop, first_question
        loop, first_question = asyncio.get_running_loop(), asyncio.Event()
        watchers = watching.Watchers(versions)
        threads_before = threading.active_count()

        async def watch() -> float:
            with watchers.watching(started["id"], lambda version: version.done) as watcher:
                await watcher.news.wait()
            return asyncio.get_running_loop().time()

        waiting = [asyncio.create_task(watch()) for _ in range(1000)]
        await asyncio.wait_for(first_question.wait(), 10)
        assert threading.active_count() - threads_before <= 4
        service.ingestions.cancel(
            principal, started["id"], reason=None, grace_seconds=0, force=False
        )
        times = await asyncio.wait_for(asyncio.gather(*waiting), 10)
        assert len(watchers) == 0
        assert watchers._poller is not None
        await asyncio.wait_for(watchers._poller, 5)
        watchers.close()
        return times

    times = asyncio.run(watch_all())
    assert max(times) - min(times) < 1
    assert set(asked) == {1}


def test_a_poller_survives_a_database_that_is_away_for_a_moment() -> None:
    version = Version(
        last_event=5, updated_at=datetime.now(UTC), retried_by=None, stalled=False, done=False
    )
    answers: list[Any] = [RuntimeError("away"), {"x": version}]

    def versions(ids: Any) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def go() -> None:
        watchers = watching.Watchers(versions)
        with watchers.watching("x", lambda version: version.last_event > 4) as watcher:
            await asyncio.wait_for(watcher.news.wait(), 5)
        watchers.close()
        assert not answers

    asyncio.run(go())


def test_a_caller_past_the_last_event_sees_only_what_comes_after(connect: Any, start: Any) -> None:
    with connect(stream_max_seconds=1.0) as (client, _):
        assert events_of(client.get(f"{path_of(start())}?after=7").text) == []


def test_who_hangs_up_is_forgotten_at_once(connect: Any, start: Any) -> None:
    with connect() as (client, server):
        watchers = server.config.app.state.watchers
        left = threading.Event()
        watching = watchers.watching

        @contextmanager
        def noticed(*args: Any) -> Iterator[Any]:
            try:
                with watching(*args) as watcher:
                    yield watcher
            finally:
                left.set()

        watchers.watching = noticed
        with client.stream("GET", path_of(start())) as response:
            next(response.iter_lines())
        assert left.wait(5)
        assert len(watchers) == 0


def test_a_stream_of_an_ingestion_that_is_deleted_ends(connect: Any, ask: Any, start: Any) -> None:
    """Also when its reader is past its end, and nothing more could be told."""
    with connect() as (client, _):
        started = start()
        with client.stream("GET", f"{path_of(started)}?after=9") as response:
            lines = response.iter_lines()
            next(lines)
            cancel(ask, started)
            assert ask("DELETE", f"/api/v1/ingestions/{started['id']}").status_code == 204
            began = time.monotonic()
            assert events_of("\n".join(lines)) == []
            assert time.monotonic() - began < 5


def test_a_watcher_hears_that_its_ingestion_is_gone() -> None:
    async def go() -> None:
        watchers = watching.Watchers(lambda ids: {})
        with watchers.watching("x", lambda version: False) as watcher:
            await asyncio.wait_for(watcher.news.wait(), 5)
        watchers.close()

    asyncio.run(go())


def test_a_stopping_server_ends_streams_at_once(connect: Any, start: Any) -> None:
    with (
        connect() as (client, server),
        client.stream("GET", path_of(start())) as response,
    ):
        lines = response.iter_lines()
        next(lines)
        began = time.monotonic()
        server.should_exit = True
        # It ends as a stream does, not as a broken connection: the client resumes.
        list(lines)
        assert time.monotonic() - began < 3


def test_a_stream_that_loses_the_database_ends_and_can_be_resumed() -> None:
    from osa.server.errors import Unavailable

    first = EventPage(items=(), last_number=0, has_more=True, poll_after_seconds=1)

    def away(after: int) -> EventPage:
        raise Unavailable("The database does not answer.")

    sent: list[Any] = []

    async def go() -> None:
        watchers = watching.Watchers(lambda ids: {})
        stream = streaming.EventStream(
            watchers, away, ingestion_id="x", after=0, first=first, max_seconds=60
        )

        async def receive() -> Any:
            await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        await asyncio.wait_for(stream({"type": "http"}, receive, send), 5)
        watchers.close()

    asyncio.run(go())
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


def test_who_asks_for_the_same_at_the_same_moment_is_told_by_one_look() -> None:
    looks: list[int] = []
    begun, gate = threading.Event(), threading.Event()

    def look() -> int:
        looks.append(1)
        begun.set()
        assert gate.wait(10)
        return len(looks)

    async def go() -> None:
        watchers = watching.Watchers(lambda ids: {})
        asking = [asyncio.create_task(watchers.read_together(("x", 3), look)) for _ in range(20)]
        assert await asyncio.to_thread(begun.wait, 10)
        # One who hangs up, the first of all, does not end it for the others.
        asking[0].cancel()
        gate.set()
        assert set(await asyncio.gather(*asking[1:])) == {1}
        assert await watchers.read_together(("x", 3), look) == 2
        watchers.close()

    asyncio.run(go())
