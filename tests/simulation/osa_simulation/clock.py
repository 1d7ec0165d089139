"""Time, ids and chances of a simulated world."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

from osa.server.store.columns import from_micros

#: 2030-01-01T00:00:00Z, in milliseconds: where every world begins.
_BEGIN = 1_893_456_000_000
_UNIX_EPOCH = 2440587.5
_DAY = 86_400_000.0


class Clock:
    """Milliseconds, as SQLite's own clock has them. It moves when the world says so."""

    def __init__(self) -> None:
        self.now = _BEGIN
        #: That of the processes: a database's clock that is set moves alone.
        self.passed = 0

    def advance(self, milliseconds: int) -> None:
        self.now += milliseconds
        self.passed += milliseconds

    def jump(self, milliseconds: int) -> None:
        """The database's clock was set."""
        self.now += milliseconds

    @property
    def micros(self) -> int:
        return self.now * 1000

    @property
    def moment(self) -> datetime:
        return from_micros(self.micros)

    @property
    def seconds(self) -> float:
        """Since the world began, as a trace shows it."""
        return (self.now - _BEGIN) / 1000


class Time:
    """What modules of the product know as `time`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def monotonic(self) -> float:
        return self._clock.passed / 1000

    def sleep(self, seconds: float) -> None:
        """Others go on before the next transaction anyway."""

    def time(self) -> float:
        return self._clock.now / 1000


class Boundary:
    """What the product takes from outside, and each world gives anew."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.chance = random.Random(0)
        self._ids = 0

    def renew(self, seed: int) -> None:
        self.clock.__init__()  # type: ignore[misc]
        self.chance.seed(seed)
        self._ids = 0

    def julianday(self, _: Any) -> float:
        """What SQLite calls for `julianday('now')`."""
        return self.clock.now / _DAY + _UNIX_EPOCH

    def uuid7(self) -> str:
        """Ids sort by the time they were made."""
        self._ids += 1
        return f"00000000-0000-7000-8000-{self._ids:012x}"
