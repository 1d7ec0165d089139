"""Every operation of the contract × every scope × every tenant: who may, who may not, and what
another tenant gets to know, which is nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from osa_testing.contract import CONTRACT

from osa.conventions import Batch, File, Item
from osa.server.bootstrap import House
from osa.server.model import (
    CampaignMode,
    CampaignRequest,
    CleanupFilter,
    Ingestion,
    Principal,
    RecordQuery,
    Scope,
    SourceRequest,
    StartRequest,
    Status,
)
from osa.server.settings import Settings

_MARK = "a-secret-of-the-first-tenant"


def _operations() -> Iterator[tuple[str, str, str, list[dict[str, list[str]]]]]:
    for path, item in CONTRACT["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield operation["operationId"], method.upper(), path, operation["security"]


OPERATIONS = {name: (method, path, security) for name, method, path, security in _operations()}
OPEN = {name for name, (_, _, security) in OPERATIONS.items() if not security}
NEEDS = {
    name: security[0]["bearerAuth"][0]
    for name, (_, _, security) in OPERATIONS.items()
    if name not in OPEN
}
#: All tenants together, or nothing of any: another tenant's admin sees it too.
OF_NO_TENANT = {"getServiceStatus", "getMetrics", "listConventions", "getConvention"}
#: What makes something new in the tenant that asks.
MAKES = {"startIngestion", "createUpload", "createCampaign"}
_CAMPAIGN: Mapping[str, Any] = {
    "convention_id": "hyspex-csw-parent",
    "parameters": {"csw_url": "https://csw.example.org/csw", "parent_identifier": "p"},
    "mode": "manual",
}
BODIES: Mapping[str, Any] = {
    "startIngestion": {"convention_id": "documents", "source": {"type": "text", "text": "Calm."}},
    "retryIngestion": {"scope": "all"},
    "createCleanup": {"older_than_seconds": 0},
    "createCampaign": {"campaign_id": "another", **_CAMPAIGN},
    "advanceCampaign": {"start_position": 1},
}


@dataclass(frozen=True, kw_only=True)
class Things:
    """One of everything of the first tenant."""

    ids: Mapping[str, str]
    selection: str


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    """Every operation is asked without a valid token, all within a few seconds."""
    return settings.model_copy(update={"unauthenticated_per_minute": 0})


@pytest.fixture(scope="module")
def things(house: House, tmp_path_factory: pytest.TempPathFactory) -> Things:
    who = _somebody(house, "first", Scope.ADMIN)[0]
    sink = house.service.uploads.begin(who)
    sink.write(_MARK.encode())
    upload = sink.finish(filename=f"{_MARK}.txt", media_type=None, sha256=None)
    ended = _ended(house, who, tmp_path_factory.mktemp("attempt"))
    records = house.service.records.list(who, RecordQuery(), cursor=None, per_page=1)
    artifacts = house.service.reading.artifacts(who, ended.id, cursor=None, per_page=1)
    selected = house.service.cleanups.select(who, CleanupFilter(statuses=frozenset(Status)))
    campaign = house.service.campaigns.create(
        who,
        CampaignRequest(
            campaign_id="019aa9d4-of-the-first",
            mode=CampaignMode.MANUAL,
            name=_MARK,
            convention_id=_CAMPAIGN["convention_id"],
            parameters={**_CAMPAIGN["parameters"], "parent_identifier": _MARK},
        ),
    ).campaign
    return Things(
        ids={
            "ingestion_id": ended.id,
            "upload_id": upload.id,
            "record_id": records.items[0].id,
            "file_id": records.items[0].files[0].id,
            "artifact_id": artifacts.items[0].id,
            "convention_id": "documents",
            "campaign_id": campaign.campaign_id,
        },
        selection=selected.id,
    )


def _ended(house: House, who: Principal, folder: Path) -> Ingestion:
    source = SourceRequest(type="text", content=_MARK.encode(), filename="log.txt")
    body = StartRequest(convention_id="documents", source=source, name=_MARK)
    started = house.service.ingestions.start(who, body, idempotency_key=_MARK).ingestion
    job = house.running.take(started.id, "a-worker")
    assert job is not None
    made = folder / "made.txt"
    made.write_text(_MARK)
    file = File.of(made, name="made.txt", media_type="text/plain", artifact=True)
    items = [Item.record(_MARK, files=[file]), Item.rejected("bad", kind="odd", detail=_MARK)]
    house.running.commit(job, Batch(items=items, cursor={"n": 1}), None, workdir=folder)
    ended = house.running.complete(job)
    assert ended is not None
    return ended


def _somebody(house: House, tenant: str, *scopes: Scope) -> tuple[Principal, str]:
    name = f"{tenant}-{'-'.join(scopes) or 'none'}"
    secret = house.service.tokens.create(tenant=tenant, name=name, scopes=list(scopes))[1]
    return house.service.tokens.authenticate(secret), secret


def _request(ask: Any, name: str, things: Things, secret: str | None, **headers: str) -> Any:
    method, path, _ = OPERATIONS[name]
    more: dict[str, Any] = {}
    if name == "createUpload":
        more["content"] = b"Calm."
        headers["Content-Type"] = "application/octet-stream"
    elif name in BODIES:
        more["json"] = BODIES[name]
    if name == "streamIngestionEvents":
        headers["Last-Event-ID"] = "999"
    return ask.as_token(secret)(method, path.format(**things.ids), headers=headers, **more)


def _told(response: Any, things: Things) -> list[str]:
    """What of the first tenant an answer gives away, beyond what the request itself named."""
    text = response.text + json.dumps(dict(response.headers))
    digest = hashlib.sha256(_MARK.encode()).hexdigest()
    return [secret for secret in (_MARK, digest, things.selection) if secret in text]


def test_the_matrix_knows_every_body() -> None:
    bodies = {
        operation["operationId"]
        for item in CONTRACT["paths"].values()
        for method, operation in item.items()
        if method != "parameters" and operation.get("requestBody", {}).get("required")
    }
    assert bodies == BODIES.keys() | {"createUpload"}


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_without_a_valid_token_nothing_is_answered(
    ask: Any, house: House, things: Things, name: str
) -> None:
    (principal, revoked) = _somebody(house, "first", Scope.ADMIN)
    house.service.tokens.revoke(principal.token_id)
    for secret in (None, "osa_nonsense", revoked):
        response = _request(ask, name, things, secret)
        assert response.status_code == 401, (secret, response.text)
        assert _told(response, things) == []


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_a_token_without_the_scope_is_refused_and_told_which(
    ask: Any, house: House, things: Things, name: str
) -> None:
    allowed = {
        Scope.READ.value: {Scope.READ},
        Scope.WRITE.value: {Scope.WRITE},
        Scope.ADMIN.value: set(),
    }[NEEDS[name]]
    for scopes in ((), (Scope.READ,), (Scope.WRITE,)):
        if set(scopes) & allowed:
            continue
        response = _request(ask, name, things, _somebody(house, "first", *scopes)[1])
        assert response.status_code == 403, (scopes, response.text)
        if OPERATIONS[name][0] != "HEAD":
            assert response.json()["context"]["missing_scope"] == NEEDS[name]
        assert _told(response, things) == []


@pytest.mark.parametrize("name", sorted(set(NEEDS) - OF_NO_TENANT))
def test_another_tenant_gets_to_know_nothing(
    ask: Any, house: House, things: Things, name: str
) -> None:
    """Neither content nor existence: what is there answers like what is nowhere."""
    tenant = "third" if name in MAKES else "second"
    secret = _somebody(house, tenant, Scope.ADMIN)[1]
    response = _request(ask, name, things, secret)
    assert _told(response, things) == []
    method, path, _ = OPERATIONS[name]
    if "{" in path and name != "getConvention":
        assert response.status_code == 404, response.text
        nowhere = Things(
            ids={key: "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f" for key in things.ids}, selection=""
        )
        other = _request(ask, name, nowhere, secret)
        assert other.status_code == 404
        if method != "HEAD":
            assert _shape(response.json(), things) == _shape(other.json(), nowhere)
    elif name not in MAKES:
        assert response.status_code == 200, response.text
        # An audit of one's own tells of the tokens just made.
        body = {} if name == "listAuditEntries" else response.json()
        assert not body.get("items") and not body.get("match_count")


def _shape(problem: dict[str, Any], things: Things) -> str:
    """A problem without what the request itself named."""
    kept = {key: value for key, value in problem.items() if key != "request_id"}
    text = json.dumps(kept, sort_keys=True)
    for id in things.ids.values():
        text = text.replace(id, "ID")
    return text


def test_another_tenants_selection_cannot_be_deleted(
    ask: Any, house: House, things: Things
) -> None:
    caller = ask.as_token(_somebody(house, "second", Scope.ADMIN)[1])
    response = caller("POST", "/api/v1/cleanups", json={"selection_token": things.selection})
    assert (response.status_code, response.json()["code"]) == (404, "SELECTION_NOT_FOUND")


@pytest.mark.parametrize(
    "query",
    ["id={ingestion_id}", "record_id={record_id}", "root_id={ingestion_id}", f"q={_MARK}"],
)
def test_filters_find_nothing_of_another_tenant(
    ask: Any, house: House, things: Things, query: str
) -> None:
    path = f"/api/v1/ingestions?include_total=true&{query.format(**things.ids)}"
    secrets = {tenant: _somebody(house, tenant, Scope.READ)[1] for tenant in ("first", "second")}
    found = {tenant: ask.as_token(secret)("GET", path).json() for tenant, secret in secrets.items()}
    assert len(found["first"]["items"]) == found["first"]["total"]["value"] == 1
    assert found["second"]["items"] == []
    assert found["second"]["total"]["value"] == 0


def test_one_key_is_another_in_another_tenant(ask: Any, house: House, things: Things) -> None:
    caller = ask.as_token(_somebody(house, "second", Scope.WRITE)[1])
    response = caller(
        "POST",
        "/api/v1/ingestions",
        json=BODIES["startIngestion"],
        headers={"Idempotency-Key": _MARK},
    )
    assert response.status_code == 202


@pytest.mark.parametrize("name", sorted(set(NEEDS) - OF_NO_TENANT))
def test_only_an_admin_chooses_a_tenant(ask: Any, house: House, things: Things, name: str) -> None:
    writer = _somebody(house, "second", Scope.READ, Scope.WRITE)[1]
    refused = _request(ask, name, things, writer, **{"Osa-Tenant": "first"})
    assert refused.status_code == 403
    assert _told(refused, things) == []
    if name in ("deleteIngestion", "retryIngestion", "createCleanup"):
        return
    admin = _somebody(house, "second", Scope.ADMIN)[1]
    allowed = _request(ask, name, things, admin, **{"Osa-Tenant": "first"})
    assert allowed.status_code < 500 and allowed.status_code not in (401, 403, 404), allowed.text
