"""Slots from the parent's side: child processes that run conventions, killed as a group,
replaced."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

#: Between SIGTERM and SIGKILL, in seconds.
_TERM_SECONDS = 0.5
#: How long a killed process is waited for, in seconds.
_KILL_SECONDS = 10.0
#: What a convention's process must not see: it runs other people's code on other people's files.
_SECRETS = ("OSA_ADMIN_TOKEN", "OSA_DATABASE_URL", "OSA_TOKEN", "PGPASSWORD")


class SlotDied(Exception):
    """The child ended without a word."""


class Slot:
    """One child process."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        environ = {name: value for name, value in os.environ.items() if name not in _SECRETS}
        environ |= {name: str(value) for name, value in limits.items()}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "osa.conventions.slot"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ,
            # A group of its own: what a library starts dies with it, and Ctrl-C does not reach it.
            start_new_session=True,
        )
        self._writing = threading.Lock()
        self.runs = 0
        #: Inside of a run: nothing else may be asked of it.
        self.busy = True
        #: About to be killed, however alive it still is.
        self.doomed = False

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_ready(self) -> None:
        """Raises SlotDied when the child cannot even start."""
        if self._read()["type"] != "ready":
            raise SlotDied
        self.busy = False

    def run(self, message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Send a run; its messages, up to and including the one that ends it. Raises SlotDied."""
        self.runs += 1
        self.busy = True
        self.send(message)
        while True:
            answer = self._read()
            if answer["type"] == "ready":
                self.busy = False
                return
            yield answer

    def send(self, message: Mapping[str, Any]) -> None:
        """Raises SlotDied."""
        stdin = self._process.stdin
        if stdin is None:
            raise SlotDied
        try:
            with self._writing:
                stdin.write(json.dumps(message).encode() + b"\n")
                stdin.flush()
        except (
            OSError,
            ValueError,
        ) as exc:  # ValueError: killed, and its pipes closed, by another thread
            raise SlotDied from exc

    def _read(self) -> dict[str, Any]:
        stdout = self._process.stdout
        try:
            line = stdout.readline() if stdout is not None else b""
        except (OSError, ValueError) as exc:
            raise SlotDied from exc
        if not line.endswith(b"\n"):
            raise SlotDied
        answer: dict[str, Any] = json.loads(line)
        return answer

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def resident_bytes(self) -> int:
        """Memory of the child; 0 when that cannot be known."""
        try:
            with open(f"/proc/{self.pid}/statm", "rb") as stream:  # noqa: PTH123
                return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            return 0

    def kill_soon(self) -> None:
        """`kill`, without waiting for it."""
        self.doomed = True
        threading.Thread(target=self.kill, name="kill", daemon=True).start()

    def kill(self) -> None:
        """End the child and all it started: SIGTERM, then SIGKILL, to the group."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_TERM_SECONDS)
        # Also when the child itself is gone: a grandchild may have ignored SIGTERM.
        self._signal(signal.SIGKILL)
        # A process that hangs in the kernel (a network disk that is gone) is left to it.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_SECONDS)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


class SlotPool:
    """A fixed number of slots; each runs one ingestion at a time."""

    def __init__(self, size: int, *, recycle_after: int, limits: Mapping[str, int]) -> None:
        self._limits = limits
        self._recycle_after = recycle_after
        self._idle: queue.LifoQueue[Slot | None] = queue.LifoQueue()
        self._all: set[Slot] = set()
        self._changing = threading.Lock()
        for _ in range(size):
            self._idle.put(None)

    def warm(self) -> None:
        """Start the children now, so that the first ingestion does not wait for an interpreter."""
        slots = []
        with contextlib.suppress(queue.Empty):
            while True:
                slots.append(self._idle.get_nowait() or self._start())
        for slot in slots:
            slot.wait_ready()
            self._idle.put(slot)

    def _start(self) -> Slot:
        slot = Slot(self._limits)
        with self._changing:
            self._all.add(slot)
        return slot

    @contextmanager
    def slot(self) -> Iterator[Slot]:
        """A slot that is alive and waits for a run; replaced afterwards when it is not."""
        slot = self._idle.get()
        try:
            if slot is None or not slot.alive:
                self._discard(slot)
                slot = self._start()
                slot.wait_ready()
            yield slot
        finally:
            # One that was left in the middle of a run would never hear of the next.
            if slot is not None and (
                slot.busy or slot.doomed or not slot.alive or slot.runs >= self._recycle_after
            ):
                self._discard(slot)
                slot = None
            self._idle.put(slot)

    def _discard(self, slot: Slot | None) -> None:
        if slot is not None:
            slot.kill()
            with self._changing:
                self._all.discard(slot)

    def close(self) -> None:
        """End every child."""
        with self._changing:
            slots = list(self._all)
        for slot in slots:
            slot.kill()
