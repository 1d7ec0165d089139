"""Reading an ingestion that may not have changed: tags, 304, and waiting until it has."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from osa_testing.waiting import stays, until

from osa.conventions.authoring import Progress
from osa.server.bootstrap import House


def path_of(started: Any) -> str:
    return f"/api/v1/ingestions/{started['id']}"


def cancel(ask: Any, started: Any) -> None:
    assert ask("POST", f"{path_of(started)}/cancel").status_code == 200


@pytest.fixture
def connect(serve: Any, secret: str) -> Any:
    """A server with other settings, a client of it, and a thread that waits."""

    @contextmanager
    def go(**settings: Any) -> Iterator[tuple[httpx.Client, Any, ThreadPoolExecutor]]:
        headers = {"Authorization": f"Bearer {secret}"}
        with (
            serve(**settings) as (address, server),
            httpx.Client(base_url=address, headers=headers, timeout=30) as client,
            ThreadPoolExecutor() as threads,
        ):
            yield client, server, threads

    return go


class Reader:
    """Reads in another thread, and waits there."""

    def __init__(self, client: httpx.Client, server: Any, threads: ThreadPoolExecutor) -> None:
        self._client, self._threads = client, threads
        self.watchers = server.config.app.state.watchers

    def waits(self, path: str, **headers: str) -> Future[httpx.Response]:
        """A read that is known to be waiting now."""
        before = len(self.watchers)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = self._threads.submit(self._client.get, path, headers=named)
        until(lambda: len(self.watchers) > before, "a read that waits", every=0.005)
        return asked


def test_what_has_not_changed_is_a_304_with_all_that_it_may_have(ask: Any, start: Any) -> None:
    started = start()
    first = ask("GET", path_of(started))
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    for known in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
        same = ask("GET", path_of(started), headers={"If-None-Match": known})
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["etag"] == tag
        assert int(same.headers["retry-after"]) >= 1
        assert "content-length" not in same.headers and "content-type" not in same.headers
    for other in ('"x"', "", "no tag at all"):
        assert ask("GET", path_of(started), headers={"If-None-Match": other}).status_code == 200
    lines = [("If-None-Match", '"x"'), ("If-None-Match", tag)]
    assert ask("GET", path_of(started), headers=lines).status_code == 304
    cancel(ask, started)
    changed = ask("GET", path_of(started), headers={"If-None-Match": tag})
    assert changed.status_code == 200 and changed.headers["etag"] != tag
    ended = ask("GET", path_of(started), headers={"If-None-Match": changed.headers["etag"]})
    assert ended.status_code == 304 and "retry-after" not in ended.headers


def test_signs_of_life_change_no_tag_and_everything_else_does(
    ask: Any, start: Any, house: House
) -> None:
    started = start()
    other = start()

    def tag() -> str:
        found: str = ask("GET", path_of(started)).headers["etag"]
        return found

    queued = tag()
    cancel(ask, other)  # a place in the queue
    assert tag() == queued
    job = house.running.take(started["id"], "a-worker")
    assert job is not None
    taken = tag()
    assert taken != queued
    house.running.beat("a-worker", slots=1)
    assert tag() == taken
    house.running.show(job, Progress(completed=3, total=9))
    moved = tag()
    assert moved != taken
    retried = ask("POST", f"{path_of(started)}/cancel", json={"force": True})
    assert retried.status_code == 200
    ended = tag()
    assert ended != moved
    again = ask("POST", f"{path_of(started)}/retry", json={"scope": "all"})
    assert again.status_code == 202
    assert tag() != ended
    cancel(ask, again.json())
    assert ask("DELETE", path_of(again.json())).status_code == 204
    assert tag() == ended


def test_a_read_waits_until_the_ingestion_is_done(connect: Any, ask: Any, start: Any) -> None:
    started = start()
    with connect() as (client, server, threads):
        reader = Reader(client, server, threads)
        waiting = reader.waits(path_of(started), Prefer="wait=20")
        cancel(ask, started)
        answer = waiting.result(10)
        assert answer.status_code == 200
        assert answer.json()["status"] == "canceled"
        assert answer.headers["preference-applied"] == "wait=20"
        assert answer.headers["etag"] == client.get(path_of(started)).headers["etag"]
        assert len(reader.watchers) == 0


def test_a_read_with_a_tag_waits_until_there_is_another(
    connect: Any, ask: Any, start: Any, house: House
) -> None:
    started = start()
    with connect() as (client, server, threads):
        reader = Reader(client, server, threads)
        tag = client.get(path_of(started)).headers["etag"]
        waiting = reader.waits(path_of(started), Prefer="wait=20", If_None_Match=tag)
        until_done = reader.waits(path_of(started), Prefer="wait=20")
        assert house.running.take(started["id"], "another-worker") is not None
        answer = waiting.result(10)
        assert (answer.status_code, answer.json()["status"]) == (200, "running")
        assert answer.headers["etag"] != tag
        stays(lambda: not until_done.done(), "waiting for the end", seconds=0.6)
        forced = ask("POST", f"{path_of(started)}/cancel", json={"force": True})
        assert forced.status_code == 200
        assert until_done.result(10).json()["done"] is True


def test_a_wait_that_is_over_answers_how_things_are(connect: Any, start: Any) -> None:
    started = start()
    with connect(stream_max_seconds=1.0) as (client, _, _):
        tag = client.get(path_of(started)).headers["etag"]
        began = time.monotonic()
        # The server waits no longer than its streams are.
        same = client.get(path_of(started), headers={"Prefer": "wait=30", "If-None-Match": tag})
        assert 0.9 < time.monotonic() - began < 5
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["preference-applied"] == "wait=1"
        assert same.headers["etag"] == tag
        queued = client.get(path_of(started), headers={"Prefer": "wait=1"})
        assert (queued.status_code, queued.json()["status"]) == (200, "queued")


def test_nobody_waits_for_what_is_there_already(ask: Any, start: Any) -> None:
    """These would take a minute each."""
    started = start()
    path = path_of(started)
    began = time.monotonic()
    wait = {"Prefer": "wait=60"}
    other = ask("GET", path, headers={**wait, "If-None-Match": '"x"'})
    assert (other.status_code, other.headers["preference-applied"]) == (200, "wait=60")
    assert ask("GET", path, headers={**wait, "If-None-Match": "*"}).status_code == 304
    assert ask("GET", path, headers={"Prefer": "wait=0"}).headers["preference-applied"] == "wait=0"
    assert "preference-applied" not in ask("GET", path, headers={"Prefer": "wait=soon"}).headers
    missing = ask("GET", path[:-4] + "0000", headers=wait)
    assert missing.status_code == 404
    cancel(ask, started)
    assert ask("GET", path, headers={"Prefer": "wait=4711"}).json()["done"] is True
    assert time.monotonic() - began < 20


def test_waiting_holds_no_thread(connect: Any, ask: Any, start: Any) -> None:
    """More wait than there are threads; everybody else is answered, and all of them are."""
    started = start()
    with connect() as (client, server, _), ThreadPoolExecutor(60) as threads:
        limits = httpx.Limits(max_connections=100)
        with httpx.Client(
            base_url=client.base_url, headers=client.headers, limits=limits, timeout=30
        ) as many:
            reader = Reader(many, server, threads)
            waiting = [
                threads.submit(many.get, path_of(started), headers={"Prefer": "wait=30"})
                for _ in range(60)
            ]
            until(lambda: len(reader.watchers) == 60, "sixty that wait")
            busy = [t for t in threading.enumerate() if t.name.startswith("osa-watch")]
            assert len(busy) <= 8
            assert client.get("/api/v1/ingestions").status_code == 200
            cancel(ask, started)
            assert {one.result(15).json()["status"] for one in waiting} == {"canceled"}


def test_who_hangs_up_while_waiting_is_forgotten(connect: Any, start: Any) -> None:
    with connect() as (client, server, threads):
        reader = Reader(client, server, threads)
        asked = threads.submit(
            client.get, path_of(start()), headers={"Prefer": "wait=30"}, timeout=1.0
        )
        until(lambda: len(reader.watchers) == 1, "a read that waits")
        with pytest.raises(httpx.ReadTimeout):
            asked.result(10)
        until(lambda: len(reader.watchers) == 0, "the server forgets it")


def test_a_stopping_server_answers_those_who_wait(connect: Any, start: Any) -> None:
    with connect() as (client, server, threads):
        waiting = Reader(client, server, threads).waits(path_of(start()), Prefer="wait=30")
        server.should_exit = True
        answer = waiting.result(10)
        assert (answer.status_code, answer.json()["status"]) == (200, "queued")


def test_who_waits_for_an_ingestion_that_is_deleted_is_told(
    connect: Any, ask: Any, start: Any
) -> None:
    started = start()
    cancel(ask, started)
    with connect() as (client, server, threads):
        tag = client.get(path_of(started)).headers["etag"]
        waiting = Reader(client, server, threads).waits(
            path_of(started), Prefer="wait=20", If_None_Match=tag
        )
        assert ask("DELETE", path_of(started)).status_code == 204
        gone = waiting.result(10)
        assert gone.status_code == 404
        assert gone.json()["code"] == "INGESTION_NOT_FOUND"
