"""How often a caller may ask: counted by token, apart for reads, writes and cancels, and told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osa.server.http.app import create_app
from osa.server.http.gate import Gate
from osa.server.http.rates import Rate
from osa.server.model import Scope

SECOND = 1_000_000_000
LIST = "/api/v1/ingestions"


class Clock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.moment = 7 * SECOND

    def __call__(self) -> int:
        return self.moment

    def move(self, seconds: float) -> None:
        self.moment += round(seconds * SECOND)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_bucket_admits_its_quota_at_once_and_then_at_its_rate(clock: Clock) -> None:
    rate = Rate("reads", 60, clock=clock)
    standings = [rate.take("a") for _ in range(60)]
    assert [one.remaining for one in standings] == list(range(59, -1, -1))
    assert all(one.admitted and one.more_in_seconds == 1 for one in standings)
    refused = rate.take("a")
    assert (refused.admitted, refused.remaining, refused.more_in_seconds) == (False, 0, 1)
    clock.move(0.999)
    assert not rate.take("a").admitted
    clock.move(0.001)
    assert rate.take("a").admitted
    assert not rate.take("a").admitted


def test_what_is_refused_takes_nothing(clock: Clock) -> None:
    rate = Rate("reads", 1, clock=clock)
    assert rate.take("a").admitted
    for _ in range(1000):
        assert rate.take("a").more_in_seconds == 60
    clock.move(60)
    assert rate.take("a").admitted


def test_callers_do_not_take_from_one_another(clock: Clock) -> None:
    rate = Rate("reads", 1, clock=clock)
    assert rate.take("a").admitted
    assert rate.take("b").admitted
    assert not rate.take("a").admitted


def test_no_quota_is_no_limit(clock: Clock) -> None:
    rate = Rate("reads", 0, clock=clock)
    assert {rate.take("a") for _ in range(100)} == {None}
    assert len(rate) == 0


def test_who_does_not_ask_any_more_is_forgotten(clock: Clock) -> None:
    rate = Rate("reads", 60, clock=clock)
    for number in range(1000):
        rate.take(str(number))
    assert len(rate) == 1000
    for _ in range(60):
        rate.take("busy")
    clock.move(59)
    rate.take("busy")
    clock.move(1)
    rate.take("another")
    assert len(rate) == 2
    # The busy one is where it would be anyway: 61 were taken, and a minute has passed.
    assert rate.take("busy").remaining == 58


def test_memory_is_bounded_when_the_keys_are_anybodys(clock: Clock) -> None:
    rate = Rate("unauthenticated", 2, most_keys=3, clock=clock)
    for number in range(100):
        rate.take(str(number))
    assert len(rate) <= 4
    assert rate.take("0").admitted
    assert not rate.take("never seen before").admitted


@settings(deadline=None)
@given(
    quota=st.integers(1, 2_000),
    steps=st.lists(st.tuples(st.integers(0, 5 * SECOND), st.integers(1, 40)), max_size=20),
)
def test_never_more_than_the_quota_and_what_came_in_since(
    quota: int, steps: list[tuple[int, int]]
) -> None:
    clock = Clock()
    rate = Rate("reads", quota, clock=clock)
    began, admitted = clock(), 0
    for pause, asked in steps:
        clock.moment += pause
        for _ in range(asked):
            standing = rate.take("a")
            admitted += standing.admitted
            assert 0 <= standing.remaining <= quota
            assert 1 <= standing.more_in_seconds <= 60
            assert standing.admitted or standing.remaining == 0
    assert admitted <= quota + (clock() - began) * quota / (60 * SECOND)
    last = rate.take("a")
    if last.admitted:
        # What was told to be left is there.
        assert all(rate.take("a").admitted for _ in range(last.remaining))
        assert not rate.take("a").admitted


@pytest.fixture
def limited(ask: Any, house: Any, request: pytest.FixtureRequest, clock: Clock) -> Iterator[Any]:
    """An application with small quotas and a clock of the test's own."""
    few = request.getfixturevalue("settings").model_copy(
        update={"reads_per_minute": 3, "writes_per_minute": 2, "unauthenticated_per_minute": 2}
    )
    app = create_app(house.service, few)
    app.state.gate = Gate(house.service.tokens, few, app.state.metrics, clock=clock)
    yield type(ask)(app, None)
    app.state.lanes.close()
    app.state.watchers.close()


@pytest.fixture
def token(house: Any) -> str:
    """A token of the test's own: what others sent does not count."""
    return house.service.tokens.create(
        tenant="default", name="limited", scopes=[Scope.READ, Scope.WRITE]
    )[1]


def test_every_answer_to_a_token_tells_where_it_stands(limited: Any, token: str) -> None:
    asks = limited.as_token(token)
    first = asks("GET", LIST)
    assert first.headers["ratelimit-policy"] == '"reads";q=3;w=60'
    assert first.headers["ratelimit"] == '"reads";r=2;t=20'
    missing = asks("GET", f"{LIST}/019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f")
    assert (missing.status_code, missing.headers["ratelimit"]) == (404, '"reads";r=1;t=20')
    forbidden = asks("GET", "/api/v1/audit")
    assert (forbidden.status_code, forbidden.headers["ratelimit"]) == (403, '"reads";r=0;t=20')
    unfit = asks("POST", LIST, json={})
    assert unfit.status_code == 400
    assert unfit.headers["ratelimit-policy"] == '"writes";q=2;w=60'
    assert unfit.headers["ratelimit"] == '"writes";r=1;t=30'


def test_above_the_quota_is_429_until_there_is_more(limited: Any, token: str, clock: Clock) -> None:
    asks = limited.as_token(token)
    assert [asks("GET", LIST).status_code for _ in range(4)] == [200, 200, 200, 429]
    clock.move(12)
    refused = asks("GET", LIST)
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["ratelimit"] == '"reads";r=0;t=8'
    assert refused.headers["retry-after"] == "8"
    problem = refused.json()
    assert (problem["code"], problem["retryable"]) == ("TOO_MANY_REQUESTS", True)
    assert problem["context"] == {"policy": "reads"}
    assert "3 reads in 60 seconds" in problem["detail"]
    clock.move(int(refused.headers["retry-after"]))
    assert asks("GET", LIST).status_code == 200


def test_reads_writes_and_cancels_are_counted_apart(limited: Any, token: str, start: Any) -> None:
    asks = limited.as_token(token)
    started = start()
    while asks("GET", LIST).status_code != 429:
        pass
    while asks("POST", LIST, json={}).status_code != 429:
        pass
    canceled = asks("POST", f"{LIST}/{started['id']}/cancel")
    assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled")
    assert canceled.headers["ratelimit-policy"] == '"cancels";q=2;w=60'
    assert canceled.headers["ratelimit"] == '"cancels";r=1;t=30'
    assert asks("POST", f"{LIST}/{started['id']}/cancel").status_code == 200
    refused = asks("POST", f"{LIST}/{started['id']}/cancel")
    assert (refused.status_code, refused.json()["context"]) == (429, {"policy": "cancels"})


def test_a_stream_is_one_read(limited: Any, token: str, start: Any, ask: Any) -> None:
    started = start()
    ask("POST", f"{LIST}/{started['id']}/cancel")
    streamed = limited.as_token(token)("GET", f"{LIST}/{started['id']}/events/stream")
    assert streamed.status_code == 200
    assert streamed.headers["ratelimit"] == '"reads";r=2;t=20'


def test_tokens_do_not_take_from_one_another(limited: Any, token: str, secret: str) -> None:
    while limited.as_token(token)("GET", LIST).status_code != 429:
        pass
    assert limited.as_token(secret)("GET", LIST).status_code == 200


def test_guessing_tokens_is_bounded_and_a_valid_one_is_let_in(
    limited: Any, token: str, clock: Clock
) -> None:
    guesses = limited.as_token("osa_guess")
    answers = [guesses("GET", LIST) for _ in range(3)]
    assert [one.status_code for one in answers] == [401, 401, 429]
    refused = answers[-1]
    assert refused.headers["ratelimit-policy"] == '"unauthenticated";q=2;w=60'
    assert refused.headers["retry-after"] == "30"
    assert refused.json()["context"] == {"policy": "unauthenticated"}
    # From the same address, behind the same proxy.
    assert limited.as_token(token)("GET", LIST).status_code == 200
    # No token at all is no guess.
    assert limited.as_token(None)("GET", LIST).status_code == 401
    clock.move(30)
    assert guesses("GET", LIST).status_code == 401


def test_an_answer_to_nobody_has_no_standing(limited: Any) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json", "/nowhere", LIST):
        assert "ratelimit" not in limited("GET", path).headers


def test_every_refusal_is_counted(limited: Any, token: str, secret: str) -> None:
    asks = limited.as_token(token)
    while asks("GET", LIST).status_code != 429:
        pass
    told = limited.as_token(secret)("GET", "/metrics").text
    assert re.search(r'^osa_http_rate_limited_total\{policy="reads"\} 1\.0$', told, re.MULTILINE)
