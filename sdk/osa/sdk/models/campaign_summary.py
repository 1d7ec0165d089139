from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.campaign_status_type_0 import CampaignStatusType0

if TYPE_CHECKING:
    from ..models.campaign_progress import CampaignProgress
    from ..models.child_counts import ChildCounts


T = TypeVar("T", bound="CampaignSummary")


@_attrs_define
class CampaignSummary:
    """What everybody may see.

    Attributes:
        status (CampaignStatusType0 | str): Where a campaign is.
        done (bool): Whether it is over.
        campaign_total_children (int | None): How many children are expected.
        children (ChildCounts): Its children, each counted once, by where it is: one that was tried again as its last
            try is. One that was
            deleted stays counted as it ended. `total` is always the sum of the others.
        progress (CampaignProgress): How far it is.
        updated_at (datetime.datetime): When it last changed.
    """

    status: CampaignStatusType0 | str
    done: bool
    campaign_total_children: int | None
    children: ChildCounts
    progress: CampaignProgress
    updated_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        status: str
        if isinstance(self.status, CampaignStatusType0):
            status = self.status.value
        else:
            status = self.status

        done = self.done

        campaign_total_children: int | None
        campaign_total_children = self.campaign_total_children

        children = self.children.to_dict()

        progress = self.progress.to_dict()

        updated_at = self.updated_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "status": status,
                "done": done,
                "campaign_total_children": campaign_total_children,
                "children": children,
                "progress": progress,
                "updated_at": updated_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.campaign_progress import CampaignProgress  # noqa: PLC0415
        from ..models.child_counts import ChildCounts  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_status(data: object) -> CampaignStatusType0 | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_campaign_status_type_0 = CampaignStatusType0(data)

                return componentsschemas_campaign_status_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CampaignStatusType0 | str, data)

        status = _parse_status(d.pop("status"))

        done = d.pop("done")

        def _parse_campaign_total_children(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        campaign_total_children = _parse_campaign_total_children(d.pop("campaign_total_children"))

        children = ChildCounts.from_dict(d.pop("children"))

        progress = CampaignProgress.from_dict(d.pop("progress"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        campaign_summary = cls(
            status=status,
            done=done,
            campaign_total_children=campaign_total_children,
            children=children,
            progress=progress,
            updated_at=updated_at,
        )

        campaign_summary.additional_properties = d
        return campaign_summary

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
