from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.diagnosis_code_type_0 import DiagnosisCodeType0
from ..models.ingestion_status import IngestionStatus
from ..types import UNSET, Unset

T = TypeVar("T", bound="Diagnosis")


@_attrs_define
class Diagnosis:
    """Why an ingestion is where it is, and what to do about it.

    Attributes:
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        status (IngestionStatus | str): Where the ingestion is. Exactly three values are ended states, for ever; see
            `done`.
        code (DiagnosisCodeType0 | str): Why the ingestion is where it is.
        text (str): The reason in a sentence or two.
        since (datetime.datetime | None): Since when it is so.
        action (None | str): What to do; null when there is nothing to do.
        checked_at (datetime.datetime): When this was worked out.
        queue_position (int | Unset): How many are taken before it.
        blocked_by (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
    """

    ingestion_id: UUID
    status: IngestionStatus | str
    code: DiagnosisCodeType0 | str
    text: str
    since: datetime.datetime | None
    action: None | str
    checked_at: datetime.datetime
    queue_position: int | Unset = UNSET
    blocked_by: UUID | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        ingestion_id = str(self.ingestion_id)

        status: str
        if isinstance(self.status, IngestionStatus):
            status = self.status.value
        else:
            status = self.status

        code: str
        if isinstance(self.code, DiagnosisCodeType0):
            code = self.code.value
        else:
            code = self.code

        text = self.text

        since: None | str
        if isinstance(self.since, datetime.datetime):
            since = self.since.isoformat()
        else:
            since = self.since

        action: None | str
        action = self.action

        checked_at = self.checked_at.isoformat()

        queue_position = self.queue_position

        blocked_by: str | Unset = UNSET
        if not isinstance(self.blocked_by, Unset):
            blocked_by = str(self.blocked_by)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "ingestion_id": ingestion_id,
                "status": status,
                "code": code,
                "text": text,
                "since": since,
                "action": action,
                "checked_at": checked_at,
            }
        )
        if queue_position is not UNSET:
            field_dict["queue_position"] = queue_position
        if blocked_by is not UNSET:
            field_dict["blocked_by"] = blocked_by

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        ingestion_id = UUID(d.pop("ingestion_id"))

        def _parse_status(data: object) -> IngestionStatus | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_ingestion_status_type_0 = IngestionStatus(data)

                return componentsschemas_ingestion_status_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(IngestionStatus | str, data)

        status = _parse_status(d.pop("status"))

        def _parse_code(data: object) -> DiagnosisCodeType0 | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_diagnosis_code_type_0 = DiagnosisCodeType0(data)

                return componentsschemas_diagnosis_code_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(DiagnosisCodeType0 | str, data)

        code = _parse_code(d.pop("code"))

        text = d.pop("text")

        def _parse_since(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                since_type_0 = datetime.datetime.fromisoformat(data)

                return since_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        since = _parse_since(d.pop("since"))

        def _parse_action(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        action = _parse_action(d.pop("action"))

        checked_at = datetime.datetime.fromisoformat(d.pop("checked_at"))

        queue_position = d.pop("queue_position", UNSET)

        _blocked_by = d.pop("blocked_by", UNSET)
        blocked_by: UUID | Unset
        if isinstance(_blocked_by, Unset):
            blocked_by = UNSET
        else:
            blocked_by = UUID(_blocked_by)

        diagnosis = cls(
            ingestion_id=ingestion_id,
            status=status,
            code=code,
            text=text,
            since=since,
            action=action,
            checked_at=checked_at,
            queue_position=queue_position,
            blocked_by=blocked_by,
        )

        diagnosis.additional_properties = d
        return diagnosis

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
