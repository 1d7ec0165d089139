from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.total_relation_type_0 import TotalRelationType0

T = TypeVar("T", bound="Total")


@_attrs_define
class Total:
    """How many there are.

    Attributes:
        value (int): The number, 10,000 at most.
        relation (str | TotalRelationType0): Whether the value is exact, or there are more.
    """

    value: int
    relation: str | TotalRelationType0
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        value = self.value

        relation: str
        if isinstance(self.relation, TotalRelationType0):
            relation = self.relation.value
        else:
            relation = self.relation

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "value": value,
                "relation": relation,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        value = d.pop("value")

        def _parse_relation(data: object) -> str | TotalRelationType0:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_total_relation_type_0 = TotalRelationType0(data)

                return componentsschemas_total_relation_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(str | TotalRelationType0, data)

        relation = _parse_relation(d.pop("relation"))

        total = cls(
            value=value,
            relation=relation,
        )

        total.additional_properties = d
        return total

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
