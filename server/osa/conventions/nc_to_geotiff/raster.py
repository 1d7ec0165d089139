"""Writing GeoTIFFs strip by strip: a tiled temporary file, warped where asked, made a COG.

Memory stays flat whatever the size: a strip at a time here, GDAL_CACHEMAX inside GDAL (whose
default, 5 % of the machine's memory, grew an ingestion from 424 to 1106 MB).
"""

from __future__ import annotations

import math
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osa.conventions.failures import ParametersInvalid, SourceInvalid, SourceRefused, StorageFull
from osa.conventions.nc_to_geotiff.grid import Window
from osa.conventions.nc_to_geotiff.parameters import GeoTiffParams

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Values of one strip at most: 64 MiB where they are unpacked in float64.
_STRIP_VALUES = 8 * 1024**2
_CACHE_MB = 64
#: Memory of one warp operation, in MB.
_WARP_MB = 64
#: Mercator's square ends at 2.004e7; oblique and conic maps of half the Earth stay below this.
_MAX_METRES = 6e7


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A raster of one band: where it lies and what its numbers are."""

    width: int
    height: int
    #: left, bottom, right, top in units of the CRS.
    bounds: tuple[float, float, float, float]
    #: A rasterio CRS.
    raster_crs: Any
    dtype: str
    nodata: float | None
    description: str = ""
    units: str = ""
    scale: float = 1.0
    offset: float = 0.0
    band_tags: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def resolution(self) -> tuple[float, float]:
        """Pixel width and height."""
        left, bottom, right, top = self.bounds
        return (right - left) / self.width, (top - bottom) / self.height

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """GDAL-like affine in the order of rasterio: (a, b, c, d, e, f)."""
        width, height = self.resolution
        return width, 0.0, self.bounds[0], 0.0, -height, self.bounds[3]

    @property
    def bytes(self) -> int:
        """Of all pixels, uncompressed."""
        import numpy

        return self.width * self.height * numpy.dtype(self.dtype).itemsize

    def strips(self, blocksize: int) -> Iterator[Window]:
        """Windows of whole tiles, row by row of tiles."""
        columns = max(1, _STRIP_VALUES // (blocksize * blocksize)) * blocksize
        for row in range(0, self.height, blocksize):
            for column in range(0, self.width, columns):
                yield Window(
                    row=row,
                    column=column,
                    height=min(blocksize, self.height - row),
                    width=min(columns, self.width - column),
                )


@dataclass(kw_only=True)
class Statistics:
    """Of the pixels that were written; `mean` is of the pixels as they are in the file."""

    valid: int = 0
    total: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    sum: float = 0.0

    def add(self, pixels: NDArray[Any], nodata: float | None) -> None:
        """Count a strip in."""
        import numpy

        self.total += pixels.size
        if nodata is not None and not math.isnan(nodata):
            pixels = pixels[pixels != pixels.dtype.type(nodata)]
        if pixels.dtype.kind == "f" and not numpy.isfinite(pixels.sum(dtype="float64")):
            pixels = pixels[numpy.isfinite(pixels)]
        if pixels.size:
            self.valid += pixels.size
            self.minimum = min(self.minimum, pixels.min().item())
            self.maximum = max(self.maximum, pixels.max().item())
            self.sum += pixels.sum(dtype="float64").item()

    def as_metadata(self) -> dict[str, Any]:
        """For a record: min, max and mean are None where no pixel is valid."""
        some = self.valid > 0
        return {
            "minimum": self.minimum if some else None,
            "maximum": self.maximum if some else None,
            "mean": self.sum / self.valid if some else None,
            "valid_fraction": self.valid / self.total if self.total else 0.0,
        }


@contextmanager
def gdal() -> Iterator[None]:
    """The settings every call of GDAL is made under."""
    import rasterio

    with (
        warnings.catch_warnings(),
        rasterio.Env(
            GDAL_CACHEMAX=_CACHE_MB,
            GDAL_PAM_ENABLED=False,
            GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR",
            GDAL_NUM_THREADS="1",
            PROJ_NETWORK="OFF",
        ),
    ):
        # rasterio 1.4 multiplies affine matrices in a way that affine 3 is about to retire.
        warnings.filterwarnings("ignore", category=PendingDeprecationWarning)
        yield


def check_room(layout: Layout, params: GeoTiffParams, *, workdir: Path, min_free: int) -> None:
    """Raise SourceRefused for more than `max_pixels`, StorageFull where the disk is too small."""
    pixels = layout.width * layout.height
    if pixels > params.max_pixels:
        raise SourceRefused(
            f"One GeoTIFF would have {layout.width} × {layout.height} = {pixels} pixels; at most "
            f"{params.max_pixels} are written.",
            hint="Give `bounds`, a coarser `resolution`, or a larger `max_pixels`.",
        )
    # The temporary file, and a result that did not compress, with its overviews (a third).
    needed = layout.bytes * 7 // 3
    free = shutil.disk_usage(workdir).free
    if needed + min_free > free:
        raise StorageFull(
            f"{needed} bytes are needed for a GeoTIFF and {min_free} must stay free; the disk has "
            f"{free}."
        )


def write_tiled(
    path: Path,
    layout: Layout,
    params: GeoTiffParams,
    read: Callable[[Window], NDArray[Any]],
    *,
    statistics: Statistics | None,
    after_strip: Callable[[Window], None],
) -> None:
    """Write a tiled, uncompressed GeoTIFF, one strip after the other."""
    import rasterio
    from rasterio.windows import Window as RasterWindow

    with rasterio.open(path, "w", **_profile(layout, params), compress="NONE") as target:
        _describe(target, layout)
        for window in layout.strips(params.blocksize):
            pixels = read(window)
            if statistics is not None:
                statistics.add(pixels, layout.nodata)
            place = RasterWindow(window.column, window.row, window.width, window.height)
            target.write(pixels, 1, window=place)
            after_strip(window)


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
    from rasterio.errors import RasterioError

    try:
        transform, width, height = _default_grid(source, covers, dst_crs, area)
    except (RasterioError, ValueError) as exc:
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
    path: Path, source: Layout, target: Layout, params: GeoTiffParams
) -> Iterator[Callable[[Window], NDArray[Any]]]:
    """A function that reads windows of `path`, warped to `target`."""
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT
    from rasterio.windows import Window as RasterWindow

    with (
        rasterio.open(path, driver="GTiff") as opened,
        WarpedVRT(
            opened,
            src_crs=source.raster_crs,
            crs=target.raster_crs,
            transform=_affine(target),
            width=target.width,
            height=target.height,
            resampling=Resampling[params.resampling],
            src_nodata=source.nodata,
            nodata=target.nodata,
            warp_mem_limit=_WARP_MB,
        ) as view,
    ):

        def read(window: Window) -> NDArray[Any]:
            place = RasterWindow(window.column, window.row, window.width, window.height)
            return view.read(1, window=place)  # type: ignore[no-any-return]

        yield read


def finish(tiled: Path, target: Path, params: GeoTiffParams) -> None:
    """Make the tiled temporary file the result at `target`; nothing is there when it fails."""
    import rasterio.shutil
    from rasterio.errors import RasterioError

    options: dict[str, Any] = {"compress": params.compress, "bigtiff": "IF_SAFER"}
    if params.compress == "NONE":
        options["bigtiff"] = "IF_NEEDED"
    part = target.with_suffix(".part.tif")
    try:
        if params.format == "COG":
            rasterio.shutil.copy(
                str(tiled),
                str(part),
                driver="COG",
                blocksize=params.blocksize,
                overviews="AUTO" if params.overviews == "auto" else "NONE",
                overview_resampling=params.overview_resampling.replace("_", "").upper(),
                **options,
            )
        else:
            rasterio.shutil.copy(
                str(tiled),
                str(part),
                driver="GTiff",
                tiled=True,
                blockxsize=params.blocksize,
                blockysize=params.blocksize,
                **options,
            )
            _build_overviews(part, params)
        part.rename(target)
    except RasterioError as exc:
        raise SourceInvalid(f"GDAL could not write the GeoTIFF: {exc}.") from exc
    finally:
        part.unlink(missing_ok=True)


def _build_overviews(path: Path, params: GeoTiffParams) -> None:
    import rasterio
    from rasterio.enums import Resampling

    with rasterio.open(path, "r+", driver="GTiff") as opened:
        longest = max(opened.width, opened.height)
        factors: list[int] = []
        while params.overviews == "auto" and longest > params.blocksize * 2 ** len(factors):
            factors.append(2 ** (len(factors) + 1))
        if factors:
            with rasterio.Env(
                COMPRESS_OVERVIEW=params.compress, GDAL_TIFF_OVR_BLOCKSIZE=params.blocksize
            ):
                opened.build_overviews(factors, Resampling[params.overview_resampling])


def _profile(layout: Layout, params: GeoTiffParams) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "width": layout.width,
        "height": layout.height,
        "count": 1,
        "dtype": layout.dtype,
        "crs": layout.raster_crs,
        "transform": _affine(layout),
        "nodata": layout.nodata,
        "tiled": True,
        "blockxsize": params.blocksize,
        "blockysize": params.blocksize,
        "bigtiff": "IF_NEEDED",
    }


def _describe(target: Any, layout: Layout) -> None:
    if layout.description:
        target.set_band_description(1, layout.description)
    if layout.units:
        target.set_band_unit(1, layout.units)
    if (layout.scale, layout.offset) != (1.0, 0.0):
        target.scales = (layout.scale,)
        target.offsets = (layout.offset,)
    target.update_tags(**layout.tags)
    target.update_tags(1, **layout.band_tags)


def _affine(layout: Layout) -> Any:
    from rasterio.transform import Affine

    return Affine(*layout.transform)
