from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Upload")


@_attrs_define
class Upload:
    """A file that was sent ahead.

    Attributes:
        id (UUID): A UUID; the server makes version 7, which sorts by time.
        sha256 (str): A SHA-256 in lower-case hexadecimal.
        size (int): Bytes.
        created_by (str): The name of the token that sent it.
        created_at (datetime.datetime): When it was kept.
        expires_at (datetime.datetime): Until when it can be named in a start.
        filename (str | Unset): What the caller calls it.
        media_type (str | Unset): What the caller says it is.
    """

    id: UUID
    sha256: str
    size: int
    created_by: str
    created_at: datetime.datetime
    expires_at: datetime.datetime
    filename: str | Unset = UNSET
    media_type: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        sha256 = self.sha256

        size = self.size

        created_by = self.created_by

        created_at = self.created_at.isoformat()

        expires_at = self.expires_at.isoformat()

        filename = self.filename

        media_type = self.media_type

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "sha256": sha256,
                "size": size,
                "created_by": created_by,
                "created_at": created_at,
                "expires_at": expires_at,
            }
        )
        if filename is not UNSET:
            field_dict["filename"] = filename
        if media_type is not UNSET:
            field_dict["media_type"] = media_type

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        sha256 = d.pop("sha256")

        size = d.pop("size")

        created_by = d.pop("created_by")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        filename = d.pop("filename", UNSET)

        media_type = d.pop("media_type", UNSET)

        upload = cls(
            id=id,
            sha256=sha256,
            size=size,
            created_by=created_by,
            created_at=created_at,
            expires_at=expires_at,
            filename=filename,
            media_type=media_type,
        )

        upload.additional_properties = d
        return upload

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
