"""The pages know all there is: each command that they show exists, and each operation, header and
problem of the contract is on the page of the API."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from osa_testing.contract import CONTRACT

from osa.cli import ingestion as helpers
from osa.cli.commands.server import VERBS, run_server_command
from osa.cli.main import build

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*(ROOT / name for name in ("README.md", "CHANGELOG.md")), *DOCS.glob("*.md")]
API = (DOCS / "api.md").read_text(encoding="utf-8")

_CODE = re.compile(
    r"^```(?:sh|console|yaml)[^\n]*\n(.*?)^```$|`([^`\n]+(?:\n[^`\n]+)?)`", re.M | re.S
)
_COMMAND = re.compile(r"(?:^|(?<=[\s/(]))osa ([a-z].*)", re.MULTILINE)
#: Where a command ends: pipes, lists, comments, what is left out.
_ENDS = re.compile(r"[|;)]|&&|\s#|[<>]| …|, ")


def commands(text: str) -> Iterator[list[str]]:
    """The words after `osa` of each command that the page shows."""
    root = {*typer.main.get_command(build()).list_commands(None)}  # type: ignore[arg-type]
    for found in _CODE.finditer(text):
        code = found[1] or found[2]
        for line in re.sub(r"\\\n\s*", " ", code).splitlines() if found[1] else [code]:
            for piece in re.split(r"\bxargs |\$\(|\| ", " ".join(line.split())):
                for command in _COMMAND.findall(piece):
                    words = shlex.split(_ENDS.split(command)[0])
                    if words and words[0] in root:
                        yield words


def _check(words: list[str]) -> str | None:
    """Why it would not be understood."""
    node: Any = typer.main.get_command(build())
    rest = list(words)
    while hasattr(node, "get_command"):
        if not rest:
            return None
        name = rest.pop(0)
        context = node.context_class(node, info_name=name)
        node = node.get_command(context, name)
        if node is None:
            return f"there is no {name!r}"
    try:
        node.make_parser(node.context_class(node)).parse_args(rest)
    except Exception as exc:  # noqa: BLE001 - whatever the parser has against it
        return str(exc)
    return None


def _check_of_server(words: list[str], capsys: pytest.CaptureFixture[str]) -> str | None:
    verb, *rest = words
    deeper = [word for word in rest[:1] if verb == "token" and word[0] != "-"]
    with pytest.raises(SystemExit) as ended:
        run_server_command(verb, [*deeper, "--help"])
    said = capsys.readouterr()
    if ended.value.code:
        return said.err
    known = {*re.findall(r"(?<!\w)--?[a-z][a-z-]*", said.out)}
    return next((f"no {word}" for word in rest if word[0] == "-" and word not in known), None)


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_each_command_that_is_shown_is_understood(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = []
    for words in commands(page.read_text(encoding="utf-8")):
        why = _check_of_server(words, capsys) if words[0] in VERBS else _check(words)
        if why is not None:
            wrong.append(f"osa {shlex.join(words)}: {why}")
    assert not wrong, "\n".join(wrong)


def test_the_commands_of_the_pages_are_found() -> None:
    shown = {
        " ".join(words[:2])
        for page in PAGES
        for words in commands(page.read_text(encoding="utf-8"))
    }
    verbs = "start list status cancel retry explain items events logs download cleanup"
    assert {f"ingestion {verb}" for verb in verbs.split()} <= shown
    assert _check(["ingestion", "list", "--no-such-option"])
    assert _check(["ingestion", "no-such-verb"])


def test_each_operation_is_on_the_page_of_the_api() -> None:
    operations = {
        operation["operationId"]
        for path in CONTRACT["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "operationId" in operation
    }
    assert {one for one in operations if f"`{one}`" not in API} == set()


def _enum(name: str) -> set[str]:
    schema = CONTRACT["components"]["schemas"][name]
    return {
        value
        for part in (schema, *schema.get("anyOf", ()))
        for value in part.get("enum", ())
        if value is not None
    }


def test_each_problem_is_on_the_page_of_the_api() -> None:
    codes = _enum("ProblemCode")
    assert len(codes) > 30
    assert {code for code in codes if f"`{code}`" not in API} == set()


def test_each_header_of_the_contract_is_on_the_page_of_the_api() -> None:
    components = CONTRACT["components"]
    asked = {p["name"] for p in components["parameters"].values() if p["in"] == "header"}
    answered = {
        name
        for path in CONTRACT["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
        for answer in operation.get("responses", {}).values()
        for name in answer.get("headers", {})
    }
    usual = {"Accept-Ranges", "Content-Disposition", "Content-Range", "WWW-Authenticate"}
    assert {name for name in (asked | answered) - usual if f"`{name}" not in API} == set()


@pytest.mark.parametrize("name", ["DiagnosisCode", "OnConflict", "RetryScopeChoice"])
def test_each_word_of_the_contract_is_on_the_page_of_promises(name: str) -> None:
    page = (DOCS / "semantics.md").read_text(encoding="utf-8")
    words = _enum(name)
    assert words
    assert {word for word in words if f"`{word}`" not in page} == set()


def test_the_helpers_that_are_named_exist() -> None:
    page = (DOCS / "semantics.md").read_text(encoding="utf-8")
    section = page.partition("## The helpers")[2].partition("\n## ")[0]
    named = set(re.findall(r"`((?:[a-z]+_)+[a-z]+)`", section)) - {"request_id", "selection_token"}
    assert len(named) > 20
    assert {one for one in named - {"follow_retries"} if one not in helpers.__all__} == set()
