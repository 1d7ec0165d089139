from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.ingestion_status import IngestionStatus
from ..types import UNSET, Unset

T = TypeVar("T", bound="CleanupMember")


@_attrs_define
class CleanupMember:
    """One ingestion of the set.

    Attributes:
        id (UUID): A UUID; the server makes version 7, which sorts by time.
        status (IngestionStatus | str): Where the ingestion is. Exactly three values are ended states, for ever; see
            `done`.
        convention_id (str): A convention's slug, or its SRN `urn:osa:{domain}:conv:{slug}@{version}`.
        ended_at (datetime.datetime): When it was done.
        name (str | Unset): What people call it.
    """

    id: UUID
    status: IngestionStatus | str
    convention_id: str
    ended_at: datetime.datetime
    name: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        status: str
        if isinstance(self.status, IngestionStatus):
            status = self.status.value
        else:
            status = self.status

        convention_id = self.convention_id

        ended_at = self.ended_at.isoformat()

        name = self.name

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "status": status,
                "convention_id": convention_id,
                "ended_at": ended_at,
            }
        )
        if name is not UNSET:
            field_dict["name"] = name

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        def _parse_status(data: object) -> IngestionStatus | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_ingestion_status_type_0 = IngestionStatus(data)

                return componentsschemas_ingestion_status_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(IngestionStatus | str, data)

        status = _parse_status(d.pop("status"))

        convention_id = d.pop("convention_id")

        ended_at = datetime.datetime.fromisoformat(d.pop("ended_at"))

        name = d.pop("name", UNSET)

        cleanup_member = cls(
            id=id,
            status=status,
            convention_id=convention_id,
            ended_at=ended_at,
            name=name,
        )

        cleanup_member.additional_properties = d
        return cleanup_member

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
