"""How fast an attempt goes, from what it says it has completed."""

from __future__ import annotations

import time

#: Seconds over which the rate is smoothed: an item's pause should not halve it.
_WINDOW = 10.0


class Rate:
    """An exponentially weighted rate. Kept by the worker, one per attempt; monotonic clock."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self._completed: int | None = None
        self._rate: float | None = None

    def update(self, completed: int | None) -> float | None:
        """Units a second of late; None until two values are known."""
        moment = time.monotonic()
        if completed is None:
            return None
        if self._completed is None or completed < self._completed:
            self._at, self._completed = moment, completed
            return self._rate
        passed = moment - self._at
        if passed < 0.05 or completed == self._completed:
            return self._rate
        current = (completed - self._completed) / passed
        weight = min(1.0, passed / _WINDOW) if self._rate is not None else 1.0
        self._rate = current if self._rate is None else self._rate + weight * (current - self._rate)
        self._at, self._completed = moment, completed
        return round(self._rate, 3)
