"""Private copies of the sources: the program wants to be able to write to its inputs, and what the
archive holds is for reading only. It knows GeoTIFF alone, and takes heights as they are stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from osa.conventions.authoring import Context, Progress
from osa.conventions.geotiff.writing import gdal
from osa.conventions.local_files import check_disk, write_chunks
from osa.conventions.mago_terrain.parameters import MagoTerrainParams
from osa.conventions.merge_terrain.models import Model, blamed, open_raster

_CHUNK = 1024 * 1024
_BLOCK = 256
#: Bytes per pixel that it writes aside: the heights in float32, once as they are and once for all
#: coarser levels together; and the tiles.
_ASIDE = 12


def check_room(models: Sequence[Model], folder: Path, min_free: int) -> None:
    """Raises StorageFull where the disk is too small for the copies and for what is made of
    them."""
    check_disk(
        folder,
        needed=sum(
            model.path.stat().st_size + _ASIDE * model.width * model.height for model in models
        ),
        min_free=min_free,
        said="{needed} bytes are needed for copies of the sources and what is made of them, and "
        "{min_free} must stay free; the disk has {free}.",
    )


def staged(
    context: Context[MagoTerrainParams], models: Sequence[Model], folder: Path
) -> list[Path]:
    """The copies, in order, below `folder`. Raises SourceInvalid, StorageFull, Stopped."""
    paths = []
    for number, model in enumerate(models):
        context.report(
            Progress(
                phase="copying",
                message=model.label,
                unit="sources",
                completed=number,
                total=len(models),
            )
        )
        path = folder / f"source-{number:03d}.tif"
        if model.driver == "GTiff" and model.scale == 1 and model.offset == 0:
            _copy(model.path, path, context.checkpoint)
        else:
            _rewrite(model, path, context.checkpoint)
        path.chmod(0o600)
        paths.append(path)
    return paths


def _copy(source: Path, target: Path, checkpoint: Callable[[], None]) -> None:
    with source.open("rb") as stream:
        write_chunks(target, _chunks(stream, checkpoint))


def _chunks(stream: IO[bytes], checkpoint: Callable[[], None]) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        checkpoint()
        yield chunk


def _rewrite(model: Model, target: Path, checkpoint: Callable[[], None]) -> None:
    """As a GeoTIFF whose pixels are the heights."""
    import numpy
    import rasterio
    from rasterio.windows import Window

    plain = model.scale == 1 and model.offset == 0
    with (
        gdal(),
        open_raster(model.path, driver=model.driver, label=model.label) as source,
    ):
        dtype = source.dtypes[0] if plain else "float32"
        nodata = model.nodata if plain or model.nodata is None else -9999.0
        profile = {
            "driver": "GTiff",
            "width": model.width,
            "height": model.height,
            "count": 1,
            "dtype": dtype,
            "crs": source.crs,
            "transform": source.transform,
            "nodata": nodata,
            "compress": "DEFLATE",
        }
        with rasterio.open(target, "w", **profile) as written:
            for row in range(0, model.height, _BLOCK):
                checkpoint()
                window = Window(0, row, model.width, min(_BLOCK, model.height - row))
                with blamed(model.path, model.label):
                    values = source.read(1, window=window)
                if not plain:
                    missing = values == model.nodata
                    heights = values.astype("float64") * model.scale + model.offset
                    values = numpy.where(missing, nodata or 0.0, heights).astype(dtype)
                written.write(values, 1, window=window)
