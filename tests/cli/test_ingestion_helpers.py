"""What the helpers send, and that the answer comes back untouched; at the boundary of HTTP."""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from osa_testing.canned import ACCESS, EXAMPLES, ID, Server, page

from osa.cli import ingestion as helpers
from osa.cli import pacing
from osa.cli.ingestion import IngestionError


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "sleep", lambda _seconds: None)


def test_every_helper_is_keyword_only_and_takes_the_common_keywords() -> None:
    names = [n for n in helpers.__all__ if not n.startswith("Ingestion")]
    for name in names:
        parameters = inspect.signature(getattr(helpers, name)).parameters
        assert {p.kind for p in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}, name
        assert {"server", "timeout", "retries", "http"} <= parameters.keys(), name
        without = ("get_readiness", "get_campaign_summary")
        assert {"token", "tenant"} <= parameters.keys() or name in without


def test_a_keyword_too_much_or_too_little_is_told_at_the_call_in_the_name_of_the_helper() -> None:
    calls: dict[str, dict[str, Any]] = {
        "iter_ingestions": {},
        "iter_logs": {"ingestion_id": ID},
        "get_ingestion": {"ingestion_id": ID},
        "download_artifact": {"artifact_id": ID, "path": "x"},
    }
    for name, keywords in calls.items():
        call = getattr(helpers, name)
        with pytest.raises(TypeError, match=rf"^{name}\(\) .*unexpected.*folow"):
            call(**ACCESS, **keywords, folow=True)
        with pytest.raises(TypeError, match=rf"^{name}\(\) missing.*'token'"):
            call(server="http://h", **keywords)


def test_help_shows_every_keyword_with_its_default() -> None:
    shown = str(inspect.signature(helpers.get_record))
    assert "record_id: str | uuid.UUID, token: str, tenant: str | None = None" in shown
    assert "timeout: float = 30.0, retries: int = 2" in shown
    assert shown.endswith("-> dict[str, typing.Any]")


def test_a_start_sends_what_clients_in_the_field_send_and_gives_the_answer_untouched() -> None:
    queued = EXAMPLES["IngestionQueued"] | {"a_new_member": [1, {"deep": None}]}
    server = Server(queued, status=202)
    started = helpers.start_ingestion(
        **ACCESS, convention_id="documents", batch_size=10, http=server.http
    )
    assert started == queued
    (request,) = server.asked
    assert (request.method, str(request.url)) == (
        "POST",
        "https://archive.example/api/v1/ingestions",
    )
    assert server.bodies() == [{"convention_id": "documents", "batch_size": 10, "limit": None}]
    assert request.headers["Authorization"] == "Bearer t0ken-of-mine"
    assert request.headers["Content-Type"] == "application/json"
    UUID(request.headers["Idempotency-Key"])


def test_a_start_sends_every_member_as_it_was_given_even_one_the_sdk_does_not_know() -> None:
    server = Server(EXAMPLES["IngestionQueued"], status=202)
    given: dict[str, Any] = {
        "source": {"type": "punch_cards", "boxes": 2},
        "parameters": {"variable": "sst", "nested": {"a": [1, None]}},
        "name": "Sea",
        "external_id": "e-1",
        "metadata": {},
        "labels": {"project": "demo"},
        "limit": 7,
    }
    helpers.start_ingestion(
        **ACCESS, convention_id="nc-to-geotiff", **given, idempotency_key="mine", http=server.http
    )
    assert server.bodies() == [{"convention_id": "nc-to-geotiff", "batch_size": 1000, **given}]
    assert server.asked[0].headers["Idempotency-Key"] == "mine"


def test_a_start_is_sent_again_with_the_same_key_and_never_with_another() -> None:
    cut = httpx.ReadError("cut")
    server = Server(cut, httpx.Response(503, text="busy"), EXAMPLES["IngestionQueued"], status=202)
    helpers.start_ingestion(**ACCESS, convention_id="documents", http=server.http)
    keys = [request.headers["Idempotency-Key"] for request in server.asked]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    again = Server(EXAMPLES["IngestionQueued"])
    helpers.start_ingestion(**ACCESS, convention_id="documents", http=again.http)
    assert again.asked[0].headers["Idempotency-Key"] not in keys


@pytest.mark.parametrize(
    "server", ["http://h:8/osa", "http://h:8/osa/", "http://h:8/osa//", " http://h:8/osa"]
)
def test_a_server_may_have_a_path_and_a_slash_at_the_end(server: str) -> None:
    mock = Server(EXAMPLES["IngestionRunning"])
    helpers.get_ingestion(server=server, token="t", ingestion_id=ID, http=mock.http)
    assert str(mock.asked[0].url) == f"http://h:8/osa/api/v1/ingestions/{ID}"


def test_a_client_that_is_given_is_used_as_it_is_and_left_open() -> None:
    server = Server(EXAMPLES["IngestionRunning"])
    other = httpx.Client(
        base_url="https://elsewhere.example/x",
        transport=server.http._transport,
        follow_redirects=True,
    )
    helpers.get_ingestion(**ACCESS, ingestion_id=ID, http=other)
    assert server.asked[0].url.host == "archive.example"
    assert not other.is_closed


@pytest.mark.parametrize("given", [ID, UUID(ID), f"urn:osa:archive.example:ing:{ID}", f" {ID} "])
def test_an_ingestion_is_named_by_id_or_srn(given: Any) -> None:
    calls: list[Callable[..., Any]] = [
        helpers.get_ingestion,
        helpers.cancel_ingestion,
        helpers.wait_ingestion,
    ]
    for call in calls:
        server = Server(EXAMPLES["IngestionSucceeded"])
        call(**ACCESS, ingestion_id=given, http=server.http)
        assert server.asked[0].url.path.removesuffix("/cancel") == f"/api/v1/ingestions/{ID}"


@pytest.mark.parametrize(
    "given", ["", " ", ".", "..", "urn:osa:x:rec:1", "urn:osa:x:ing:..", "urn:x"]
)
def test_what_would_be_another_address_is_refused_before_anything_is_sent(given: str) -> None:
    server = Server(EXAMPLES["IngestionRunning"])
    with pytest.raises(IngestionError) as caught:
        helpers.get_ingestion(**ACCESS, ingestion_id=given, http=server.http)
    assert (caught.value.code, server.asked) == ("INVALID_ARGUMENT", [])


@pytest.mark.parametrize("given", ["../../healthz", "a/b?c#d", "%2e%2e"])
def test_an_id_never_leaves_its_place_in_the_path(given: str) -> None:
    server = Server(EXAMPLES["IngestionRunning"])
    helpers.get_ingestion(**ACCESS, ingestion_id=given, http=server.http)
    raw = server.asked[0].url.raw_path.decode()
    assert raw.startswith("/api/v1/ingestions/")
    assert raw.count("/") == 4
    assert "?" not in raw


def test_a_cancel_sends_only_what_was_given() -> None:
    server = Server(EXAMPLES["IngestionCanceling"], status=202)
    helpers.cancel_ingestion(**ACCESS, ingestion_id=ID, http=server.http)
    helpers.cancel_ingestion(
        **ACCESS, ingestion_id=ID, reason="wrong", grace_seconds=0, http=server.http
    )
    assert server.bodies() == [{}, {"reason": "wrong", "grace_seconds": 0}]


def test_a_list_walks_all_pages_and_keeps_its_filters() -> None:
    first, second, third = ({**EXAMPLES["IngestionRunning"], "name": str(n)} for n in range(3))
    server = Server(page([first], "c1"), page([], "c2"), page([second, third]))
    found = helpers.list_ingestions(
        **ACCESS,
        convention="documents",
        status=["active", "a_new_state"],
        label="project=demo",
        created_after=datetime(2026, 11, 22, 9, tzinfo=UTC),
        created_before="2026-11-23T00:00:00Z",
        order="asc",
        http=server.http,
    )
    assert found == [first, second, third]
    asked = [request.url.params for request in server.asked]
    assert [params.get("cursor") for params in asked] == [None, "c1", "c2"]
    for params in asked:
        assert params.get_list("status") == ["active", "a_new_state"]
        assert params.get_list("label") == ["project=demo"]
        assert params["created_after"] == "2026-11-22T09:00:00+00:00"
        assert params["created_before"] == "2026-11-23T00:00:00Z"
        assert (params["convention_id"], params["order"]) == ("documents", "asc")


def test_a_list_stops_at_its_largest_number_and_asks_for_no_page_more() -> None:
    one = EXAMPLES["IngestionRunning"]
    server = Server(page([one, one], "c1"), page([one, one], "c2"))
    assert len(helpers.list_ingestions(**ACCESS, max_items=3, http=server.http)) == 3
    assert [request.url.params["per_page"] for request in server.asked] == ["3", "1"]
    assert helpers.list_ingestions(**ACCESS, max_items=0, http=server.http) == []
    assert len(server.asked) == 2


def test_pages_that_lead_in_a_circle_are_an_error_and_no_endless_list() -> None:
    server = Server(page([EXAMPLES["IngestionRunning"]], "again"))
    with pytest.raises(IngestionError) as caught:
        helpers.list_ingestions(**ACCESS, http=server.http)
    assert caught.value.code == "INVALID_RESPONSE"


def test_a_time_without_an_offset_is_local_time() -> None:
    server = Server(page([]))
    moment = datetime(2026, 11, 22, 9)
    helpers.list_ingestions(**ACCESS, created_after=moment, http=server.http)
    sent = datetime.fromisoformat(server.asked[0].url.params["created_after"])
    assert sent == moment.astimezone()


def test_the_other_lists_ask_at_their_own_places() -> None:
    record = EXAMPLES["Record"]
    for call, keywords, name, path in (
        (
            helpers.list_items,
            {"ingestion_id": ID, "outcome": "failed"},
            "IngestionItemPage",
            f"ingestions/{ID}/items",
        ),
        (
            helpers.list_artifacts,
            {"ingestion_id": ID},
            "ArtifactPage",
            f"ingestions/{ID}/artifacts",
        ),
        (helpers.list_records, {"ingestion_id": f"urn:osa:x:ing:{ID}"}, "RecordPage", "records"),
    ):
        whole = page(EXAMPLES[name]["items"])
        server = Server(whole)
        assert call(**ACCESS, **keywords, http=server.http) == whole["items"]
        assert server.asked[0].url.path == f"/api/v1/{path}"
    server = Server(record)
    assert helpers.get_record(**ACCESS, record_id=record["srn"], http=server.http) == record
    assert server.asked[0].url.path == f"/api/v1/records/{record['id']}"


def test_conventions_are_found_by_slug_and_by_srn_and_those_that_can_start_are_told() -> None:
    server = Server(EXAMPLES["ConventionList"])
    found = helpers.discover_ingestable_conventions(**ACCESS, http=server.http)
    assert found == EXAMPLES["ConventionList"]["items"]
    assert str(server.asked[0].url).endswith("/api/v1/conventions?ingestable=true")
    helpers.list_conventions(**ACCESS, http=server.http)
    assert str(server.asked[1].url).endswith("/api/v1/conventions")
    detail = Server(EXAMPLES["ConventionDetail"])
    srn = "urn:osa:localhost:conv:nc-to-geotiff@1.0.0"
    helpers.get_convention(**ACCESS, convention_id=srn, http=detail.http)
    assert detail.asked[0].url.path == f"/api/v1/conventions/{srn}"


def test_readiness_and_uploads_can_be_read() -> None:
    ready = {"status": "ready", "version": "0.1.0", "workers_alive": 0}
    server = Server(ready)
    assert helpers.get_readiness(server="http://h", http=server.http) == ready
    assert "Authorization" not in server.asked[0].headers
    upload = EXAMPLES["Upload"]
    server = Server(upload)
    assert helpers.get_upload(**ACCESS, upload_id=upload["id"], http=server.http) == upload
