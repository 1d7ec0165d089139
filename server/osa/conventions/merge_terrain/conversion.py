"""The way from the sources to the one record: read, placed, merged, shaded, meshed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from osa.conventions import previews
from osa.conventions.authoring import Context, Progress
from osa.conventions.geotiff import writing
from osa.conventions.geotiff.crs import describe, lonlat_bbox
from osa.conventions.geotiff.layout import Statistics, Window
from osa.conventions.items import Batch, File, Item
from osa.conventions.merge_terrain import whole
from osa.conventions.merge_terrain.grid import Plan, make_plan
from osa.conventions.merge_terrain.inputs import read_models
from osa.conventions.merge_terrain.merging import merged
from osa.conventions.merge_terrain.models import Model
from osa.conventions.merge_terrain.parameters import MergeTerrainParams
from osa.conventions.terrain_mesh.tileset import Tileset, write_tileset

NAME = "terrain.tif"


def ingest(context: Context[MergeTerrainParams]) -> Iterator[Batch]:
    """Yield the one item. The cursor after it is `{"done": true}`."""
    yield from whole.batches(context, _merge, taker="merge-terrain", prefix="merge")


def _merge(context: Context[MergeTerrainParams], source_id: str) -> Item:
    params = context.params
    models = read_models(context)
    plan = make_plan(models, params)
    writing.check_room(
        plan.target, params, workdir=context.workdir, min_free=context.limits.min_free_bytes
    )
    raster = context.workdir / "merged.tif"
    statistics = _write(context, plan, raster)
    title = whole.title_of(models, what="Terrain")
    media_type = writing.COG_MEDIA_TYPE if params.format == "COG" else writing.MEDIA_TYPE
    files = [File.of(raster, name=NAME, media_type=media_type)]
    context.checkpoint()
    if params.preview:
        files.append(previews.preview(raster, context.workdir / previews.NAME, kind="hillshade"))
    tileset: Tileset | None = None
    if params.terrain.enabled:
        tileset = write_tileset(
            raster,
            context.workdir,
            params.terrain,
            title=title,
            min_free=context.limits.min_free_bytes,
            checkpoint=context.checkpoint,
            report=context.report,
        )
        files += tileset.files
    context.checkpoint()
    return Item.record(
        source_id,
        title=title,
        metadata=_metadata(plan, models, params, statistics, tileset),
        files=files,
        made_from=context.sources,
    )


def _write(context: Context[MergeTerrainParams], plan: Plan, done: Path) -> Statistics:
    params, target = context.params, plan.target
    statistics = Statistics()
    tiled = done.with_suffix(".tiled.tif")
    total = target.width * target.height
    seen = 0

    def after_strip(window: Window) -> None:
        nonlocal seen
        context.checkpoint()
        seen += window.width * window.height
        context.report(Progress(phase="merging", unit="pixels", completed=seen, total=total))

    try:
        with writing.gdal():
            with merged(plan, params, context.checkpoint) as read:
                writing.write_tiled(
                    tiled, target, params, read, statistics=statistics, after_strip=after_strip
                )
            context.report(Progress(phase="compressing"))
            writing.finish(tiled, done, params)
    finally:
        tiled.unlink(missing_ok=True)
    return statistics


def _metadata(
    plan: Plan,
    models: Sequence[Model],
    params: MergeTerrainParams,
    statistics: Statistics,
    tileset: Tileset | None,
) -> dict[str, Any]:
    """The record's metadata: JSON without NaN."""
    layout = plan.target
    found: dict[str, Any] = {
        "crs": describe(plan.crs),
        "bbox": lonlat_bbox(layout.bounds, plan.crs),
        "bounds": list(layout.bounds),
        "shape": [layout.height, layout.width],
        "transform": list(layout.transform),
        "resolution": list(layout.resolution),
        "dtype": layout.dtype,
        "nodata": params.nodata,
        "statistics": statistics.as_metadata(),
        "format": params.format,
        "method": params.method,
        "resampling": params.resampling,
        "sources": [model.provenance for model in models],
    }
    if plan.vertical_crs is not None:
        found["vertical_crs"] = plan.vertical_crs
    if plan.units:
        found["units"] = plan.units
    if tileset is not None:
        found["terrain"] = tileset.metadata
    return found
