"""What is shipped: everything that runs, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOTS = ("server/osa", "sdk/osa", "cli/osa")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    [path] = built.glob("*.whl")
    return zipfile.ZipFile(path)


def tracked(*folders: str) -> set[str]:
    """What git knows below the folders."""
    listed = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    return set(listed.stdout.split())


def test_the_namespace_stays_open_to_other_packages() -> None:
    assert not [root for root in ROOTS if (ROOT / root / "__init__.py").exists()]


def test_the_wheel_has_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    wanted = {path.partition("/")[2] for path in tracked(*ROOTS) if (ROOT / path).exists()}
    assert not wanted - names
    for needed in (
        "osa/server/http/openapi.yaml",
        "osa/server/http/static/swagger-ui/swagger-ui-bundle.js",
        "osa/server/http/static/swagger-ui/LICENSE",
        "osa/server/store/migrations/env.py",
        "osa/server/store/migrations/script.py.mako",
        "osa/server/py.typed",
        "osa/conventions/py.typed",
        "osa/sdk/py.typed",
        "osa/cli/py.typed",
    ):
        assert needed in names


def test_the_wheel_has_nothing_else(wheel: zipfile.ZipFile) -> None:
    strangers = [
        name
        for name in wheel.namelist()
        if not name.startswith(
            ("osa/server/", "osa/conventions/", "osa/sdk/", "osa/cli/", "osa_ingestion-")
        )
        or "test_" in name
        or "__pycache__" in name
        or "_cache" in name
    ]
    assert not strangers


def test_the_contract_in_the_wheel_is_the_contract(wheel: zipfile.ZipFile) -> None:
    assert wheel.read("osa/server/http/openapi.yaml") == (ROOT / "openapi.yaml").read_bytes()


def test_the_sdist_builds_and_documents_and_has_no_tests(built: Path) -> None:
    [path] = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "openapi.yaml", "docs/operators.md"} <= names
    assert not [name for name in names if name.startswith(("tests/", ".ci/", "benchmarks/"))]
    assert not [name for name in names if "_cache" in name or "__pycache__" in name]


def test_a_wheel_from_the_sdist_is_the_same(
    built: Path, wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    [path] = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path, filter="data")
    [source] = tmp_path.iterdir()
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [again] = tmp_path.glob("*.whl")
    contents = {name: wheel.read(name) for name in wheel.namelist() if "RECORD" not in name}
    with zipfile.ZipFile(again) as other:
        assert {n: other.read(n) for n in other.namelist() if "RECORD" not in n} == contents
