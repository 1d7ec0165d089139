"""The scenarios of `full_disk.py`, each on a small disk that nobody else sees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from osa_testing.disks import NoDisk, alone

_SCRIPT = Path(__file__).with_name("full_disk.py")


@pytest.mark.parametrize("scenarios", [["batch", "file", "upload"], ["database"]], ids="-".join)
def test_a_full_disk_is_said_leaves_nothing_half_written_and_costs_nothing(
    scenarios: list[str],
) -> None:
    try:
        prefix = alone()
    except NoDisk as exc:
        pytest.skip(f"no small disk can be mounted, {exc}")
    ran = subprocess.run(
        [*prefix, sys.executable, str(_SCRIPT), *scenarios],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
