"""Tokens, stored hashed, and the secrets that all servers share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, or_, select, update

from osa.server.model import Scope, Token
from osa.server.store.columns import now
from osa.server.store.database import insert
from osa.server.store.tables import secret, token


def _token(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        tenant=row.tenant,
        name=row.name,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


_VALID = select(token).where(
    token.c.secret_hash == bindparam("hash"),
    token.c.revoked_at.is_(None),
    or_(token.c.expires_at.is_(None), token.c.expires_at > now()),
)


def find_valid(connection: Connection, secret_hash: str) -> Token | None:
    """The token with this hash, unless it is expired or revoked."""
    row = connection.execute(_VALID, {"hash": secret_hash}).first()
    return None if row is None else _token(row)


def add(
    connection: Connection,
    *,
    id: str,
    tenant: str,
    name: str,
    scopes: Sequence[Scope],
    secret_hash: str,
    expires_at: datetime | None,
) -> bool:
    """Store a token; False when a token with the same secret is there already."""
    row = connection.execute(
        insert(connection.dialect.name, token)
        .values(
            id=id,
            tenant=tenant,
            name=name,
            scopes=[str(scope) for scope in scopes],
            secret_hash=secret_hash,
            preset=False,
            created_at=now(),
            expires_at=expires_at,
        )
        .on_conflict_do_nothing(index_elements=[token.c.secret_hash])
        .returning(token.c.id)
    ).first()
    return row is not None


def preset(
    connection: Connection,
    *,
    id: str,
    tenant: str,
    name: str,
    scopes: Sequence[Scope],
    secret_hash: str,
) -> Sequence[Token]:
    """Make this the one valid token that was set from outside; those set before it end, and are
    answered."""
    values = {
        "tenant": tenant,
        "name": name,
        "scopes": [str(scope) for scope in scopes],
        "preset": True,
        "expires_at": None,
        "revoked_at": None,
    }
    connection.execute(
        insert(connection.dialect.name, token)
        .values(id=id, secret_hash=secret_hash, created_at=now(), **values)
        .on_conflict_do_update(index_elements=[token.c.secret_hash], set_=values)
    )
    replaced = connection.execute(
        update(token)
        .where(
            token.c.preset.is_(True),
            token.c.secret_hash != secret_hash,
            token.c.revoked_at.is_(None),
        )
        .values(revoked_at=now())
        .returning(token)
    ).all()
    return [_token(row) for row in replaced]


def every(connection: Connection) -> Sequence[Token]:
    """All tokens, oldest first, with the revoked and expired ones."""
    rows = connection.execute(select(token).order_by(token.c.created_at, token.c.id)).all()
    return [_token(row) for row in rows]


def revoke(connection: Connection, token_id: str) -> Token | None:
    """End a token; None when there is no such token that is not revoked already."""
    row = connection.execute(
        update(token)
        .where(token.c.id == token_id, token.c.revoked_at.is_(None))
        .values(revoked_at=now())
        .returning(token)
    ).first()
    return None if row is None else _token(row)


def shared_secret(connection: Connection, name: str, candidate: str) -> str:
    """The secret of this name; the first candidate ever offered is it, for all servers."""
    connection.execute(
        insert(connection.dialect.name, secret)
        .values(name=name, value=candidate)
        .on_conflict_do_nothing(index_elements=[secret.c.name])
    )
    return str(connection.execute(select(secret.c.value).where(secret.c.name == name)).scalar_one())
