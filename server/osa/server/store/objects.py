"""Immutable files by their SHA-256, on the disk of the archive. Whole or absent: put in place by rename."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from osa.server.errors import StorageFull


class Objects:
    """The folder of objects. Putting the same content twice is putting it once."""

    def __init__(self, folder: Path, *, min_free_bytes: int = 0) -> None:
        self.folder = folder
        self.min_free_bytes = min_free_bytes

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def put(self, source: Path, sha256: str) -> Path:
        """Move the file at `source`, whose content was flushed and has this checksum, into its place."""
        target = self.path(sha256)
        if source == target:
            return target
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if target.exists():
                # The same content: keep the old file, and make it young for whoever looks for leftovers.
                os.utime(target)
                source.unlink(missing_ok=True)
            else:
                source.chmod(0o400)
                source.replace(target)
                _sync_folder(target.parent)
        except OSError as exc:
            raise full_or(exc) from exc
        return target

    def check_room(self, wanted: int = 0) -> None:
        """Raise StorageFull when `wanted` more bytes would leave too little."""
        free = shutil.disk_usage(self.folder).free
        if free - wanted < self.min_free_bytes:
            raise StorageFull(
                f"The data disk has {free} bytes free; {self.min_free_bytes} must stay free"
                " (OSA_MIN_FREE_BYTES)."
            )


def full_or(exc: OSError) -> Exception:
    """StorageFull when that is what the error says, else the error itself."""
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("The data disk is full.")
    return exc


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
