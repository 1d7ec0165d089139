"""Sources as callers send them."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import MISSING, Field
from typing_extensions import TypeAliasType

from osa.server.errors import BodyTooLarge
from osa.server.http.wire.strict import Strict
from osa.server.http.wire.words import Filename, Id, MediaType, Metadata, Uri
from osa.server.model import SourceRequest

#: Bytes of inline content, once decoded.
MAX_INLINE = 4 * 1024**2


class UriSource(Strict):
    type: Literal["uri"]
    uri: Uri
    metadata: Metadata | MISSING = MISSING

    def requested(self) -> SourceRequest:
        return SourceRequest(type="uri", uri=self.uri, metadata=_given(self.metadata))


class FileSource(Strict):
    type: Literal["file"]
    upload_id: Id
    metadata: Metadata | MISSING = MISSING

    def requested(self) -> SourceRequest:
        return SourceRequest(type="file", upload_id=self.upload_id, metadata=_given(self.metadata))


class BytesSource(Strict):
    type: Literal["bytes"]
    data: Annotated[
        str,
        Field(
            max_length=5592408,
            pattern=r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
            json_schema_extra={"contentEncoding": "base64"},
        ),
    ]
    filename: Filename | MISSING = MISSING
    media_type: MediaType | MISSING = MISSING
    metadata: Metadata | MISSING = MISSING

    def requested(self) -> SourceRequest:
        return SourceRequest(
            type="bytes",
            content=_bounded(binascii.a2b_base64(self.data)),
            filename=None if self.filename is MISSING else self.filename,
            media_type=None if self.media_type is MISSING else self.media_type,
            metadata=_given(self.metadata),
        )


class TextSource(Strict):
    type: Literal["text"]
    text: Annotated[str, Field(max_length=4194304, pattern=r"^[^\x00]*$")]
    filename: Filename | MISSING = MISSING
    metadata: Metadata | MISSING = MISSING

    def requested(self) -> SourceRequest:
        return SourceRequest(
            type="text",
            content=_bounded(self.text.encode()),
            filename=None if self.filename is MISSING else self.filename,
            metadata=_given(self.metadata),
        )


class RecordSource(Strict):
    type: Literal["record"]
    record_id: Id
    metadata: Metadata | MISSING = MISSING

    def requested(self) -> SourceRequest:
        return SourceRequest(
            type="record", record_id=self.record_id, metadata=_given(self.metadata)
        )


SingleSource = TypeAliasType(
    "SingleSource",
    Annotated[
        UriSource | FileSource | BytesSource | TextSource | RecordSource,
        Field(discriminator="type"),
    ],
)


class ListSource(Strict):
    type: Literal["list"]
    items: Annotated[list[SingleSource], Field(min_length=1, max_length=10000)]
    metadata: Metadata | MISSING = MISSING

    def requested(self) -> SourceRequest:
        return SourceRequest(
            type="list",
            items=tuple(item.requested() for item in self.items),
            metadata=_given(self.metadata),
        )


Source = TypeAliasType(
    "Source",
    Annotated[
        UriSource | FileSource | BytesSource | TextSource | RecordSource | ListSource,
        Field(discriminator="type"),
    ],
)


def _given(metadata: Metadata | MISSING) -> Mapping[str, Any]:
    return {} if metadata is MISSING else metadata


def _bounded(content: bytes) -> bytes:
    if len(content) > MAX_INLINE:
        raise BodyTooLarge(
            MAX_INLINE, "Inline content counts once decoded. Upload it and name its upload_id."
        )
    return content
