"""Retry, delete, clean up, explain, conflicts: how the rules look from outside."""

from __future__ import annotations

from typing import Any

import pytest

from osa.server.bootstrap import House

INGESTIONS = "/api/v1/ingestions"
CLEANUPS = "/api/v1/cleanups"
SOURCE = {"type": "text", "text": "Calm sea.", "filename": "log.txt"}
NOWHERE = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
def ended(ask: Any, start: Any) -> Any:
    """An ingestion that was canceled."""

    def go(**more: Any) -> Any:
        response = ask("POST", f"{INGESTIONS}/{start(**more)['id']}/cancel")
        assert response.json()["done"] is True
        return response.json()

    return go


def test_a_start_says_everything_back(ask: Any, start: Any) -> None:
    plain = start()
    assert plain["priority"] == 0 and plain["max_failed_items"] == 0
    assert plain["stop_early"] is False and plain["deadline_at"] is None
    assert plain["next_attempt_at"] is None and plain["queue_position"] >= 0
    absent = {"concurrency_key", "retry_of", "root_id", "retry_scope", "retried_by"}
    assert not absent & plain.keys()
    full = start(
        concurrency_key="site-a",
        on_conflict="queue",
        priority=-7.0,
        deadline_seconds=3600,
        max_failed_items=None,
        stop_early=True,
    )
    assert full["concurrency_key"] == "site-a" and full["priority"] == -7
    assert full["max_failed_items"] is None and full["stop_early"] is True
    assert full["deadline_at"] > full["created_at"]
    actions = {one["action"]: one for one in full["allowed_actions"]}
    assert actions["cancel"] == {"action": "cancel", "allowed": True}
    assert actions["delete"]["allowed"] is False
    assert actions["delete"]["code"] == "INGESTION_ACTIVE"


@pytest.mark.parametrize(
    "wrong",
    [
        {"priority": 101},
        {"priority": 0.5},
        {"priority": None},
        {"deadline_seconds": 0},
        {"deadline_seconds": None},
        {"max_failed_items": -1},
        {"stop_early": 1},
        {"on_conflict": "wait"},
        {"on_conflict": None},
        {"concurrency_key": ""},
        {"concurrency_key": "a\nb"},
    ],
)
def test_a_start_takes_no_value_that_is_not_in_the_contract(
    ask: Any, wrong: dict[str, Any]
) -> None:
    body = {"convention_id": "documents", "source": SOURCE, **wrong}
    refused = ask("POST", INGESTIONS, json=body)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["loc"][:2] == ["body", *wrong]


def test_a_second_start_with_a_key_is_refused_attached_or_queued(ask: Any, start: Any) -> None:
    first = start(concurrency_key="one-at-a-time")
    body = {"convention_id": "documents", "source": SOURCE, "concurrency_key": "one-at-a-time"}
    refused = ask("POST", INGESTIONS, json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "INGESTION_ALREADY_RUNNING")
    assert refused.json()["context"]["ingestion_id"] == first["id"]
    attached = ask("POST", INGESTIONS, json={**body, "on_conflict": "attach"})
    assert (attached.status_code, attached.json()["id"]) == (200, first["id"])
    assert attached.headers["ingestion-attached"] == "true"
    assert attached.headers["location"].endswith(first["id"])
    assert "idempotent-replayed" not in attached.headers
    queued = ask("POST", INGESTIONS, json={**body, "on_conflict": "queue"})
    assert (queued.status_code, "ingestion-attached" in queued.headers) == (202, False)


def test_a_retry_is_a_new_ingestion_that_is_linked_to_the_old_one(ask: Any, ended: Any) -> None:
    old = ended(name="first", labels={"a": "b"}, max_failed_items=3)
    path = f"{INGESTIONS}/{old['id']}/retry"
    body = {"scope": "all", "overrides": {"name": "second", "max_failed_items": None}}
    key = {"Idempotency-Key": old["id"]}
    accepted = ask("POST", path, json=body, headers=key)
    assert accepted.status_code == 202
    new = accepted.json()
    assert accepted.headers["location"] == f"{INGESTIONS}/{new['id']}"
    assert int(accepted.headers["retry-after"]) >= 1
    assert (new["retry_of"], new["root_id"], new["retry_scope"]) == (old["id"], old["id"], "all")
    assert (new["name"], new["labels"], new["max_failed_items"]) == ("second", {"a": "b"}, None)
    assert ask("GET", f"{INGESTIONS}/{old['id']}").json()["retried_by"] == new["id"]
    again = ask("POST", path, json=body, headers=key)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    second = ask("POST", path, json=body)
    assert (second.status_code, second.json()["code"]) == (409, "INGESTION_ALREADY_RETRIED")
    active = ask("POST", f"{INGESTIONS}/{new['id']}/retry", json=body)
    assert (active.status_code, active.json()["code"]) == (409, "INGESTION_ACTIVE")
    assert active.json()["retryable"] is True
    family = ask("GET", f"{INGESTIONS}?root_id={old['id']}&order=asc").json()["items"]
    assert [one["id"] for one in family] == [old["id"], new["id"]]


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"scope": "some"},
        {"scope": "all", "overrides": None},
        {"scope": "all", "overrides": {"limit": 3}},
        {"scope": "all", "overrides": {"priority": None}},
        {"scope": "all", "overrides": {"labels": {"a": 1}}},
    ],
)
def test_a_retry_says_its_scope_and_changes_only_what_may_change(
    ask: Any, ended: Any, body: Any
) -> None:
    path = f"{INGESTIONS}/{ended()['id']}/retry"
    assert ask("POST", path, json=body).status_code == 400


def test_who_deletes_gets_no_body_and_finds_nothing_afterwards(
    ask: Any, start: Any, ended: Any
) -> None:
    path = f"{INGESTIONS}/{ended()['id']}"
    deleted = ask("DELETE", path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert deleted.headers["x-request-id"]
    for method, more in (("DELETE", ""), ("GET", ""), ("GET", "/events"), ("GET", "/diagnosis")):
        gone = ask(method, path + more)
        assert (gone.status_code, gone.json()["code"]) == (404, "INGESTION_NOT_FOUND")
    active = ask("DELETE", f"{INGESTIONS}/{start()['id']}")
    assert (active.status_code, active.json()["code"]) == (409, "INGESTION_ACTIVE")


def test_a_diagnosis_says_why_and_when_to_look_again(ask: Any, start: Any, ended: Any) -> None:
    waiting = ask("GET", f"{INGESTIONS}/{start()['id']}/diagnosis")
    assert waiting.status_code == 200
    assert waiting.json()["status"] == "queued"
    assert waiting.json()["text"] and waiting.json()["queue_position"] >= 0
    assert int(waiting.headers["retry-after"]) >= 1
    over = ask("GET", f"{INGESTIONS}/{ended()['id']}/diagnosis")
    assert over.json()["code"] == "canceled"
    assert "retry-after" not in over.headers and "queue_position" not in over.json()


def test_a_cleanup_selects_first_and_then_deletes_that_set(ask: Any, ended: Any) -> None:
    one, other = ended(), ended(name="other")
    wanted = {"status": ["canceled"], "older_than_seconds": 0}
    selected = ask("POST", CLEANUPS, json=wanted)
    assert selected.status_code == 200
    found = selected.json()
    assert found["match_count"] == found["remaining_count"] >= 2
    assert found["deleted_count"] == 0 and found["bytes"] == 0
    assert all(member["status"] == "canceled" for member in found["sample"])
    assert ask("GET", f"{INGESTIONS}/{one['id']}").status_code == 200
    token = {"selection_token": found["selection_token"]}
    mismatch = ask("POST", CLEANUPS, json={**token, "keep_last": 5})
    assert (mismatch.status_code, mismatch.json()["code"]) == (409, "SELECTION_MISMATCH")
    for body in ({**wanted, **token}, token):
        deleted = ask("POST", CLEANUPS, json=body).json()
        assert deleted["deleted_count"] == found["match_count"]
        assert deleted["remaining_count"] == 0
    for gone in (one, other):
        assert ask("GET", f"{INGESTIONS}/{gone['id']}").status_code == 404
    unknown = ask("POST", CLEANUPS, json={"selection_token": NOWHERE})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "SELECTION_NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"status": []},
        {"status": ["running"]},
        {"status": ["failed"] * 4},
        {"older_than_seconds": -1},
        {"keep_last": None},
        {"selection_token": "a b"},
        {"everything": True},
    ],
)
def test_a_cleanup_needs_a_filter_that_is_one(ask: Any, body: Any) -> None:
    refused = ask("POST", CLEANUPS, json=body)
    assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_REQUEST")


def test_force_cancels_with_the_answer(ask: Any, start: Any, house: House) -> None:
    started = start()
    assert house.running.take(started["id"], "a-worker") is not None
    path = f"{INGESTIONS}/{started['id']}/cancel"
    asked = ask("POST", path, json={"grace_seconds": 3600})
    assert (asked.status_code, asked.json()["status"]) == (202, "canceling")
    forced = ask("POST", path, json={"force": True})
    assert (forced.status_code, forced.json()["status"]) == (200, "canceled")
    assert forced.json()["cancel"]["outcome"] == "forced"


def test_a_list_is_filtered_and_counted(ask: Any, start: Any, ended: Any) -> None:
    one, other = start(name="Sea of Okhotsk"), ended(concurrency_key="filtered")

    def ids(query: str) -> list[str]:
        response = ask("GET", f"{INGESTIONS}?{query}")
        assert response.status_code == 200, response.text
        return [found["id"] for found in response.json()["items"]]

    assert set(ids(f"id={one['id']}&id={other['id']}&id={NOWHERE}")) == {one["id"], other["id"]}
    assert ids("q=okhotsk") == [one["id"]]
    assert ids("concurrency_key=filtered") == [other["id"]]
    assert ids(f"ended_after={other['ended_at']}&id={other['id']}") == [other["id"]]
    assert ids(f"ended_before={other['ended_at']}&id={other['id']}") == []
    assert ids(f"unresolved=true&id={one['id']}") == []
    for none in (f"retry_of={NOWHERE}", f"record_id={NOWHERE}", "error_kind=no_such_kind"):
        assert ids(none) == []
    page = ask("GET", f"{INGESTIONS}?per_page=1&include_total=true").json()
    every = ask("GET", f"{INGESTIONS}?per_page=200").json()["items"]
    assert page["total"] == {"value": len(every), "relation": "eq"}
    for without in ("", "?include_total=false"):
        assert "total" not in ask("GET", INGESTIONS + without).json()


@pytest.mark.parametrize(
    "query",
    [
        "include_total=1",
        "unresolved=yes",
        "id=x",
        "&".join(["id=" + NOWHERE] * 101),
        "retry_of=",
        "error_kind=Source",
        "q=",
        "ended_after=yesterday",
        "concurrency_key=",
        "id=" + NOWHERE + "&retry_of=" + NOWHERE + "&retry_of=" + NOWHERE,
    ],
)
def test_a_filter_that_is_none_is_refused(ask: Any, query: str) -> None:
    assert ask("GET", f"{INGESTIONS}?{query}").status_code == 400
