"""Who is asking, and what things are called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from uuid_utils import uuid7

_TENANT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Scope(StrEnum):
    """What a token may do; `admin` includes the others."""

    READ = "ingestions:read"
    WRITE = "ingestions:write"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who is asking."""

    #: Empty: the server itself.
    token_id: str
    token_name: str
    #: Whose things it acts on: the token's own tenant, or one that an admin chose.
    tenant: str
    scopes: frozenset[Scope]
    home_tenant: str = ""
    expires_at: datetime | None = None
    #: The request, for the audit.
    request_id: str | None = None

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token as it is stored: never the secret itself."""

    id: str
    tenant: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def names_tenant(value: str) -> bool:
    """Whether a tenant can be called so: 1 to 64 of `a-z`, `0-9`, `.`, `_` and `-`, the first a
    letter or a digit."""
    return _TENANT.fullmatch(value) is not None


def srn(domain: str, kind: str, id: str) -> str:
    """`urn:osa:{domain}:{kind}:{id}`; kind is ing, conv (its id is slug@version) or rec."""
    return f"urn:osa:{domain}:{kind}:{id}"


def new_id() -> str:
    """A UUID of version 7 (RFC 9562): it sorts by the time it was made."""
    return str(uuid7())
