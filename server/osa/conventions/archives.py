"""ZIP files from strangers: listed within bounds, and read one entry at a time."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_ENTRIES = 10_000
MAX_DIRECTORY_BYTES = 4 * 1024**2
MAX_TOTAL_BYTES = 1024**3
MAX_RATIO = 200
#: Below this, a high ratio is a small file of spaces, not a bomb.
_RATIO_FROM = 1024**2
_CHUNK = 256 * 1024


class ArchiveRefused(Exception):
    """The archive is broken, hostile, or too large to be worth it; the message says which."""


def entry_names(path: Path) -> frozenset[str]:
    """The names in the archive's directory. Raises ArchiveRefused."""
    with _opened(path) as archive:
        return frozenset(archive.namelist())


def read_entry(path: Path, name: str, *, max_bytes: int) -> Iterator[bytes]:
    """The unpacked content of one entry, in chunks, at most `max_bytes`.

    Nothing is unpacked before the whole directory was judged: its entries, the ratio of each and
    their total. Raises ArchiveRefused.
    """
    with _opened(path) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > MAX_TOTAL_BYTES:
            raise ArchiveRefused(f"its content is larger than {MAX_TOTAL_BYTES} bytes")
        for entry in entries:
            if entry.file_size > max(_RATIO_FROM, MAX_RATIO * entry.compress_size):
                raise ArchiveRefused(f"an entry is packed more than {MAX_RATIO} to 1")
        try:
            entry = archive.getinfo(name)
        except KeyError:
            raise ArchiveRefused(f"it has no entry {name!r}") from None
        if entry.flag_bits & 1:
            raise ArchiveRefused("it is encrypted")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveRefused("it uses a compression that is not read")
        if entry.file_size > max_bytes:
            raise ArchiveRefused(f"the entry {name!r} is larger than {max_bytes} bytes")
        with archive.open(entry) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.filelist) > MAX_ENTRIES:
                raise ArchiveRefused(f"it has more than {MAX_ENTRIES} entries")
            yield archive
    # The struct and value errors are zipfile's own on a broken directory.
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as exc:
        raise ArchiveRefused(f"it is not a readable ZIP file: {exc}") from exc


def _check_directory(path: Path) -> None:
    """Refuse a directory that `zipfile` would read into memory whole, however long it is."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        tail_size = min(size, 22 + 65_535 + 20)
        stream.seek(size - tail_size)
        tail = stream.read(tail_size)
    # As zipfile looks for it: at the very end, else the last signature there is.
    end = len(tail) - 22
    if end < 0 or tail[end : end + 4] != b"PK\x05\x06" or tail[-2:] != b"\0\0":
        end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < 22:
        raise ArchiveRefused("it has no directory")
    if tail[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        raise ArchiveRefused("it is a ZIP64 file, larger than what is read")
    entries, directory_bytes = struct.unpack("<HL", tail[end + 10 : end + 16])
    if entries > MAX_ENTRIES or directory_bytes > MAX_DIRECTORY_BYTES:
        raise ArchiveRefused(f"its directory has {entries} entries and {directory_bytes} bytes")
