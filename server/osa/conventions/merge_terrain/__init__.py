"""Terrain models merged into one GeoTIFF, and into a terrain mesh where it is asked for.

Importing this package loads no heavy library: they are imported when an ingestion starts, in the
worker.
"""

from __future__ import annotations

from collections.abc import Iterator

from osa.conventions.authoring import Context, Convention
from osa.conventions.items import Batch
from osa.conventions.merge_terrain.parameters import MergeTerrainParams

__all__ = ["MergeTerrainParams", "merge_terrain"]


def _ingest(context: Context[MergeTerrainParams]) -> Iterator[Batch]:
    merge_terrain.check_extra()
    from osa.conventions.merge_terrain.conversion import ingest

    yield from ingest(context)


merge_terrain = Convention(
    id="merge-terrain",
    title="Merge terrain",
    description=(
        "Merges 1 to 500 terrain models (GeoTIFF, SRTM .hgt, or a ZIP of one) into one GeoTIFF, "
        "cloud-optimized by default, with a hillshade as preview; with `terrain.enabled` also a "
        "quantized-mesh tile set for 3-D globes. One record."
    ),
    ingest=_ingest,
    params=MergeTerrainParams,
    source_types=("uri", "file", "bytes", "record", "list"),
    extra="geo",
    modules=("numpy", "pydelatin", "pyproj", "rasterio"),
)
