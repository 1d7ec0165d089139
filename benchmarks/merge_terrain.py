"""merge-terrain: processor time and memory beside `gdalwarp`, on terrain of two sizes.

Both merge the same tiles (by default two of 3601 × 3601 int16, as one second of arc has them, and
eight times as many) into a COG in UTM with the same resolution, compression and error threshold,
each in a process of its own, in turn. Prints each pair, the median ratios, and how memory grows.

Run: python benchmarks/merge_terrain.py [--side 3601] [--pairs 3] [--folder /big/disk]
"""

# ruff: noqa: T201 - a benchmark prints

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import rasterio
from nc_to_cog import Cost, cost
from rasterio.windows import Window

_MERGE = """
import json, sys
from pathlib import Path
from osa.conventions import Context, Source
from osa.conventions.merge_terrain import merge_terrain
folder, bounds, resolution, *paths = sys.argv[1:]
sources = [
    Source(type="file", path=Path(p), filename=Path(p).name, sha256="0" * 64, size=1)
    for p in paths
]
params = {"dst_crs": "EPSG:32632", "preview": False, "method": "last"}
params |= {"resolution": int(resolution), "bounds": json.loads(bounds)}
context = Context(
    params=merge_terrain.parse(params), sources=sources, cursor={}, batch_size=1,
    workdir=Path(folder),
)
for _ in merge_terrain.ingest(context):
    pass
"""


def make_tiles(folder: Path, side: int, columns: int, rows: int) -> list[Path]:
    """Neighbors that share a column or a row, with hills and some noise."""
    paths = []
    generator = np.random.default_rng(1)
    for column in range(columns):
        for row in range(rows):
            path = folder / f"{columns}x{rows}-{column}-{row}.tif"
            pixel = 1 / (side - 1)
            place = rasterio.transform.Affine(
                pixel, 0, 7 + column - pixel / 2, 0, -pixel, 46 + row + 1 + pixel / 2
            )
            profile = {"driver": "GTiff", "count": 1, "dtype": "int16", "nodata": -32768}
            with rasterio.open(
                path,
                "w",
                width=side,
                height=side,
                crs="EPSG:4326",
                transform=place,
                tiled=True,
                compress="DEFLATE",
                **profile,
            ) as target:
                # In strips: what this process once had counts as its children's, too.
                for first in range(0, side, 256):
                    y, x = np.mgrid[first : min(side, first + 256), 0:side] / side * 6.28
                    heights = 1500 + 900 * np.sin(3 * x) * np.cos(2 * y)
                    heights += generator.integers(0, 5, heights.shape)
                    place = Window(0, first, side, len(heights))
                    target.write(heights.astype("int16"), 1, window=place)
            paths.append(path)
    return paths


def convention(paths: Sequence[Path], bounds: Sequence[int], pixel: int, folder: Path) -> Cost:
    """Merge with the convention."""
    work = folder / "work"
    work.mkdir()
    try:
        return cost(
            [
                sys.executable,
                "-c",
                _MERGE,
                str(work),
                str(list(bounds)),
                str(pixel),
                *map(str, paths),
            ]
        )
    finally:
        shutil.rmtree(work)


def gdalwarp(paths: Sequence[Path], bounds: Sequence[int], pixel: int, folder: Path) -> Cost:
    """Merge with `gdalwarp`, told to do the same."""
    target = folder / "gdal.tif"
    command = shutil.which("gdalwarp")
    if command is None:
        sys.exit("gdalwarp is not installed (apt: gdal-bin)")
    options = [
        "-t_srs",
        "EPSG:32632",
        "-tr",
        str(pixel),
        str(pixel),
        "-tap",
        "-te",
        *map(str, bounds),
    ]
    options += ["-r", "bilinear", "-et", "0.001", "-ot", "Float32", "-dstnodata", "-9999"]
    options += ["-of", "COG", "-co", "COMPRESS=DEFLATE", "-co", "OVERVIEW_RESAMPLING=AVERAGE"]
    try:
        return cost([command, "-q", *options, *map(str, paths), str(target)])
    finally:
        target.unlink(missing_ok=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--side", type=int, default=3601, help="pixels along the side of a tile")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to work (about 5 GB)")
    chosen = parser.parse_args()
    pixel = round(30 * 3600 / (chosen.side - 1))
    peaks: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        folder = Path(name)
        for columns, rows, pairs in ((2, 1, 1), (4, 4, chosen.pairs)):
            paths = make_tiles(folder, chosen.side, columns, rows)
            bounds = (350_000, 5_100_000, 350_000 + 75_000 * columns, 5_100_000 + 110_000 * rows)
            ratios = []
            for pair in range(1, pairs + 1):
                ours = convention(paths, bounds, pixel, folder)
                theirs = gdalwarp(paths, bounds, pixel, folder)
                ratios.append((ours.cpu / theirs.cpu, ours.peak_mb / theirs.peak_mb))
                print(
                    f"{columns * rows} tiles, pair {pair}: merge-terrain {ours} | gdalwarp {theirs}"
                )
            print(
                f"{columns * rows} tiles, median ratio: "
                f"cpu {statistics.median(cpu for cpu, _ in ratios):.2f}, "
                f"peak memory {statistics.median(peak for _, peak in ratios):.2f}"
            )
            peaks.append((ours.peak_mb, theirs.peak_mb))
    (small, small_gdal), (large, large_gdal) = peaks
    print(f"peak memory, 8 times as much: {small:.0f} -> {large:.0f} MB")
    print(f"gdalwarp: {small_gdal:.0f} -> {large_gdal:.0f} MB")


if __name__ == "__main__":
    main()
