from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.campaign_mode_shown_type_0 import CampaignModeShownType0
from ..models.campaign_reason_type_0 import CampaignReasonType0
from ..models.campaign_status_type_0 import CampaignStatusType0
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.campaign_progress import CampaignProgress
    from ..models.campaign_step import CampaignStep
    from ..models.child_counts import ChildCounts
    from ..models.failure_count import FailureCount
    from ..models.parameters import Parameters


T = TypeVar("T", bound="Campaign")


@_attrs_define
class Campaign:
    """A series of ingestions with one goal and one position.

    Attributes:
        campaign_id (str): The caller's id of a campaign.
        status (CampaignStatusType0 | str): Where a campaign is.
        status_reason (CampaignReasonType0 | str): Why the status is what it is.
        done (bool): True when it is over, succeeded, failed or canceled, and nothing of it is active.
        convention_id (str): A convention's slug, or its SRN `urn:osa:{domain}:conv:{slug}@{version}`.
        parameters (Parameters): The convention's parameters, up to 256 KiB; `getConvention` has their JSON Schema.
        mode (CampaignModeShownType0 | str): Who starts the next step.
        start_position (int): Where the first step began.
        next_start_position (int | None): Where the next step begins; null when there is no more.
        campaign_total_children (int | None): How many children are expected in all; what the source said last, else
            what the caller said.
        step_count (int): Steps that were started.
        children (ChildCounts): Its children, each counted once, by where it is: one that was tried again as its last
            try is. One that was
            deleted stays counted as it ended. `total` is always the sum of the others.
        failures (list[FailureCount]): Why children failed, the most frequent first.
        progress (CampaignProgress): How far it is.
        created_by (str): The name of the token that created it.
        created_at (datetime.datetime): When it was created.
        updated_at (datetime.datetime): When it last changed.
        ended_at (datetime.datetime | None): When it was done; null again when it is resumed, or a child of it is tried
            again.
        name (str | Unset): What people call it.
        latest_step (CampaignStep | Unset): A step, and the ingestion that carries it out.
        summary_href (str | Unset): Where everybody who has this link sees the counts.
        poll_after_seconds (int | Unset): When to ask again; absent once it is done.
    """

    campaign_id: str
    status: CampaignStatusType0 | str
    status_reason: CampaignReasonType0 | str
    done: bool
    convention_id: str
    parameters: Parameters
    mode: CampaignModeShownType0 | str
    start_position: int
    next_start_position: int | None
    campaign_total_children: int | None
    step_count: int
    children: ChildCounts
    failures: list[FailureCount]
    progress: CampaignProgress
    created_by: str
    created_at: datetime.datetime
    updated_at: datetime.datetime
    ended_at: datetime.datetime | None
    name: str | Unset = UNSET
    latest_step: CampaignStep | Unset = UNSET
    summary_href: str | Unset = UNSET
    poll_after_seconds: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        campaign_id = self.campaign_id

        status: str
        if isinstance(self.status, CampaignStatusType0):
            status = self.status.value
        else:
            status = self.status

        status_reason: str
        if isinstance(self.status_reason, CampaignReasonType0):
            status_reason = self.status_reason.value
        else:
            status_reason = self.status_reason

        done = self.done

        convention_id = self.convention_id

        parameters = self.parameters.to_dict()

        mode: str
        if isinstance(self.mode, CampaignModeShownType0):
            mode = self.mode.value
        else:
            mode = self.mode

        start_position = self.start_position

        next_start_position: int | None
        next_start_position = self.next_start_position

        campaign_total_children: int | None
        campaign_total_children = self.campaign_total_children

        step_count = self.step_count

        children = self.children.to_dict()

        failures = []
        for failures_item_data in self.failures:
            failures_item = failures_item_data.to_dict()
            failures.append(failures_item)

        progress = self.progress.to_dict()

        created_by = self.created_by

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        ended_at: None | str
        if isinstance(self.ended_at, datetime.datetime):
            ended_at = self.ended_at.isoformat()
        else:
            ended_at = self.ended_at

        name = self.name

        latest_step: dict[str, Any] | Unset = UNSET
        if not isinstance(self.latest_step, Unset):
            latest_step = self.latest_step.to_dict()

        summary_href = self.summary_href

        poll_after_seconds = self.poll_after_seconds

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "campaign_id": campaign_id,
                "status": status,
                "status_reason": status_reason,
                "done": done,
                "convention_id": convention_id,
                "parameters": parameters,
                "mode": mode,
                "start_position": start_position,
                "next_start_position": next_start_position,
                "campaign_total_children": campaign_total_children,
                "step_count": step_count,
                "children": children,
                "failures": failures,
                "progress": progress,
                "created_by": created_by,
                "created_at": created_at,
                "updated_at": updated_at,
                "ended_at": ended_at,
            }
        )
        if name is not UNSET:
            field_dict["name"] = name
        if latest_step is not UNSET:
            field_dict["latest_step"] = latest_step
        if summary_href is not UNSET:
            field_dict["summary_href"] = summary_href
        if poll_after_seconds is not UNSET:
            field_dict["poll_after_seconds"] = poll_after_seconds

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.campaign_progress import CampaignProgress  # noqa: PLC0415
        from ..models.campaign_step import CampaignStep  # noqa: PLC0415
        from ..models.child_counts import ChildCounts  # noqa: PLC0415
        from ..models.failure_count import FailureCount  # noqa: PLC0415
        from ..models.parameters import Parameters  # noqa: PLC0415

        d = dict(src_dict)
        campaign_id = d.pop("campaign_id")

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

        def _parse_status_reason(data: object) -> CampaignReasonType0 | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_campaign_reason_type_0 = CampaignReasonType0(data)

                return componentsschemas_campaign_reason_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CampaignReasonType0 | str, data)

        status_reason = _parse_status_reason(d.pop("status_reason"))

        done = d.pop("done")

        convention_id = d.pop("convention_id")

        parameters = Parameters.from_dict(d.pop("parameters"))

        def _parse_mode(data: object) -> CampaignModeShownType0 | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_campaign_mode_shown_type_0 = CampaignModeShownType0(data)

                return componentsschemas_campaign_mode_shown_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CampaignModeShownType0 | str, data)

        mode = _parse_mode(d.pop("mode"))

        start_position = d.pop("start_position")

        def _parse_next_start_position(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        next_start_position = _parse_next_start_position(d.pop("next_start_position"))

        def _parse_campaign_total_children(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        campaign_total_children = _parse_campaign_total_children(d.pop("campaign_total_children"))

        step_count = d.pop("step_count")

        children = ChildCounts.from_dict(d.pop("children"))

        failures = []
        _failures = d.pop("failures")
        for failures_item_data in _failures:
            failures_item = FailureCount.from_dict(failures_item_data)

            failures.append(failures_item)

        progress = CampaignProgress.from_dict(d.pop("progress"))

        created_by = d.pop("created_by")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        def _parse_ended_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                ended_at_type_0 = datetime.datetime.fromisoformat(data)

                return ended_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        ended_at = _parse_ended_at(d.pop("ended_at"))

        name = d.pop("name", UNSET)

        _latest_step = d.pop("latest_step", UNSET)
        latest_step: CampaignStep | Unset
        if isinstance(_latest_step, Unset):
            latest_step = UNSET
        else:
            latest_step = CampaignStep.from_dict(_latest_step)

        summary_href = d.pop("summary_href", UNSET)

        poll_after_seconds = d.pop("poll_after_seconds", UNSET)

        campaign = cls(
            campaign_id=campaign_id,
            status=status,
            status_reason=status_reason,
            done=done,
            convention_id=convention_id,
            parameters=parameters,
            mode=mode,
            start_position=start_position,
            next_start_position=next_start_position,
            campaign_total_children=campaign_total_children,
            step_count=step_count,
            children=children,
            failures=failures,
            progress=progress,
            created_by=created_by,
            created_at=created_at,
            updated_at=updated_at,
            ended_at=ended_at,
            name=name,
            latest_step=latest_step,
            summary_href=summary_href,
            poll_after_seconds=poll_after_seconds,
        )

        campaign.additional_properties = d
        return campaign

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
