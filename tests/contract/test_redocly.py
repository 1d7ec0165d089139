"""redocly, a second reader of the contract, finds nothing to say."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    pin = json.loads((ROOT / ".ci/package.json").read_text(encoding="utf-8"))["devDependencies"]
    npx = shutil.which("npx")
    if npx is None:
        pytest.skip("npx is not installed; redocly is a program for Node.js")
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    return subprocess.run(
        [npx, "--offline", "--no-install", f"@redocly/cli@{pin['@redocly/cli']}", *arguments],
        cwd=ROOT / ".ci",
        env={**os.environ, **quiet},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module", autouse=True)
def redocly() -> None:
    if run("--version").returncode:
        pytest.skip("redocly is not installed; `npm install --prefix .ci --no-package-lock`")


def lint(document: Path) -> "subprocess.CompletedProcess[str]":
    return run("lint", str(document), "--config", str(ROOT / "redocly.yaml"))


def test_redocly_has_no_finding() -> None:
    result = lint(ROOT / "openapi.yaml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_redocly_sees_a_seeded_defect(tmp_path: Path) -> None:
    text = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
    seeded = tmp_path / "openapi.yaml"
    seeded.write_text(text.replace("operationId: getHealth", "operationId: getReadiness", 1))
    assert lint(seeded).returncode == 1
