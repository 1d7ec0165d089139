"""A raster: where it lies, what its numbers are, and in which pieces it is written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Values of one strip at most: 64 MiB where they are unpacked in float64.
_STRIP_VALUES = 8 * 1024**2


@dataclass(frozen=True, kw_only=True)
class Window:
    """A rectangle of pixels of a grid, rows counted from the top."""

    row: int
    column: int
    height: int
    width: int


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A raster of one band or several: where it lies and what its numbers are."""

    width: int
    height: int
    #: left, bottom, right, top in units of the CRS.
    bounds: tuple[float, float, float, float]
    #: A rasterio CRS.
    raster_crs: Any
    dtype: str
    nodata: float | None
    description: str = ""
    #: What each band is called, where there are several; else `description` is the only one's.
    band_names: tuple[str, ...] = ()
    #: The three bands are red, green and blue.
    rgb: bool = False
    units: str = ""
    scale: float = 1.0
    offset: float = 0.0
    band_tags: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Of the bands."""
        return len(self.band_names) or 1

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
    def affine(self) -> Any:
        """`transform` for rasterio."""
        from rasterio.transform import Affine

        return Affine(*self.transform)

    @property
    def bytes(self) -> int:
        """Of all pixels of all bands, uncompressed."""
        import numpy

        return self.width * self.height * self.count * numpy.dtype(self.dtype).itemsize

    def strips(self, blocksize: int) -> Iterator[Window]:
        """Windows of whole tiles, row by row of tiles."""
        columns = max(1, _STRIP_VALUES // (self.count * blocksize * blocksize)) * blocksize
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
    #: Of each band alone, where there are several.
    bands: tuple[Statistics, ...] = ()

    @classmethod
    def of(cls, layout: Layout) -> Statistics:
        """With nothing counted yet."""
        if not layout.band_names:
            return cls()
        return cls(bands=tuple(cls() for _ in layout.band_names))

    def add(self, pixels: NDArray[Any], nodata: float | None) -> None:
        """Count a strip in: rows and columns, behind the bands where there are several."""
        import numpy

        if self.bands:
            for band, own in zip(self.bands, pixels.reshape(-1, *pixels.shape[-2:]), strict=True):
                band.add(own, nodata)
            self.valid = sum(band.valid for band in self.bands)
            self.total = sum(band.total for band in self.bands)
            self.minimum = min(band.minimum for band in self.bands)
            self.maximum = max(band.maximum for band in self.bands)
            self.sum = sum(band.sum for band in self.bands)
            return
        self.total += pixels.size
        if nodata is not None and not math.isnan(nodata):
            pixels = pixels[pixels != pixels.dtype.type(nodata)]
        with numpy.errstate(over="ignore"):
            total = pixels.sum(dtype="float64")
            if not numpy.isfinite(total):
                pixels = pixels[numpy.isfinite(pixels)]
                total = pixels.sum(dtype="float64")
        self.sum += total.item()
        if pixels.size:
            self.valid += pixels.size
            self.minimum = min(self.minimum, pixels.min().item())
            self.maximum = max(self.maximum, pixels.max().item())

    def as_metadata(self) -> dict[str, Any]:
        """For a record: min, max and mean are None where no pixel is valid, the mean also where
        float64 cannot tell it."""
        some = self.valid > 0
        # The sum of numbers near the end of float64 has no end itself.
        mean = self.sum / self.valid if some else math.nan
        return {
            "minimum": self.minimum if some else None,
            "maximum": self.maximum if some else None,
            "mean": mean if math.isfinite(mean) else None,
            "valid_fraction": self.valid / self.total if self.total else 0.0,
        }
