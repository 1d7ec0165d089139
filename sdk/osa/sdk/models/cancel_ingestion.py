from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="CancelIngestion")


@_attrs_define
class CancelIngestion:
    """How to cancel.

    Attributes:
        reason (str | Unset): Why, for whoever reads it later.
        grace_seconds (int | Unset): Seconds the item in hand may take before it is ended by force. Default: 120.
        force (bool | Unset): Do not wait for the worker: the ingestion is canceled with the answer, and what it still
            does counts
            for nothing. The work itself is ended within seconds.
             Default: False.
    """

    reason: str | Unset = UNSET
    grace_seconds: int | Unset = 120
    force: bool | Unset = False

    def to_dict(self) -> dict[str, Any]:
        reason = self.reason

        grace_seconds = self.grace_seconds

        force = self.force

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if reason is not UNSET:
            field_dict["reason"] = reason
        if grace_seconds is not UNSET:
            field_dict["grace_seconds"] = grace_seconds
        if force is not UNSET:
            field_dict["force"] = force

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        reason = d.pop("reason", UNSET)

        grace_seconds = d.pop("grace_seconds", UNSET)

        force = d.pop("force", UNSET)

        cancel_ingestion = cls(
            reason=reason,
            grace_seconds=grace_seconds,
            force=force,
        )

        return cancel_ingestion
