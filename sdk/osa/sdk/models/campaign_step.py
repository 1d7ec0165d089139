from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.ingestion_status import IngestionStatus

if TYPE_CHECKING:
    from ..models.counts import Counts


T = TypeVar("T", bound="CampaignStep")


@_attrs_define
class CampaignStep:
    """A step, and the ingestion that carries it out.

    Attributes:
        number (int): From 1.
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        start_position (int): Where it began.
        status (IngestionStatus | str): Where the ingestion is. Exactly three values are ended states, for ever; see
            `done`.
        counts (Counts): What became of the items; `seen` is always the sum of the others.
        created_at (datetime.datetime): When it was accepted.
        ended_at (datetime.datetime | None): When it was done.
    """

    number: int
    ingestion_id: UUID
    start_position: int
    status: IngestionStatus | str
    counts: Counts
    created_at: datetime.datetime
    ended_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        number = self.number

        ingestion_id = str(self.ingestion_id)

        start_position = self.start_position

        status: str
        if isinstance(self.status, IngestionStatus):
            status = self.status.value
        else:
            status = self.status

        counts = self.counts.to_dict()

        created_at = self.created_at.isoformat()

        ended_at: None | str
        if isinstance(self.ended_at, datetime.datetime):
            ended_at = self.ended_at.isoformat()
        else:
            ended_at = self.ended_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "number": number,
                "ingestion_id": ingestion_id,
                "start_position": start_position,
                "status": status,
                "counts": counts,
                "created_at": created_at,
                "ended_at": ended_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.counts import Counts  # noqa: PLC0415

        d = dict(src_dict)
        number = d.pop("number")

        ingestion_id = UUID(d.pop("ingestion_id"))

        start_position = d.pop("start_position")

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

        counts = Counts.from_dict(d.pop("counts"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

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

        campaign_step = cls(
            number=number,
            ingestion_id=ingestion_id,
            start_position=start_position,
            status=status,
            counts=counts,
            created_at=created_at,
            ended_at=ended_at,
        )

        campaign_step.additional_properties = d
        return campaign_step

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
