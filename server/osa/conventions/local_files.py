"""Bytes that arrive become a local file: whole, counted, hashed and on the disk, or not there at
all."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath

from osa.conventions.addresses import file_path
from osa.conventions.failures import SourceNotFound, SourceRefused, StorageFull

_CHUNK = 1024 * 1024
_MAX_NAME_BYTES = 200
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


@contextmanager
def room_on_disk(path: Path) -> Iterator[None]:
    """Turn a full disk into StorageFull: the ingestion waits instead of blaming the source."""
    try:
        yield
    except OSError as exc:
        if is_full(exc):
            raise StorageFull(
                f"There is no room left for {path.name}: {exc.strerror}.",
                hint="Free space on the disk of the archive.",
            ) from exc
        raise


def check_disk(
    folder: Path, *, needed: int, min_free: int, said: str, hint: str | None = None
) -> None:
    """Raise StorageFull where the disk has no room for `needed` bytes and `min_free` beside them.

    `said` is the message; the three numbers stand in it as `{needed}`, `{min_free}` and `{free}`.
    """
    free = shutil.disk_usage(folder).free
    if needed + min_free > free:
        raise StorageFull(said.format(needed=needed, min_free=min_free, free=free), hint=hint)


def is_full(exc: BaseException) -> bool:
    """Whether it says that the disk, or somebody's share of it, is full."""
    return isinstance(exc, OSError) and exc.errno in (errno.ENOSPC, errno.EDQUOT)


def write_chunks(path: Path, chunks: Iterable[bytes]) -> tuple[str, int]:
    """Write the chunks to a new file; its SHA-256 (lower-case hexadecimal) and its size in bytes.

    Whatever ends it early, the chunks' own error included, leaves no file behind. Raises
    StorageFull.
    """
    digest = hashlib.sha256()
    size = 0
    with room_on_disk(path):
        stream = path.open("xb")
        try:
            with stream:
                for chunk in chunks:
                    stream.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
                stream.flush()
                os.fsync(stream.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return digest.hexdigest(), size


def safe_name(name: str | None, *, default: str) -> str:
    """A file name that is no path, is not hidden, has no control or direction characters, and fits.

    `default` stands for a name of which nothing is left.
    """
    text = (name or "").encode("utf-8", "ignore").decode("utf-8")
    text = re.split(r"[/\\]", text)[-1]
    text = _UNSAFE.sub("", text).strip().lstrip(". ")
    while len(text.encode()) > _MAX_NAME_BYTES:
        stem, suffix = PurePosixPath(text).stem, PurePosixPath(text).suffix[:20]
        text = stem[: max(1, len(stem) - 8)] + suffix if len(stem) > 8 else text[:-1]
    return text or default


def read_below(uri: str, roots: Sequence[Path], *, max_bytes: int) -> Iterator[bytes]:
    """The content of the regular file that a `file:` URI names, in chunks.

    The file must lie below one of `roots` after every symbolic link is followed. Raises
    SourceRefused, SourceNotFound.
    """
    name = file_path(uri)
    real = Path(os.path.realpath(name))
    allowed = next(
        (root for root in map(_real, roots) if real != root and real.is_relative_to(root)), None
    )
    if allowed is None:
        raise SourceRefused(
            f"The file {name!r} is not read: it is not below an allowed folder.",
            hint="Upload the file instead, or ask an administrator to allow its folder.",
        )
    descriptor = _open_below(allowed, real.relative_to(allowed), name)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise SourceRefused(f"{name!r} is not a regular file.")
    with os.fdopen(descriptor, "rb") as stream:
        if status.st_size > max_bytes:
            raise _too_large(name, max_bytes)
        size = 0
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > max_bytes:
                raise _too_large(name, max_bytes)
            yield chunk


def _real(root: Path) -> Path:
    return Path(os.path.realpath(root))


def _open_below(root: Path, inner: Path, name: str) -> int:
    """Open step by step from `root`, following no link: nobody can swap one in after the check."""
    with ExitStack() as folders:
        try:
            folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            folders.callback(os.close, folder)
            for part in inner.parts[:-1]:
                folder = os.open(
                    part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder
                )
                folders.callback(os.close, folder)
            # Without O_NONBLOCK, opening a FIFO would wait for a writer for ever.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            return os.open(inner.parts[-1], flags, dir_fd=folder)
        except (FileNotFoundError, NotADirectoryError) as exc:
            raise SourceNotFound(f"There is no file {name!r}.") from exc
        except OSError as exc:
            raise SourceRefused(f"The file {name!r} cannot be read: {exc.strerror}.") from exc


def _too_large(name: str, max_bytes: int) -> SourceRefused:
    return SourceRefused(f"The file {name!r} is larger than the {max_bytes} bytes that are read.")
