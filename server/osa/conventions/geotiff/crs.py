"""Coordinate reference systems: what callers may name, and what of it a GeoTIFF can hold."""

from __future__ import annotations

import re
import warnings
from contextlib import suppress
from typing import Any

from osa.conventions.failures import ParametersInvalid

#: A pyproj.CRS; a rasterio.crs.CRS is always called `raster_crs`.
Crs = Any

_AUTHORITY = re.compile(r"^(EPSG|ESRI|OGC|IAU_2015):[A-Za-z0-9]{1,12}$", re.IGNORECASE)
_WKT = re.compile(r"^[A-Z][A-Z0-9_]{3,30}\s*[\[(]", re.IGNORECASE)
#: No slash, no `@`, no `:`: such a string cannot name a file or an address.
_PROJ = re.compile(r"^(\+?[A-Za-z_0-9]+(=[A-Za-z0-9_.,+-]+)?\s*)+$")
#: PROJ reads a file for each of these.
_READS_FILES = re.compile(r"\b(nadgrids|geoidgrids|grids|init|catalog|file)\b", re.IGNORECASE)
_WKT_READS_FILES = re.compile(r"nadgrids|geoidgrids|\+init|PARAMETERFILE", re.IGNORECASE)


def parse(value: str, *, parameter: str) -> Crs:
    """The CRS a caller named. Raises ParametersInvalid.

    Only forms that cannot make PROJ read a file are let through.
    """
    import pyproj

    value = value.strip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if _AUTHORITY.match(value):
                authority, _, code = value.partition(":")
                return usable(pyproj.CRS.from_authority(authority.upper(), code.upper()))
            if is_plain_wkt(value):
                return usable(pyproj.CRS.from_wkt(value))
            if is_plain_proj(value):
                return usable(pyproj.CRS.from_string(value))
    except pyproj.exceptions.CRSError as exc:
        raise ParametersInvalid(
            f"`{parameter}`: {value[:100]!r} is not a known CRS: {exc}"
        ) from exc
    raise ParametersInvalid(
        f"`{parameter}`: {value[:100]!r} is no form of a CRS that is read.",
        hint="Write it like EPSG:25833, as WKT, or as a PROJ string without names of files.",
    )


def usable(crs: Crs) -> Crs:
    """The CRS. Raises pyproj's CRSError for one that PROJ reads and cannot compute with, such as
    UTM on a sphere, or that GDAL cannot read."""
    import pyproj
    from rasterio.errors import CRSError

    try:
        if crs.geodetic_crs is not None:
            pyproj.Transformer.from_crs(crs, crs.geodetic_crs)
        to_raster_crs(crs).to_wkt()
    except pyproj.exceptions.ProjError as exc:
        raise pyproj.exceptions.CRSError(f"PROJ cannot compute with it: {exc}") from exc
    except CRSError as exc:
        raise pyproj.exceptions.CRSError(f"GDAL cannot read it: {exc}") from exc
    return crs


def parse_horizontal(value: str, *, parameter: str) -> Crs:
    """As `parse`, of a CRS of places on a plane or an ellipsoid. Raises ParametersInvalid."""
    crs = parse(value, parameter=parameter)
    if not (crs.is_projected or crs.is_geographic) or len(crs.axis_info) != 2:
        raise ParametersInvalid(
            f"`{parameter}`: {crs.name!r} is not a horizontal CRS; heights are not transformed.",
            hint="Give a projected or a geographic one of two dimensions.",
        )
    return crs


def is_plain_wkt(value: str) -> bool:
    """Whether it looks like WKT, and none that makes PROJ read a file."""
    return bool(_WKT.match(value)) and not _WKT_READS_FILES.search(value)


def is_plain_proj(value: str) -> bool:
    """Whether it looks like a PROJ string, and none that makes PROJ read a file."""
    return bool(_PROJ.match(value) and "=" in value) and not _READS_FILES.search(value)


def is_rotated(crs: Crs) -> bool:
    """A geographic CRS with a pole of its own: GeoTIFF has no keys for it."""
    return bool(crs.is_geographic and crs.is_derived)


def to_raster_crs(crs: Crs) -> Any:
    """The same CRS for rasterio, by WKT: no string of a caller reaches GDAL."""
    from rasterio.crs import CRS

    return CRS.from_wkt(crs.to_wkt())


def describe(crs: Crs) -> dict[str, Any]:
    """The CRS for a record: name, authority code where it is one, WKT2:2019."""
    # The identifier it carries: looking for a similar CRS in PROJ's database takes 0.3 s.
    known = crs.to_json_dict().get("id")
    return {
        "name": crs.name if crs.name not in ("undefined", "unknown") else None,
        "code": f"{known['authority']}:{known['code']}" if known else None,
        "wkt": crs.to_wkt(),
    }


def survives_geotiff(crs: Crs) -> bool:
    """Whether the keys of a GeoTIFF can hold the CRS, tried on one of a single pixel in memory."""
    import numpy
    import pyproj
    from rasterio.io import MemoryFile
    from rasterio.transform import Affine

    if is_rotated(crs):
        return False
    with MemoryFile() as memory:
        profile = {"driver": "GTiff", "width": 1, "height": 1, "count": 1, "dtype": "uint8"}
        transform = Affine(2.0, 0.0, 0.0, 0.0, -2.0, 0.0)
        with memory.open(**profile, crs=to_raster_crs(crs), transform=transform) as written:
            written.write(numpy.zeros((1, 1, 1), dtype="uint8"))
        with memory.open() as read:
            if read.crs is None:
                return False
            back = pyproj.CRS.from_wkt(read.crs.to_wkt())
    if back.is_geographic != crs.is_geographic or back.is_projected != crs.is_projected:
        return False
    if crs.is_geographic:
        return bool(_figure(back) == _figure(crs))
    # The same plane position has to mean the same place on the same ellipsoid.
    xs, ys = numpy.array([0.0, 1e5, -1e5]), numpy.array([0.0, 2e5, 1e5])
    ours = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(xs, ys)
    theirs = pyproj.Transformer.from_crs(back, back.geodetic_crs, always_xy=True).transform(xs, ys)
    with numpy.errstate(invalid="ignore"):
        apart = numpy.abs(numpy.array(ours) - numpy.array(theirs))
    return bool(_figure(back) == _figure(crs) and not (apart > 1e-7).any())


def _figure(crs: Crs) -> tuple[float, float]:
    return round(crs.ellipsoid.semi_major_metre, 3), round(crs.ellipsoid.inverse_flattening, 6)


def lonlat_bbox(bounds: tuple[float, float, float, float], crs: Crs) -> list[float] | None:
    """[west, south, east, north] in EPSG:4326, rounded to 1e-9 degree; west > east across 180°."""
    import pyproj

    left, bottom, right, top = bounds
    if crs.is_geographic:
        bottom, top = max(bottom, -90.0), min(top, 90.0)
    # There is none where the CRS is that of another body.
    with suppress(pyproj.exceptions.ProjError):
        to_lonlat = pyproj.Transformer.from_crs(crs, pyproj.CRS.from_epsg(4326), always_xy=True)
        box = to_lonlat.transform_bounds(left, bottom, right, top, densify_pts=21)
        if all(abs(edge) <= 720 for edge in box):
            return [round(float(edge), 9) + 0.0 for edge in box]
    return None
