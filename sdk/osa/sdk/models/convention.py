from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.source_type import SourceType
from ..types import UNSET, Unset

T = TypeVar("T", bound="Convention")


@_attrs_define
class Convention:
    """A registered recipe.

    Attributes:
        id (str): A convention's slug, or its SRN `urn:osa:{domain}:conv:{slug}@{version}`.
        srn (str): A name that is unique among archives, `urn:osa:{domain}:{kind}:{id}`.
        title (str): What people call it.
        version (str): A semantic version.
        description (str): What it does.
        source_types (list[SourceType | str]): The kinds of source it takes; empty when its parameters say where to
            read.
        source_required (bool): Whether a start needs a source.
        exclusive (bool): At most one active ingestion in a tenant.
        ingestable (bool): Whether it can be started here.
        missing_extra (str | Unset): The extra that has to be installed first.
    """

    id: str
    srn: str
    title: str
    version: str
    description: str
    source_types: list[SourceType | str]
    source_required: bool
    exclusive: bool
    ingestable: bool
    missing_extra: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        srn = self.srn

        title = self.title

        version = self.version

        description = self.description

        source_types = []
        for source_types_item_data in self.source_types:
            source_types_item: str
            if isinstance(source_types_item_data, SourceType):
                source_types_item = source_types_item_data.value
            else:
                source_types_item = source_types_item_data
            source_types.append(source_types_item)

        source_required = self.source_required

        exclusive = self.exclusive

        ingestable = self.ingestable

        missing_extra = self.missing_extra

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "srn": srn,
                "title": title,
                "version": version,
                "description": description,
                "source_types": source_types,
                "source_required": source_required,
                "exclusive": exclusive,
                "ingestable": ingestable,
            }
        )
        if missing_extra is not UNSET:
            field_dict["missing_extra"] = missing_extra

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        srn = d.pop("srn")

        title = d.pop("title")

        version = d.pop("version")

        description = d.pop("description")

        source_types = []
        _source_types = d.pop("source_types")
        for source_types_item_data in _source_types:

            def _parse_source_types_item(data: object) -> SourceType | str:
                try:
                    if not isinstance(data, str):
                        raise TypeError()
                    componentsschemas_source_type_type_0 = SourceType(data)

                    return componentsschemas_source_type_type_0
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                return cast(SourceType | str, data)

            source_types_item = _parse_source_types_item(source_types_item_data)

            source_types.append(source_types_item)

        source_required = d.pop("source_required")

        exclusive = d.pop("exclusive")

        ingestable = d.pop("ingestable")

        missing_extra = d.pop("missing_extra", UNSET)

        convention = cls(
            id=id,
            srn=srn,
            title=title,
            version=version,
            description=description,
            source_types=source_types,
            source_required=source_required,
            exclusive=exclusive,
            ingestable=ingestable,
            missing_extra=missing_extra,
        )

        convention.additional_properties = d
        return convention

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
