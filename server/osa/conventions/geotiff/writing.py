"""Writing GeoTIFFs strip by strip: a tiled temporary file, made a COG or a plain one at the end.

Memory stays flat whatever the size: a strip at a time here, GDAL_CACHEMAX inside GDAL (whose
default, 5 % of the machine's memory, grew an ingestion from 424 to 1106 MB).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osa.conventions.failures import SourceInvalid, SourceRefused
from osa.conventions.geotiff.layout import Layout, Statistics, Window
from osa.conventions.geotiff.options import GeoTiffOptions
from osa.conventions.local_files import check_disk

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEDIA_TYPE = "image/tiff; application=geotiff"
COG_MEDIA_TYPE = "image/tiff; application=geotiff; profile=cloud-optimized"

#: In bytes: what rasterio is given goes to GDALSetCacheMax as it is, and is not taken for megabytes
#: as in GDAL's own setting. With 64 bytes every look at a tile decodes it again.
_CACHE = 64 * 1024**2


@contextmanager
def gdal() -> Iterator[None]:
    """The settings every call of GDAL is made under."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    with (
        warnings.catch_warnings(),
        rasterio.Env(
            GDAL_CACHEMAX=_CACHE,
            GDAL_PAM_ENABLED=False,
            GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR",
            GDAL_NUM_THREADS="1",
            PROJ_NETWORK="OFF",
        ),
    ):
        # rasterio 1.4 multiplies affine matrices in a way that affine 3 is about to retire.
        warnings.filterwarnings("ignore", category=PendingDeprecationWarning)
        # What has no georeferencing is refused by whoever needs it.
        warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)
        yield


def check_room(layout: Layout, params: GeoTiffOptions, *, workdir: Path, min_free: int) -> None:
    """Raise SourceRefused for more than `max_pixels`, StorageFull where the disk is too small."""
    pixels = layout.width * layout.height
    if pixels > params.max_pixels:
        raise SourceRefused(
            f"One GeoTIFF would have {layout.width} × {layout.height} = {pixels} pixels; at most "
            f"{params.max_pixels} are written.",
            hint="Give `bounds`, a coarser `resolution`, or a larger `max_pixels`.",
        )
    check_disk(
        workdir,
        # The temporary file, and a result that did not compress, with its overviews (a third).
        needed=layout.bytes * 7 // 3,
        min_free=min_free,
        said="{needed} bytes are needed for a GeoTIFF and {min_free} must stay free; the disk has "
        "{free}.",
    )


def write_tiled(
    path: Path,
    layout: Layout,
    params: GeoTiffOptions,
    read: Callable[[Window], NDArray[Any]],
    *,
    statistics: Statistics | None,
    after_strip: Callable[[Window], None],
) -> None:
    """Write a tiled, uncompressed GeoTIFF, one strip after the other.

    `read` answers rows and columns, behind the bands where there are several.
    """
    import rasterio
    from rasterio.windows import Window as RasterWindow

    with rasterio.open(path, "w", **_profile(layout, params), compress="NONE") as target:
        _describe(target, layout)
        for window in layout.strips(params.blocksize):
            pixels = read(window)
            if statistics is not None:
                statistics.add(pixels, layout.nodata)
            place = RasterWindow(window.column, window.row, window.width, window.height)
            if layout.count == 1:
                target.write(pixels, 1, window=place)
            else:
                target.write(pixels, window=place)
            after_strip(window)


def finish(tiled: Path, target: Path, params: GeoTiffOptions) -> None:
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


def _build_overviews(path: Path, params: GeoTiffOptions) -> None:
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


def _profile(layout: Layout, params: GeoTiffOptions) -> dict[str, Any]:
    # Else GDAL takes three bands of bytes for colors, and the fourth for how opaque they are.
    colors = {"photometric": "RGB" if layout.rgb else "MINISBLACK"} if layout.count > 1 else {}
    return {
        **colors,
        "driver": "GTiff",
        "width": layout.width,
        "height": layout.height,
        "count": layout.count,
        "dtype": layout.dtype,
        "crs": layout.raster_crs,
        "transform": layout.affine,
        "nodata": layout.nodata,
        "tiled": True,
        "blockxsize": params.blocksize,
        "blockysize": params.blocksize,
        "bigtiff": "IF_NEEDED",
    }


def _describe(target: Any, layout: Layout) -> None:
    for band, name in enumerate(layout.band_names or (layout.description,), start=1):
        if name:
            target.set_band_description(band, name)
        if layout.units:
            target.set_band_unit(band, layout.units)
    if (layout.scale, layout.offset) != (1.0, 0.0):
        target.scales = (layout.scale,) * layout.count
        target.offsets = (layout.offset,) * layout.count
    target.update_tags(**layout.tags)
    for band in range(1, layout.count + 1):
        target.update_tags(band, **layout.band_tags)
