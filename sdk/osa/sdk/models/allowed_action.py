from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.action_name_type_0 import ActionNameType0
from ..types import UNSET, Unset

T = TypeVar("T", bound="AllowedAction")


@_attrs_define
class AllowedAction:
    """Whether an action would be accepted now.

    Attributes:
        action (ActionNameType0 | str): Something that can be done with an ingestion.
        allowed (bool): By the rule that the action itself is judged by.
        code (str | Unset): The code of the problem that it would be.
        reason (str | Unset): Why not.
    """

    action: ActionNameType0 | str
    allowed: bool
    code: str | Unset = UNSET
    reason: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        action: str
        if isinstance(self.action, ActionNameType0):
            action = self.action.value
        else:
            action = self.action

        allowed = self.allowed

        code = self.code

        reason = self.reason

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "action": action,
                "allowed": allowed,
            }
        )
        if code is not UNSET:
            field_dict["code"] = code
        if reason is not UNSET:
            field_dict["reason"] = reason

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_action(data: object) -> ActionNameType0 | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_action_name_type_0 = ActionNameType0(data)

                return componentsschemas_action_name_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ActionNameType0 | str, data)

        action = _parse_action(d.pop("action"))

        allowed = d.pop("allowed")

        code = d.pop("code", UNSET)

        reason = d.pop("reason", UNSET)

        allowed_action = cls(
            action=action,
            allowed=allowed,
            code=code,
            reason=reason,
        )

        allowed_action.additional_properties = d
        return allowed_action

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
