from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ChildCounts")


@_attrs_define
class ChildCounts:
    """Its children, each counted once, by where it is: one that was tried again as its last try is. One that was
    deleted stays counted as it ended. `total` is always the sum of the others.

        Attributes:
            total (int): All of them.
            queued (int): Waiting.
            running (int): Being worked on.
            canceling (int): Being stopped.
            succeeded (int): Done.
            failed (int): Could not go on.
            canceled (int): Stopped.
    """

    total: int
    queued: int
    running: int
    canceling: int
    succeeded: int
    failed: int
    canceled: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        total = self.total

        queued = self.queued

        running = self.running

        canceling = self.canceling

        succeeded = self.succeeded

        failed = self.failed

        canceled = self.canceled

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "total": total,
                "queued": queued,
                "running": running,
                "canceling": canceling,
                "succeeded": succeeded,
                "failed": failed,
                "canceled": canceled,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        total = d.pop("total")

        queued = d.pop("queued")

        running = d.pop("running")

        canceling = d.pop("canceling")

        succeeded = d.pop("succeeded")

        failed = d.pop("failed")

        canceled = d.pop("canceled")

        child_counts = cls(
            total=total,
            queued=queued,
            running=running,
            canceling=canceling,
            succeeded=succeeded,
            failed=failed,
            canceled=canceled,
        )

        child_counts.additional_properties = d
        return child_counts

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
