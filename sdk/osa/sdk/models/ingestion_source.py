from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.source_type import SourceType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.metadata import Metadata


T = TypeVar("T", bound="IngestionSource")


@_attrs_define
class IngestionSource:
    """A source as it was accepted; what was sent inline is told by checksum and size.

    Attributes:
        type_ (SourceType | str): The kind of a source.
        uri (str | Unset): Where it is read from.
        upload_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        record_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        filename (str | Unset): What the caller calls it.
        media_type (str | Unset): What the caller says it is.
        sha256 (str | Unset): A SHA-256 in lower-case hexadecimal.
        size (int | Unset): Bytes.
        item_count (int | Unset): How many sources a list has.
        metadata (Metadata | Unset): Any JSON object of the caller's, up to 64 KiB; kept and given back, never
            interpreted.
    """

    type_: SourceType | str
    uri: str | Unset = UNSET
    upload_id: UUID | Unset = UNSET
    record_id: UUID | Unset = UNSET
    filename: str | Unset = UNSET
    media_type: str | Unset = UNSET
    sha256: str | Unset = UNSET
    size: int | Unset = UNSET
    item_count: int | Unset = UNSET
    metadata: Metadata | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_: str
        if isinstance(self.type_, SourceType):
            type_ = self.type_.value
        else:
            type_ = self.type_

        uri = self.uri

        upload_id: str | Unset = UNSET
        if not isinstance(self.upload_id, Unset):
            upload_id = str(self.upload_id)

        record_id: str | Unset = UNSET
        if not isinstance(self.record_id, Unset):
            record_id = str(self.record_id)

        filename = self.filename

        media_type = self.media_type

        sha256 = self.sha256

        size = self.size

        item_count = self.item_count

        metadata: dict[str, Any] | Unset = UNSET
        if not isinstance(self.metadata, Unset):
            metadata = self.metadata.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
            }
        )
        if uri is not UNSET:
            field_dict["uri"] = uri
        if upload_id is not UNSET:
            field_dict["upload_id"] = upload_id
        if record_id is not UNSET:
            field_dict["record_id"] = record_id
        if filename is not UNSET:
            field_dict["filename"] = filename
        if media_type is not UNSET:
            field_dict["media_type"] = media_type
        if sha256 is not UNSET:
            field_dict["sha256"] = sha256
        if size is not UNSET:
            field_dict["size"] = size
        if item_count is not UNSET:
            field_dict["item_count"] = item_count
        if metadata is not UNSET:
            field_dict["metadata"] = metadata

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.metadata import Metadata  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_type_(data: object) -> SourceType | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_source_type_type_0 = SourceType(data)

                return componentsschemas_source_type_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(SourceType | str, data)

        type_ = _parse_type_(d.pop("type"))

        uri = d.pop("uri", UNSET)

        _upload_id = d.pop("upload_id", UNSET)
        upload_id: UUID | Unset
        if isinstance(_upload_id, Unset):
            upload_id = UNSET
        else:
            upload_id = UUID(_upload_id)

        _record_id = d.pop("record_id", UNSET)
        record_id: UUID | Unset
        if isinstance(_record_id, Unset):
            record_id = UNSET
        else:
            record_id = UUID(_record_id)

        filename = d.pop("filename", UNSET)

        media_type = d.pop("media_type", UNSET)

        sha256 = d.pop("sha256", UNSET)

        size = d.pop("size", UNSET)

        item_count = d.pop("item_count", UNSET)

        _metadata = d.pop("metadata", UNSET)
        metadata: Metadata | Unset
        if isinstance(_metadata, Unset):
            metadata = UNSET
        else:
            metadata = Metadata.from_dict(_metadata)

        ingestion_source = cls(
            type_=type_,
            uri=uri,
            upload_id=upload_id,
            record_id=record_id,
            filename=filename,
            media_type=media_type,
            sha256=sha256,
            size=size,
            item_count=item_count,
            metadata=metadata,
        )

        ingestion_source.additional_properties = d
        return ingestion_source

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
