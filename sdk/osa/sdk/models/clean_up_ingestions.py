from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.ended_status_choice import EndedStatusChoice
from ..types import UNSET, Unset

T = TypeVar("T", bound="CleanUpIngestions")


@_attrs_define
class CleanUpIngestions:
    """Which ended ingestions to delete; all filters that are given must fit.

    Attributes:
        older_than_seconds (int | Unset): Those that ended at least so many seconds ago.
        status (list[EndedStatusChoice] | Unset): Those with one of these states.
        convention_id (str | Unset): A convention's slug, or its SRN `urn:osa:{domain}:conv:{slug}@{version}`.
        keep_last (int | Unset): But never the last so many of each convention to end.
        selection_token (str | Unset): Delete what was selected under this token.
    """

    older_than_seconds: int | Unset = UNSET
    status: list[EndedStatusChoice] | Unset = UNSET
    convention_id: str | Unset = UNSET
    keep_last: int | Unset = UNSET
    selection_token: str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        older_than_seconds = self.older_than_seconds

        status: list[str] | Unset = UNSET
        if not isinstance(self.status, Unset):
            status = []
            for status_item_data in self.status:
                status_item = status_item_data.value
                status.append(status_item)

        convention_id = self.convention_id

        keep_last = self.keep_last

        selection_token = self.selection_token

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if older_than_seconds is not UNSET:
            field_dict["older_than_seconds"] = older_than_seconds
        if status is not UNSET:
            field_dict["status"] = status
        if convention_id is not UNSET:
            field_dict["convention_id"] = convention_id
        if keep_last is not UNSET:
            field_dict["keep_last"] = keep_last
        if selection_token is not UNSET:
            field_dict["selection_token"] = selection_token

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        older_than_seconds = d.pop("older_than_seconds", UNSET)

        _status = d.pop("status", UNSET)
        status: list[EndedStatusChoice] | Unset = UNSET
        if _status is not UNSET:
            status = []
            for status_item_data in _status:
                status_item = EndedStatusChoice(status_item_data)

                status.append(status_item)

        convention_id = d.pop("convention_id", UNSET)

        keep_last = d.pop("keep_last", UNSET)

        selection_token = d.pop("selection_token", UNSET)

        clean_up_ingestions = cls(
            older_than_seconds=older_than_seconds,
            status=status,
            convention_id=convention_id,
            keep_last=keep_last,
            selection_token=selection_token,
        )

        return clean_up_ingestions
