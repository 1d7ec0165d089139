"""The log of an ingestion as it is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from osa.server.store.logs import NewLine


@pytest.fixture
def logs(house: Any, start: Any) -> str:
    """The address of a log with three lines."""
    waiting = start()["id"]
    lines = [
        NewLine(level="info", message="one", attempt=1),
        NewLine(level="warning", message="two", attempt=2),
        NewLine(level="info", message="three"),
    ]
    assert house.running.say(waiting, lines)
    return f"/api/v1/ingestions/{waiting}/logs"


def test_a_page_says_where_and_when_to_go_on(ask: Any, logs: str) -> None:
    response = ask("GET", logs, params={"per_page": 2})
    page = response.json()
    one, two = page.pop("items")
    assert page == {"last_number": 2, "has_more": True, "poll_after_seconds": 0}
    assert response.headers["Retry-After"] == "0"
    assert one.pop("at").endswith("Z")
    assert one == {"number": 1, "attempt": 1, "level": "info", "message": "one"}
    assert two["level"] == "warning"
    rest = ask("GET", logs, params={"after": 2}).json()
    assert [line["message"] for line in rest["items"]] == ["three"]
    assert "attempt" not in rest["items"][0]
    assert (rest["last_number"], rest["has_more"]) == (3, False)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"tail": "1"}, ["three"]),
        ({"level": "warning"}, ["two"]),
        ({"attempt": "1"}, ["one"]),
        ({"since": "2001-01-01T00:00:00Z"}, ["one", "two", "three"]),
        ({"since": "2999-01-01T00:00:00Z"}, []),
    ],
)
def test_filters_of_the_query_are_heeded(
    ask: Any, logs: str, query: dict[str, str], expected: list[str]
) -> None:
    found = ask("GET", logs, params=query).json()["items"]
    assert [line["message"] for line in found] == expected


@pytest.mark.parametrize(
    "query",
    [
        {"tail": "0"},
        {"tail": "1001"},
        {"level": "fatal"},
        {"since": "yesterday"},
        {"attempt": "0"},
        {"per_page": "201"},
        {"follow": "true"},
    ],
)
def test_what_the_contract_does_not_know_is_refused(
    ask: Any, logs: str, query: dict[str, str]
) -> None:
    response = ask("GET", logs, params=query)
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_REQUEST")


def test_the_log_of_nothing_is_not_there(ask: Any) -> None:
    response = ask("GET", "/api/v1/ingestions/019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f/logs")
    assert (response.status_code, response.json()["code"]) == (404, "INGESTION_NOT_FOUND")
