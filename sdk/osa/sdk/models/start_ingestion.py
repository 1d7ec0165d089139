from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.on_conflict import OnConflict
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
        concurrency_key (str | Unset): A word of the caller's for what can only be worked on by one ingestion at a time,
            within the tenant.
        on_conflict (OnConflict | Unset): What happens when another ingestion of an exclusive convention, or with the
            same `concurrency_key`, is
            active: a 409; an answer about that one (the one of the `concurrency_key` first); or this one waits until
            the others are done.
        priority (int | Unset): Of those that wait, a higher one is taken first.
        deadline_seconds (int | Unset): An ingestion that is not done so many seconds after it was accepted fails with
            `deadline_exceeded`. What
            it has published stays.
        max_failed_items (int | None | Unset): So many items may be rejected or fail before the ingestion counts as
            failed; null for any number. When it
            is absent, none may.
        stop_early (bool | Unset): Stop with the batch in which more than `max_failed_items` have failed, rather than
            try every item.
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
    concurrency_key: str | Unset = UNSET
    on_conflict: OnConflict | Unset = UNSET
    priority: int | Unset = UNSET
    deadline_seconds: int | Unset = UNSET
    max_failed_items: int | None | Unset = UNSET
    stop_early: bool | Unset = UNSET

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

        concurrency_key = self.concurrency_key

        on_conflict: str | Unset = UNSET
        if not isinstance(self.on_conflict, Unset):
            on_conflict = self.on_conflict.value

        priority = self.priority

        deadline_seconds = self.deadline_seconds

        max_failed_items: int | None | Unset
        if isinstance(self.max_failed_items, Unset):
            max_failed_items = UNSET
        else:
            max_failed_items = self.max_failed_items

        stop_early = self.stop_early

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
        if concurrency_key is not UNSET:
            field_dict["concurrency_key"] = concurrency_key
        if on_conflict is not UNSET:
            field_dict["on_conflict"] = on_conflict
        if priority is not UNSET:
            field_dict["priority"] = priority
        if deadline_seconds is not UNSET:
            field_dict["deadline_seconds"] = deadline_seconds
        if max_failed_items is not UNSET:
            field_dict["max_failed_items"] = max_failed_items
        if stop_early is not UNSET:
            field_dict["stop_early"] = stop_early

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

        concurrency_key = d.pop("concurrency_key", UNSET)

        _on_conflict = d.pop("on_conflict", UNSET)
        on_conflict: OnConflict | Unset
        if isinstance(_on_conflict, Unset):
            on_conflict = UNSET
        else:
            on_conflict = OnConflict(_on_conflict)

        priority = d.pop("priority", UNSET)

        deadline_seconds = d.pop("deadline_seconds", UNSET)

        def _parse_max_failed_items(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_failed_items = _parse_max_failed_items(d.pop("max_failed_items", UNSET))

        stop_early = d.pop("stop_early", UNSET)

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
            concurrency_key=concurrency_key,
            on_conflict=on_conflict,
            priority=priority,
            deadline_seconds=deadline_seconds,
            max_failed_items=max_failed_items,
            stop_early=stop_early,
        )

        return start_ingestion
