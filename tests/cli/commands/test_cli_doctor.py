"""The doctor: everything between this machine and a working archive, and what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from osa.cli.version import __version__


def wire(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def caller(archive, **changes):
    """What the server knows of the token, with its clock right."""
    there = {"server_time": wire(datetime.now(UTC)), "server_version": __version__}
    return archive.example("Caller", **(there | changes))


def ready(**changes):
    return {"status": "ready", "version": __version__, "workers_alive": 1} | changes


@pytest.fixture
def archive(archive):
    archive.on("GET", "/readyz", ready())
    archive.call("GET", "/caller", lambda request: archive.answer(caller(archive)))
    conventions = archive.example("ConventionList")
    for each in conventions["items"]:
        each["ingestable"] = True
        each.pop("missing_extra", None)
    archive.on("GET", "/conventions", conventions)
    return archive


def checks(outcome):
    """Each check and how it went; the gravest where there are several of a name."""
    rank = ("ok", "warning", "failed")
    found = {}
    for each in outcome.json["checks"]:
        assert each.keys() == {"check", "state", "text", "action"}
        before = found.get(each["check"], "ok")
        found[each["check"]] = max(before, each["state"], key=rank.index)
    return found


def test_a_healthy_archive_is_ok_from_one_end_to_the_other(osa):
    outcome = osa("doctor", "-o", "json")
    assert outcome.code == 0
    assert outcome.json["state"] == "ok"
    assert checks(outcome) == dict.fromkeys(
        (
            *("config", "network", "server", "token", "scopes", "expiry", "clock", "versions"),
            *("workers", "conventions"),
        ),
        "ok",
    )
    assert osa("doctor", "-q").out == ""


def test_the_table_has_a_line_for_each_check_and_what_to_do_below_it(osa, archive):
    archive.on("GET", "/readyz", ready(workers_alive=0))
    outcome = osa("doctor")
    assert outcome.code == 1
    assert "OSA_SERVER" in outcome.out
    lines = outcome.out.splitlines()
    (position,) = (n for n, line in enumerate(lines) if line.startswith("failed"))
    assert "none is alive" in lines[position]
    assert "> Start one" in lines[position + 1]
    quiet = osa("doctor", "-q")
    assert (quiet.code, quiet.out.splitlines()) == (1, lines[position : position + 2])


def test_jsonl_is_one_check_a_line(osa):
    import json

    lines = osa("doctor", "-o", "jsonl").out.splitlines()
    assert [json.loads(line)["state"] for line in lines] == ["ok"] * 10


def test_nobody_at_the_address_is_9(osa):
    outcome = osa("doctor", "--server", "http://127.0.0.1:9", "-o", "json")
    assert outcome.code == 9
    assert checks(outcome) == {"config": "ok", "network": "failed"}
    assert "osa serve" in outcome.json["checks"][1]["action"]


def test_a_name_that_nobody_knows_is_9(osa):
    outcome = osa("doctor", "--server", "http://archive.invalid", "-o", "json")
    assert outcome.code == 9
    assert "archive.invalid is not the name of a machine" in outcome.json["checks"][1]["text"]


def test_a_server_that_does_not_speak_tls_is_9(osa, archive):
    outcome = osa("doctor", "--server", archive.url.replace("http:", "https:"), "-o", "json")
    assert outcome.code == 9
    assert checks(outcome) == {"config": "ok", "network": "ok", "tls": "failed"}
    tls = outcome.json["checks"][-1]
    assert "does not speak TLS" in tls["text"]
    assert "http://" in tls["action"]


def test_nobody_there_is_told_in_plain_words(osa):
    (finding,) = osa("doctor", "--server", "http://127.0.0.1:9", "-q", "-o", "json").json["checks"]
    assert finding["text"] == "nobody listens at 127.0.0.1, port 9: Connection refused."


def test_the_table_fits_a_narrow_terminal(osa, archive):
    archive.on("GET", "/readyz", ready(workers_alive=0))
    _, text = osa.terminal("doctor", NO_COLOR="1", COLUMNS="50")
    lines = text.replace("\r", "").splitlines()
    assert all(len(line) <= 50 for line in lines)
    assert all(line.startswith(("ok", "warning", "failed", " " * 22)) for line in lines)


def test_a_server_that_is_not_ready_is_9_with_its_own_words(osa, archive):
    archive.on("GET", "/readyz", archive.problem("ProblemUnavailable"))
    outcome = osa("doctor", "-o", "json")
    assert outcome.code == 9
    assert checks(outcome)["server"] == "failed"
    assert "SERVICE_UNAVAILABLE" in outcome.json["checks"][-1]["text"]


def test_another_programs_server_is_1(osa, archive):
    page = archive.answer(
        b"<html><title>Hello</title></html>", 404, **{"Content-Type": "text/html"}
    )
    archive.on("GET", "/readyz", page)
    outcome = osa("doctor", "-o", "json")
    assert outcome.code == 1
    assert checks(outcome)["server"] == "failed"


def test_a_token_that_is_not_accepted_is_7(osa):
    outcome = osa("doctor", "--token", "another", "-o", "json")
    assert outcome.code == 7
    assert checks(outcome)["token"] == "failed"
    assert "osa login" in outcome.json["checks"][-1]["action"]


def test_no_token_at_all_is_7_after_the_server_was_looked_at(osa):
    osa.patch.delenv("OSA_TOKEN", raising=False)
    del osa.environment["OSA_TOKEN"]
    outcome = osa("doctor", "-o", "json")
    assert outcome.code == 7
    assert checks(outcome) == {
        "config": "ok",
        "network": "ok",
        "server": "ok",
        "token": "failed",
    }


def test_a_broken_project_file_is_told_and_nothing_is_sent(osa, archive, home):
    del osa.environment["OSA_SERVER"]
    osa.patch.delenv("OSA_SERVER", raising=False)
    (home / "osa.toml").write_text("[client\n")
    outcome = osa("doctor", "-o", "json")
    assert outcome.code == 1
    assert checks(outcome) == {"config": "failed"}
    assert archive.requests == []


@pytest.mark.parametrize(
    "changes,check,text",
    [
        ({"scopes": ["ingestions:read"]}, "scopes", "not ingestions:write"),
        (
            {"expires_at": wire(datetime.now(UTC) + timedelta(days=3, hours=1))},
            "expiry",
            "the token ends in 3d",
        ),
        (
            {"server_time": wire(datetime.now(UTC) + timedelta(hours=2, minutes=1))},
            "clock",
            "behind the server",
        ),
        (
            {"server_time": wire(datetime.now(UTC) - timedelta(hours=2))},
            "clock",
            "ahead of the server",
        ),
        ({"server_version": "7.1.0"}, "versions", "server 7.1.0"),
    ],
)
def test_what_will_be_trouble_is_a_warning_and_no_failure(changes, check, text, osa, archive):
    archive.on("GET", "/caller", caller(archive, **changes))
    outcome = osa("doctor", "-o", "json")
    assert outcome.code == 0
    assert outcome.json["state"] == "warning"
    assert {name for name, state in checks(outcome).items() if state != "ok"} == {check}
    (found,) = (each for each in outcome.json["checks"] if each["check"] == check)
    assert text in found["text"]
    assert found["action"]


def test_a_convention_that_lacks_its_extra_is_a_warning_with_the_command(osa, archive):
    conventions = archive.example("ConventionList")
    conventions["items"][0] |= {"ingestable": True}
    other = {**conventions["items"][0], "id": "grids", "ingestable": False, "missing_extra": "geo"}
    archive.on("GET", "/conventions", {"items": [conventions["items"][0], other]})
    outcome = osa("doctor")
    assert outcome.code == 0
    assert "1 of 2 can be started" in outcome.out
    assert "pip install 'osa-ingestion[geo]'" in outcome.out


def admin(archive, **changes):
    scopes = ["ingestions:read", "ingestions:write", "admin"]
    archive.call("GET", "/caller", lambda request: archive.answer(caller(archive, scopes=scopes)))
    archive.on("GET", "/status", archive.example("ServiceStatus", **changes))


def test_an_admin_token_looks_inside(osa, archive):
    admin(archive)
    outcome = osa("doctor", "-o", "json")
    assert outcome.code == 0
    assert outcome.json["state"] == "ok"
    assert {"database", "storage", "workers", "queue"} <= checks(outcome).keys()


WORKER = {
    "id": "host-1",
    "slots": 2,
    "busy": 0,
    "started_at": "2026-11-22T08:00:00.000000Z",
    "heartbeat_at": "2026-11-22T08:30:00.000000Z",
    "alive": False,
}


@pytest.mark.parametrize(
    "changes,check,state,text",
    [
        (
            {"storage": {"free_bytes": 5, "total_bytes": 900, "min_free_bytes": 10}},
            *("storage", "failed", "nothing is accepted"),
        ),
        (
            {"storage": {"free_bytes": 20, "total_bytes": 900, "min_free_bytes": 10}},
            *("storage", "warning", "osa ingestion cleanup"),
        ),
        (
            {"database": {"kind": "postgresql", "revision": "v1", "latency_seconds": 3.5}},
            *("database", "warning", "3500 ms"),
        ),
        ({"workers": [WORKER]}, *("workers", "failed", "30m ago")),
        (
            {
                "queue": {
                    "queued": 9,
                    "running": 0,
                    "canceling": 0,
                    "oldest_queued_at": "2026-11-22T07:00:00.000000Z",
                }
            },
            *("queue", "warning", "9 queued"),
        ),
    ],
)
def test_what_is_wrong_inside_is_told(changes, check, state, text, osa, archive):
    admin(archive, **changes)
    outcome = osa("doctor", "-o", "json")
    assert outcome.code == (1 if state == "failed" else 0)
    assert checks(outcome)[check] == state
    assert text in outcome.out


def test_a_server_from_before_the_question_is_examined_as_far_as_it_goes(osa, archive):
    archive.on("GET", "/caller", archive.problem("ProblemIngestionNotFound"))
    outcome = osa("doctor", "-o", "json")
    assert outcome.code == 0
    assert checks(outcome)["token"] == "warning"
    assert checks(outcome)["conventions"] == "ok"


def test_the_address_of_a_proxy_is_told_without_its_password(osa, archive, monkeypatch):
    osa.environment |= {"http_proxy": f"http://user:secret@{archive.url[7:]}", "no_proxy": ""}
    outcome = osa("doctor", "--server", "http://archive.example", "-o", "json")
    assert "through the proxy 127.0.0.1" in outcome.out
    assert "secret" not in outcome.out
