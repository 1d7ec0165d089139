"""A worker process, from start to stop."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from typing import IO

from osa.server import bootstrap
from osa.server.settings import Settings


def work(settings: Settings, *, embedded: bool) -> int:
    """Until SIGTERM or Ctrl-C or, embedded, until standard input ends; answers the exit code."""
    bootstrap.prepare_folders(settings)
    house = bootstrap.build(settings)
    try:
        running = house.worker()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: running.stop())
        if embedded:
            threading.Thread(
                target=_stop_at_end, args=(sys.stdin.buffer, running.stop), daemon=True
            ).start()
        running.run()
    finally:
        house.close()
    return 0


def _stop_at_end(stream: IO[bytes], stop: Callable[[], None]) -> None:
    stream.read()
    stop()
