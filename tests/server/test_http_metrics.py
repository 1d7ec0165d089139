"""Metrics that Prometheus reads, and the page that says what to do about them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from osa.server.errors import Unavailable
from osa.server.http.app import create_app
from osa.server.http.contract import contract

PAGE = Path(__file__).parents[2] / "docs" / "alerts.md"
ROW = re.compile(r"^\| `([a-z_]+)` \| (\w+) \|", re.MULTILINE)
NAME = re.compile(r"\b(?:osa|process)_[a-z_]+")


def scraped(ask: Any) -> dict[str, Metric]:
    response = ask("GET", "/metrics")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {family.name: family for family in text_string_to_metric_families(response.text)}


def value(families: dict[str, Metric], name: str, **labels: str) -> float:
    (found,) = {
        sample.value
        for family in families.values()
        for sample in family.samples
        if sample.name == name and sample.labels == labels
    }
    return float(found)


@pytest.fixture
def own(ask: Any, house: Any, settings: Any, secret: str) -> Any:
    """An application of the test's own: what others asked is not counted."""
    app = create_app(house.service, settings)
    yield type(ask)(app, secret)
    app.state.lanes.close()
    app.state.watchers.close()


def test_requests_are_counted_by_operation_and_status(own: Any, start: Any) -> None:
    started = start()
    for _ in range(3):
        own("GET", f"/api/v1/ingestions/{started['id']}")
    own("GET", "/api/v1/ingestions/019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f")
    own("GET", "/nowhere")
    families = scraped(own)
    requests = "osa_http_requests_total"
    assert value(families, requests, operation="getIngestion", status="200") == 3
    assert value(families, requests, operation="getIngestion", status="404") == 1
    assert value(families, requests, operation="none", status="404") == 1
    seconds = "osa_http_request_duration_seconds"
    assert value(families, f"{seconds}_count", operation="getIngestion") == 4
    assert value(families, f"{seconds}_bucket", operation="getIngestion", le="+Inf") == 4
    # The scrape before is in the next.
    assert value(scraped(own), requests, operation="getMetrics", status="200") == 1


def test_a_stream_is_no_long_request(own: Any, ask: Any, start: Any) -> None:
    started = start()
    ask("POST", f"/api/v1/ingestions/{started['id']}/cancel")
    own("GET", f"/api/v1/ingestions/{started['id']}/events/stream")
    families = scraped(own)
    operation = "streamIngestionEvents"
    assert value(families, "osa_http_requests_total", operation=operation, status="200") == 1
    assert value(families, "osa_streams_open") == 0
    durations = families["osa_http_request_duration_seconds"].samples
    assert operation not in {sample.labels["operation"] for sample in durations}


def test_the_labels_are_those_of_the_contract(own: Any) -> None:
    """A label that a caller could choose would fill the memory of whoever scrapes."""
    for number in range(20):
        own("GET", f"/nowhere/{number}")
        own("GET", f"/api/v1/ingestions/{number}")
    known = {
        operation["operationId"]
        for path in contract().document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "operationId" in operation
    }
    requests = scraped(own)["osa_http_requests"].samples
    assert {sample.labels["operation"] for sample in requests} <= known | {"none"}


def test_what_the_database_says_is_told(own: Any, ask: Any, start: Any) -> None:
    before = scraped(own)
    started = start()
    after = scraped(own)
    queued = "osa_ingestions_active"
    assert value(after, queued, status="queued") == value(before, queued, status="queued") + 1
    assert value(after, "osa_queue_oldest_seconds") >= 0
    assert value(after, "osa_workers_alive") == 0
    assert value(after, "osa_database_up") == 1
    ask("POST", f"/api/v1/ingestions/{started['id']}/cancel")
    ended = value(scraped(own), "osa_ingestions_ended_recent", status="canceled")
    assert ended == value(before, "osa_ingestions_ended_recent", status="canceled") + 1


def test_metrics_are_for_admins(own: Any, house: Any) -> None:
    from osa.server.model import Scope

    _, secret = house.service.tokens.create(
        tenant="default", name="reader", scopes=[Scope.READ, Scope.WRITE]
    )
    assert own.as_token(None)("GET", "/metrics").status_code == 401
    refused = own.as_token(secret)("GET", "/metrics")
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")


def test_a_database_that_is_away_is_told_and_breaks_nothing(
    house: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(house.service, settings)

    def away() -> None:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(house.service.status, "measures", away)
    told = app.state.metrics.exposed().decode()
    app.state.lanes.close()
    app.state.watchers.close()
    families = {family.name: family for family in text_string_to_metric_families(told)}
    assert value(families, "osa_database_up") == 0
    assert "osa_ingestions_active" not in families
    assert "osa_http_requests" in families


def documented() -> dict[str, str]:
    return dict(ROW.findall(PAGE.read_text(encoding="utf-8")))


def test_the_page_names_each_metric_there_is_and_no_other(own: Any) -> None:
    families = scraped(own)
    exported = {
        f"{name}_total" if family.type == "counter" else name: family.type
        for name, family in families.items()
    }
    assert documented() == exported


def rules() -> list[dict[str, Any]]:
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (group,) = [
        group for block in blocks for group in (yaml.safe_load(block) or {}).get("groups", [])
    ]
    return list(group["rules"])


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_each_rule_is_about_metrics_that_exist(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "annotations"}
    assert rule["annotations"]["summary"]
    text = f"{rule['expr']} {rule['annotations']['summary']}"
    known = documented()
    parts = {f"{name}_bucket" for name, kind in known.items() if kind == "histogram"}
    assert set(NAME.findall(text)) <= set(known) | parts
    assert rule["expr"].count("(") == rule["expr"].count(")")
    for label, said in re.findall(r'\{(\w+)=~?"([^"]*)"', rule["expr"]):
        assert said and label in {"job", "status", "kind", "policy", "operation"}


def test_the_log_has_what_the_rules_say_to_look_for() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (PAGE.parents[1] / "server" / "osa" / "server").rglob("*.py")
    )
    for word in ("worker_died", "sweep_failed"):
        assert f'"{word}"' in code
