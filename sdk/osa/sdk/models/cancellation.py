from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.cancel_outcome import CancelOutcome

T = TypeVar("T", bound="Cancellation")


@_attrs_define
class Cancellation:
    """The request to cancel, and how it went.

    Attributes:
        requested_at (datetime.datetime): When it was first asked.
        requested_by (str): The name of the token that asked.
        reason (None | str): Why.
        deadline_at (datetime.datetime | None): When it is done at the latest; null when it was done at once.
        outcome (CancelOutcome | str): How the request to cancel went.
    """

    requested_at: datetime.datetime
    requested_by: str
    reason: None | str
    deadline_at: datetime.datetime | None
    outcome: CancelOutcome | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        requested_at = self.requested_at.isoformat()

        requested_by = self.requested_by

        reason: None | str
        reason = self.reason

        deadline_at: None | str
        if isinstance(self.deadline_at, datetime.datetime):
            deadline_at = self.deadline_at.isoformat()
        else:
            deadline_at = self.deadline_at

        outcome: str
        if isinstance(self.outcome, CancelOutcome):
            outcome = self.outcome.value
        else:
            outcome = self.outcome

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "requested_at": requested_at,
                "requested_by": requested_by,
                "reason": reason,
                "deadline_at": deadline_at,
                "outcome": outcome,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        requested_at = datetime.datetime.fromisoformat(d.pop("requested_at"))

        requested_by = d.pop("requested_by")

        def _parse_reason(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reason = _parse_reason(d.pop("reason"))

        def _parse_deadline_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                deadline_at_type_0 = datetime.datetime.fromisoformat(data)

                return deadline_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        deadline_at = _parse_deadline_at(d.pop("deadline_at"))

        def _parse_outcome(data: object) -> CancelOutcome | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_cancel_outcome_type_0 = CancelOutcome(data)

                return componentsschemas_cancel_outcome_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CancelOutcome | str, data)

        outcome = _parse_outcome(d.pop("outcome"))

        cancellation = cls(
            requested_at=requested_at,
            requested_by=requested_by,
            reason=reason,
            deadline_at=deadline_at,
            outcome=outcome,
        )

        cancellation.additional_properties = d
        return cancellation

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
