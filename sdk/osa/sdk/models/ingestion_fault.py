from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.fault_origin import FaultOrigin

T = TypeVar("T", bound="IngestionFault")


@_attrs_define
class IngestionFault:
    """Why an ingestion or an attempt failed; a problem, and who has to act.

    Attributes:
        type_ (str): A name for the kind of problem.
        title (str): The same for every problem of its kind.
        status (int): The HTTP status that fits best.
        detail (str): What is wrong, where, and what to do.
        code (str): The kind in capitals.
        retryable (bool): Whether the same again may succeed.
        origin (FaultOrigin | str): Who has to act.
        kind (str): A stable word for programs.
        attempt (int): In which attempt; 0 for none.
        hint (None | str): What to do next.
    """

    type_: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    origin: FaultOrigin | str
    kind: str
    attempt: int
    hint: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_

        title = self.title

        status = self.status

        detail = self.detail

        code = self.code

        retryable = self.retryable

        origin: str
        if isinstance(self.origin, FaultOrigin):
            origin = self.origin.value
        else:
            origin = self.origin

        kind = self.kind

        attempt = self.attempt

        hint: None | str
        hint = self.hint

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "title": title,
                "status": status,
                "detail": detail,
                "code": code,
                "retryable": retryable,
                "origin": origin,
                "kind": kind,
                "attempt": attempt,
                "hint": hint,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        type_ = d.pop("type")

        title = d.pop("title")

        status = d.pop("status")

        detail = d.pop("detail")

        code = d.pop("code")

        retryable = d.pop("retryable")

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

        kind = d.pop("kind")

        attempt = d.pop("attempt")

        def _parse_hint(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        hint = _parse_hint(d.pop("hint"))

        ingestion_fault = cls(
            type_=type_,
            title=title,
            status=status,
            detail=detail,
            code=code,
            retryable=retryable,
            origin=origin,
            kind=kind,
            attempt=attempt,
            hint=hint,
        )

        ingestion_fault.additional_properties = d
        return ingestion_fault

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
