from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.audit_action_type_0 import AuditActionType0
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.audit_entry_detail import AuditEntryDetail


T = TypeVar("T", bound="AuditEntry")


@_attrs_define
class AuditEntry:
    """One change, and who asked for it.

    Attributes:
        id (UUID): A UUID; the server makes version 7, which sorts by time.
        at (datetime.datetime): When.
        action (AuditActionType0 | str): What was done.
        token_name (str): The name of the token; `osa` for the server itself.
        tenant (str): Whose things were changed.
        detail (AuditEntryDetail): What belongs to the action.
        token_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        ingestion_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        request_id (str | Unset): Finds the request in the server's log.
    """

    id: UUID
    at: datetime.datetime
    action: AuditActionType0 | str
    token_name: str
    tenant: str
    detail: AuditEntryDetail
    token_id: UUID | Unset = UNSET
    ingestion_id: UUID | Unset = UNSET
    request_id: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        at = self.at.isoformat()

        action: str
        if isinstance(self.action, AuditActionType0):
            action = self.action.value
        else:
            action = self.action

        token_name = self.token_name

        tenant = self.tenant

        detail = self.detail.to_dict()

        token_id: str | Unset = UNSET
        if not isinstance(self.token_id, Unset):
            token_id = str(self.token_id)

        ingestion_id: str | Unset = UNSET
        if not isinstance(self.ingestion_id, Unset):
            ingestion_id = str(self.ingestion_id)

        request_id = self.request_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "at": at,
                "action": action,
                "token_name": token_name,
                "tenant": tenant,
                "detail": detail,
            }
        )
        if token_id is not UNSET:
            field_dict["token_id"] = token_id
        if ingestion_id is not UNSET:
            field_dict["ingestion_id"] = ingestion_id
        if request_id is not UNSET:
            field_dict["request_id"] = request_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.audit_entry_detail import AuditEntryDetail  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        at = datetime.datetime.fromisoformat(d.pop("at"))

        def _parse_action(data: object) -> AuditActionType0 | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_audit_action_type_0 = AuditActionType0(data)

                return componentsschemas_audit_action_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(AuditActionType0 | str, data)

        action = _parse_action(d.pop("action"))

        token_name = d.pop("token_name")

        tenant = d.pop("tenant")

        detail = AuditEntryDetail.from_dict(d.pop("detail"))

        _token_id = d.pop("token_id", UNSET)
        token_id: UUID | Unset
        if isinstance(_token_id, Unset):
            token_id = UNSET
        else:
            token_id = UUID(_token_id)

        _ingestion_id = d.pop("ingestion_id", UNSET)
        ingestion_id: UUID | Unset
        if isinstance(_ingestion_id, Unset):
            ingestion_id = UNSET
        else:
            ingestion_id = UUID(_ingestion_id)

        request_id = d.pop("request_id", UNSET)

        audit_entry = cls(
            id=id,
            at=at,
            action=action,
            token_name=token_name,
            tenant=tenant,
            detail=detail,
            token_id=token_id,
            ingestion_id=ingestion_id,
            request_id=request_id,
        )

        audit_entry.additional_properties = d
        return audit_entry

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
