"""Retry, delete, clean up, cancel by force, explain: what is sent, and what may be sent twice."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from osa_testing.canned import ACCESS, CONTRACT, EXAMPLES, ID, Server, problem

from osa.cli import ingestion as helpers
from osa.cli import pacing
from osa.cli.ingestion import IngestionError

RETRY = EXAMPLES["IngestionRetry"]
SELECTED, DELETED = EXAMPLES["CleanupSelected"], EXAMPLES["CleanupDeleted"]
TOKEN = SELECTED["selection_token"]
CUT = httpx.ReadError("cut")
REFUSED = httpx.ConnectError("refused")
GONE = httpx.Response(204)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(pacing, "sleep", taken.append)
    return taken


def refused(call: Callable[..., Any], server: Server, **keywords: Any) -> IngestionError:
    with pytest.raises(IngestionError) as caught:
        call(**ACCESS, **keywords, http=server.http)
    return caught.value


def documented(path: str, method: str) -> list[str]:
    """The names of the problems that the contract shows for this operation."""
    names = []
    for answer in CONTRACT["paths"][path][method]["responses"].values():
        shared = CONTRACT["components"]["responses"].get(answer.get("$ref", "").rpartition("/")[2])
        content = (shared or {}).get("content", {}).get("application/problem+json", {})
        names += [e["$ref"].rpartition("/Problem")[2] for e in content.get("examples", {}).values()]
    return names


PROBLEMS = [
    (call, keywords, name)
    for call, keywords, path, method in (
        (
            helpers.retry_ingestion,
            {"ingestion_id": ID, "scope": "all"},
            "/{ingestion_id}/retry",
            "post",
        ),
        (helpers.delete_ingestion, {"ingestion_id": ID}, "/{ingestion_id}", "delete"),
        (
            helpers.cancel_ingestion,
            {"ingestion_id": ID, "force": True},
            "/{ingestion_id}/cancel",
            "post",
        ),
        (helpers.explain_ingestion, {"ingestion_id": ID}, "/{ingestion_id}/diagnosis", "get"),
        (helpers.start_ingestion, {"convention_id": "documents"}, "", "post"),
    )
    for name in documented(f"/api/v1/ingestions{path}", method)
] + [
    (helpers.clean_up, {"selection_token": TOKEN}, name)
    for name in documented("/api/v1/cleanups", "post")
]


@pytest.mark.parametrize(
    ("call", "keywords", "name"), PROBLEMS, ids=[f"{c.__name__}-{n}" for c, _, n in PROBLEMS]
)
def test_every_documented_problem_is_an_error_and_sent_again_only_when_it_is_about_time(
    call: Callable[..., Any], keywords: dict[str, Any], name: str
) -> None:
    server = Server(problem(name, **{"Retry-After": "1"}))
    error = refused(call, server, **keywords, retries=1)
    said = EXAMPLES[f"Problem{name}"]
    assert (error.code, error.status, error.detail) == (
        said["code"],
        said["status"],
        said["detail"],
    )
    assert error.context == said.get("context", {})
    about_time = said["retryable"] and (said["status"] == 429 or said["status"] >= 500)
    assert len(server.asked) == (2 if about_time else 1)


def test_the_contract_documents_problems_of_control() -> None:
    tried = {name for _, _, name in PROBLEMS}
    assert {"IngestionActive", "AlreadyRetried", "NothingToRetry", "SelectionMismatch"} <= tried
    assert {"TooManyRequests", "Overloaded", "SelectionNotFound", "IngestionDeleted"} <= tried


@pytest.mark.parametrize("name", ["TooManyRequests", "Overloaded"])
def test_a_server_that_asks_for_time_is_given_it(name: str, pauses: list[float]) -> None:
    server = Server(problem(name, **{"Retry-After": "11"}), RETRY, status=202)
    helpers.retry_ingestion(**ACCESS, ingestion_id=ID, scope="all", http=server.http)
    assert 11 <= pauses[0] < 12


def test_a_retry_sends_its_scope_and_what_differs_as_it_was_given() -> None:
    server = Server(RETRY, status=202)
    overrides = {"parameters": {"a": [1, None]}, "a_new_member": 3, "max_failed_items": None}
    got = helpers.retry_ingestion(
        **ACCESS, ingestion_id=ID, scope="failed_items", overrides=overrides, http=server.http
    )
    assert got == RETRY
    helpers.retry_ingestion(
        **ACCESS, ingestion_id=UUID(ID), scope="a_new_scope", overrides={}, http=server.http
    )
    helpers.retry_ingestion(
        **ACCESS, ingestion_id=f"urn:osa:x:ing:{ID}", scope="all", http=server.http
    )
    assert server.paths() == [f"POST /ingestions/{ID}/retry"] * 3
    assert server.bodies() == [
        {"scope": "failed_items", "overrides": overrides},
        {"scope": "a_new_scope", "overrides": {}},
        {"scope": "all"},
    ]


def test_a_retry_is_sent_again_with_the_same_key_and_never_with_another() -> None:
    keys = []
    for key in ("mine", None, None):
        server = Server(CUT, httpx.Response(502), RETRY)
        helpers.retry_ingestion(
            **ACCESS, ingestion_id=ID, scope="all", idempotency_key=key, http=server.http
        )
        sent = [request.headers["Idempotency-Key"] for request in server.asked]
        assert len(sent) == 3
        assert len(set(sent)) == 1
        keys.append(sent[0])
    assert keys[0] == "mine"
    assert len(set(keys)) == 3


def test_a_second_retry_is_a_conflict_that_names_the_first() -> None:
    error = refused(
        helpers.retry_ingestion, Server(problem("AlreadyRetried")), ingestion_id=ID, scope="all"
    )
    assert UUID(error.context["ingestion_id"])


def test_a_start_sends_what_it_was_given_of_conflicts_and_budgets_and_nothing_else() -> None:
    server = Server(EXAMPLES["IngestionQueued"], status=202)
    given: dict[str, Any] = {
        "concurrency_key": "site-a",
        "on_conflict": "attach",
        "priority": -3,
        "deadline_seconds": 60,
        "max_failed_items": 0,
        "stop_early": False,
    }
    for more in (given, {"max_failed_items": None}, {}):
        helpers.start_ingestion(**ACCESS, convention_id="documents", **more, http=server.http)
    always = {"convention_id": "documents", "batch_size": 1000, "limit": None}
    assert server.bodies() == [always | given, always | {"max_failed_items": None}, always]


def test_a_start_that_became_another_ingestion_gives_that_one() -> None:
    running = EXAMPLES["IngestionRunning"]
    attached = httpx.Response(200, json=running, headers={"Ingestion-Attached": "true"})
    server = Server(attached)
    got = helpers.start_ingestion(
        **ACCESS, convention_id="documents", on_conflict="attach", http=server.http
    )
    assert got == running


def test_a_cancel_by_force_says_so_and_another_one_does_not() -> None:
    server = Server(EXAMPLES["IngestionCanceled"])
    helpers.cancel_ingestion(**ACCESS, ingestion_id=ID, force=True, http=server.http)
    helpers.cancel_ingestion(**ACCESS, ingestion_id=ID, force=False, http=server.http)
    assert server.bodies() == [{"force": True}, {}]


def test_a_delete_sends_no_body_and_gives_nothing() -> None:
    for given in (ID, UUID(ID), f"urn:osa:archive.example:ing:{ID}"):
        server = Server(GONE)
        helpers.delete_ingestion(**ACCESS, ingestion_id=given, http=server.http)
        assert server.paths() == [f"DELETE /ingestions/{ID}"]
        assert server.asked[0].content == b""


@pytest.mark.parametrize(
    "lost", [CUT, httpx.ReadTimeout("slow"), httpx.Response(502), httpx.Response(504, html="<p>")]
)
def test_a_delete_whose_answer_was_lost_has_deleted_when_nothing_is_there_any_more(
    lost: Any,
) -> None:
    server = Server(lost, REFUSED, problem("IngestionNotFound"))
    helpers.delete_ingestion(**ACCESS, ingestion_id=ID, http=server.http)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    "before", [[], [REFUSED], [httpx.ConnectTimeout("")], [problem("TooManyRequests")]]
)
def test_what_was_not_there_when_the_delete_first_arrived_is_not_found(before: list[Any]) -> None:
    server = Server(*before, problem("IngestionNotFound"))
    error = refused(helpers.delete_ingestion, server, ingestion_id=ID)
    assert (error.code, len(server.asked)) == ("INGESTION_NOT_FOUND", len(before) + 1)


def test_a_lost_answer_makes_a_deletion_of_no_other_not_found() -> None:
    """As that of a proxy, or of a server without this operation."""
    missing = httpx.Response(404, json={"code": "NOT_FOUND", "detail": "No such path."})
    error = refused(helpers.delete_ingestion, Server(CUT, missing), ingestion_id=ID)
    assert error.code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.Response(200, html="<title>Portal</title>"), "INVALID_RESPONSE"),
        (httpx.Response(200, json=EXAMPLES["IngestionSucceeded"]), "INVALID_RESPONSE"),
        (httpx.Response(302, headers={"Location": "https://login.example"}), "REDIRECTED"),
        (httpx.Response(304), "UNEXPECTED_STATUS"),
    ],
)
def test_only_an_answer_without_content_is_a_deletion(answer: httpx.Response, code: str) -> None:
    assert refused(helpers.delete_ingestion, Server(answer), ingestion_id=ID).code == code


def test_a_cleanup_without_a_token_selects_once_and_deletes_nothing() -> None:
    server = Server(SELECTED)
    told: list[Any] = []
    got = helpers.clean_up(
        **ACCESS,
        older_than_seconds=0,
        status=("succeeded", "a_new_state"),
        convention="documents",
        keep_last=0,
        on_progress=told.append,
        http=server.http,
    )
    assert got == SELECTED
    helpers.clean_up(**ACCESS, status="failed", http=server.http)
    helpers.clean_up(**ACCESS, http=server.http)
    helpers.clean_up(**ACCESS, status=[], http=server.http)
    assert server.paths() == ["POST /cleanups"] * 4
    assert server.bodies() == [
        {
            "older_than_seconds": 0,
            "status": ["succeeded", "a_new_state"],
            "convention_id": "documents",
            "keep_last": 0,
        },
        {"status": ["failed"]},
        # Filters that are none are the server's to refuse, and never widened here.
        {},
        {"status": []},
    ]
    assert told == []


def left(remaining: int) -> dict[str, Any]:
    return SELECTED | {
        "match_count": 500,
        "deleted_count": 500 - remaining,
        "remaining_count": remaining,
    }


def test_a_cleanup_with_a_token_is_repeated_until_nothing_is_left_and_tells_of_it() -> None:
    server = Server(left(300), left(100), left(0))
    told: list[dict[str, Any]] = []
    got = helpers.clean_up(
        **ACCESS, keep_last=3, selection_token=TOKEN, on_progress=told.append, http=server.http
    )
    assert got == left(0)
    assert told == [left(300), left(100), left(0)]
    assert server.bodies() == [{"keep_last": 3, "selection_token": TOKEN}] * 3


def test_a_cleanup_that_was_done_already_is_one_request() -> None:
    server = Server(DELETED)
    assert helpers.clean_up(**ACCESS, selection_token=TOKEN, http=server.http) == DELETED
    assert len(server.asked) == 1


def test_a_cleanup_goes_on_after_each_lost_answer() -> None:
    busy = problem("Overloaded")
    server = Server(CUT, busy, left(300), CUT, busy, left(100), busy, busy, left(0))
    assert helpers.clean_up(**ACCESS, selection_token=TOKEN, http=server.http) == left(0)


def test_a_cleanup_that_gets_nowhere_for_a_while_goes_on_and_one_that_never_does_is_an_error() -> (
    None
):
    server = Server(left(300), left(300), left(300), left(0))
    assert helpers.clean_up(**ACCESS, selection_token=TOKEN, http=server.http) == left(0)
    server = Server(left(300))
    error = refused(helpers.clean_up, server, selection_token=TOKEN)
    assert (error.code, len(server.asked)) == ("INVALID_RESPONSE", 4)
    assert "300" in error.detail


@pytest.mark.parametrize(
    "damaged", [left(0) | {"remaining_count": "none"}, left(0) | {"remaining_count": None}, {}, []]
)
def test_a_cleanup_answered_with_something_else_is_an_error(damaged: Any) -> None:
    assert refused(helpers.clean_up, Server(damaged), selection_token=TOKEN, retries=0).code == (
        "INVALID_RESPONSE"
    )


def test_an_explanation_is_given_untouched_whatever_its_code() -> None:
    for name, more in (("Waiting", {}), ("Failed", {"code": "moon_phase", "a_new_member": [1]})):
        diagnosis = EXAMPLES[f"Diagnosis{name}"] | more
        server = Server(diagnosis)
        assert helpers.explain_ingestion(**ACCESS, ingestion_id=ID, http=server.http) == diagnosis
        assert server.paths() == [f"GET /ingestions/{ID}/diagnosis"]


def test_a_mistyped_keyword_is_told_with_the_one_that_was_meant():
    with pytest.raises(
        TypeError, match=r"start_ingestion\(\) .*'conventionid'; did you mean 'conve"
    ):
        helpers.start_ingestion(server="http://127.0.0.1:9", token="t", conventionid="documents")


def test_a_server_without_a_scheme_is_shown_as_it_was_given():
    with pytest.raises(IngestionError, match="The server 'nope' is not an address"):
        helpers.start_ingestion(server="nope", token="t", convention_id="documents", retries=0)
