"""Which coordinate reference system the data have, and what of it a GeoTIFF can hold."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from osa.conventions.failures import ParametersInvalid, SourceInvalid
from osa.conventions.geotiff.crs import Crs, is_plain_proj, is_plain_wkt, parse, usable
from osa.conventions.nc_to_geotiff.axes import Axes
from osa.conventions.nc_to_geotiff.variables import (
    Attributes,
    Variable,
    attributes,
    find,
    number,
    text,
)

_LENGTHS = ("semi_major_axis", "semi_minor_axis", "inverse_flattening", "earth_radius")
#: CF appendix F: any of these says what figure of the Earth is meant.
_FIGURES = (
    *_LENGTHS,
    "reference_ellipsoid_name",
    "horizontal_datum_name",
    "geographic_crs_name",
)
#: Metres; less than a moon of Mars.
_SMALLEST = 10_000
#: CF appendix F: what is meant when a grid mapping does not say it.
_GREENWICH: Attributes = {"prime_meridian_name": "Greenwich", "longitude_of_prime_meridian": 0.0}
_METRES = {
    **dict.fromkeys(("m", "meter", "metre", "meters", "metres"), 1.0),
    **dict.fromkeys(("km", "kilometer", "kilometre", "kilometers", "kilometres"), 1000.0),
    **dict.fromkeys(("100 m", "hm"), 100.0),
    **dict.fromkeys(("ft", "foot", "feet"), 0.3048),
    **dict.fromkeys(("us_survey_foot", "us survey foot", "us-ft", "us_survey_feet"), 1200 / 3937),
}
_RADIANS = {
    **dict.fromkeys(("", "rad", "radian", "radians"), 1.0),
    **dict.fromkeys(("microradian", "microradians"), 1e-6),
}


@dataclass(frozen=True, kw_only=True)
class SourceCrs:
    """The CRS of the data, and how it was found."""

    crs: Crs
    #: `parameter`, `grid_mapping:<variable>`, `attributes` or `assumed`.
    found_in: str
    #: What a coordinate value is multiplied by to be in units of the CRS.
    scale: float


def resolve(dataset: Any, variable: Variable, axes: Axes, *, wanted: str | None) -> SourceCrs:
    """The CRS of the variable, in the order: parameter, grid mapping (its WKT, then its CF
    attributes), WKT among the attributes of the variable or the file, longitude/latitude units.

    Raises SourceInvalid for a grid mapping that is missing or makes no sense, ParametersInvalid
    when nothing says the CRS.
    """
    mapping: Attributes = {}
    if wanted is not None:
        crs, found_in = parse(wanted, parameter="crs"), "parameter"
        if axes.kind == "angular":
            mapping = _grid_mapping(variable, axes)[1]
    elif text(attributes(variable), "grid_mapping"):
        name, mapping = _grid_mapping(variable, axes)
        crs, found_in = _of_mapping(name, mapping), f"grid_mapping:{name}"
    else:
        wkt = _wkt(attributes(variable)) or _wkt(attributes(dataset))
        if wkt:
            crs, found_in = _from_wkt(wkt, "the attributes of the variable"), "attributes"
        elif axes.kind == "geographic":
            # CF §5.6: without a grid mapping the datum is unknown; WGS 84 is what everyone assumes.
            crs, found_in = parse("EPSG:4326", parameter="crs"), "assumed"
        else:
            raise ParametersInvalid(
                f"Nothing says the CRS of {variable.name!r}: it has no `grid_mapping`, and its "
                f"axes {axes.x.name!r} and {axes.y.name!r} are not longitude and latitude.",
                hint="Give `crs`.",
            )
    return SourceCrs(crs=crs, found_in=found_in, scale=_scale(crs, axes, mapping, found_in))


def from_date_line(crs: Crs) -> Crs | None:
    """The geographic CRS with longitudes counted from 180°, so that a grid across the date line
    has no seam when it is warped; None where that cannot be said of the CRS."""
    import pyproj

    if not crs.is_geographic or crs.is_derived or crs.prime_meridian.longitude != 0:
        return None
    meridian = pyproj.crs.datum.CustomPrimeMeridian(longitude=180, name="Date line")
    datum = pyproj.crs.datum.CustomDatum(ellipsoid=crs.ellipsoid, prime_meridian=meridian)
    return pyproj.crs.GeographicCRS(datum=datum)


def _grid_mapping(variable: Variable, axes: Axes) -> tuple[str, dict[str, Any]]:
    """Name and attributes of the grid mapping that goes with the axes (CF §5.6, both forms)."""
    value = text(attributes(variable), "grid_mapping")
    words = value.split()
    name = words[0].rstrip(":") if words else ""
    if value.count(":"):
        # "crs_osgb: x y crs_wgs84: latitude longitude": the one whose coordinates are our axes.
        pairs: list[tuple[str, list[str]]] = []
        for word in words:
            if word.endswith(":"):
                pairs.append((word[:-1], []))
            elif pairs:
                pairs[-1][1].append(word)
        own = {axes.x.name, axes.y.name}
        fitting = [key for key, names in pairs if own <= set(names)]
        fitting += [key for key, names in pairs if own & set(names)]
        if not pairs or not (fitting or not pairs[0][1]):
            raise SourceInvalid(
                f"`grid_mapping` of {variable.name!r} ({value!r}) has no entry for its axes "
                f"{axes.x.name!r} and {axes.y.name!r}.",
                hint="Give `crs`.",
            )
        name = fitting[0] if fitting else pairs[0][0]
    if not name:
        return "", {}
    found = find(variable.group(), name)
    if found is None:
        raise SourceInvalid(
            f"`grid_mapping` of {variable.name!r} names the variable {name!r}, which is missing.",
            hint="Mend the file, or give `crs`.",
        )
    return name, attributes(found)


def _of_mapping(name: str, mapping: dict[str, Any]) -> Crs:
    import pyproj

    wkt = _wkt(mapping)
    if wkt:
        return _from_wkt(wkt, f"the grid mapping {name!r}")
    if not text(mapping, "grid_mapping_name"):
        raise SourceInvalid(
            f"The grid mapping {name!r} has neither `crs_wkt` nor `grid_mapping_name`.",
            hint="Mend the file, or give `crs`.",
        )
    cf = {key: _plain(value) for key, value in mapping.items()}
    if not any(figure in cf for figure in _FIGURES):
        cf.update(_figure_of_proj4(text(mapping, "proj4") or text(mapping, "proj4_params")))
    if _has_lengths(name, cf) and not cf.keys() & _GREENWICH.keys():
        # pyproj means the same, and looks for it among all names of PROJ: a quarter of a second.
        cf.update(_GREENWICH)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return usable(pyproj.CRS.from_cf(cf))
    except (pyproj.exceptions.CRSError, KeyError, TypeError, ValueError, IndexError) as exc:
        kind = text(mapping, "grid_mapping_name")
        raise SourceInvalid(
            f"The grid mapping {name!r} ({kind}) is not complete or not known: {exc!r}.",
            hint="Give `crs`.",
        ) from exc


def _has_lengths(name: str, cf: Mapping[str, Any]) -> bool:
    """Whether an ellipsoid, or a sphere, is given by its lengths.

    Raises SourceInvalid for one that is no number: pyproj would pass over it, and take WGS 84.
    """
    for length in _LENGTHS:
        if not isinstance(cf.get(length, 0), int | float):
            raise SourceInvalid(
                f"`{length}` of the grid mapping {name!r} is not a number: {cf[length]!r}.",
                hint="Mend the file, or give `crs`.",
            )
        if length != "inverse_flattening" and 0 < cf.get(length, 0) < _SMALLEST:
            raise SourceInvalid(
                f"`{length}` of the grid mapping {name!r} is {cf[length]} m: too small for a "
                "planet, and perhaps in kilometres.",
                hint="Mend the file, or give `crs`.",
            )
    flattened = "inverse_flattening" in cf or "semi_minor_axis" in cf
    return "earth_radius" in cf or ("semi_major_axis" in cf and flattened)


def _figure_of_proj4(value: str) -> dict[str, Any]:
    """The ellipsoid that an attribute `proj4` gives, as CF attributes.

    Weather models run on a sphere, and files of MET Norway say so nowhere else: without it a
    polar stereographic grid lies up to 20 km off.
    """
    import pyproj

    if not is_plain_proj(value):
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ellipsoid = pyproj.CRS.from_string(value).ellipsoid
    except pyproj.exceptions.CRSError:
        return {}
    if ellipsoid is None:
        return {}
    if ellipsoid.inverse_flattening == 0:
        return {"earth_radius": ellipsoid.semi_major_metre}
    return {
        "semi_major_axis": ellipsoid.semi_major_metre,
        "inverse_flattening": ellipsoid.inverse_flattening,
    }


def _wkt(found: Mapping[str, Any]) -> str:
    return text(found, "crs_wkt") or text(found, "spatial_ref")


def _from_wkt(wkt: str, where: str) -> Crs:
    import pyproj

    if not is_plain_wkt(wkt):
        raise SourceInvalid(f"The CRS in {where} is not WKT that is read.", hint="Give `crs`.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return usable(pyproj.CRS.from_wkt(wkt))
    except pyproj.exceptions.CRSError as exc:
        raise SourceInvalid(f"The CRS in {where} is broken: {exc}", hint="Give `crs`.") from exc


def _scale(crs: Crs, axes: Axes, mapping: Attributes, found_in: str) -> float:
    """What coordinate values are multiplied by to be in units of the CRS."""
    units = [text(axis.attributes, "units").lower() for axis in (axes.x, axes.y)]
    if axes.kind in ("geographic", "rotated"):
        if not crs.is_geographic:
            raise _mismatch(axes, crs, found_in)
        return 1.0
    if not crs.is_projected:
        # `+proj=ob_tran` given by the caller is a derived geographic CRS over plain degrees.
        if crs.is_geographic and set(units) <= {"", "degree", "degrees", "deg"}:
            return 1.0
        raise _mismatch(axes, crs, found_in)
    if axes.kind == "angular":
        height = number(mapping, "perspective_point_height")
        if height is None or any(unit not in _RADIANS for unit in units):
            raise SourceInvalid(
                f"The axes {axes.x.name!r} and {axes.y.name!r} are angles, and the grid mapping "
                "has no `perspective_point_height` to make metres of them.",
            )
        return _RADIANS[units[0]] * height
    if units[0] != units[1]:
        raise SourceInvalid(
            f"The axes {axes.x.name!r} and {axes.y.name!r} have different units: "
            f"{units[0]!r} and {units[1]!r}."
        )
    if units[0] in ("", "1"):
        return 1.0
    if units[0] not in _METRES:
        raise SourceInvalid(
            f"The axis {axes.x.name!r} has the unit {units[0]!r}, which is not a length.",
            hint="Lengths are m, km, ft.",
        )
    return float(_METRES[units[0]] / crs.axis_info[0].unit_conversion_factor)


def _mismatch(axes: Axes, crs: Crs, found_in: str) -> SourceInvalid | ParametersInvalid:
    kind = "projected" if crs.is_projected else "geographic" if crs.is_geographic else crs.type_name
    unit = text(axes.x.attributes, "units")
    detail = (
        f"The axes {axes.x.name!r} and {axes.y.name!r} ({axes.kind}, unit {unit!r}) do not go with "
        f"the {kind} CRS of {found_in}."
    )
    if found_in == "parameter":
        return ParametersInvalid(detail, hint="Give the CRS the data are in; `dst_crs` warps.")
    return SourceInvalid(detail, hint="Give `crs`.")


def _plain(value: Any) -> Any:
    """Lists of one as their value: some files store scalars so, and `from_cf` wants scalars."""
    if isinstance(value, list) and len(value) == 1:
        return value[0]
    return value.strip(" \0") if isinstance(value, str) else value
