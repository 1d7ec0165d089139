from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.fault_origin import FaultOrigin

T = TypeVar("T", bound="ItemFault")


@_attrs_define
class ItemFault:
    """Why an item was skipped, rejected or failed.

    Attributes:
        kind (str): A stable word for programs.
        detail (str): What is wrong and where.
        origin (FaultOrigin | str): Who has to act.
        retryable (bool): Whether the same again may succeed.
        hint (None | str): What to do next.
    """

    kind: str
    detail: str
    origin: FaultOrigin | str
    retryable: bool
    hint: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        kind = self.kind

        detail = self.detail

        origin: str
        if isinstance(self.origin, FaultOrigin):
            origin = self.origin.value
        else:
            origin = self.origin

        retryable = self.retryable

        hint: None | str
        hint = self.hint

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "kind": kind,
                "detail": detail,
                "origin": origin,
                "retryable": retryable,
                "hint": hint,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        kind = d.pop("kind")

        detail = d.pop("detail")

        def _parse_origin(data: object) -> FaultOrigin | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_fault_origin_type_0 = FaultOrigin(data)

                return componentsschemas_fault_origin_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FaultOrigin | str, data)

        origin = _parse_origin(d.pop("origin"))

        retryable = d.pop("retryable")

        def _parse_hint(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        hint = _parse_hint(d.pop("hint"))

        item_fault = cls(
            kind=kind,
            detail=detail,
            origin=origin,
            retryable=retryable,
            hint=hint,
        )

        item_fault.additional_properties = d
        return item_fault

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
