"""Tokens: made once, shown once, stored hashed."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from osa.server.errors import Unauthenticated
from osa.server.model import Principal, Scope, Token, new_id
from osa.server.store import audit
from osa.server.store import tokens as store
from osa.server.store.database import Database

_PREFIX = "osa_"


def _hash(secret: str) -> str:
    # A token has 256 random bits: a plain digest cannot be guessed back, and is found by index.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Tokens:
    """Who may ask."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def authenticate(self, secret: str, *, request_id: str | None = None) -> Principal:
        """Who this is; the request goes with them into the audit. Raises Unauthenticated."""
        with self._database.read() as tx:
            token = store.find_valid(tx, _hash(secret))
        if token is None:
            raise Unauthenticated(
                "The token is unknown, expired or revoked. `osa login` stores a new one."
            )
        return Principal(
            token_id=token.id,
            token_name=token.name,
            tenant=token.tenant,
            scopes=token.scopes,
            home_tenant=token.tenant,
            expires_at=token.expires_at,
            request_id=request_id,
        )

    def create(
        self, *, tenant: str, name: str, scopes: Sequence[Scope], expires_at: datetime | None = None
    ) -> tuple[str, str]:
        """A new token's id and its secret, which is nowhere to be read again."""
        secret = _PREFIX + secrets.token_urlsafe(32)
        token_id = new_id()
        with self._database.write() as tx:
            store.add(
                tx,
                id=token_id,
                tenant=tenant,
                name=name,
                scopes=scopes,
                secret_hash=_hash(secret),
                expires_at=expires_at,
            )
            _note_creation(tx, token_id, tenant, name, scopes)
        return token_id, secret

    def preset(self, secret: str, *, tenant: str, name: str, scopes: Sequence[Scope]) -> None:
        """Make a secret from outside a token; the one that was set before it is revoked."""
        with self._database.write() as tx:
            # At each start of a server; only what changes something is noted.
            before = store.find_valid(tx, _hash(secret))
            replaced = store.preset(
                tx,
                id=new_id(),
                tenant=tenant,
                name=name,
                scopes=scopes,
                secret_hash=_hash(secret),
            )
            after = store.find_valid(tx, _hash(secret))
            if before is None and after is not None:
                _note_creation(tx, after.id, tenant, name, scopes)
            for token in replaced:
                _note_end(tx, token)

    def every(self) -> Sequence[Token]:
        with self._database.read() as tx:
            return store.every(tx)

    def revoke(self, token_id: str) -> bool:
        """False when there is no such token that is not revoked already."""
        with self._database.write() as tx:
            revoked = store.revoke(tx, token_id)
            if revoked is not None:
                _note_end(tx, revoked)
        return revoked is not None


def _note_creation(
    tx: Connection, token_id: str, tenant: str, name: str, scopes: Sequence[Scope]
) -> None:
    detail = {"token_id": token_id, "name": name, "scopes": sorted(map(str, scopes))}
    audit.append(tx, None, "create_token", tenant=tenant, detail={**detail, "tenant": tenant})


def _note_end(tx: Connection, token: Token) -> None:
    detail = {"token_id": token.id, "name": token.name, "tenant": token.tenant}
    audit.append(tx, None, "revoke_token", tenant=token.tenant, detail=detail)
