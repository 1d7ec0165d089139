"""Too much at once is turned away early, and a cancel last of all; what is too large, too."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from osa_testing.waiting import until

from osa.server.http.access import MAX_HEADER_BYTES
from osa.server.http.app import create_app
from osa.server.http.lanes import Lane, Lanes

START = "/api/v1/ingestions"
MANY = 12


class Crowd:
    """Visits to the threads that are not over until the test says so."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._over = threading.Event()
        self._visits: list[Any] = []

    def grow(self, pending: int) -> None:
        """Until so many are under way."""
        while self._lanes.pending < pending:
            self._visits.append(self._lanes.submit(Lane.READS, self._over.wait))
        assert self._lanes.pending == pending

    def leave(self) -> None:
        self._over.set()
        for visit in self._visits:
            visit.result(30)


@pytest.fixture
def crowded(ask: Any, house: Any, settings: Any, secret: str) -> Iterator[tuple[Any, Crowd]]:
    """An application in which twelve visits may be under way: six with writes, nine with reads."""
    app = create_app(house.service, settings.model_copy(update={"max_pending": MANY}))
    crowd = Crowd(app.state.lanes)
    yield type(ask)(app, secret), crowd
    crowd.leave()
    app.state.lanes.close()
    app.state.watchers.close()


def overloaded(response: httpx.Response) -> bool:
    if response.status_code != 503:
        return False
    problem = response.json()
    assert (problem["code"], problem["retryable"]) == ("OVERLOADED", True)
    assert int(response.headers["retry-after"]) >= 1
    return True


def test_writes_are_turned_away_first_then_reads_then_cancels_and_signs_of_life_never(
    crowded: tuple[Any, Crowd], start: Callable[[], Any]
) -> None:
    asks, crowd = crowded
    started = [start() for _ in range(3)]

    def write() -> httpx.Response:
        return asks("POST", START, json={"convention_id": "no-such"})

    def read() -> httpx.Response:
        return asks("GET", START)

    def cancel(one: Any) -> httpx.Response:
        return asks("POST", f"{START}/{one['id']}/cancel")

    crowd.grow(5)
    assert (write().status_code, read().status_code) == (404, 200)
    crowd.grow(6)
    assert overloaded(write())
    assert (read().status_code, cancel(started[0]).status_code) == (200, 200)
    crowd.grow(9)
    assert overloaded(write())
    assert overloaded(read())
    assert cancel(started[1]).json()["status"] == "canceled"
    crowd.grow(12)
    assert overloaded(read())
    assert overloaded(cancel(started[2]))
    for path in ("/healthz", "/readyz", "/openapi.json", "/metrics", "/api/v1/status"):
        assert asks("GET", path).status_code == 200, path
    crowd.leave()
    assert cancel(started[2]).json()["status"] == "canceled"
    assert write().status_code == 404


def test_what_was_turned_away_was_not_done_and_is_counted(
    crowded: tuple[Any, Crowd], start: Callable[[], Any]
) -> None:
    asks, crowd = crowded
    before = asks("GET", START).json()["items"]
    crowd.grow(6)
    body = {"convention_id": "documents", "source": {"type": "text", "text": "x"}}
    for _ in range(3):
        assert overloaded(asks("POST", START, json=body))
    crowd.leave()
    assert asks("GET", START).json()["items"] == before
    assert 'osa_http_shed_total{kind="writes"} 3.0' in asks("GET", "/metrics").text


def test_a_cancel_does_not_wait_behind_reads(
    ask: Any, house: Any, settings: Any, secret: str, start: Callable[[], Any]
) -> None:
    app = create_app(house.service, settings)
    asks, crowd = type(ask)(app, secret), Crowd(app.state.lanes)
    started = start()
    with ThreadPoolExecutor(1) as beside:
        try:
            # Far more than there are threads, and fewer than are turned away.
            crowd.grow(90)
            behind = beside.submit(asks, "GET", f"{START}/{started['id']}")
            until(lambda: app.state.lanes.pending == 91, "a read waits")
            canceled = asks("POST", f"{START}/{started['id']}/cancel")
            assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled")
            assert not behind.done()
        finally:
            crowd.leave()
        # It was admitted, so it is answered.
        assert behind.result(30).json()["status"] == "canceled"
    until(lambda: app.state.lanes.pending == 0, "nothing is under way")
    app.state.lanes.close()
    app.state.watchers.close()


def test_an_open_stream_is_not_under_way(
    serve: Any, secret: str, start: Callable[[], Any], ask: Any
) -> None:
    started = start()
    path = f"{START}/{started['id']}/events/stream"
    headers = {"Authorization": f"Bearer {secret}"}
    with serve(max_pending=10) as (address, server):
        client = httpx.Client(base_url=address, headers=headers, timeout=20)
        lanes = server.config.app.state.lanes
        streams = [client.stream("GET", path) for _ in range(20)]
        opened = [stream.__enter__() for stream in streams]
        assert {one.status_code for one in opened} == {200}
        until(lambda: lanes.pending == 0, "only streams are open")
        assert "\nosa_streams_open 20.0\n" in client.get("/metrics").text
        ask("POST", f"{START}/{started['id']}/cancel")
        for one, stream in zip(opened, streams, strict=True):
            assert "ingestion_canceled" in one.read().decode()
            stream.__exit__(None, None, None)
        assert "\nosa_streams_open 0.0\n" in client.get("/metrics").text
        client.close()


def test_a_write_is_turned_away_before_its_body_is_sent(serve: Any, secret: str) -> None:
    with serve(max_pending=10) as (address, server):
        crowd = Crowd(server.config.app.state.lanes)
        crowd.grow(5)
        head = (
            f"POST /api/v1/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n"
            "Content-Type: application/octet-stream\r\nContent-Length: 100000\r\n\r\n"
        )
        try:
            answer = said(address, head.encode())
        finally:
            crowd.leave()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"OVERLOADED" in answer


def said(address: str, sent: bytes, *, whole: bytes = b"}") -> bytes:
    """What the server answers to these bytes, up to the end of a problem."""
    host, port = urlsplit(address).hostname, urlsplit(address).port
    with socket.create_connection((host, port), timeout=20) as connection:
        connection.sendall(sent)
        answer = b""
        while not answer.endswith(whole):
            received = connection.recv(65536)
            if not received:
                break
            answer += received
    return answer


def test_a_visit_counts_until_its_thread_is_free_even_when_the_caller_is_gone() -> None:
    lanes, began, over = Lanes(10), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        over.wait()

    async def give_up() -> None:
        visit = asyncio.create_task(lanes.aside(Lane.WRITES, work))
        await asyncio.sleep(0)
        # Under way: it cannot be called back.
        assert began.wait(20)
        visit.cancel()
        with pytest.raises(asyncio.CancelledError):
            await visit

    asyncio.run(give_up())
    assert lanes.pending == 1
    over.set()
    until(lambda: lanes.pending == 0, "the thread is free")
    lanes.close()


def test_large_headers_are_a_problem(ask: Any) -> None:
    response = ask("GET", "/healthz", headers={"X-Large": "x" * MAX_HEADER_BYTES})
    assert response.status_code == 431
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (problem["code"], problem["retryable"]) == ("HEADERS_TOO_LARGE", False)
    assert problem["context"] == {"limit_bytes": MAX_HEADER_BYTES}
    assert problem["request_id"] == response.headers["x-request-id"]
    many = {f"X-{number}": "x" * 100 for number in range(400)}
    assert ask("GET", "/healthz", headers=many).status_code == 431
    assert ask("GET", "/healthz", headers={"X-Large": "x" * 30_000}).status_code == 200


def test_a_long_request_line_is_one_too(ask: Any) -> None:
    assert ask("GET", "/healthz?" + "x" * MAX_HEADER_BYTES).status_code == 431
    assert ask("GET", "/" + "x" * MAX_HEADER_BYTES).status_code == 431
    assert ask("GET", "/" + "x" * 30_000).status_code == 404


@pytest.mark.parametrize("size", [MAX_HEADER_BYTES + 1, 2 * MAX_HEADER_BYTES - 300])
@pytest.mark.parametrize("pieces", [1, 40])
def test_the_server_lets_them_through_to_be_answered_so(serve: Any, size: int, pieces: int) -> None:
    with serve() as (address, _):
        host, port = urlsplit(address).hostname, urlsplit(address).port
        sent = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: " + b"x" * size + b"\r\n\r\n"
        step = -(-len(sent) // pieces)
        with socket.create_connection((host, port), timeout=20) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(sent), step):
                connection.sendall(sent[at : at + step])
            answer = b""
            while not answer.endswith(b"}"):
                answer += connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"HEADERS_TOO_LARGE" in answer


def test_far_larger_ones_are_refused_by_the_server_itself(serve: Any) -> None:
    with serve() as (address, _):
        # The end never comes: nothing reads on for ever.
        answer = said(address, b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 300_000, whole=b"received.")
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
