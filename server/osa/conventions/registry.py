"""Which conventions there are: the built-in ones, and those of other packages by entry point.

Both come in by the same door: an object `Convention`. A built-in one is a line in `BUILTIN`;
another package's is an entry point of the group `osa.conventions`.
"""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points

from osa.conventions.authoring import Convention

BUILTIN = (
    "osa.conventions.documents:documents",
    "osa.conventions.hyspex_csw_parent:hyspex_csw_parent",
    "osa.conventions.hyspex_missing_variants:hyspex_missing_variants",
    "osa.conventions.mago_terrain:mago_terrain",
    "osa.conventions.merge_terrain:merge_terrain",
    "osa.conventions.nc_to_geotiff:nc_to_geotiff",
    "osa.conventions.repair_csw_metadata:repair_csw_metadata",
)
GROUP = "osa.conventions"
_SLUG = re.compile(r"^[a-z][a-z0-9-]{0,62}$")
_VERSION = re.compile(r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$")
_log = logging.getLogger("osa.conventions")


class InvalidConvention(Exception):
    """A registered convention cannot be used: the message says why."""


class Registry(Mapping[str, Convention]):
    """The conventions of this process, by id."""

    def __init__(self, conventions: Mapping[str, Convention]) -> None:
        self._conventions = dict(sorted(conventions.items()))

    def __getitem__(self, convention_id: str) -> Convention:
        return self._conventions[convention_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._conventions)

    def __len__(self) -> int:
        return len(self._conventions)


def load() -> Registry:
    """Import every convention. A broken package of somebody else is logged and left out: one bad
    plug-in must not stop the archive; a broken built-in raises."""
    found: dict[str, Convention] = {}
    for target in BUILTIN:
        module, _, name = target.partition(":")
        convention = getattr(importlib.import_module(module), name)
        found[convention.id] = checked(convention)
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.value):
        try:
            convention = checked(point.load())
        except Exception as exc:  # noqa: BLE001 - another package's import may raise anything
            _log.error(
                "convention_not_loaded", extra={"entry_point": point.value, "error": repr(exc)}
            )
            continue
        if convention.id in found:
            _log.error(
                "convention_id_taken", extra={"entry_point": point.value, "id": convention.id}
            )
            continue
        found[convention.id] = convention
    return Registry(found)


def checked(convention: object) -> Convention:
    """The convention, if it keeps the rules of the registry; else InvalidConvention."""
    if not isinstance(convention, Convention):
        raise InvalidConvention(f"{convention!r} is not a Convention.")
    if not _SLUG.match(convention.id):
        raise InvalidConvention(f"The id {convention.id!r} does not match {_SLUG.pattern}.")
    if not _VERSION.match(convention.version):
        raise InvalidConvention(
            f"{convention.id}: the version {convention.version!r} is not MAJOR.MINOR.PATCH."
        )
    return convention
