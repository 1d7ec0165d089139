"""The way from the sources to the one record: read, copied, meshed by the program, looked at."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from osa.conventions.authoring import Context, Progress
from osa.conventions.failures import ConventionError, ParametersInvalid
from osa.conventions.geotiff.crs import describe
from osa.conventions.items import Batch, File, Item
from osa.conventions.mago_terrain.checking import Layer, read_layer, read_tile
from osa.conventions.mago_terrain.failures import absent
from osa.conventions.mago_terrain.parameters import MagoTerrainParams
from osa.conventions.mago_terrain.running import Said, run
from osa.conventions.mago_terrain.staging import check_room, staged
from osa.conventions.merge_terrain import whole
from osa.conventions.merge_terrain.inputs import read_models
from osa.conventions.merge_terrain.models import Model
from osa.conventions.terrain_mesh import archive

#: The name of the command among those that the operator has set.
COMMAND = "mago"
_TRIES = 40


def ingest(context: Context[MagoTerrainParams]) -> Iterator[Batch]:
    """Yield the one item. The cursor after it is `{"done": true}`."""
    yield from whole.batches(context, _mesh, taker="mago-terrain", prefix="mago")


def _mesh(context: Context[MagoTerrainParams], source_id: str) -> Item:
    # Before anything is downloaded for nothing.
    command = context.limits.commands.get(COMMAND)
    if not command:
        raise absent("OSA_MAGO_COMMAND is not set")
    models = read_models(context)
    terrain = models[:-1] if context.params.geoid == "file" else models
    if not terrain:
        raise ParametersInvalid(
            "With `geoid` file the last source is the geoid; there is no other.",
            hint="Give the terrain models first, and then the geoid.",
        )
    check_room(models, context.workdir, context.limits.min_free_bytes)
    title = whole.title_of(terrain, what="Terrain mesh")
    with _scratch(context.workdir / "mago") as scratch:
        copies = staged(context, models, scratch)
        output = scratch / "output"
        output.mkdir()
        _run(context, [*command, *arguments(context.params, copies, scratch)], models, scratch)
        layer = read_layer(output, title=title)
        files = _kept(context, layer, output)
    return Item.record(
        source_id,
        title=title,
        metadata=_metadata(terrain, layer, context.params),
        files=files,
        made_from=context.sources,
    )


def arguments(params: MagoTerrainParams, copies: Sequence[Path], scratch: Path) -> list[str]:
    """The options of the program. Everything is said, so that its own defaults may change."""
    inputs = copies[:-1] if params.geoid == "file" else copies
    words = [word for path in inputs for word in ("--input", str(path))]
    words += ["--output", str(scratch / "output"), "--temp", str(scratch / "temp")]
    said: dict[str, object] = {
        "minDepth": params.min_depth,
        "intensity": f"{params.intensity:g}",
        "interpolationType": params.interpolation_type,
        "priorityType": params.priority_type,
        "nodataValue": f"{params.nodata_value!r}",
        "geoid": copies[-1] if params.geoid == "file" else params.geoid,
        "mosaicSize": params.mosaic_size,
        "rasterMaxSize": params.raster_max_size,
        "body": params.body,
    }
    if params.max_depth is not None:
        said["maxDepth"] = params.max_depth
    for name, value in said.items():
        words += [f"--{name}", str(value)]
    flags = {
        "--noCalculateNormals": not params.calculate_normals,
        "--metadata": params.metadata_tiles,
        "--waterMask": params.water_mask,
    }
    return words + [flag for flag, wanted in flags.items() if wanted]


def _run(
    context: Context[MagoTerrainParams],
    command: Sequence[str],
    models: Sequence[Model],
    scratch: Path,
) -> None:
    names = {
        str(scratch / f"source-{number:03d}.tif"): model.label
        for number, model in enumerate(models)
    }
    names[f"{scratch}/"] = ""
    names[str(scratch)] = "."
    said = Said(names=names, report=context.report)
    began = time.monotonic()
    try:
        run(
            command,
            scratch=scratch / "aside",
            said=said,
            seconds=context.params.timeout_seconds,
            min_free=context.limits.min_free_bytes,
            checkpoint=context.checkpoint,
        )
    except ConventionError:
        for line in said.tail:
            context.warning(f"mago-3d-terrainer: {line}")
        raise
    for line in said.complaints:
        context.warning(f"mago-3d-terrainer: {line}")
    context.info(f"mago-3d-terrainer took {time.monotonic() - began:.0f} s.")


def _kept(context: Context[MagoTerrainParams], layer: Layer, output: Path) -> Sequence[File]:
    """The tile set as files of the record; each tile is looked at, and then gone from `output`."""
    total = len(layer.tiles)
    with archive.writing(context.workdir, layer.text) as target:
        for number, tile in enumerate(layer.tiles, start=1):
            context.checkpoint()
            target.add(tile, read_tile(output, tile))
            (output / tile.name).unlink()
            context.report(
                Progress(phase="checking tiles", unit="tiles", completed=number, total=total)
            )
    return target.files


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder for all that the program reads and writes; gone afterwards."""
    folder.mkdir(mode=0o700)
    (folder / "aside").mkdir()
    try:
        yield folder.absolute()
    finally:
        # What was killed a moment ago may just have made another file.
        for _ in range(_TRIES):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break
            time.sleep(0.05)


def _metadata(models: Sequence[Model], layer: Layer, params: MagoTerrainParams) -> dict[str, Any]:
    """The record's metadata: JSON without NaN."""
    zooms = [tile.zoom for tile in layer.tiles]
    return {
        "terrain": {
            "format": "quantized-mesh-1.0",
            "made_by": "mago-3d-terrainer",
            "tiles": len(layer.tiles),
            "min_zoom": min(zooms),
            "max_zoom": max(zooms),
            "bbox": layer.bounds,
        },
        "parameters": params.model_dump(mode="json", exclude=set(params.no_output)),
        "sources": [
            {**model.provenance, "crs": describe(model.crs), "shape": [model.height, model.width]}
            for model in models
        ],
    }
