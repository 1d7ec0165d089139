from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.labels import Labels
    from ..models.metadata import Metadata
    from ..models.parameter_changes import ParameterChanges


T = TypeVar("T", bound="RetryOverrides")


@_attrs_define
class RetryOverrides:
    """What differs from the ingestion that is retried; everything else is taken over, except its `external_id`.

    Attributes:
        parameters (ParameterChanges | Unset): Parameters that take the place of those with the same name; the others
            stay.
        batch_size (int | Unset): At most so many items are committed together.
        name (str | Unset): What people call it.
        external_id (str | Unset): The caller's own id of the ingestion, unique in the tenant.
        metadata (Metadata | Unset): Any JSON object of the caller's, up to 64 KiB; kept and given back, never
            interpreted.
        labels (Labels | Unset): Short words to find the ingestion by.
        priority (int | Unset): Of those that wait, a higher one is taken first.
        deadline_seconds (int | Unset): An ingestion that is not done so many seconds after it was accepted fails with
            `deadline_exceeded`. What
            it has published stays.
        max_failed_items (int | None | Unset): So many items may be rejected or fail before the ingestion counts as
            failed; null for any number. When it
            is absent, none may.
        stop_early (bool | Unset): Stop with the batch in which too many items have failed.
    """

    parameters: ParameterChanges | Unset = UNSET
    batch_size: int | Unset = UNSET
    name: str | Unset = UNSET
    external_id: str | Unset = UNSET
    metadata: Metadata | Unset = UNSET
    labels: Labels | Unset = UNSET
    priority: int | Unset = UNSET
    deadline_seconds: int | Unset = UNSET
    max_failed_items: int | None | Unset = UNSET
    stop_early: bool | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        parameters: dict[str, Any] | Unset = UNSET
        if not isinstance(self.parameters, Unset):
            parameters = self.parameters.to_dict()

        batch_size = self.batch_size

        name = self.name

        external_id = self.external_id

        metadata: dict[str, Any] | Unset = UNSET
        if not isinstance(self.metadata, Unset):
            metadata = self.metadata.to_dict()

        labels: dict[str, Any] | Unset = UNSET
        if not isinstance(self.labels, Unset):
            labels = self.labels.to_dict()

        priority = self.priority

        deadline_seconds = self.deadline_seconds

        max_failed_items: int | None | Unset
        if isinstance(self.max_failed_items, Unset):
            max_failed_items = UNSET
        else:
            max_failed_items = self.max_failed_items

        stop_early = self.stop_early

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if parameters is not UNSET:
            field_dict["parameters"] = parameters
        if batch_size is not UNSET:
            field_dict["batch_size"] = batch_size
        if name is not UNSET:
            field_dict["name"] = name
        if external_id is not UNSET:
            field_dict["external_id"] = external_id
        if metadata is not UNSET:
            field_dict["metadata"] = metadata
        if labels is not UNSET:
            field_dict["labels"] = labels
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
        from ..models.labels import Labels  # noqa: PLC0415
        from ..models.metadata import Metadata  # noqa: PLC0415
        from ..models.parameter_changes import ParameterChanges  # noqa: PLC0415

        d = dict(src_dict)
        _parameters = d.pop("parameters", UNSET)
        parameters: ParameterChanges | Unset
        if isinstance(_parameters, Unset):
            parameters = UNSET
        else:
            parameters = ParameterChanges.from_dict(_parameters)

        batch_size = d.pop("batch_size", UNSET)

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

        retry_overrides = cls(
            parameters=parameters,
            batch_size=batch_size,
            name=name,
            external_id=external_id,
            metadata=metadata,
            labels=labels,
            priority=priority,
            deadline_seconds=deadline_seconds,
            max_failed_items=max_failed_items,
            stop_early=stop_early,
        )

        return retry_overrides
