"""Previews: a small picture that shows what there is, the same for the same raster."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from osa.conventions import SourceInvalid
from osa.conventions.media_types import sniff
from osa.conventions.previews import preview

np = pytest.importorskip("numpy")
rasterio = pytest.importorskip("rasterio")

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A GeoTIFF of one band."""

    def run(values: Any, *, nodata: float | None = None, crs: str = "EPSG:32632") -> Path:
        path = tmp_path / "raster.tif"
        high, wide = values.shape
        pixel = 30 if crs != "EPSG:4326" else 0.0003
        transform = rasterio.transform.Affine(pixel, 0, 7, 0, -pixel, 60)
        profile = {"driver": "GTiff", "count": 1, "dtype": values.dtype, "nodata": nodata}
        with rasterio.open(
            path, "w", width=wide, height=high, crs=crs, transform=transform, **profile
        ) as target:
            target.write(values, 1)
        return path

    return run


def shades(path: Path) -> tuple[Any, Any]:
    """Gray and alpha of a PNG of gray with alpha, read by its specification."""
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(content):
        (size,) = struct.unpack_from(">I", content, at)
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", content, at + 8 + size) == (zlib.crc32(kind + body),)
        chunks[kind] = body
        at += 12 + size
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [8, 4, 0, 0, 0]
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), "u1").reshape(height, 1 + 2 * width)
    assert (lines[:, 0] == 1).all()
    pixels = lines[:, 1:].reshape(height, width, 2).cumsum(axis=1).astype("u1")
    return pixels[:, :, 0], pixels[:, :, 1]


def test_low_numbers_are_dark_and_high_ones_light(write: Write, tmp_path: Path) -> None:
    values = np.arange(10_000, dtype="float32").reshape(100, 100)
    file = preview(write(values), tmp_path / "p.png", kind="gray")
    assert (file.name, file.media_type, file.artifact) == ("preview.png", "image/png", True)
    assert sniff(file.path) == "image/png"
    gray, alpha = shades(file.path)
    assert (alpha == 255).all()
    assert (gray[0, 0], gray[-1, -1]) == (0, 255)
    assert (np.diff(gray.astype(int).ravel()) >= 0).all()


def test_a_few_odd_values_do_not_darken_the_rest(write: Write, tmp_path: Path) -> None:
    values = np.arange(10_000, dtype="float32").reshape(100, 100)
    values[3, 3] = 1e30
    gray, _ = shades(preview(write(values), tmp_path / "p.png", kind="gray").path)
    assert int(gray[50, 50]) == pytest.approx(128, abs=4)


@pytest.mark.parametrize("kind", ["gray", "hillshade"])
def test_what_is_missing_is_transparent(write: Write, tmp_path: Path, kind: Any) -> None:
    values = np.random.default_rng(1).normal(100, 9, (60, 60)).astype("float32")
    values[:20] = -9999
    values[20:30] = np.nan
    gray, alpha = shades(preview(write(values, nodata=-9999), tmp_path / "p.png", kind=kind).path)
    assert (alpha[:30] == 0).all()
    assert (alpha[30:] == 255).all()
    assert gray[30:].std() > 10


@pytest.mark.parametrize("kind", ["gray", "hillshade"])
@pytest.mark.parametrize("value", [0, -9999])
def test_one_value_alone_makes_a_picture_too(
    write: Write, tmp_path: Path, kind: Any, value: int
) -> None:
    values = np.full((1, 1), value, dtype="int16")
    gray, alpha = shades(preview(write(values, nodata=-9999), tmp_path / "p.png", kind=kind).path)
    assert gray.shape == (1, 1)
    assert bool(alpha[0, 0]) == (value == 0)


def test_slopes_towards_the_north_west_are_light(write: Write, tmp_path: Path) -> None:
    y, x = np.mgrid[0:200, 0:200]
    cone = (100 - np.hypot(y - 100, x - 100)).astype("float32")
    for crs in ("EPSG:32632", "EPSG:4326"):
        gray, _ = shades(preview(write(cone, crs=crs), tmp_path / "p.png", kind="hillshade").path)
        assert int(gray[50, 50]) - int(gray[150, 150]) > 60


def test_a_plain_is_exaggerated_until_it_shows(write: Write, tmp_path: Path) -> None:
    low = np.random.default_rng(2).normal(0, 0.1, (80, 80)).astype("float32")
    gray, _ = shades(preview(write(low), tmp_path / "p.png", kind="hillshade").path)
    assert gray.std() > 10


def test_large_rasters_are_shrunk_and_keep_their_form(write: Write, tmp_path: Path) -> None:
    values = np.tile(np.arange(3000, dtype="int32"), (1000, 1))
    gray, _ = shades(preview(write(values), tmp_path / "p.png", kind="gray").path)
    assert gray.shape == (256, 768)


def test_the_same_raster_makes_the_same_bytes(write: Write, tmp_path: Path) -> None:
    values = np.random.default_rng(3).normal(0, 50, (90, 70)).astype("float32")
    path = write(values)
    one, two = (preview(path, tmp_path / f"{n}.png", kind="hillshade") for n in range(2))
    assert one.sha256 == two.sha256


def test_a_raster_that_cannot_be_read_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "broken.tif"
    path.write_bytes(b"II*\0 and no more")
    with pytest.raises(SourceInvalid, match="cannot be read for its preview"):
        preview(path, tmp_path / "p.png", kind="gray")
