"""Uploads as callers get them."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from osa.server import model
from osa.server.http.wire.words import Id, Sha256, Size, Time, time


class Upload(TypedDict):
    id: Id
    sha256: Sha256
    size: Size
    filename: NotRequired[Annotated[str, Field(max_length=255)]]
    media_type: NotRequired[Annotated[str, Field(max_length=255)]]
    created_by: Annotated[str, Field(max_length=200)]
    created_at: Time
    expires_at: Time


def upload(value: model.Upload) -> Upload:
    wire: Upload = {
        "id": value.id,
        "sha256": value.sha256,
        "size": value.size,
        "created_by": value.created_by,
        "created_at": time(value.created_at),
        "expires_at": time(value.expires_at),
    }
    if value.filename is not None:
        wire["filename"] = value.filename
    if value.media_type is not None:
        wire["media_type"] = value.media_type
    return wire
