"""Retrying: one new ingestion that leaves nothing out, and nothing chosen that nobody can know."""

from __future__ import annotations

import pytest

ID = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f"
RETRY = "019aa9d4-7c00-7f70-8d53-5a4b1c2d3e51"
SCOPES = ("failed_items", "remaining", "all")


def ended(archive, *allowed, status="failed", **changes):
    """An ended ingestion of which these retries would be accepted."""
    actions = [
        {"action": f"retry_{scope}", "allowed": scope in allowed}
        | ({} if scope in allowed else {"code": "NOTHING_TO_RETRY", "reason": "Nothing is left."})
        for scope in SCOPES
    ]
    example = archive.example("IngestionFailed", status=status, allowed_actions=actions, **changes)
    archive.on("GET", f"/ingestions/{ID}", {**example, "convention_id": "documents"})
    return example


@pytest.fixture
def archive(archive):
    accepted = archive.answer(archive.example("IngestionRetry"), 202)
    archive.on("POST", f"/ingestions/{ID}/retry", accepted)
    archive.on("GET", f"/ingestions/{RETRY}", archive.example("IngestionRetry"))
    return archive


def sent(archive):
    """The body of the one retry there was."""
    (request,) = archive.asked("POST", f"/ingestions/{ID}/retry")
    return request.json


def test_a_retry_is_a_new_ingestion_and_becomes_the_last_one(osa, archive):
    outcome = osa("ingestion", "retry", ID, "--scope", "failed_items")
    assert (outcome.code, outcome.out) == (0, f"{RETRY}\n")
    assert sent(archive) == {"scope": "failed_items"}
    assert archive.asked("GET", f"/ingestions/{ID}") == []
    assert osa("ingestion", "status", "@last", "-q").out == f"{RETRY}\n"


@pytest.mark.parametrize(
    "allowed,chosen",
    [
        (("failed_items", "all"), "failed_items"),
        (("remaining", "all"), "remaining"),
        (("all",), "all"),
    ],
)
def test_without_a_scope_the_one_that_leaves_nothing_out_is_taken_and_told(
    allowed, chosen, osa, archive
):
    ended(archive, *allowed)
    outcome = osa("ingestion", "retry", ID)
    assert outcome.code == 0
    assert sent(archive) == {"scope": chosen}
    assert f"Scope {chosen}:" in outcome.err
    assert osa("ingestion", "retry", ID, "-q").err == ""


def test_where_two_scopes_make_sense_somebody_has_to_say_which(osa, archive):
    ended(archive, *SCOPES)
    outcome = osa("ingestion", "retry", ID)
    assert outcome.code == 2
    assert "--scope failed_items, --scope remaining, or --scope all" in outcome.err
    assert archive.asked("POST", f"/ingestions/{ID}/retry") == []


def test_what_succeeded_is_not_done_again_by_accident(osa, archive):
    ended(archive, "all", status="succeeded")
    outcome = osa("ingestion", "retry", ID)
    assert outcome.code == 2
    assert f"osa ingestion retry {ID} --scope all" in outcome.err
    assert osa("ingestion", "retry", ID, "--scope", "all").code == 0


def test_what_cannot_be_retried_is_a_conflict_that_says_why(osa, archive):
    archive.on("GET", f"/ingestions/{ID}", archive.example("IngestionRunning"))
    outcome = osa("ingestion", "retry", ID)
    assert outcome.code == 8
    assert "It is not done; cancel it first." in outcome.err
    assert f"osa ingestion cancel {ID} --wait" in outcome.err
    ended(archive, retried_by=RETRY)
    outcome = osa("ingestion", "retry", ID)
    assert outcome.code == 8
    assert f"osa ingestion status {RETRY}" in outcome.err
    assert archive.asked("POST", f"/ingestions/{ID}/retry") == []


@pytest.mark.parametrize(
    "problem,code,next_step",
    [
        ("ProblemAlreadyRetried", 8, f"osa ingestion status {RETRY}"),
        ("ProblemNothingToRetry", 8, f"osa ingestion retry {ID} --scope all"),
        ("ProblemConventionChanged", 8, "--scope all"),
        ("ProblemIngestionActive", 8, f"osa ingestion cancel {ID} --wait"),
        ("ProblemIngestionNotFound", 6, "osa ingestion list"),
        ("ProblemConventionUnavailable", 1, "geo"),
    ],
)
def test_a_problem_of_a_retry_says_what_to_do(problem, code, next_step, osa, archive):
    archive.on("POST", f"/ingestions/{ID}/retry", archive.problem(problem))
    outcome = osa("ingestion", "retry", ID, "--scope", "failed_items")
    assert (outcome.code, outcome.out) == (code, "")
    assert next_step in outcome.err
    assert archive.example(problem)["code"] in outcome.err


def test_what_differs_reaches_the_server_and_nothing_else(osa, archive):
    before = ended(archive, "all", labels={"project": "demo"}, parameters={"a": 1})
    assert before["labels"] == {"project": "demo"}
    outcome = osa(
        *("ingestion", "retry", ID, "--scope", "all", "--batch-size", "7", "--name", "Again"),
        *("--external-id", "e2", "--label", "try=2", "--metadata", '{"why": "x"}'),
        *("--priority", "-5", "--deadline", "2h", "--max-failed-items", "any", "--stop-early"),
        *("--idempotency-key", "k"),
    )
    assert outcome.code == 0
    assert sent(archive) == {
        "scope": "all",
        "overrides": {
            "batch_size": 7,
            "name": "Again",
            "external_id": "e2",
            "labels": {"project": "demo", "try": "2"},
            "metadata": {"why": "x"},
            "priority": -5,
            "deadline_seconds": 7200,
            "max_failed_items": None,
            "stop_early": True,
        },
    }
    (request,) = archive.asked("POST", f"/ingestions/{ID}/retry")
    assert request.headers["idempotency-key"] == "k"


def test_changed_parameters_are_checked_together_with_those_that_stay(osa, archive):
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["variable"],
        "properties": {"variable": {"type": "string"}, "blocksize": {"type": "integer"}},
    }
    detail = archive.example("ConventionDetail", parameters_schema=schema)
    archive.on("GET", "/conventions/documents", detail)
    ended(archive, "all", parameters={"variable": "sst"})
    words = ("ingestion", "retry", ID, "--scope", "all")
    assert osa(*words, "-p", "blocksize=64").code == 0
    assert sent(archive)["overrides"] == {"parameters": {"blocksize": 64}}
    wrong = osa(*words, "-p", "blocksize=big")
    assert wrong.code == 2
    assert "a whole number" in wrong.err
    assert "Did you mean 'blocksize'" in osa(*words, "-p", "blocksze=1").err
    assert len(archive.asked("POST", f"/ingestions/{ID}/retry")) == 1


@pytest.mark.parametrize(
    "words,message",
    [
        (("--scope", "failed"), "Did you mean failed_items?"),
        (("--deadline", "soon"), "not a duration"),
        (("--deadline", "0s"), "between 1s and 365d"),
        (("--max-failed-items", "few"), "neither a number such as 10, nor any"),
        (("--priority", "101"), "--priority"),
        (("--timeout", "5m"), "Add --wait or --watch"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_sent(words, message, osa, archive):
    outcome = osa("ingestion", "retry", ID, *words)
    assert outcome.code == 2
    assert message in outcome.err
    assert archive.requests == []


@pytest.mark.parametrize("end,code", [("IngestionSucceeded", 0), ("IngestionFailed", 3)])
@pytest.mark.parametrize("flag", ["--wait", "--watch"])
def test_a_retry_that_waits_tells_how_it_ended(flag, end, code, osa, archive):
    archive.on("GET", f"/ingestions/{RETRY}", archive.example(end, id=RETRY))
    events = archive.example("IngestionEventPage")
    archive.on("GET", f"/ingestions/{RETRY}/events", events)
    outcome = osa("ingestion", "retry", ID, "--scope", "failed-items", flag)
    assert outcome.code == code
    assert f"Started {RETRY}" in outcome.err
    assert sent(archive) == {"scope": "failed_items"}
