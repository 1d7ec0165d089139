from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.item_outcome import ItemOutcome
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.item_fault import ItemFault


T = TypeVar("T", bound="IngestionItem")


@_attrs_define
class IngestionItem:
    """One thing read from the source.

    Attributes:
        number (int): From 1 in the order of commits.
        source_id (str): What identifies an item within its convention, for ever.
        outcome (ItemOutcome | str): `created`, `updated`: the record was written. `unchanged`: the archive already
            holds exactly this.
            `skipped`: the convention's own rule passed it over. `rejected`: the item is not valid. `failed`: an
            error while working on it.
        title (None | str): What people call it.
        attempt (int): In which attempt.
        published_at (datetime.datetime): When its batch was committed.
        record_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        error (ItemFault | Unset): Why an item was skipped, rejected or failed.
    """

    number: int
    source_id: str
    outcome: ItemOutcome | str
    title: None | str
    attempt: int
    published_at: datetime.datetime
    record_id: UUID | Unset = UNSET
    error: ItemFault | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        number = self.number

        source_id = self.source_id

        outcome: str
        if isinstance(self.outcome, ItemOutcome):
            outcome = self.outcome.value
        else:
            outcome = self.outcome

        title: None | str
        title = self.title

        attempt = self.attempt

        published_at = self.published_at.isoformat()

        record_id: str | Unset = UNSET
        if not isinstance(self.record_id, Unset):
            record_id = str(self.record_id)

        error: dict[str, Any] | Unset = UNSET
        if not isinstance(self.error, Unset):
            error = self.error.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "number": number,
                "source_id": source_id,
                "outcome": outcome,
                "title": title,
                "attempt": attempt,
                "published_at": published_at,
            }
        )
        if record_id is not UNSET:
            field_dict["record_id"] = record_id
        if error is not UNSET:
            field_dict["error"] = error

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.item_fault import ItemFault  # noqa: PLC0415

        d = dict(src_dict)
        number = d.pop("number")

        source_id = d.pop("source_id")

        def _parse_outcome(data: object) -> ItemOutcome | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_item_outcome_type_0 = ItemOutcome(data)

                return componentsschemas_item_outcome_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ItemOutcome | str, data)

        outcome = _parse_outcome(d.pop("outcome"))

        def _parse_title(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        title = _parse_title(d.pop("title"))

        attempt = d.pop("attempt")

        published_at = datetime.datetime.fromisoformat(d.pop("published_at"))

        _record_id = d.pop("record_id", UNSET)
        record_id: UUID | Unset
        if isinstance(_record_id, Unset):
            record_id = UNSET
        else:
            record_id = UUID(_record_id)

        _error = d.pop("error", UNSET)
        error: ItemFault | Unset
        if isinstance(_error, Unset):
            error = UNSET
        else:
            error = ItemFault.from_dict(_error)

        ingestion_item = cls(
            number=number,
            source_id=source_id,
            outcome=outcome,
            title=title,
            attempt=attempt,
            published_at=published_at,
            record_id=record_id,
            error=error,
        )

        ingestion_item.additional_properties = d
        return ingestion_item

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
