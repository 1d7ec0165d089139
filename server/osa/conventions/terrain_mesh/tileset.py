"""A whole tile set, made from a raster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osa.conventions.authoring import Progress
from osa.conventions.failures import ParametersInvalid, SourceRefused
from osa.conventions.geotiff.crs import lonlat_bbox
from osa.conventions.geotiff.writing import gdal
from osa.conventions.items import File
from osa.conventions.local_files import check_disk, room_on_disk
from osa.conventions.terrain_mesh.archive import ARCHIVE, writing
from osa.conventions.terrain_mesh.encoding import encode
from osa.conventions.terrain_mesh.meshing import mesh_of
from osa.conventions.terrain_mesh.parameters import TerrainParams
from osa.conventions.terrain_mesh.posts import bytes_needed, posts_of
from osa.conventions.terrain_mesh.tiling import Level, layer, levels, zoom_of

#: Of one tile set; a country at 10 m has about so many.
MAX_TILES = 200_000
#: Bytes of a tile per post, at most: its numbers, two triangles, a normal, its name twice.
_BYTES_PER_POST = 24
#: What viewers take the tiles of level 0 to be off by, in metres; half of it at each next level.
_LEVEL_ZERO_ERROR = 77_067.34
#: The part of it that a mesh uses.
_PART = 4


@dataclass(frozen=True, kw_only=True)
class Tileset:
    """What was written, and what the record says of it."""

    files: Sequence[File]
    metadata: dict[str, Any]


def write_tileset(
    raster: Path,
    folder: Path,
    params: TerrainParams,
    *,
    title: str,
    min_free: int,
    checkpoint: Callable[[], None],
    report: Callable[[Progress], None],
) -> Tileset:
    """Make the tile set of a GeoTIFF of heights that the service wrote.

    Raises ParametersInvalid, SourceRefused for too many tiles, StorageFull.
    """
    bbox, degrees = _place(raster)
    finest = zoom_of(degrees, params.tile_size) if params.max_zoom is None else params.max_zoom
    coarsest = min(params.min_zoom, finest) if params.max_zoom is None else params.min_zoom
    found = levels(bbox, coarsest, finest)
    _check_room(found, params, folder, min_free)
    posts_total = bytes_needed(found[-1], params.tile_size) // 4
    seen = 0

    def after_piece(count: int) -> None:
        nonlocal seen
        checkpoint()
        seen += count
        report(Progress(phase="sampling", unit="posts", completed=seen, total=posts_total))

    said = layer(found, bbox=bbox, title=title, normals=params.vertex_normals)
    total = sum(level.count for level in found)
    done = 0
    off = params.max_error or _LEVEL_ZERO_ERROR / 2**finest / _PART
    with (
        room_on_disk(folder / ARCHIVE),
        posts_of(
            raster,
            found[-1],
            params.tile_size,
            scratch=folder / "posts.bin",
            after_piece=after_piece,
        ) as posts,
        writing(folder, said) as target,
    ):
        for level in found:
            for tile in level.tiles():
                checkpoint()
                around = posts.around(tile, params.nodata_height)
                mesh = mesh_of(tile, around[1:-1, 1:-1], off * 2 ** (finest - tile.zoom))
                content = encode(
                    tile,
                    mesh,
                    size=params.tile_size,
                    around=around if params.vertex_normals else None,
                )
                target.add(tile, content)
                done += 1
                report(Progress(phase="meshing", unit="tiles", completed=done, total=total))
    metadata = {
        "format": "quantized-mesh-1.0",
        "tiles": total,
        "min_zoom": coarsest,
        "max_zoom": finest,
        "tile_size": params.tile_size,
        "max_error": off,
        "bbox": bbox,
    }
    return Tileset(files=target.files, metadata=metadata)


def _place(raster: Path) -> tuple[list[float], float]:
    """[west, south, east, north] in degrees, and the degrees of latitude from pixel to pixel."""
    import pyproj
    import rasterio

    with gdal(), rasterio.open(raster, driver="GTiff") as opened:
        crs = pyproj.CRS.from_wkt(opened.crs.to_wkt())
        bbox = lonlat_bbox(tuple(opened.bounds), crs)
        height = opened.height
    # Rounded, what is lower than 1e-9 degrees has no height.
    if (
        bbox is None
        or not -180 <= bbox[0] <= 180
        or not -180 <= bbox[2] <= 180
        or bbox[1] >= bbox[3]
    ):
        raise ParametersInvalid(
            "Where the result lies on the globe cannot be said, so no terrain mesh is made.",
            hint="Give `dst_crs` EPSG:4326, or leave `terrain` out.",
        )
    west, south, east, north = bbox
    if west >= east:
        raise ParametersInvalid(
            "The result crosses 180° of longitude; a terrain mesh is made on one side of it.",
            hint="Give `bounds` for each side, and merge twice.",
        )
    return [west, south, east, north], (north - south) / height


def _check_room(found: Sequence[Level], params: TerrainParams, folder: Path, min_free: int) -> None:
    tiles = sum(level.count for level in found)
    if tiles > MAX_TILES:
        raise SourceRefused(
            f"The mesh would have {tiles} tiles down to level {found[-1].zoom}; at most "
            f"{MAX_TILES} are made.",
            hint="Give a smaller `terrain.max_zoom`, or `bounds`.",
        )
    needed = bytes_needed(found[-1], params.tile_size)
    needed += tiles * params.tile_size**2 * _BYTES_PER_POST
    check_disk(
        folder,
        needed=needed,
        min_free=min_free,
        said="{needed} bytes are needed for a terrain mesh and {min_free} must stay free; the disk "
        "has {free}.",
    )
