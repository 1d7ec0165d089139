"""One terrain model: what its header says, and why it may not be merged."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osa.conventions.failures import SourceInvalid, SourceRefused
from osa.conventions.geotiff.crs import Crs, is_plain_wkt, is_rotated, usable
from osa.conventions.geotiff.options import FARTHEST, SMALLEST
from osa.conventions.geotiff.writing import gdal

#: Bytes of one block, which GDAL decodes in memory as a whole.
_MAX_BLOCK_BYTES = 256 * 1024**2
#: Part of its distance from the origin that a pixel has to be for float64 to tell it from the next.
_APART = 1e-14


@dataclass(frozen=True, kw_only=True)
class Model:
    """A raster of heights, looked at and not yet read."""

    path: Path
    driver: str
    #: How to name it in a message.
    label: str
    width: int
    height: int
    dtype: str
    #: GDAL-like affine in the order of rasterio: (a, b, c, d, e, f).
    transform: tuple[float, float, float, float, float, float]
    #: Its horizontal CRS.
    crs: Crs
    #: What the heights count from, where the file says it.
    vertical_crs: str | None
    nodata: float | None
    scale: float
    offset: float
    units: str
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def upright(self) -> bool:
        """Rows go south and columns go east."""
        a, b, _, d, e, _ = self.transform
        return b == d == 0 and a > 0 > e

    @property
    def resolution(self) -> tuple[float, float]:
        """Width and height of a pixel, in units of `crs`."""
        a, b, _, d, e, _ = self.transform
        return math.hypot(a, d), math.hypot(b, e)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """left, bottom, right, top, in units of `crs`."""
        a, b, c, d, e, f = self.transform
        corners = [(0, 0), (self.width, 0), (0, self.height), (self.width, self.height)]
        xs = [c + column * a + row * b for column, row in corners]
        ys = [f + column * d + row * e for column, row in corners]
        return min(xs), min(ys), max(xs), max(ys)


@contextmanager
def blamed(path: Path, label: str) -> Iterator[None]:
    """What GDAL says of the file at `path` is said of `label`, as SourceInvalid."""
    from rasterio.errors import RasterioError

    try:
        yield
    except RasterioError as exc:
        # rasterio tells the cause apart from what failed because of it.
        said = " ".join(str(each) for each in (exc, exc.__cause__) if each is not None)
        said = said.replace(str(path), label)[:500].rstrip(". ")
        raise SourceInvalid(f"{label} cannot be read: {said}.") from exc


def open_raster(path: Path, *, driver: str, label: str) -> Any:
    """The file, opened by one driver; to be closed. Raises SourceInvalid."""
    import rasterio

    with blamed(path, label):
        return rasterio.open(path, driver=driver)


def read_model(path: Path, *, driver: str, label: str) -> Model:
    """Look at a raster. Raises SourceInvalid, SourceRefused."""
    with gdal(), open_raster(path, driver=driver, label=label) as raster:
        if raster.count != 1:
            raise SourceInvalid(
                f"{label} has {raster.count} bands; a terrain model has one.",
                hint="Extract the band of the heights.",
            )
        dtype = raster.dtypes[0]
        if dtype.startswith("complex"):
            raise SourceInvalid(f"{label} holds {dtype}; heights are real numbers.")
        _check_blocks(raster, dtype, label)
        _check_mask(raster, label)
        transform = tuple(raster.transform)[:6]
        a, b, _, d, e, _ = transform
        if raster.transform.is_identity or a * e == b * d or not all(map(math.isfinite, transform)):
            raise SourceInvalid(
                f"{label} has no georeferencing: nothing says where its pixels are.",
                hint="Write a geotransform into the file (gdal_edit.py -a_ullr …).",
            )
        crs, vertical = _crs(raster, label)
        model = Model(
            path=path,
            driver=driver,
            label=label,
            width=raster.width,
            height=raster.height,
            dtype=dtype,
            transform=transform,
            crs=crs,
            vertical_crs=vertical,
            nodata=raster.nodata,
            scale=raster.scales[0],
            offset=raster.offsets[0],
            units=(raster.units[0] or "").strip(),
        )
    _check_place(model)
    # Also where they are not a number: every height would be missing, without a word.
    if not (abs(model.scale) <= FARTHEST and abs(model.offset) <= FARTHEST):
        raise SourceInvalid(
            f"{label} has a scale of {model.scale:g} and an offset of {model.offset:g}: no height "
            "can follow from them.",
            hint="Correct them (gdal_edit.py -scale … -offset …).",
        )
    return model


def _check_place(model: Model) -> None:
    far = max(map(abs, (*model.transform, *model.bounds)))
    if far > FARTHEST or min(model.resolution) < max(SMALLEST, far * _APART):
        raise SourceInvalid(
            f"{model.label} has no georeferencing that can be used: pixels of "
            f"{model.resolution[0]:g} × {model.resolution[1]:g} at {model.transform[2]:g}, "
            f"{model.transform[5]:g}.",
            hint="Write a geotransform into the file (gdal_edit.py -a_ullr …).",
        )
    if model.crs.is_geographic:
        # Some count in grads.
        pole = math.pi / 2 / model.crs.axis_info[0].unit_conversion_factor
        _, bottom, _, top = model.bounds
        # Pixels may pass the poles (grids with a row at 90°); their centres may not.
        if max(-bottom, top) > pole + model.resolution[1]:
            raise SourceInvalid(
                f"{model.label} has latitudes up to {max(-bottom, top):.10g}; are x and y swapped?"
            )


def _check_blocks(raster: Any, dtype: str, label: str) -> None:
    import numpy

    rows, columns = raster.block_shapes[0]
    size = rows * columns * numpy.dtype(dtype).itemsize
    # A block may be declared larger than the raster; GDAL decodes all of it.
    if size > _MAX_BLOCK_BYTES:
        raise SourceRefused(
            f"One block of {label} has {rows} × {columns} pixels ({size} bytes); at most "
            f"{_MAX_BLOCK_BYTES} bytes are decoded at once.",
            hint="Write it in tiles, for instance as a COG.",
        )


def _check_mask(raster: Any, label: str) -> None:
    from rasterio.enums import MaskFlags

    if MaskFlags.per_dataset in raster.mask_flag_enums[0]:
        raise SourceInvalid(
            f"{label} marks what is missing by a mask of its own, which is not read.",
            hint="Write it with a nodata value (gdalwarp -dstnodata).",
        )


def _crs(raster: Any, label: str) -> tuple[Crs, str | None]:
    """The horizontal CRS, and the name of the vertical one. Raises SourceInvalid, SourceRefused."""
    import pyproj

    if raster.crs is None:
        raise SourceInvalid(
            f"{label} does not say its CRS.",
            hint="Write it into the file (gdal_edit.py -a_srs EPSG:…).",
        )
    wkt = raster.crs.to_wkt()
    if not is_plain_wkt(wkt):
        raise SourceRefused(f"The CRS of {label} names a file, which is not read.")
    try:
        crs = usable(pyproj.CRS.from_wkt(wkt))
    except pyproj.exceptions.CRSError as exc:
        raise SourceInvalid(f"The CRS of {label} is not understood: {exc}.") from exc
    vertical = None
    if crs.is_compound:
        crs, *rest = crs.sub_crs_list
        vertical = rest[0].name if rest else None
    if not (crs.is_projected or crs.is_geographic) or is_rotated(crs):
        raise SourceInvalid(
            f"The CRS of {label} ({crs.name!r}) is neither geographic nor projected.",
            hint="Write the CRS that the heights are in into the file.",
        )
    return crs, vertical
