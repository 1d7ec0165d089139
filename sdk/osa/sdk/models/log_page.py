from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.log_line import LogLine


T = TypeVar("T", bound="LogPage")


@_attrs_define
class LogPage:
    """One page of a log.

    Attributes:
        items (list[LogLine]): The lines.
        last_number (int): The `after` of the next page.
        has_more (bool): Whether there are more now.
        poll_after_seconds (int | Unset): When to ask again; absent once no line can follow.
    """

    items: list[LogLine]
    last_number: int
    has_more: bool
    poll_after_seconds: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        items = []
        for items_item_data in self.items:
            items_item = items_item_data.to_dict()
            items.append(items_item)

        last_number = self.last_number

        has_more = self.has_more

        poll_after_seconds = self.poll_after_seconds

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "items": items,
                "last_number": last_number,
                "has_more": has_more,
            }
        )
        if poll_after_seconds is not UNSET:
            field_dict["poll_after_seconds"] = poll_after_seconds

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.log_line import LogLine  # noqa: PLC0415

        d = dict(src_dict)
        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = LogLine.from_dict(items_item_data)

            items.append(items_item)

        last_number = d.pop("last_number")

        has_more = d.pop("has_more")

        poll_after_seconds = d.pop("poll_after_seconds", UNSET)

        log_page = cls(
            items=items,
            last_number=last_number,
            has_more=has_more,
            poll_after_seconds=poll_after_seconds,
        )

        log_page.additional_properties = d
        return log_page

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
