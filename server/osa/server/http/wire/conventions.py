"""Conventions as callers get them."""

from collections.abc import Sequence
from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from osa.server.http.wire.words import ConventionId, JsonSchema, SourceType, Srn
from osa.server.model import srn
from osa.server.service.conventions import ConventionInfo


class Convention(TypedDict):
    id: ConventionId
    srn: Srn
    title: Annotated[str, Field(max_length=200)]
    version: Annotated[str, Field(max_length=64)]
    description: Annotated[str, Field(max_length=4000)]
    source_types: Annotated[list[SourceType], Field(max_length=16)]
    source_required: bool
    exclusive: bool
    ingestable: bool
    missing_extra: NotRequired[Annotated[str, Field(max_length=64)]]


class ConventionDetail(Convention):
    parameters_schema: JsonSchema


class ConventionList(TypedDict):
    items: Annotated[list[Convention], Field(max_length=1000)]


def convention(value: ConventionInfo, domain: str) -> Convention:
    wire: Convention = {
        "id": value.id,
        "srn": srn(domain, "conv", f"{value.id}@{value.version}"),
        "title": value.title,
        "version": value.version,
        "description": value.description,
        "source_types": list(value.source_types),
        "source_required": value.source_required,
        "exclusive": value.exclusive,
        "ingestable": value.missing_extra is None,
    }
    if value.missing_extra is not None:
        wire["missing_extra"] = value.missing_extra
    return wire


def convention_detail(value: ConventionInfo, domain: str) -> ConventionDetail:
    return {**convention(value, domain), "parameters_schema": dict(value.parameters_schema)}


def convention_list(values: Sequence[ConventionInfo], domain: str) -> ConventionList:
    return {"items": [convention(value, domain) for value in values]}
