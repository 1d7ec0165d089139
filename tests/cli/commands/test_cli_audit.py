"""The audit, and acting for a tenant: for the operators of an archive."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

ID = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f"


@pytest.fixture
def archive(archive):
    archive.on("GET", "/audit", archive.example("AuditPage"))
    return archive


def test_the_audit_tells_who_did_what_when(osa):
    outcome = osa("audit")
    assert outcome.code == 0
    for word in ("2026-11-22 09:00:05Z", "first", "cancel_ingestion", ID, "reason=Wrong variable"):
        assert word in outcome.out


def test_the_audit_is_for_programs_too(osa, archive):
    items = archive.example("AuditPage")["items"]
    assert osa("audit", "-o", "json").json == items
    assert osa("audit", "-q").out == f"{items[0]['id']}\n"


def test_the_filters_of_the_audit_reach_the_server(osa, archive):
    osa(
        *("audit", "--ingestion", ID, "--token-name", "nightly", "--since", "2026-11-22"),
        *("--until", "2026-11-23", "--order", "asc"),
    )
    (request,) = archive.asked("GET", "/audit")
    query = request.query
    assert query["ingestion_id"] == [ID]
    assert query["token_name"] == ["nightly"]
    assert query["order"] == ["asc"]
    assert datetime.fromisoformat(query["created_after"][0]) == datetime(2026, 11, 22, tzinfo=UTC)
    assert datetime.fromisoformat(query["created_before"][0]) == datetime(2026, 11, 23, tzinfo=UTC)


def test_a_token_that_is_no_operators_is_7(osa, archive):
    archive.on("GET", "/audit", archive.problem("ProblemForbidden"))
    outcome = osa("audit")
    assert outcome.code == 7
    assert "osa login" in outcome.err


def tenants(archive):
    return [request.headers.get("osa-tenant") for request in archive.requests]


def test_a_tenant_is_named_by_flag_then_environment_then_file(osa, archive, home):
    osa("ingestion", "list", "-q")
    (home / "osa.toml").write_text('[client]\ntenant = "from-file"\n')
    osa("ingestion", "list", "-q")
    osa.environment["OSA_TENANT"] = "from-environment"
    osa("ingestion", "list", "-q")
    osa("ingestion", "list", "-q", "--tenant", "from-flag")
    osa("audit", "-q", "--tenant", "from-flag")
    empty = archive.example("IngestionPage", items=[], next_cursor=None)
    archive.on("GET", "/ingestions", empty)
    assert "(Tenant from-environment.)" in osa("ingestion", "list").err
    archive.requests.pop()
    assert tenants(archive) == [None, "from-file", "from-environment", "from-flag", "from-flag"]


def test_a_tenant_in_the_users_own_file_is_the_last_resort(osa, archive, home):
    (home / ".config/osa").mkdir(parents=True)
    (home / ".config/osa/config.toml").write_text('[client]\ntenant = "mine"\n')
    osa("record", "list", "-q")
    assert tenants(archive) == ["mine"]


@pytest.mark.parametrize("name", ["", "Large", "a b", "-x", "a" * 65])
def test_what_cannot_be_the_name_of_a_tenant_is_a_usage_error(name, osa, archive):
    outcome = osa("ingestion", "list", "--tenant", name)
    assert outcome.code == 2
    assert "--tenant" in outcome.err
    assert archive.requests == []


def test_at_last_is_another_one_for_each_tenant(osa, archive):
    osa("ingestion", "start", "documents", "--text", "x", "--tenant", "a")
    assert osa("ingestion", "status", "@last", "-q", "--tenant", "a").out == f"{ID}\n"
    assert osa("ingestion", "cancel", "@last", "--tenant", "b").code == 6
    assert archive.asked("POST", f"/ingestions/{ID}/cancel") == []
