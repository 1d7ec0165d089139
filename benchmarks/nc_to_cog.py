"""NetCDF to COG: processor time and memory of the convention beside `gdal_translate -of COG`.

Both turn the same file (by default 10000 × 10000 float32, 400 MB) into a COG with the same
compression, block size and overviews, each in a process of its own, in turn. Prints each pair and
the median ratios, and the peak memory of the convention on a file of an eighth of the size: it
should hardly differ.

Run: python benchmarks/nc_to_cog.py [--side 10000] [--pairs 3] [--chunked] [--folder /big/disk]
"""

# ruff: noqa: T201 - a benchmark prints

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

_CONVERT = """
import sys
from pathlib import Path
from osa.conventions import Context, Source
from osa.conventions.nc_to_geotiff import nc_to_geotiff
path, folder = Path(sys.argv[1]), Path(sys.argv[2])
source = Source(type="file", path=path, sha256="0" * 64, size=path.stat().st_size)
context = Context(
    params=nc_to_geotiff.params(), sources=[source], cursor={}, batch_size=1, workdir=folder
)
for _ in nc_to_geotiff.ingest(context):
    pass
"""


@dataclass(frozen=True)
class Cost:
    """What one process used."""

    cpu: float
    wall: float
    peak_mb: float

    def __str__(self) -> str:
        return f"{self.cpu:.1f} s cpu, {self.wall:.1f} s, {self.peak_mb:.0f} MB"


def make_grid(path: Path, side: int, *, chunked: bool) -> None:
    """A smooth field with noise in its last digits, in strips: compressible, not trivially."""
    generator = np.random.default_rng(1)
    with netCDF4.Dataset(path, "w") as file:
        for name in ("y", "x"):
            file.createDimension(name, side)
            axis = file.createVariable(name, "f8", (name,))
            axis.standard_name = f"projection_{name}_coordinate"
            axis.units = "m"
            axis[:] = (1 if name == "x" else -1) * 100.0 * np.arange(side)
        crs = file.createVariable("crs", "i4", ())
        crs.grid_mapping_name = "transverse_mercator"
        crs.latitude_of_projection_origin = 0.0
        crs.longitude_of_central_meridian = 15.0
        crs.scale_factor_at_central_meridian = 0.9996
        crs.false_easting = 500000.0
        crs.false_northing = 0.0
        layout = (
            {"zlib": True, "complevel": 1, "chunksizes": (500, 500)}
            if chunked
            else {"contiguous": True}
        )
        field = file.createVariable("field", "f4", ("y", "x"), fill_value=-9999.0, **layout)
        field.grid_mapping = "crs"
        across = np.sin(np.arange(side) / 300.0)[np.newaxis, :]
        for row in range(0, side, 500):
            rows = np.arange(row, min(side, row + 500))[:, np.newaxis]
            values = 280 + 10 * across * np.cos(rows / 500.0)
            values += generator.integers(0, 4, values.shape) * 0.01
            field[row : row + len(rows)] = np.round(values, 2)


def cost(command: list[str]) -> Cost:
    """Run the command to its end and ask the kernel what it used."""
    started = time.monotonic()
    child = os.posix_spawn(command[0], command, dict(os.environ))
    _, status, usage = os.wait4(child, 0)
    if status:
        sys.exit(f"{command[0]} ended with {status}")
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - started, usage.ru_maxrss / 1024)


def convention(source: Path, folder: Path) -> Cost:
    """Convert with the convention."""
    work = folder / "work"
    work.mkdir()
    try:
        return cost([sys.executable, "-c", _CONVERT, str(source), str(work)])
    finally:
        shutil.rmtree(work)


def gdal(source: Path, folder: Path) -> Cost:
    """Convert with `gdal_translate`, told to do the same."""
    target = folder / "gdal.tif"
    command = shutil.which("gdal_translate")
    if command is None:
        sys.exit("gdal_translate is not installed (apt: gdal-bin)")
    options = ["COMPRESS=DEFLATE", "BLOCKSIZE=512", "OVERVIEW_RESAMPLING=NEAREST"]
    creation = [word for option in options for word in ("-co", option)]
    try:
        return cost([command, "-q", "-of", "COG", *creation, f"NETCDF:{source}:field", str(target)])
    finally:
        target.unlink(missing_ok=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--side", type=int, default=10_000, help="pixels along one side")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--chunked", action="store_true", help="deflated chunks, not contiguous")
    parser.add_argument("--folder", type=Path, help="where to work (about 2 GB)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        folder = Path(name)
        large, small = folder / "large.nc", folder / "small.nc"
        make_grid(large, chosen.side, chunked=chosen.chunked)
        make_grid(small, int(chosen.side / 8**0.5), chunked=chosen.chunked)
        ratios = []
        for pair in range(1, chosen.pairs + 1):
            ours, theirs = convention(large, folder), gdal(large, folder)
            ratios.append((ours.cpu / theirs.cpu, ours.peak_mb / theirs.peak_mb))
            print(f"pair {pair}: convention {ours} | gdal_translate {theirs}")
        little = convention(small, folder)
        print(
            f"median ratio: cpu {statistics.median(cpu for cpu, _ in ratios):.2f}, "
            f"peak memory {statistics.median(peak for _, peak in ratios):.2f}"
        )
        print(f"peak memory, an eighth to all: {little.peak_mb:.0f} -> {ours.peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
