"""Waiting and following: through outages and cuts, without a hidden end, and nothing told twice."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from osa.cli import pacing
from osa.cli.ingestion import IngestionError, IngestionTimeout, iter_events, wait_ingestion

EXAMPLES: dict[str, Any] = {
    name: example["value"]
    for name, example in yaml.safe_load(
        (Path(__file__).parents[2] / "openapi.yaml").read_text(encoding="utf-8")
    )["components"]["examples"].items()
}
ID = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f"
WHERE = {"server": "http://archive.example", "token": "t0ken-of-mine", "ingestion_id": ID}
QUEUED, RUNNING = EXAMPLES["IngestionQueued"], EXAMPLES["IngestionRunning"]
SUCCEEDED, FAILED = EXAMPLES["IngestionSucceeded"], EXAMPLES["IngestionFailed"]
DOWN = httpx.ConnectError("refused")


class Clock:
    """Time that passes only when somebody pauses."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(pacing, "sleep", made.sleep)
    monkeypatch.setattr(pacing, "monotonic", lambda: made.now)
    return made


def serving(*answers: Any) -> tuple[httpx.Client, list[httpx.Request]]:
    """A client whose server answers these in turn and the last one for ever."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        found = answers[min(len(asked), len(answers)) - 1]
        if isinstance(found, Exception):
            raise found
        if callable(found):
            return found(request)
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)

    return httpx.Client(transport=httpx.MockTransport(answer)), asked


def wait(*answers: Any, **keywords: Any) -> dict[str, Any]:
    return wait_ingestion(**WHERE, http=serving(*answers)[0], **keywords)


def hinted(seconds: Any) -> dict[str, Any]:
    return {**RUNNING, "poll_after_seconds": seconds}


@pytest.mark.parametrize("name", ["Succeeded", "Failed", "Canceled"])
def test_waiting_ends_with_each_of_the_ended_states_and_gives_it_untouched(name: str) -> None:
    ended = EXAMPLES[f"Ingestion{name}"]
    assert wait(QUEUED, RUNNING, ended) == ended


def test_waiting_branches_on_done_and_not_on_a_list_of_states() -> None:
    dissolved = {**SUCCEEDED, "status": "dissolved"}
    dozing = {**RUNNING, "status": "succeeded_soon"}
    assert wait(dozing, dissolved)["status"] == "dissolved"


def test_waiting_goes_on_for_as_long_as_it_takes(clock: Clock) -> None:
    assert wait(*[hinted(60)] * 600, SUCCEEDED) == SUCCEEDED
    assert clock.now > 60 * 600


def test_the_servers_hint_is_followed_with_jitter_and_between_half_a_second_and_a_minute(
    clock: Clock,
) -> None:
    wait(*(hinted(hint) for hint in (0, 10, 3600, None, "soon", True)), SUCCEEDED)
    zero, ten, hour, *senseless = clock.pauses
    assert (zero, hour) == (0.5, 60)
    assert 10 <= ten <= 12.5
    assert all(2 <= pause <= 2.5 for pause in senseless)


def test_every_change_is_told_once_and_the_end_too() -> None:
    beat = {**RUNNING, "heartbeat_at": "2026-11-22T09:00:09Z", "updated_at": "2026-11-22T09:00:09Z"}
    told: list[dict[str, Any]] = []
    wait(QUEUED, QUEUED, RUNNING, beat, RUNNING, FAILED, on_change=told.append)
    assert told == [QUEUED, RUNNING, FAILED]
    told.clear()
    wait(FAILED, on_change=told.append)
    assert told == [FAILED]


def test_waiting_too_long_raises_with_the_last_state_and_leaves_the_ingestion_alone(
    clock: Clock,
) -> None:
    http, asked = serving(QUEUED, RUNNING)
    with pytest.raises(IngestionTimeout) as caught:
        wait_ingestion(**WHERE, timeout=20, http=http)
    assert caught.value.ingestion == RUNNING
    assert (caught.value.code, clock.now) == ("WAITED_TOO_LONG", 1020)
    assert {request.method for request in asked} == {"GET"}


def test_the_last_look_is_at_the_very_end_of_the_time(clock: Clock) -> None:
    assert wait(hinted(60), SUCCEEDED, timeout=3) == SUCCEEDED
    assert clock.pauses == [3]


def test_a_timeout_of_nothing_looks_once() -> None:
    assert wait(SUCCEEDED, timeout=0) == SUCCEEDED
    with pytest.raises(IngestionTimeout):
        wait(RUNNING, timeout=0)


def test_an_outage_is_waited_for_and_told_of() -> None:
    down: list[IngestionError] = []
    busy = httpx.Response(503, json=EXAMPLES["ProblemUnavailable"])
    page = httpx.Response(502, html="<title>Bad gateway</title>")
    ended = wait(DOWN, RUNNING, *[DOWN] * 9, busy, page, RUNNING, SUCCEEDED, on_outage=down.append)
    assert ended == SUCCEEDED
    assert {error.status for error in down} == {None, 503, 502}


def test_an_outage_longer_than_its_budget_is_an_error_that_names_it(clock: Clock) -> None:
    with pytest.raises(IngestionError) as caught:
        wait(RUNNING, DOWN, outage_budget=100)
    assert caught.value.code == "UNREACHABLE"
    assert 1100 <= clock.now < 1105


def test_each_outage_has_the_whole_budget(clock: Clock) -> None:
    slow = httpx.Response(503, headers={"Retry-After": "80"})
    assert wait(*[slow, RUNNING] * 5, SUCCEEDED, outage_budget=100) == SUCCEEDED
    assert clock.now > 1400


def test_an_outage_does_not_prolong_the_timeout(clock: Clock) -> None:
    with pytest.raises(IngestionTimeout) as caught:
        wait(RUNNING, DOWN, timeout=50, outage_budget=10_000)
    assert caught.value.ingestion == RUNNING
    assert isinstance(caught.value.__cause__, IngestionError)
    assert clock.now == 1050


@pytest.mark.parametrize("name", ["ProblemIngestionNotFound", "ProblemUnauthenticated"])
def test_what_waiting_cannot_mend_ends_it_at_once(name: str) -> None:
    problem = EXAMPLES[name]
    http, asked = serving(RUNNING, httpx.Response(problem["status"], json=problem))
    with pytest.raises(IngestionError) as caught:
        wait_ingestion(**WHERE, http=http)
    assert (caught.value.code, len(asked)) == (problem["code"], 2)


def test_an_interruption_passes_through_and_cancels_nothing() -> None:
    def interrupt(_request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    http, asked = serving(RUNNING, interrupt)
    with pytest.raises(KeyboardInterrupt):
        wait_ingestion(**WHERE, http=http)
    assert [request.method for request in asked] == ["GET", "GET"]


def event(number: int, *, done: bool = False, **data: Any) -> dict[str, Any]:
    return {
        "number": number,
        "type": "ingestion_succeeded" if done else "batch_committed",
        "at": "2026-11-22T09:00:00.000000Z",
        "data": {"status": "running", "done": done, **data},
    }


def page(*events: dict[str, Any], more: bool = False, active: bool = True) -> dict[str, Any]:
    last = events[-1]["number"] if events else 0
    whole: dict[str, Any] = {
        "items": [*events],
        "last_number": last,
        "has_more": more,
    }
    return {**whole, "poll_after_seconds": 1} if active else whole


class Chunks(httpx.SyncByteStream):
    """The bytes of an answer, in these pieces, and then an end or a cut."""

    def __init__(self, *chunks: bytes, cut: Exception | None = None) -> None:
        self._chunks, self._cut = chunks, cut

    def __iter__(self) -> Any:
        yield from self._chunks
        if self._cut is not None:
            raise self._cut


def stream(*chunks: bytes, cut: Exception | None = None) -> httpx.Response:
    kind = {"Content-Type": "text/event-stream; charset=utf-8"}
    return httpx.Response(200, headers=kind, stream=Chunks(*chunks, cut=cut))


def line(each: dict[str, Any], newline: str = "\n") -> bytes:
    text = json.dumps(each, ensure_ascii=False)
    lines = [f"id: {each['number']}", f"event: {each['type']}", f"data: {text}", "", ""]
    return newline.join(lines).encode()


def numbers(*answers: Any, **keywords: Any) -> tuple[list[int], list[httpx.Request]]:
    http, asked = serving(*answers)
    return [each["number"] for each in iter_events(**WHERE, http=http, **keywords)], asked


def by_path(streams: list[Any], pages: list[Any]) -> Callable[[httpx.Request], httpx.Response]:
    """One list of answers for the stream, another for the pages."""

    def answer(request: httpx.Request) -> httpx.Response:
        queue = streams if request.url.path.endswith("/stream") else pages
        found = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)

    return answer


def test_the_events_there_are_come_page_by_page_and_then_it_ends() -> None:
    got, asked = numbers(page(event(3), event(4), more=True), page(event(5)), after=2)
    assert got == [3, 4, 5]
    assert [request.url.params["after"] for request in asked] == ["2", "4"]


def test_a_log_is_followed_to_the_event_that_ends_the_ingestion() -> None:
    last = event(3, done=True)
    got, asked = numbers(
        stream(line(event(1)), b": keep-alive\n\n", line(event(2)), line(last)), follow=True
    )
    assert (got, len(asked)) == ([1, 2, 3], 1)
    assert "Last-Event-ID" not in asked[0].headers


def test_a_stream_that_is_cut_anywhere_is_resumed_with_each_number_once() -> None:
    whole = b"".join(line(event(n, done=n == 4)) for n in range(1, 5))
    for at in range(len(whole)):

        def again(request: httpx.Request) -> httpx.Response:
            after = int(request.headers.get("Last-Event-ID", "0"))
            # From one event too early: what was told already must not be told twice.
            return stream(*(line(event(n, done=n == 4)) for n in range(max(1, after), 5)))

        got, asked = numbers(stream(whole[:at], cut=httpx.ReadError("cut")), again, follow=True)
        assert got == [1, 2, 3, 4], at
        told = whole[:at].count(b"\n\n")
        assert asked[-1].headers.get("Last-Event-ID", "0") == str(told), at


def test_a_stream_the_server_closes_in_its_own_time_is_taken_up_again(clock: Clock) -> None:
    got, _ = numbers(
        stream(line(event(1))),
        stream(),
        stream(b":\n\n"),
        stream(line(event(2, done=True))),
        follow=True,
    )
    assert got == [1, 2]
    assert all(pause <= 1 for pause in clock.pauses)
    assert clock.pauses[1] >= 0.5


def test_a_stream_is_followed_through_an_outage_but_not_for_ever(clock: Clock) -> None:
    got, _ = numbers(
        stream(line(event(1)), cut=httpx.ReadError("")),
        *[DOWN] * 5,
        stream(line(event(2, done=True))),
        follow=True,
    )
    assert got == [1, 2]
    with pytest.raises(IngestionError) as caught:
        numbers(DOWN, follow=True, outage_budget=60)
    assert caught.value.code == "UNREACHABLE"


def test_after_the_last_event_of_an_ended_ingestion_there_is_nothing() -> None:
    assert numbers(httpx.Response(204), follow=True, after=9)[0] == []


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_stream_is_read_whatever_its_newlines_and_its_pieces(newline: str) -> None:
    odd = event(1, message="a\u2028b\x85c\u2029 \x0b ä")
    whole = b"\xef\xbb\xbf" + line(odd, newline) + line(event(2, done=True), newline)
    http, _ = serving(stream(*(whole[i : i + 1] for i in range(len(whole)))))
    got = list(iter_events(**WHERE, follow=True, http=http))
    assert [each["number"] for each in got] == [1, 2]
    assert got[0] == odd


def test_a_gap_in_the_stream_is_filled_from_the_pages() -> None:
    answer = by_path(
        [stream(line(event(1)), line(event(4)), line(event(5, done=True)))],
        [page(event(2), event(3), event(4))],
    )
    assert numbers(answer, follow=True)[0] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "no_stream",
    [
        httpx.Response(404, json={"code": "NOT_FOUND", "detail": "no such path"}),
        httpx.Response(405),
        httpx.Response(501, text="no"),
        httpx.Response(200, html="<title>Portal</title>"),
        httpx.ReadTimeout("a proxy keeps it all"),
    ],
)
def test_where_no_stream_gets_through_the_log_is_followed_page_by_page(
    no_stream: Any, clock: Clock
) -> None:
    if isinstance(no_stream, Exception):
        no_stream = stream(cut=no_stream)
    answer = by_path(
        [no_stream],
        [page(event(1)), page(), DOWN, page(event(2), more=True), page(event(3, done=True))],
    )
    got, asked = numbers(answer, follow=True)
    assert got == [1, 2, 3]
    assert sum(request.url.path.endswith("/stream") for request in asked) == 1
    assert clock.pauses


def test_pages_that_say_nothing_will_follow_end_the_log() -> None:
    answer = by_path([httpx.Response(405)], [page(event(1)), page(active=False)])
    assert numbers(answer, follow=True)[0] == [1]


def test_an_ingestion_that_does_not_exist_has_no_log() -> None:
    problem = EXAMPLES["ProblemIngestionNotFound"]
    for follow in (False, True):
        with pytest.raises(IngestionError) as caught:
            numbers(httpx.Response(404, json=problem), follow=follow)
        assert caught.value.code == "INGESTION_NOT_FOUND"


def test_a_stream_of_something_else_is_left_for_the_pages() -> None:
    answer = by_path([stream(b"data: [1]\n\n")], [page(event(1, done=True))])
    assert numbers(answer, follow=True)[0] == [1]


@pytest.mark.parametrize(
    "damaged",
    [
        page(event(1), more=True),
        page(more=True),
        page(event(2) | {"number": "2"}) | {"last_number": 2},
        page(event(2) | {"data": []}),
        page() | {"items": {}},
    ],
)
def test_pages_that_are_not_what_the_contract_says_are_an_error_and_no_endless_log(
    damaged: Any,
) -> None:
    with pytest.raises(IngestionError) as caught:
        numbers(damaged, after=1)
    assert caught.value.code == "INVALID_RESPONSE"


def test_stopping_to_listen_closes_the_stream() -> None:
    answer = stream(line(event(1)), line(event(2)))
    events = iter_events(**WHERE, follow=True, http=serving(answer)[0])
    assert next(events)["number"] == 1
    assert not answer.is_closed
    events.close()  # type: ignore[attr-defined]
    assert answer.is_closed
