from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="AdvanceCampaign")


@_attrs_define
class AdvanceCampaign:
    """Which step.

    Attributes:
        start_position (int): Where the step begins, as the campaign says it.
    """

    start_position: int

    def to_dict(self) -> dict[str, Any]:
        start_position = self.start_position

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "start_position": start_position,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        start_position = d.pop("start_position")

        advance_campaign = cls(
            start_position=start_position,
        )

        return advance_campaign
