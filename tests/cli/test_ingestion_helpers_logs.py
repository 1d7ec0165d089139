"""The log of an ingestion: each line once and in order, and followed until none can follow."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from osa_testing.canned import ACCESS, EXAMPLES, ID, Server, problem

from osa.cli import pacing
from osa.cli.ingestion import IngestionError, iter_logs, list_logs

DOWN = httpx.ConnectError("refused")
WHERE = {**ACCESS, "ingestion_id": ID}


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


def line(number: int, **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "at": "2026-11-22T09:00:00.000000Z",
        "level": "info",
        "message": f"line {number}",
        **more,
    }


def page(*numbers: int, more: bool = False, active: bool = True, last: int = 0) -> dict[str, Any]:
    whole = {
        "items": [line(number) for number in numbers],
        "last_number": max(numbers, default=last),
        "has_more": more,
    }
    return {**whole, "poll_after_seconds": 1} if active else whole


def numbers(*answers: Any, **keywords: Any) -> tuple[list[int], list[dict[str, str]]]:
    """What is yielded, and the parameters of each request."""
    server = Server(*answers)
    got = [each["number"] for each in iter_logs(**WHERE, http=server.http, **keywords)]
    return got, [dict(request.url.params) for request in server.asked]


def test_the_lines_there_are_now_are_given_untouched() -> None:
    first, second = EXAMPLES["LogPage"]["items"]
    newer = first | {"level": "shout", "a_new_member": [1]}
    whole = EXAMPLES["LogPage"] | {"items": [newer, second], "poll_after_seconds": 1}
    server = Server(whole)
    assert list_logs(**WHERE, http=server.http) == whole["items"]
    assert server.paths() == [f"GET /ingestions/{ID}/logs"]
    assert dict(server.asked[0].url.params) == {"after": "0", "per_page": "200"}


def test_a_long_log_is_walked_page_by_page_from_the_last_number() -> None:
    got, asked = numbers(page(3, 4, more=True), page(7, more=True), page(8), after=2)
    assert got == [3, 4, 7, 8]
    assert [params["after"] for params in asked] == ["2", "4", "7"]


def test_which_lines_goes_with_every_page_and_how_many_of_the_last_only_with_the_first() -> None:
    got, asked = numbers(
        page(18, 19, more=True),
        page(20),
        tail=2,
        level="a_new_level",
        since=datetime(2026, 11, 22, tzinfo=UTC),
        attempt=3,
    )
    assert got == [18, 19, 20]
    always = {
        "level": "a_new_level",
        "since": "2026-11-22T00:00:00+00:00",
        "attempt": "3",
        "per_page": "200",
    }
    assert asked == [always | {"after": "0", "tail": "2"}, always | {"after": "19"}]


def test_a_page_whose_lines_are_all_filtered_out_leads_on() -> None:
    got, asked = numbers(page(last=200, more=True), page(201), level="error")
    assert got == [201]
    assert asked[1]["after"] == "200"


def test_a_log_is_followed_until_no_line_can_follow(clock: Clock) -> None:
    got, asked = numbers(
        page(1),
        page(last=1),
        page(2, 3, more=True),
        page(4),
        page(5, more=True, active=False),
        page(6, active=False),
        follow=True,
    )
    assert got == [1, 2, 3, 4, 5, 6]
    assert [params["after"] for params in asked] == ["0", "1", "1", "3", "4", "5"]
    assert len(clock.pauses) == 3
    assert all(1 <= pause <= 1.25 for pause in clock.pauses)


def test_following_starts_with_the_last_lines_and_asks_for_them_until_they_have_come() -> None:
    got, asked = numbers(DOWN, page(9, 10), page(11, active=False), tail=2, follow=True)
    assert got == [9, 10, 11]
    assert [params.get("tail") for params in asked] == ["2", "2", None]
    assert [params["after"] for params in asked] == ["0", "0", "10"]


def test_the_log_of_an_ended_ingestion_is_followed_to_its_end_at_once(clock: Clock) -> None:
    assert numbers(page(1, 2, active=False), follow=True)[0] == [1, 2]
    assert numbers(page(active=False), follow=True)[0] == []
    assert clock.pauses == []


def test_a_line_that_comes_twice_is_told_once() -> None:
    got, _ = numbers(page(1, 2), page(2, 3), page(1, 4, active=False), follow=True)
    assert got == [1, 2, 3, 4]


def test_a_log_is_followed_through_each_outage_but_not_for_ever(clock: Clock) -> None:
    busy = problem("Overloaded", **{"Retry-After": "80"})
    got, _ = numbers(
        page(1), busy, page(2), busy, page(3, active=False), follow=True, outage_budget=100
    )
    assert got == [1, 2, 3]
    before = clock.now
    with pytest.raises(IngestionError) as caught:
        numbers(page(1), DOWN, follow=True, outage_budget=60)
    assert caught.value.code == "UNREACHABLE"
    assert 60 <= clock.now - before < 70


@pytest.mark.parametrize("keywords", [{}, {"follow": True}])
@pytest.mark.parametrize(
    "refusal", ["IngestionNotFound", "InvalidRequest", "Unauthenticated", "Forbidden"]
)
def test_what_patience_cannot_mend_ends_the_log_at_once(
    refusal: str, keywords: dict[str, Any]
) -> None:
    server = Server(page(1, more=True), problem(refusal))
    lines = iter_logs(**WHERE, http=server.http, **keywords)
    assert next(lines)["number"] == 1
    with pytest.raises(IngestionError) as caught:
        next(lines)
    assert caught.value.code == EXAMPLES[f"Problem{refusal}"]["code"]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "damaged",
    [
        page(1, more=True),
        page(more=True),
        page(2) | {"items": {}},
        page(2) | {"items": [line(2) | {"number": "2"}]},
        page(2) | {"last_number": None},
        page(2) | {"items": [{"number": 2}]},
    ],
)
def test_pages_that_are_not_what_the_contract_says_are_an_error_and_no_endless_log(
    damaged: Any,
) -> None:
    reads: list[Callable[..., Any]] = [list_logs, lambda **k: list(iter_logs(**k))]
    for read in reads:
        with pytest.raises(IngestionError) as caught:
            read(**WHERE, after=1, http=Server(damaged).http)
        assert caught.value.code == "INVALID_RESPONSE"
