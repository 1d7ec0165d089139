"""Explaining and logs: for somebody who was woken up by them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

ID = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f"
OTHER = ID[:-2] + "50"


@pytest.fixture
def archive(archive):
    archive.on("GET", f"/ingestions/{ID}/diagnosis", archive.example("DiagnosisWaiting"))
    log = archive.example("LogPage")
    del log["poll_after_seconds"]

    def lines(request):
        after = int(request.query.get("after", ["0"])[0])
        return archive.answer({**log, "items": [i for i in log["items"] if i["number"] > after]})

    archive.call("GET", f"/ingestions/{ID}/logs", lines)
    return archive


def test_explain_tells_what_since_when_why_and_what_to_do(osa):
    outcome = osa("ingestion", "explain", ID)
    assert outcome.code == 0
    assert [line.split("  ")[0] for line in outcome.out.splitlines()] == [
        "Ingestion",
        "Status",
        "Since",
        "Why",
        "What to do",
        "Queue",
    ]
    assert "queued: no workers" in outcome.out
    assert "10m (2026-11-22 09:00:00Z)" in outcome.out
    assert "No worker has given a sign of life" in outcome.out
    assert "osa worker" in outcome.out
    assert "the next one" in outcome.out


def test_explain_names_who_is_in_the_way(osa, archive):
    blocked = archive.example(
        "DiagnosisWaiting", code="waiting_for_convention", blocked_by=OTHER, queue_position=3
    )
    archive.on("GET", f"/ingestions/{ID}/diagnosis", blocked)
    outcome = osa("ingestion", "explain", ID)
    assert "3 are taken before it" in outcome.out
    assert f"osa ingestion explain {OTHER}" in outcome.err
    archive.on("GET", f"/ingestions/{ID}/diagnosis", {**blocked, "queue_position": 1})
    assert "1 is taken before it" in osa("ingestion", "explain", ID).out


def test_explain_survives_what_a_newer_server_says(osa, archive):
    odd = archive.example("DiagnosisWaiting", code="tired", since=None, action=None, mood="calm")
    archive.on("GET", f"/ingestions/{ID}/diagnosis", odd)
    outcome = osa("ingestion", "explain", ID)
    assert outcome.code == 0
    assert "queued: tired" in outcome.out
    assert "nothing" in outcome.out


def test_explain_is_for_programs_too(osa, archive):
    words = ("ingestion", "explain", ID)
    assert osa(*words, "-o", "json").json == archive.example("DiagnosisWaiting")
    assert osa(*words, "-q").out == "no_workers\n"


def test_logs_show_every_line_with_time_attempt_and_level(osa):
    outcome = osa("ingestion", "logs", ID)
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        "2026-11-22 09:00:01Z  #1  info     Taken by w-host-4711.",
        "2026-11-22 09:00:02Z  #1  warning  The grid has no fill value; NaN is used.",
    ]


def test_of_a_message_with_several_lines_the_rest_is_indented(osa, archive):
    said = 'It fell:\n  File "x.py"\n\n2026-11-22 09:00:09Z  #9  info     Not so.\x1b[2J\r\n'
    page = archive.example("LogPage")
    page["items"] = [{**page["items"][0], "message": said}]
    archive.on("GET", f"/ingestions/{ID}/logs", page)
    rest = ['      File "x.py"', "", "    2026-11-22 09:00:09Z  #9  info     Not so.\\x1b[2J"]
    outcome = osa("ingestion", "logs", ID)
    assert outcome.out.splitlines() == [
        "2026-11-22 09:00:01Z  #1  info     It fell:",
        *rest,
    ]
    assert osa("ingestion", "logs", ID, "-q").out.splitlines() == ["It fell:", *rest]


def test_a_long_message_goes_on_indented_on_a_terminal(osa, archive):
    page = archive.example("LogPage")
    page["items"] = [{**page["items"][0], "message": "word " * 40 + "\n  deep " + "x" * 90}]
    archive.on("GET", f"/ingestions/{ID}/logs", page)
    code, text = osa.terminal("ingestion", "logs", ID, NO_COLOR="1", COLUMNS="80")
    lines = text.replace("\r", "").splitlines()
    assert code == 0
    assert lines[0].startswith("2026-11-22 09:00:01Z  #1  info     word word")
    assert all(line.startswith("    ") for line in lines[1:])
    assert all(len(line) <= 80 for line in lines)
    assert text.count("x") == 90
    assert text.split().count("word") == 40


def test_explain_of_what_failed_leads_to_the_log(osa, archive):
    failed = archive.example("DiagnosisWaiting", code="failed", status="failed")
    archive.on("GET", f"/ingestions/{ID}/diagnosis", failed)
    assert f"osa ingestion logs {ID}" in osa("ingestion", "explain", ID).err


def test_logs_are_for_programs_too(osa, archive):
    items = archive.example("LogPage")["items"]
    assert osa("ingestion", "logs", ID, "-o", "json").json == items
    lines = osa("ingestion", "logs", ID, "-o", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == items
    quiet = osa("ingestion", "logs", ID, "-q").out
    assert quiet.splitlines() == [item["message"] for item in items]


def test_the_filters_of_a_log_reach_the_server(osa, archive):
    osa(
        *("ingestion", "logs", ID, "--tail", "20", "--level", "warning", "--attempt", "2"),
        *("--since", "2026-11-22T10:00:00+01:00"),
    )
    query = archive.asked("GET", f"/ingestions/{ID}/logs")[0].query
    assert query["tail"] == ["20"]
    assert query["level"] == ["warning"]
    assert query["attempt"] == ["2"]
    assert datetime.fromisoformat(query["since"][0]) == datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_a_log_can_be_followed_until_no_line_can_come(osa, archive, monkeypatch):
    from osa.cli import pacing

    monkeypatch.setattr(pacing, "sleep", lambda seconds: None)
    page = archive.example("LogPage")
    first = {**page, "items": page["items"][:1], "last_number": 1, "poll_after_seconds": 1}
    rest = {**page, "items": page["items"][1:]}
    del rest["poll_after_seconds"]
    archive.on("GET", f"/ingestions/{ID}/logs", first, rest)
    outcome = osa("ingestion", "logs", ID, "-f", "-o", "jsonl")
    assert outcome.code == 0
    assert [json.loads(line) for line in outcome.out.splitlines()] == page["items"]


def test_an_empty_log_is_no_failure_and_says_where_else_to_look(osa, archive):
    empty = {"items": [], "last_number": 0, "has_more": False}
    archive.on("GET", f"/ingestions/{ID}/logs", empty)
    outcome = osa("ingestion", "logs", ID)
    assert (outcome.code, outcome.out) == (0, "")
    assert f"osa ingestion events {ID}" in outcome.err
    assert osa("ingestion", "logs", ID, "-o", "json").json == []


@pytest.mark.parametrize(
    "words,message",
    [
        (("--level", "warn"), "Did you mean warning?"),
        (("--since", "yesterday"), "how long ago"),
        (("--tail", "0"), "--tail"),
        (("-f", "-o", "json"), "-o jsonl"),
    ],
)
def test_a_filter_of_a_log_that_means_nothing_is_refused(words, message, osa, archive):
    outcome = osa("ingestion", "logs", ID, *words)
    assert outcome.code == 2
    assert message in outcome.err
    assert archive.requests == []


def test_what_a_convention_said_cannot_rewrite_the_screen(osa, archive):
    line = {**archive.example("LogPage")["items"][0], "message": "a\x1b]0;owned\x07\nb"}
    page = {"items": [line], "last_number": 1, "has_more": False}
    archive.on("GET", f"/ingestions/{ID}/logs", page)
    for flags in ((), ("-q",)):
        outcome = osa("ingestion", "logs", ID, *flags)
        assert "\x1b" not in outcome.out
        assert outcome.out.endswith("\n    b\n")
