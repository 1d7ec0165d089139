from __future__ import annotations

from collections.abc import Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    cast,
)
from uuid import UUID

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.metadata import Metadata


T = TypeVar("T", bound="RecordSource")


@_attrs_define
class RecordSource:
    """What the archive already holds; each file of the record that was not derived from it.

    Attributes:
        type_ (Literal['record']):
        record_id (UUID): A UUID; the server makes version 7, which sorts by time.
        metadata (Metadata | Unset): Any JSON object of the caller's, up to 64 KiB; kept and given back, never
            interpreted.
    """

    type_: Literal["record"]
    record_id: UUID
    metadata: Metadata | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_

        record_id = str(self.record_id)

        metadata: dict[str, Any] | Unset = UNSET
        if not isinstance(self.metadata, Unset):
            metadata = self.metadata.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "type": type_,
                "record_id": record_id,
            }
        )
        if metadata is not UNSET:
            field_dict["metadata"] = metadata

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.metadata import Metadata  # noqa: PLC0415

        d = dict(src_dict)
        type_ = cast(Literal["record"], d.pop("type"))
        if type_ != "record":
            raise ValueError(f"type must match const 'record', got '{type_}'")

        record_id = UUID(d.pop("record_id"))

        _metadata = d.pop("metadata", UNSET)
        metadata: Metadata | Unset
        if isinstance(_metadata, Unset):
            metadata = UNSET
        else:
            metadata = Metadata.from_dict(_metadata)

        record_source = cls(
            type_=type_,
            record_id=record_id,
            metadata=metadata,
        )

        return record_source
