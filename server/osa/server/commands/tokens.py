"""Tokens, from the host: whoever can read the data folder may make them."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta

from osa.server import bootstrap
from osa.server.bootstrap import House
from osa.server.commands.speech import Wrong, say
from osa.server.model import Scope, names_tenant
from osa.server.settings import Settings

DEFAULT_TENANT = "default"


def tenant(name: str) -> str:
    """A name that requests can carry too, in `Osa-Tenant`."""
    if not names_tenant(name):
        raise argparse.ArgumentTypeError(
            f"{name!r} is not 1 to 64 of a-z, 0-9, '.', '_' and '-', the first a letter or a digit"
        )
    return name


def manage(settings: Settings, options: argparse.Namespace) -> int:
    """Create, list or revoke; answers the exit code."""
    if settings.is_sqlite:
        bootstrap.migrate(settings)
    house = bootstrap.build(settings)
    try:
        match options.verb:
            case "create":
                return _token_create(house, options)
            case "list":
                return _token_list(house, options)
            case _:
                if not house.service.tokens.revoke(options.id):
                    raise Wrong(
                        f"There is no valid token {options.id}. `osa token list` shows them."
                    )
                say(f"osa: {options.id} is revoked.")
                return 0
    finally:
        house.close()


def _token_create(house: House, options: argparse.Namespace) -> int:
    scopes = [Scope(scope) for scope in options.scope or [Scope.READ, Scope.WRITE]]
    expires_at = None
    if options.expires_in_days is not None:
        expires_at = datetime.now(UTC) + timedelta(days=options.expires_in_days)
    token_id, secret = house.service.tokens.create(
        tenant=options.tenant, name=options.name, scopes=scopes, expires_at=expires_at
    )
    say(f"osa: token {token_id} for {options.name!r}; it is shown once:")
    sys.stdout.write(secret + "\n")
    return 0


def _token_list(house: House, options: argparse.Namespace) -> int:
    every = house.service.tokens.every()
    if options.output == "json":
        rows = [
            {
                "id": token.id,
                "tenant": token.tenant,
                "name": token.name,
                "scopes": sorted(token.scopes),
                "created_at": _time(token.created_at),
                "expires_at": _time(token.expires_at),
                "revoked_at": _time(token.revoked_at),
            }
            for token in every
        ]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return 0
    for token in every:
        state = "revoked" if token.revoked_at else f"expires {_time(token.expires_at) or 'never'}"
        scopes = ",".join(sorted(token.scopes))
        sys.stdout.write(f"{token.id}  {token.tenant}  {token.name}  {scopes}  {state}\n")
    return 0


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
