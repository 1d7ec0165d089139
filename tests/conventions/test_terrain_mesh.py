"""Terrain meshes: every tile is what the specification says, follows the heights, and meets its
neighbors; the set says truly what it has."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from osa.conventions import ParametersInvalid, Progress, SourceRefused, Stopped, StorageFull
from osa.conventions.terrain_mesh.parameters import TerrainParams
from osa.conventions.terrain_mesh.tileset import Tileset, write_tileset
from osa.conventions.terrain_mesh.tiling import Tile, zoom_of

np = pytest.importorskip("numpy")
rasterio = pytest.importorskip("rasterio")
pytest.importorskip("pydelatin")

from osa_testing import quantized_mesh  # noqa: E402

Affine = rasterio.transform.Affine
DECODER = Path(__file__).parents[2] / ".ci/node_modules/@here/quantized-mesh-decoder"


@dataclass(frozen=True)
class Written:
    """A tile set, opened."""

    tileset: Tileset
    names: list[str]
    contents: dict[str, bytes]
    layer: dict[str, Any]
    read: dict[str, Any] = field(default_factory=dict)

    def tile(self, zoom: int, x: int, y: int) -> Any:
        """Read strictly, once."""
        tile = Tile(zoom=zoom, x=x, y=y)
        if tile.name not in self.read:
            content = self.contents[tile.name]
            self.read[tile.name] = quantized_mesh.read(content, tile.bounds)
        return self.read[tile.name]

    def places(self) -> list[tuple[int, int, int]]:
        """Zoom, x and y of all tiles."""
        names = [name for name in self.names if name.endswith(".terrain")]
        return [tuple(map(int, name[:-8].split("/"))) for name in names]  # type: ignore[misc]


Write = Callable[..., Written]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Make the tile set of a raster."""
    made = iter(range(100))

    def run(raster: Path, *, min_free: int = 0, checkpoint: Any = None, **params: Any) -> Written:
        folder = tmp_path / f"tiles-{next(made)}"
        folder.mkdir()
        seen: list[Progress] = []
        tileset = write_tileset(
            raster,
            folder,
            TerrainParams(enabled=True, **params),
            title="a test",
            min_free=min_free,
            checkpoint=checkpoint or (lambda: None),
            report=seen.append,
        )
        assert [(p.completed, p.phase) for p in seen if p.completed == p.total] == [
            (seen[0].total, "sampling"),
            (tileset.metadata["tiles"], "meshing"),
        ]
        with zipfile.ZipFile(folder / "terrain.zip") as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
            stored = {entry.compress_type for entry in archive.infolist()}
        assert stored == {zipfile.ZIP_STORED}
        assert sorted(path.name for path in folder.iterdir()) == ["layer.json", "terrain.zip"]
        layer = json.loads((folder / "layer.json").read_text())
        assert json.loads(contents["layer.json"]) == layer
        return Written(tileset, list(contents), contents, layer)

    return run


@pytest.fixture
def raster(tmp_path: Path) -> Callable[..., Path]:
    """A GeoTIFF of heights."""
    made = iter(range(100))

    def run(
        heights: Any,
        *,
        west: float = 7.0,
        north: float = 60.0,
        pixel: float = 0.001,
        crs: str = "EPSG:4326",
        nodata: float = -9999.0,
    ) -> Path:
        path = tmp_path / f"raster-{next(made)}.tif"
        high, wide = heights.shape
        transform = Affine(pixel, 0, west, 0, -pixel, north)
        profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "nodata": nodata}
        with rasterio.open(
            path, "w", width=wide, height=high, crs=crs, transform=transform, **profile
        ) as target:
            target.write(heights.astype("float32"), 1)
        return path

    return run


def mountains(high: int = 300, wide: int = 400, seed: int = 1) -> Any:
    """Hills, a lake, a cliff, and some noise."""
    noise = np.random.default_rng(seed).normal(0, 3, (high, wide))
    y, x = np.mgrid[0:high, 0:wide]
    hills = 600 + 400 * np.sin(x / 23) * np.cos(y / 31) + 100 * np.sin(x * y / 900)
    return np.where(x > 0.8 * wide, hills - 350, np.maximum(hills, 350)) + noise


def worst_seam(written: Written, *, zooms: set[int] | None = None) -> float:
    """Metres between two neighbors, at most."""
    found = 0.0
    places = set(written.places())
    for zoom, x, y in places:
        if zooms is not None and zoom not in zooms:
            continue
        own = written.tile(zoom, x, y)
        for other, mine, theirs in (((zoom, x + 1, y), 2, 0), ((zoom, x, y + 1), 3, 1)):
            if other in places:
                neighbor = written.tile(*other)
                here = own.positions[own.edges[mine]]
                there = neighbor.positions[neighbor.edges[theirs]]
                found = max(found, quantized_mesh.gap(here, there), quantized_mesh.gap(there, here))
    return found


def test_every_tile_is_valid_and_meets_its_neighbors(write: Write, raster: Any) -> None:
    written = write(raster(mountains()))
    places = written.places()
    assert written.tileset.metadata["tiles"] == len(places) == len(set(places)) > 100
    for place in places:
        tile = written.tile(*place)
        assert tile.normals is not None
    finest = max(zoom for zoom, _, _ in places)
    assert worst_seam(written, zooms=set(range(6, finest + 1))) < 0.05
    # Half a globe in 15 bits: what rounding of heights does there.
    assert worst_seam(written, zooms=set(range(6))) < 2.0


def test_level_0_has_both_roots_and_available_is_true(write: Write, raster: Any) -> None:
    written = write(raster(mountains(100, 100)))
    said = written.layer
    listed = {
        (zoom, x, y)
        for zoom, ranges in enumerate(said["available"])
        for part in ranges
        for x in range(part["startX"], part["endX"] + 1)
        for y in range(part["startY"], part["endY"] + 1)
    }
    assert listed == set(written.places())
    assert {(0, 0, 0), (0, 1, 0)} <= listed
    for zoom, x, y in listed - {(0, 0, 0), (0, 1, 0)}:
        assert (zoom - 1, x // 2, y // 2) in listed, "a tile without a parent is never asked for"
    assert (said["format"], said["scheme"], said["projection"]) == (
        "quantized-mesh-1.0",
        "tms",
        "EPSG:4326",
    )
    assert (said["minzoom"], said["maxzoom"]) == (0, len(said["available"]) - 1)
    assert said["tiles"] == ["{z}/{x}/{y}.terrain"]
    assert said["extensions"] == ["octvertexnormals"]
    assert said["bounds"] == pytest.approx([7.0, 59.9, 7.1, 60.0])


def test_the_mesh_is_nowhere_further_off_than_max_error(write: Write, raster: Any) -> None:
    heights = mountains(110, 120)
    path = raster(heights)
    for max_error in (2.0, 20.0):
        written = write(path, min_zoom=11, max_zoom=11, max_error=max_error, vertex_normals=False)
        off, triangles, posts = 0.0, 0, 0
        for place in written.places():
            tile = written.tile(*place)
            triangles += len(tile.triangles)
            at, found = on_posts(tile, 65)
            west, south, east, north = Tile(zoom=place[0], x=place[1], y=place[2]).bounds
            longitude = west + (east - west) * at[1] / 64
            latitude = south + (north - south) * at[0] / 64
            truth = between(heights, longitude, latitude)
            there = ~np.isnan(truth)
            posts += int(there.sum())
            off = max(off, float(np.abs(found - truth)[there].max(initial=0)) - tile.step)
        assert posts > 2_000
        # And the globe itself, on which the middle of the longest triangle is a little lower.
        assert 0.2 * max_error < off < max_error + 0.05
        assert triangles < 2 * posts
    assert write(path, min_zoom=11, max_zoom=11).layer["available"][:11] == [[]] * 11


def on_posts(tile: Any, size: int) -> tuple[Any, Any]:
    """Rows and columns of all posts of a tile, and the heights of its mesh there."""
    side = size - 1
    found = np.full((size, size), np.nan)
    u, v = tile.u * side / 32767, tile.v * side / 32767
    for a, b, c in tile.triangles:
        xs, ys = np.rint(u[[a, b, c]]), np.rint(v[[a, b, c]])
        x, y = np.meshgrid(np.arange(xs.min(), xs.max() + 1), np.arange(ys.min(), ys.max() + 1))
        area = (xs[1] - xs[0]) * (ys[2] - ys[0]) - (xs[2] - xs[0]) * (ys[1] - ys[0])
        one = ((xs[1] - x) * (ys[2] - y) - (xs[2] - x) * (ys[1] - y)) / area
        two = ((xs[2] - x) * (ys[0] - y) - (xs[0] - x) * (ys[2] - y)) / area
        inside = (one >= -1e-9) & (two >= -1e-9) & (one + two <= 1 + 1e-9)
        heights = one * tile.heights[a] + two * tile.heights[b]
        heights += (1 - one - two) * tile.heights[c]
        found[y[inside].astype(int), x[inside].astype(int)] = heights[inside]
    assert not np.isnan(found).any()
    return np.mgrid[0:size, 0:size], found


def between(heights: Any, longitude: Any, latitude: Any) -> Any:
    """Bilinear, of a raster at 7° E, 60° N in pixels of 0.001°; NaN beside the outermost."""
    column, row = (longitude - 7) / 0.001 - 0.5, (60 - latitude) / 0.001 - 0.5
    low_column, low_row = np.floor(column).astype(int), np.floor(row).astype(int)
    inside = (low_column >= 0) & (low_column < heights.shape[1] - 1)
    inside &= (low_row >= 0) & (low_row < heights.shape[0] - 1)
    low_column, low_row = np.where(inside, low_column, 0), np.where(inside, low_row, 0)
    east, south = column - low_column, row - low_row
    heights = heights.astype("float32").astype("float64")
    upper = heights[low_row, low_column] * (1 - east) + heights[low_row, low_column + 1] * east
    lower = heights[low_row + 1, low_column] * (1 - east)
    lower += heights[low_row + 1, low_column + 1] * east
    return np.where(inside, upper * (1 - south) + lower * south, np.nan)


def test_what_is_missing_has_the_height_that_was_asked_for(write: Write, raster: Any) -> None:
    heights = mountains(200, 200)
    heights[50:150, 50:150] = -9999
    written = write(raster(heights), nodata_height=-12.5, max_zoom=11)
    tile = written.tile(11, int((7.1 + 180) / 180 * 2**11), int((59.9 + 90) / 180 * 2**11))
    assert tile.lowest == -12.5
    far = written.tile(0, 0, 0)
    assert (far.lowest, far.highest) == (-12.5, -12.5)
    # It is a sphere all the same, and half of one has no horizon.
    assert len(far.triangles) > 50
    assert np.isfinite(far.horizon).all()
    lengths = np.linalg.norm(far.positions, axis=1)
    middles = np.linalg.norm(far.positions[far.triangles].mean(axis=1), axis=1)
    assert middles.min() > 0.98 * lengths.min(), "no triangle cuts through the globe"


def test_a_projected_raster_lies_where_its_crs_says(write: Write, raster: Any) -> None:
    import pyproj

    heights = np.zeros((400, 400))
    heights[200, 200] = 900
    path = raster(heights, west=500_000, north=6_640_000, pixel=50, crs="EPSG:32632")
    written = write(path, max_error=1, nodata_height=-50)
    to_lonlat = pyproj.Transformer.from_crs("EPSG:32632", "EPSG:4326", always_xy=True)
    longitude, latitude = to_lonlat.transform(500_000 + 200.5 * 50, 6_640_000 - 200.5 * 50)
    finest = written.layer["maxzoom"]
    side = 180 / 2**finest
    tile = written.tile(finest, int((longitude + 180) / side), int((latitude + 90) / side))
    assert tile.highest > 300, "the peak is between posts"
    peak = tile.positions[tile.heights.argmax()]
    place = quantized_mesh.ecef(np.array(longitude), np.array(latitude), np.array(tile.highest))
    assert np.linalg.norm(peak - place) < 60


def test_the_same_raster_twice_is_the_same_bytes(write: Write, raster: Any) -> None:
    path = raster(mountains(120, 120))
    one, two = write(path), write(path)
    assert [f.sha256 for f in one.tileset.files] == [f.sha256 for f in two.tileset.files]
    assert [f.media_type for f in one.tileset.files] == ["application/json", "application/zip"]


def test_without_normals_tiles_have_no_extension(write: Write, raster: Any) -> None:
    written = write(raster(mountains(60, 60)), vertex_normals=False, tile_size=33)
    assert written.layer["extensions"] == []
    assert all(written.tile(*place).normals is None for place in written.places())


def test_normals_are_those_of_the_slope(write: Write, raster: Any) -> None:
    y, _ = np.mgrid[0:200, 0:200]
    # North is up: it rises by 1 in 2 towards the north.
    rough = np.random.default_rng(5).normal(0, 0.5, y.shape)
    path = raster(2000 - y * 0.001 * 111_320 / 2 + rough, west=7.0, north=0.1)
    written = write(path, max_zoom=11, min_zoom=11, max_error=0.1)
    side = 180 / 2**11
    tile = written.tile(11, int(187.1 / side), int(90 / side))
    inner = np.flatnonzero((tile.u > 3000) & (tile.u < 29_000) & (tile.v > 3000))
    normal = tile.normals[inner].mean(axis=0)
    # At 7° E on the equator: up is nearly x, north is z.
    assert normal[2] / np.hypot(normal[0], normal[1]) == pytest.approx(-0.5, abs=0.02)


def test_tiles_of_257_posts_may_need_wide_numbers(write: Write, raster: Any) -> None:
    noise = np.random.default_rng(3).normal(0, 500, (600, 600))
    written = write(raster(noise), tile_size=257, max_error=0.01, min_zoom=9, max_zoom=9)
    counts = [len(written.tile(*place).u) for place in written.places()]
    assert max(counts) > 60_000


def test_too_many_tiles_are_refused_before_any_is_made(write: Write, raster: Any) -> None:
    with pytest.raises(SourceRefused, match=r"tiles down to level 22; at most 200000"):
        write(raster(mountains(300, 300)), max_zoom=22)


def test_a_full_disk_is_said_before_any_tile_is_made(write: Write, raster: Any) -> None:
    with pytest.raises(StorageFull, match="bytes are needed for a terrain mesh"):
        write(raster(mountains(100, 100)), min_free=2**60)


def test_across_the_date_line_no_mesh_is_made(write: Write, raster: Any) -> None:
    with pytest.raises(ParametersInvalid, match="180°"):
        write(raster(mountains(100, 100), west=600_000, north=0, pixel=5000, crs="EPSG:32660"))


def test_of_less_than_a_billionth_of_a_degree_no_mesh_is_made(write: Write, raster: Any) -> None:
    with pytest.raises(ParametersInvalid, match="lies on the globe cannot be said"):
        write(raster(mountains(3, 3), pixel=1e-10))


def test_a_stop_is_seen_between_tiles_and_leaves_no_scratch(raster: Any, tmp_path: Path) -> None:
    left = 30

    def checkpoint() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Stopped

    with pytest.raises(Stopped):
        write_tileset(
            raster(mountains()),
            tmp_path,
            TerrainParams(enabled=True),
            title="stopped",
            min_free=0,
            checkpoint=checkpoint,
            report=lambda _: None,
        )
    assert not (tmp_path / "posts.bin").exists()


def test_the_finest_level_has_posts_as_close_as_the_pixels() -> None:
    assert zoom_of(1 / 1200, 65) == 12
    assert zoom_of(180 / 64, 65) == 0
    assert zoom_of(90 / 64, 65) == 1
    assert zoom_of(1e-9, 65) == 22


_DECODE = """
const {readFileSync} = require('fs');
const decode = require(process.argv[1]).default || require(process.argv[1]);
const sum = array => array.reduce((a, b) => a + b, 0);
for (const path of readFileSync(0, 'utf8').split('\\n').filter(Boolean)) {
  const file = readFileSync(path);
  const tile = decode(file.buffer.slice(file.byteOffset, file.byteOffset + file.length));
  const n = tile.vertexData.length / 3;
  console.log(JSON.stringify([n, tile.triangleIndices.length / 3, tile.header.minHeight,
    tile.header.maxHeight, sum(tile.vertexData.subarray(0, n)),
    sum(tile.vertexData.subarray(n, 2 * n)), sum(tile.vertexData.subarray(2 * n)),
    tile.triangleIndices.reduce((a, b, i) => a + b * (i % 1000 + 1), 0),
    [tile.westIndices, tile.southIndices, tile.eastIndices, tile.northIndices].map(
      edge => Array.from(edge)), tile.extensions.vertexNormals.length]));
}
"""


def decoded_elsewhere(paths: list[Path]) -> list[Any]:
    """What an independent decoder finds in tiles."""
    if not DECODER.is_dir() or shutil.which("node") is None:
        pytest.skip("the decoder is not installed; `npm install --prefix .ci --no-package-lock`")
    done = subprocess.run(
        ["node", "-e", _DECODE, str(DECODER)],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_real_terrain_is_valid_to_two_readers(write: Write, data: Path, tmp_path: Path) -> None:
    written = write(data / "dem" / "srtm90_N00E010.tif")
    places = written.places()
    assert written.layer["maxzoom"] == 12
    paths = []
    for number, (zoom, x, y) in enumerate(places):
        path = tmp_path / f"{number}.terrain"
        path.write_bytes(written.contents[Tile(zoom=zoom, x=x, y=y).name])
        paths.append(path)
    for place, theirs in zip(places, decoded_elsewhere(paths), strict=True):
        ours = written.tile(*place)
        corners = ours.triangles.ravel()
        assert theirs == [
            len(ours.u),
            len(ours.triangles),
            ours.lowest,
            ours.highest,
            int(ours.u.sum()),
            int(ours.v.sum()),
            int(ours.quantized.sum()),
            int((corners * (np.arange(len(corners)) % 1000 + 1)).sum()),
            [edge.tolist() for edge in ours.edges],
            2 * len(ours.u),
        ], place
    # Measured: 0.02 m; the rest is for machines that round otherwise.
    assert worst_seam(written, zooms={11, 12}) < 0.04
