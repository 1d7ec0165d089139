"""What is worked on at the same time, and what is turned away when that is too much.

Whatever may block is done in a thread. Cancels have threads of their own, and so have the signs of
life: neither waits behind a hundred reads. What is counted are visits to threads that are not over;
open streams, long bodies and waiting reads hold no thread, and do not count.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from functools import partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Lane(StrEnum):
    """What kind of request it is. The first three are the names of the rates, too."""

    READS = "reads"
    WRITES = "writes"
    CANCELS = "cancels"
    #: What operators and their probes look at when the rest is too much.
    SIGNS = "signs"


#: Threads of each lane; reads and writes share theirs. Together with those of the streams they are
#: as many as a pool of the database has connections.
_THREADS = 28
_CANCEL_THREADS = 6
_SIGN_THREADS = 2

#: The part of what may be under way at which a lane is closed; signs of life are never turned away.
_CLOSED_AT: Mapping[Lane, float] = {Lane.WRITES: 0.5, Lane.READS: 0.75, Lane.CANCELS: 1.0}


class Lanes:
    """The threads of this process, and how much waits for them."""

    def __init__(self, max_pending: int) -> None:
        general = ThreadPoolExecutor(_THREADS, thread_name_prefix="osa-http")
        self._threads = {
            Lane.READS: general,
            Lane.WRITES: general,
            Lane.CANCELS: ThreadPoolExecutor(_CANCEL_THREADS, thread_name_prefix="osa-cancel"),
            Lane.SIGNS: ThreadPoolExecutor(_SIGN_THREADS, thread_name_prefix="osa-sign"),
        }
        self._closed_at = {lane: max_pending * part for lane, part in _CLOSED_AT.items()}
        self._lock = threading.Lock()
        self._pending = 0

    @property
    def pending(self) -> int:
        """Visits to threads that are waited for or under way, signs of life left out."""
        return self._pending

    def is_open(self, lane: Lane) -> bool:
        """Whether one more is taken."""
        return lane is Lane.SIGNS or self._pending < self._closed_at[lane]

    def submit(
        self, lane: Lane, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Do it in a thread of the lane. Whether that is open was asked before: what was begun is
        carried to its end."""
        future = self._threads[lane].submit(partial(function, *args, **kwargs))
        if lane is not Lane.SIGNS:
            with self._lock:
                self._pending += 1
            # Not when the caller is gone, but when the thread is free again.
            future.add_done_callback(self._done)
        return future

    async def aside(
        self, lane: Lane, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await asyncio.wrap_future(self.submit(lane, function, *args, **kwargs))

    def close(self) -> None:
        for threads in set(self._threads.values()):
            threads.shutdown(wait=False, cancel_futures=True)

    def _done(self, _: Future[Any]) -> None:
        with self._lock:
            self._pending -= 1
