from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="RecordFile")


@_attrs_define
class RecordFile:
    """A file of a record.

    Attributes:
        id (UUID): A UUID; the server makes version 7, which sorts by time.
        name (str): What to call it on a disk.
        media_type (str): What it is.
        size (int): Bytes.
        sha256 (str): A SHA-256 in lower-case hexadecimal.
        href (str): Where its content is.
    """

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    href: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        name = self.name

        media_type = self.media_type

        size = self.size

        sha256 = self.sha256

        href = self.href

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "name": name,
                "media_type": media_type,
                "size": size,
                "sha256": sha256,
                "href": href,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        name = d.pop("name")

        media_type = d.pop("media_type")

        size = d.pop("size")

        sha256 = d.pop("sha256")

        href = d.pop("href")

        record_file = cls(
            id=id,
            name=name,
            media_type=media_type,
            size=size,
            sha256=sha256,
            href=href,
        )

        record_file.additional_properties = d
        return record_file

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
