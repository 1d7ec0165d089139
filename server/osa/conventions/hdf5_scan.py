"""What a NetCDF or HDF5 file asks of the library that opens it, looked at before one does.

HDF5 lets a file point at other files: external storage, virtual datasets and external links each
made netCDF4, h5netcdf and GDAL return bytes of another local file. It also lets some kilobytes
declare terabytes, and a group contain itself, which netCDF4 follows for ever. `scan` walks the
objects with the low-level interface, follows hard links only, reads no data, and refuses what a
scientific file has no need of.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from osa.conventions.failures import SourceInvalid, SourceRefused
from osa.conventions.netcdf3_header import read_header

if TYPE_CHECKING:
    from collections.abc import Iterator

Container = Literal["netcdf-3", "hdf5"]

_HDF5 = b"\x89HDF\r\n\x1a\n"
_CLASSIC = (b"CDF\x01", b"CDF\x02", b"CDF\x05")
#: H5Z identifiers that the HDF5 library itself decodes: no plug-in is ever loaded for a source.
_FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset"}

#: The NetCDF library walks groups by name and never ends where one contains itself.
_SECOND_WAY = "is a second way to a group, which can lead in circles"


@dataclass(frozen=True, kw_only=True)
class ScanLimits:
    """What one file may declare."""

    max_objects: int = 20_000
    max_attributes: int = 200_000
    #: Groups inside groups.
    max_depth: int = 64
    #: Values of one dataset.
    max_elements: int = 1 << 38
    #: Bytes of one chunk, which is decoded in memory as a whole.
    max_chunk_bytes: int = 512 * 1024**2
    #: Decoded bytes of all datasets together.
    max_total_bytes: int = 1 << 40
    #: Decoded bytes per byte of the file (deflate cannot exceed 1032), above `ratio_floor`.
    max_ratio: int = 2000
    ratio_floor: int = 2 * 1024**3


_DEFAULT = ScanLimits()


def scan(path: Path, *, label: str = "The source", limits: ScanLimits = _DEFAULT) -> Container:
    """Say which container the file is, having found nothing dangerous in it.

    `label` names the file in messages. Raises SourceInvalid when it is neither NetCDF nor HDF5, and
    SourceRefused, naming the object, when it reaches outside itself or is larger than `limits`.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(8)
        if head[:4] in _CLASSIC:
            stream.seek(0)
            declared = read_header(stream, size=size, label=label)
            if declared.variables > limits.max_objects:
                raise SourceRefused(
                    f"{label} has {declared.variables} variables; at most {limits.max_objects} are "
                    "read."
                )
            _check_totals(
                label, size, declared.total_bytes, declared.largest_elements, "a variable", limits
            )
            return "netcdf-3"
        # The signature may stand behind a user block of 512 · 2ⁿ bytes (HDF5 file format, II.A).
        offset = 0
        while offset < size:
            stream.seek(offset)
            if stream.read(8) == _HDF5:
                break
            offset = 512 if offset == 0 else offset * 2
        else:
            raise SourceInvalid(
                f"{label} is not a NetCDF file: it begins with {head!r}.",
                hint="Give a NetCDF file (classic or NetCDF-4).",
            )
    _Walk(path, size, label, limits).run()
    return "hdf5"


def _check_totals(
    label: str, size: int, total: int, largest: int, where: str, limits: ScanLimits
) -> None:
    if largest > limits.max_elements:
        raise SourceRefused(
            f"{label} declares {largest} values in {where}; at most {limits.max_elements} are read."
        )
    if total > limits.max_total_bytes:
        raise SourceRefused(
            f"{label} declares {total} bytes of data; at most {limits.max_total_bytes} are read."
        )
    if total > limits.ratio_floor and total > limits.max_ratio * size:
        raise SourceRefused(
            f"{label} declares {total} bytes of data in a file of {size} bytes: no real file is "
            f"compressed more than {limits.max_ratio} times."
        )


class _Walk:
    """One breadth-first walk over hard links; every object is looked at once."""

    def __init__(self, path: Path, size: int, label: str, limits: ScanLimits) -> None:
        self._path = path
        self._size = size
        self._label = label
        self._limits = limits
        self._seen: set[tuple[Any, ...]] = set()
        #: (group, name, shown) of soft links, looked at when no link to another file can be met.
        self._soft: list[tuple[Any, bytes, str]] = []
        self._attributes = 0
        self._total = 0

    def run(self) -> None:
        from h5py import h5f

        try:
            file = h5f.open(bytes(self._path), h5f.ACC_RDONLY)
        except OSError as exc:
            raise SourceInvalid(f"{self._label} is not a sound HDF5 file: {exc}.") from exc
        try:
            self._walk(file)
        except (OSError, RuntimeError, KeyError, ValueError, TypeError) as exc:
            # h5py turns a broken structure into any of these.
            raise SourceInvalid(f"{self._label} is not a sound HDF5 file: {exc}.") from exc
        finally:
            file.close()

    def _walk(self, file: Any) -> None:
        from h5py import h5g, h5o

        root = h5g.open(file, b"/")
        self._look(root, "/")
        waiting = [(root, "")]
        while waiting:
            group, prefix = waiting.pop()
            for name in self._hard_links(group, prefix):
                shown = f"{prefix}/{name.decode('utf-8', errors='replace')}"
                info = h5o.get_info(group, name)
                if (info.fileno, info.addr) in self._seen:
                    if info.type == h5o.TYPE_GROUP:
                        raise self._refused(shown, _SECOND_WAY)
                    continue
                if shown.count("/") > self._limits.max_depth:
                    raise self._refused(shown, f"is nested more than {self._limits.max_depth} deep")
                found = h5o.open(group, name)
                self._look(found, shown)
                if info.type == h5o.TYPE_GROUP:
                    waiting.append((found, shown))
        for group, name, shown in self._soft:
            if self._is_group(group, name):
                raise self._refused(shown, _SECOND_WAY)

    def _is_group(self, group: Any, name: bytes) -> bool:
        from h5py import h5o

        try:
            return bool(h5o.get_info(group, name).type == h5o.TYPE_GROUP)
        except (KeyError, RuntimeError, OSError):
            return False  # it leads nowhere

    def _hard_links(self, group: Any, prefix: str) -> Iterator[bytes]:
        """Names of the hard links, to objects of this file; soft links are put aside."""
        from h5py import h5l

        names: list[bytes] = []
        group.links.iterate(names.append)
        if len(names) > self._limits.max_objects:
            raise self._too_many_objects()
        for name in names:
            kind = group.links.get_info(name).type
            shown = f"{prefix}/{name.decode('utf-8', errors='replace')}"
            if kind == h5l.TYPE_EXTERNAL:
                raise self._refused(shown, "is a link to another file")
            if kind == h5l.TYPE_HARD:
                yield name
            elif kind == h5l.TYPE_SOFT:
                self._soft.append((group, name, shown))
            else:
                raise self._refused(shown, f"is a user-defined link (class {kind})")

    def _look(self, found: Any, shown: str) -> None:
        from h5py import h5a, h5d, h5o

        info = h5o.get_info(found)
        self._seen.add((info.fileno, info.addr))
        if len(self._seen) > self._limits.max_objects:
            raise self._too_many_objects()
        self._attributes += h5a.get_num_attrs(found)
        if self._attributes > self._limits.max_attributes:
            raise SourceRefused(
                f"{self._label} has more than {self._limits.max_attributes} attributes."
            )
        if isinstance(found, h5d.DatasetID):
            self._look_at_dataset(found, shown)

    def _look_at_dataset(self, dataset: Any, shown: str) -> None:
        from h5py import h5d

        # The layout first: asking a virtual dataset for its extent already opens its sources.
        creation = dataset.get_create_plist()
        if creation.get_layout() == h5d.VIRTUAL:
            raise self._refused(shown, "is a virtual dataset, made of other files")
        if creation.get_external_count():
            raise self._refused(shown, "keeps its data in another file (external storage)")
        for position in range(creation.get_nfilters()):
            code = creation.get_filter(position)[0]
            if code not in _FILTERS:
                allowed = ", ".join(_FILTERS.values())
                raise self._refused(shown, f"uses the filter {code}, which is none of {allowed}")
        width = dataset.get_type().get_size()
        if creation.get_layout() == h5d.CHUNKED:
            chunk = prod(creation.get_chunk()) * width
            if chunk > self._limits.max_chunk_bytes:
                raise self._refused(
                    shown,
                    f"has chunks of {chunk} bytes; at most {self._limits.max_chunk_bytes} are read",
                )
        elements = prod(dataset.shape)
        self._total += elements * width
        _check_totals(self._label, self._size, self._total, elements, shown, self._limits)

    def _refused(self, shown: str, why: str) -> SourceRefused:
        return SourceRefused(f"{self._label}: the object {shown!r} {why}. It is not opened.")

    def _too_many_objects(self) -> SourceRefused:
        return SourceRefused(
            f"{self._label} has more than {self._limits.max_objects} objects (of this HDF5 file); "
            "no more are read."
        )
