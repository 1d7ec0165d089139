"""Tokens: shown once, stored hashed, over at once when revoked or expired."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from osa.server.errors import Unauthenticated
from osa.server.model import Scope
from osa.server.store.tables import token as table


def _create(house, **given) -> tuple[str, str]:
    named = {"tenant": "default", "name": "laptop", "scopes": [Scope.READ], **given}
    return house.service.tokens.create(**named)


def test_a_token_says_who_asks_and_what_they_may(house) -> None:
    token_id, secret = _create(house, tenant="north", scopes=[Scope.READ, Scope.WRITE])
    principal = house.service.tokens.authenticate(secret)
    assert (principal.token_id, principal.token_name) == (token_id, "laptop")
    assert (principal.tenant, principal.scopes) == ("north", {Scope.READ, Scope.WRITE})
    assert principal.may(Scope.WRITE)
    assert not principal.may(Scope.ADMIN)


def test_the_secret_is_nowhere_in_the_database(house) -> None:
    _, secret = _create(house)
    with house.database.read() as tx:
        stored = repr(tx.execute(select(table)).all())
        assert secret not in stored
        assert secret.removeprefix("osa_") not in stored
        if house.database.is_sqlite:
            (path,) = {row.file for row in tx.execute(text("PRAGMA database_list"))}
            with open(path, "rb") as stream:  # noqa: PTH123 - the name comes from the database
                assert secret.encode() not in stream.read()
    assert secret not in repr(house.service.tokens.every())


def test_a_revoked_token_is_over_and_can_be_revoked_once(house) -> None:
    token_id, secret = _create(house)
    house.service.tokens.authenticate(secret)
    assert house.service.tokens.revoke(token_id)
    assert not house.service.tokens.revoke(token_id)
    with pytest.raises(Unauthenticated):
        house.service.tokens.authenticate(secret)
    (kept,) = house.service.tokens.every()
    assert kept.revoked_at is not None


def test_an_expired_token_is_over(house) -> None:
    moment = datetime.now(UTC)
    _, past = _create(house, expires_at=moment - timedelta(seconds=1))
    _, future = _create(house, expires_at=moment + timedelta(hours=1))
    with pytest.raises(Unauthenticated):
        house.service.tokens.authenticate(past)
    assert house.service.tokens.authenticate(future).tenant == "default"


@pytest.mark.parametrize("secret", ["", "osa_", "osa_unknown", "\ud800", "\x00", "x" * 100_000])
def test_what_is_no_token_is_nobody(house, secret: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        house.service.tokens.authenticate(secret)
    assert not secret or secret == "osa_" or secret not in str(refused.value)


def test_a_secret_that_is_preset_twice_is_one_token(house) -> None:
    for _ in range(2):
        house.service.tokens.preset(
            "a secret from outside", tenant="default", name="admin", scopes=list(Scope)
        )
    assert [token.name for token in house.service.tokens.every()] == ["admin"]
    assert house.service.tokens.authenticate("a secret from outside").may(Scope.ADMIN)
