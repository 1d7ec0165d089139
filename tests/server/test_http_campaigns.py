"""Campaigns over HTTP: statuses, headers, bodies, and who may."""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from osa_testing.campaigns import Director, child
from osa_testing.contract import CONTRACT
from osa_testing.processes import PLUGINS

from osa.conventions import Reached
from osa.server import bootstrap
from osa.server.bootstrap import House
from osa.server.model import Principal, Scope
from osa.server.settings import Settings

CAMPAIGNS = "/api/v1/campaigns"
SCHEMAS = CONTRACT["components"]["schemas"]
_NAMES = (f"c{n}" for n in itertools.count())


@pytest.fixture(scope="module")
def house(settings: Settings) -> Iterator[House]:
    """With the conventions of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PLUGINS)
        bootstrap.migrate(settings)
        built = bootstrap.build(settings)
    yield built
    built.close()


@pytest.fixture(scope="module")
def director(house: House, principal: Principal, tmp_path_factory: Any) -> Director:
    return Director(house, principal, tmp_path_factory.mktemp("attempt"))


@pytest.fixture
def create(ask: Any) -> Any:
    """Create a campaign; the answer."""

    def go(**body: Any) -> Any:
        plain = {"campaign_id": next(_NAMES), "convention_id": "test-counter"}
        return ask("POST", CAMPAIGNS, json={**plain, **body})

    return go


def test_it_is_created_once_and_found_where_the_answer_says(ask: Any, create: Any) -> None:
    body = {"campaign_id": "A.b_c-1", "name": "Mine", "parameters": {"count": 3}}
    made = create(**body)
    assert made.status_code == 201
    assert made.headers["location"] == f"{CAMPAIGNS}/A.b_c-1"
    again = create(**body)
    assert (again.status_code, again.headers["location"]) == (200, made.headers["location"])
    assert again.json()["created_at"] == made.json()["created_at"]
    found = ask("GET", made.headers["location"])
    assert found.headers["retry-after"] == str(found.json()["poll_after_seconds"]) == "5"
    told = found.json()
    assert told.keys() <= SCHEMAS["Campaign"]["properties"].keys()
    assert set(SCHEMAS["Campaign"]["required"]) <= told.keys()
    assert (told["mode"], told["start_position"], told["step_count"]) == ("server", 1, 1)
    assert told["latest_step"].keys() == set(SCHEMAS["CampaignStep"]["required"])
    assert "summary_href" not in told
    other = create(**{**body, "name": "Yours"})
    assert (other.status_code, other.json()["code"]) == (409, "CAMPAIGN_EXISTS")


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"campaign_id": "a/b"}, 400, "INVALID_REQUEST"),
        ({"campaign_id": ""}, 400, "INVALID_REQUEST"),
        ({"campaign_id": "x" * 65}, 400, "INVALID_REQUEST"),
        ({"campaign_id": "é"}, 400, "INVALID_REQUEST"),
        ({"campaign_id": "a\n"}, 400, "INVALID_REQUEST"),
        ({"start_position": 0}, 400, "INVALID_REQUEST"),
        ({"start_position": 1.5}, 400, "INVALID_REQUEST"),
        ({"start_position": 2**53}, 400, "INVALID_REQUEST"),
        ({"campaign_total_children": -1}, 400, "INVALID_REQUEST"),
        ({"mode": "alone"}, 400, "INVALID_REQUEST"),
        ({"nope": 1}, 400, "INVALID_REQUEST"),
        ({"convention_id": "nope"}, 404, "CONVENTION_NOT_FOUND"),
        ({"convention_id": "documents"}, 422, "INVALID_SOURCE"),
        ({"parameters": {"nope": 1}}, 422, "INVALID_PARAMETERS"),
    ],
)
def test_what_does_not_fit_is_refused_and_not_there(
    ask: Any, create: Any, wrong: dict[str, Any], status: int, code: str
) -> None:
    id = next(_NAMES)
    refused = create(**{"campaign_id": id, **wrong})
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert ask("GET", f"{CAMPAIGNS}/{id}").status_code == 404


def test_dots_alone_are_an_id_like_any_other(create: Any, serve: Any, secret: str) -> None:
    """Whoever asks without tidying the path up finds them; nothing else is behind them."""
    for id in (".", ".."):
        assert create(campaign_id=id, mode="manual").status_code == 201
    with serve() as (address, _):
        host, _, port = address.removeprefix("http://").partition(":")
        for id in (".", "..", "%2E", "%2e%2e"):
            with socket.create_connection((host, int(port)), timeout=10) as raw:
                raw.sendall(
                    f"GET {CAMPAIGNS}/{id} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
                    f"Authorization: Bearer {secret}\r\n\r\n".encode()
                )
                said = b"".join(iter(lambda: raw.recv(65536), b""))
            head, _, body = said.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), said
            asked = id.upper().replace("%2E", ".")
            assert json.loads(body)["campaign_id"] == asked


def test_by_hand_an_answer_names_what_comes_next(ask: Any, create: Any) -> None:
    id = create(mode="manual", start_position=4).json()["campaign_id"]
    stale = ask("POST", f"{CAMPAIGNS}/{id}/advance", json={"start_position": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "CAMPAIGN_POSITION_STALE")
    assert stale.json()["context"] == {"campaign_id": id, "next_start_position": 4}
    begun = ask("POST", f"{CAMPAIGNS}/{id}/advance", json={"start_position": 4})
    assert begun.status_code == 202
    step = begun.json()["latest_step"]["ingestion_id"]
    active = ask("POST", f"{CAMPAIGNS}/{id}/advance", json={"start_position": 4})
    assert (active.status_code, active.json()["code"]) == (409, "CAMPAIGN_STEP_ACTIVE")
    assert active.json()["context"]["ingestion_id"] == step
    told = ask("GET", f"/api/v1/ingestions/{step}").json()
    assert (told["campaign_id"], told["campaign_step"]) == (id, 1)
    retry = {one["action"]: one for one in told["allowed_actions"]}["retry_all"]
    assert not retry["allowed"]
    for body in ({}, {"start_position": 0}, {"start_position": 4, "nope": 1}):
        assert ask("POST", f"{CAMPAIGNS}/{id}/advance", json=body).status_code == 400


def test_pause_resume_and_cancel_with_and_without_a_body(ask: Any, create: Any) -> None:
    id = create().json()["campaign_id"]

    def change(what: str, **more: Any) -> tuple[int, str, str]:
        answer = ask("POST", f"{CAMPAIGNS}/{id}/{what}", **more)
        told = answer.json()
        return answer.status_code, told["status"], told.get("status_reason", told.get("code"))

    assert change("pause") == (200, "paused", "requested")
    assert change("pause") == (200, "paused", "requested")
    assert change("resume") == (200, "running", "step_active")
    assert change("resume", json={"requeue_failed": True}) == (200, "running", "step_active")
    assert change("resume", json={"requeue_failed": 1})[0] == 400
    assert change("cancel", json={"nope": 1})[0] == 400
    # Its step waits: it is over at once.
    assert change("cancel", json={"reason": "enough"}) == (200, "canceled", "requested")
    done = ask("GET", f"{CAMPAIGNS}/{id}")
    assert "retry-after" not in done.headers and "poll_after_seconds" not in done.json()
    assert done.json()["done"] and done.json()["ended_at"] is not None
    assert change("cancel") == (200, "canceled", "requested")
    assert ask("GET", f"{CAMPAIGNS}/{id}").json()["ended_at"] == done.json()["ended_at"]
    assert change("pause") == (409, 409, "CAMPAIGN_ENDED")
    assert change("resume") == (200, "running", "between_steps")


def test_what_is_being_canceled_is_told_with_202_and_cannot_be_resumed(
    ask: Any, create: Any, director: Director
) -> None:
    id = create().json()["campaign_id"]
    job = director.step(id)
    answer = ask("POST", f"{CAMPAIGNS}/{id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "canceling")
    refused = ask("POST", f"{CAMPAIGNS}/{id}/resume")
    assert (refused.status_code, refused.json()["code"]) == (409, "CAMPAIGN_STEP_ACTIVE")
    assert ask("POST", f"{CAMPAIGNS}/{id}/cancel", json={"force": True}).status_code == 200
    assert director.running.complete(job) is None


def test_a_child_says_whose_it_is_and_is_listed_below_it(
    ask: Any, create: Any, director: Director
) -> None:
    id = create(campaign_total_children=4).json()["campaign_id"]
    job = director.step(id)
    names = [f"{id}-{n}" for n in range(3)]
    reached = Reached(next_position=4, total_children=4)
    director.commit(job, *(child(name) for name in names), reached=reached)
    first = director.queued(id)[0]
    director.fail(director.take(first.id), "torn")
    told = ask("GET", f"{CAMPAIGNS}/{id}").json()
    assert told["children"] == {
        "total": 3,
        "queued": 2,
        "running": 0,
        "canceling": 0,
        "succeeded": 0,
        "failed": 1,
        "canceled": 0,
    }
    assert told["failures"] == [{"kind": "torn", "count": 1}]
    assert told["progress"]["percent"] == 25.0
    one = ask("GET", f"/api/v1/ingestions/{first.id}").json()
    step = job.hold.ingestion_id
    assert (one["campaign_id"], one["parent_ingestion_id"]) == (id, step)
    assert "campaign_step" not in one

    def listed(query: str) -> list[str]:
        found: list[str] = []
        path = f"/api/v1/ingestions?per_page=2&{query}"
        cursor = ""
        while True:
            page = ask("GET", path + cursor).json()
            found += [each["id"] for each in page["items"]]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    below = listed(f"parent_ingestion_id={step}")
    assert len(below) == len(set(below)) == 3
    assert set(listed(f"campaign_id={id}")) == {step, *below}
    assert listed(f"campaign_id={id}&status=failed") == [first.id]
    assert listed("campaign_id=nope") == []


def test_the_list_is_paged_and_filtered(ask: Any, create: Any) -> None:
    mine = [create(mode="manual", convention_id="test-harvester").json() for _ in range(5)]
    ids = [one["campaign_id"] for one in reversed(mine)]
    ask("POST", f"{CAMPAIGNS}/{ids[0]}/pause")
    path = f"{CAMPAIGNS}?convention_id=test-harvester&per_page=2"
    first = ask("GET", path).json()
    second = ask("GET", f"{path}&cursor={first['next_cursor']}").json()
    third = ask("GET", f"{path}&cursor={second['next_cursor']}").json()
    pages = [[one["campaign_id"] for one in page["items"]] for page in (first, second, third)]
    assert pages == [ids[:2], ids[2:4], ids[4:]]
    assert (first["has_more"], third["has_more"], third["next_cursor"]) == (True, False, None)
    back = ask("GET", f"{path}&cursor={second['prev_cursor']}").json()
    assert [one["campaign_id"] for one in back["items"]] == ids[:2]
    paused = ask("GET", f"{path}&status=paused&status=failed").json()["items"]
    assert [one["campaign_id"] for one in paused] == ids[:1]
    assert ask("GET", f"{path}&status=sleeping").status_code == 400
    assert ask("GET", f"{path}&status=paused&cursor={first['next_cursor']}").status_code == 400
    assert ask("GET", f"{CAMPAIGNS}?convention_id=nope").json()["items"] == []


def test_everybody_who_has_the_link_sees_the_counts_and_nothing_else(ask: Any, create: Any) -> None:
    secret = "of-nobody-elses-business"
    made = create(name=secret, parameters={"prefix": secret}, public_summary=True).json()
    href = made["summary_href"]
    token = href.removeprefix("/api/v1/campaign-summaries/")
    assert len(token) == 43
    nobody = ask.as_token(None)
    answer = nobody("GET", href)
    assert answer.status_code == 200
    assert answer.json().keys() == set(SCHEMAS["CampaignSummary"]["required"])
    for told in (secret, made["campaign_id"], "test-counter", "tester"):
        assert told not in answer.text
    unknown = nobody("GET", f"/api/v1/campaign-summaries/{'x' * 43}")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "CAMPAIGN_NOT_FOUND")
    for wrong in ("x", "x" * 44, "x" * 42 + "!"):
        assert nobody("GET", f"/api/v1/campaign-summaries/{wrong}").status_code in (400, 404)
    # It is a secret, and stands in no list of other tenants and no problem.
    assert token not in unknown.text


@pytest.mark.parametrize(
    ("scope", "allowed"), [(Scope.READ, {"GET"}), (Scope.WRITE, {"POST"}), (None, set())]
)
def test_who_may_read_and_who_may_change(
    ask: Any, house: House, create: Any, scope: Scope | None, allowed: set[str]
) -> None:
    id = create(mode="manual").json()["campaign_id"]
    scopes = [] if scope is None else [scope]
    made = house.service.tokens.create(tenant="default", name=f"with-{scope}", scopes=scopes)
    caller = ask.as_token(made[1])
    body = {"campaign_id": next(_NAMES), "convention_id": "test-counter"}
    for method, path, more in (
        ("GET", "", {}),
        ("GET", f"/{id}", {}),
        ("POST", "", {"json": body}),
        ("POST", f"/{id}/pause", {}),
        ("POST", f"/{id}/resume", {}),
        ("POST", f"/{id}/advance", {"json": {"start_position": 1}}),
        ("POST", f"/{id}/cancel", {}),
    ):
        answer = caller(method, CAMPAIGNS + path, **more)
        assert (answer.status_code < 300) == (method in allowed), (path, answer.text)
        assert answer.status_code < 300 or answer.status_code == 403
