"""Every exit code of the product's own table happens, each with a number that never changes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from osa.cli.problems import ExitCode

ID = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f"
OTHER = ID[:-2] + "50"
CAMPAIGN = "aviris-2026"
START = ("ingestion", "start", "documents", "--text", "x")
DOCS = Path(__file__).parents[3] / "docs"

Producer = Callable[..., int]
_PRODUCERS: dict[ExitCode, list[Producer]] = {}


def produces(code: ExitCode) -> Callable[[Producer], Producer]:
    """One way to an exit code."""

    def add(producer: Producer) -> Producer:
        _PRODUCERS.setdefault(code, []).append(producer)
        return producer

    return add


def answering(archive, example, **changes):
    archive.on("GET", f"/ingestions/{ID}", archive.example(example, **changes))


def campaign(archive, example, **changes):
    archive.on("GET", f"/campaigns/{CAMPAIGN}", archive.example(example, **changes))


@produces(ExitCode.OK)
def a_watch_of_a_campaign_that_succeeded(osa, archive):
    campaign(archive, "CampaignCanceled", status="succeeded", status_reason="completed")
    return osa("campaign", "watch", CAMPAIGN).code


@produces(ExitCode.OK)
def a_look_at_a_campaign_that_failed(osa, archive):
    campaign(archive, "CampaignCanceled", status="failed", status_reason="step_failed")
    return osa("campaign", "status", CAMPAIGN).code


@produces(ExitCode.INGESTION_FAILED)
def a_watch_of_a_campaign_that_failed(osa, archive):
    campaign(archive, "CampaignCanceled", status="failed", status_reason="some_children_failed")
    return osa("campaign", "watch", CAMPAIGN).code


@produces(ExitCode.INGESTION_CANCELED)
def a_watch_of_a_campaign_that_was_canceled(osa, archive):
    campaign(archive, "CampaignCanceled")
    return osa("campaign", "watch", CAMPAIGN).code


@produces(ExitCode.WAITED_TOO_LONG)
def a_watch_of_a_campaign_with_a_timeout(osa, archive):
    campaign(archive, "CampaignRunning")
    return osa("campaign", "watch", CAMPAIGN, "--timeout", "0").code


@produces(ExitCode.NOT_FOUND)
def a_campaign_that_there_is_not(osa, archive):
    archive.on("GET", f"/campaigns/{CAMPAIGN}", archive.problem("ProblemCampaignNotFound"))
    return osa("campaign", "status", CAMPAIGN).code


@produces(ExitCode.CONFLICT)
def a_watch_of_a_campaign_that_is_paused(osa, archive):
    campaign(archive, "CampaignPaused")
    return osa("campaign", "watch", CAMPAIGN).code


@produces(ExitCode.CONFLICT)
def an_advance_of_a_campaign_whose_step_is_active(osa, archive):
    campaign(archive, "CampaignRunning")
    path = f"/campaigns/{CAMPAIGN}/advance"
    archive.on("POST", path, archive.problem("ProblemCampaignStepActive"))
    return osa("campaign", "advance", CAMPAIGN, "--start-position", "26").code


@produces(ExitCode.CONFLICT)
def an_advance_of_a_campaign_without_a_next_step(osa, archive):
    campaign(archive, "CampaignCanceled", next_start_position=None)
    return osa("campaign", "advance", CAMPAIGN).code


@produces(ExitCode.OK)
def a_wait_for_what_succeeded(osa, archive):
    return osa("ingestion", "wait", ID).code


@produces(ExitCode.OK)
def a_look_at_what_failed(osa, archive):
    answering(archive, "IngestionFailed")
    return osa("ingestion", "status", ID).code


@produces(ExitCode.OK)
def a_cancel_that_waits_until_it_is_canceled(osa, archive):
    canceling = archive.answer(archive.example("IngestionCanceling"), 202)
    archive.on("POST", f"/ingestions/{ID}/cancel", canceling)
    answering(archive, "IngestionCanceled")
    return osa("ingestion", "cancel", ID, "--wait").code


@produces(ExitCode.OK)
def an_explanation_of_what_failed(osa, archive):
    archive.on("GET", f"/ingestions/{ID}/diagnosis", archive.example("DiagnosisFailed"))
    return osa("ingestion", "explain", ID).code


@produces(ExitCode.OK)
def a_start_that_attached(osa, archive):
    headers = {"Ingestion-Attached": "true"}
    running = archive.answer(archive.example("IngestionRunning"), 200, **headers)
    archive.on("POST", "/ingestions", running)
    return osa(*START, "--on-conflict", "attach").code


@produces(ExitCode.ERROR)
def a_defect_of_the_server(osa, archive):
    archive.on("GET", f"/ingestions/{ID}", archive.problem("ProblemInternalError"))
    return osa("ingestion", "status", ID).code


@produces(ExitCode.ERROR)
def an_answer_that_is_none(osa, archive):
    archive.on("GET", f"/ingestions/{ID}", {"id": ID})
    return osa("ingestion", "status", ID).code


@produces(ExitCode.ERROR)
def a_no_at_the_question(osa, archive):
    return osa.terminal("ingestion", "delete", ID, typed="n\n")[0]


@produces(ExitCode.ERROR)
def an_archive_without_a_worker(osa, archive):
    archive.on("GET", "/readyz", {"status": "ready", "version": "0.1.0", "workers_alive": 0})
    archive.on("GET", "/caller", archive.example("Caller"))
    return osa("doctor").code


@produces(ExitCode.USAGE)
def a_verb_that_there_is_not(osa, archive):
    return osa("ingestion", "lst").code


@produces(ExitCode.USAGE)
def an_id_that_is_none(osa, archive):
    return osa("ingestion", "explain", "12").code


@produces(ExitCode.USAGE)
def parameters_that_the_convention_refuses(osa, archive):
    archive.on("POST", "/ingestions", archive.problem("ProblemInvalidParameters"))
    return osa(*START).code


@produces(ExitCode.USAGE)
def a_delete_without_a_yes(osa, archive):
    return osa("ingestion", "delete", ID).code


@produces(ExitCode.INGESTION_FAILED)
def a_wait_for_what_failed(osa, archive):
    answering(archive, "IngestionFailed")
    return osa("ingestion", "wait", ID).code


@produces(ExitCode.INGESTION_FAILED)
def a_start_that_waits_and_fails(osa, archive):
    answering(archive, "IngestionFailed")
    return osa(*START, "--wait").code


@produces(ExitCode.INGESTION_FAILED)
def a_retry_that_waits_and_fails(osa, archive):
    answering(archive, "IngestionFailed")
    accepted = archive.answer(archive.example("IngestionQueued"), 202)
    archive.on("POST", f"/ingestions/{OTHER}/retry", accepted)
    return osa("ingestion", "retry", OTHER, "--scope", "all", "--wait").code


@produces(ExitCode.INGESTION_FAILED)
def several_of_which_one_failed_and_one_was_canceled(osa, archive):
    rows = [archive.example("IngestionCanceled"), archive.example("IngestionFailed", id=OTHER)]
    page = archive.example("IngestionPage", items=rows, next_cursor=None)
    archive.on("GET", "/ingestions", page)
    return osa("ingestion", "wait", ID, OTHER).code


@produces(ExitCode.INGESTION_CANCELED)
def a_wait_for_what_was_canceled(osa, archive):
    answering(archive, "IngestionCanceled")
    return osa("ingestion", "wait", ID).code


@produces(ExitCode.INGESTION_CANCELED)
def a_watch_of_what_was_canceled(osa, archive):
    answering(archive, "IngestionCanceled")
    return osa("ingestion", "watch", ID).code


@produces(ExitCode.WAITED_TOO_LONG)
def a_wait_with_a_timeout(osa, archive):
    answering(archive, "IngestionRunning")
    return osa("ingestion", "wait", ID, "--timeout", "0").code


@produces(ExitCode.WAITED_TOO_LONG)
def a_start_with_a_timeout(osa, archive):
    answering(archive, "IngestionRunning")
    return osa(*START, "--wait", "--timeout", "0").code


@produces(ExitCode.NOT_FOUND)
def an_ingestion_that_there_is_not(osa, archive):
    return osa("ingestion", "status", OTHER).code


@produces(ExitCode.NOT_FOUND)
def a_last_one_that_there_is_not(osa, archive):
    return osa("ingestion", "status", "@last").code


@produces(ExitCode.NOT_FOUND)
def a_convention_that_there_is_not(osa, archive):
    archive.on("GET", "/conventions/x", archive.problem("ProblemConventionNotFound"))
    return osa("ingestion", "start", "x").code


@produces(ExitCode.AUTH)
def a_token_that_is_not_accepted(osa, archive):
    return osa("ingestion", "list", "--token", "another").code


@produces(ExitCode.AUTH)
def a_token_that_may_not_do_this(osa, archive):
    archive.on("GET", "/audit", archive.problem("ProblemForbidden"))
    return osa("audit").code


@produces(ExitCode.AUTH)
def no_token(osa, archive):
    osa.patch.delenv("OSA_TOKEN", raising=False)
    del osa.environment["OSA_TOKEN"]
    return osa("ingestion", "list").code


@produces(ExitCode.AUTH)
def a_doctor_whose_token_is_not_accepted(osa, archive):
    archive.on("GET", "/readyz", {"status": "ready", "version": "0.1.0", "workers_alive": 1})
    return osa("doctor", "--token", "another").code


@produces(ExitCode.CONFLICT)
def a_cancel_of_what_has_ended(osa, archive):
    archive.on("POST", f"/ingestions/{ID}/cancel", archive.problem("ProblemAlreadyEnded"))
    return osa("ingestion", "cancel", ID).code


@produces(ExitCode.CONFLICT)
def a_cancel_that_came_too_late(osa, archive):
    canceling = archive.answer(archive.example("IngestionCanceling"), 202)
    archive.on("POST", f"/ingestions/{ID}/cancel", canceling)
    return osa("ingestion", "cancel", ID, "--wait").code


@produces(ExitCode.CONFLICT)
def a_delete_of_what_is_active(osa, archive):
    archive.on("DELETE", f"/ingestions/{ID}", archive.problem("ProblemIngestionActive"))
    return osa("ingestion", "delete", ID, "--yes").code


@produces(ExitCode.CONFLICT)
def a_retry_of_what_is_active(osa, archive):
    answering(archive, "IngestionRunning")
    return osa("ingestion", "retry", ID).code


@produces(ExitCode.CONFLICT)
def a_start_beside_another_that_excludes_it(osa, archive):
    archive.on("POST", "/ingestions", archive.problem("ProblemAlreadyRunning"))
    return osa(*START).code


@produces(ExitCode.UNAVAILABLE)
def nobody_at_the_address(osa, archive):
    return osa("ingestion", "list", "--server", "http://127.0.0.1:9").code


@produces(ExitCode.UNAVAILABLE)
def a_server_that_has_too_much_to_do(osa, archive):
    archive.on("POST", "/ingestions", archive.problem("ProblemOverloaded"))
    return osa(*START).code


@produces(ExitCode.UNAVAILABLE)
def a_token_that_asks_too_often(osa, archive):
    archive.on("GET", "/ingestions", archive.problem("ProblemTooManyRequests"))
    return osa("ingestion", "list").code


@produces(ExitCode.UNAVAILABLE)
def a_doctor_who_finds_nobody(osa, archive):
    return osa("doctor", "--server", "http://127.0.0.1:9").code


@produces(ExitCode.INTERRUPTED)
def ctrl_c_while_waiting(osa, archive):
    answering(archive, "IngestionRunning")
    return osa.interrupted("ingestion", "wait", ID, until="running")[0]


@produces(ExitCode.INTERRUPTED)
def ctrl_c_while_watching_a_campaign(osa, archive):
    campaign(archive, "CampaignRunning")
    return osa.interrupted("campaign", "watch", CAMPAIGN, until="running")[0]


@produces(ExitCode.INTERRUPTED)
def ctrl_c_at_the_question(osa, archive):
    return osa.terminal("ingestion", "delete", ID, typed="\x03")[0]


@produces(ExitCode.READER_GONE)
def a_reader_that_has_enough(osa, archive):
    row = archive.example("IngestionRunning", metadata={"x": "y" * 2000})
    page = archive.example("IngestionPage", items=[row] * 200, next_cursor=None, has_more=False)
    archive.on("GET", "/ingestions", page)
    process = subprocess.Popen(
        osa.command("ingestion", "list", "-o", "jsonl"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=osa.environment,
    )
    with process:
        process.stdout.readline()
        process.stdout.close()
        return process.wait(30)


@pytest.mark.parametrize("code", ExitCode, ids=lambda code: f"{code:d}-{code.name.lower()}")
def test_every_exit_code_of_the_table_has_a_way_to_it(code):
    assert _PRODUCERS.get(code), f"No command line is known that ends with {code.name}."


@pytest.mark.parametrize(
    "code,producer",
    [(code, each) for code, producers in _PRODUCERS.items() for each in producers],
    ids=lambda value: value.__name__ if callable(value) else f"{value:d}",
)
def test_this_ends_with_that_code(code, producer, osa, archive, monkeypatch):
    from osa.cli import pacing

    monkeypatch.setattr(pacing, "sleep", lambda seconds: None)
    assert producer(osa, archive) == code


def test_a_number_never_changes_its_meaning():
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "ERROR": 1,
        "USAGE": 2,
        "INGESTION_FAILED": 3,
        "INGESTION_CANCELED": 4,
        "WAITED_TOO_LONG": 5,
        "NOT_FOUND": 6,
        "AUTH": 7,
        "CONFLICT": 8,
        "UNAVAILABLE": 9,
        "INTERRUPTED": 130,
        "READER_GONE": 141,
    }


def test_the_documentation_has_the_same_numbers():
    page = (DOCS / "semantics.md").read_text("utf-8")
    rows = page.partition("| exit code |")[2].partition("\n\n")[0].splitlines()[2:]
    told = {int(number) for row in rows for number in re.findall(r"\d+", row.split("|")[1])}
    assert told == {int(code) for code in ExitCode}
