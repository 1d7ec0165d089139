"""Sources: from what a caller sends to what is stored, and from there to what a convention
reads."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from osa.conventions import Convention, Source, SourceRefused
from osa.conventions.addresses import check_uri
from osa.server.errors import InvalidSource, RecordNotFound, SourceNotAllowed, UploadNotFound
from osa.server.model import SourceRequest, new_id
from osa.server.store import records, uploads
from osa.server.store.database import Database
from osa.server.store.objects import Objects, full_or

#: Sources of one list that bring their content in the request: each costs a flush of the disk.
MAX_INLINE = 100


class Sources:
    """Checks a source before anything is queued, and keeps inline content as objects."""

    def __init__(
        self,
        database: Database,
        objects: Objects,
        *,
        work_dir: Path,
        allowed_hosts: Sequence[str],
        file_allowed: bool,
    ) -> None:
        self._database = database
        self._objects = objects
        self._work_dir = work_dir
        self._allowed_hosts = tuple(allowed_hosts)
        self._file_allowed = file_allowed

    def accept(
        self, tenant: str, convention: Convention, source: SourceRequest | None
    ) -> dict[str, Any] | None:
        """The source as it is stored. Raises InvalidSource, SourceNotAllowed, UploadNotFound,
        RecordNotFound, StorageFull."""
        takes = convention.source_types
        if source is None:
            if takes and convention.source_required:
                raise InvalidSource(
                    f"{convention.id!r} needs a source of type {', '.join(takes)}.",
                    context={"source_types": list(takes)},
                )
            return None
        for one in (source, *source.items):
            if one.type not in takes:
                raise InvalidSource(
                    f"{convention.id!r} takes a source of type {', '.join(takes) or 'none'};"
                    f" this one is of type {one.type}.",
                    context={"source_types": list(takes)},
                )
        inline = [one for one in (source, *source.items) if one.content is not None]
        if len(inline) > MAX_INLINE:
            raise InvalidSource(
                f"A list may hold {MAX_INLINE} sources with content of their own; this one has"
                f" {len(inline)}. Upload the files and name their upload_id.",
                context={"max_inline": MAX_INLINE},
            )
        with self._database.read() as tx:
            return self._stored(tx, tenant, source)

    def _stored(self, tx: Connection, tenant: str, source: SourceRequest) -> dict[str, Any]:
        stored: dict[str, Any] = {"type": source.type}
        if source.metadata:
            stored["metadata"] = dict(source.metadata)
        match source.type:
            case "uri":
                stored["uri"] = self._checked_uri(source.uri or "")
            case "file":
                stored |= self._upload(tx, tenant, source.upload_id or "")
            case "bytes" | "text":
                stored |= self._inline(source)
            case "record":
                stored |= self._record(tx, tenant, source.record_id or "")
            case "list":
                stored["items"] = [self._stored(tx, tenant, one) for one in source.items]
        return stored

    def _checked_uri(self, uri: str) -> str:
        try:
            check_uri(uri, allowed_hosts=self._allowed_hosts, file_allowed=self._file_allowed)
        except SourceRefused as exc:
            raise SourceNotAllowed(
                f"{exc.detail} An operator can allow a host with OSA_ALLOWED_HOSTS.",
                context={"uri": uri},
            ) from exc
        return uri

    def _upload(self, tx: Connection, tenant: str, upload_id: str) -> dict[str, Any]:
        upload = uploads.find(tx, tenant, upload_id)
        if upload is None or not self._objects.keep(upload.sha256):
            raise UploadNotFound(upload_id)
        stored: dict[str, Any] = {
            "upload_id": upload.id,
            "sha256": upload.sha256,
            "size": upload.size,
        }
        if upload.filename is not None:
            stored["filename"] = upload.filename
        if upload.media_type is not None:
            stored["media_type"] = upload.media_type
        return stored

    def _record(self, tx: Connection, tenant: str, record_id: str) -> dict[str, Any]:
        found = records.own_files(tx, tenant, record_id)
        if found is None:
            raise RecordNotFound(record_id)
        version, files = found
        for file in files:
            self._objects.keep(file.sha256)
        return {
            "record_id": record_id,
            "record_version": version,
            "files": [
                {
                    "sha256": file.sha256,
                    "size": file.size,
                    "filename": file.name,
                    "media_type": file.media_type,
                }
                for file in files
            ],
        }

    def _inline(self, source: SourceRequest) -> dict[str, Any]:
        content = source.content or b""
        sha256 = hashlib.sha256(content).hexdigest()
        if not self._objects.keep(sha256):
            self._objects.check_room(len(content))
            self._keep(content, sha256)
        stored: dict[str, Any] = {"sha256": sha256, "size": len(content)}
        if source.filename is not None:
            stored["filename"] = source.filename
        media_type = source.media_type or ("text/plain" if source.type == "text" else None)
        if media_type is not None:
            stored["media_type"] = media_type
        return stored

    def _keep(self, content: bytes, sha256: str) -> None:
        aside = self._work_dir / f"inline-{new_id()}"
        try:
            with aside.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            self._objects.put(aside, sha256)
        except OSError as exc:
            raise full_or(exc) from exc
        finally:
            aside.unlink(missing_ok=True)


def flattened(stored: Mapping[str, Any] | None, objects: Objects) -> list[Source]:
    """What a convention is given: one entry per file or URI, in the caller's order."""
    if stored is None:
        return []
    metadata = stored.get("metadata", {})
    match stored["type"]:
        case "list":
            found: list[Source] = []
            for one in stored["items"]:
                merged = {**metadata, **one.get("metadata", {})}
                found += flattened({**one, "metadata": merged}, objects)
            return found
        case "record":
            return [
                Source(
                    type="record",
                    record_id=stored["record_id"],
                    record_version=stored.get("record_version"),
                    path=objects.path(file["sha256"]),
                    metadata=metadata,
                    **file,
                )
                for file in stored["files"]
            ]
        case "uri":
            return [Source(type="uri", uri=stored["uri"], metadata=metadata)]
        case _:
            return [
                Source(
                    type=stored["type"],
                    path=objects.path(stored["sha256"]),
                    sha256=stored["sha256"],
                    size=stored["size"],
                    filename=stored.get("filename"),
                    media_type=stored.get("media_type"),
                    metadata=metadata,
                )
            ]
