from __future__ import annotations

from collections.abc import Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.bytes_source import BytesSource
    from ..models.file_source import FileSource
    from ..models.metadata import Metadata
    from ..models.record_source import RecordSource
    from ..models.text_source import TextSource
    from ..models.uri_source import UriSource


T = TypeVar("T", bound="ListSource")


@_attrs_define
class ListSource:
    """Several sources, each with its own metadata, in this order; up to 100 of them of type bytes or text.

    Attributes:
        type_ (Literal['list']):
        items (list[BytesSource | FileSource | RecordSource | TextSource | UriSource]):
        metadata (Metadata | Unset): Any JSON object of the caller's, up to 64 KiB; kept and given back, never
            interpreted.
    """

    type_: Literal["list"]
    items: list[BytesSource | FileSource | RecordSource | TextSource | UriSource]
    metadata: Metadata | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.bytes_source import BytesSource  # noqa: PLC0415
        from ..models.file_source import FileSource  # noqa: PLC0415
        from ..models.text_source import TextSource  # noqa: PLC0415
        from ..models.uri_source import UriSource  # noqa: PLC0415

        type_ = self.type_

        items = []
        for items_item_data in self.items:
            items_item: dict[str, Any]
            if isinstance(items_item_data, UriSource):
                items_item = items_item_data.to_dict()
            elif isinstance(items_item_data, FileSource):
                items_item = items_item_data.to_dict()
            elif isinstance(items_item_data, BytesSource):
                items_item = items_item_data.to_dict()
            elif isinstance(items_item_data, TextSource):
                items_item = items_item_data.to_dict()
            else:
                items_item = items_item_data.to_dict()

            items.append(items_item)

        metadata: dict[str, Any] | Unset = UNSET
        if not isinstance(self.metadata, Unset):
            metadata = self.metadata.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "type": type_,
                "items": items,
            }
        )
        if metadata is not UNSET:
            field_dict["metadata"] = metadata

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bytes_source import BytesSource  # noqa: PLC0415
        from ..models.file_source import FileSource  # noqa: PLC0415
        from ..models.metadata import Metadata  # noqa: PLC0415
        from ..models.record_source import RecordSource  # noqa: PLC0415
        from ..models.text_source import TextSource  # noqa: PLC0415
        from ..models.uri_source import UriSource  # noqa: PLC0415

        d = dict(src_dict)
        type_ = cast(Literal["list"], d.pop("type"))
        if type_ != "list":
            raise ValueError(f"type must match const 'list', got '{type_}'")

        items = []
        _items = d.pop("items")
        for items_item_data in _items:

            def _parse_items_item(
                data: object,
            ) -> BytesSource | FileSource | RecordSource | TextSource | UriSource:
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_single_source_type_0 = UriSource.from_dict(data)

                    return componentsschemas_single_source_type_0
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_single_source_type_1 = FileSource.from_dict(data)

                    return componentsschemas_single_source_type_1
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_single_source_type_2 = BytesSource.from_dict(data)

                    return componentsschemas_single_source_type_2
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    componentsschemas_single_source_type_3 = TextSource.from_dict(data)

                    return componentsschemas_single_source_type_3
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_single_source_type_4 = RecordSource.from_dict(data)

                return componentsschemas_single_source_type_4

            items_item = _parse_items_item(items_item_data)

            items.append(items_item)

        _metadata = d.pop("metadata", UNSET)
        metadata: Metadata | Unset
        if isinstance(_metadata, Unset):
            metadata = UNSET
        else:
            metadata = Metadata.from_dict(_metadata)

        list_source = cls(
            type_=type_,
            items=items,
            metadata=metadata,
        )

        return list_source
