from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Counts")


@_attrs_define
class Counts:
    """What became of the items; `seen` is always the sum of the others.

    Attributes:
        seen (int): All of them.
        created (int): New records.
        updated (int): Changed records.
        unchanged (int): Already held exactly so.
        skipped (int): Passed over by rule.
        rejected (int): Not valid.
        failed (int): Errors.
    """

    seen: int
    created: int
    updated: int
    unchanged: int
    skipped: int
    rejected: int
    failed: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        seen = self.seen

        created = self.created

        updated = self.updated

        unchanged = self.unchanged

        skipped = self.skipped

        rejected = self.rejected

        failed = self.failed

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "seen": seen,
                "created": created,
                "updated": updated,
                "unchanged": unchanged,
                "skipped": skipped,
                "rejected": rejected,
                "failed": failed,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        seen = d.pop("seen")

        created = d.pop("created")

        updated = d.pop("updated")

        unchanged = d.pop("unchanged")

        skipped = d.pop("skipped")

        rejected = d.pop("rejected")

        failed = d.pop("failed")

        counts = cls(
            seen=seen,
            created=created,
            updated=updated,
            unchanged=unchanged,
            skipped=skipped,
            rejected=rejected,
            failed=failed,
        )

        counts.additional_properties = d
        return counts

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
