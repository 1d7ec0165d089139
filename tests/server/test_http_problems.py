"""Whatever goes wrong is a problem, and the table of them is complete."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from osa_testing.contract import CONTRACT

from osa.server import errors
from osa.server.http.problems import TABLE, problem_response, row_of
from osa.server.model import Scope

#: Never raised themselves: they group what has a code of its own.
GROUPS = {errors.OsaError, errors.NotFound, errors.Conflict, errors.Refused}
NOBODY = "01a200fc-8187-72e0-b189-35ebc75996a8"


def every_error(kind: type[errors.OsaError] = errors.OsaError) -> set[type[errors.OsaError]]:
    return {kind}.union(*(every_error(inner) for inner in kind.__subclasses__()))


def codes() -> set[str]:
    return set(CONTRACT["components"]["schemas"]["ProblemCode"]["anyOf"][0]["enum"])


def test_every_error_has_a_row() -> None:
    assert every_error() - GROUPS == TABLE.keys() - {Exception}


def test_every_code_is_in_the_contract_and_the_other_way_round() -> None:
    assert {row.code for row in TABLE.values()} == codes()


def test_what_has_no_row_is_a_defect_of_the_server() -> None:
    assert row_of(errors.Refused("?")).status == 500
    assert row_of(ValueError()).code == "INTERNAL_ERROR"


def test_rows_say_what_the_examples_of_the_contract_say() -> None:
    rows = {row.code: row for row in TABLE.values()}
    shown = [
        example["value"]
        for name, example in CONTRACT["components"]["examples"].items()
        if name.startswith("Problem")
    ]
    assert {problem["code"] for problem in shown} >= codes() - {"NOT_FOUND", "METHOD_NOT_ALLOWED"}
    for problem in shown:
        row = rows[problem["code"]]
        assert (row.status, row.title, row.retryable) == (
            problem["status"],
            problem["title"],
            problem["retryable"],
        )
        assert problem["type"] == f"urn:osa:problem:{row.code.lower()}"


def test_a_problem_is_cut_to_what_the_contract_allows() -> None:
    error = errors.InvalidRequest(
        "x" * 9000,
        errors=[
            errors.ErrorDetail(
                loc=["body", "y" * 900], msg="z" * 9000, type="t", input="\ud800" * 500
            )
        ]
        * 2000,
    )
    told = problem_response(error, instance="/" * 9000, request_id="r", domain="d")
    problem = json.loads(bytes(told.body))
    assert len(problem["detail"]) == 4000
    assert len(problem["instance"]) == 8192
    assert len(problem["errors"]) == 1000
    assert len(problem["errors"][0]["msg"]) == 2000
    assert len(problem["errors"][0]["input"]) == 100


def expect(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["request_id"] == response.headers["x-request-id"]
    required = CONTRACT["components"]["schemas"]["Problem"]["required"]
    assert set(required) <= problem.keys()
    return problem


def test_an_unknown_path_is_a_problem(ask: Any) -> None:
    for path in ("/nope", "/api/v1/ingestions/", "/docs/../etc/passwd", "/docs/LICENSE"):
        expect(ask("GET", path), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/v1/ingestions", "GET, POST"),
        ("HEAD", "/api/v1/ingestions", "GET, POST"),
        ("POST", f"/api/v1/artifacts/{NOBODY}/content", "GET, HEAD"),
        ("PUT", f"/api/v1/ingestions/{NOBODY}/cancel", "POST"),
        ("POST", "/docs", "GET, HEAD"),
        ("BREW", "/healthz", "GET"),
    ],
)
def test_405_names_all_methods_of_the_path(ask: Any, method: str, path: str, allowed: str) -> None:
    response = ask(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == allowed
    if method == "HEAD":
        assert response.content == b""
    else:
        expect(response, 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "Bearer osa_unknown", "bearer é"],
)
def test_without_a_valid_token_nothing_is_told(ask: Any, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    # Whatever else is wrong comes later: who does not say who they are learns nothing.
    response = ask.as_token(None)("GET", "/api/v1/ingestions?nope=1", headers=headers)
    expect(response, 401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_the_scheme_has_no_case(ask: Any, secret: str) -> None:
    headers = {"Authorization": f"bEARER {secret}"}
    assert ask.as_token(None)("GET", "/api/v1/ingestions", headers=headers).status_code == 200


def test_a_missing_scope_is_named_before_the_body_is_looked_at(ask: Any, house: Any) -> None:
    _, reader = house.service.tokens.create(tenant="default", name="r", scopes=[Scope.READ])
    problem = expect(
        ask.as_token(reader)("POST", "/api/v1/ingestions", content=b"no json"), 403, "FORBIDDEN"
    )
    assert problem["context"] == {"missing_scope": "ingestions:write"}
    assert ask.as_token(reader)("GET", "/api/v1/ingestions").status_code == 200


def test_everything_that_is_wrong_is_told_at_once(ask: Any) -> None:
    problem = expect(
        ask(
            "GET",
            "/api/v1/ingestions?foo=1&per_page=5.0&order=asc&order=asc&created_after=5&status=x",
        ),
        400,
        "INVALID_REQUEST",
    )
    assert sorted(".".join(map(str, one["loc"])) for one in problem["errors"]) == [
        "query.created_after",
        "query.foo",
        "query.order",
        "query.per_page",
        "query.status.0",
    ]


@pytest.mark.parametrize(
    "query",
    [
        "per_page=0",
        "per_page=201",
        "per_page=+5",
        "per_page=1_0",
        "per_page=%D9%A5",
        "per_page=",
        "created_after=2026-11-22",
        "created_after=2026-11-22T09:00:00",
        "created_after=2026-11-22T09:00:00+02:00",
        "created_after=2026-02-30T09:00:00Z",
        "created_after=1700000000",
        "status=Queued",
        "label=%00",
        "external_id=%ED%A0%80",
        "order=",
        "cursor=",
        "&".join(f"label=a{number}" for number in range(17)),
        "&".join(f"label=a{number}" for number in range(600)),
    ],
)
def test_queries_are_taken_strictly(ask: Any, query: str) -> None:
    expect(ask("GET", f"/api/v1/ingestions?{query}"), 400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "query",
    [
        "created_after=2026-11-22T09:00:00%2B02:00",
        "created_after=2026-11-22t09:00:00.123456789z",
        "created_after=2016-12-31T23:59:60Z",
        "created_before=0000-01-01T00:00:00Z",
        "created_before=9999-12-31T23:59:59-23:59",
        "created_before=0001-01-01T00:00:00%2B23:59",
        "status=active&status=cancelled&label=a&label=b%3Dc",
        "convention_id=urn:osa:elsewhere:conv:documents",
        "",
    ],
)
def test_what_fits_is_taken(ask: Any, query: str) -> None:
    assert ask("GET", f"/api/v1/ingestions?{query}").status_code == 200


def test_an_operation_without_parameters_takes_none(ask: Any) -> None:
    expect(ask("GET", "/healthz?verbose=1"), 400, "INVALID_REQUEST")


def test_a_cursor_of_ones_own_making_is_refused(ask: Any) -> None:
    expect(ask("GET", "/api/v1/ingestions?cursor=abc"), 400, "INVALID_CURSOR")


@pytest.mark.parametrize("id", ["x", "{01a200fc-8187-72e0-b189-35ebc75996a8}", "%00", NOBODY[:-1]])
def test_an_id_is_a_uuid(ask: Any, id: str) -> None:
    problem = expect(ask("GET", f"/api/v1/ingestions/{id}"), 400, "INVALID_REQUEST")
    assert problem["errors"][0]["loc"] == ["path", "ingestion_id"]


def test_an_id_has_no_case(ask: Any) -> None:
    problem = expect(ask("GET", f"/api/v1/uploads/{NOBODY.upper()}"), 404, "UPLOAD_NOT_FOUND")
    assert problem["context"]["upload_id"] == NOBODY


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"/api/v1/ingestions/{NOBODY}", "INGESTION_NOT_FOUND"),
        (f"/api/v1/ingestions/{NOBODY}/items", "INGESTION_NOT_FOUND"),
        (f"/api/v1/ingestions/{NOBODY}/events", "INGESTION_NOT_FOUND"),
        (f"/api/v1/ingestions/{NOBODY}/events/stream", "INGESTION_NOT_FOUND"),
        (f"/api/v1/ingestions/{NOBODY}/artifacts", "INGESTION_NOT_FOUND"),
        (f"/api/v1/artifacts/{NOBODY}/content", "ARTIFACT_NOT_FOUND"),
        ("/api/v1/conventions/nope", "CONVENTION_NOT_FOUND"),
        (f"/api/v1/uploads/{NOBODY}", "UPLOAD_NOT_FOUND"),
        (f"/api/v1/records/{NOBODY}", "RECORD_NOT_FOUND"),
        (f"/api/v1/records/{NOBODY}/files/{NOBODY}/content", "RECORD_NOT_FOUND"),
    ],
)
def test_what_is_not_there_is_named(ask: Any, path: str, code: str) -> None:
    expect(ask("GET", path), 404, code)


def test_canceling_what_has_ended_shows_how_it_ended(ask: Any, house: Any, start: Any) -> None:
    started = start()
    path = f"/api/v1/ingestions/{started['id']}/cancel"
    assert ask("POST", path).json()["status"] == "canceled"
    again = ask("POST", path, json={"reason": "twice"})
    assert (again.status_code, again.json()["status"]) == (200, "canceled")


def test_a_defect_tells_no_trace_and_the_log_tells_all(
    ask: Any, app: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(ingestable: bool | None) -> None:
        raise RuntimeError("the inner secret")

    monkeypatch.setattr(app.state.service.conventions, "list", broken)
    with caplog.at_level(logging.INFO, "osa.http"):
        response = ask("GET", "/api/v1/conventions")
    problem = expect(response, 500, "INTERNAL_ERROR")
    assert "inner secret" not in response.text
    assert problem["request_id"] in problem["detail"]
    (record,) = (one for one in caplog.records if one.levelname == "ERROR")
    assert record.request_id == problem["request_id"]  # type: ignore[attr-defined]
    assert record.exc_info is not None and "inner secret" in str(record.exc_info[1])


def test_what_is_away_says_when_to_come_back(
    ask: Any, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(ingestable: bool | None) -> None:
        raise errors.Unavailable("The database does not answer.", retry_after_seconds=7)

    monkeypatch.setattr(app.state.service.conventions, "list", away)
    response = ask("GET", "/api/v1/conventions")
    problem = expect(response, 503, "SERVICE_UNAVAILABLE")
    assert (response.headers["retry-after"], problem["retryable"]) == ("7", True)
