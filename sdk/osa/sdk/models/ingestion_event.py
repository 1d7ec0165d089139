from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.event_type import EventType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.ingestion_event_data import IngestionEventData


T = TypeVar("T", bound="IngestionEvent")


@_attrs_define
class IngestionEvent:
    """One numbered line of the log that every view reads.

    Attributes:
        number (int): From 1, without gaps.
        type_ (EventType | str): What happened.
        at (datetime.datetime): When.
        data (IngestionEventData): What belongs to the type: always `status`, `status_reason` and `done` after the
            event; `counts`
            and `progress` where they changed; `cancel` and `error` where there is one.
        attempt (int | Unset): In which attempt.
    """

    number: int
    type_: EventType | str
    at: datetime.datetime
    data: IngestionEventData
    attempt: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        number = self.number

        type_: str
        if isinstance(self.type_, EventType):
            type_ = self.type_.value
        else:
            type_ = self.type_

        at = self.at.isoformat()

        data = self.data.to_dict()

        attempt = self.attempt

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "number": number,
                "type": type_,
                "at": at,
                "data": data,
            }
        )
        if attempt is not UNSET:
            field_dict["attempt"] = attempt

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.ingestion_event_data import IngestionEventData  # noqa: PLC0415

        d = dict(src_dict)
        number = d.pop("number")

        def _parse_type_(data: object) -> EventType | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_event_type_type_0 = EventType(data)

                return componentsschemas_event_type_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EventType | str, data)

        type_ = _parse_type_(d.pop("type"))

        at = datetime.datetime.fromisoformat(d.pop("at"))

        data = IngestionEventData.from_dict(d.pop("data"))

        attempt = d.pop("attempt", UNSET)

        ingestion_event = cls(
            number=number,
            type_=type_,
            at=at,
            data=data,
            attempt=attempt,
        )

        ingestion_event.additional_properties = d
        return ingestion_event

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
