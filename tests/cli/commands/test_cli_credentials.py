"""Tokens are kept for one server, one user, and never shown."""

from __future__ import annotations

import json
import os
import stat
import threading

import pytest

from osa.cli import credentials
from osa.cli.credentials import (
    credentials_file,
    default_server,
    forget_token,
    load_entry,
    normalise_server,
    store_token,
)
from osa.cli.problems import BadUsage, CommandFailed

SERVER = "http://127.0.0.1:8000"

pytestmark = pytest.mark.usefixtures("home")


def token_of(server):
    entry = load_entry(server)
    return entry.token if entry else None


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_user_can_read_the_file_and_its_folder(home):
    previous = os.umask(0)
    try:
        store_token(SERVER, "secret", name="first")
    finally:
        os.umask(previous)
    path = home / ".config" / "osa" / "credentials.json"
    assert path == credentials_file()
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700


def test_a_folder_that_others_could_read_is_closed(home):
    folder = home / ".config" / "osa"
    folder.mkdir(parents=True, mode=0o755)
    store_token(SERVER, "secret")
    assert mode(folder) == 0o700


def test_the_file_is_what_its_documentation_says():
    store_token("HTTP://127.0.0.1:8000/", "secret", name="first")
    content = json.loads(credentials_file().read_text("utf-8"))
    stored_at = content["servers"][SERVER].pop("stored_at")
    assert stored_at.endswith("Z")
    assert content == {
        "version": 1,
        "servers": {SERVER: {"token": "secret", "name": "first"}},
    }


def test_the_users_configuration_folder_is_honoured(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "elsewhere"))
    store_token(SERVER, "secret")
    assert (tmp_path / "elsewhere" / "osa" / "credentials.json").exists()
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert token_of(SERVER) is None


def test_tokens_of_different_servers_do_not_meet():
    store_token(SERVER, "here")
    store_token("https://archive.example/api", "there", name="mine")
    assert token_of(SERVER) == "here"
    assert token_of("https://archive.example:443/api/") == "there"
    assert token_of("http://localhost:8000") is None
    assert token_of("https://archive.example") is None
    assert load_entry("https://archive.example/api").name == "mine"


def test_what_another_writer_knows_is_kept():
    path = credentials_file()
    path.parent.mkdir(parents=True)
    kept = {"version": 1, "later": [1], "servers": {"https://x.example": {"token": "x", "y": 2}}}
    path.write_text(json.dumps(kept))
    store_token(SERVER, "secret")
    store_token("https://x.example", "x", name="n")
    content = json.loads(path.read_text("utf-8"))
    assert content["later"] == [1]
    assert content["servers"]["https://x.example"]["y"] == 2


def test_a_new_token_does_not_inherit_the_name_of_the_old_one():
    store_token(SERVER, "old", name="first")
    store_token(SERVER, "old")
    assert load_entry(SERVER).name == "first"
    store_token(SERVER, "new")
    assert load_entry(SERVER).name is None


def test_forgetting_removes_one_token_and_the_default_with_it():
    store_token(SERVER, "a", make_default=True)
    store_token("https://x.example", "b")
    assert default_server() == SERVER
    assert forget_token(SERVER) is True
    assert forget_token(SERVER) is False
    assert default_server() is None
    assert token_of("https://x.example") == "b"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(monkeypatch):
    store_token(SERVER, "old")
    before = credentials_file().read_bytes()

    def broken(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(credentials.os, "fsync", broken)
    with pytest.raises(CommandFailed, match="No space left"):
        store_token(SERVER, "new")
    assert credentials_file().read_bytes() == before
    names = sorted(path.name for path in credentials_file().parent.iterdir())
    assert names == ["credentials.json", "credentials.lock"]


def test_writers_at_the_same_time_lose_nothing():
    servers = [f"https://{n}.example" for n in range(16)]
    threads = [threading.Thread(target=store_token, args=(s, f"token-of-{s}")) for s in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [token_of(server) for server in servers] == [f"token-of-{s}" for s in servers]


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2, "servers": {}}', "{}"])
def test_a_file_that_is_not_understood_is_left_alone(text):
    path = credentials_file()
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(CommandFailed) as caught:
        store_token(SERVER, "secret")
    assert "osa login" in caught.value.next_step
    assert path.read_text() == text


def test_a_link_made_by_a_dotfile_manager_stays_a_link(tmp_path):
    real = tmp_path / "dotfiles.json"
    real.write_text('{"version": 1, "servers": {}}')
    path = credentials_file()
    path.parent.mkdir(parents=True)
    path.symlink_to(real)
    store_token(SERVER, "secret")
    assert path.is_symlink()
    assert "secret" in real.read_text()


def test_the_representation_of_a_stored_token_does_not_show_it():
    store_token(SERVER, "very-secret", name="first")
    assert "very-secret" not in repr(load_entry(SERVER))


@pytest.mark.parametrize(
    "given,normal",
    [
        ("https://Archive.Example:443/", "https://archive.example"),
        ("http://archive.example:80/osa//", "http://archive.example/osa"),
        (" http://[::1]:8000 ", "http://[::1]:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
    ],
)
def test_a_server_has_one_spelling(given, normal):
    assert normalise_server(given) == normal
    assert normalise_server(normal) == normal


@pytest.mark.parametrize(
    "given",
    [
        "archive.example",
        "ftp://x.example",
        "http://",
        "http://x:y@h/",
        "http://h/?a=1",
        "http://h:x",
    ],
)
def test_what_is_no_address_of_a_server_is_refused(given):
    with pytest.raises(BadUsage):
        normalise_server(given)
