"""Who asks, and whether they may."""

from __future__ import annotations

import re

from starlette.requests import Request

from osa.server.errors import Forbidden, Unauthenticated
from osa.server.model import Principal, Scope
from osa.server.service.tokens import Tokens

# RFC 6750, section 2.1.
_BEARER = re.compile(r"bearer +(?P<secret>[A-Za-z0-9._~+/-]+=*) *", re.IGNORECASE)


def authorize(request: Request, tokens: Tokens, scope: Scope) -> Principal:
    """Who asks. Raises Unauthenticated, and Forbidden when their token lacks the scope."""
    given = request.headers.getlist("authorization")
    if not given:
        raise Unauthenticated("Send a token: `Authorization: Bearer …`. `osa login` stores one.")
    bearer = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
    if bearer is None:
        raise Unauthenticated("The Authorization header is not one bearer token (RFC 6750).")
    principal = tokens.authenticate(bearer["secret"])
    if not principal.may(scope):
        raise Forbidden(scope, sorted(principal.scopes))
    return principal
