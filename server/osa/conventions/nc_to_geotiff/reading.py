"""Where the numbers of a dataset come from: a local file, or strips over the network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osa.conventions.authoring import Context
from osa.conventions.failures import ParametersInvalid, SourceInvalid, SourceNotFound, SourceRefused
from osa.conventions.hdf5_scan import scan
from osa.conventions.nc_to_geotiff.parameters import GeoTiffParams
from osa.conventions.nc_to_geotiff.variables import Variable, decoded
from osa.conventions.sources import LocalFile, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Bytes of decoded chunks that are kept while a variable is read strip by strip.
_CHUNK_CACHE = 256 * 1024**2
#: Parts of a path that servers put before OPeNDAP datasets (THREDDS, Hyrax, ERDDAP-like).
_DAP_PARTS = frozenset({"dodsC", "opendap", "dap", "dods"})


class Reader(ABC):
    """An open dataset. `dataset` (a netCDF4.Dataset) has all dimensions, attributes and coordinate
    values; the numbers of the fields come from `read`."""

    dataset: Any
    #: How the source is named in a `source_id`: its URI, or `sha256:` and the checksum.
    identity: str
    #: What a record says of its source.
    provenance: dict[str, Any]

    def prepare(  # noqa: B027 - most readers have nothing to prepare
        self,
        variable: Variable,
        positions: tuple[int, int],
        rows: int,
        bands: tuple[int, Sequence[int]] | None = None,
    ) -> None:
        """Told once before strips of `rows` rows are read; `positions` are those of (y, x), `bands`
        that of the bands and which of them are read of each strip."""

    @abstractmethod
    def read(self, path: str, variable: Variable, index: Sequence[int | slice]) -> NDArray[Any]:
        """The raw numbers of a hyperslab, integers dropping their dimension."""

    def close(self) -> None:
        """Close the dataset."""
        self.dataset.close()


class FileReader(Reader):
    """A local NetCDF file that was scanned before."""

    def __init__(self, path: Path, *, label: str) -> None:
        import netCDF4

        try:
            self.dataset = netCDF4.Dataset(str(path.absolute()), "r")
        except (OSError, RuntimeError, ValueError) as exc:
            raise SourceInvalid(f"{label} cannot be read as NetCDF: {exc}.") from exc
        self.dataset.set_auto_maskandscale(False)

    @classmethod
    def of(cls, source: Source, local: LocalFile) -> FileReader:
        """The reader of a fetched source. Raises SourceInvalid, SourceRefused."""
        scan(local.path, label=source.label)
        reader = cls(local.path, label=source.label)
        reader.identity = source.uri or f"sha256:{local.sha256}"
        reader.provenance = {"sha256": local.sha256, "size": local.size}
        if source.uri is not None:
            reader.provenance["uri"] = source.uri
        if source.record_id is not None:
            reader.provenance["record_id"] = source.record_id
        if local.filename is not None:
            reader.provenance["filename"] = local.filename
        return reader

    def prepare(
        self,
        variable: Variable,
        positions: tuple[int, int],
        rows: int,
        bands: tuple[int, Sequence[int]] | None = None,
    ) -> None:
        chunks = variable.chunking()
        if not isinstance(chunks, list):
            return
        y, x = positions
        across = -(-variable.shape[x] // chunks[x])
        # A row of chunks that a strip ends in is wanted again by the next strip.
        high = 1 if rows % chunks[y] == 0 else -(-rows // chunks[y]) + 1
        if bands is not None:
            position, indices = bands
            high *= len({index // chunks[position] for index in indices})
        size = variable.dtype.itemsize
        for length in chunks:
            size *= length
        # Never less than one chunk, or each strip would decode the same one again.
        wanted = min(max(size * across * high, size), max(_CHUNK_CACHE, size))
        variable.set_var_chunk_cache(wanted + size, 10 * across * high + 1, 1.0)

    def read(self, path: str, variable: Variable, index: Sequence[int | slice]) -> NDArray[Any]:
        return decoded(variable, tuple(index), of=path)


@contextmanager
def open_source(context: Context[GeoTiffParams]) -> Iterator[Reader]:
    """The one source of the ingestion, opened as `access` says. Raises the source's failures."""
    if len(context.sources) != 1:
        raise ParametersInvalid(
            f"nc-to-geotiff takes exactly one source; {len(context.sources)} were given.",
            hint="Start one ingestion per source.",
        )
    reader = _reader(context, context.sources[0])
    try:
        yield reader
    finally:
        reader.close()


def _reader(context: Context[GeoTiffParams], source: Source) -> Reader:
    from osa.conventions.nc_to_geotiff.opendap import DapReader

    access = context.params.access
    uri = source.uri or ""
    if source.type != "uri" or not uri.lower().startswith(("http://", "https://")):
        if access == "opendap":
            raise ParametersInvalid("`access: opendap` needs a source of type uri, http or https.")
        return FileReader.of(source, context.fetch(source))
    if access == "opendap":
        return DapReader.open(context, uri)
    if access == "auto" and _DAP_PARTS & set(uri.partition("?")[0].split("/")[3:]):
        try:
            return DapReader.open(context, uri)
        except (SourceInvalid, SourceNotFound, SourceRefused) as exc:
            context.logger.info("not_opendap", extra={"uri": uri, "why": exc.detail})
    local = context.fetch(source)
    try:
        return FileReader.of(source, local)
    except SourceInvalid as not_netcdf:
        if access == "download":
            raise
        try:
            return DapReader.open(context, uri)
        except (SourceInvalid, SourceNotFound, SourceRefused, ParametersInvalid) as exc:
            raise SourceInvalid(
                f"{not_netcdf.detail} It is no OPeNDAP dataset either: {exc.detail}",
                hint=not_netcdf.hint,
            ) from not_netcdf
