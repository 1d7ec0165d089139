"""The service itself: its documents, its documentation, its log."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from osa_testing.contract import CONTRACT

ROOT = Path(__file__).parents[2]


def test_the_contract_is_served_byte_for_byte(ask: Any) -> None:
    nobody = ask.as_token(None)
    written = (ROOT / "openapi.yaml").read_bytes()
    response = nobody("GET", "/openapi.yaml")
    assert response.content == written
    assert re.fullmatch(r'"[0-9a-f]{64}"', response.headers["etag"])
    assert nobody("GET", "/openapi.json").json() == CONTRACT


def test_signs_of_life_need_no_token(ask: Any) -> None:
    nobody = ask.as_token(None)
    assert nobody("GET", "/healthz").json() == {"status": "ok"}
    ready = nobody("GET", "/readyz").json()
    assert (ready["status"], ready["workers_alive"]) == ("ready", 0)


def test_the_documentation_asks_nobody_but_this_server(ask: Any) -> None:
    nobody = ask.as_token(None)
    assert nobody("GET", "/").headers["location"] == "/docs"
    page = nobody("GET", "/docs")
    policy = dict(
        part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    allowed = {source for sources in policy.values() for source in sources.split()}
    assert allowed <= {"'none'", "'self'", "'unsafe-inline'", "data:"}
    asked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(asked) == 4
    for address in asked:
        assert address == "data:," or address.startswith("/docs/")
        if address.startswith("/"):
            found = nobody("GET", address)
            assert found.status_code == 200
            assert found.headers["content-type"].startswith(("text/javascript", "text/css"))
    started = nobody("GET", "/docs/start.js").text
    assert "validatorUrl: null" in started
    assert not re.findall(r"https?:", started)
    styles = nobody("GET", "/docs/swagger-ui.css").text
    assert not re.findall(r"@import|url\((?![\"']?data:)", styles)


def test_each_request_is_one_line_with_its_keys_and_without_the_token(
    ask: Any, start: Any, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "osa.http"):
        started = start()
        response = ask("GET", f"/api/v1/ingestions/{started['id']}?x=1")
    first, second = (vars(one) for one in caplog.records if one.name == "osa.http")
    assert first["path"] == "/api/v1/ingestions"
    assert first["ingestion_id"] == started["id"]
    assert (
        second.items()
        >= {
            "msg": "request",
            "levelname": "INFO",
            "method": "GET",
            "path": "/api/v1/ingestions/{ingestion_id}",
            "status": 400,
            "request_id": response.headers["x-request-id"],
            "tenant": "default",
            "token": "tester",
        }.items()
    )
    assert second["duration_ms"] > 0
    assert secret not in str([first, second])


def test_the_request_id_is_the_servers_own(ask: Any) -> None:
    answers = [ask("GET", "/healthz", headers={"X-Request-Id": "mine"}) for _ in range(2)]
    ids = {response.headers["x-request-id"] for response in answers}
    assert len(ids) == 2 and "mine" not in ids


def test_an_active_ingestion_says_when_to_ask_again(ask: Any, start: Any) -> None:
    started = start()
    path = f"/api/v1/ingestions/{started['id']}"
    for active in (ask("GET", path), ask("GET", f"{path}/events")):
        assert active.headers["retry-after"] == str(active.json()["poll_after_seconds"])
    ask("POST", f"{path}/cancel")
    for ended in (ask("GET", path), ask("GET", f"{path}/events")):
        assert "retry-after" not in ended.headers
        assert "poll_after_seconds" not in ended.json()


def test_what_was_written_is_read(ask: Any, start: Any) -> None:
    started = start(name="Log", labels={"project": "demo", "empty": ""}, external_id="log-1")
    path = f"/api/v1/ingestions/{started['id']}"
    assert ask("GET", path).json() == started
    for query in ("label=project", "label=project%3Ddemo&label=empty%3D", "external_id=log-1"):
        (found,) = ask("GET", f"/api/v1/ingestions?{query}").json()["items"]
        assert found["id"] == started["id"]
    assert ask("GET", "/api/v1/ingestions?label=project%3Dno").json()["items"] == []
    taken = ask(
        "POST",
        "/api/v1/ingestions",
        json={
            "convention_id": "documents",
            "source": {"type": "text", "text": "x"},
            "external_id": "log-1",
        },
    )
    assert (taken.status_code, taken.json()["code"]) == (409, "EXTERNAL_ID_TAKEN")
    assert taken.json()["context"]["ingestion_id"] == started["id"]
