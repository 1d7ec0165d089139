"""Real processes: `osa serve` and `osa worker` on an archive of the test's own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from osa.server import bootstrap
from osa.server.bootstrap import House
from osa.server.settings import Settings
from osa.server.store.tables import worker
from osa_testing.waiting import until

TESTS = Path(__file__).parents[1]
#: The conventions of the tests come in by entry point once this is on the path.
PLUGINS = TESTS / "plugins"
ADMIN_TOKEN = "token-of-the-tests-0123456789"

#: Short times, so that a test sees in seconds what takes minutes in the field.
QUICK: Mapping[str, str] = {
    "OSA_STALE_AFTER_SECONDS": "2",
    "OSA_POLL_INTERVAL_SECONDS": "0.1",
    "OSA_SWEEP_INTERVAL_SECONDS": "0.2",
    "OSA_BACKOFF_SECONDS": "0.2",
    "OSA_BACKOFF_MAX_SECONDS": "0.4",
    "OSA_SHUTDOWN_GRACE_SECONDS": "5",
    "OSA_MIN_FREE_BYTES": "0",
    "OSA_LOG_LEVEL": "warning",
}


class Program:
    """A process in a group of its own, its log in a file."""

    def __init__(self, command: list[str], environ: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=dict(environ),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, to the process alone."""
        self._process.kill()
        self._process.wait(10)

    def stop(self, *, seconds: float = 30.0) -> int:
        """SIGTERM; the exit code."""
        self._process.terminate()
        return self._process.wait(seconds)

    def said(self) -> str:
        return self.log.read_text(errors="replace")


@dataclass(kw_only=True)
class Archive:
    """A data folder and a database, and the processes that were started on them."""

    data_dir: Path
    database_url: str
    #: Added to `QUICK`; `OSA_…` names.
    environ: Mapping[str, str] = field(default_factory=dict)
    #: Folders with conventions of the tests.
    plugins: tuple[Path, ...] = (PLUGINS,)
    _programs: list[Program] = field(default_factory=list)

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    def environment(self, **extra: str) -> dict[str, str]:
        """What a process is given: nothing of the developer's own settings, home or
        configuration."""
        home = self.data_dir.parent / "home"
        kept = ("PATH", "LANG", "TZ", "TMPDIR", "COVERAGE_PROCESS_CONFIG")
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "PYTHONPATH": os.pathsep.join(map(str, self.plugins)),
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_STATE_HOME": str(home / "state"),
            **QUICK,
            "OSA_DATA_DIR": str(self.data_dir),
            "OSA_DATABASE_URL": self.database_url,
            **self.environ,
            **extra,
        }

    def settings(self, **changes: Any) -> Settings:
        """The same settings for this process."""
        values = {
            name.removeprefix("OSA_").lower(): value
            for name, value in self.environment().items()
            if name.startswith("OSA_")
        }
        return Settings(**{**values, **changes})

    @contextlib.contextmanager
    def house(self, **changes: Any) -> Iterator[House]:
        """The archive, built in this process; nothing runs in it."""
        house = bootstrap.build(self.settings(**changes))
        try:
            yield house
        finally:
            house.close()

    def migrate(self) -> None:
        bootstrap.migrate(self.settings())

    def run(self, name: str, *command: str, **extra: str) -> Program:
        """Start `python …` on this archive."""
        (self.data_dir.parent / "home").mkdir(exist_ok=True)
        log = self.data_dir.parent / f"{name}-{len(self._programs)}.log"
        program = Program([sys.executable, *command], self.environment(**extra), log)
        self._programs.append(program)
        return program

    def worker(self, *, ready: bool = True, **extra: str) -> Program:
        """A worker process; with `ready`, one that has given its first sign of life."""
        program = self.run("worker", "-m", "osa.server.commands", "worker", **extra)
        if ready:
            with self.house() as house:
                until(lambda: worker_id(house, program) or not program.alive, "the worker is alive")
            assert program.alive, program.said()
        return program

    def serve(self, *, workers: int = 1, **extra: str) -> Served:
        """`osa serve` on a free port, ready."""
        command = ("-m", "osa.server.commands", "serve", "--port", "0", "--workers", str(workers))
        settings = {"OSA_ADMIN_TOKEN": ADMIN_TOKEN, "OSA_LOG_LEVEL": "info", **extra}
        program = self.run("serve", *command, **settings)
        url = until(lambda: _address(program) or not program.alive, "the server says where it is")
        assert isinstance(url, str), program.said()
        served = Served(program=program, url=url, token=ADMIN_TOKEN)
        until(served.is_ready, "/readyz answers 200")
        return served

    def processes(self) -> list[int]:
        """All that run on this data folder, slots and what they started included."""
        mark = f"OSA_DATA_DIR={self.data_dir}\0".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):
                    if mark in (entry / "environ").read_bytes() + b"\0":
                        found.append(int(entry.name))
        return found

    def slots(self) -> list[int]:
        """The slot processes among them."""
        return [pid for pid in self.processes() if b"osa.conventions.slot" in _command(pid)]

    def workers(self) -> list[int]:
        """The worker processes, those that a server started included."""
        return [pid for pid in self.processes() if b"\0worker" in _command(pid)]

    def close(self) -> None:
        """End every process, gently first."""
        for program in self._programs:
            with contextlib.suppress(ProcessLookupError):
                program.send(signal.SIGCONT)
                program.send(signal.SIGTERM)
        for program in self._programs:
            with contextlib.suppress(subprocess.TimeoutExpired):
                program._process.wait(15)
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for program in self._programs:
            program._process.wait(10)


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running server."""

    program: Program
    url: str
    token: str

    def is_ready(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        return False

    def client(self) -> httpx.Client:
        """Authorized, with the base URL."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)


@contextlib.contextmanager
def archive(folder: Path, database_url: str, **environ: str) -> Iterator[Archive]:
    """An archive in `folder` on that database; its processes are ended with the block."""
    data_dir = folder / "archive"
    data_dir.mkdir(exist_ok=True)
    made = Archive(data_dir=data_dir, database_url=database_url, environ=environ)
    try:
        yield made
    finally:
        made.close()


def worker_id(house: House, program: Program) -> str | None:
    """The name by which the database knows the worker process; None before its first sign of
    life."""
    with house.database.read() as tx:
        names = tx.execute(select(worker.c.id)).scalars().all()
    return next((name for name in names if f"-{program.pid}-" in name), None)


def is_running(pid: int) -> bool:
    """Whether the process lives; one that is dead and not yet collected does not."""
    return _state(pid) not in ("", "Z", "X")


def is_stopped(pid: int) -> bool:
    """Whether a SIGSTOP has reached all of its threads."""
    threads = [int(entry.name) for entry in Path(f"/proc/{pid}/task").iterdir()]
    return all(_state(thread) == "T" for thread in threads)


def _state(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[0]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _address(program: Program) -> str | None:
    for line in program.said().splitlines():
        with contextlib.suppress(ValueError):
            fact = json.loads(line)
            if isinstance(fact, dict) and fact.get("event") == "serving":
                return str(fact["address"])
    return None
