"""A real OPeNDAP server: pydap on loopback, with small hyperspectral scenes.

A few files stand for as many scenes as one likes: the number in a link chooses one of them. It
lives in a virtual environment of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from osa_testing import environments, hyspex

REQUIREMENTS = ("pydap==3.5.9", "netCDF4>=1.7.2", "numpy>=2.0")
PROGRAM = Path(__file__).with_name("dodsc_program.py")
_FILES = 8


@dataclass(frozen=True)
class Scenes:
    """A pydap that runs."""

    root: str
    _control: str

    def link(self, number: int) -> str:
        """Where the data of the scene of this number are."""
        return hyspex.link(number, self.root)

    def refuse(self, numbers: Iterable[int]) -> None:
        """These are not there, until it is said again; all others are."""
        order = {"refuse": sorted(numbers)}
        httpx.post(self._control, json=order, timeout=60, trust_env=False).raise_for_status()


@contextmanager
def running(folder: Path) -> Iterator[Scenes]:
    """A pydap with scenes, until the block ends. Raises NotInstalled."""
    python = environments.interpreter("pydap-3.5.9", REQUIREMENTS)
    for number in range(_FILES):
        hyspex.write_scene(folder / f"{number}.nc", seed=number)
    with environments.running(python, PROGRAM, folder) as port:
        origin = f"http://127.0.0.1:{port}"
        yield Scenes(f"{origin}/dodsC", f"{origin}/control")
