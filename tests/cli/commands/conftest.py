"""A server on loopback that answers with the contract's own examples, and the command line."""

from __future__ import annotations

import copy
import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from osa.cli.main import main

CONTRACT = Path(__file__).parents[3] / "openapi.yaml"
TOKEN = "osa_2Jq7VhV0mTq3cXw9pLs4nRb8"
ID = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f"
#: Asked without a token, and not below the version of the interface.
OPEN = ("/readyz",)
JsonObject = dict[str, Any]


@dataclass
class Request:
    """What the server was asked."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """What it answers: an object, or bytes."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Responder = Callable[[Request], Answer]


class Archive:
    """The server: answers by method and path, and remembers what it was asked."""

    def __init__(self, examples: JsonObject) -> None:
        self.examples = examples
        self.requests: list[Request] = []
        self._answers: dict[tuple[str, str], Responder] = {}
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def example(self, name: str, /, **changes: Any) -> JsonObject:
        """An example of the contract, with changes."""
        return {**copy.deepcopy(self.examples[name]["value"]), **changes}

    def on(self, method: str, path: str, *answers: Answer | JsonObject) -> None:
        """Answer with these in turn, the last one for ever."""
        left = [a if isinstance(a, Answer) else Answer(a) for a in answers]

        def respond(request: Request) -> Answer:
            return left.pop(0) if len(left) > 1 else left[0]

        self.call(method, path, respond)

    def call(self, method: str, path: str, responder: Responder) -> None:
        """Answer with what the function says."""
        self._answers[method, path if path in OPEN else "/api/v1" + path] = responder

    def answer(self, body: Any, status: int = 200, /, **headers: str) -> Answer:
        """An answer with this status."""
        return Answer(body, status, headers)

    def content(self, path: str, content: bytes, digest: str, name: str) -> None:
        """Bytes to download."""
        plain = "".join(c for c in name if c.isprintable())
        headers = {
            "Content-Type": "application/octet-stream",
            "ETag": f'"{digest}"',
            "Accept-Ranges": "bytes",
            "Content-Disposition": f'attachment; filename="{plain}"',
        }
        self.on("GET", path, Answer(content, 200, headers))

    def problem(self, name: str) -> Answer:
        """An answer with a problem of the contract."""
        body = self.example(name)
        return Answer(
            body,
            body["status"],
            {"Content-Type": "application/problem+json", "X-Request-Id": body["request_id"]},
        )

    def asked(self, method: str, path: str) -> list[Request]:
        """The requests for this."""
        return [r for r in self.requests if (r.method, r.path) == (method, "/api/v1" + path)]

    def _answer(self, request: Request) -> Answer:
        self.requests.append(request)
        known = request.headers.get("authorization") == f"Bearer {TOKEN}"
        if not known and request.path not in OPEN:
            return self.problem("ProblemUnauthenticated")
        respond = self._answers.get((request.method, request.path))
        return respond(request) if respond else self.problem("ProblemIngestionNotFound")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        archive = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def do_DELETE(self) -> None:
                self._serve()

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                request = Request(
                    method=self.command,
                    path=parts.path,
                    query=parse_qs(parts.query),
                    headers={key.lower(): value for key, value in self.headers.items()},
                    body=self._read_body(),
                )
                answer = archive._answer(request)
                headers = {"Content-Type": "application/json", **answer.headers}
                content = answer.body
                if not isinstance(content, bytes):
                    content = json.dumps(content).encode()
                try:
                    self.send_response(answer.status)
                    for key, value in headers.items():
                        self.send_header(key, value)
                    if answer.status != 204:
                        self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    if answer.status != 204:
                        self.wfile.write(content)
                except (BrokenPipeError, ConnectionResetError):
                    # The client was interrupted; that is what some tests are about.
                    self.close_connection = True

            def _read_body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") == "chunked":
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                    return body
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@pytest.fixture(scope="session")
def examples() -> JsonObject:
    """The examples of the contract."""
    content: JsonObject = yaml.safe_load(CONTRACT.read_text("utf-8"))
    return content["components"]["examples"]


@pytest.fixture
def archive(examples: JsonObject) -> Iterator[Archive]:
    """A server with the examples in their places."""
    server = Archive(examples)
    succeeded = server.example("IngestionSucceeded")
    server.on("GET", f"/ingestions/{ID}", succeeded)
    server.on("GET", "/ingestions", {**server.example("IngestionPage"), "has_more": False})
    server.on("GET", f"/ingestions/{ID}/items", server.example("IngestionItemPage"))
    events = server.example("IngestionEventPage")
    server.on("GET", f"/ingestions/{ID}/events", events)
    server.on("GET", f"/ingestions/{ID}/artifacts", server.example("ArtifactPage"))
    server.on("GET", "/conventions", server.example("ConventionList"))
    server.on("GET", "/conventions/documents", server.example("ConventionDetail"))
    server.on("GET", "/records", server.example("RecordPage"))
    record = server.example("Record")
    server.on("GET", f"/records/{record['id']}", record)
    server.on("POST", "/ingestions", Answer(server.example("IngestionQueued"), 202))
    server.on("POST", "/uploads", Answer(server.example("Upload"), 201))
    try:
        yield server
    finally:
        server.close()


@dataclass
class Outcome:
    """What a run of the command line left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class CommandLine:
    """`osa`, for a user with a home of their own."""

    home: Path
    environment: dict[str, str]
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    def __call__(self, *words: str, stdin: str | None = None) -> Outcome:
        """Run in this process: what was said, and the exit code."""
        for name, value in self.environment.items():
            self.patch.setenv(name, value)
        self.capture.readouterr()
        code = main(list(words))
        captured = self.capture.readouterr()
        return _checked(Outcome(code, captured.out, captured.err))

    def process(self, *words: str, stdin: str = "", **environment: str) -> Outcome:
        """Run as a process of its own."""
        done = subprocess.run(
            self.command(*words),
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment | environment,
            cwd=self.home,
            timeout=60,
        )
        return _checked(Outcome(done.returncode, done.stdout, done.stderr))

    def terminal(
        self, *words: str, typed: str = "", columns: int = 80, **environment: str
    ) -> tuple[int, str]:
        """Run in a pseudo-terminal; its exit code and all that was shown.

        When it asks, somebody types an answer.
        """
        command = self.command(*words)
        settings = {"TERM": "xterm-256color", "COLUMNS": str(columns)}
        pid, terminal = pty.fork()
        if pid == 0:
            _as_in_a_terminal()
            os.chdir(self.home)
            os.environ.clear()
            os.environ.update(self.environment | settings | environment)
            os.execv(command[0], command)
        shown = b""
        until = time.monotonic() + 30.0
        while time.monotonic() < until:
            if not select.select([terminal], [], [], 0.5)[0]:
                continue
            try:
                chunk = os.read(terminal, 65536)
            except OSError:
                break
            if not chunk:
                break
            shown += chunk
            if typed and b"[y/N]" in shown:
                os.write(terminal, typed.encode())
                typed = ""
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
        text = shown.decode().replace("\r\n", "\n")
        assert TOKEN not in text
        assert "Traceback" not in text
        return os.waitstatus_to_exitcode(status), text

    def interrupted(self, *words: str, until: str) -> tuple[int, str, str]:
        """Run it, send SIGINT when a line with this text was said: code, data and talk."""
        process = subprocess.Popen(
            self.command(*words),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            cwd=self.home,
            preexec_fn=_as_in_a_terminal,
        )
        said = ""
        assert process.stderr is not None
        with process:
            for line in process.stderr:
                said += line
                if until in line:
                    process.send_signal(signal.SIGINT)
                    break
            try:
                out, rest = process.communicate(timeout=30.0)
            finally:
                process.kill()
        assert "Traceback" not in said + rest
        return process.returncode, out, said + rest

    def command(self, *words: str) -> list[str]:
        """The words to start it with."""
        return [sys.executable, "-W", "error", "-m", "osa.cli.main", *words]


def _as_in_a_terminal() -> None:
    """A shell without job control starts what runs in the background deaf to Ctrl-C, and the tests
    with it; a terminal does not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _checked(outcome: Outcome) -> Outcome:
    """What holds for every run whatsoever."""
    for text in (outcome.out, outcome.err):
        assert TOKEN not in text
        assert "Traceback" not in text
        assert not [c for c in text if c < " " and c != "\n"]
    return outcome


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's empty home, and the working directory."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in list(os.environ):
        if name.startswith(("OSA_", "XDG_")) or name in ("NO_COLOR", "TERM"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def osa(
    archive: Archive,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> CommandLine:
    """The command line, pointed at the archive by the environment."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "OSA_SERVER": archive.url,
        "OSA_TOKEN": TOKEN,
        "PYTHONUTF8": "1",
    }
    return CommandLine(home, environment, capsys, monkeypatch)
