"""Which server, with which token: flag, then environment, then project file, then user files.

The server is the first of: `--server`; `OSA_SERVER`; `[client] server` in `osa.toml`, in the
working directory or the nearest folder above it; the same in the user's `config.toml`; the server
of the last `osa login`; `http://127.0.0.1:8000`, where a first `osa serve` listens.

The tenant that an admin token acts for is the first of: `--tenant`; `OSA_TENANT`; `[client] tenant`
in the same two files; else it is the token's own.

The token is the first of: `--token`; `OSA_TOKEN`; the one that `osa login` stored for exactly
this server. A project file never holds a token, because such files are shared; one that does is
refused. One that belongs to another user is not read: below a shared folder it could send a token
to a stranger.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from osa.cli.credentials import config_folder, default_server, load_entry, normalise_server
from osa.cli.problems import BadUsage, NotLoggedIn

DEFAULT_SERVER = "http://127.0.0.1:8000"
PROJECT_FILE = "osa.toml"
_TENANT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A server, and who said so."""

    server: str
    origin: str


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """Whose things a token of an operator is used for, and who said so."""

    name: str
    origin: str


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token, what the server calls it (when that is known), and who gave it."""

    value: str
    name: str | None
    origin: str

    def __repr__(self) -> str:
        return f"Token(value=…, name={self.name!r}, origin={self.origin!r})"


def choose_server(flag: str | None = None) -> Choice:
    """The server to talk to."""
    if flag:
        return Choice(server=normalise_server(flag), origin="--server")
    if value := os.environ.get("OSA_SERVER"):
        return Choice(server=normalise_server(value), origin="OSA_SERVER")
    if found := _configured("server"):
        return Choice(server=normalise_server(found[0]), origin=found[1])
    if value := default_server():
        return Choice(server=normalise_server(value), origin="the last `osa login`")
    return Choice(server=DEFAULT_SERVER, origin="the default")


def choose_tenant(flag: str | None = None) -> Tenant | None:
    """The tenant to act for; None is the token's own."""
    if flag is not None:
        given = (flag, "--tenant")
    elif value := os.environ.get("OSA_TENANT"):
        given = (value, "OSA_TENANT")
    elif found := _configured("tenant"):
        given = found
    else:
        return None
    name, origin = given
    if not _TENANT.fullmatch(name):
        raise BadUsage(
            f"{origin}: {name!r} cannot be the name of a tenant.",
            next_step="Names have up to 64 of a-z, 0-9, `.`, `_` and `-`; "
            "only an admin token needs one.",
        )
    return Tenant(name=name, origin=origin)


def choose_token(server: str, flag: str | None = None) -> Token:
    """The token for the server; raises NotLoggedIn without one."""
    given = (flag, "--token") if flag else (os.environ.get("OSA_TOKEN"), "OSA_TOKEN")
    stored = None if given[0] else load_entry(server)
    if given[0]:
        value, name, origin = given[0].strip(), None, given[1]
    elif stored is not None:
        value, name, origin = stored.token, stored.name, "`osa login`"
    else:
        raise NotLoggedIn(
            f"There is no token for {server}.",
            next_step=f"Run `osa login {server}`, or set OSA_TOKEN.",
        )
    if not value.isascii() or not value.isprintable() or " " in value or not value:
        raise NotLoggedIn(
            f"The token from {origin} cannot be sent: it has blanks or unusual characters.",
            next_step="Copy it again, without quotes, blanks or line breaks.",
        )
    return Token(value=value, name=name, origin=origin)


def _project_file() -> Path | None:
    here = Path.cwd()
    for folder in (here, *here.parents):
        path = folder / PROJECT_FILE
        try:
            owner = path.stat().st_uid
        except OSError:
            continue
        return path if owner in (os.getuid(), 0) else None
    return None


def _configured(key: str) -> tuple[str, str] | None:
    """The value of a key of `[client]`, and the file that holds it: the project's, else the
    user's."""
    project = _project_file()
    for path in (project, config_folder() / "config.toml"):
        if path is None:
            continue
        value = _client_of(path, shared=path == project).get(key)
        if value is not None and not isinstance(value, str):
            raise BadUsage(f"{path}: `{key}` must be a text.")
        if value:
            return value, str(path)
    return None


def _client_of(path: Path, *, shared: bool) -> dict[str, object]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as exc:
        raise BadUsage(f"Cannot read {path}: {exc.strerror}.") from exc
    except ValueError as exc:
        raise BadUsage(f"{path} is not valid TOML: {exc}.") from exc
    client = content.get("client", {})
    if not isinstance(client, dict):
        raise BadUsage(f"{path}: [client] must be a table.")
    if shared and "token" in client:
        raise BadUsage(
            f"{path} holds a token, and project files are shared.",
            next_step="Remove it, make a new token, and store that with `osa login`.",
        )
    return client
