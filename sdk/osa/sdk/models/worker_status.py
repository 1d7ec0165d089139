from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="WorkerStatus")


@_attrs_define
class WorkerStatus:
    """A worker.

    Attributes:
        id (str): Host, process and something unique.
        slots (int): How many ingestions it runs at the same time.
        busy (int): How many it runs now.
        started_at (datetime.datetime): Since when it works.
        heartbeat_at (datetime.datetime): Its last sign of life.
        alive (bool): Whether that is recent.
    """

    id: str
    slots: int
    busy: int
    started_at: datetime.datetime
    heartbeat_at: datetime.datetime
    alive: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        slots = self.slots

        busy = self.busy

        started_at = self.started_at.isoformat()

        heartbeat_at = self.heartbeat_at.isoformat()

        alive = self.alive

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "slots": slots,
                "busy": busy,
                "started_at": started_at,
                "heartbeat_at": heartbeat_at,
                "alive": alive,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        slots = d.pop("slots")

        busy = d.pop("busy")

        started_at = datetime.datetime.fromisoformat(d.pop("started_at"))

        heartbeat_at = datetime.datetime.fromisoformat(d.pop("heartbeat_at"))

        alive = d.pop("alive")

        worker_status = cls(
            id=id,
            slots=slots,
            busy=busy,
            started_at=started_at,
            heartbeat_at=heartbeat_at,
            alive=alive,
        )

        worker_status.additional_properties = d
        return worker_status

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
