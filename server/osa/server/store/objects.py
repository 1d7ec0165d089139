"""Immutable files by their SHA-256, on the disk of the archive. Whole or absent: put in place by
rename."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from osa.server.errors import StorageFull

_SHA256 = re.compile(r"[0-9a-f]{64}")
#: Content that nothing names is kept for so long: what is being accepted is not named yet.
_YOUNG_SECONDS = 24 * 3600.0
_LEAVING = ".leaving"


class Objects:
    """The folder of objects. Putting the same content twice is putting it once."""

    def __init__(self, folder: Path, *, min_free_bytes: int = 0) -> None:
        self.folder = folder
        self.min_free_bytes = min_free_bytes

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, sha256: str) -> Path:
        """Where the content with this checksum is, or would be."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"{sha256!r} is not a SHA-256.")
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def put(self, source: Path, sha256: str) -> Path:
        """Move the file at `source`, whose content was flushed and has this checksum, into its
        place."""
        target = self.path(sha256)
        if source == target:
            return target
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if _touched(target):
                source.unlink(missing_ok=True)
            else:
                source.chmod(0o400)
                source.replace(target)
                _sync_folder(target.parent)
        except OSError as exc:
            raise full_or(exc) from exc
        return target

    def remove_unnamed(self, named: Callable[[Collection[str]], Collection[str]]) -> int:
        """Remove old content that nothing names (`named` answers which of these are); how many
        bytes.

        Safe beside `put`: the file steps aside first, and comes back when it was put again
        meanwhile.
        """
        freed = 0
        with self._collecting() as alone:
            for folder in self._folders() if alone else ():
                freed += self._clear(folder, named)
        return freed

    @contextlib.contextmanager
    def _collecting(self) -> Iterator[bool]:
        """True for one process at a time: two would take each other's steps for leftovers."""
        with (self.folder / ".collecting").open("w") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _clear(self, folder: Path, named: Callable[[Collection[str]], Collection[str]]) -> int:
        freed = 0
        with contextlib.suppress(FileNotFoundError):
            for aside in folder.glob(f"*{_LEAVING}"):
                # Left by a crash between the two renames below: it comes back, and is judged anew.
                if aside.with_suffix("").exists():
                    aside.unlink()
                else:
                    aside.rename(aside.with_suffix(""))
            old = [path for path in folder.iterdir() if _is_old(path)]
            kept = named([path.name for path in old]) if old else ()
            for path in old:
                if path.name not in kept:
                    freed += _remove_if_old(path)
        return freed

    def keep(self, sha256: str) -> bool:
        """Whether the content is here; if so, it stays for a day at least, named or not."""
        return _touched(self.path(sha256))

    def _folders(self) -> Iterator[Path]:
        for outer in sorted(self.folder.iterdir()):
            if outer.is_dir():
                yield from sorted(inner for inner in outer.iterdir() if inner.is_dir())

    def check_room(self, wanted: int = 0) -> None:
        """Raise StorageFull when `wanted` more bytes would leave too little."""
        free = shutil.disk_usage(self.folder).free
        if free - wanted < self.min_free_bytes:
            raise StorageFull(
                f"The data disk has {free} bytes free; {self.min_free_bytes} must stay free"
                " (OSA_MIN_FREE_BYTES)."
            )


def _touched(path: Path) -> bool:
    """Make the content young for whoever removes what nothing names; False when it is not there."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _is_old(path: Path) -> bool:
    if not _SHA256.fullmatch(path.name):
        return False
    return time.time() - path.stat().st_mtime > _YOUNG_SECONDS


def _remove_if_old(path: Path) -> int:
    aside = path.with_suffix(_LEAVING)
    path.rename(aside)
    status = aside.stat()
    if time.time() - status.st_mtime <= _YOUNG_SECONDS and not path.exists():
        aside.rename(path)
        return 0
    aside.unlink(missing_ok=True)
    return status.st_size


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
