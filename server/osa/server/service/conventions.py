"""The conventions of this archive, by slug or SRN."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from osa.conventions.authoring import Convention
from osa.conventions.registry import Registry
from osa.server.errors import ConventionNotFound, ConventionUnavailable

_SRN = re.compile(r"^urn:osa:(?P<domain>[^:]+):conv:(?P<slug>[a-z0-9-]+)(@(?P<version>.+))?$")


@dataclass(frozen=True, kw_only=True)
class ConventionInfo:
    """What callers see of a convention."""

    id: str
    version: str
    title: str
    description: str
    source_types: Sequence[str]
    source_required: bool
    exclusive: bool
    missing_extra: str | None
    parameters_schema: Mapping[str, Any]


class Conventions:
    """Looks conventions up; nothing here runs one."""

    def __init__(self, registry: Registry, *, domain: str) -> None:
        self._registry = registry
        self._domain = domain
        self._schemas = {id: convention.parameters_schema() for id, convention in registry.items()}

    def list(self, ingestable: bool | None = None) -> Sequence[ConventionInfo]:
        """By id; `ingestable` keeps those that can (or cannot) run here."""
        found = [self._info(convention) for convention in self._registry.values()]
        if ingestable is None:
            return found
        return [info for info in found if (info.missing_extra is None) == ingestable]

    def get(self, convention_id: str) -> ConventionInfo:
        return self._info(self.find(convention_id))

    def find(self, convention_id: str) -> Convention:
        """By slug or SRN; an SRN of another archive, or of another major version, is not found."""
        slug, version = self.slug(convention_id), None
        if (parsed := _SRN.match(convention_id)) is not None:
            version = parsed["version"]
        convention = self._registry.get(slug or "")
        if convention is None:
            raise ConventionNotFound(convention_id)
        if version is not None and not convention.goes_on_with(version):
            raise ConventionNotFound(convention_id)
        return convention

    def runnable(self, convention_id: str) -> Convention:
        """As `find`; raises ConventionUnavailable for one that cannot run here."""
        convention = self.find(convention_id)
        if convention.missing_extra is not None:
            raise ConventionUnavailable(convention.id, convention.missing_extra)
        return convention

    def is_exclusive(self, slug: str) -> bool:
        """Whether it is worked on once at a time; False of one that is not installed here."""
        convention = self._registry.get(slug)
        return convention is not None and convention.exclusive

    def slug(self, convention_id: str) -> str | None:
        """The slug in a slug or SRN; None for an SRN of another archive."""
        parsed = _SRN.match(convention_id)
        if parsed is None:
            return convention_id
        return parsed["slug"] if parsed["domain"] == self._domain else None

    def _info(self, convention: Convention) -> ConventionInfo:
        return ConventionInfo(
            id=convention.id,
            version=convention.version,
            title=convention.title,
            description=convention.description,
            source_types=convention.source_types,
            source_required=convention.source_required,
            exclusive=convention.exclusive,
            missing_extra=convention.missing_extra,
            parameters_schema=self._schemas[convention.id],
        )
