from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.attempt_end_reason import AttemptEndReason
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.ingestion_fault import IngestionFault


T = TypeVar("T", bound="Attempt")


@_attrs_define
class Attempt:
    """One worker's hold on the ingestion.

    Attributes:
        number (int): From 1.
        worker (str): Which worker.
        started_at (datetime.datetime): When it was taken.
        ended_at (datetime.datetime | None): When it was let go.
        end_reason (AttemptEndReason | None | str): Why a worker let go of the ingestion; null while it is held.
        error (IngestionFault | Unset): Why an ingestion or an attempt failed; a problem, and who has to act.
    """

    number: int
    worker: str
    started_at: datetime.datetime
    ended_at: datetime.datetime | None
    end_reason: AttemptEndReason | None | str
    error: IngestionFault | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        number = self.number

        worker = self.worker

        started_at = self.started_at.isoformat()

        ended_at: None | str
        if isinstance(self.ended_at, datetime.datetime):
            ended_at = self.ended_at.isoformat()
        else:
            ended_at = self.ended_at

        end_reason: None | str
        if isinstance(self.end_reason, AttemptEndReason):
            end_reason = self.end_reason.value
        else:
            end_reason = self.end_reason

        error: dict[str, Any] | Unset = UNSET
        if not isinstance(self.error, Unset):
            error = self.error.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "number": number,
                "worker": worker,
                "started_at": started_at,
                "ended_at": ended_at,
                "end_reason": end_reason,
            }
        )
        if error is not UNSET:
            field_dict["error"] = error

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.ingestion_fault import IngestionFault  # noqa: PLC0415

        d = dict(src_dict)
        number = d.pop("number")

        worker = d.pop("worker")

        started_at = datetime.datetime.fromisoformat(d.pop("started_at"))

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

        def _parse_end_reason(data: object) -> AttemptEndReason | None | str:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_attempt_end_reason_type_0 = AttemptEndReason(data)

                return componentsschemas_attempt_end_reason_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(AttemptEndReason | None | str, data)

        end_reason = _parse_end_reason(d.pop("end_reason"))

        _error = d.pop("error", UNSET)
        error: IngestionFault | Unset
        if isinstance(_error, Unset):
            error = UNSET
        else:
            error = IngestionFault.from_dict(_error)

        attempt = cls(
            number=number,
            worker=worker,
            started_at=started_at,
            ended_at=ended_at,
            end_reason=end_reason,
            error=error,
        )

        attempt.additional_properties = d
        return attempt

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
