"""Real terrain, merged: the pixels are those of `gdalwarp`, and in another CRS they are where an
exact transformation says."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from osa.conventions import Item
from osa.conventions.merge_terrain import merge_terrain
from osa.conventions.testing import check_convention

np = pytest.importorskip("numpy")
pyproj = pytest.importorskip("pyproj")
rasterio = pytest.importorskip("rasterio")
pytest.importorskip("pydelatin")
cogeo = pytest.importorskip("rio_cogeo.cogeo")

WEST, EAST = "srtm90_N00E010.tif", "srtm90_N00E011.tif"

Merge = Callable[..., Item]


@pytest.fixture
def merge(data: Path, context_of: Any, as_source: Any) -> Merge:
    """The one item of a merge of real files."""

    def run(*names: str, **parameters: Any) -> Item:
        sources = [as_source(data / "dem" / name) for name in names or (WEST, EAST)]
        context = context_of(merge_terrain, sources, **{"preview": False, **parameters})
        (item,) = [item for batch in merge_terrain.ingest(context) for item in batch.items]
        return item  # type: ignore[no-any-return]

    return run


@pytest.fixture
def gdalwarp(data: Path, tmp_path: Path) -> Callable[..., Any]:
    """The pixels that `gdalwarp` makes of files, on the grid of an item."""
    command = shutil.which("gdalwarp")
    if command is None:
        pytest.skip("gdalwarp is not installed (apt: gdal-bin)")

    def run(item: Item, *options: str, names: tuple[str, ...] = (WEST, EAST)) -> Any:
        target = tmp_path / "oracle.tif"
        target.unlink(missing_ok=True)
        height, width = item.metadata["shape"]
        grid = [repr(edge) for edge in item.metadata["bounds"]]
        files = [str(data / "dem" / name) for name in names]
        fixed = ["-q", "-ot", "Float32", "-r", "bilinear", "-dstnodata", "-9999"]
        words = [*fixed, "-te", *grid, "-ts", str(width), str(height), *options, *files]
        subprocess.run([command, *words, str(target)], check=True, capture_output=True)
        with rasterio.open(target) as opened:
            return opened.read(1)

    return run


def pixels(item: Item) -> Any:
    with rasterio.open(item.files[0].path) as opened:
        return opened.read(1)


def test_the_result_is_a_valid_cog(merge: Merge) -> None:
    item = merge()
    valid, errors, warnings = cogeo.cog_validate(str(item.files[0].path), strict=True)
    assert valid, (errors, warnings)
    with rasterio.open(item.files[0].path) as opened:
        assert (opened.nodata, opened.dtypes[0], opened.crs.to_epsg()) == (-9999, "float32", 4326)


def test_two_neighbors_merge_to_the_pixels_of_gdalwarp(merge: Merge, gdalwarp: Any) -> None:
    kept = merge(target_aligned_pixels=False, method="last")
    assert kept.metadata["shape"] == [1201, 2401]
    np.testing.assert_array_equal(pixels(kept), gdalwarp(kept))
    first = merge(target_aligned_pixels=False)
    np.testing.assert_array_equal(pixels(first), gdalwarp(first, names=(EAST, WEST)))


def test_between_the_pixels_of_two_neighbors_there_is_no_seam(
    merge: Merge, gdalwarp: Any, data: Path, tmp_path: Path
) -> None:
    """On whole multiples of the resolution all is interpolated: as from one file of both. One
    after the other, `gdalwarp` guesses in the half pixel at the seam, and is off by 18 m there."""
    aligned = merge()
    assert aligned.metadata["shape"] == [1202, 2402]
    ours = pixels(aligned)
    both = tmp_path / "both.vrt"
    files = [str(data / "dem" / name) for name in (WEST, EAST)]
    subprocess.run(["gdalbuildvrt", "-q", str(both), *files], check=True, capture_output=True)
    np.testing.assert_array_equal(ours, gdalwarp(aligned, names=(str(both),)))
    apart = np.abs(ours - gdalwarp(aligned))
    assert apart[:, 1200].max() > 15
    assert np.delete(apart, 1200, axis=1).max() == 0
    for method in ("last", "min", "max", "mean"):
        # In the outermost row, beyond both, either guess will do.
        np.testing.assert_array_equal(pixels(merge(method=method))[1:-1], ours[1:-1])


def test_on_their_own_grid_the_heights_are_those_of_the_sources(merge: Merge, data: Path) -> None:
    merged = pixels(merge(target_aligned_pixels=False))
    for name, columns in ((WEST, slice(0, 1201)), (EAST, slice(1200, 2401))):
        with rasterio.open(data / "dem" / name) as opened:
            np.testing.assert_array_equal(merged[:, columns], opened.read(1))


def test_hgt_and_its_zip_are_what_their_geotiffs_are(merge: Merge) -> None:
    raw = merge("srtm90_N00E010.hgt", "srtm90_N00E011.hgt.zip")
    assert raw.files[0].sha256 == merge().files[0].sha256


def test_in_another_crs_heights_are_within_a_decimetre_of_the_exact_transformation(
    merge: Merge, data: Path, gdalwarp: Any
) -> None:
    item = merge(dst_crs="EPSG:32632", resolution=90)
    exact = exactly(item, data)
    ours = pixels(item)
    usual = gdalwarp(
        item, "-t_srs", "EPSG:32632", names=(EAST, WEST)
    )  # with its usual 0.125 pixels
    inside = ~np.isnan(exact) & (ours != -9999)
    assert inside.sum() > 0.99 * (~np.isnan(exact)).sum()
    off = np.abs(ours[inside] - exact[inside])
    usual_off = np.abs(usual[inside] - exact[inside])[usual[inside] != -9999]
    assert off.max() < 0.1
    assert usual_off.max() > 5, "the threshold matters"


def exactly(item: Item, data: Path) -> Any:
    """Each pixel of the result, taken back to longitude and latitude without any shortcut, and
    interpolated there; NaN where not all four posts around are there."""
    heights = []
    for name, columns in ((WEST, slice(0, 1200)), (EAST, slice(0, 1201))):
        with rasterio.open(data / "dem" / name) as opened:
            heights.append(opened.read(1)[:, columns])
    posts = np.concatenate(heights, axis=1).astype("float64")
    assert posts.min() > -32768
    rows, columns = item.metadata["shape"]
    a, _, c, _, e, f = item.metadata["transform"]
    x, y = np.meshgrid(c + (np.arange(columns) + 0.5) * a, f + (np.arange(rows) + 0.5) * e)
    back = pyproj.Transformer.from_crs("EPSG:32632", "EPSG:4326", always_xy=True)
    longitude, latitude = back.transform(x, y)
    column, row = (longitude - 10) * 1200, (1 - latitude) * 1200
    low_column, low_row = np.floor(column).astype(int), np.floor(row).astype(int)
    inside = (low_column >= 0) & (low_column < 2400) & (low_row >= 0) & (low_row < 1200)
    low_column, low_row = np.clip(low_column, 0, 2399), np.clip(low_row, 0, 1199)
    east, south = column - low_column, row - low_row
    north_edge = posts[low_row, low_column] * (1 - east) + posts[low_row, low_column + 1] * east
    south_edge = (
        posts[low_row + 1, low_column] * (1 - east) + posts[low_row + 1, low_column + 1] * east
    )
    return np.where(inside, north_edge * (1 - south) + south_edge * south, np.nan)


def test_it_keeps_the_promises_of_a_convention_and_the_same_bytes_twice(data: Path) -> None:
    sources = [data / "dem" / name for name in (WEST, EAST)]
    params = {"dst_crs": "EPSG:32632", "resolution": 900, "terrain": {"enabled": True}}
    (item,) = check_convention(merge_terrain, sources=sources, params=params, max_resumes=1)
    assert [file.name for file in item.files] == [
        "terrain.tif",
        "preview.png",
        "layer.json",
        "terrain.zip",
    ]
