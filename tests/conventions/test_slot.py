"""The slot's side of the pipe: a real slot, and the parent played by the test."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from osa.conventions.slot import Slot

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


class Gossip(io.BytesIO):
    """A stream in whose writing somebody speaks: a destructor, say, or another thread."""

    slot: Slot

    def write(self, line: Any) -> int:
        if b'"log"' not in line:
            self.slot.lines.say("info", "by the way")
        return super().write(line)


def test_who_speaks_in_the_middle_of_a_message_neither_waits_nor_breaks_it() -> None:
    answers = Gossip()
    slot = answers.slot = Slot({}, io.BytesIO(), answers, {})
    slot.lines.say("warning", "before")
    slot._send({"type": "progress"})
    types = [json.loads(line)["type"] for line in answers.getvalue().splitlines()]
    assert types == ["log", "progress", "log"]


def test_a_slot_ends_when_its_parent_is_gone(parent: Parent) -> None:
    parent.process.communicate(timeout=10)
    assert parent.process.returncode != 0
