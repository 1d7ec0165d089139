"""The example package of the documentation: it installs, its own test passes, a server runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from osa_testing.processes import archive

from osa.cli.ingestion import list_records, start_ingestion, wait_ingestion
from osa.conventions.registry import load

EXAMPLE = Path(__file__).parents[2] / "docs" / "example-convention"
TABLE = """station,time,temperature
moss-bay,2026-03-01T12:00:00,9.4
moss-bay,2026-03-02T12:00:00,-40
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package as pip installs it; nothing is fetched."""
    folder = tmp_path_factory.mktemp("example")
    copy = shutil.copytree(EXAMPLE, folder / "source")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    command += ["--no-build-isolation", "--target", str(folder / "site"), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_its_own_test_passes(installed: Path, tmp_path: Path) -> None:
    shutil.copy(EXAMPLE / "test_osa_station_readings.py", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path],
        cwd=tmp_path,
        # What else is installed here is not needed, and takes longer than the test.
        env={
            **os.environ,
            "PYTHONPATH": str(installed),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_the_registry_finds_it(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(installed)
    monkeypatch.delitem(sys.modules, "osa_station_readings", raising=False)
    assert load()["station-readings"].title == "Station readings"


def test_a_server_ingests_with_it(installed: Path, tmp_path: Path) -> None:
    with archive(tmp_path, f"sqlite+pysqlite:///{tmp_path / 'archive' / 'osa.db'}") as made:
        made.plugins = (installed,)
        served = made.serve()
        access = {"server": served.url, "token": served.token}
        source = {"type": "text", "text": TABLE, "filename": "readings.csv"}
        started = start_ingestion(
            **access,
            convention_id="station-readings",
            source=source,
            parameters={"coldest": -50.0},
        )
        ended = wait_ingestion(**access, ingestion_id=started["id"], timeout=60)
        records = list_records(**access, convention="station-readings")
    assert ended["status"] == "succeeded"
    assert ended["counts"]["created"] == len(records) == 2
