from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.bytes_source import BytesSource
    from ..models.file_source import FileSource
    from ..models.labels import Labels
    from ..models.list_source import ListSource
    from ..models.metadata import Metadata
    from ..models.parameters import Parameters
    from ..models.record_source import RecordSource
    from ..models.text_source import TextSource
    from ..models.uri_source import UriSource


T = TypeVar("T", bound="StartIngestion")


@_attrs_define
class StartIngestion:
    """What to run, on what.

    Attributes:
        convention_id (str): A convention's slug, or its SRN `urn:osa:{domain}:conv:{slug}@{version}`.
        source (BytesSource | FileSource | ListSource | RecordSource | TextSource | Unset | UriSource): Where an
            ingestion reads from.
        parameters (Parameters | Unset): The convention's parameters, up to 256 KiB; `getConvention` has their JSON
            Schema.
        batch_size (int | Unset): At most so many items are committed together. Default: 1000.
        limit (int | None | Unset): At most so many items of this ingestion; null means all.
        name (str | Unset): What people call it.
        external_id (str | Unset): The caller's own id of the ingestion, unique in the tenant.
        metadata (Metadata | Unset): Any JSON object of the caller's, up to 64 KiB; kept and given back, never
            interpreted.
        labels (Labels | Unset): Short words to find the ingestion by.
    """

    convention_id: str
    source: (
        BytesSource | FileSource | ListSource | RecordSource | TextSource | Unset | UriSource
    ) = UNSET
    parameters: Parameters | Unset = UNSET
    batch_size: int | Unset = 1000
    limit: int | None | Unset = UNSET
    name: str | Unset = UNSET
    external_id: str | Unset = UNSET
    metadata: Metadata | Unset = UNSET
    labels: Labels | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.bytes_source import BytesSource  # noqa: PLC0415
        from ..models.file_source import FileSource  # noqa: PLC0415
        from ..models.record_source import RecordSource  # noqa: PLC0415
        from ..models.text_source import TextSource  # noqa: PLC0415
        from ..models.uri_source import UriSource  # noqa: PLC0415

        convention_id = self.convention_id

        source: dict[str, Any] | Unset
        if isinstance(self.source, Unset):
            source = UNSET
        elif isinstance(self.source, UriSource):
            source = self.source.to_dict()
        elif isinstance(self.source, FileSource):
            source = self.source.to_dict()
        elif isinstance(self.source, BytesSource):
            source = self.source.to_dict()
        elif isinstance(self.source, TextSource):
            source = self.source.to_dict()
        elif isinstance(self.source, RecordSource):
            source = self.source.to_dict()
        else:
            source = self.source.to_dict()

        parameters: dict[str, Any] | Unset = UNSET
        if not isinstance(self.parameters, Unset):
            parameters = self.parameters.to_dict()

        batch_size = self.batch_size

        limit: int | None | Unset
        if isinstance(self.limit, Unset):
            limit = UNSET
        else:
            limit = self.limit

        name = self.name

        external_id = self.external_id

        metadata: dict[str, Any] | Unset = UNSET
        if not isinstance(self.metadata, Unset):
            metadata = self.metadata.to_dict()

        labels: dict[str, Any] | Unset = UNSET
        if not isinstance(self.labels, Unset):
            labels = self.labels.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "convention_id": convention_id,
            }
        )
        if source is not UNSET:
            field_dict["source"] = source
        if parameters is not UNSET:
            field_dict["parameters"] = parameters
        if batch_size is not UNSET:
            field_dict["batch_size"] = batch_size
        if limit is not UNSET:
            field_dict["limit"] = limit
        if name is not UNSET:
            field_dict["name"] = name
        if external_id is not UNSET:
            field_dict["external_id"] = external_id
        if metadata is not UNSET:
            field_dict["metadata"] = metadata
        if labels is not UNSET:
            field_dict["labels"] = labels

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bytes_source import BytesSource  # noqa: PLC0415
        from ..models.file_source import FileSource  # noqa: PLC0415
        from ..models.labels import Labels  # noqa: PLC0415
        from ..models.list_source import ListSource  # noqa: PLC0415
        from ..models.metadata import Metadata  # noqa: PLC0415
        from ..models.parameters import Parameters  # noqa: PLC0415
        from ..models.record_source import RecordSource  # noqa: PLC0415
        from ..models.text_source import TextSource  # noqa: PLC0415
        from ..models.uri_source import UriSource  # noqa: PLC0415

        d = dict(src_dict)
        convention_id = d.pop("convention_id")

        def _parse_source(
            data: object,
        ) -> BytesSource | FileSource | ListSource | RecordSource | TextSource | Unset | UriSource:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_source_type_0 = UriSource.from_dict(data)

                return componentsschemas_source_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_source_type_1 = FileSource.from_dict(data)

                return componentsschemas_source_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_source_type_2 = BytesSource.from_dict(data)

                return componentsschemas_source_type_2
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_source_type_3 = TextSource.from_dict(data)

                return componentsschemas_source_type_3
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_source_type_4 = RecordSource.from_dict(data)

                return componentsschemas_source_type_4
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            componentsschemas_source_type_5 = ListSource.from_dict(data)

            return componentsschemas_source_type_5

        source = _parse_source(d.pop("source", UNSET))

        _parameters = d.pop("parameters", UNSET)
        parameters: Parameters | Unset
        if isinstance(_parameters, Unset):
            parameters = UNSET
        else:
            parameters = Parameters.from_dict(_parameters)

        batch_size = d.pop("batch_size", UNSET)

        def _parse_limit(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        limit = _parse_limit(d.pop("limit", UNSET))

        name = d.pop("name", UNSET)

        external_id = d.pop("external_id", UNSET)

        _metadata = d.pop("metadata", UNSET)
        metadata: Metadata | Unset
        if isinstance(_metadata, Unset):
            metadata = UNSET
        else:
            metadata = Metadata.from_dict(_metadata)

        _labels = d.pop("labels", UNSET)
        labels: Labels | Unset
        if isinstance(_labels, Unset):
            labels = UNSET
        else:
            labels = Labels.from_dict(_labels)

        start_ingestion = cls(
            convention_id=convention_id,
            source=source,
            parameters=parameters,
            batch_size=batch_size,
            limit=limit,
            name=name,
            external_id=external_id,
            metadata=metadata,
            labels=labels,
        )

        return start_ingestion
