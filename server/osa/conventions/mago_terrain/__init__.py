"""Terrain models made a quantized-mesh tile set by mago-3d-terrainer, a program of Gaia3D that an
operator installs and configures.

Importing this package loads no heavy library: they are imported when an ingestion starts, in the
worker.
"""

from __future__ import annotations

from collections.abc import Iterator

from osa.conventions.authoring import Context, Convention
from osa.conventions.items import Batch
from osa.conventions.mago_terrain.parameters import MagoTerrainParams

__all__ = ["MagoTerrainParams", "mago_terrain"]


def _ingest(context: Context[MagoTerrainParams]) -> Iterator[Batch]:
    mago_terrain.check_extra()
    from osa.conventions.mago_terrain.conversion import ingest

    yield from ingest(context)


mago_terrain = Convention(
    id="mago-terrain",
    title="Terrain mesh by mago-3d-terrainer",
    description=(
        "Makes a quantized-mesh tile set for 3-D globes of 1 to 500 terrain models (GeoTIFF, SRTM "
        ".hgt, or a ZIP of one), with the program mago-3d-terrainer, which the operator has to "
        "install. `merge-terrain` with `terrain.enabled` needs no such program. One record."
    ),
    ingest=_ingest,
    params=MagoTerrainParams,
    source_types=("uri", "file", "bytes", "record", "list"),
    extra="geo",
    modules=("numpy", "pyproj", "rasterio"),
)
