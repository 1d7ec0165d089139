"""The documentation is true: links lead somewhere, and snippets run."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from osa_testing.processes import archive

from osa.conventions import Step
from osa.conventions.testing import check_convention

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def _pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        pages = [ROOT / name for name in listed.stdout.split("\n") if name]
        return sorted(page for page in pages if page.is_file())
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


PAGES = _pages()
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]


def blocks(page: Path, info: str) -> str:
    """All fenced blocks with this info string, one after the other."""
    text = page.read_text(encoding="utf-8")
    return "\n".join(re.findall(rf"^```{info}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_american_spelling_of_the_words_of_the_contract(page: Path) -> None:
    # The one spelling that is understood and never sent is named as such, in backticks.
    text = re.sub(r"`[^`]*`", "", page.read_text(encoding="utf-8"))
    assert not re.findall(r"\bcancell(?:ed|ing)\b", text)


def test_python_blocks_are_python() -> None:
    for page in PAGES:
        for number, code in enumerate(
            re.findall(
                r"^```python(?: tested)?\n(.*?)^```$",
                page.read_text(encoding="utf-8"),
                re.MULTILINE | re.DOTALL,
            )
        ):
            compile(code, f"{page.name}[{number}]", "exec")


def test_shell_blocks_are_shell() -> None:
    for page in PAGES:
        script = blocks(page, "sh(?: tested)?")
        checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
        assert checked.returncode == 0, f"{page.name}: {checked.stderr}"


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The conventions of the page for those who write one."""
    (tmp_path / "my_package.py").write_text(blocks(ROOT / "docs/conventions.md", "python tested"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_package", raising=False)
    return importlib.import_module("my_package")


def test_the_smallest_convention_keeps_the_rules(samples: ModuleType, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text(name)
    items = check_convention(samples.folder_texts, params={"folder": str(tmp_path)})
    assert [item.source_id for item in items] == ["a.txt", "b.txt", "c.txt"]


def test_the_convention_in_steps_keeps_the_rules_and_each_step_takes_its_part(
    samples: ModuleType, tmp_path: Path
) -> None:
    listing = tmp_path / "scenes.txt"
    listing.write_text("".join(f"s{n} https://data.example.org/{n}.nc\n" for n in range(1, 9)))
    params = {"listing": str(listing), "per_step": 3}

    def names(step: Step | None) -> list[str]:
        return [
            start.external_id.removeprefix("scene-").removesuffix("-overview")
            for item in check_convention(samples.scene_overviews, params=params, step=step)
            for start in item.starts
        ]

    assert names(None) == [f"s{n}" for n in range(1, 9)]
    parts = [
        names(Step(campaign_id="scenes", number=number, position=position))
        for number, position in enumerate((1, 4, 7), 1)
    ]
    assert parts == [["s1", "s2", "s3"], ["s4", "s5", "s6"], ["s7", "s8"]]


@dataclass(frozen=True)
class Reader:
    """What a reader of the pages has: a running server, and these in the environment."""

    server: str
    token: str
    environ: dict[str, str]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("docs")
    with archive(folder, f"sqlite+pysqlite:///{folder / 'archive' / 'osa.db'}") as made:
        served = made.serve()
        environ = {n: v for n, v in made.environment().items() if not n.startswith("OSA_")}
        environ |= {
            "PATH": f"{BIN}{os.pathsep}{environ['PATH']}",
            "OSA_SERVER": served.url,
            "OSA_TOKEN": served.token,
        }
        yield Reader(served.url, served.token, environ)


def _run(script: str, reader: Reader, *, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=reader.environ,
        cwd=cwd,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_curl_of_the_api_page_does_what_it_says(reader: Reader) -> None:
    said = _run(blocks(ROOT / "docs/api.md", "sh tested"), reader)
    assert "INGESTION_ALREADY_ENDED" in said
    assert "ingestion_succeeded" in said


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_curl_of_the_readme(reader: Reader) -> None:
    [script] = [
        code
        for code in re.findall(
            r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S
        )
        if "curl" in code
    ]
    assert '"convention_id":"documents"' in _run(script, reader).replace(": ", ":")


def test_the_python_of_the_readme(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    code = blocks(ROOT / "README.md", "python")
    code = code.replace('"http://127.0.0.1:8000"', repr(reader.server))
    (tmp_path / "tour.py").write_text(f"token = {reader.token!r}\n{code}")
    said = _run(f"{sys.executable} tour.py", reader, cwd=tmp_path)
    assert said.startswith("succeeded")
    assert (tmp_path / "sst_20240602T120000Z.tif").is_file()


def test_the_terminal_of_the_readme(reader: Reader, tmp_path: Path) -> None:
    lines = re.findall(r"^\$ (.+)$", blocks(ROOT / "README.md", "console"), re.MULTILINE)
    assert lines
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    _run("\n".join(lines), reader, cwd=tmp_path)
    assert list((tmp_path / "out").glob("*.tif"))


def test_the_version_of_the_changelog_is_the_one_that_is_built() -> None:
    from osa.cli.version import __version__

    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
