"""Virtual environments of their own for servers that tests run: made once on a machine, in the
folder for temporary files, and shared by all that run tests. And how such a server is run."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class NotInstalled(Exception):
    """It cannot be had here: the message says why."""


def interpreter(name: str, requirements: Sequence[str]) -> Path:
    """The Python of the environment, which is made when it is not there yet."""
    version = f"{sys.version_info[0]}{sys.version_info[1]}"
    folder = Path(tempfile.gettempdir()) / f"osa-{name}-python{version}"
    python, ready = folder / "bin" / "python", folder / "ready"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists() or ready.read_text() != repr(tuple(requirements)):
            pip = [str(python), "-m", "pip", "install", "--quiet"]
            for command in (
                [sys.executable, "-m", "venv", "--clear", str(folder)],
                [*pip, "--disable-pip-version-check", *requirements],
            ):
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise NotInstalled(f"{name} cannot be installed: {done.stderr[-500:]}")
            ready.write_text(repr(tuple(requirements)))
    return python


@contextmanager
def running(python: Path, program: Path, folder: Path) -> Iterator[int]:
    """The program, given the folder, until the block ends: the port that it says first. Raises
    NotInstalled."""
    log = folder / f"{program.stem}.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [str(python), "-W", "ignore", str(program), str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            for said in process.stdout:
                if said.startswith(b"port "):
                    yield int(said.split()[1])
                    break
            else:
                raise NotInstalled(f"{program.stem} does not start: {log.read_text()[-500:]}")
        finally:
            process.kill()
