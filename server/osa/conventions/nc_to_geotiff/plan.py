"""What is read and what is written, decided once for all time steps of a source."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from osa.conventions.failures import ParametersInvalid, SourceInvalid
from osa.conventions.geotiff.crs import (
    describe,
    is_rotated,
    lonlat_bbox,
    parse_horizontal,
    survives_geotiff,
    to_raster_crs,
)
from osa.conventions.geotiff.layout import Layout, Window
from osa.conventions.geotiff.warping import warped_layout
from osa.conventions.geotiff.writing import gdal
from osa.conventions.nc_to_geotiff import crs as crs_of
from osa.conventions.nc_to_geotiff.axes import Axes, position_variables
from osa.conventions.nc_to_geotiff.bands import Chosen, choose_bands, has_bands
from osa.conventions.nc_to_geotiff.fields import choose_variable
from osa.conventions.nc_to_geotiff.grid import Grid, read_values, regular_grid
from osa.conventions.nc_to_geotiff.packing import Packing, packing_of
from osa.conventions.nc_to_geotiff.parameters import GeoTiffParams
from osa.conventions.nc_to_geotiff.reading import Reader
from osa.conventions.nc_to_geotiff.times import Step, TimeAxis, choose_steps, scalar_time
from osa.conventions.nc_to_geotiff.variables import (
    Variable,
    attributes,
    packed_by,
    raw_values,
    text,
)

#: A file whose own 2-D positions lie further than this from its grid has a wrong CRS: pixels.
_MAX_DEVIATION = 2.0
#: Characters of a text attribute that are repeated.
MAX_TEXT = 4000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that is the same for all time steps."""

    path: str
    variable: Variable
    axes: Axes
    grid: Grid
    #: The part of the grid that is read.
    window: Window
    packing: Packing
    #: The raster as it is read, and as it is written (the same object where nothing is warped).
    source: Layout
    target: Layout
    #: For the records: the CRS of `target`, and its box in longitude and latitude.
    crs_metadata: dict[str, Any]
    bbox: list[float] | None
    steps: Sequence[Step]
    #: Two steps have the same time, so their index is part of their name.
    numbered: bool
    #: Chosen indices of dimensions that are not x, y, time, by position; with their names.
    fixed: dict[int, int]
    fixed_names: dict[str, int]
    #: What becomes several bands; None where there is one.
    chosen: Chosen | None

    @property
    def warps(self) -> bool:
        return self.source is not self.target


def make_plan(reader: Reader, params: GeoTiffParams) -> Plan:
    """Decide what is read and written. Raises SourceInvalid, SourceRefused, ParametersInvalid."""
    path, variable, axes = choose_variable(
        reader.dataset,
        params.variable,
        params.standard_names or (),
        preferred=lambda variable, axes: (
            params.bands is not None and has_bands(variable, axes, params.bands)
        ),
    )
    chosen = None if params.bands is None else choose_bands(variable, axes, params.bands)
    fixed = _fixed(variable, axes, params, chosen)
    found = crs_of.resolve(reader.dataset, variable, axes, wanted=params.crs)
    grid = regular_grid(axes.x, axes.y, scale=found.scale, geographic=axes.kind == "geographic")
    target_crs = found.crs
    if params.dst_crs is not None:
        target_crs = parse_horizontal(params.dst_crs, parameter="dst_crs")
    if not survives_geotiff(target_crs):
        kind = "a rotated pole" if is_rotated(target_crs) else f"{target_crs.name!r}"
        raise ParametersInvalid(
            f"A GeoTIFF cannot hold the CRS of the data ({kind}).",
            hint="Give `dst_crs`, for instance EPSG:4326.",
        )
    deviation = _deviation(reader, variable, axes, grid, found)
    if deviation is not None and deviation > _MAX_DEVIATION and params.crs is None:
        raise SourceInvalid(
            f"The CRS of {path!r} ({found.found_in}) and the file's own latitudes and longitudes "
            f"disagree by {deviation:.3g} pixels: one of them is wrong.",
            hint="Give the right one as `crs`.",
        )
    warps = params.resolution is not None or target_crs != found.crs
    packing = packing_of(variable, params, warps=warps)
    window, source, target = _layouts(
        params, grid, found, target_crs, packing, variable, path, chosen, warps=warps
    )
    steps, numbered = _steps(variable, axes, params)
    crs_metadata = {**describe(target_crs), "source": found.found_in}
    if deviation is not None and math.isfinite(deviation):
        crs_metadata["deviation_pixels"] = round(deviation, 4)
    return Plan(
        path=path,
        variable=variable,
        axes=axes,
        grid=grid,
        window=window,
        packing=packing,
        source=source,
        target=target,
        crs_metadata=crs_metadata,
        bbox=lonlat_bbox(target.bounds, target_crs),
        steps=steps,
        numbered=numbered,
        fixed=fixed,
        fixed_names={variable.dimensions[i]: value for i, value in fixed.items()},
        chosen=chosen,
    )


def _fixed(
    variable: Variable, axes: Axes, params: GeoTiffParams, chosen: Chosen | None
) -> dict[int, int]:
    """The chosen index of each dimension that is neither x, y nor time, nor that of the bands."""
    if chosen is not None and chosen.dimension in params.dimensions:
        raise ParametersInvalid(
            f"`dimensions` names {chosen.dimension!r}, which is that of the bands.",
            hint="Choose its indices with `bands` alone.",
        )
    unknown = set(params.dimensions) - {variable.dimensions[i] for i in axes.others}
    further = {variable.dimensions[i]: variable.shape[i] for i in axes.others}
    sizes = ", ".join(f"{name} ({size})" for name, size in further.items()) or "none"
    if unknown:
        raise ParametersInvalid(
            f"`dimensions` names {', '.join(sorted(unknown))}; further dimensions of "
            f"{variable.name!r} are: {sizes}."
        )
    fixed = {}
    for position in axes.others:
        if chosen is not None and position == chosen.position:
            continue
        name, size = variable.dimensions[position], variable.shape[position]
        if name not in params.dimensions and size != 1:
            raise ParametersInvalid(
                f"{variable.name!r} has further dimensions: {sizes}.",
                hint=f'Choose one index of each, as in `dimensions: {{"{name}": 0}}`.',
            )
        index = params.dimensions.get(name, 0)
        if index >= size:
            raise ParametersInvalid(
                f"The dimension {name!r} has {size} indices, 0 to {size - 1}; {index} is not one."
            )
        fixed[position] = index
    return fixed


def _steps(variable: Variable, axes: Axes, params: GeoTiffParams) -> tuple[Sequence[Step], bool]:
    """The chosen steps, and whether some of all steps share their time."""
    import numpy

    coordinate = axes.t or (scalar_time(variable) if axes.t_position is None else None)
    length = None if axes.t_position is None else variable.shape[axes.t_position]
    if length == 0:
        raise SourceInvalid(f"{variable.name!r} has no time step.")
    axis = None
    if coordinate is not None:
        axis = TimeAxis(coordinate, raw_values(coordinate.variable, of=coordinate.name))
        if length is not None and len(axis.values) != length:
            axis = None
    steps = choose_steps(
        axis=axis, length=length, wanted=params.time, nearest=params.time_method == "nearest"
    )
    numbered = axis is not None and len(numpy.unique(axis.values)) != len(axis.values)
    return steps, numbered


def _deviation(
    reader: Reader, variable: Variable, axes: Axes, grid: Grid, found: crs_of.SourceCrs
) -> float | None:
    """How far, in pixels, the file's own 2-D positions lie from the grid, at three places."""
    import numpy
    import pyproj

    positions = position_variables(variable)
    if positions is None or axes.kind == "geographic":
        return None
    shape = (variable.dimensions[axes.y_position], variable.dimensions[axes.x_position])
    if any(field.dimensions != shape for field in positions):
        return None
    xs, ys = (read_values(axis) * found.scale for axis in (axes.x, axes.y))
    unrotated = found.crs.source_crs if is_rotated(found.crs) else found.crs.geodetic_crs
    to_grid = pyproj.Transformer.from_crs(unrotated, found.crs, always_xy=True)
    packed = [packed_by(attributes(field), of=field.name) for field in positions]
    worst = None
    # Not on one line and not symmetric: a swap of the axes or a mirror image shows.
    for row, column in ((0, 0), (len(ys) // 2, len(xs) // 2), (len(ys) - 1, 0)):
        lon, lat = (
            float(numpy.asarray(reader.read(field.name, field, (row, column)))) * scale + offset
            for field, (scale, offset) in zip(positions, packed, strict=True)
        )
        if not (abs(lon) <= 720 and abs(lat) <= 90):
            continue
        x, y = to_grid.transform(lon, lat)
        across, up = abs(x - xs[column]), abs(y - ys[row])
        if found.crs.is_geographic:
            across = min(across % 360, 360 - across % 360)
        worst = max(worst or 0.0, across / grid.x.step, up / grid.y.step)
    return worst


def _layouts(
    params: GeoTiffParams,
    grid: Grid,
    found: crs_of.SourceCrs,
    target_crs: Any,
    packing: Packing,
    variable: Variable,
    path: str,
    chosen: Chosen | None,
    *,
    warps: bool,
) -> tuple[Window, Layout, Layout]:
    """The part of the grid that is read, and the rasters before and after warping."""
    bounds = _bounds(params, target_crs)
    window = grid.around if warps else grid.whole
    if bounds is not None and not warps:
        window = grid.window_of(bounds)
    own = attributes(variable)
    source = Layout(
        width=window.width,
        height=window.height,
        bounds=grid.bounds(window),
        raster_crs=to_raster_crs(found.crs),
        dtype=packing.pixel.name,
        nodata=packing.nodata,
        description=text(own, "long_name") or text(own, "standard_name") or path,
        band_names=chosen.labels if chosen is not None else (),
        rgb=chosen is not None and chosen.are_rgb,
        units=text(own, "units"),
        scale=1.0 if packing.unpack else packing.scale,
        offset=0.0 if packing.unpack else packing.offset,
        band_tags={
            name: text(own, name)[:MAX_TEXT]
            for name in ("standard_name", "long_name", "cell_methods")
            if text(own, name)
        }
        | {"variable": path},
        tags={"AREA_OR_POINT": "Area"},
    )
    if not warps:
        return window, source, source
    covers = grid.bounds(grid.whole)
    if target_crs.is_projected and not grid.x.circular and max(map(abs, covers[::2])) > 180:
        from_180 = crs_of.from_date_line(found.crs)
        if from_180 is not None:
            turn = -180.0 if covers[2] > 180 else 180.0
            covers = (covers[0] + turn, covers[1], covers[2] + turn, covers[3])
            source = replace(source, raster_crs=to_raster_crs(from_180), bounds=covers)
    resolution = params.resolution
    pair = (resolution, resolution) if isinstance(resolution, int | float) else resolution
    with gdal():
        target = warped_layout(
            source,
            covers=covers,
            dst_crs=to_raster_crs(target_crs),
            area=target_crs.area_of_use.bounds if target_crs.area_of_use else None,
            resolution=pair,
            bounds=bounds,
        )
    return window, source, target


def _bounds(params: GeoTiffParams, target_crs: Any) -> tuple[float, float, float, float] | None:
    """The bounds that were asked for, in the CRS that is written."""
    import pyproj

    if params.bounds is None or params.bounds_crs is None:
        return params.bounds
    given = parse_horizontal(params.bounds_crs, parameter="bounds_crs")
    with suppress(pyproj.exceptions.ProjError):
        to_target = pyproj.Transformer.from_crs(given, target_crs, always_xy=True)
        left, bottom, right, top = to_target.transform_bounds(*params.bounds, densify_pts=21)
        if all(abs(edge) < float("inf") for edge in (left, bottom, right, top)):
            return left, bottom, right, top
    raise ParametersInvalid("The bounds cannot be expressed in the CRS that is written.")
