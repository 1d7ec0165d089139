"""The slot's side of the pipe: a real slot, and the parent played by the test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PLUGINS = Path(__file__).parents[1] / "plugins"


class Parent:
    """The other end of the pipe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "osa.conventions.slot"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(PLUGINS)},
            # Its own group, which it ends when we are gone.
            start_new_session=True,
        )

    def send(self, type: str, **more: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"type": type, **more}).encode() + b"\n")
        self.process.stdin.flush()

    def run(self, attempt: int) -> None:
        self.send(
            "run",
            ingestion_id="i",
            attempt=attempt,
            convention_id="test-counter",
            parameters={"count": 6},
            sources=[],
            cursor={},
            batch_size=1,
            workdir=str(self._folder),
            limits={"allowed_hosts": [], "file_roots": []},
        )

    def hear(self) -> list[str]:
        """What it says until it is ready again, progress aside; every batch is acknowledged."""
        assert self.process.stdout is not None
        said: list[str] = []
        while (answer := json.loads(self.process.stdout.readline()))["type"] != "ready":
            if answer["type"] != "progress":
                said.append("stopped" if answer.get("stopped") else answer["type"])
            if answer["type"] == "batch":
                self.send("go")
        return said


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[Parent]:
    parent = Parent(tmp_path)
    assert parent.hear() == []
    yield parent
    parent.process.communicate(timeout=10)


def test_a_stop_that_comes_before_the_run_it_names_is_heeded(parent: Parent) -> None:
    parent.send("stop", ingestion_id="i", attempt=1)
    parent.run(attempt=1)
    assert parent.hear() == ["stopped"]


def test_a_stop_for_the_run_before_does_not_end_this_one(parent: Parent) -> None:
    parent.send("stop", ingestion_id="i", attempt=1)
    parent.run(attempt=2)
    assert parent.hear() == ["batch"] * 6 + ["ended"]


def test_a_slot_ends_when_its_parent_is_gone(parent: Parent) -> None:
    parent.process.communicate(timeout=10)
    assert parent.process.returncode != 0
