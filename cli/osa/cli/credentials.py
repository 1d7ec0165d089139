"""The user's tokens, one for each server, in one file that only the user can read.

The file is `$XDG_CONFIG_HOME/osa/credentials.json`, or `~/.config/osa/credentials.json` when that
variable is unset, empty or not an absolute path. It has mode 0600, its folder 0700. It is UTF-8
JSON:

    {
      "version": 1,
      "default_server": "https://archive.example",
      "servers": {
        "http://127.0.0.1:8000": {
          "token": "…",
          "name": "first",
          "stored_at": "2026-11-22T09:00:00Z"
        }
      }
    }

- `version` is 1. A reader refuses any other number rather than guess.
- `servers` maps a server, normalised by `normalise_server`, to its entry. `token` is required;
  `name` (what the server calls the token: `created_by` of the ingestions it starts) and `stored_at`
  may be missing.
- `default_server` may be missing. `osa login` sets it; it is used when nothing else names a server.
- Keys that a writer does not know are kept, at every level.
- A writer makes a temporary file in the same folder with mode 0600, writes it whole, flushes it to
  the disk, and renames it over the old one; a reader therefore sees the old file or the new one.
  Writers take an exclusive `flock` on `credentials.lock` in that folder around read and rename, so
  that two of them do not undo each other.

Normalised, a server is `scheme://host[:port][/path]`: scheme and host in lower case, the scheme's
own port left out, no slash at the end, no query. `localhost` and `127.0.0.1` are two servers: a
name is taken as it was given.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from osa.cli.problems import BadUsage, CommandFailed

FORMAT_VERSION = 1
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class StoredToken:
    """What is known of a stored token. Its `repr` does not show it."""

    token: str
    name: str | None = None

    def __repr__(self) -> str:
        return f"StoredToken(token=…, name={self.name!r})"


def config_folder() -> Path:
    """Where the user's files of osa are."""
    return _xdg("XDG_CONFIG_HOME", ".config")


def state_folder() -> Path:
    """Where osa remembers what it did for the user."""
    return _xdg("XDG_STATE_HOME", ".local/state")


def _xdg(variable: str, fallback: str) -> Path:
    # The XDG specification: a path that is not absolute is to be ignored.
    value = os.environ.get(variable, "")
    base = Path(value) if value.startswith("/") else Path.home() / fallback
    return base / "osa"


def credentials_file() -> Path:
    """The file described above."""
    return config_folder() / "credentials.json"


def normalise_server(server: str) -> str:
    """One spelling for one server; raises BadUsage for what is not a base URL."""
    text = server.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as exc:
        raise BadUsage(f"The server {text!r} is not a URL: {exc}.") from exc
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname:
        raise BadUsage(
            f"The server {text!r} is not an http or https URL.",
            next_step="Write it as https://archive.example or http://127.0.0.1:8000.",
        )
    if parts.username is not None or parts.password is not None:
        raise BadUsage(
            "A server's URL must not hold a user name or password.",
            next_step="Store the token with `osa login`, or set OSA_TOKEN.",
        )
    if parts.query or parts.fragment:
        raise BadUsage(f"The server {text!r} must end before any ? or #.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    where = host if port in (None, _PORTS[scheme]) else f"{host}:{port}"
    return f"{scheme}://{where}{parts.path.rstrip('/')}"


def store_token(
    server: str, token: str, *, name: str | None = None, make_default: bool = False
) -> Path:
    """Keep the token for the server, in place of an earlier one; answers the file."""
    with _editing() as content:
        key = normalise_server(server)
        old = content["servers"].get(key)
        entry = dict(old) if isinstance(old, dict) else {}
        if entry.get("token") != token:
            entry.pop("name", None)
        entry["token"] = token
        entry["stored_at"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if name is not None:
            entry["name"] = name
        content["servers"][key] = entry
        if make_default:
            content["default_server"] = key
    return credentials_file()


def load_entry(server: str) -> StoredToken | None:
    """The stored token with its name."""
    entry = _read()["servers"].get(normalise_server(server))
    if not isinstance(entry, dict) or not isinstance(entry.get("token"), str):
        return None
    name = entry.get("name")
    return StoredToken(token=entry["token"], name=name if isinstance(name, str) else None)


def forget_token(server: str) -> bool:
    """Remove the server's token; false when there was none."""
    key = normalise_server(server)
    if load_entry(key) is None:
        return False
    with _editing() as content:
        content["servers"].pop(key, None)
        if content.get("default_server") == key:
            del content["default_server"]
    return True


def default_server() -> str | None:
    """The server of the last login."""
    value = _read().get("default_server")
    return value if isinstance(value, str) else None


def _read() -> dict[str, Any]:
    path = credentials_file()
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {"version": FORMAT_VERSION, "servers": {}}
    except OSError as exc:
        raise CommandFailed(f"Cannot read {path}: {exc.strerror}.") from exc
    except ValueError as exc:
        # The cause would quote the file's content in a traceback: only the place is told.
        raise CommandFailed(
            f"{path} is not valid JSON.", next_step="Mend it, or remove it and `osa login` again."
        ) from exc
    if not isinstance(content, dict) or content.get("version") != FORMAT_VERSION:
        raise CommandFailed(
            f"{path} was not written by this version of osa.",
            next_step="Upgrade osa, or remove the file and `osa login` again.",
        )
    if not isinstance(content.get("servers"), dict):
        content["servers"] = {}
    return content


@contextlib.contextmanager
def _editing() -> Iterator[dict[str, Any]]:
    path = credentials_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            content = _read()
            yield content
            write_private(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        finally:
            os.close(lock)
    except OSError as exc:
        raise CommandFailed(
            f"Cannot write {path}: {exc.strerror}.",
            next_step="Set OSA_TOKEN instead, or point XDG_CONFIG_HOME at a folder of yours.",
        ) from exc


def write_private(path: Path, text: str) -> None:
    """Replace a file's content in one step; nobody else can read it at any moment."""
    # A link (as dotfile managers make) stays a link.
    target = Path(os.path.realpath(path))
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
