"""A worker process, from start to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable

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
                target=_stop_at_end, args=(sys.stdin.fileno(), running.stop), daemon=True
            ).start()
        running.run()
    finally:
        house.close()
    return 0


def _stop_at_end(descriptor: int, stop: Callable[[], None]) -> None:
    # Not through sys.stdin: a thread inside of its buffer's lock breaks the end of the interpreter.
    while os.read(descriptor, 4096):
        pass
    stop()
