"""OPeNDAP datasets, read through the guarded web client only.

netCDF4 and xarray speak OPeNDAP too, through libcurl and through a session that follows redirects:
neither can be kept from private addresses. Here the descriptions (DDS, DAS) and the coordinate
values become a small local NetCDF file without fields, from which everything is decided as for a
file; the numbers of the field then come strip by strip, as constraint expressions.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from osa.conventions.authoring import Context
from osa.conventions.failures import ParametersInvalid, SourceInvalid, SourceRefused
from osa.conventions.nc_to_geotiff import dap2
from osa.conventions.nc_to_geotiff.parameters import GeoTiffParams
from osa.conventions.nc_to_geotiff.reading import Reader
from osa.conventions.nc_to_geotiff.variables import Variable
from osa.conventions.nc_to_geotiff.wavelengths import is_wavelength

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAX_DESCRIPTION = 8 * 1024**2
#: Bytes of all coordinate variables together.
_MAX_COORDINATES = 256 * 1024**2
#: Bytes of one answer; a strip that is larger comes in several.
_MAX_ANSWER = 16 * 1024**2
_SUFFIX = re.compile(r"\.(html|dds|das|dods|info|ascii|asc|ver)$")
#: Containers of a DAS that hold attributes of the file.
_GLOBAL = re.compile(r"^(NC_GLOBAL|HDF_GLOBAL|.*_GLOBAL|global)$")
#: What the NetCDF library keeps for itself, and what only its servers add.
_RESERVED = frozenset(
    {
        "_FillValue",
        "_NCProperties",
        "_Netcdf4Coordinates",
        "_Netcdf4Dimid",
        "_nc3_strict",
        "_IsNetcdf4",
        "_SuperblockVersion",
        "_ChunkSizes",
        "CLASS",
        "NAME",
        "REFERENCE_LIST",
        "DIMENSION_LIST",
        "_NCCOPY",
    }
)
#: What the NetCDF library raises for names, sizes and values that it cannot store.
_UNSTORABLE = (AttributeError, OverflowError, RuntimeError, TypeError, ValueError)
_NAME = re.compile(r"^[A-Za-z0-9_][^/\x00-\x1f\x7f]{0,200}(?<! )\Z")


class DapReader(Reader):
    """A DAP2 dataset; `dataset` is the local file without fields."""

    def __init__(self, context: Context[GeoTiffParams], base: str) -> None:
        self._context = context
        self._base = base
        self._arrays: dict[str, dap2.Array] = {}

    @classmethod
    def open(cls, context: Context[GeoTiffParams], uri: str) -> DapReader:
        """Read the descriptions and the coordinates.

        Raises SourceInvalid when there is no OPeNDAP dataset at `uri`, and what the web client
        raises.
        """
        if "?" in uri:
            raise ParametersInvalid(
                "An OPeNDAP URI must not have a constraint expression.",
                hint="Give the URI up to the `?`, and choose with the parameters.",
            )
        base = _SUFFIX.sub("", uri.partition("#")[0])
        reader = cls(context, base)
        dds, das = reader._description("dds"), reader._description("das")
        description = dap2.parse_dds(dds, label=base)
        if not description.arrays:
            raise SourceInvalid(f"The OPeNDAP dataset {base} has no arrays.")
        reader._arrays = _by_name(description)
        local = context.workdir / "opendap.nc"
        attributes = dap2.parse_das(das, label=base)
        try:
            reader._write_local(local, attributes)
        except BaseException as exc:
            # An open file could not be written anew when the URI is tried in another way.
            with suppress(*_UNSTORABLE):
                reader.close()
            if not isinstance(exc, _UNSTORABLE):
                raise
            raise SourceInvalid(f"The OPeNDAP dataset {base} has no form as NetCDF: {exc}") from exc
        reader.identity = uri
        reader.provenance = {
            "uri": uri,
            "protocol": "DAP2",
            # There is no file to hash; this tells two versions of a description apart.
            "description_sha256": hashlib.sha256(dds.encode() + das.encode()).hexdigest(),
        }
        return reader

    def read(self, path: str, variable: Variable, index: Sequence[int | slice]) -> NDArray[Any]:
        import numpy

        array = self._arrays[path]
        ranges = [
            (part.start, part.stop) if isinstance(part, slice) else (part, part + 1)
            for part in index
        ]
        width = int(dap2.NUMBERS[array.type][1][-1])
        # Split along the first dimension that is longer than 1: whole rows of what follows it.
        split = next((i for i, (low, high) in enumerate(ranges) if high - low > 1), 0)
        row = width * prod(high - low for i, (low, high) in enumerate(ranges) if i != split)
        at_once = max(1, _MAX_ANSWER // row)
        parts = []
        low, high = ranges[split]
        for start in range(low, high, at_once):
            self._context.checkpoint()
            some = list(ranges)
            some[split] = (start, min(high, start + at_once))
            parts.append(self._hyperslab(array, some))
        values = parts[0] if len(parts) == 1 else numpy.concatenate(parts, axis=split)
        kept = tuple(0 if isinstance(part, int) else slice(None) for part in index)
        return values[kept]

    def _hyperslab(self, array: dap2.Array, ranges: Sequence[tuple[int, int]]) -> NDArray[Any]:
        brackets = "".join(f"[{low}:1:{high - 1}]" for low, high in ranges)
        shape = tuple(high - low for low, high in ranges)
        return self._values(array, brackets, shape)

    def _values(self, array: dap2.Array, brackets: str, shape: tuple[int, ...]) -> NDArray[Any]:
        """The answer to one constraint expression, of the shape that it has to have."""
        most = prod(shape)
        answer = self._context.web.get(
            f"{self._base}.dods?{quote(array.projection, safe='.')}{quote(brackets, safe=':')}",
            # Maps of a grid may come along unasked, and the DDS stands in front.
            max_bytes=most * 8 + 1024**2,
        )
        found = dap2.decode(answer.content, label=self._base, max_values=max(most, 1))
        by_name = {name.rpartition(".")[2]: values for name, values in found.items()}
        values = found.get(array.projection, by_name.get(array.projection.rpartition(".")[2]))
        if values is None:
            raise SourceInvalid(f"{self._base} did not answer {array.projection}.")
        # An answer declares its arrays again: other bytes would be taken for numbers of this type.
        if values.shape != shape:
            raise SourceInvalid(
                f"{self._base} answered {array.name!r} in another shape than it declares: "
                f"{values.shape}, not {shape}."
            )
        if values.dtype != dap2.NUMBERS[array.type][0]:
            raise SourceInvalid(
                f"{self._base} answered {array.name!r} in another type than it declares: "
                f"{values.dtype}, not {array.type}."
            )
        return values

    def _description(self, kind: str) -> str:
        answer = self._context.web.get(f"{self._base}.{kind}", max_bytes=_MAX_DESCRIPTION)
        return answer.content.decode("utf-8", errors="replace")

    def _write_local(self, path: Path, attributes: dict[str, Any]) -> None:
        import netCDF4

        self.dataset = dataset = netCDF4.Dataset(str(path), "w", format="NETCDF4")
        dataset.set_auto_maskandscale(False)
        dataset.set_fill_off()
        for name, own in attributes.items():
            if _GLOBAL.match(name) and isinstance(own, dict):
                _set_attributes(dataset, own)
        for name, array in self._arrays.items():
            own = attributes.get(name, {})
            own = own if isinstance(own, dict) else {}
            inner = own.get(array.name)
            if array.inside and isinstance(inner, dict):
                own = {**own, **inner}  # some servers nest the attributes of a grid's array
            _define(dataset, array, own)
        self._fill_coordinates()
        dataset.sync()  # what cannot be stored fails here, not while it is read

    def _fill_coordinates(self) -> None:
        """Fetch what says where and when: coordinates by their dimension or by `coordinates`."""
        import numpy

        dataset = self.dataset
        named: set[str] = set(dataset.dimensions)
        for variable in dataset.variables.values():
            if "coordinates" in variable.ncattrs():
                named.update(str(variable.getncattr("coordinates")).split())
        if self._context.params.bands is not None:
            named.update(name for name, found in dataset.variables.items() if is_wavelength(found))
        wanted = [
            array
            for name, array in self._arrays.items()
            if name in named
            and name in dataset.variables
            and len(array.dimensions) <= 1
            and array.type in dap2.NUMBERS
        ]
        if sum(dap2.wire_size(array) for array in wanted) > _MAX_COORDINATES:
            raise SourceRefused(f"The coordinates of {self._base} are larger than is read.")
        for array in wanted:
            shape = tuple(length for _, length in array.dimensions)
            if prod(shape) == 0:
                continue
            values = self._values(array, "", shape)
            dataset.variables[array.name][...] = (
                values if array.dimensions else numpy.asarray(values).item()
            )


def _by_name(description: dap2.Description) -> dict[str, dap2.Array]:
    """The arrays by name: those at the top, arrays of grids, maps that stand nowhere else."""
    found = {array.name: array for array in description.arrays if not array.inside}
    for array in description.arrays:
        if array.inside and array.name == array.inside:
            found.setdefault(array.name, array)
    for array in description.arrays:
        if array.inside and len(array.dimensions) == 1:
            found.setdefault(array.name, array)
    return found


def _define(dataset: Any, array: dap2.Array, own: dict[str, Any]) -> None:
    """Declare the variable in the local file, without values."""
    import numpy

    if not _NAME.match(array.name) or array.name in dataset.variables:
        return
    dimensions = []
    for position, (name, size) in enumerate(array.dimensions):
        chosen = name if _NAME.match(name) else f"{array.name}_dim{position}"
        if chosen in dataset.dimensions and len(dataset.dimensions[chosen]) != size:
            chosen = f"{chosen}_{size}"
        if size < 1 or chosen in dimensions:
            return
        if chosen not in dataset.dimensions:
            dataset.createDimension(chosen, size)
        dimensions.append(chosen)
    if array.type not in dap2.NUMBERS:
        # A grid mapping may be a string: only its attributes count.
        if not dimensions:
            _set_attributes(dataset.createVariable(array.name, "S1"), own)
        return
    kind = numpy.dtype(dap2.NUMBERS[array.type][0])
    fill: Any = own.get("_FillValue")
    if not isinstance(fill, int | float):
        fill = None
    elif kind.kind in "iu":
        limits = numpy.iinfo(kind)
        if array.type == "byte" and -128 <= fill < 0:
            fill += 256  # a signed byte, which DAP2 does not know: the same bits
        fill = int(fill) if fill == fill and limits.min <= fill <= limits.max else None
    # Chunks that nobody writes are never allocated; contiguous storage would take the field's room.
    chunks = [min(size, 64) for _, size in array.dimensions] if len(dimensions) > 1 else None
    variable = dataset.createVariable(
        array.name, kind, tuple(dimensions), fill_value=fill, chunksizes=chunks
    )
    variable.set_auto_maskandscale(False)
    _set_attributes(variable, own)


def _set_attributes(holder: Any, own: Mapping[str, Any]) -> None:
    for name, value in own.items():
        if name in _RESERVED or not _NAME.match(name) or isinstance(value, dict) or value == []:
            continue
        if isinstance(value, list) and not all(isinstance(part, int | float) for part in value):
            continue
        holder.setncattr(name, value)
