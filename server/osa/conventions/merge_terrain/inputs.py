"""From the sources to terrain models that GDAL may open, each looked at first.

GDAL is given absolute paths of files that the service wrote or named, never a caller's string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from osa.conventions import archives, media_types
from osa.conventions.authoring import Context, Progress
from osa.conventions.failures import ParametersInvalid, SourceInvalid
from osa.conventions.local_files import write_chunks
from osa.conventions.merge_terrain.models import Model, read_model
from osa.conventions.merge_terrain.parameters import MAX_SOURCES
from osa.conventions.sources import LocalFile, Source

#: The south-west corner is in the name alone: `N00E010.hgt`, `srtm90_S03W079.SRTMGL1.hgt`.
_HGT = re.compile(
    r"(?:^|[^A-Za-z0-9])([NS][0-9]{2}[EW][0-9]{3})(?:[._-][A-Za-z0-9._-]{0,60})?\.hgt$",
    re.IGNORECASE,
)
#: Bytes of a tile of 3, 1 and (beyond 50° north) 2 × 1 seconds of arc.
_HGT_BYTES = (1201 * 1201 * 2, 3601 * 3601 * 2, 1801 * 3601 * 2)
_WHAT = "GeoTIFF, SRTM .hgt, or a ZIP file of one of them is read"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A local file that may be a terrain model, with the driver to open it; None: it is none."""

    path: Path
    driver: str | None
    #: What it is, for people.
    found: str


def identity_of(source: Source) -> str:
    """How a source is named in a `source_id`: by where it is, else by its content."""
    if source.uri is not None:
        return source.uri
    if source.record_id is not None:
        return f"record:{source.record_id}"
    return f"sha256:{source.sha256}"


def identities(sources: Sequence[Source], *, taker: str) -> list[str]:
    """The names of all sources, in order; a record is one, however many files it has.

    Raises ParametersInvalid when they are none, or more than the convention `taker` takes.
    """
    names: list[str] = []
    for source in sources:
        name = identity_of(source)
        if source.record_id is None or name not in names:
            names.append(name)
    if not 1 <= len(names) <= MAX_SOURCES:
        raise ParametersInvalid(
            f"{taker} takes 1 to {MAX_SOURCES} sources; {len(names)} were given.",
            hint="Merge in parts with merge-terrain, and then the parts.",
        )
    return names


def read_models(context: Context[Any]) -> list[Model]:
    """All terrain models of the ingestion, in the caller's order.

    Files of a record that are no rasters (its preview, its tile set) are passed over. Raises the
    failures of the source that is not what it should be, by name.
    """
    models: list[Model] = []
    records: dict[str, bool] = {}
    total = len(context.sources)
    for number, source in enumerate(context.sources):
        context.checkpoint()
        context.report(
            Progress(
                phase="reading sources",
                message=source.label,
                unit="sources",
                completed=number,
                total=total,
            )
        )
        local = context.fetch(source)
        candidate = _candidate(context.workdir / f"model-{number}", source, local)
        if source.record_id is not None:
            records[source.record_id] = records.get(source.record_id, False) or (
                candidate.driver is not None
            )
        if candidate.driver is None:
            if source.record_id is not None:
                continue
            raise SourceInvalid(f"{source.label} is no terrain model ({candidate.found}): {_WHAT}.")
        model = read_model(candidate.path, driver=candidate.driver, label=source.label)
        models.append(replace(model, provenance=_provenance(source, local)))
    for record_id, raster in records.items():
        if not raster:
            raise SourceInvalid(f"The record {record_id} has no terrain model: {_WHAT}.")
    return models


def _provenance(source: Source, local: LocalFile) -> dict[str, Any]:
    said = {
        "uri": source.uri,
        "record_id": source.record_id,
        "filename": local.filename,
        "sha256": local.sha256,
        "size": local.size,
    }
    return {name: value for name, value in said.items() if value is not None}


def _candidate(folder: Path, source: Source, local: LocalFile) -> Candidate:
    name = local.filename or (source.uri or "").partition("?")[0].rpartition("/")[2]
    if (tile := _HGT.search(name)) is not None:
        return _hgt(folder, local.path, tile.group(1), label=source.label)
    found = media_types.sniff(local.path)
    if found == "image/tiff":
        return Candidate(path=local.path.absolute(), driver="GTiff", found=found)
    if found == "application/zip":
        return _zipped(folder, local.path, label=source.label)
    return Candidate(path=local.path, driver=None, found=found)


def _hgt(folder: Path, path: Path, tile: str, *, label: str) -> Candidate:
    """A file without a header: its size says what it is, and a name that we give it where."""
    size = path.stat().st_size
    if size not in _HGT_BYTES:
        raise SourceInvalid(
            f"{label} has {size} bytes; an SRTM tile has {', '.join(map(str, _HGT_BYTES))}."
        )
    folder.mkdir(exist_ok=True)
    named = folder / f"{tile.upper()}.hgt"
    if path != named:
        named.symlink_to(path.absolute())
    return Candidate(path=named.absolute(), driver="SRTMHGT", found="SRTM .hgt")


def _zipped(folder: Path, path: Path, *, label: str) -> Candidate:
    """The one raster of a ZIP file, unpacked within bounds. Raises SourceInvalid."""
    try:
        rasters = sorted(
            name
            for name in archives.entry_names(path)
            if name.lower().endswith((".hgt", ".tif", ".tiff")) and "__MACOSX" not in name
        )
        if len(rasters) != 1:
            return Candidate(
                path=path, driver=None, found=f"a ZIP file with {len(rasters)} rasters"
            )
        folder.mkdir(exist_ok=True)
        inner = folder / "unpacked"
        write_chunks(inner, _entry(path, rasters[0]))
    except archives.ArchiveRefused as exc:
        raise SourceInvalid(f"{label} cannot be unpacked: {exc}.") from exc
    if rasters[0].lower().endswith(".hgt"):
        if (tile := _HGT.search(rasters[0])) is None:
            raise SourceInvalid(
                f"The .hgt file in {label} does not say where it is.",
                hint="Name it by its south-west corner, as N00E010.hgt.",
            )
        return _hgt(folder, inner, tile.group(1), label=label)
    found = media_types.sniff(inner)
    driver = "GTiff" if found == "image/tiff" else None
    return Candidate(path=inner.absolute(), driver=driver, found=f"a ZIP file of {found}")


def _entry(path: Path, name: str) -> Iterator[bytes]:
    yield from archives.read_entry(path, name, max_bytes=archives.MAX_TOTAL_BYTES)
