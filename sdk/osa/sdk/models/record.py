from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.derivation import Derivation
    from ..models.record_file import RecordFile
    from ..models.record_metadata import RecordMetadata


T = TypeVar("T", bound="Record")


@_attrs_define
class Record:
    """What the archive holds after an item was published.

    Attributes:
        id (UUID): A UUID; the server makes version 7, which sorts by time.
        srn (str): A name that is unique among archives, `urn:osa:{domain}:{kind}:{id}`.
        convention_id (str): A convention's slug, or its SRN `urn:osa:{domain}:conv:{slug}@{version}`.
        source_id (str): What identifies an item within its convention, for ever.
        version (int): Counts its changes from 1.
        title (None | str): What people call it.
        metadata (RecordMetadata): What the convention found out about it.
        files (list[RecordFile]): Its files.
        derived_from (list[Derivation]): The records of this archive that this version was made from, in the order of
            the source.
        ingestion_id (UUID): A UUID; the server makes version 7, which sorts by time.
        created_at (datetime.datetime): When it was first published.
        updated_at (datetime.datetime): When it last changed.
    """

    id: UUID
    srn: str
    convention_id: str
    source_id: str
    version: int
    title: None | str
    metadata: RecordMetadata
    files: list[RecordFile]
    derived_from: list[Derivation]
    ingestion_id: UUID
    created_at: datetime.datetime
    updated_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        srn = self.srn

        convention_id = self.convention_id

        source_id = self.source_id

        version = self.version

        title: None | str
        title = self.title

        metadata = self.metadata.to_dict()

        files = []
        for files_item_data in self.files:
            files_item = files_item_data.to_dict()
            files.append(files_item)

        derived_from = []
        for derived_from_item_data in self.derived_from:
            derived_from_item = derived_from_item_data.to_dict()
            derived_from.append(derived_from_item)

        ingestion_id = str(self.ingestion_id)

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "srn": srn,
                "convention_id": convention_id,
                "source_id": source_id,
                "version": version,
                "title": title,
                "metadata": metadata,
                "files": files,
                "derived_from": derived_from,
                "ingestion_id": ingestion_id,
                "created_at": created_at,
                "updated_at": updated_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.derivation import Derivation  # noqa: PLC0415
        from ..models.record_file import RecordFile  # noqa: PLC0415
        from ..models.record_metadata import RecordMetadata  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        srn = d.pop("srn")

        convention_id = d.pop("convention_id")

        source_id = d.pop("source_id")

        version = d.pop("version")

        def _parse_title(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        title = _parse_title(d.pop("title"))

        metadata = RecordMetadata.from_dict(d.pop("metadata"))

        files = []
        _files = d.pop("files")
        for files_item_data in _files:
            files_item = RecordFile.from_dict(files_item_data)

            files.append(files_item)

        derived_from = []
        _derived_from = d.pop("derived_from")
        for derived_from_item_data in _derived_from:
            derived_from_item = Derivation.from_dict(derived_from_item_data)

            derived_from.append(derived_from_item)

        ingestion_id = UUID(d.pop("ingestion_id"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        record = cls(
            id=id,
            srn=srn,
            convention_id=convention_id,
            source_id=source_id,
            version=version,
            title=title,
            metadata=metadata,
            files=files,
            derived_from=derived_from,
            ingestion_id=ingestion_id,
            created_at=created_at,
            updated_at=updated_at,
        )

        record.additional_properties = d
        return record

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
