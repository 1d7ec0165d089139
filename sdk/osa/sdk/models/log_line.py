from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.log_level_type_0 import LogLevelType0
from ..types import UNSET, Unset

T = TypeVar("T", bound="LogLine")


@_attrs_define
class LogLine:
    """One line of what was said.

    Attributes:
        number (int): From 1 in the order of writing.
        at (datetime.datetime): When it was said.
        level (LogLevelType0 | str): How grave a line is.
        message (str): What was said.
        attempt (int | Unset): In which attempt.
    """

    number: int
    at: datetime.datetime
    level: LogLevelType0 | str
    message: str
    attempt: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        number = self.number

        at = self.at.isoformat()

        level: str
        if isinstance(self.level, LogLevelType0):
            level = self.level.value
        else:
            level = self.level

        message = self.message

        attempt = self.attempt

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "number": number,
                "at": at,
                "level": level,
                "message": message,
            }
        )
        if attempt is not UNSET:
            field_dict["attempt"] = attempt

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        number = d.pop("number")

        at = datetime.datetime.fromisoformat(d.pop("at"))

        def _parse_level(data: object) -> LogLevelType0 | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_log_level_type_0 = LogLevelType0(data)

                return componentsschemas_log_level_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LogLevelType0 | str, data)

        level = _parse_level(d.pop("level"))

        message = d.pop("message")

        attempt = d.pop("attempt", UNSET)

        log_line = cls(
            number=number,
            at=at,
            level=level,
            message=message,
            attempt=attempt,
        )

        log_line.additional_properties = d
        return log_line

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
