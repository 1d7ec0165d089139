"""What `@last` names: the newest ingestion that was started with this token.

Each start by this command line is remembered in `last.json` in the user's state folder
(`$XDG_STATE_HOME/osa`, else `~/.local/state/osa`), under the server, a fingerprint of the token
and the tenant that was named, so that two tokens on one server, or one name on two servers, are
never mixed up. The server's name for the token (`created_by` of what it started) is remembered with
it. Where nothing is remembered (another machine, a start from Python), the ingestions are listed
newest first, and the first one whose `created_by` is the token's name is taken. Without a name
there is no `@last`: to guess could cancel a colleague's work.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from osa.cli.credentials import state_folder, write_private

#: Servers and tokens to remember; the oldest is forgotten first.
_KEPT = 100


def _file() -> Path:
    return state_folder() / "last.json"


def _key(server: str, token: str, tenant: str | None) -> str:
    # Tokens are long and random, so that a part of the digest tells nothing about them.
    key = f"{server} {hashlib.sha256(token.encode()).hexdigest()[:16]}"
    return f"{key} {tenant}" if tenant else key


def _read() -> dict[str, Any]:
    try:
        content = json.loads(_file().read_text("utf-8"))
    except (OSError, ValueError):
        # A convenience: a lost or broken file means only that nothing is remembered.
        return {}
    entries = content.get("started") if isinstance(content, dict) else None
    return entries if isinstance(entries, dict) else {}


def remember(server: str, token: str, ingestion: dict[str, Any], tenant: str | None = None) -> None:
    """Make this ingestion the one that `@last` names."""
    entries = _read()
    key = _key(server, token, tenant)
    entries.pop(key, None)
    entries[key] = {"id": ingestion.get("id"), "created_by": ingestion.get("created_by")}
    for oldest in list(entries)[:-_KEPT]:
        del entries[oldest]
    _write(entries)


def forget(server: str, token: str, ingestion_id: str, tenant: str | None = None) -> None:
    """An ingestion is gone; when `@last` named it, `@last` is looked up anew."""
    entries = _read()
    entry = entries.get(_key(server, token, tenant))
    if isinstance(entry, dict) and entry.get("id") == ingestion_id:
        # The name of the token stays known: it is what the look-up goes by.
        entry["id"] = None
        _write(entries)


def _write(entries: dict[str, Any]) -> None:
    path = _file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, json.dumps({"version": 1, "started": entries}, indent=2) + "\n")
    except OSError:
        # A read-only home must not turn an accepted start into a failure.
        return


def recall(server: str, token: str, tenant: str | None = None) -> tuple[str | None, str | None]:
    """The remembered id, and the server's name for the token."""
    entry = _read().get(_key(server, token, tenant))
    if not isinstance(entry, dict):
        return None, None
    found, name = entry.get("id"), entry.get("created_by")
    return found if isinstance(found, str) else None, name if isinstance(name, str) else None
