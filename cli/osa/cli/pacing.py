"""When to try again: backoff with full jitter, `Retry-After` obeyed, and budgets that end it.

`sleep`, `uniform` and `monotonic` are the seams: a test replaces them and waits for nothing.
"""

import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

from osa.cli.errors import IngestionError

sleep = time.sleep
uniform = random.uniform
monotonic = time.monotonic

BASE_SECONDS = 0.5
CAP_SECONDS = 30.0
# Between two looks at something that goes on.
SHORTEST_POLL_SECONDS = 0.5
LONGEST_POLL_SECONDS = 60.0
# The sum of the pauses of one call; a server that asks for more gets its error reported instead.
CALL_BUDGET_SECONDS = 60.0

_RETRYABLE_STATUSES = frozenset({408, 425, 429, 502, 503, 504, *range(520, 525), 527, 530})


def retryable_status(status: int) -> bool:
    """Whether an answer with this status, and no problem to say so, may be another one later."""
    return status in _RETRYABLE_STATUSES


def parse_retry_after(value: str | None) -> float | None:
    """Seconds from a `Retry-After` header, as number or date; None when there is no sense in it."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def poll_pause(answer: dict[str, Any]) -> float:
    """Seconds until it makes sense to ask again, from the server's hint, with jitter."""
    hint = answer.get("poll_after_seconds")
    known = isinstance(hint, (int, float)) and not isinstance(hint, bool)
    seconds = float(hint) if known and hint is not None else 2.0
    return min(LONGEST_POLL_SECONDS, max(SHORTEST_POLL_SECONDS, seconds * uniform(1.0, 1.25)))


def worth_another_try(error: IngestionError) -> bool:
    """Whether sending the same again can help. Of 4xx only those that are about time."""
    about_the_request = error.status is not None and 400 <= error.status < 500
    return error.retryable and not (about_the_request and not retryable_status(error.status or 0))


def _pause(failures: int, retry_after: float | None) -> float:
    """Seconds before the next try after so many failures in a row."""
    if retry_after is not None:
        return retry_after + uniform(0.0, BASE_SECONDS)
    return uniform(0.0, min(CAP_SECONDS, BASE_SECONDS * 2.0 ** min(failures, 16)))


class Patience:
    """So many retries of one call, and so many seconds of pauses altogether."""

    def __init__(self, retries: int, budget: float = CALL_BUDGET_SECONDS) -> None:
        self._retries = retries
        self._budget = budget
        self.restart()

    def restart(self) -> None:
        """There was progress: count from zero again."""
        self._failures = 0
        self._left = self._budget

    def again(self, error: IngestionError) -> bool:
        """Pause and say True when the call is worth another try; False when it is time to give
        up."""
        if self._failures >= self._retries or not worth_another_try(error):
            return False
        self._failures += 1
        pause = _pause(self._failures, error.retry_after)
        if pause > self._left:
            return False
        self._left -= pause
        sleep(pause)
        return True


class Outage:
    """How long a server may be gone before whoever waits for it gives up."""

    def __init__(self, budget: float, retries: int | None = None) -> None:
        self._budget = budget
        self._retries = retries
        self.over()

    def over(self) -> None:
        """The server answers; the next outage has the whole budget again."""
        self._since: float | None = None
        self._failures = 0

    def again(
        self,
        error: IngestionError,
        *,
        until: float | None = None,
        on_failure: Callable[[IngestionError], None] | None = None,
    ) -> bool:
        """Pause, at most to the moment `until`, and say True; False when the budget is used up.

        `on_failure` hears of the error first when there will be another try.
        """
        if not worth_another_try(error):
            return False
        now = monotonic()
        self._since = now if self._since is None else self._since
        left = self._since + self._budget - now
        if left <= 0 or (self._retries is not None and self._failures >= self._retries):
            return False
        self._failures += 1
        if on_failure is not None:
            on_failure(error)
        pause = min(_pause(self._failures, error.retry_after), left)
        if until is not None:
            pause = min(pause, max(0.0, until - now))
        sleep(pause)
        return True
