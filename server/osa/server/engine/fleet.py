"""The worker processes of one `osa serve`: started, watched, restarted, stopped with it."""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

_log = logging.getLogger("osa.fleet")
#: A worker that dies sooner than this is restarted after as long.
_SETTLED_SECONDS = 5.0


class Fleet:
    """`count` processes. They read their standard input: when we are gone it ends, and so do
    they."""

    def __init__(
        self,
        count: int,
        command: Sequence[str],
        environ: Mapping[str, str],
        *,
        grace_seconds: float,
    ) -> None:
        self._command = list(command)
        self._environ = dict(environ)
        self._grace_seconds = grace_seconds
        self._stopping = threading.Event()
        self._keepers = [
            threading.Thread(target=self._keep, name=f"worker-{number}", daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        for keeper in self._keepers:
            keeper.start()

    def request_stop(self) -> None:
        """Safe in a signal handler."""
        self._stopping.set()

    def stop(self) -> None:
        """Ask every worker to stop, and wait for it."""
        self.request_stop()
        for keeper in self._keepers:
            keeper.join()

    def _keep(self) -> None:
        while not self._stopping.is_set():
            started = time.monotonic()
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                env=self._environ,
                # Ctrl-C in a terminal goes to the foreground group: we alone decide when they stop.
                start_new_session=True,
            )
            self._watch(process)
            if self._stopping.is_set():
                return
            _log.error("worker_died", extra={"pid": process.pid, "exit_code": process.returncode})
            lived = time.monotonic() - started
            self._stopping.wait(0 if lived > _SETTLED_SECONDS else _SETTLED_SECONDS - lived)

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            if self._stopping.wait(0.2):
                process.terminate()
                try:
                    process.wait(self._grace_seconds + 10.0)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                return
