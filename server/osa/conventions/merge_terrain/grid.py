"""The grid of the result, decided once from all sources."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from osa.conventions.failures import ParametersInvalid, SourceInvalid, SourceRefused
from osa.conventions.geotiff.crs import Crs, parse_horizontal, survives_geotiff, to_raster_crs
from osa.conventions.geotiff.layout import Layout, Window
from osa.conventions.geotiff.warping import warped_layout
from osa.conventions.geotiff.writing import gdal
from osa.conventions.merge_terrain.models import Model
from osa.conventions.merge_terrain.parameters import MergeTerrainParams

Box = tuple[float, float, float, float]

#: A millionth of a pixel forgives the arithmetic of whoever wrote the coordinates.
_FORGIVEN = 1e-6
#: Pixels around a source's outline that its kernel or a bent edge may reach.
_AROUND = 2
_NOWHERE = Window(row=0, column=0, height=0, width=0)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A source and the pixels of the result that it may cover; the window is empty for none."""

    model: Model
    #: left, bottom, right, top in the CRS of the result.
    box: Box
    resolution: tuple[float, float]
    #: No pixel is moved: it has the CRS of the result.
    same_crs: bool
    window: Window = _NOWHERE
    #: Its pixels are pixels of the result: row and column of its first; None: they are resampled.
    first_pixel: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The raster to write, and what is read for it."""

    target: Layout
    crs: Crs
    sources: Sequence[Placed]
    #: What heights count from, and their unit, where the sources say it.
    vertical_crs: str | None
    units: str


def make_plan(models: Sequence[Model], params: MergeTerrainParams) -> Plan:
    """Decide the grid. Raises ParametersInvalid, SourceInvalid, SourceRefused."""
    crs = _target_crs(models, params)
    vertical = _agreed([(model.vertical_crs, model) for model in models], "vertical CRS")
    units = _agreed([(model.units or None, model) for model in models], "unit of heights")
    with gdal():
        placed = [_place(model, crs) for model in models]
    box, size = _grid(placed, params)
    width = max(1, round((box[2] - box[0]) / size[0]))
    height = max(1, round((box[3] - box[1]) / size[1]))
    target = Layout(
        width=width,
        height=height,
        bounds=(box[0], box[3] - height * size[1], box[0] + width * size[0], box[3]),
        raster_crs=to_raster_crs(crs),
        dtype=params.dtype,
        nodata=math.nan if params.nodata == "nan" else float(params.nodata),
        description="height",
        units=units or "",
        tags={"AREA_OR_POINT": "Area"},
    )
    sources = [_windowed(each, target) for each in placed]
    if not any(each.window.width for each in sources):
        raise ParametersInvalid(
            f"The bounds {list(target.bounds)} lie outside all sources, which cover "
            f"{list(_union([each.box for each in placed]))} (in the CRS of the result)."
        )
    for each in sources:
        _check_reading(each, target, params)
    return Plan(target=target, crs=crs, sources=sources, vertical_crs=vertical, units=units or "")


def _target_crs(models: Sequence[Model], params: MergeTerrainParams) -> Crs:
    if params.dst_crs is None:
        crs = models[0].crs
        for model in models:
            if not _equal(model.crs, crs):
                raise ParametersInvalid(
                    f"The sources have different CRSs: {models[0].label} is in {crs.name!r}, "
                    f"{model.label} in {model.crs.name!r}.",
                    hint="Give `dst_crs`.",
                )
        return crs
    crs = parse_horizontal(params.dst_crs, parameter="dst_crs")
    if not survives_geotiff(crs):
        raise ParametersInvalid(
            f"A GeoTIFF cannot hold {crs.name!r}.", hint="Give another `dst_crs`."
        )
    return crs


def _equal(one: Crs, other: Crs) -> bool:
    return bool(one.equals(other, ignore_axis_order=True))


def _agreed(said: Sequence[tuple[str | None, Model]], what: str) -> str | None:
    """What all that say something say. Raises SourceInvalid where they differ."""
    known = [(value, model) for value, model in said if value is not None]
    for value, model in known:
        if value != known[0][0]:
            raise SourceInvalid(
                f"The sources differ in their {what}: {known[0][0]!r} in {known[0][1].label}, "
                f"{value!r} in {model.label}.",
                hint="Convert the heights of one of them first.",
            )
    return known[0][0] if known else None


def _place(model: Model, crs: Crs) -> Placed:
    same = _equal(model.crs, crs)
    if same:
        return Placed(model=model, box=model.bounds, resolution=model.resolution, same_crs=True)
    layout = Layout(
        width=model.width,
        height=model.height,
        bounds=model.bounds,
        raster_crs=to_raster_crs(model.crs),
        dtype="float32",
        nodata=None,
    )
    try:
        moved = warped_layout(
            layout,
            covers=model.bounds,
            dst_crs=to_raster_crs(crs),
            area=crs.area_of_use.bounds if crs.area_of_use else None,
            resolution=None,
            bounds=None,
        )
    except ParametersInvalid as exc:
        raise ParametersInvalid(f"{model.label}: {exc.detail}", hint="Choose another CRS.") from exc
    return Placed(model=model, box=moved.bounds, resolution=moved.resolution, same_crs=False)


def _grid(placed: Sequence[Placed], params: MergeTerrainParams) -> tuple[Box, tuple[float, float]]:
    """The outline, in whole pixels, and the size of a pixel."""
    finest = min(placed, key=lambda each: each.resolution[0] * each.resolution[1])
    asked = params.resolution
    size = (
        (min(each.resolution[0] for each in placed), min(each.resolution[1] for each in placed))
        if asked is None
        else (float(asked), float(asked))
        if isinstance(asked, int | float)
        else asked
    )
    left, bottom, right, top = params.bounds or _union([each.box for each in placed])
    if params.target_aligned_pixels:
        start_x, start_y = 0.0, 0.0
    elif params.bounds is None:
        start_x, start_y = finest.box[0], finest.box[3]
    else:
        start_x, start_y = left, top
    columns = (left - start_x) / size[0], (right - start_x) / size[0]
    rows = (start_y - top) / size[1], (start_y - bottom) / size[1]
    first_column, first_row = (math.floor(low + _FORGIVEN) for low in (columns[0], rows[0]))
    last_column, last_row = (math.ceil(high - _FORGIVEN) for high in (columns[1], rows[1]))
    box = (
        start_x + first_column * size[0],
        start_y - max(last_row, first_row + 1) * size[1],
        start_x + max(last_column, first_column + 1) * size[0],
        start_y - first_row * size[1],
    )
    return box, size


def _union(boxes: Sequence[Box]) -> Box:
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def _windowed(placed: Placed, target: Layout) -> Placed:
    left, _, _, top = target.bounds
    width, height = target.resolution
    columns = (placed.box[0] - left) / width, (placed.box[2] - left) / width
    rows = (top - placed.box[3]) / height, (top - placed.box[1]) / height
    if columns[1] <= 0 or rows[1] <= 0 or columns[0] >= target.width or rows[0] >= target.height:
        return placed
    column = max(0, math.floor(columns[0]) - _AROUND)
    row = max(0, math.floor(rows[0]) - _AROUND)
    window = Window(
        row=row,
        column=column,
        height=min(target.height, math.ceil(rows[1]) + _AROUND) - row,
        width=min(target.width, math.ceil(columns[1]) + _AROUND) - column,
    )
    return replace(placed, window=window, first_pixel=_first_pixel(placed, target))


def _first_pixel(placed: Placed, target: Layout) -> tuple[int, int] | None:
    model, (width, height) = placed.model, target.resolution
    if not (placed.same_crs and model.upright):
        return None
    column = (placed.box[0] - target.bounds[0]) / width
    row = (target.bounds[3] - placed.box[3]) / height
    # To the last pixel, however many there are: nothing drifts.
    drift = max(
        abs(model.resolution[0] / width - 1) * model.width,
        abs(model.resolution[1] / height - 1) * model.height,
    )
    off = max(abs(column - round(column)), abs(row - round(row)))
    return (round(row), round(column)) if off + drift < _FORGIVEN else None


def _check_reading(placed: Placed, target: Layout, params: MergeTerrainParams) -> None:
    """A small result may ask for all pixels of an enormous source."""
    model, window = placed.model, placed.window
    width, height = target.resolution
    part = (window.width * width * window.height * height) / (
        (placed.box[2] - placed.box[0]) * (placed.box[3] - placed.box[1])
    )
    pixels = int(model.width * model.height * min(1.0, part))
    if pixels > params.max_pixels:
        raise SourceRefused(
            f"{pixels} pixels of {model.label} ({model.width} × {model.height}) would be read; at "
            f"most {params.max_pixels} are.",
            hint="Give smaller `bounds`, or a larger `max_pixels`.",
        )
