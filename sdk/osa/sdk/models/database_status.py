from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="DatabaseStatus")


@_attrs_define
class DatabaseStatus:
    """The database.

    Attributes:
        kind (str): sqlite or postgresql.
        revision (str): The version of its tables.
        latency_seconds (float): How long a question to it took.
    """

    kind: str
    revision: str
    latency_seconds: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        kind = self.kind

        revision = self.revision

        latency_seconds = self.latency_seconds

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "kind": kind,
                "revision": revision,
                "latency_seconds": latency_seconds,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        kind = d.pop("kind")

        revision = d.pop("revision")

        latency_seconds = d.pop("latency_seconds")

        database_status = cls(
            kind=kind,
            revision=revision,
            latency_seconds=latency_seconds,
        )

        database_status.additional_properties = d
        return database_status

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
