"""The way from a source to its items: step by step, strip by strip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from osa.conventions import previews
from osa.conventions.authoring import Context, Progress
from osa.conventions.geotiff import writing
from osa.conventions.geotiff.layout import Statistics, Window
from osa.conventions.geotiff.warping import warped
from osa.conventions.items import Batch, File, Item, JsonObject
from osa.conventions.nc_to_geotiff import records
from osa.conventions.nc_to_geotiff.parameters import GeoTiffParams
from osa.conventions.nc_to_geotiff.plan import Plan, make_plan
from osa.conventions.nc_to_geotiff.reading import Reader, open_source
from osa.conventions.nc_to_geotiff.times import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray


def ingest(context: Context[GeoTiffParams]) -> Iterator[Batch]:
    """Yield the GeoTIFFs of the source, from the step after the cursor on.

    The cursor is `{"next": position of the step, "of": how the source was named}`.
    """
    with open_source(context) as reader:
        plan = make_plan(reader, context.params)
        writing.check_room(
            plan.target,
            context.params,
            workdir=context.workdir,
            min_free=context.limits.min_free_bytes,
        )
        yield from context.batches(_items(context, reader, plan))


def _items(
    context: Context[GeoTiffParams], reader: Reader, plan: Plan
) -> Iterator[tuple[Item | None, JsonObject]]:
    start = context.cursor.get("next", 0)
    if context.cursor and context.cursor.get("of") != _version(reader):
        # What is at the URI has changed since: its first steps are other data now.
        start = 0
    total = len(plan.steps)
    for position in range(start, total):
        context.checkpoint()
        step = plan.steps[position]
        after = {"next": position + 1, "of": _version(reader)}
        if not context.wants(records.source_id(reader.identity, plan, step, context.params)):
            yield None, after
            continue
        if total > 1:
            context.report(
                Progress(
                    phase="converting",
                    message=step.label,
                    unit="time steps",
                    completed=position,
                    total=total,
                )
            )
        yield _convert(context, reader, plan, step, alone=total == 1), after


def _version(reader: Reader) -> str:
    return str(reader.provenance.get("sha256", reader.identity))


def _convert(
    context: Context[GeoTiffParams], reader: Reader, plan: Plan, step: Step, *, alone: bool
) -> Item:
    params = context.params
    writing.check_room(
        plan.target, params, workdir=context.workdir, min_free=context.limits.min_free_bytes
    )
    name = records.file_name(plan, step)
    stem = context.workdir / f"geotiff-{0 if step.index is None else step.index}"
    tiled, rewarped = stem.with_suffix(".tiled.tif"), stem.with_suffix(".warped.tif")
    done = stem.with_suffix(".tif")
    statistics = Statistics.of(plan.target)
    all_pixels = plan.target.width * plan.target.height + (
        plan.source.width * plan.source.height if plan.warps else 0
    )
    seen = 0

    def after_strip(window: Window) -> None:
        nonlocal seen
        context.checkpoint()
        seen += window.height * window.width
        if alone:
            context.report(
                Progress(phase="converting", unit="pixels", completed=seen, total=all_pixels)
            )

    tags = {**plan.target.tags}
    if step.tiff_datetime is not None:
        tags["TIFFTAG_DATETIME"] = step.tiff_datetime
    source, target = plan.source, replace(plan.target, tags=tags)
    reader.prepare(
        plan.variable,
        (plan.axes.y_position, plan.axes.x_position),
        params.blocksize,
        (plan.chosen.position, plan.chosen.indices) if plan.chosen is not None else None,
    )

    def read(window: Window) -> NDArray[Any]:
        return plan.packing.pixels(_read_window(reader, plan, step, window))

    try:
        with writing.gdal():
            if plan.warps:
                # Without a CRS: the temporary file need not be able to hold that of the data.
                bare = replace(source, raster_crs=None)
                writing.write_tiled(
                    tiled, bare, params, read, statistics=None, after_strip=after_strip
                )
                with warped(tiled, source, target, params.resampling) as read_warped:
                    writing.write_tiled(
                        rewarped,
                        target,
                        params,
                        read_warped,
                        statistics=statistics,
                        after_strip=after_strip,
                    )
                tiled.unlink()
                writing.finish(rewarped, done, params)
            else:
                writing.write_tiled(
                    tiled, target, params, read, statistics=statistics, after_strip=after_strip
                )
                writing.finish(tiled, done, params)
    finally:
        tiled.unlink(missing_ok=True)
        rewarped.unlink(missing_ok=True)
    context.checkpoint()
    media_type = writing.COG_MEDIA_TYPE if params.format == "COG" else writing.MEDIA_TYPE
    files = [File.of(done, name=name, media_type=media_type)]
    if params.preview:
        kind: Literal["gray", "color"] = "color" if target.count == 3 else "gray"
        files.append(previews.preview(done, stem.with_suffix(".png"), kind=kind))
    context.checkpoint()
    return Item.record(
        records.source_id(reader.identity, plan, step, params),
        title=records.title(plan, step),
        metadata=records.metadata(reader, plan, step, params, statistics),
        files=files,
    )


def _read_window(reader: Reader, plan: Plan, step: Step, window: Window) -> NDArray[Any]:
    """Raw numbers of a window of `plan.source`, rows from the top, columns from the left, behind
    the bands where there are several."""
    import numpy

    if plan.chosen is None:
        return _read_band(reader, plan, step, window, {})
    bands = [
        _read_band(reader, plan, step, window, {plan.chosen.position: index})
        for index in plan.chosen.indices
    ]
    return bands[0] if len(bands) == 1 else numpy.stack(bands)


def _read_band(
    reader: Reader, plan: Plan, step: Step, window: Window, band: Mapping[int, int]
) -> NDArray[Any]:
    import numpy

    axes, grid = plan.axes, plan.grid
    index: list[int | slice] = [0] * len(plan.variable.dimensions)
    for position, value in (*plan.fixed.items(), *band.items()):
        index[position] = value
    if axes.t_position is not None:
        index[axes.t_position] = step.index or 0
    top = plan.window.row + window.row
    # Rows are counted from the top, the span from the south.
    (rows,) = grid.y.source_slices(grid.height - top - window.height, grid.height - top)
    index[axes.y_position] = rows
    left = plan.window.column + window.column
    parts = []
    for columns in grid.x.source_slices(left, left + window.width):
        index[axes.x_position] = columns
        part = reader.read(plan.path, plan.variable, index)
        if axes.x_position < axes.y_position:
            part = part.T
        parts.append(part[:, ::-1] if grid.x.reversed else part)
    pixels = parts[0] if len(parts) == 1 else numpy.concatenate(parts, axis=1)
    if not grid.y.reversed:
        pixels = pixels[::-1]
    return numpy.ascontiguousarray(pixels)
