from __future__ import annotations

from collections.abc import Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.metadata import Metadata


T = TypeVar("T", bound="BytesSource")


@_attrs_define
class BytesSource:
    """Up to 4 MiB in the request itself.

    Attributes:
        type_ (Literal['bytes']):
        data (str): The bytes in base64 (RFC 4648, padded).
        filename (str | Unset): A file's name; never a path.
        media_type (str | Unset): A media type without parameters (RFC 6838).
        metadata (Metadata | Unset): Any JSON object of the caller's, up to 64 KiB; kept and given back, never
            interpreted.
    """

    type_: Literal["bytes"]
    data: str
    filename: str | Unset = UNSET
    media_type: str | Unset = UNSET
    metadata: Metadata | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_

        data = self.data

        filename = self.filename

        media_type = self.media_type

        metadata: dict[str, Any] | Unset = UNSET
        if not isinstance(self.metadata, Unset):
            metadata = self.metadata.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "type": type_,
                "data": data,
            }
        )
        if filename is not UNSET:
            field_dict["filename"] = filename
        if media_type is not UNSET:
            field_dict["media_type"] = media_type
        if metadata is not UNSET:
            field_dict["metadata"] = metadata

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.metadata import Metadata  # noqa: PLC0415

        d = dict(src_dict)
        type_ = cast(Literal["bytes"], d.pop("type"))
        if type_ != "bytes":
            raise ValueError(f"type must match const 'bytes', got '{type_}'")

        data = d.pop("data")

        filename = d.pop("filename", UNSET)

        media_type = d.pop("media_type", UNSET)

        _metadata = d.pop("metadata", UNSET)
        metadata: Metadata | Unset
        if isinstance(_metadata, Unset):
            metadata = UNSET
        else:
            metadata = Metadata.from_dict(_metadata)

        bytes_source = cls(
            type_=type_,
            data=data,
            filename=filename,
            media_type=media_type,
            metadata=metadata,
        )

        return bytes_source
