"""Where a raster lies in another CRS, and its pixels there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osa.conventions.failures import ParametersInvalid
from osa.conventions.geotiff.layout import Layout, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Memory of one warp operation, in MB.
WARP_MB = 64
#: Mercator's square ends at 2.004e7; oblique and conic maps of half the Earth stay below this.
_MAX_METRES = 6e7


def warped_layout(
    source: Layout,
    *,
    covers: tuple[float, float, float, float],
    dst_crs: Any,
    area: tuple[float, float, float, float] | None,
    resolution: tuple[float, float] | None,
    bounds: tuple[float, float, float, float] | None,
) -> Layout:
    """The grid to warp to: `bounds` (in `dst_crs`) or all that `covers`, in pixels of
    `resolution` or of GDAL's choice (about as many as the source has).

    `area`: where `dst_crs` is meant to be used, [west, south, east, north] in degrees, if known.
    Raises ParametersInvalid.
    """
    from rasterio._err import CPLE_BaseError  # what GDAL says is no RasterioError here
    from rasterio.errors import RasterioError

    try:
        transform, width, height = _default_grid(source, covers, dst_crs, area)
    except (RasterioError, CPLE_BaseError, ValueError) as exc:
        raise ParametersInvalid(
            f"The data cannot be warped to `dst_crs`: {exc}.",
            hint="Choose another CRS, or give `bounds` and `resolution`.",
        ) from exc
    box = (
        transform.c,
        transform.f + height * transform.e,
        transform.c + width * transform.a,
        transform.f,
    )
    size = resolution or (transform.a, -transform.e)
    if bounds is not None:
        if not (
            bounds[0] < box[2] and bounds[2] > box[0] and bounds[1] < box[3] and bounds[3] > box[1]
        ):
            raise ParametersInvalid(f"The bounds {list(bounds)} lie outside the data {list(box)}.")
        box = bounds
    # The upper left corner is kept; pixels keep their size exactly, so the far edges may move out.
    width = max(1, math.ceil((box[2] - box[0]) / size[0] - 1e-6))
    height = max(1, math.ceil((box[3] - box[1]) / size[1] - 1e-6))
    return replace(
        source,
        width=width,
        height=height,
        raster_crs=dst_crs,
        bounds=(box[0], box[3] - height * size[1], box[0] + width * size[0], box[3]),
    )


def _default_grid(
    source: Layout,
    covers: tuple[float, float, float, float],
    dst_crs: Any,
    area: tuple[float, float, float, float] | None,
) -> tuple[Any, int, int]:
    """GDAL's grid for all of the source; for the part inside `area` where that is boundless, as the
    poles are in a Mercator projection. Raises ValueError and rasterio's errors."""
    from rasterio.warp import calculate_default_transform

    left, bottom, right, top = covers
    if source.raster_crs.is_geographic:
        # Cells of a row at the pole end beyond it, where no projection is defined.
        bottom, top = max(bottom, -90.0), min(top, 90.0)
    crs, width, height = source.raster_crs, source.width, source.height
    box = (left, bottom, right, top)
    grid = calculate_default_transform(crs, dst_crs, width, height, *box)
    if dst_crs.is_geographic or _is_on_earth(grid):
        return grid  # type: ignore[no-any-return]
    if area is not None and source.raster_crs.is_geographic:
        west, south, east, north = area
        box = (max(left, west), max(bottom, south), min(right, east), min(top, north))
        if box[0] < box[2] and box[1] < box[3]:
            part_width = max(1, round(width * (box[2] - box[0]) / (right - left)))
            part_height = max(1, round(height * (box[3] - box[1]) / (top - bottom)))
            grid = calculate_default_transform(crs, dst_crs, part_width, part_height, *box)
            if _is_on_earth(grid):
                return grid  # type: ignore[no-any-return]
    raise ValueError("their outline has no end there")


def _is_on_earth(grid: tuple[Any, int, int]) -> bool:
    """Whether a projected grid stays within what a plane map of the Earth can measure in metres."""
    transform, width, height = grid
    far = max(
        abs(transform.c),
        abs(transform.f),
        abs(transform.c + width * transform.a),
        abs(transform.f + height * transform.e),
    )
    return bool(far < _MAX_METRES)


@contextmanager
def warped(
    path: Path, source: Layout, target: Layout, resampling: str
) -> Iterator[Callable[[Window], NDArray[Any]]]:
    """A function that reads windows of `path`, warped to `target`."""
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT
    from rasterio.windows import Window as RasterWindow

    bands = 1 if source.count == 1 else list(range(1, source.count + 1))
    # Else what is missing in one band alone would be taken for a value.
    separate = {} if source.count == 1 else {"UNIFIED_SRC_NODATA": "NO"}
    with (
        rasterio.open(path, driver="GTiff") as opened,
        WarpedVRT(
            opened,
            src_crs=source.raster_crs,
            crs=target.raster_crs,
            transform=target.affine,
            width=target.width,
            height=target.height,
            resampling=Resampling[resampling],
            src_nodata=source.nodata,
            nodata=target.nodata,
            warp_mem_limit=WARP_MB,
            **separate,
        ) as view,
    ):

        def read(window: Window) -> NDArray[Any]:
            place = RasterWindow(window.column, window.row, window.width, window.height)
            return view.read(bands, window=place)  # type: ignore[no-any-return]

        yield read
