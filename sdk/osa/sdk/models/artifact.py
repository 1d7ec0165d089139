from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Artifact")


@_attrs_define
class Artifact:
    """A file an ingestion produced.

    Attributes:
        id (UUID): A UUID; the server makes version 7, which sorts by time.
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        source_id (str): What identifies an item within its convention, for ever.
        name (str): What to call it on a disk.
        media_type (str): What it is.
        size (int): Bytes.
        sha256 (str): A SHA-256 in lower-case hexadecimal.
        href (str): Where its content is.
        created_at (datetime.datetime): When it was published.
        record_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
    """

    id: UUID
    ingestion_id: UUID
    source_id: str
    name: str
    media_type: str
    size: int
    sha256: str
    href: str
    created_at: datetime.datetime
    record_id: UUID | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        ingestion_id = str(self.ingestion_id)

        source_id = self.source_id

        name = self.name

        media_type = self.media_type

        size = self.size

        sha256 = self.sha256

        href = self.href

        created_at = self.created_at.isoformat()

        record_id: str | Unset = UNSET
        if not isinstance(self.record_id, Unset):
            record_id = str(self.record_id)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "ingestion_id": ingestion_id,
                "source_id": source_id,
                "name": name,
                "media_type": media_type,
                "size": size,
                "sha256": sha256,
                "href": href,
                "created_at": created_at,
            }
        )
        if record_id is not UNSET:
            field_dict["record_id"] = record_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        ingestion_id = UUID(d.pop("ingestion_id"))

        source_id = d.pop("source_id")

        name = d.pop("name")

        media_type = d.pop("media_type")

        size = d.pop("size")

        sha256 = d.pop("sha256")

        href = d.pop("href")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        _record_id = d.pop("record_id", UNSET)
        record_id: UUID | Unset
        if isinstance(_record_id, Unset):
            record_id = UNSET
        else:
            record_id = UUID(_record_id)

        artifact = cls(
            id=id,
            ingestion_id=ingestion_id,
            source_id=source_id,
            name=name,
            media_type=media_type,
            size=size,
            sha256=sha256,
            href=href,
            created_at=created_at,
            record_id=record_id,
        )

        artifact.additional_properties = d
        return artifact

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
