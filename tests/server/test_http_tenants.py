"""`Osa-Tenant`: an admin acts for another tenant, and nobody else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from osa.server import commands
from osa.server.bootstrap import House
from osa.server.commands import tokens
from osa.server.model import Scope

INGESTIONS = "/api/v1/ingestions"
NORTH = {"Osa-Tenant": "north"}


@pytest.fixture
def token(house: House) -> Any:
    """A token's secret."""

    def make(tenant: str, *scopes: Scope) -> str:
        tokens = house.service.tokens
        return tokens.create(tenant=tenant, name="somebody", scopes=scopes)[1]

    return make


def test_an_admin_acts_for_the_tenant_that_is_named(ask: Any, start: Any, token: Any) -> None:
    ours = start()
    body = {"convention_id": "documents", "source": {"type": "text", "text": "Calm sea."}}
    theirs = ask("POST", INGESTIONS, json=body, headers=NORTH)
    assert theirs.status_code == 202
    path = f"{INGESTIONS}/{theirs.json()['id']}"
    assert ask("GET", path).status_code == 404
    assert ask("GET", path, headers=NORTH).status_code == 200
    assert ask("GET", f"{INGESTIONS}/{ours['id']}", headers=NORTH).status_code == 404
    mine = ask.as_token(token("north", Scope.READ))
    assert [one["id"] for one in mine("GET", INGESTIONS).json()["items"]] == [theirs.json()["id"]]
    stream = ask("GET", f"{path}/events/stream")
    assert stream.status_code == 404
    assert ask("POST", f"{path}/cancel").status_code == 404
    assert ask("POST", f"{path}/cancel", headers=NORTH).status_code == 200


def test_nobody_else_may_name_another_tenant(ask: Any, token: Any) -> None:
    writer = ask.as_token(token("default", Scope.READ, Scope.WRITE))
    refused = writer("GET", INGESTIONS, headers=NORTH)
    assert refused.status_code == 403
    assert refused.json()["code"] == "FORBIDDEN"
    assert refused.json()["context"] == {"missing_scope": "admin"}
    # Not even whether such a tenant could be is told.
    assert writer("GET", INGESTIONS, headers={"Osa-Tenant": "?"}).status_code == 403
    assert writer("GET", INGESTIONS, headers={"Osa-Tenant": "default"}).status_code == 200


def test_a_missing_scope_is_the_one_that_is_missing(ask: Any, token: Any) -> None:
    reader = ask.as_token(token("default", Scope.READ))
    refused = reader("POST", INGESTIONS, headers={"Osa-Tenant": "default"})
    assert refused.json()["context"] == {"missing_scope": "ingestions:write"}


@pytest.mark.parametrize("name", ["", "North", "-north", "a b", "n" * 65, "(deleted)", "nörd"])
def test_what_cannot_be_a_tenant_is_told_by_the_name_of_the_header(ask: Any, name: str) -> None:
    refused = ask("GET", INGESTIONS, headers=[("Osa-Tenant", name.encode())])
    assert refused.status_code == 400
    assert refused.json()["code"] == "INVALID_REQUEST"
    assert [error["loc"] for error in refused.json()["errors"]] == [["header", "Osa-Tenant"]]


def test_one_request_is_for_one_tenant(ask: Any) -> None:
    both = [("Osa-Tenant", "north"), ("Osa-Tenant", "south")]
    assert ask("GET", INGESTIONS, headers=both).status_code == 400


def test_what_is_of_all_tenants_or_of_none_does_not_mind(ask: Any) -> None:
    for path in ("/api/v1/status", "/metrics", "/healthz", "/readyz", "/openapi.json"):
        assert ask("GET", path, headers=NORTH).status_code in (200, 503), path


def test_a_token_is_made_only_for_a_tenant_that_a_header_can_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        commands.token(["create", "x", "--tenant", "North", "--data-dir", str(tmp_path)])
    assert ended.value.code == 2
    assert "'North' is not" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert tokens.tenant("north.1") == "north.1"
