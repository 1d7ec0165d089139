"""Small disks that can be filled: tmpfs, mounted where nobody else sees it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from sqlalchemy import select

from osa.server.bootstrap import House
from osa.server.store.tables import artifact, record_file

_TRY = (
    "import subprocess, sys; sys.exit(subprocess.call(['mount', '-t', 'tmpfs', 'x', sys.argv[1]]))"
)


class NoDisk(Exception):
    """Nothing can be mounted here: the message says why."""


@cache
def alone() -> Sequence[str]:
    """What to put before a command so that it may mount, and its mounts go with it. Raises
    NoDisk."""
    said = ""
    with tempfile.TemporaryDirectory() as folder:
        for prefix in (("unshare", "-m"), ("unshare", "-rm")):
            with contextlib.suppress(FileNotFoundError):
                tried = subprocess.run(
                    [*prefix, sys.executable, "-c", _TRY, folder], capture_output=True, text=True
                )
                if tried.returncode == 0:
                    return prefix
                said = tried.stderr.strip()
    raise NoDisk(f"neither as this user nor in a namespace of its own: {said or 'no unshare'}")


@contextlib.contextmanager
def disk(folder: Path, *, megabytes: int, files: int = 2_000) -> Iterator[Disk]:
    """A disk of its own at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={megabytes}m,nr_inodes={files},mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "osa-small", folder], check=True)
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


class Disk:
    """What fills it lies in one folder of it, and can be taken away again."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "filler"
        self._filler.mkdir()

    @property
    def free_bytes(self) -> int:
        state = os.statvfs(self._filler)
        return state.f_bavail * state.f_frsize

    def fill(self, *, leave: int = 0) -> None:
        """With content, but for so many bytes."""
        with (self._filler / "content").open("ab", buffering=0) as stream:
            while (room := self.free_bytes - leave) > 0:
                try:
                    stream.write(b"\0" * min(room, 1024**2))
                except OSError:
                    return

    def fill_with_files(self, *, leave: int = 0) -> None:
        """With empty files, but for so many."""
        number = 0
        while (state := os.statvfs(self._filler)).f_favail > leave:
            (self._filler / f"{state.f_favail}-{number}").touch()
            number += 1

    def clear(self) -> None:
        for path in self._filler.iterdir():
            path.unlink()


def halves(house: House) -> Iterator[str]:
    """What is not whole: names without their content, content that is not what its name says,
    leftovers of work."""
    objects = house.settings.objects_dir
    with house.database.read() as tx:
        named = {
            (row.sha256, row.size)
            for table in (record_file, artifact)
            for row in tx.execute(select(table.c.sha256, table.c.size))
        }
    for sha256, size in named:
        path = objects / sha256[:2] / sha256[2:4] / sha256
        if not path.is_file() or path.stat().st_size != size:
            yield f"the content {sha256} of {size} bytes is not there, or not whole"
    for path in objects.rglob("*"):
        if path.is_file() and not path.name.startswith("."):
            actual = hashlib.sha256(path.read_bytes()).hexdigest()
            if path.name != actual:
                yield f"{path.relative_to(objects)} is not whole"
    for path in house.settings.work_dir.iterdir():
        yield f"{path.name} is left in the work folder"
