from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.cleanup_member import CleanupMember


T = TypeVar("T", bound="Cleanup")


@_attrs_define
class Cleanup:
    """A set of ended ingestions, and how much of it is deleted.

    Attributes:
        match_count (int): How many were selected.
        bytes_ (int): The size of their artifacts; content that a record holds too stays on the disk.
        sample (list[CleanupMember]): A few of them, those that ended first.
        selection_token (str): Names this set.
        expires_at (datetime.datetime): Until when the token holds.
        deleted_count (int): How many of them are deleted.
        remaining_count (int): How many of them are still there.
    """

    match_count: int
    bytes_: int
    sample: list[CleanupMember]
    selection_token: str
    expires_at: datetime.datetime
    deleted_count: int
    remaining_count: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        match_count = self.match_count

        bytes_ = self.bytes_

        sample = []
        for sample_item_data in self.sample:
            sample_item = sample_item_data.to_dict()
            sample.append(sample_item)

        selection_token = self.selection_token

        expires_at = self.expires_at.isoformat()

        deleted_count = self.deleted_count

        remaining_count = self.remaining_count

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "match_count": match_count,
                "bytes": bytes_,
                "sample": sample,
                "selection_token": selection_token,
                "expires_at": expires_at,
                "deleted_count": deleted_count,
                "remaining_count": remaining_count,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.cleanup_member import CleanupMember  # noqa: PLC0415

        d = dict(src_dict)
        match_count = d.pop("match_count")

        bytes_ = d.pop("bytes")

        sample = []
        _sample = d.pop("sample")
        for sample_item_data in _sample:
            sample_item = CleanupMember.from_dict(sample_item_data)

            sample.append(sample_item)

        selection_token = d.pop("selection_token")

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        deleted_count = d.pop("deleted_count")

        remaining_count = d.pop("remaining_count")

        cleanup = cls(
            match_count=match_count,
            bytes_=bytes_,
            sample=sample,
            selection_token=selection_token,
            expires_at=expires_at,
            deleted_count=deleted_count,
            remaining_count=remaining_count,
        )

        cleanup.additional_properties = d
        return cleanup

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
