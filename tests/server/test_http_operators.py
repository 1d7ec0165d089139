"""Who am I, how is the service, who did what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from osa.server.bootstrap import VERSION
from osa.server.model import Scope

AUDIT = "/api/v1/audit"


@pytest.fixture
def token(house: Any) -> Any:
    """Make a token; its secret."""

    def go(name: str, *scopes: Scope, tenant: str = "default", **more: Any) -> str:
        return house.service.tokens.create(tenant=tenant, name=name, scopes=scopes, **more)[1]

    return go


def moment(text: str) -> datetime:
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


def test_a_caller_is_told_who_it_is(ask: Any, token: Any) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    secret = token("reader", Scope.READ, tenant="north", expires_at=ends)
    told = ask.as_token(secret)("GET", "/api/v1/caller").json()
    assert abs(moment(told.pop("server_time")) - datetime.now(UTC)) < timedelta(minutes=1)
    assert moment(told.pop("expires_at")) == ends
    assert told == {
        "token_name": "reader",
        "tenant": "north",
        "home_tenant": "north",
        "scopes": ["ingestions:read"],
        "server_version": VERSION,
        "domain": "localhost",
    }


def test_an_admin_acts_for_another_tenant_and_nobody_else_does(ask: Any, token: Any) -> None:
    told = ask("GET", "/api/v1/caller", headers={"Osa-Tenant": "elsewhere"}).json()
    assert (told["tenant"], told["home_tenant"]) == ("elsewhere", "default")
    assert told["scopes"] == ["admin"]
    writer = ask.as_token(token("writer", Scope.READ, Scope.WRITE))
    refused = writer("GET", "/api/v1/caller", headers={"Osa-Tenant": "elsewhere"})
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
    assert refused.json()["context"] == {"missing_scope": "admin"}
    for name in ("", "Elsewhere", ".x", "x" * 65, "a b"):
        refused = ask("GET", "/api/v1/caller", headers={"Osa-Tenant": name})
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["loc"] == ["header", "Osa-Tenant"]


def test_the_audit_is_of_one_tenant(ask: Any, token: Any, start: Any) -> None:
    started = start()
    canceled = ask("POST", f"/api/v1/ingestions/{started['id']}/cancel", json={"reason": "Wrong"})
    (newest, oldest) = ask("GET", f"{AUDIT}?ingestion_id={started['id']}").json()["items"]
    assert (oldest["action"], newest["action"]) == ("start_ingestion", "cancel_ingestion")
    assert newest["request_id"] == canceled.headers["x-request-id"]
    assert (newest["token_name"], newest["tenant"]) == ("tester", "default")
    assert newest["detail"]["reason"] == "Wrong"
    query = f"{AUDIT}?ingestion_id={started['id']}"
    assert ask("GET", query, headers={"Osa-Tenant": "nobody"}).json()["items"] == []
    there = ask.as_token(token("far", Scope.ADMIN, tenant="far"))
    assert there("GET", query).json()["items"] == []
    (entry,) = there("GET", AUDIT).json()["items"]
    assert (entry["action"], entry["token_name"]) == ("create_token", "osa")
    assert entry["detail"]["name"] == "far"
    # Nobody's request, nobody's token, no ingestion.
    assert not {"token_id", "request_id", "ingestion_id"} & set(entry)


def test_what_an_admin_does_elsewhere_is_noted_there_under_its_name(ask: Any) -> None:
    there = {"Osa-Tenant": "visited", "Content-Type": "application/octet-stream"}
    assert ask("POST", "/api/v1/uploads", content=b"x", headers=there).status_code == 201
    (entry,) = ask("GET", AUDIT, headers={"Osa-Tenant": "visited"}).json()["items"]
    assert (entry["action"], entry["token_name"], entry["tenant"]) == (
        "create_upload",
        "tester",
        "visited",
    )


def test_the_audit_is_paged_and_filtered(ask: Any, start: Any) -> None:
    for _ in range(3):
        start()
    first = ask("GET", f"{AUDIT}?per_page=2&token_name=tester").json()
    assert (len(first["items"]), first["has_more"]) == (2, True)
    cursor = first["next_cursor"]
    second = ask("GET", f"{AUDIT}?per_page=2&token_name=tester&cursor={cursor}").json()
    assert second["items"][0]["at"] <= first["items"][-1]["at"]
    refused = ask("GET", f"{AUDIT}?per_page=2&cursor={cursor}")
    assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_CURSOR")
    assert ask("GET", f"{AUDIT}?created_after=2099-01-01T00:00:00Z").json()["items"] == []
    upwards = ask("GET", f"{AUDIT}?order=asc").json()["items"]
    assert upwards == sorted(upwards, key=lambda one: one["at"])
    for query in ("tenant=x", "token_name=", "order=up", "ingestion_id=x", "per_page=201"):
        assert ask("GET", f"{AUDIT}?{query}").status_code == 400, query


def test_the_status_is_of_all_tenants(ask: Any, start: Any, settings: Any) -> None:
    start()
    told = ask("GET", "/api/v1/status").json()
    assert told["version"] == VERSION
    assert told["database"]["kind"] == "sqlite"
    assert told["database"]["latency_seconds"] >= 0
    assert told["storage"]["min_free_bytes"] == settings.min_free_bytes
    assert told["workers"] == []
    assert told["queue"]["queued"] >= 1
    assert moment(told["queue"]["oldest_queued_at"]) <= moment(told["time"])


@pytest.mark.parametrize("path", [AUDIT, "/api/v1/status", "/metrics"])
def test_what_is_about_everybody_needs_an_admin(ask: Any, token: Any, path: str) -> None:
    writer = ask.as_token(token("writer", Scope.READ, Scope.WRITE))
    refused = writer("GET", path)
    assert (refused.status_code, refused.json()["context"]) == (403, {"missing_scope": "admin"})
    assert ask.as_token(None)("GET", path).status_code == 401
