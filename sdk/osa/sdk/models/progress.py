from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Progress")


@_attrs_define
class Progress:
    """How far it is.

    Attributes:
        phase (None | str): A word for what it is doing.
        message (None | str): A sentence for people.
        unit (None | str): What is counted.
        completed (int | None): How many are done.
        total (int | None): How many there are; null when nobody knows.
        total_is_estimate (bool): Whether the total may still change.
        percent (float | None): Null when the total is unknown; 100 only when done.
        rate_per_second (float | None): Units a second of late.
        eta (datetime.datetime | None): When it will be done; null unless that can be known.
        stalled (bool): The worker lives and nothing advanced for 60 seconds.
        updated_at (datetime.datetime | None): When this last changed.
    """

    phase: None | str
    message: None | str
    unit: None | str
    completed: int | None
    total: int | None
    total_is_estimate: bool
    percent: float | None
    rate_per_second: float | None
    eta: datetime.datetime | None
    stalled: bool
    updated_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        phase: None | str
        phase = self.phase

        message: None | str
        message = self.message

        unit: None | str
        unit = self.unit

        completed: int | None
        completed = self.completed

        total: int | None
        total = self.total

        total_is_estimate = self.total_is_estimate

        percent: float | None
        percent = self.percent

        rate_per_second: float | None
        rate_per_second = self.rate_per_second

        eta: None | str
        if isinstance(self.eta, datetime.datetime):
            eta = self.eta.isoformat()
        else:
            eta = self.eta

        stalled = self.stalled

        updated_at: None | str
        if isinstance(self.updated_at, datetime.datetime):
            updated_at = self.updated_at.isoformat()
        else:
            updated_at = self.updated_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "phase": phase,
                "message": message,
                "unit": unit,
                "completed": completed,
                "total": total,
                "total_is_estimate": total_is_estimate,
                "percent": percent,
                "rate_per_second": rate_per_second,
                "eta": eta,
                "stalled": stalled,
                "updated_at": updated_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_phase(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        phase = _parse_phase(d.pop("phase"))

        def _parse_message(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        message = _parse_message(d.pop("message"))

        def _parse_unit(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        unit = _parse_unit(d.pop("unit"))

        def _parse_completed(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        completed = _parse_completed(d.pop("completed"))

        def _parse_total(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        total = _parse_total(d.pop("total"))

        total_is_estimate = d.pop("total_is_estimate")

        def _parse_percent(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        percent = _parse_percent(d.pop("percent"))

        def _parse_rate_per_second(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        rate_per_second = _parse_rate_per_second(d.pop("rate_per_second"))

        def _parse_eta(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                eta_type_0 = datetime.datetime.fromisoformat(data)

                return eta_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        eta = _parse_eta(d.pop("eta"))

        stalled = d.pop("stalled")

        def _parse_updated_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                updated_at_type_0 = datetime.datetime.fromisoformat(data)

                return updated_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        updated_at = _parse_updated_at(d.pop("updated_at"))

        progress = cls(
            phase=phase,
            message=message,
            unit=unit,
            completed=completed,
            total=total,
            total_is_estimate=total_is_estimate,
            percent=percent,
            rate_per_second=rate_per_second,
            eta=eta,
            stalled=stalled,
            updated_at=updated_at,
        )

        progress.additional_properties = d
        return progress

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
