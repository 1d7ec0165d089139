"""Filters, counts, many at once, conditional and waiting reads, and the service itself."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from osa_testing.canned import ACCESS, EXAMPLES, ID, Server, page, problem

from osa.cli import ingestion as helpers
from osa.cli import pacing
from osa.cli.ingestion import IngestionError

RUNNING, QUEUED = EXAMPLES["IngestionRunning"], EXAMPLES["IngestionQueued"]
SINCE_0_1 = (
    "priority",
    "max_failed_items",
    "stop_early",
    "deadline_at",
    "next_attempt_at",
    "purge_after",
    "allowed_actions",
)
OTHER = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e50"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "sleep", lambda _seconds: None)


def one(identity: str, **more: Any) -> dict[str, Any]:
    return {**RUNNING, "id": identity, **more}


def archive(*ids: str) -> Any:
    """A server where these ingestions are, asked one by one or a list at a time."""

    def answer(request: httpx.Request) -> Any:
        identity = request.url.path.removeprefix("/api/v1/ingestions").strip("/")
        if not identity:
            wanted = [str(UUID(each)) for each in request.url.params.get_list("id")]
            return page([one(each) for each in reversed(ids) if each in wanted])
        return one(identity) if identity in ids else problem("IngestionNotFound")

    return answer


def test_every_filter_is_sent_under_its_name_in_the_contract() -> None:
    server = Server(page([RUNNING]))
    helpers.list_ingestions(
        **ACCESS,
        ended_after=datetime(2026, 11, 22, tzinfo=UTC),
        ended_before="2026-11-23",
        ids=[ID, UUID(OTHER), f"urn:osa:x:ing:{ID}"],
        retry_of=f"urn:osa:x:ing:{ID}",
        root_id=UUID(ID),
        record_id=f"urn:osa:x:rec:{ID}",
        campaign_id="aviris-2026",
        parent=f"urn:osa:x:ing:{OTHER}",
        concurrency_key="site-a",
        error_kind="source_unreachable",
        q="temperature & salt",
        unresolved=False,
        http=server.http,
    )
    assert sorted(server.asked[0].url.params.multi_items()) == [
        ("campaign_id", "aviris-2026"),
        ("concurrency_key", "site-a"),
        ("ended_after", "2026-11-22T00:00:00+00:00"),
        ("ended_before", "2026-11-23"),
        ("error_kind", "source_unreachable"),
        ("id", ID),
        ("id", ID),
        ("id", OTHER),
        ("order", "desc"),
        ("parent_ingestion_id", OTHER),
        ("per_page", "200"),
        ("q", "temperature & salt"),
        ("record_id", ID),
        ("retry_of", ID),
        ("root_id", ID),
        ("unresolved", "false"),
    ]


def test_what_is_not_given_is_no_filter() -> None:
    server = Server(page([RUNNING]))
    helpers.list_ingestions(**ACCESS, ids=None, q=None, unresolved=None, http=server.http)
    assert {*server.asked[0].url.params} == {"order", "per_page"}


def test_a_single_id_is_a_list_of_one_and_no_id_at_all_is_no_ingestion() -> None:
    server = Server(page([RUNNING]))
    for single in (ID, UUID(ID)):
        helpers.list_ingestions(**ACCESS, ids=single, http=server.http)
    assert [request.url.params.get_list("id") for request in server.asked] == [[ID], [ID]]
    nobody = Server()
    assert helpers.list_ingestions(**ACCESS, ids=[], http=nobody.http) == []
    assert helpers.count_ingestions(**ACCESS, ids=iter([]), http=nobody.http) == {
        "value": 0,
        "relation": "eq",
    }
    assert nobody.asked == []


@pytest.mark.parametrize("keyword", ["ids", "retry_of", "root_id", "record_id", "parent"])
def test_a_filter_by_the_srn_of_something_else_is_refused_before_it_is_sent(keyword: str) -> None:
    server = Server(page([]))
    with pytest.raises(IngestionError) as caught:
        helpers.list_ingestions(**ACCESS, **{keyword: "urn:osa:x:art:1"}, http=server.http)
    assert (caught.value.code, server.asked) == ("INVALID_ARGUMENT", [])


def test_a_count_asks_for_a_total_and_the_smallest_page() -> None:
    total = {"value": 10000, "relation": "gte", "a_new_member": 1}
    server = Server(page([RUNNING], "c1") | {"total": total})
    got = helpers.count_ingestions(
        **ACCESS, status="active", convention="documents", q="sea", http=server.http
    )
    assert got == total
    assert {**server.asked[0].url.params} == {
        "status": "active",
        "convention_id": "documents",
        "q": "sea",
        "include_total": "true",
        "per_page": "1",
    }


def test_a_server_that_does_not_count_is_an_error() -> None:
    for answer, code in (
        (page([RUNNING]), "INVALID_RESPONSE"),
        (page([RUNNING]) | {"total": 7}, "INVALID_RESPONSE"),
        (problem("InvalidRequest"), "INVALID_REQUEST"),
    ):
        with pytest.raises(IngestionError) as caught:
            helpers.count_ingestions(**ACCESS, http=Server(answer).http)
        assert caught.value.code == code


def test_many_are_given_in_the_order_of_their_ids_with_a_request_for_a_hundred() -> None:
    ids = [str(uuid4()) for _ in range(250)]
    server = Server(archive(*ids))
    got = helpers.get_ingestions(**ACCESS, ingestion_ids=ids, http=server.http)
    assert [each["id"] for each in got] == ids
    assert server.paths() == ["GET /ingestions"] * 3
    assert [len(request.url.params.get_list("id")) for request in server.asked] == [100, 100, 50]
    assert {request.url.params["per_page"] for request in server.asked} == {"100"}


def test_many_may_be_named_in_any_way_and_more_than_once() -> None:
    server = Server(archive(ID, OTHER))
    given = [UUID(OTHER), f"urn:osa:x:ing:{ID}", OTHER.upper(), OTHER]
    got = helpers.get_ingestions(**ACCESS, ingestion_ids=given, http=server.http)
    assert [each["id"] for each in got] == [OTHER, ID, OTHER, OTHER]
    assert server.paths() == ["GET /ingestions"]


def test_one_of_many_that_is_not_there_is_the_servers_own_error_about_it() -> None:
    server = Server(archive(OTHER))
    with pytest.raises(IngestionError) as caught:
        helpers.get_ingestions(**ACCESS, ingestion_ids=[OTHER, ID], http=server.http)
    assert (caught.value.status, caught.value.code) == (404, "INGESTION_NOT_FOUND")
    assert ID in caught.value.detail
    assert server.paths() == ["GET /ingestions", f"GET /ingestions/{ID}"]


def test_none_of_many_asks_nobody() -> None:
    server = Server()
    assert helpers.get_ingestions(**ACCESS, ingestion_ids=[], http=server.http) == []
    assert server.asked == []


def test_each_request_for_many_is_tried_again_by_itself() -> None:
    ids = [str(uuid4()) for _ in range(300)]
    answer, failing = archive(*ids), [True, True, False]

    def flaky(request: httpx.Request) -> Any:
        failing.append(failing.pop(0))
        return httpx.Response(503) if failing[-1] else answer(request)

    server = Server(flaky)
    got = helpers.get_ingestions(**ACCESS, ingestion_ids=ids, http=server.http)
    assert ([each["id"] for each in got], len(server.asked)) == (ids, 9)


@pytest.mark.parametrize("knows", [problem("InvalidRequest"), page([one(str(uuid4()))])])
def test_a_server_that_cannot_be_asked_for_many_is_asked_one_by_one(knows: Any) -> None:
    """Whether it refuses the filter or does not look at it."""
    answer = archive(ID, OTHER)
    server = Server(lambda r: knows if r.url.path.endswith("ingestions") else answer(r))
    got = helpers.get_ingestions(**ACCESS, ingestion_ids=[ID, OTHER], http=server.http)
    assert [each["id"] for each in got] == [ID, OTHER]


def test_what_is_no_id_among_many_is_the_servers_to_refuse() -> None:
    server = Server(problem("InvalidRequest"))
    with pytest.raises(IngestionError) as caught:
        helpers.get_ingestions(**ACCESS, ingestion_ids=["sea", "ice"], http=server.http)
    assert caught.value.code == "INVALID_REQUEST"
    assert server.paths() == ["GET /ingestions", "GET /ingestions/sea"]


def test_a_read_may_wait_at_the_server_and_is_given_the_time_for_it() -> None:
    server = Server(RUNNING)
    helpers.get_ingestion(**ACCESS, ingestion_id=ID, http=server.http)
    helpers.get_ingestion(**ACCESS, ingestion_id=ID, wait_seconds=45, timeout=20, http=server.http)
    plain, waiting = server.asked
    assert "Prefer" not in plain.headers and "If-None-Match" not in plain.headers
    assert waiting.headers["Prefer"] == "wait=45"
    assert waiting.extensions["timeout"]["read"] == 65


def test_not_modified_is_no_ingestion_and_no_redirect() -> None:
    with pytest.raises(IngestionError) as caught:
        helpers.get_ingestion(**ACCESS, ingestion_id=ID, http=Server(httpx.Response(304)).http)
    assert (caught.value.code, caught.value.status) == ("UNEXPECTED_STATUS", 304)


def test_words_and_members_of_a_newer_server_come_through_untouched() -> None:
    newer = RUNNING | {
        "status": "dreaming",
        "status_reason": "moon_phase",
        "retry_scope": "half_of_it",
        "allowed_actions": [{"action": "sing", "allowed": True, "a_new_member": 1}],
        "a_new_member": {"deep": [None]},
    }
    assert helpers.get_ingestion(**ACCESS, ingestion_id=ID, http=Server(newer).http) == newer
    assert helpers.list_ingestions(**ACCESS, http=Server(page([newer])).http) == [newer]


def test_the_ingestions_of_a_server_of_the_first_version_are_understood() -> None:
    older = {name: value for name, value in RUNNING.items() if name not in SINCE_0_1}
    server = Server(older)
    assert helpers.get_ingestion(**ACCESS, ingestion_id=ID, http=server.http) == older
    assert helpers.list_ingestions(**ACCESS, http=Server(page([older])).http) == [older]
    for name in ("id", "status", "done", "allowed_actions"):
        damaged = {key: value for key, value in RUNNING.items() if key != name}
        with pytest.raises(IngestionError) as caught:
            helpers.get_ingestion(**ACCESS, ingestion_id=ID, http=Server(damaged).http)
        assert caught.value.code == "INVALID_RESPONSE"


def test_the_tenant_an_admin_acts_for_goes_with_every_request() -> None:
    server = Server(page([RUNNING], "c1"), page([RUNNING]), RUNNING)
    helpers.list_ingestions(**ACCESS, tenant="sea.lab", http=server.http)
    helpers.get_ingestion(**ACCESS, ingestion_id=ID, tenant="sea.lab", http=server.http)
    assert [request.headers["Osa-Tenant"] for request in server.asked] == ["sea.lab"] * 3
    helpers.get_ingestion(**ACCESS, ingestion_id=ID, http=server.http)
    assert "Osa-Tenant" not in server.asked[-1].headers


@pytest.mark.parametrize("tenant", ["", " ", "a\nb", "å"])
def test_a_tenant_that_no_header_can_carry_is_refused_before_anything_is_sent(tenant: str) -> None:
    server = Server(RUNNING)
    with pytest.raises(IngestionError) as caught:
        helpers.get_ingestion(**ACCESS, ingestion_id=ID, tenant=tenant, http=server.http)
    assert (caught.value.code, server.asked) == ("INVALID_ARGUMENT", [])


def test_caller_and_service_are_told_untouched() -> None:
    for call, name, path in (
        (helpers.get_caller, "Caller", "caller"),
        (helpers.get_service_status, "ServiceStatus", "status"),
    ):
        said = EXAMPLES[name] | {"a_new_member": 1}
        server = Server(said)
        assert call(**ACCESS, http=server.http) == said
        assert server.paths() == [f"GET /{path}"]
        with pytest.raises(IngestionError) as caught:
            call(**ACCESS, http=Server(problem("Forbidden")).http)
        assert caught.value.code == "FORBIDDEN"


def test_the_audit_is_walked_page_by_page_with_its_filters() -> None:
    (entry,) = EXAMPLES["AuditPage"]["items"]
    other = {**entry, "action": "sing", "tenant": "else"}
    server = Server(page([entry], "c1"), page([other]))
    audit = helpers.iter_audit(
        **ACCESS,
        ingestion_id=f"urn:osa:x:ing:{ID}",
        token_name="first",
        created_after=datetime(2026, 11, 22, tzinfo=UTC),
        created_before="2026-11-23T00:00:00Z",
        order="asc",
        http=server.http,
    )
    assert next(audit) == entry
    assert len(server.asked) == 1
    assert list(audit) == [other]
    assert server.paths() == ["GET /audit"] * 2
    assert {**server.asked[1].url.params} == {
        "ingestion_id": ID,
        "token_name": "first",
        "created_after": "2026-11-22T00:00:00+00:00",
        "created_before": "2026-11-23T00:00:00Z",
        "order": "asc",
        "cursor": "c1",
        "per_page": "200",
    }
