"""docs/night-shift.md is what a terminal shows: the same commands, on a real server.

`python tests/docs/test_night_shift.py` records the page anew (it needs tmux). The page has the
commands; what stands below them is replaced, and ids are carried on to the commands that name them.
Between the blocks, comments tell who sits at the terminal, and when the sources are mended.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from osa_testing.processes import Archive, archive
from osa_testing.waiting import until

PAGE = Path(__file__).parents[2] / "docs/night-shift.md"
BIN = Path(sys.executable).parent
COLUMNS = 100
#: Where the sources of the page are; those of the test are elsewhere.
SOURCE_PORT = 8901
#: What is not well at night, and the answer to it.
NIGHT = {"/east.txt": 404, "/south.txt": 500, "/tides.txt": 500}

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ASKS = re.compile(r"\[y/N\] (\w+)$", re.MULTILINE)
_CHANGING = (
    (re.compile(r"(localhost|127\.0\.0\.1):\d+"), "HOST"),
    (_ID, "ID"),
    (re.compile(r"[\w.-]+-\d+-[0-9a-f]{12}\b"), "WORKER"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)? (B|KiB|MiB|GiB|TiB)\b"), "SIZE"),
    (re.compile(r"(less than )?\b\d+(\.\d+)? ?(ms|s|m|h|seconds?|minutes?)\b( \d+s\b)?"), "SPAN"),
    (re.compile(r"\b\d+\.\d+\.\d+\b(?!\.\d)[\w.+-]*"), "VERSION"),
    (re.compile(r"=[0-9a-f]+…"), "=HEX…"),
)


@dataclass(frozen=True)
class Step:
    """A command of the page, and what the page shows below it."""

    command: str
    shown: str


def acts(text: str) -> list[str | list[Step]]:
    """Comments and console blocks of the page, in their order."""
    found: list[str | list[Step]] = []
    for block in re.finditer(r"^<!-- (.+?) -->$|^```console\n(.*?)^```$", text, re.M | re.S):
        if block[1] is not None:
            found.append(block[1])
            continue
        steps = re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", block[2], re.M)
        found.append([Step(command, shown.rstrip("\n")) for command, shown in steps])
    return found


class Terminal:
    """A shell in tmux."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._socket = str(folder / "tmux")
        prompt = "tmux wait-for -S ready"
        environ = {**environ, "PS1": "$ ", "PROMPT_COMMAND": prompt, "LC_ALL": "C.UTF-8"}
        size = ("-x", str(COLUMNS), "-y", "200")
        shell = ("bash", "--norc", "--noprofile")
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, *shell, environ=environ)
        self._wait()

    def type(self, command: str, answer: str | None) -> str:
        """Give a command, and what it is told when it asks; all that is shown below it."""
        # What is typed before the shell reads would be shown twice.
        until(lambda: self._screen().rstrip().endswith("$"), "the shell asks")
        self._tmux("send-keys", "-R")
        self._tmux("clear-history")
        self._tmux("send-keys", "-l", command)
        self._tmux("send-keys", "Enter")
        if answer is not None:
            until(lambda: "[y/N]" in self._screen(), f"{command} asks")
            self._tmux("send-keys", answer, "Enter")
        self._wait()
        lines = self._screen().rstrip().split("\n")
        while lines and lines[-1].strip() in ("", "$"):
            lines.pop()
        return "\n".join(line.rstrip() for line in lines[1:])

    def close(self) -> None:
        self._tmux("kill-server")

    def _screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def _wait(self) -> None:
        self._tmux("wait-for", "ready")

    def _tmux(self, *command: str, environ: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *command],
            env=None if environ is None else dict(environ),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout


class Sources:
    """Some files on a web server."""

    def __init__(self, port: int) -> None:
        self.bad = dict(NIGHT)
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status = site.bad.get(self.path, 200)
                body = f"{self.path}: measured in the night.\n".encode() if status == 200 else b""
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(frozen=True)
class Stage:
    """A server, its sources, and who may sit at a terminal."""

    archive: Archive
    sources: Sources
    environ: Mapping[str, str]
    tokens: Mapping[str, str]
    folder: Path

    @contextlib.contextmanager
    def terminal(self, name: str) -> Iterator[Terminal]:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        terminal = Terminal(folder, {**self.environ, "OSA_TOKEN": self.tokens[name]})
        try:
            yield terminal
        finally:
            terminal.close()


@contextlib.contextmanager
def stage(folder: Path, *, source_port: int, **settings: str) -> Iterator[Stage]:
    with contextlib.ExitStack() as stack:
        sources = Sources(source_port)
        stack.callback(sources.close)
        database = f"sqlite+pysqlite:///{folder / 'archive' / 'osa.db'}"
        # As an operator has it, but for the time that tests do not have.
        usual = {"OSA_MIN_FREE_BYTES": str(256 * 1024**2), "PYTHONPATH": ""}
        made = stack.enter_context(archive(folder, database, **usual, **settings))
        served = made.serve(OSA_ALLOWED_HOSTS=f"localhost:{sources.port}")
        environ = {n: v for n, v in made.environment().items() if not n.startswith("OSA_")}
        environ |= {"PATH": f"{BIN}{os.pathsep}{environ['PATH']}", "OSA_SERVER": served.url}
        admin = ("--scope", "ingestions:read", "--scope", "ingestions:write", "--scope", "admin")
        tokens = {name: _token(made, name, *admin) for name in ("nightly", "operator")}
        yield Stage(made, sources, environ, tokens, folder)


def _token(made: Archive, name: str, *scopes: str) -> str:
    command = [sys.executable, "-m", "osa.server.commands", "token", "create", name, *scopes]
    done = subprocess.run(
        command, env=made.environment(), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


class Play:
    """The acts of the page on a stage."""

    def __init__(self, where: Stage, told: Callable[[Step, Step], None]) -> None:
        self._stage = where
        self._told = told
        self._ids: dict[str, str] = {}

    def run(self, script: list[str | list[Step]]) -> None:
        with contextlib.ExitStack() as stack:
            terminal = None
            for act in script:
                if isinstance(act, list):
                    assert terminal is not None, "nobody sits at the terminal"
                    for step in act:
                        self._step(terminal, step)
                elif act.startswith("as "):
                    stack.close()
                    terminal = stack.enter_context(self._stage.terminal(act.removeprefix("as ")))
                elif act == "the sources are mended":
                    self._stage.sources.bad.clear()
                else:
                    raise AssertionError(f"what is {act!r}?")

    def _step(self, terminal: Terminal, step: Step) -> None:
        command = _ID.sub(lambda found: self._ids[found[0]], step.command)
        command = command.replace(f":{SOURCE_PORT}", f":{self._stage.sources.port}")
        answer = _ASKS.search(step.shown)
        said = terminal.type(command, answer and answer[1])
        there, here = (dict.fromkeys(_ID.findall(_joined(each))) for each in (step.shown, said))
        new = [each for each in there if each not in self._ids]
        known = self._ids.values()
        self._ids |= dict(zip(new, (one for one in here if one not in known), strict=False))
        self._told(step, Step(command, said))


def _joined(shown: str) -> str:
    """Without the breaks that the terminal made."""
    return re.sub(rf"^(.{{{COLUMNS}}})\n", r"\1", shown, flags=re.M)


def shape(shown: str) -> str:
    """Without what is different each time, and where a line is broken."""
    text = " ".join(_joined(shown).split())
    for pattern, name in _CHANGING:
        text = pattern.sub(name, text)
    # A line that was as long as the terminal is wide may have ended there by itself.
    return text.replace(" ", "")


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_the_terminal_shows_what_the_page_shows(tmp_path: Path) -> None:
    differences: list[str] = []

    def compare(page: Step, now: Step) -> None:
        before, after = shape(page.shown), shape(now.shown)
        if before != after:
            differences.append(f"$ {page.command}\n{now.shown}\n{before}\n{after}")

    script = acts(PAGE.read_text(encoding="utf-8"))
    assert sum(len(act) for act in script if isinstance(act, list)) > 10
    # A socket's path has room for a hundred characters, and pytest's folders have long names.
    with (
        tempfile.TemporaryDirectory() as folder,
        stage(Path(folder), source_port=0) as made,
    ):
        Play(made, compare).run(script)
    assert not differences, "\n\n".join(differences)


def record() -> None:
    """Write the page anew."""
    text = PAGE.read_text(encoding="utf-8")
    steps: list[Step] = []
    usual = {"OSA_BACKOFF_SECONDS": "5", "OSA_BACKOFF_MAX_SECONDS": "600"}
    with (
        tempfile.TemporaryDirectory() as folder,
        stage(Path(folder), source_port=SOURCE_PORT, **usual) as made,
    ):
        began = time.monotonic()
        Play(made, lambda _, now: steps.append(now)).run(acts(text))
    left = iter(steps)

    def block(found: re.Match[str]) -> str:
        lines = []
        for _ in re.findall(r"^\$ ", found[0], re.M):
            step = next(left)
            # The server is where it is usually.
            shown = re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:8000", step.shown)
            lines += [f"$ {step.command}", *filter(None, [shown])]
        return "\n".join(["```console", *lines, "```"])

    PAGE.write_text(re.sub(r"^```console\n.*?^```$", block, text, flags=re.M | re.S))
    sys.stdout.write(f"{PAGE.name}: {len(steps)} commands in {time.monotonic() - began:.0f} s\n")


if __name__ == "__main__":
    record()
