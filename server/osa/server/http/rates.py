"""How often a caller may ask: a bucket for each policy and caller, filled at a steady rate.

The buckets are in this process: each server counts for itself. What a bucket holds is told in the
headers of draft-ietf-httpapi-ratelimit-headers, so that a client can slow down by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_WINDOW_SECONDS = 60
_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where a caller stands after a request."""

    admitted: bool
    policy: str
    quota: int
    window: int
    #: Requests that would be admitted now.
    remaining: int
    #: Until there is one more; whole seconds, at least one.
    more_in_seconds: int

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        described = f'"{self.policy}";q={self.quota};w={self.window}'
        left = f'"{self.policy}";r={self.remaining};t={self.more_in_seconds}'
        return [(b"ratelimit-policy", described.encode()), (b"ratelimit", left.encode())]


class Rate:
    """One policy: `quota` requests a minute, all at once or evenly.

    A bucket is one number, the moment at which it will be full: what is full is forgotten, so only
    callers of the last minute take memory. With `most_keys` the later ones share a bucket.
    """

    def __init__(
        self,
        policy: str,
        quota: int,
        *,
        most_keys: int | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.policy = policy
        self.quota = quota
        self._most_keys = most_keys
        self._clock = clock
        self._lock = threading.Lock()
        #: What one request takes, in nanoseconds of filling.
        self._cost = -(-_WINDOW_SECONDS * _NANOSECONDS // quota) if quota else 0
        self._full_at: dict[str, int] = {}
        self._forgot_at = clock()

    def __len__(self) -> int:
        """Callers that are remembered."""
        return len(self._full_at)

    def take(self, key: str) -> Standing | None:
        """Count a request of this caller, unless it is refused; None when there is no limit."""
        if not self.quota:
            return None
        with self._lock:
            moment = self._clock()
            self._forget(moment)
            key = self._room_for(key)
            full_at = max(self._full_at.get(key, moment), moment) + self._cost
            missing = full_at - moment
            whole = self.quota * self._cost
            admitted = missing <= whole
            if admitted:
                self._full_at[key] = full_at
            else:
                missing -= self._cost
            remaining = (whole - missing) // self._cost
            more_in = missing - whole + (remaining + 1) * self._cost
            return Standing(
                admitted=admitted,
                policy=self.policy,
                quota=self.quota,
                window=_WINDOW_SECONDS,
                remaining=remaining,
                more_in_seconds=max(1, -(-more_in // _NANOSECONDS)),
            )

    def _forget(self, moment: int) -> None:
        if moment - self._forgot_at >= _WINDOW_SECONDS * _NANOSECONDS:
            self._forgot_at = moment
            self._full_at = {key: at for key, at in self._full_at.items() if at > moment}

    def _room_for(self, key: str) -> str:
        crowded = self._most_keys is not None and len(self._full_at) >= self._most_keys
        return "" if crowded and key not in self._full_at else key
