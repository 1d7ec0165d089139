"""Who comes in, and how often."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable

from starlette.requests import Request

from osa.server.errors import TooManyRequests, Unauthenticated
from osa.server.http import auth
from osa.server.http.access import Facts
from osa.server.http.lanes import Lane
from osa.server.http.metrics import Metrics
from osa.server.http.rates import Rate, Standing
from osa.server.model import Principal, Scope
from osa.server.service.tokens import Tokens
from osa.server.settings import Settings

#: Addresses whose failures are counted one by one; more than these are counted together.
_MOST_STRANGERS = 10_000


class Gate:
    """Tells who asks, whether they may, and whether they ask too often."""

    def __init__(
        self,
        tokens: Tokens,
        settings: Settings,
        metrics: Metrics,
        *,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._tokens = tokens
        self._metrics = metrics
        reads = Rate("reads", settings.reads_per_minute, clock=clock)
        self._rates = {
            Lane.READS: reads,
            Lane.SIGNS: reads,
            Lane.WRITES: Rate("writes", settings.writes_per_minute, clock=clock),
            Lane.CANCELS: Rate("cancels", settings.writes_per_minute, clock=clock),
        }
        self._strangers = Rate(
            "unauthenticated",
            settings.unauthenticated_per_minute,
            most_keys=_MOST_STRANGERS,
            clock=clock,
        )

    def admit(self, request: Request, facts: Facts, lane: Lane, scope: Scope) -> Principal:
        """Who asks. Raises Unauthenticated, TooManyRequests, and Forbidden when their token lacks
        the scope; a token that is valid is counted, whatever is answered to it."""
        principal = self._known(request, facts)
        facts.tenant, facts.token = principal.tenant, principal.token_name
        standing = facts.standing = self._rates[lane].take(principal.token_id)
        if standing is not None and not standing.admitted:
            self._metrics.rate_limited.labels(standing.policy).inc()
            raise _too_many(standing)
        return auth.authorize(request, principal, scope)

    def _known(self, request: Request, facts: Facts) -> Principal:
        secret = auth.secret_of(request)
        try:
            return self._tokens.authenticate(secret, request_id=facts.request_id)
        except Unauthenticated:
            # Only now, when it is known to be no token: behind a proxy that hides who asks, a
            # stranger must not lock out those who have one.
            standing = self._strangers.take(_neighborhood(request))
            if standing is None or standing.admitted:
                raise
            facts.standing = standing
            self._metrics.rate_limited.labels(standing.policy).inc()
            raise _too_many(standing) from None


def _too_many(standing: Standing) -> TooManyRequests:
    return TooManyRequests(
        standing.policy, standing.quota, standing.window, standing.more_in_seconds
    )


def _neighborhood(request: Request) -> str:
    """The address that a request came from; of IPv6 the part that is handed out to one site."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host
