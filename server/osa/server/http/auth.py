"""Who asks, for whom, and whether they may."""

from __future__ import annotations

import re
from dataclasses import replace

from starlette.requests import Request

from osa.server.errors import ErrorDetail, Forbidden, Unauthenticated
from osa.server.http.problems import invalid
from osa.server.model import Principal, Scope, names_tenant

# RFC 6750, section 2.1.
_BEARER = re.compile(r"bearer +(?P<secret>[A-Za-z0-9._~+/-]+=*) *", re.IGNORECASE)
_TENANT = "Osa-Tenant"


def secret_of(request: Request) -> str:
    """The token that was sent. Raises Unauthenticated when that is not one bearer token."""
    given = request.headers.getlist("authorization")
    if not given:
        raise Unauthenticated("Send a token: `Authorization: Bearer …`. `osa login` stores one.")
    bearer = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
    if bearer is None:
        raise Unauthenticated("The Authorization header is not one bearer token (RFC 6750).")
    return bearer["secret"]


def authorize(request: Request, principal: Principal, scope: Scope) -> Principal:
    """For whom they act: their own tenant, or the one that an admin names. Raises Forbidden when
    their token lacks the scope, and InvalidRequest when no tenant can be called so."""
    given = request.headers.getlist(_TENANT)
    own = not given or given == [principal.home_tenant]
    for needed in (scope,) if own else (scope, Scope.ADMIN):
        if not principal.may(needed):
            raise Forbidden(needed, sorted(principal.scopes))
    if own:
        return principal
    if len(given) > 1 or not names_tenant(given[0]):
        message = "One tenant: 1 to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first"
        said = ErrorDetail(
            loc=["header", _TENANT], msg=message, type="tenant", input=", ".join(given)[:200]
        )
        raise invalid([said])
    return replace(principal, tenant=given[0])
