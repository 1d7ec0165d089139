"""Uploads: streamed to the disk, checked, kept whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from osa.server.errors import BodyTooLarge, ChecksumMismatch, UploadNotFound
from osa.server.model import Principal, Upload, new_id
from osa.server.store import audit
from osa.server.store import uploads as store
from osa.server.store.database import Database
from osa.server.store.objects import Objects, full_or

#: How often the room on the disk is looked at while a body arrives.
_CHECK_EVERY = 64 * 1024**2


class UploadSink:
    """Takes one body in chunks. End it with `finish` or `abort`."""

    def __init__(self, uploads: Uploads, principal: Principal, path: Path) -> None:
        self._uploads = uploads
        self._principal = principal
        self._path = path
        try:
            self._stream = path.open("xb")
        except OSError as exc:
            raise full_or(exc) from exc
        self._digest = hashlib.sha256()
        self._size = 0
        self._checked = 0

    def write(self, chunk: bytes) -> None:
        """Raises BodyTooLarge and StorageFull; abort then."""
        self._size += len(chunk)
        if self._size > self._uploads.max_bytes:
            raise BodyTooLarge(self._uploads.max_bytes, "OSA_UPLOAD_MAX_BYTES sets the limit.")
        if self._size - self._checked >= _CHECK_EVERY:
            self._checked = self._size
            self._uploads.objects.check_room()
        try:
            self._stream.write(chunk)
        except OSError as exc:
            raise full_or(exc) from exc
        self._digest.update(chunk)

    def finish(self, *, filename: str | None, media_type: str | None, sha256: str | None) -> Upload:
        """Keep it. Raises ChecksumMismatch and StorageFull, and keeps nothing then."""
        actual = self._digest.hexdigest()
        try:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            if sha256 is not None and sha256 != actual:
                raise ChecksumMismatch(sha256, actual)
            self._uploads.objects.put(self._path, actual)
        except OSError as exc:
            raise full_or(exc) from exc
        finally:
            self.abort()
        return self._uploads.add(
            self._principal,
            sha256=actual,
            size=self._size,
            filename=filename,
            media_type=media_type,
        )

    def abort(self) -> None:
        """Leave nothing behind; harmless after `finish`."""
        # Closing writes what is gathered, and is closed also when the disk has no room for that.
        with contextlib.suppress(OSError):
            self._stream.close()
        self._path.unlink(missing_ok=True)


class Uploads:
    """Files sent ahead."""

    def __init__(
        self,
        database: Database,
        objects: Objects,
        *,
        work_dir: Path,
        max_bytes: int,
        keep_seconds: float,
    ) -> None:
        self._database = database
        self.objects = objects
        self._work_dir = work_dir
        self.max_bytes = max_bytes
        self._keep_seconds = keep_seconds

    def begin(self, principal: Principal) -> UploadSink:
        """A sink for one body. Raises StorageFull."""
        self.objects.check_room()
        return UploadSink(self, principal, self._work_dir / f"upload-{new_id()}")

    def add(
        self,
        principal: Principal,
        *,
        sha256: str,
        size: int,
        filename: str | None,
        media_type: str | None,
    ) -> Upload:
        with self._database.write() as tx:
            kept = store.add(
                tx,
                id=new_id(),
                tenant=principal.tenant,
                sha256=sha256,
                size=size,
                filename=filename,
                media_type=media_type,
                created_by=principal.token_name,
                keep_seconds=self._keep_seconds,
            )
            detail = {"upload_id": kept.id, "size": size, "sha256": sha256}
            audit.append(tx, principal, "create_upload", detail=detail)
        return kept

    def get(self, principal: Principal, upload_id: str) -> Upload:
        with self._database.read() as tx:
            found = store.find(tx, principal.tenant, upload_id)
        if found is None:
            raise UploadNotFound(upload_id)
        return found
