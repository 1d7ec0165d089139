"""The committed SDK is what the contract generates, and nothing else."""

import importlib
import importlib.util
import pkgutil
import subprocess
import sys
from pathlib import Path

import osa.sdk

ROOT = Path(__file__).parents[2]


def test_the_committed_sdk_is_byte_for_byte_what_the_contract_generates() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "sdk/generator/generate.py")
    assert spec and spec.loader
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert generator.differences() == [], "run `nox -s generate`"


def test_every_module_of_the_sdk_imports() -> None:
    names = [m.name for m in pkgutil.walk_packages(osa.sdk.__path__, "osa.sdk.")]
    assert len(names) > 50
    for name in names:
        importlib.import_module(name)


def test_no_package_file_hides_the_other_parts_of_the_namespace() -> None:
    roots = [ROOT / part / "osa" for part in ("server", "sdk", "cli")]
    assert [root for root in roots if (root / "__init__.py").exists()] == []


def test_the_sdk_type_checks_strictly() -> None:
    """The marker file is there, so a caller's type checker reads what is generated."""
    assert (ROOT / "sdk/osa/sdk/py.typed").is_file()
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "-p", "osa.sdk"]
    run = subprocess.run(
        [*command, "--config-file=", "--cache-dir", str(ROOT / ".mypy_cache/sdk")],
        cwd=ROOT / "sdk",
        env={"MYPYPATH": str(ROOT / "sdk"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout + run.stderr == ""
