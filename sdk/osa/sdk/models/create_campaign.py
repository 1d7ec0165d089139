from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..models.campaign_mode import CampaignMode
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.parameters import Parameters


T = TypeVar("T", bound="CreateCampaign")


@_attrs_define
class CreateCampaign:
    """What to run in steps.

    Attributes:
        campaign_id (str): The caller's id of a campaign.
        convention_id (str): A convention's slug, or its SRN `urn:osa:{domain}:conv:{slug}@{version}`.
        parameters (Parameters | Unset): The convention's parameters, up to 256 KiB; `getConvention` has their JSON
            Schema.
        name (str | Unset): What people call it.
        mode (CampaignMode | Unset): Who starts the next step.
        start_position (int | Unset): Where the first step begins; 1 is the first position. Default: 1.
        campaign_total_children (int | Unset): How many children are expected in all; makes progress more than a count.
        public_summary (bool | Unset): Make a link that shows the counts to everybody who has it. Default: False.
    """

    campaign_id: str
    convention_id: str
    parameters: Parameters | Unset = UNSET
    name: str | Unset = UNSET
    mode: CampaignMode | Unset = UNSET
    start_position: int | Unset = 1
    campaign_total_children: int | Unset = UNSET
    public_summary: bool | Unset = False

    def to_dict(self) -> dict[str, Any]:
        campaign_id = self.campaign_id

        convention_id = self.convention_id

        parameters: dict[str, Any] | Unset = UNSET
        if not isinstance(self.parameters, Unset):
            parameters = self.parameters.to_dict()

        name = self.name

        mode: str | Unset = UNSET
        if not isinstance(self.mode, Unset):
            mode = self.mode.value

        start_position = self.start_position

        campaign_total_children = self.campaign_total_children

        public_summary = self.public_summary

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "campaign_id": campaign_id,
                "convention_id": convention_id,
            }
        )
        if parameters is not UNSET:
            field_dict["parameters"] = parameters
        if name is not UNSET:
            field_dict["name"] = name
        if mode is not UNSET:
            field_dict["mode"] = mode
        if start_position is not UNSET:
            field_dict["start_position"] = start_position
        if campaign_total_children is not UNSET:
            field_dict["campaign_total_children"] = campaign_total_children
        if public_summary is not UNSET:
            field_dict["public_summary"] = public_summary

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.parameters import Parameters  # noqa: PLC0415

        d = dict(src_dict)
        campaign_id = d.pop("campaign_id")

        convention_id = d.pop("convention_id")

        _parameters = d.pop("parameters", UNSET)
        parameters: Parameters | Unset
        if isinstance(_parameters, Unset):
            parameters = UNSET
        else:
            parameters = Parameters.from_dict(_parameters)

        name = d.pop("name", UNSET)

        _mode = d.pop("mode", UNSET)
        mode: CampaignMode | Unset
        if isinstance(_mode, Unset):
            mode = UNSET
        else:
            mode = CampaignMode(_mode)

        start_position = d.pop("start_position", UNSET)

        campaign_total_children = d.pop("campaign_total_children", UNSET)

        public_summary = d.pop("public_summary", UNSET)

        create_campaign = cls(
            campaign_id=campaign_id,
            convention_id=convention_id,
            parameters=parameters,
            name=name,
            mode=mode,
            start_position=start_position,
            campaign_total_children=campaign_total_children,
            public_summary=public_summary,
        )

        return create_campaign
