from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="ResumeCampaign")


@_attrs_define
class ResumeCampaign:
    """How to go on.

    Attributes:
        requeue_failed (bool | Unset): Start children again that failed or were canceled. After a cancel the canceled
            ones always are. Default: False.
    """

    requeue_failed: bool | Unset = False

    def to_dict(self) -> dict[str, Any]:
        requeue_failed = self.requeue_failed

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if requeue_failed is not UNSET:
            field_dict["requeue_failed"] = requeue_failed

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        requeue_failed = d.pop("requeue_failed", UNSET)

        resume_campaign = cls(
            requeue_failed=requeue_failed,
        )

        return resume_campaign
