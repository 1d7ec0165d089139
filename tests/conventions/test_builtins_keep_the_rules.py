"""The built-in conventions keep the promises that `check_convention` checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from osa.conventions.registry import BUILTIN, load
from osa.conventions.testing import check_convention, check_description

SAMPLES = Path(__file__).parents[2] / "samples"
NOTES = SAMPLES / "field-notes.txt"
GRID = SAMPLES / "sea-surface-temperature.nc"


@pytest.mark.parametrize("target", BUILTIN)
def test_every_builtin_is_described(target: str) -> None:
    registry = load()
    name = target.rpartition(":")[2]
    [convention] = [each for each in registry.values() if each.id == name.replace("_", "-")]
    check_description(convention)


def test_documents() -> None:
    chunk = {"enabled": True, "size": 300, "overlap": 50}
    items = check_convention(
        load()["documents"], sources=[NOTES, GRID, Path(__file__)], params={"chunk": chunk}
    )
    assert [item.verdict for item in items] == ["record"] * 3


def test_nc_to_geotiff() -> None:
    convention = load()["nc-to-geotiff"]
    if convention.missing_extra:
        pytest.skip(f"the extra {convention.missing_extra} is not installed")
    items = check_convention(convention, sources=[GRID], max_resumes=4)
    assert [item.verdict for item in items] == ["record"] * 4
    assert {file.media_type.partition(";")[0] for item in items for file in item.files} == {
        "image/tiff",
        "image/png",
    }


def test_merge_terrain(tmp_path: Path) -> None:
    convention = load()["merge-terrain"]
    if convention.missing_extra:
        pytest.skip(f"the extra {convention.missing_extra} is not installed")
    import numpy
    import rasterio

    paths = [tmp_path / "west.tif", tmp_path / "east.tif"]
    profile = {"driver": "GTiff", "width": 90, "height": 80, "count": 1, "dtype": "float32"}
    for number, path in enumerate(paths):
        place = rasterio.transform.Affine(0.001, 0, 7 + 0.08 * number, 0, -0.001, 60)
        with rasterio.open(path, "w", crs="EPSG:4326", transform=place, **profile) as target:
            heights = numpy.random.default_rng(number).normal(300, 50, (1, 80, 90))
            target.write(heights.astype("float32"))
    params = {"terrain": {"enabled": True, "max_zoom": 9}}
    (item,) = check_convention(convention, sources=paths, params=params)
    assert [file.name for file in item.files] == [
        "terrain.tif",
        "preview.png",
        "layer.json",
        "terrain.zip",
    ]
