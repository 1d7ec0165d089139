"""The pages for those who come from another API, as lines that can be run.

A line is the row of a table, or a fenced block that is `tested`. What stands in a column `in osa`
is run as it is written: a command of osa by the command line, other shell by bash, the rest is
Python. What a line must do says the test that is registered for it (`Registry`); a line without a
test, a test without a line, and a test that leaves out a part of its line fail.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import httpx

from osa.cli import ingestion as helpers
from osa.cli.ingestion import IngestionError
from osa.cli.main import main
from osa_testing.processes import Archive, Served, archive
from osa_testing.waiting import until

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "migration"
INDEX = ROOT / "docs" / "migration.md"
#: The column that is run.
RUN = "in osa"
_SHELL = re.compile(r"(?:osa|api|curl|for|while|[A-Z]+=\$\() ?")
#: What makes more of a command than its words.
_MORE = re.compile(r"[|;&<>`]|\$\(")
_TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w+) tested\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Snippet:
    """Something to run."""

    code: str
    #: `sh` or `python`.
    language: str

    @property
    def is_command(self) -> bool:
        """One call of `osa`, without a shell around it."""
        return self.code.startswith("osa ") and _MORE.search(self.code) is None


@dataclass(frozen=True)
class Line:
    """A row, or a block under its heading."""

    page: str
    heading: str
    #: The first cell as it is written; of a block its heading and number.
    key: str
    columns: Mapping[str, str] = field(default_factory=dict)
    snippets: tuple[Snippet, ...] = ()

    def words(self, column: str) -> list[str]:
        """What stands in backticks there."""
        return code_of(self.columns[column])


def code_of(cell: str) -> list[str]:
    """What stands in backticks, as a reader sees it."""
    return [found.replace("\\|", "|") for found in re.findall(r"`([^`]+)`", cell)]


def lines(page: Path) -> list[Line]:
    """All lines of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    found: list[tuple[int, Line]] = []
    plain = re.sub(r"^```.*?^```$", lambda b: "\n" * b[0].count("\n"), text, flags=re.M | re.S)
    assert plain.count("\n") == text.count("\n")
    for table in _TABLE.finditer(plain):
        number = plain.count("\n", 0, table.start())
        head, _, *rows = table[0].splitlines()
        titles = _cells(head)
        for row in rows:
            cells = dict(zip(titles, _cells(row), strict=True))
            ran = tuple(
                Snippet(code, "sh" if _SHELL.match(code) else "python")
                for code in code_of(cells.get(RUN, ""))
            )
            line = Line(page.name, _heading(text, number), _cells(row)[0], cells, ran)
            found.append((number, line))
            number += 1
    counted: dict[str, int] = {}
    for block in _BLOCK.finditer(text):
        number = text.count("\n", 0, block.start())
        heading = _heading(text, number)
        counted[heading] = counted.get(heading, 0) + 1
        key = f"{heading} [{counted[heading]}]"
        line = Line(page.name, heading, key, {}, (Snippet(block[2], block[1]),))
        found.append((number, line))
    return [line for _, line in sorted(found, key=lambda each: each[0])]


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in _CELL.split(row.strip())[1:-1]]


def _heading(text: str, number: int) -> str:
    before = [row for row in text.splitlines()[: number + 1] if re.match(r"#+ ", row)]
    return before[-1].lstrip("# ")


@dataclass(frozen=True)
class Said:
    """What came of a snippet."""

    snippet: Snippet
    code: int = 0
    out: str = ""
    err: str = ""
    #: Of Python: what the last expression gave, and what was raised.
    value: Any = None
    error: IngestionError | None = None

    @property
    def json(self) -> Any:
        """The object that was said or given, whatever language it was asked in; of a failure of a
        helper what a problem would have."""
        if self.error is not None:
            return {"status": self.error.status, "code": self.error.code, **vars(self.error)}
        if self.snippet.language == "python":
            return self.value
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.split()


@dataclass(kw_only=True)
class Reader:
    """Somebody who reads the pages: a terminal and a Python beside a running server."""

    archive: Archive
    served: Served
    http: httpx.Client
    folder: Path
    #: What the pages tell to begin with.
    shell: str
    python: str
    until_closed: contextlib.ExitStack
    #: What the tests want to have at hand.
    kept: dict[str, Any] = field(default_factory=dict)
    _held: list[Path] = field(default_factory=list)
    _some: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        environ = {
            name: value
            for name, value in self.archive.environment().items()
            if not name.startswith("OSA_")
        }
        environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
        environ |= {"OSA_SERVER": self.served.url, "OSA_TOKEN": self.served.token}
        self.environ = environ

    @property
    def access(self) -> dict[str, Any]:
        return {"server": self.served.url, "token": self.served.token, "http": self.http}

    def stranger(self) -> httpx.Client:
        """Somebody without a valid token."""
        bearer = {"Authorization": "Bearer wrong"}
        return httpx.Client(base_url=self.served.url, headers=bearer)

    def run(self, snippet: Snippet, *, environ: Mapping[str, str] = {}, **given: Any) -> Said:
        """As it is written; `given` are variables of the shell, or of Python."""
        if snippet.language == "python":
            return self._python(snippet, given)
        around = {**self.environ, **{name: str(value) for name, value in given.items()}, **environ}
        if snippet.is_command:
            return self._command(snippet, around)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{self.shell}\n{snippet.code}"],
            env=around,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=90,
        )
        return Said(snippet, done.returncode, done.stdout, done.stderr)

    def _command(self, snippet: Snippet, environ: Mapping[str, str]) -> Said:
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, environ, clear=True),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            # As bash does, and without a new process for each of a hundred commands.
            words = [os.path.expandvars(word) for word in shlex.split(snippet.code)[1:]]
            code = main(words)
        return Said(snippet, code, out.getvalue(), err.getvalue())

    def _python(self, snippet: Snippet, given: Mapping[str, Any]) -> Said:
        tree = ast.parse(f"{self.python}\n{snippet.code}")
        last = tree.body[-1]
        if isinstance(last, ast.Expr):
            assign = ast.Assign([ast.Name("_said", ast.Store())], last.value)
            tree.body[-1] = ast.copy_location(assign, last)
        space: dict[str, Any] = dict(given)
        out = io.StringIO()
        with (
            mock.patch.dict(os.environ, self.environ, clear=True),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
        ):
            try:
                exec(compile(ast.fix_missing_locations(tree), "page", "exec"), space)
            except IngestionError as error:
                return Said(snippet, 1, out.getvalue(), error=error)
        return Said(snippet, 0, out.getvalue(), value=space.get("_said"))

    def start(self, convention_id: str = "test-counter", **given: Any) -> str:
        """Start something; its id."""
        if convention_id == "test-counter":
            given.setdefault("parameters", {"count": 2})
        started = helpers.start_ingestion(**self.access, convention_id=convention_id, **given)
        return str(started["id"])

    def ended(self, **given: Any) -> str:
        """Start something and wait for it; its id."""
        found = self.start(**given)
        self.wait(found)
        return found

    def wait(self, ingestion_id: str) -> dict[str, Any]:
        """It, when it is done. The server says so at once."""
        look = partial(helpers.get_ingestion, **self.access, ingestion_id=ingestion_id)
        return until(lambda: (now := look(wait_seconds=20))["done"] and now, "it is done")

    def some(self, kind: str) -> str:
        """One that ended so (`succeeded`, `failed`, `canceled`), or `text`; to look at, not to
        change."""
        known = self._some.get(kind)
        if known is None or self.http.get(f"/api/v1/ingestions/{known}").status_code == 404:
            makes = {"succeeded": self.ended, "failed": self.failed, "canceled": self.canceled}
            self._some[kind] = known = {**makes, "text": self.text}[kind]()
        return known

    def failed(self) -> str:
        """One that failed, two of six items."""
        return self.ended(parameters={"count": 6, "failed_every": 3})

    def canceled(self) -> str:
        with self.held() as found:
            helpers.cancel_ingestion(**self.access, ingestion_id=found, force=True)
        return found

    @contextlib.contextmanager
    def held(self, **given: Any) -> Iterator[str]:
        """One that runs, and ends when the block does."""
        gate = self.folder / f"gate-{len(self._held)}"
        self._held.append(gate)
        gate.touch()
        try:
            found = self.start(parameters={"count": 2, "gate": str(gate)}, **given)
            until(lambda: self.get(found)["status"] == "running", "it runs")
            yield found
        finally:
            gate.unlink(missing_ok=True)

    @contextlib.contextmanager
    def waiting(self) -> Iterator[str]:
        """One that is queued as long as the block lasts."""
        key = f"key-{len(self._held)}"
        with self.held(concurrency_key=key):
            yield self.start(concurrency_key=key, on_conflict="queue")

    def get(self, ingestion_id: str) -> dict[str, Any]:
        return helpers.get_ingestion(**self.access, ingestion_id=ingestion_id)

    def text(self, **given: Any) -> str:
        """A document that was ingested; the ingestion's id."""
        source = {"type": "text", "text": "Salinity was measured at four stations."}
        return self.ended(convention_id="documents", source=source, **given)


@contextlib.contextmanager
def reading(folder: Path, **settings: str) -> Iterator[Reader]:
    """A reader and a server, until the block ends."""
    usual = {"OSA_ALLOWED_HOSTS": "127.0.0.1", "OSA_POLL_INTERVAL_SECONDS": "0.05"}
    database = f"sqlite+pysqlite:///{folder / 'archive' / 'osa.db'}"
    with archive(folder, database, **usual, **settings) as made:
        served = made.serve()
        home = folder / "reader"
        home.mkdir()
        shutil.copy(ROOT / "samples" / "sea-surface-temperature.nc", home / "sst.nc")
        shutil.copy(ROOT / "samples" / "field-notes.txt", home / "notes.txt")
        begin = [line for line in lines(INDEX) if line.heading == "Before you begin"]
        shell, python = (line.snippets[0].code for line in begin)
        with served.client() as client, contextlib.ExitStack() as held:
            yield Reader(
                archive=made,
                served=served,
                http=client,
                folder=home,
                shell=shell,
                python=python,
                until_closed=held,
            )


class Turn:
    """A line in the hands of its test: each of its snippets has to be run."""

    def __init__(self, line: Line, reader: Reader) -> None:
        self.line = line
        self.reader = reader
        self._left = list(line.snippets)

    def run(self, number: int, **given: Any) -> Said:
        """The snippet of this number."""
        snippet = self.line.snippets[number]
        if snippet in self._left:
            self._left.remove(snippet)
        return self.reader.run(snippet, **given)

    def all(self, **given: Any) -> list[Said]:
        """Each of them, one after the other, well."""
        return [self.well(number, **given) for number in range(len(self.line.snippets))]

    def well(self, number: int, **given: Any) -> Said:
        said = self.run(number, **given)
        assert said.code == 0, (said.snippet.code, said.out[-2000:], said.err[-2000:], said.error)
        return said

    def check_over(self) -> None:
        assert not self._left, f"not run: {[snippet.code for snippet in self._left]}"


Check = Callable[[Turn], None]


class Registry:
    """What each line of the pages must do."""

    def __init__(self) -> None:
        self.checks: dict[tuple[str, str], Check] = {}

    def __call__(self, page: str, *keys: str) -> Callable[[Check], Check]:
        def register(check: Check) -> Check:
            for key in keys:
                assert (page, key) not in self.checks, f"twice: {page}: {key}"
                self.checks[page, key] = check
            return check

        return register

    def carry_out(self, line: Line, reader: Reader) -> None:
        check = self.checks.get((line.page, line.key))
        assert check is not None, f"no test says what this does: {line.page}: {line.key}"
        turn = Turn(line, reader)
        check(turn)
        turn.check_over()
