"""Waiting: the exit code tells how it ended, and whoever stops waiting stops nothing else."""

from __future__ import annotations

import subprocess

import pytest

ID = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f"
ENDS = {"IngestionSucceeded": 0, "IngestionFailed": 3, "IngestionCanceled": 4}
DEADLINE = 30.0


@pytest.fixture
def no_pauses(monkeypatch):
    from osa.cli import pacing

    monkeypatch.setattr(pacing, "sleep", lambda seconds: None)


@pytest.mark.parametrize("verb", ["wait", "watch"])
@pytest.mark.parametrize("end", ENDS)
def test_the_exit_code_tells_how_it_ended(verb, end, osa, archive):
    archive.on("GET", f"/ingestions/{ID}", archive.example(end))
    outcome = osa("ingestion", verb, ID)
    assert outcome.code == ENDS[end]
    assert archive.example(end)["status"] in outcome.out


@pytest.mark.parametrize("flag", ["--wait", "--watch"])
@pytest.mark.parametrize("end", ENDS)
def test_a_start_that_waits_tells_it_too(flag, end, osa, archive):
    archive.on("GET", f"/ingestions/{ID}", archive.example(end))
    outcome = osa("ingestion", "start", "documents", "--text", "x", flag)
    assert outcome.code == ENDS[end]
    assert f"Started {ID}" in outcome.err
    quiet = osa("ingestion", "start", "documents", "--text", "x", flag, "-q")
    assert (quiet.code, quiet.out) == (ENDS[end], f"{ID}\n")


def test_the_ended_state_is_the_data_of_a_wait(osa, archive):
    assert osa("ingestion", "wait", ID, "-o", "json").json == archive.example("IngestionSucceeded")
    words = ("ingestion", "start", "documents", "--text", "x", "--wait", "-o", "json")
    assert osa(*words).json == archive.example("IngestionSucceeded")


def test_off_a_terminal_each_change_is_one_line(osa, archive, no_pauses):
    running = archive.example("IngestionRunning")
    later = archive.example("IngestionRunning", heartbeat_at="2026-11-22T09:00:05.000000Z")
    further = archive.example("IngestionRunning")
    further["counts"] = {**further["counts"], "seen": 3, "created": 3}
    archive.on(
        *("GET", f"/ingestions/{ID}", archive.example("IngestionQueued")),
        *(running, running, later, further, archive.example("IngestionSucceeded")),
    )
    lines = osa("ingestion", "wait", ID, "-q").err.splitlines()
    assert [line.split(";")[0] for line in lines[:4]] == [
        "queued (waiting_for_slot)",
        "running",
        "running",
        "succeeded",
    ]
    assert len([line for line in lines if line.startswith("running")]) == 2


def test_watch_tells_each_event_once(osa, archive, no_pauses):
    archive.on(
        *("GET", f"/ingestions/{ID}", archive.example("IngestionQueued")),
        *(archive.example("IngestionRunning"), archive.example("IngestionSucceeded")),
    )
    first, second = archive.example("IngestionEventPage")["items"]

    def respond(request):
        after = int(request.query.get("after", ["0"])[0])
        items = [event for event in (first, second) if event["number"] > after][:1]
        last = items[-1]["number"] if items else after
        return archive.answer({"items": items, "last_number": last, "has_more": False})

    archive.call("GET", f"/ingestions/{ID}/events", respond)
    err = osa("ingestion", "watch", ID, "-q").err
    assert err.count("ingestion created") == 1
    assert err.count("ingestion started by w-host-4711") == 1


def test_waiting_too_long_is_5_and_stops_nothing(osa, archive):
    archive.on("GET", f"/ingestions/{ID}", archive.example("IngestionRunning"))
    outcome = osa("ingestion", "wait", ID, "--timeout", "0")
    assert outcome.code == 5
    assert "Still running" in outcome.err
    assert f"osa ingestion wait {ID}" in outcome.err
    assert [r for r in archive.requests if r.method == "POST"] == []


def test_waiting_for_what_does_not_exist_is_6(osa):
    other = ID.replace("019aa9d4", "019aa9d5")
    assert osa("ingestion", "wait", other).code == 6


def test_an_outage_while_waiting_is_told_and_outlived(osa, archive, no_pauses):
    unavailable = archive.problem("ProblemUnavailable")
    ended = archive.example("IngestionSucceeded")
    archive.on("GET", f"/ingestions/{ID}", unavailable, unavailable, ended)
    outcome = osa("ingestion", "wait", ID, "-q")
    assert outcome.code == 0
    assert "The database does not answer. Trying on." in outcome.err


def test_events_can_be_followed_line_by_line_as_json(osa, archive):
    ended = {"number": 3, "type": "ingestion_succeeded", "at": "2026-11-22T09:00:07Z"}
    ended["data"] = {"status": "succeeded", "status_reason": "completed", "done": True}
    page = archive.example("IngestionEventPage")
    page["items"].append(ended)
    stream = "".join(
        f"id: {event['number']}\nevent: {event['type']}\ndata: {dumped(event)}\n\n"
        for event in page["items"]
    )
    headers = {"Content-Type": "text/event-stream"}
    path = f"/ingestions/{ID}/events/stream"
    archive.on("GET", path, archive.answer(stream.encode(), 200, **headers))
    outcome = osa("ingestion", "events", ID, "--follow", "-o", "jsonl")
    assert outcome.code == 0
    assert [line for line in outcome.out.splitlines()] == [dumped(e) for e in page["items"]]
    assert osa("ingestion", "events", ID, "-f", "-o", "json").code == 2


def dumped(value):
    import json

    return json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize(
    "words,until",
    [
        (("ingestion", "wait", ID), "running"),
        (("ingestion", "watch", ID), "ingestion started"),
        (("ingestion", "start", "documents", "--text", "x", "--wait"), "running"),
        (("ingestion", "cancel", ID, "--wait"), "canceling"),
    ],
)
def test_ctrl_c_detaches_and_says_how_to_come_back(words, until, osa, archive):
    now = archive.example("IngestionCanceling" if "cancel" in words else "IngestionRunning")
    archive.on("GET", f"/ingestions/{ID}", now)
    canceling = archive.answer(archive.example("IngestionCanceling"), 202)
    archive.on("POST", f"/ingestions/{ID}/cancel", canceling)
    code, _, talk = osa.interrupted(*words, until=until)
    assert code == 130
    assert f"Detached: {ID} is still running" in talk
    assert f"osa ingestion wait {ID}" in talk
    posted = [r.path for r in archive.requests if r.method == "POST"]
    assert len(posted) == (1 if "start" in words or "cancel" in words else 0)


def test_ctrl_c_names_those_of_several_that_are_left(osa, archive):
    other = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e66"
    page = archive.example("IngestionPage", next_cursor=None)
    running = archive.example("IngestionRunning", id=ID)
    done = archive.example("IngestionSucceeded", id=other)
    archive.on("GET", "/ingestions", {**page, "items": [done, running]})
    code, _, talk = osa.interrupted("ingestion", "wait", other, ID, until="running")
    assert code == 130
    assert f"osa ingestion wait {ID}\n" in talk
    assert f"osa ingestion cancel {ID}\n" in talk


def test_ctrl_c_during_an_upload_starts_nothing(osa, archive, home):
    import threading

    release = threading.Event()

    def slow(request):
        release.wait(DEADLINE)
        return archive.problem("ProblemInternalError")

    archive.call("POST", "/uploads", slow)
    (home / "notes.txt").write_bytes(b"x")
    try:
        words = ("ingestion", "start", "documents", "notes.txt")
        code, out, talk = osa.interrupted(*words, until="Uploading")
    finally:
        release.set()
    assert (code, out) == (130, "")
    assert "nothing was started" in talk
    assert archive.asked("POST", "/ingestions") == []


def test_a_terminal_gets_colour_unless_it_is_declined(osa):
    assert "\x1b[32msucceeded" in osa.terminal("ingestion", "status", ID)[1]
    code, text = osa.terminal("ingestion", "status", ID, NO_COLOR="1")
    assert code == 0
    assert "\x1b" not in text
    assert "\x1b" not in osa.terminal("ingestion", "status", ID, TERM="dumb")[1]


def test_a_terminal_gets_a_bar_while_waiting_and_the_result_after_it(osa, archive):
    archive.on(
        *("GET", f"/ingestions/{ID}", archive.example("IngestionRunning", poll_after_seconds=0)),
        archive.example("IngestionSucceeded"),
    )
    code, text = osa.terminal("ingestion", "wait", ID)
    assert code == 0
    assert "━" in text
    assert "succeeded" in text.rpartition("━")[2]


def test_a_table_fits_a_terminal_of_80_columns_with_whole_ids(osa, archive):
    rows = [
        archive.example("IngestionSucceeded", name="A long name " * 9),
        archive.example("IngestionFailed", name="海面水温" * 20),
    ]
    rows[0]["counts"] |= {"seen": 123456, "rejected": 123}
    listing = {"items": rows, "next_cursor": None, "prev_cursor": None, "has_more": False}
    archive.on("GET", "/ingestions", listing)
    from osa.cli.output import width_of

    _, text = osa.terminal("ingestion", "list", NO_COLOR="1")
    lines = text.rstrip("\n").split("\n")
    assert len(lines) == 3
    assert all(width_of(line) <= 80 for line in lines)
    assert all(ID in line and "…" in line for line in lines[1:])
    full = osa("ingestion", "list").out
    assert "海面水温" * 20 in full
    assert "…" not in full


def test_what_comes_from_elsewhere_cannot_rewrite_the_screen(osa, archive):
    hostile = "title\x1b]0;owned\x07\x9b2J\u202egnp.exe"
    item = {**archive.example("IngestionItemPage")["items"][1], "source_id": hostile}
    item["error"]["detail"] = hostile
    listing = {"items": [item], "next_cursor": None, "prev_cursor": None, "has_more": False}
    archive.on("GET", f"/ingestions/{ID}/items", listing)
    _, text = osa.terminal("ingestion", "items", ID, NO_COLOR="1")
    assert not set("\x1b\x07\x9b\u202e") & set(text)
    outcome = osa("ingestion", "items", ID, "-o", "json")
    assert not set("\x7f\x9b\u202e") & set(outcome.out)
    assert outcome.json == [item]


def test_a_reader_that_has_enough_is_no_failure_to_talk_about(osa, archive):
    row = archive.example("IngestionRunning")
    rows = [{**row, "name": "n" * 200, "metadata": {"x": "y" * 2000}}] * 200
    listing = {"items": rows, "next_cursor": None, "prev_cursor": None, "has_more": False}
    archive.on("GET", "/ingestions", listing)
    process = subprocess.Popen(
        osa.command("ingestion", "list", "-o", "jsonl"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=osa.environment,
    )
    with process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(DEADLINE) == 141


def test_a_terminal_without_utf_8_gets_escapes_instead_of_a_failure(osa, archive):
    archive.on("GET", f"/ingestions/{ID}", archive.example("IngestionSucceeded", name="Grönland"))
    outcome = osa.process("ingestion", "status", ID, PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert outcome.code == 0
    assert "Gr\\xf6nland" in outcome.out


def list_of(archive, *rows):
    archive.on(
        *("GET", "/ingestions"),
        *(
            {"items": list(each), "next_cursor": None, "prev_cursor": None, "has_more": False}
            for each in rows
        ),
    )


OTHER = ID[:-2] + "50"


@pytest.mark.parametrize(
    "ends,code",
    [
        (("IngestionSucceeded", "IngestionSucceeded"), 0),
        (("IngestionSucceeded", "IngestionFailed"), 3),
        (("IngestionCanceled", "IngestionSucceeded"), 4),
        (("IngestionCanceled", "IngestionFailed"), 3),
    ],
)
def test_of_several_the_worst_end_is_the_exit_code(ends, code, osa, archive):
    first, second = archive.example(ends[0]), archive.example(ends[1], id=OTHER)
    list_of(archive, [second, first])
    outcome = osa("ingestion", "wait", ID, OTHER, "-o", "json")
    assert outcome.code == code
    assert outcome.json == [first, second]
    assert len(archive.requests) == 1


def test_off_a_terminal_each_change_of_several_is_a_line_with_its_id(osa, archive, no_pauses):
    running = archive.example("IngestionRunning", id=OTHER)
    ended = archive.example("IngestionSucceeded")
    list_of(archive, [running, ended], [{**running, **ended, "id": OTHER}, ended])
    archive.on("GET", f"/ingestions/{OTHER}", {**ended, "id": OTHER})
    outcome = osa("ingestion", "wait", ID, OTHER)
    assert outcome.code == 0
    assert f"{ID}  succeeded" in outcome.err
    assert f"{OTHER}  running" in outcome.err
    assert f"{OTHER}  succeeded" in outcome.err
    assert outcome.out.count("succeeded") == 2


def test_a_terminal_gets_a_bar_for_each_of_several(osa, archive):
    rows = [archive.example("IngestionRunning", poll_after_seconds=0, id=i) for i in (ID, OTHER)]
    ended = [archive.example("IngestionSucceeded", id=i) for i in (ID, OTHER)]
    list_of(archive, rows, ended)
    code, text = osa.terminal("ingestion", "wait", ID, OTHER, columns=120, NO_COLOR="1")
    assert code == 0
    assert f"{OTHER} running" in text


def test_waiting_too_long_for_several_is_5_and_says_how_to_go_on(osa, archive):
    list_of(archive, [archive.example("IngestionRunning", id=i) for i in (ID, OTHER)])
    outcome = osa("ingestion", "wait", ID, OTHER, "--timeout", "0")
    assert outcome.code == 5
    assert f"osa ingestion wait {ID} {OTHER}" in outcome.err


def test_a_wait_can_go_on_with_the_retry_of_what_failed(osa, archive):
    failed = archive.example("IngestionFailed", retried_by=OTHER)
    archive.on("GET", f"/ingestions/{ID}", failed)
    archive.on("GET", f"/ingestions/{OTHER}", archive.example("IngestionSucceeded", id=OTHER))
    assert osa("ingestion", "wait", ID, "-q").code == 3
    outcome = osa("ingestion", "wait", ID, "--follow-retries", "-q")
    assert (outcome.code, outcome.out) == (0, f"{OTHER}\n")
    assert f"{ID} failed; its retry is {OTHER}." in outcome.err
