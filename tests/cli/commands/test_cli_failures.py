"""Every failure: what, what to do next, code, request id, an exit code; never a traceback."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ID = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f"
START = ("ingestion", "start", "documents", "--text", "x")


@pytest.mark.parametrize(
    "problem,code,next_step",
    [
        ("ProblemIngestionNotFound", 6, "osa ingestion list"),
        ("ProblemUnauthenticated", 7, "osa login"),
        ("ProblemForbidden", 7, "osa login"),
        ("ProblemAlreadyEnded", 8, f"osa ingestion status {ID}"),
        ("ProblemInvalidRequest", 2, "batch_size: Input should be less"),
        ("ProblemInternalError", 1, "Give the operator"),
    ],
)
def test_a_problem_of_a_cancel(problem, code, next_step, osa, archive):
    archive.on("POST", f"/ingestions/{ID}/cancel", archive.problem(problem))
    outcome = osa("ingestion", "cancel", ID)
    told = archive.example(problem)
    assert outcome.code == code
    assert outcome.out == ""
    assert told["detail"] in outcome.err
    assert next_step in outcome.err
    assert f"(code {told['code']}, request {told['request_id']})" in outcome.err


@pytest.mark.parametrize(
    "problem,code,next_step",
    [
        ("ProblemExternalIdTaken", 8, f"osa ingestion status {ID}"),
        ("ProblemInvalidParameters", 2, "osa convention show"),
        ("ProblemInvalidSource", 2, "osa convention show"),
        ("ProblemSourceNotAllowed", 1, "OSA_ALLOWED_HOSTS"),
        ("ProblemConventionUnavailable", 1, "geo"),
        ("ProblemIdempotencyKeyReused", 1, "another --idempotency-key"),
        ("ProblemBodyTooLarge", 1, "Upload the file first"),
    ],
)
def test_a_problem_of_a_start(problem, code, next_step, osa, archive):
    archive.on("POST", "/ingestions", archive.problem(problem))
    outcome = osa(*START)
    assert outcome.code == code
    assert outcome.out == ""
    assert next_step in outcome.err
    assert archive.example(problem)["code"] in outcome.err


def test_each_error_of_a_request_has_its_own_line(osa, archive):
    answer = archive.problem("ProblemInvalidParameters")
    one = answer.body["errors"][0]
    answer.body["errors"] = [one, {**one, "loc": ["body", "parameters", "x", 2], "input": None}]
    archive.on("POST", "/ingestions", answer)
    lines = osa(*START).err.splitlines()
    assert "  parameters.blocksize: Input should be a multiple of 16 (given: 500)" in lines
    assert "  parameters.x.2: Input should be a multiple of 16 (given: null)" in lines


def test_nobody_at_the_address_is_9_and_says_how_to_start_a_server(osa):
    outcome = osa("ingestion", "list", "--server", "http://127.0.0.1:9")
    assert outcome.code == 9
    assert "http://127.0.0.1:9" in outcome.err
    assert "osa serve" in outcome.err
    assert "OSA_SERVER" in outcome.err or "--server" in outcome.err


@pytest.mark.parametrize("status,code", [(502, 9), (503, 9), (504, 9), (404, 1), (418, 1)])
def test_the_page_of_a_proxy_is_told_as_such(status, code, osa, archive, monkeypatch):
    from osa.cli import pacing

    monkeypatch.setattr(pacing, "sleep", lambda seconds: None)
    page = b"<html><title>Bad \x1b[2J Gateway</title></html>"
    headers = {"Content-Type": "text/html"}
    archive.on("GET", f"/ingestions/{ID}", archive.answer(page, status, **headers))
    outcome = osa("ingestion", "status", ID)
    assert outcome.code == code
    assert str(status) in outcome.err
    assert "UNEXPECTED_STATUS" in outcome.err


def test_a_busy_server_is_9(osa, archive, monkeypatch):
    from osa.cli import pacing

    monkeypatch.setattr(pacing, "sleep", lambda seconds: None)
    archive.on("POST", "/ingestions", archive.problem("ProblemUnavailable"))
    assert osa(*START).code == 9


def test_an_answer_that_does_not_fit_the_contract_is_an_error(osa, archive):
    archive.on("GET", f"/ingestions/{ID}", {"id": ID})
    outcome = osa("ingestion", "status", ID)
    assert outcome.code == 1
    assert "INVALID_RESPONSE" in outcome.err


def test_without_a_token_nothing_is_asked(osa, archive):
    osa.patch.delenv("OSA_TOKEN", raising=False)
    del osa.environment["OSA_TOKEN"]
    outcome = osa("ingestion", "list")
    assert outcome.code == 7
    assert f"osa login {archive.url}" in outcome.err
    assert archive.requests == []


def test_a_bad_address_is_a_usage_error(osa):
    outcome = osa("ingestion", "list", "--server", "archive.example")
    assert outcome.code == 2
    assert "https://" in outcome.err


def test_what_nobody_foresaw_is_told_without_a_traceback(osa, monkeypatch):
    from osa.cli import config

    def broken(flag):
        raise RuntimeError("the moon is full")

    monkeypatch.setattr(config, "choose_server", broken)
    outcome = osa("ingestion", "list")
    assert outcome.code == 1
    assert "RuntimeError: the moon is full" in outcome.err
    assert "OSA_DEBUG" in outcome.err


def test_an_output_that_cannot_be_written_is_an_error_and_no_defect(osa):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            osa.command("ingestion", "list", "-q"),
            env=osa.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Error: The output cannot be written: No space left on device.",
        "What was asked for may have been done all the same.",
    ]
