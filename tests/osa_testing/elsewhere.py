"""Programs that need packages which do not go with ours: each in a virtual environment of its own.

An environment is made once on a machine, in the folder for temporary files, and shared by all that
run tests.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class NoProgram(Exception):
    """It cannot be had here: the message says why."""


def python(name: str, requirements: Sequence[str]) -> Path:
    """The interpreter of the environment, which is made when it is not there yet. Raises
    NoProgram."""
    version = f"{sys.version_info[0]}{sys.version_info[1]}"
    folder = Path(tempfile.gettempdir()) / f"osa-{name}-python{version}"
    interpreter = folder / "bin" / "python"
    ready = folder / "ready"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists() or ready.read_text() != repr(tuple(requirements)):
            pip = [str(interpreter), "-m", "pip", "install", "--quiet"]
            for command in (
                [sys.executable, "-m", "venv", "--clear", str(folder)],
                [*pip, "--disable-pip-version-check", *requirements],
            ):
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise NoProgram(f"{name} cannot be installed: {done.stderr[-500:]}")
            ready.write_text(repr(tuple(requirements)))
    return interpreter


@contextmanager
def running(interpreter: Path, program: Path, folder: Path) -> Iterator[int]:
    """The program, given the folder, until the block ends: the port that it says first. Raises
    NoProgram."""
    log = folder / f"{program.stem}.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [str(interpreter), "-W", "ignore", str(program), str(folder)],
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
                raise NoProgram(f"{program.stem} does not start: {log.read_text()[-500:]}")
        finally:
            process.kill()
