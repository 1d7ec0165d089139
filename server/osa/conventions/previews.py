"""Previews: a small picture of a raster, because people look before they read.

Heights become a hillshade, other numbers shades of gray, three bands of them colors; what is
missing is transparent. The same raster makes the same bytes.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from osa.conventions.failures import SourceInvalid
from osa.conventions.geotiff.writing import gdal
from osa.conventions.items import File

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "preview.png"
#: Pixels of the longer side, at most.
SIDE = 768

_METRES_PER_DEGREE = 111_320.0
#: Gray values between these parts of all values use the whole scale; a few odd ones do not matter.
_DARKEST, _LIGHTEST = 2.0, 98.0
#: Slopes are exaggerated until one in ten is steeper than this: plains would else be one gray.
_SLOPE = 0.6
_MOST_EXAGGERATED = 50.0
#: To the light: from the north-west, 45° high; east, north, up.
_LIGHT = (-0.5, 0.5, math.sqrt(0.5))


def preview(raster: Path, target: Path, *, kind: Literal["gray", "hillshade", "color"]) -> File:
    """Write the preview of a GeoTIFF that the service wrote: of its first band, or of its first
    three as red, green and blue. Memory does not grow with the raster.

    Raises SourceInvalid where the raster cannot be read.
    """
    import numpy

    bands = (1, 2, 3) if kind == "color" else (1,)
    values, known, size = _read(raster, bands, average=kind == "hillshade")
    # A color is known where all of its parts are.
    valid: NDArray[Any] = numpy.logical_and.reduce(known)
    if kind == "hillshade":
        shades = [_hillshade(values[0], valid, size)]
    else:
        # Each part uses the whole scale: what is brightest in most bands becomes white.
        shades = [_gray(part, valid) for part in values]
    pixels = numpy.stack([*shades, numpy.where(valid, 255, 0).astype("uint8")], axis=-1)
    target.write_bytes(_png(pixels))
    return File.of(target, name=NAME, media_type="image/png")


def _read(
    path: Path, bands: Sequence[int], *, average: bool
) -> tuple[NDArray[Any], NDArray[Any], tuple[NDArray[Any], float]]:
    """The values of the bands in float64, which of them are there, and the size of a pixel in
    metres: its width in each row, and its height."""
    import numpy
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.errors import RasterioError

    try:
        with gdal(), rasterio.open(path, driver="GTiff") as opened:
            smaller = max(1.0, max(opened.width, opened.height) / SIDE)
            height = max(1, round(opened.height / smaller))
            width = max(1, round(opened.width / smaller))
            values = opened.read(
                list(bands),
                out_shape=(len(bands), height, width),
                resampling=Resampling.average if average else Resampling.nearest,
            )
            nodata, crs = opened.nodata, opened.crs
            left, bottom, right, top = opened.bounds
    except RasterioError as exc:
        raise SourceInvalid(f"The raster cannot be read for its preview: {exc}.") from exc
    if nodata is not None and values.dtype.kind == "f":
        nodata = float(values.dtype.type(nodata))
    values = values.astype("float64")
    valid = numpy.isfinite(values)
    if nodata is not None:
        valid &= values != nodata
    x, y = (right - left) / width, (top - bottom) / height
    widths = numpy.full(height, x)
    if crs is not None and crs.is_geographic:
        rows = top - (numpy.arange(height) + 0.5) * y
        widths = x * _METRES_PER_DEGREE * numpy.maximum(0.01, numpy.cos(numpy.radians(rows)))
        y *= _METRES_PER_DEGREE
    return values, valid, (widths, y)


def _gray(values: NDArray[Any], valid: NDArray[Any]) -> NDArray[Any]:
    import numpy

    if not valid.any():
        return numpy.zeros(values.shape, dtype="uint8")
    low, high = numpy.percentile(values[valid], (_DARKEST, _LIGHTEST))
    if high <= low:
        low, high = values[valid].min(), values[valid].max()
    if high <= low:
        return numpy.full(values.shape, 128, dtype="uint8")
    return _shades(numpy.where(valid, values, low) - low, 255 / (high - low))


def _hillshade(
    heights: NDArray[Any], valid: NDArray[Any], size: tuple[NDArray[Any], float]
) -> NDArray[Any]:
    import numpy

    widths, height = size
    east = _change(heights, valid, axis=1) / widths[:, numpy.newaxis]
    north = -_change(heights, valid, axis=0) / height
    slopes = numpy.hypot(east, north)[valid]
    steep = float(numpy.percentile(slopes, 90)) if slopes.size else 0.0
    more = min(_MOST_EXAGGERATED, max(1.0, _SLOPE / steep)) if steep > 0 else 1.0
    east, north = more * east, more * north
    light = _LIGHT[2] - _LIGHT[0] * east - _LIGHT[1] * north
    light /= numpy.sqrt(1 + east**2 + north**2)
    return _shades(numpy.where(valid, light, 0), 255)


def _shades(values: NDArray[Any], times: float) -> NDArray[Any]:
    import numpy

    shades: NDArray[Any] = numpy.clip(numpy.rint(values * times), 0, 255).astype("uint8")
    return shades


def _change(heights: NDArray[Any], valid: NDArray[Any], *, axis: int) -> NDArray[Any]:
    """By how much heights grow from pixel to pixel along an axis; what is missing is level."""
    import numpy

    known = numpy.where(valid, heights, numpy.nan)
    if known.shape[axis] < 2:
        return numpy.zeros(known.shape)
    steps = numpy.diff(known, axis=axis)
    missing = numpy.full_like(numpy.take(known, [0], axis=axis), numpy.nan)
    before = numpy.concatenate([missing, steps], axis=axis)
    after = numpy.concatenate([steps, missing], axis=axis)
    there = numpy.isfinite(before).astype("int8") + numpy.isfinite(after)
    total = numpy.nan_to_num(before) + numpy.nan_to_num(after)
    return total / numpy.maximum(there, 1)  # type: ignore[no-any-return]


def _png(pixels: NDArray[Any]) -> bytes:
    """Gray with alpha, or red, green and blue with alpha, 8 bits each, as PNG (ISO/IEC 15948)."""
    import numpy

    height, width, parts = pixels.shape
    rows = pixels.reshape(height, width * parts)
    # Filter 1, the difference to the pixel on the left: smooth pictures become half as large.
    lines = numpy.empty((height, 1 + width * parts), dtype="uint8")
    lines[:, 0] = 1
    lines[:, 1 : 1 + parts] = rows[:, :parts]
    lines[:, 1 + parts :] = rows[:, parts:] - rows[:, :-parts]
    header = struct.pack(">IIBBBBB", width, height, 8, 4 if parts == 2 else 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )
