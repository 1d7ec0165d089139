"""One run of the program: in a group of its own, within its time, and gone afterwards.

It is given private folders only, and no more of our environment than it needs. Whatever happens,
nothing of its group runs any more when `run` is left.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from osa.conventions.authoring import Progress
from osa.conventions.local_files import check_disk
from osa.conventions.mago_terrain import guard
from osa.conventions.mago_terrain.failures import Symptoms, TookTooLong, absent, verdict

#: Lines of its log that are kept, and characters of one.
TAIL_LINES = 50
_LINE = 500
#: Between SIGTERM and SIGKILL, in seconds.
_TERM_SECONDS = 2.0
#: How long a killed process is waited for, in seconds.
_KILL_SECONDS = 10.0
#: How often it is looked whether to stop, and whether there is room on the disk, in seconds.
_LOOK_SECONDS = 0.1
_DISK_SECONDS = 2.0
_PIECE = 65_536

_KEPT = (
    "PATH",
    "LD_LIBRARY_PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "JAVA_HOME",
    "JDK_JAVA_OPTIONS",
)
#: It goes on after these, without a source or with a coarser mesh: somebody should know.
_COMPLAINT = re.compile(r"^(?:Error|Failed)\b|\bSEVERE\b")
_MAX_COMPLAINTS = 20
_PHASE = re.compile(r"^\[(Pre|Tile|Post)\](?:\[(\d+)/(\d+)\])?(?:\[(\d+)/(\d+)\])?")
_PHASES = {"Pre": "preparing", "Tile": "meshing", "Post": "cleaning up"}


@dataclass(kw_only=True)
class Said:
    """What the program said: the last lines, and what they tell."""

    #: What stands in its log, and by what it is replaced: no path of the service is told.
    names: Mapping[str, str]
    report: Callable[[Progress], None]
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    symptoms: Symptoms = field(default_factory=Symptoms)
    #: What it passed over.
    complaints: list[str] = field(default_factory=list)
    _rest: bytes = b""
    _overlong: bool = False

    def hear(self, data: bytes) -> None:
        """Take what came next. A line without an end is cut, and its remains are passed over."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not self._overlong:
                self._line(line)
            self._overlong = False
        if len(self._rest) > _PIECE:
            if not self._overlong:
                self._line(self._rest)
            self._rest, self._overlong = b"", True

    def finish(self) -> None:
        """Nothing comes any more."""
        if self._rest and not self._overlong:
            self._line(self._rest)
        self._rest = b""

    def _line(self, data: bytes) -> None:
        line = data.decode("utf-8", "replace").strip()
        if not line or line.startswith("Picked up JAVA_TOOL_OPTIONS"):
            return
        self.symptoms.look_at(line)
        for name, shown in self.names.items():
            line = line.replace(name, shown)
        self.tail.append(line[:_LINE])
        if len(self.complaints) < _MAX_COMPLAINTS and _COMPLAINT.search(line) is not None:
            self.complaints.append(line[:_LINE])
        if (found := _PHASE.match(line)) is not None:
            self.report(_progress(found, line))


def _progress(found: re.Match[str], line: str) -> Progress:
    phase = _PHASES[found[1]]
    if found[1] != "Tile" or found[2] is None:
        return Progress(phase=phase, message=line[:_LINE])
    level, last = int(found[2]), int(found[3])
    return Progress(
        phase=phase, message=line[:_LINE], unit="levels", completed=min(level, last), total=last + 1
    )


def run(
    command: Sequence[str],
    *,
    scratch: Path,
    said: Said,
    seconds: int,
    min_free: int,
    checkpoint: Callable[[], None],
) -> None:
    """Run it to its end. `scratch` is an empty folder for what it writes aside.

    Raises what `verdict` finds, TookTooLong, StorageFull, and what `checkpoint` raises.
    """
    program = shutil.which(command[0])
    if program is None:
        raise absent("the command of OSA_MAGO_COMMAND names a program that is not there")
    ends = time.monotonic() + seconds
    look_at_disk = 0.0
    with _started([str(Path(program).absolute()), *command[1:]], scratch, said) as hear:
        while hear(_LOOK_SECONDS):
            checkpoint()
            moment = time.monotonic()
            if moment > ends:
                raise TookTooLong(seconds)
            if moment > look_at_disk:
                look_at_disk = moment + _DISK_SECONDS
                _check_disk(scratch, min_free)
    if (wrong := verdict(hear.code, said.symptoms, said.tail)) is not None:
        raise wrong


def _check_disk(folder: Path, min_free: int) -> None:
    check_disk(
        folder,
        needed=0,
        min_free=min_free,
        said="The disk has {free} bytes left while mago-3d-terrainer works; {min_free} must stay "
        "free.",
        hint="Free space on the disk of the archive, or ask for a smaller `max_depth`.",
    )


class _Hearing:
    """Reads what the process says, until it has ended."""

    def __init__(self, pid: int, output: IO[bytes], said: Said) -> None:
        self._pid = pid
        self._said = said
        self._output = output.fileno()
        os.set_blocking(self._output, False)
        # Not select, which knows the first 1024 files only.
        self._poll = select.poll()
        self._poll.register(self._output, select.POLLIN)
        self._open = True
        self.code = 0

    def __call__(self, seconds: float) -> bool:
        """Hear for so long at most; False once it has ended and all is heard."""
        if self._open:
            if self._poll.poll(1000 * seconds) and self._read():
                return True
        else:
            time.sleep(min(seconds, 0.01))
        return not self._ended()

    def _read(self) -> bool:
        try:
            data = os.read(self._output, _PIECE)
        except BlockingIOError:
            return False
        self._open = bool(data)
        self._said.hear(data)
        return self._open

    def _ended(self) -> bool:
        # Not collected: until then nobody else gets its number, which is that of the group.
        options = os.WEXITED | os.WNOWAIT | os.WNOHANG
        found = os.waitid(os.P_PID, self._pid, options)
        if found is None:
            return False
        self.code = found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
        return True

    def drain(self, seconds: float) -> None:
        """Hear the rest: its end says that all who could speak are gone."""
        ends = time.monotonic() + seconds
        while self._open and (left := ends - time.monotonic()) > 0:
            if self._poll.poll(1000 * left):
                self._read()
        self._said.finish()

    def wait(self, seconds: float) -> None:
        """Give it so long to end."""
        ends = time.monotonic() + seconds
        while not self._ended() and time.monotonic() < ends:
            self(0.02)


@contextlib.contextmanager
def _started(command: Sequence[str], scratch: Path, said: Said) -> Iterator[_Hearing]:
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(guard.__file__).resolve()), *command],
        # Held open for as long as we live.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment(scratch),
        cwd=scratch,
        start_new_session=True,
    )
    hearing = _Hearing(process.pid, cast(IO[bytes], process.stdout), said)
    try:
        yield hearing
    except BaseException:
        _signal(process, signal.SIGTERM)
        hearing.wait(_TERM_SECONDS)
        raise
    finally:
        # Also when it ended by itself: what it started may not have.
        _signal(process, signal.SIGKILL)
        hearing.drain(_KILL_SECONDS)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_KILL_SECONDS)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _environment(scratch: Path) -> dict[str, str]:
    """The worker's environment holds its secrets: it gets none of them. And Java leaves what it
    unpacks, and what it says of its performance, where we clean up, not where all do."""
    environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
    ours = f'-Djava.io.tmpdir="{scratch}" -XX:-UsePerfData'
    theirs = os.environ.get("JAVA_TOOL_OPTIONS", "")
    return environ | {
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "JAVA_TOOL_OPTIONS": f"{theirs} {ours}".strip(),
    }
