"""Which server and which token: flag, environment, project file, the user's files, the default."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from osa.cli.config import DEFAULT_SERVER, choose_server, choose_token
from osa.cli.credentials import store_token
from osa.cli.problems import BadUsage, NotLoggedIn

pytestmark = pytest.mark.usefixtures("home")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_each_place_goes_before_the_next(home, monkeypatch):
    assert choose_server().server == DEFAULT_SERVER == "http://127.0.0.1:8000"
    store_token("https://login.example", "t", make_default=True)
    assert choose_server().server == "https://login.example"
    write(home / ".config/osa/config.toml", '[client]\nserver = "https://user.example"\n')
    assert choose_server().server == "https://user.example"
    write(home / "osa.toml", '[client]\nserver = "https://project.example"\n')
    assert choose_server().server == "https://project.example"
    monkeypatch.setenv("OSA_SERVER", "https://environment.example")
    assert choose_server().server == "https://environment.example"
    assert choose_server("https://flag.example").server == "https://flag.example"
    assert choose_server("https://flag.example").origin == "--server"


def test_a_project_file_counts_in_the_folders_below_it(home, monkeypatch):
    write(home / "project/osa.toml", '[client]\nserver = "https://project.example"\n')
    below = home / "project/a/b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert choose_server().server == "https://project.example"
    write(home / "project/a/osa.toml", "[other]\n")
    assert choose_server().server == DEFAULT_SERVER


def test_a_project_file_with_a_token_is_refused(home, osa):
    write(home / "osa.toml", f'[client]\nserver = "{osa.environment["OSA_SERVER"]}"\ntoken = "t"\n')
    del osa.environment["OSA_SERVER"]
    outcome = osa("ingestion", "list")
    assert outcome.code == 2
    assert "project files are shared" in outcome.err
    assert "osa login" in outcome.err


def test_a_project_file_of_another_user_is_not_read(home, monkeypatch):
    write(home / "osa.toml", '[client]\nserver = "https://stranger.example"\n')
    owner = (home / "osa.toml").stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    if owner != 0:
        assert choose_server().server == DEFAULT_SERVER
        return
    os.chown(home / "osa.toml", 12345, 12345)
    assert choose_server().server == DEFAULT_SERVER


@pytest.mark.parametrize("text", ["[client", "client = 1", "[client]\nserver = 1\n"])
def test_a_broken_file_is_named(text, home):
    write(home / "osa.toml", text)
    with pytest.raises(BadUsage, match=r"osa\.toml"):
        choose_server()


def test_the_token_is_that_of_flag_then_environment_then_login(monkeypatch):
    server = "https://a.example"
    with pytest.raises(NotLoggedIn) as caught:
        choose_token(server)
    assert caught.value.next_step is not None
    assert f"osa login {server}" in caught.value.next_step
    store_token(server, "stored", name="mine")
    assert (choose_token(server).value, choose_token(server).name) == ("stored", "mine")
    with pytest.raises(NotLoggedIn):
        choose_token("https://b.example")
    monkeypatch.setenv("OSA_TOKEN", "environment")
    assert choose_token(server).value == "environment"
    assert choose_token(server).name is None
    assert choose_token(server, "flag").value == "flag"


@pytest.mark.parametrize("token", ["a b", "tök", "x\ny", "“quoted”"])
def test_a_token_that_cannot_be_sent_is_refused_without_showing_it(token):
    with pytest.raises(NotLoggedIn) as caught:
        choose_token("https://a.example", token)
    assert token not in str(caught.value)


def test_the_representation_of_a_token_does_not_show_it():
    assert "very-secret" not in repr(choose_token("https://a.example", "very-secret"))


def test_a_flag_goes_before_the_environment_on_the_wire(osa, archive):
    osa.environment["OSA_SERVER"] = "http://127.0.0.1:9"
    osa.environment["OSA_TOKEN"] = "another"
    from_flag = osa("ingestion", "list", "-q", "--server", archive.url, "--token", TOKEN)
    assert from_flag.code == 0


TOKEN = "osa_2Jq7VhV0mTq3cXw9pLs4nRb8"


def test_login_checks_the_token_and_keeps_it(osa, archive, home):
    del osa.environment["OSA_TOKEN"], osa.environment["OSA_SERVER"]
    archive.on("GET", "/caller", archive.example("Caller"))
    outcome = osa.process("login", archive.url, stdin=f"{TOKEN}\n")
    assert outcome.code == 0
    assert outcome.out == ""
    assert f"Logged in to {archive.url} as first." in outcome.err
    assert "tenant default, and may: ingestions:read, ingestions:write." in outcome.err
    assert (
        json.loads((home / ".config/osa/credentials.json").read_text())["servers"][archive.url][
            "name"
        ]
        == "first"
    )
    assert (home / ".config/osa/credentials.json").stat().st_mode & 0o777 == 0o600
    assert osa("ingestion", "list", "-q").code == 0
    assert osa("logout").code == 0
    outcome = osa("ingestion", "list", "--server", archive.url)
    assert outcome.code == 7
    assert f"osa login {archive.url}" in outcome.err


def test_login_with_a_token_the_server_refuses_stores_nothing(osa, archive, home):
    outcome = osa.process("login", archive.url, stdin="wrong-token\n")
    assert outcome.code == 7
    assert "nothing was stored" in outcome.err
    assert "code UNAUTHENTICATED, request 0" in outcome.err
    assert "wrong-token" not in outcome.err
    assert not (home / ".config/osa/credentials.json").exists()


def test_login_keeps_a_token_that_may_not_read_by_the_name_it_is_given(osa, archive, home):
    archive.on("GET", "/caller", archive.problem("ProblemForbidden"))
    outcome = osa.process("login", archive.url, "--name", "writer", stdin=f"{TOKEN}\n")
    assert outcome.code == 0
    assert "as writer." in outcome.err
    assert "may:" not in outcome.err
    assert (home / ".config/osa/credentials.json").exists()


def test_login_where_nobody_answers_stores_nothing(osa, home):
    outcome = osa.process("login", "http://127.0.0.1:9", stdin=f"{TOKEN}\n")
    assert outcome.code == 9
    assert not (home / ".config/osa/credentials.json").exists()


def test_login_without_a_token_is_a_usage_error(osa, archive):
    assert osa.process("login", archive.url, stdin="\n").code == 2


def test_login_says_when_the_environment_goes_before_it(osa, archive):
    archive.on("GET", "/caller", archive.example("Caller"))
    outcome = osa.process("login", archive.url, stdin=f"{TOKEN}\n")
    assert "OSA_TOKEN is set" in outcome.err


def test_logging_out_twice_is_no_failure(osa):
    outcome = osa("logout")
    assert outcome.code == 0
    assert "There was no token" in outcome.err
