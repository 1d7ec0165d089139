"""Every failure of a helper is an `IngestionError` that tells everything and holds no token."""

import json
import pickle
import re
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from osa.cli import ingestion as helpers
from osa.cli import pacing
from osa.cli.ingestion import IngestionError

CONTRACT: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "openapi.yaml").read_text(encoding="utf-8")
)
EXAMPLES: dict[str, Any] = {n: e["value"] for n, e in CONTRACT["components"]["examples"].items()}
PROBLEMS = {n: v for n, v in EXAMPLES.items() if n.startswith("Problem")}
ID = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f"
TOKEN = "t0ken-of-mine"
RUNNING = EXAMPLES["IngestionRunning"]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(pacing, "sleep", taken.append)
    return taken


def answering(*answers: httpx.Response | Exception) -> tuple[httpx.Client, list[httpx.Request]]:
    """A client whose server gives these answers in turn, and the last one for ever."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        found = answers[min(len(asked), len(answers)) - 1]
        if isinstance(found, Exception):
            raise found
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)

    return httpx.Client(transport=httpx.MockTransport(answer)), asked


def failure(
    http: httpx.Client | None, server: str = "https://archive.example", **more: Any
) -> IngestionError:
    with pytest.raises(IngestionError) as caught:
        helpers.get_ingestion(server=server, token=TOKEN, ingestion_id=ID, http=http, **more)
    for text in (str(caught.value), repr(caught.value), *traceback.format_exception(caught.value)):
        assert TOKEN not in text
    return caught.value


@contextmanager
def loopback(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A real server that lets `talk` answer each connection; its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                talk(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        # Wakes a thread that is waiting in accept; closing alone does not.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_documented_problem_becomes_an_error_that_says_the_same(name: str) -> None:
    problem = PROBLEMS[name]
    headers = {"Content-Type": "application/problem+json", "Retry-After": "7"}
    http, asked = answering(httpx.Response(problem["status"], headers=headers, json=problem))
    error = failure(http, retries=0)
    assert (error.status, error.code, error.detail) == (
        problem["status"],
        problem["code"],
        problem["detail"],
    )
    assert (error.request_id, error.retryable) == (problem["request_id"], problem["retryable"])
    assert error.errors == problem.get("errors", [])
    assert error.context == problem.get("context", {})
    assert error.retry_after == 7
    assert problem["code"] in str(error) and problem["request_id"] in str(error)
    assert len(asked) == 1


def test_the_contract_documents_problems_to_try() -> None:
    assert len(PROBLEMS) > 15


def moved(location: str) -> httpx.Response:
    return httpx.Response(307, headers={"Location": location})


def raw(content: bytes) -> httpx.Response:
    return httpx.Response(200, headers={"Content-Type": "application/json"}, content=content)


PAGE = "<html><head><title>502 Bad\nGateway</title></head><body>nginx \x1b[31m</body></html>"


@pytest.mark.parametrize(
    ("answer", "code", "retryable"),
    [
        (httpx.Response(502, html=PAGE), "UNEXPECTED_STATUS", True),
        (httpx.Response(520, text="?"), "UNEXPECTED_STATUS", True),
        (httpx.Response(499), "UNEXPECTED_STATUS", False),
        (httpx.Response(999, text="\x1b[31m"), "UNEXPECTED_STATUS", False),
        (httpx.Response(418, json={"detail": "tea", "code": 7}), "UNEXPECTED_STATUS", False),
        (httpx.Response(500, json=["not", "an", "object"]), "UNEXPECTED_STATUS", False),
        (httpx.Response(503, content=b"[" * 100_000), "UNEXPECTED_STATUS", True),
        (httpx.Response(299, json=RUNNING), "UNEXPECTED_STATUS", False),
        (moved("https://u:p@elsewhere.example/?q=1"), "REDIRECTED", False),
        (moved("http://["), "REDIRECTED", False),
        (httpx.Response(304), "UNEXPECTED_STATUS", False),
        (httpx.Response(200, html=PAGE), "INVALID_RESPONSE", False),
        (httpx.Response(200, content=json.dumps(RUNNING)), "INVALID_RESPONSE", False),
        (httpx.Response(200, json=[RUNNING]), "INVALID_RESPONSE", False),
        (httpx.Response(200, json={}), "INVALID_RESPONSE", False),
        (httpx.Response(200, json=RUNNING | {"id": 7}), "INVALID_RESPONSE", False),
        (httpx.Response(200, json=RUNNING | {"counts": None}), "INVALID_RESPONSE", False),
        (httpx.Response(200, json=RUNNING | {"created_at": "soon"}), "INVALID_RESPONSE", False),
        (raw(b"[" * 100_000), "INVALID_RESPONSE", False),
        (raw(b'{"id": "0'), "INVALID_RESPONSE", True),
        (raw(b'"\xff"'), "INVALID_RESPONSE", True),
    ],
)
def test_an_answer_that_is_no_problem_keeps_its_status(
    answer: httpx.Response, code: str, retryable: bool
) -> None:
    http, _ = answering(answer)
    error = failure(http, retries=0)
    assert (error.status, error.code, error.retryable) == (answer.status_code, code, retryable)
    assert error.detail.isprintable()
    assert "u:p@" not in error.detail and "q=1" not in error.detail


def test_a_page_of_a_proxy_is_told_by_its_title() -> None:
    http, _ = answering(httpx.Response(502, html=PAGE))
    assert failure(http, retries=0).detail.endswith("502 Bad Gateway: 502 Bad Gateway")


def test_the_cause_is_kept() -> None:
    http, _ = answering(httpx.Response(200, json={}))
    assert isinstance(failure(http).__cause__, KeyError)
    cause = httpx.ReadError("cut")
    http, _ = answering(cause)
    assert failure(http).__cause__ is cause


def test_an_error_survives_the_way_to_another_process() -> None:
    http, _ = answering(httpx.Response(409, json=PROBLEMS["ProblemAlreadyEnded"]))
    error = failure(http)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.context) == (type(error), str(error), error.context)


def test_a_refused_connection_is_unreachable_and_says_what_to_look_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure(None, server=f"http://127.0.0.1:{port}")
    assert (error.code, error.status, error.retryable) == ("UNREACHABLE", None, True)
    assert "refused" in error.detail and str(port) in error.detail


def test_a_name_that_does_not_exist_is_unreachable_and_names_it() -> None:
    error = failure(None, server="http://archive.invalid")
    assert (error.code, error.status) == ("UNREACHABLE", None)
    assert "'archive.invalid'" in error.detail


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".invalid", "["])
def test_a_host_that_no_resolver_takes_is_an_error_like_all_others(host: str) -> None:
    error = failure(None, server=f"http://{host}", retries=0)
    assert error.code in ("INVALID_ARGUMENT", "UNREACHABLE")


def test_a_server_that_never_answers_is_a_timeout() -> None:
    over = threading.Event()
    with loopback(lambda _connection: over.wait(10)) as server:  # type: ignore[arg-type, return-value]
        try:
            error = failure(None, server=server, timeout=0.05, retries=0)
        finally:
            over.set()
    assert (error.code, error.status, error.retryable) == ("TIMEOUT", None, True)


def test_a_server_without_tls_is_not_spoken_to_over_https() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with loopback(talk) as server:
        error = failure(None, server=server.replace("http:", "https:"), retries=0)
    assert (error.code, error.status, error.retryable) == ("TLS_FAILED", None, False)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"not HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    ],
)
def test_an_answer_that_breaks_off_is_unreachable(sent: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(sent)

    with loopback(talk) as server:
        error = failure(None, server=server, retries=1)
    assert (error.code, error.status, error.retryable) == ("UNREACHABLE", None, True)


@pytest.mark.parametrize(
    "server",
    [
        "",
        "archive.example",
        "ftp://archive.example",
        "http://",
        "http://u:hush@h",
        "http://h/?a=b",
        "https://h:99999999",
    ],
)
def test_what_is_no_address_of_a_server_is_said_at_once(server: str) -> None:
    http, asked = answering(httpx.Response(200, json=RUNNING))
    error = failure(http, server=server)
    assert (error.code, asked) == ("INVALID_ARGUMENT", [])
    assert "hush" not in str(error)


@pytest.mark.parametrize(
    "token", ["", "t0ken with space", "t0ken\r\nX-Other: 1", "t0kén", "t0ken\x00"]
)
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(token: str) -> None:
    http, asked = answering(httpx.Response(200, json=RUNNING))
    with pytest.raises(IngestionError) as caught:
        helpers.get_ingestion(server="http://h", token=token, ingestion_id=ID, http=http)
    assert (caught.value.code, asked) == ("INVALID_ARGUMENT", [])
    assert not token or token not in str(caught.value)


def test_what_json_cannot_carry_is_refused_before_anything_is_sent() -> None:
    http, asked = answering(httpx.Response(202, json=EXAMPLES["IngestionQueued"]))
    unfit: list[Any] = [float("nan"), {1, 2}, "\ud800", datetime(2026, 1, 1)]
    for value in unfit:
        with pytest.raises(IngestionError) as caught:
            helpers.start_ingestion(
                server="http://h", token=TOKEN, convention_id="d", metadata={"a": value}, http=http
            )
        assert caught.value.code == "INVALID_ARGUMENT"
    with pytest.raises(IngestionError):
        helpers.start_ingestion(
            server="http://h", token=TOKEN, convention_id="d", idempotency_key="é\n", http=http
        )
    assert asked == []


def test_a_token_that_the_server_echoes_is_in_no_text_of_the_error() -> None:
    problem = PROBLEMS["ProblemUnauthenticated"] | {
        "detail": f"{TOKEN} is unknown",
        "errors": [{"loc": ["header"], "msg": "bad", "type": "x", "input": f"Bearer {TOKEN}"}],
        "context": {TOKEN: [TOKEN]},
    }
    http, _ = answering(httpx.Response(401, json=problem))
    error = failure(http)
    assert TOKEN not in json.dumps([error.detail, error.errors, error.context])
    for page in (
        httpx.Response(400, text=TOKEN),
        httpx.Response(400, html=f"<title>{TOKEN}</title>"),
    ):
        failure(answering(page)[0])


def test_the_token_is_never_sent_after_a_redirect() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/"})

    http = httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True)
    error = failure(http)
    assert asked == ["archive.example"]
    assert "elsewhere.example" in error.detail


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504, 520, 524])
def test_a_read_is_tried_again_after_what_passes(status: int, pauses: list[float]) -> None:
    http, asked = answering(
        httpx.Response(status), httpx.ConnectError("refused"), httpx.Response(200, json=RUNNING)
    )
    got = helpers.get_ingestion(server="http://h", token=TOKEN, ingestion_id=ID, http=http)
    assert got == RUNNING
    assert (len(asked), len(pauses)) == (3, 2)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415, 416, 422])
def test_a_request_that_is_wrong_is_never_sent_twice(status: int) -> None:
    """Not even when the server says it could be."""
    problem = PROBLEMS["ProblemUnavailable"] | {"status": status, "retryable": True}
    http, asked = answering(httpx.Response(status, json=problem))
    failure(http, retries=5)
    assert len(asked) == 1


def test_an_internal_error_is_tried_again_only_when_the_server_says_so() -> None:
    for retryable, times in ((True, 3), (False, 1)):
        problem = PROBLEMS["ProblemInternalError"] | {"retryable": retryable}
        http, asked = answering(httpx.Response(500, json=problem))
        failure(http)
        assert len(asked) == times


def test_retries_are_counted() -> None:
    for retries in (0, 1, 4):
        http, asked = answering(httpx.ReadTimeout("slow"))
        assert failure(http, retries=retries).code == "TIMEOUT"
        assert len(asked) == retries + 1


def test_a_cancel_is_tried_again_and_a_conflict_is_not() -> None:
    canceling = httpx.Response(202, json=EXAMPLES["IngestionCanceling"])
    http, asked = answering(httpx.ReadError("cut"), httpx.Response(503), canceling)
    answer = helpers.cancel_ingestion(server="http://h", token=TOKEN, ingestion_id=ID, http=http)
    assert (answer, len(asked)) == (EXAMPLES["IngestionCanceling"], 3)
    http, asked = answering(httpx.Response(409, json=PROBLEMS["ProblemAlreadyEnded"]))
    with pytest.raises(IngestionError) as caught:
        helpers.cancel_ingestion(server="http://h", token=TOKEN, ingestion_id=ID, http=http)
    assert (caught.value.code, len(asked)) == ("INGESTION_ALREADY_ENDED", 1)
    assert caught.value.context["ingestion"]["done"] is True


def test_pauses_grow_and_are_spread_over_their_whole_length(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    ranges: list[tuple[float, float]] = []
    monkeypatch.setattr(pacing, "uniform", lambda low, high: ranges.append((low, high)) or high)
    http, _ = answering(httpx.ConnectError("refused"))
    failure(http, retries=4)
    assert ranges == [(0, 1), (0, 2), (0, 4), (0, 8)]
    assert pauses == [1, 2, 4, 8]


def test_the_server_is_given_the_time_it_asks_for(pauses: list[float]) -> None:
    http, _ = answering(
        httpx.Response(503, headers={"Retry-After": "9"}), httpx.Response(200, json=RUNNING)
    )
    helpers.get_ingestion(server="http://h", token=TOKEN, ingestion_id=ID, http=http)
    assert 9 <= pauses[0] < 10


def test_a_server_that_asks_for_more_than_the_budget_gets_its_error_reported(
    pauses: list[float],
) -> None:
    http, asked = answering(httpx.Response(429, headers={"Retry-After": "3600"}))
    assert failure(http).retry_after == 3600
    assert (len(asked), pauses) == (1, [])


def test_retry_after_is_understood_as_seconds_and_as_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 90 < (pacing.parse_retry_after(soon) or 0) <= 100
    past = format_datetime(datetime(2000, 1, 1, tzinfo=UTC), usegmt=True)
    assert pacing.parse_retry_after(past) == 0
    assert pacing.parse_retry_after(" 5 ") == 5
    for senseless in (None, "", "-1", "soon", "1e9", "nan", "٣"):
        assert pacing.parse_retry_after(senseless) is None


def test_every_code_of_this_side_is_documented_beside_the_error() -> None:
    source = Path(helpers.__file__).parent
    used = {
        code
        for module in source.glob("*.py")
        for code in re.findall(r'\bIngestionError\([^()]*code="([A-Z_]+)"', module.read_text())
    }
    documentation = (source / "errors.py").read_text().split('"""')[1]
    assert used and [code for code in used if code not in documentation] == []
