"""NetCDF to GeoTIFF: every time step of a gridded CF variable becomes a GeoTIFF and a record.

The rules are those of the CF conventions 1.11 (https://cfconventions.org). Importing this package
loads no heavy library: they are imported when an ingestion starts, in the worker.
"""

from __future__ import annotations

from collections.abc import Iterator

from osa.conventions.authoring import Context, Convention
from osa.conventions.items import Batch
from osa.conventions.nc_to_geotiff.parameters import GeoTiffParams

__all__ = ["GeoTiffParams", "nc_to_geotiff"]


def _ingest(context: Context[GeoTiffParams]) -> Iterator[Batch]:
    nc_to_geotiff.check_extra()
    from osa.conventions.nc_to_geotiff.conversion import ingest

    yield from ingest(context)


nc_to_geotiff = Convention(
    id="nc-to-geotiff",
    title="NetCDF to GeoTIFF",
    version="1.2.0",
    description=(
        "Converts a variable of a NetCDF file or of an OPeNDAP dataset to GeoTIFF, cloud-optimized "
        "by default: one record per time step, with the file and a preview."
    ),
    ingest=_ingest,
    params=GeoTiffParams,
    source_types=("uri", "file", "bytes", "record"),
    extra="geo",
    modules=("h5py", "netCDF4", "numpy", "pyproj", "rasterio"),
)
