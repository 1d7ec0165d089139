"""The heights that tiles are made of: a grid of posts in longitude and latitude, on the disk.

Each post of the finest level is found once, at its exact place, and kept; all tiles of all levels
take their heights from there. So tiles that share an edge share its heights, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osa.conventions.failures import SourceInvalid
from osa.conventions.geotiff.writing import gdal
from osa.conventions.terrain_mesh.tiling import Level, Tile

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Posts along the side of what is found at once.
_PIECE = 512
_ROOT = 180.0


@dataclass(frozen=True, kw_only=True)
class Posts:
    """The posts of the finest level, row 0 in the south; NaN where there is no height."""

    heights: NDArray[Any]
    zoom: int
    size: int
    #: Which post of the globe stands first: counted from 180° west and from the south pole.
    column: int
    row: int

    def around(self, tile: Tile, nodata_height: float) -> NDArray[Any]:
        """The heights of a tile and of one post more on each side, in float64."""
        import numpy

        step = 2 ** (self.zoom - tile.zoom)
        side = self.size - 1
        rows = (tile.y * side + numpy.arange(-1, side + 2)) * step - self.row
        columns = (tile.x * side + numpy.arange(-1, side + 2)) * step - self.column
        high, wide = self.heights.shape
        found = self.heights[
            numpy.ix_(numpy.clip(rows, 0, high - 1), numpy.clip(columns, 0, wide - 1))
        ].astype("float64")
        found[(rows < 0) | (rows >= high), :] = numpy.nan
        found[:, (columns < 0) | (columns >= wide)] = numpy.nan
        found[numpy.isnan(found)] = nodata_height
        return found


def bytes_needed(level: Level, size: int) -> int:
    """Of the file that keeps the posts of a level."""
    side = size - 1
    columns = (level.end_x - level.start_x + 1) * side + 1
    return columns * ((level.end_y - level.start_y + 1) * side + 1) * 4


@contextmanager
def posts_of(
    raster: Path, level: Level, size: int, *, scratch: Path, after_piece: Callable[[int], None]
) -> Iterator[Posts]:
    """The posts of a level, found by bilinear interpolation; their file is removed afterwards.

    `after_piece` is told how many posts were found. Raises SourceInvalid when the raster cannot be
    read.
    """
    import numpy
    import rasterio
    from rasterio.errors import RasterioError

    side = size - 1
    column, row = level.start_x * side, level.start_y * side
    wide = (level.end_x - level.start_x + 1) * side + 1
    high = (level.end_y - level.start_y + 1) * side + 1
    spacing = _ROOT / 2**level.zoom / side
    heights = numpy.memmap(scratch, dtype="float32", mode="w+", shape=(high, wide))
    try:
        with gdal(), rasterio.open(raster, driver="GTiff") as opened:
            sampler = _Sampler(opened)
            for start in range(0, high, _PIECE):
                rows = numpy.arange(start, min(high, start + _PIECE))
                for first in range(0, wide, _PIECE):
                    columns = numpy.arange(first, min(wide, first + _PIECE))
                    heights[start : start + len(rows), first : first + len(columns)] = (
                        sampler.heights(
                            (column + columns) * spacing - 180.0, (row + rows) * spacing - 90.0
                        )
                    )
                    after_piece(len(rows) * len(columns))
        yield Posts(heights=heights, zoom=level.zoom, size=size, column=column, row=row)
    except RasterioError as exc:
        raise SourceInvalid(f"The merged raster cannot be read: {exc}.") from exc
    finally:
        del heights
        with suppress(FileNotFoundError):
            scratch.unlink()


class _Sampler:
    """Heights of an open raster at longitudes and latitudes."""

    def __init__(self, raster: Any) -> None:
        import pyproj

        self._raster = raster
        crs = pyproj.CRS.from_wkt(raster.crs.to_wkt())
        # Longitude and latitude of WGS 84 are taken as they are: no rounding by a change of CRS.
        wgs84 = pyproj.CRS.from_epsg(4326)
        same = crs.equals(wgs84, ignore_axis_order=True)
        self._to_raster = None if same else pyproj.Transformer.from_crs(wgs84, crs, always_xy=True)
        nodata = raster.nodata
        kind = raster.dtypes[0]
        import numpy

        self._nodata = float(numpy.dtype(kind).type(nodata)) if nodata is not None else None

    def heights(self, longitudes: NDArray[Any], latitudes: NDArray[Any]) -> NDArray[Any]:
        """Rows of latitudes, columns of longitudes."""
        import numpy

        x, y = numpy.meshgrid(longitudes, latitudes)
        if self._to_raster is not None:
            x, y = self._to_raster.transform(x, y, errcheck=False)
        a, _, c, _, e, f = tuple(self._raster.transform)[:6]
        # In pixels from the centre of the first.
        columns, rows = (x - c) / a - 0.5, (y - f) / e - 0.5
        wide, high = self._raster.width, self._raster.height
        with numpy.errstate(invalid="ignore"):
            inside = (columns >= -0.5) & (columns <= wide - 0.5)
            inside &= (rows >= -0.5) & (rows <= high - 0.5)
        found = numpy.full(x.shape, numpy.nan)
        if inside.any():
            found[inside] = self._bilinear(columns[inside], rows[inside], len(latitudes))
        return found

    def _bilinear(self, columns: NDArray[Any], rows: NDArray[Any], posts: int) -> NDArray[Any]:
        """Between the four pixels around; those without a height have no say."""
        import numpy
        from rasterio.enums import Resampling
        from rasterio.windows import Window

        wide, high = self._raster.width, self._raster.height
        columns, rows = numpy.clip(columns, 0, wide - 1), numpy.clip(rows, 0, high - 1)
        left, top = int(columns.min()), int(rows.min())
        width = min(wide - 1, int(columns.max()) + 1) - left + 1
        height = min(high - 1, int(rows.max()) + 1) - top + 1
        # Posts much further apart than pixels stand for the mean of what is around them.
        times = max(1, min(width, height) // (2 * posts))
        out = -(-height // times), -(-width // times)
        pixels = self._raster.read(
            1,
            window=Window(left, top, width, height),
            out_shape=out,
            resampling=Resampling.nearest if times == 1 else Resampling.average,
        ).astype("float64")
        if self._nodata is not None:
            pixels[pixels == self._nodata] = numpy.nan
        columns = (columns - left + 0.5) * out[1] / width - 0.5
        rows = (rows - top + 0.5) * out[0] / height - 0.5
        columns, rows = numpy.clip(columns, 0, out[1] - 1), numpy.clip(rows, 0, out[0] - 1)
        low_column, low_row = columns.astype("int64"), rows.astype("int64")
        high_column = numpy.minimum(low_column + 1, out[1] - 1)
        high_row = numpy.minimum(low_row + 1, out[0] - 1)
        east, south = columns - low_column, rows - low_row
        total, weight = numpy.zeros(columns.shape), numpy.zeros(columns.shape)
        for row, column, part in (
            (low_row, low_column, (1 - south) * (1 - east)),
            (low_row, high_column, (1 - south) * east),
            (high_row, low_column, south * (1 - east)),
            (high_row, high_column, south * east),
        ):
            values = pixels[row, column]
            part = numpy.where(numpy.isfinite(values), part, 0.0)
            total += part * numpy.nan_to_num(values)
            weight += part
        with numpy.errstate(invalid="ignore", divide="ignore"):
            return numpy.where(weight > 1e-9, total / weight, numpy.nan)
