"""The verbs of control, as somebody types them, against a real server and its worker."""

from __future__ import annotations

import json
import os

import pytest
from osa_testing.waiting import until

from osa.cli.main import main

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def command_line(tmp_path, monkeypatch, capsys):
    """Makes the command line of a user of a served archive: exit code, data, talk."""

    def of(served):
        for name in list(os.environ):
            if name.startswith(("OSA_", "XDG_")):
                monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("OSA_SERVER", served.url)
        monkeypatch.setenv("OSA_TOKEN", served.token)
        monkeypatch.chdir(tmp_path)

        def run(*words):
            capsys.readouterr()
            code = main(list(words))
            said = capsys.readouterr()
            assert served.token not in said.out + said.err
            return code, said.out, said.err

        return run

    return of


@pytest.fixture
def osa(serve, command_line):
    """The command line, and a server with a worker."""
    return command_line(serve)


START = ("ingestion", "start", "test-counter")


def test_what_failed_is_found_explained_tried_again_and_forgotten(osa, tmp_path):
    mended = tmp_path / "mended"
    words = ("-p", "count=6", "-p", "failed_every=3", "-p", f"mended={mended}")
    code, first, _ = osa(*START, *words, "--wait", "-q")
    assert code == 3
    first = first.strip()

    assert osa("ingestion", "list", "--unresolved", "-q") == (0, f"{first}\n", "")
    assert osa("ingestion", "list", "--unresolved", "--total")[1] == "1\n"
    code, told, _ = osa("ingestion", "explain", "@last")
    assert code == 0
    assert f"osa ingestion retry {first} --scope failed_items" in told
    assert osa("ingestion", "logs", "@last", "-q", "--tail", "1")[1].count("\n") == 1

    mended.touch()
    code, again, talk = osa("ingestion", "retry", "@last", "--wait", "-o", "json")
    assert code == 0
    assert "Scope failed_items" in talk
    retry = json.loads(again)
    assert (retry["retry_of"], retry["counts"]["created"]) == (first, 2)
    assert osa("ingestion", "wait", first, "--follow-retries", "-q")[:2] == (0, f"{retry['id']}\n")
    assert osa("ingestion", "list", "--unresolved", "--total")[1] == "0\n"
    assert osa("ingestion", "list", "--retry-of", first, "-q")[1] == f"{retry['id']}\n"
    code, _, talk = osa("ingestion", "retry", first, "--scope", "all")
    assert code == 8
    assert f"osa ingestion status {retry['id']}" in talk

    code, both, _ = osa("ingestion", "status", first, retry["id"], "-o", "json")
    assert [each["id"] for each in json.loads(both)] == [first, retry["id"]]
    assert osa("ingestion", "delete", "@last", "--yes")[:2] == (0, f"{retry['id']}\n")
    assert osa("ingestion", "cleanup", "--keep-last", "0", "-q")[1] == "1\n"
    assert osa("ingestion", "cleanup", "--keep-last", "0", "-q", "--yes")[1] == "1\n"
    assert osa("ingestion", "list", "-q")[1] == ""
    assert len(osa("record", "list", "-q")[1].split()) == 6

    code, audit, _ = osa("audit", "-o", "jsonl", "--order", "asc", "--since", "1h")
    actions = [json.loads(line)["action"] for line in audit.splitlines()]
    assert [action for action in actions if action != "create_token"] == [
        "start_ingestion",
        "retry_ingestion",
        "delete_ingestion",
        "clean_up",
    ]


def test_one_key_one_ingestion_at_a_time(osa, tmp_path):
    gate = tmp_path / "gate"
    gate.touch()
    key = (*START, "-p", "count=1", "-p", f"gate={gate}", "--concurrency-key", "k")
    code, first, _ = osa(*key, "-q")
    assert code == 0
    until(lambda: osa("ingestion", "list", "--status", "running", "-q")[1] == first, "it runs")
    assert osa(*key)[0] == 8
    code, other, talk = osa(*key, "--on-conflict", "attach")
    assert (code, other) == (0, first)
    assert "Attached" in talk
    code, queued, _ = osa(*key, "--on-conflict", "queue", "--priority", "5", "-q")
    assert code == 0
    assert queued != first

    def blocked_by():
        return json.loads(osa("ingestion", "explain", queued.strip(), "-o", "json")[1]).get(
            "blocked_by"
        )

    until(lambda: blocked_by() == first.strip(), "it is explained by the other")
    assert osa("ingestion", "wait", first.strip(), queued.strip(), "--timeout", "0")[0] == 5
    assert osa("ingestion", "cancel", first.strip(), "--force", "-q")[0] == 0
    gate.unlink()
    code, ended, _ = osa("ingestion", "wait", first.strip(), queued.strip(), "-o", "json")
    assert code == 4
    assert [each["status"] for each in json.loads(ended)] == ["canceled", "succeeded"]


def test_the_doctor_finds_a_server_healthy(osa):
    # A server is ready before its worker has given its first sign of life.
    until(lambda: osa("doctor", "-q")[0] == 0, "nothing fails")
    code, told, _ = osa("doctor", "-o", "json")
    assert code == 0
    assert {"storage", "database", "queue"} <= {c["check"] for c in json.loads(told)["checks"]}


def test_the_doctor_misses_a_worker(archive, command_line):
    code, told, _ = command_line(archive.serve(workers=0))("doctor", "-q")
    assert code == 1
    assert "osa worker" in told


def test_another_tenant_is_another_archive(osa):
    assert osa(*START, "-p", "count=1", "--wait", "-q")[0] == 0
    assert osa("ingestion", "list", "-q", "--tenant", "somebody")[:2] == (0, "")
    code, shown, _ = osa("doctor", "--tenant", "somebody")
    assert code == 0
    assert "tenant somebody (its own is default)" in shown
