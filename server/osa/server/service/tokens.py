"""Tokens: made once, shown once, stored hashed."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime

from osa.server.errors import Unauthenticated
from osa.server.model import Principal, Scope, Token, new_id
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

    def authenticate(self, secret: str) -> Principal:
        """Who this is. Raises Unauthenticated."""
        with self._database.read() as tx:
            token = store.find_valid(tx, _hash(secret))
        if token is None:
            raise Unauthenticated(
                "The token is unknown, expired or revoked. `osa login` stores a new one."
            )
        return Principal(
            token_id=token.id, token_name=token.name, tenant=token.tenant, scopes=token.scopes
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
        return token_id, secret

    def preset(self, secret: str, *, tenant: str, name: str, scopes: Sequence[Scope]) -> None:
        """Make a secret from outside a token; the one that was set before it is revoked."""
        with self._database.write() as tx:
            store.preset(
                tx,
                id=new_id(),
                tenant=tenant,
                name=name,
                scopes=scopes,
                secret_hash=_hash(secret),
            )

    def every(self) -> Sequence[Token]:
        with self._database.read() as tx:
            return store.every(tx)

    def revoke(self, token_id: str) -> bool:
        """False when there is no such token that is not revoked already."""
        with self._database.write() as tx:
            return store.revoke(tx, token_id)
