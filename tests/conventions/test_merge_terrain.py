"""merge-terrain: what is taken where sources overlap, on which grid, from which files; the hostile
set; and the manners of a convention."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from osa.conventions import (
    Context,
    ConventionError,
    Item,
    Limits,
    ParametersInvalid,
    Progress,
    Source,
    SourceInvalid,
    SourceRefused,
    Stopped,
    StorageFull,
)
from osa.conventions.merge_terrain import MergeTerrainParams, merge_terrain, whole
from osa.conventions.testing import check_description

np = pytest.importorskip("numpy")
rasterio = pytest.importorskip("rasterio")
pytest.importorskip("pydelatin")

Affine = rasterio.transform.Affine
Make = Callable[..., Path]
Merge = Callable[..., Item]


@pytest.fixture
def dem(tmp_path: Path) -> Make:
    """A terrain model: `heights`, its upper left corner and the size of a pixel."""
    made = iter(range(1000))

    def run(
        heights: Any,
        *,
        left: float = 500_000,
        top: float = 6_600_000,
        pixel: float = 10,
        crs: Any = "EPSG:32632",
        nodata: float | None = -32768,
        dtype: str = "float32",
        after: Callable[[Any], None] = lambda _: None,
        **profile: Any,
    ) -> Path:
        values = np.asarray(heights, dtype=dtype)
        values = values if values.ndim == 3 else values[np.newaxis]
        path = tmp_path / f"dem-{next(made)}.tif"
        placed = {"transform": Affine(pixel, 0, left, 0, -pixel, top), **profile}
        profile = {name: value for name, value in placed.items() if value is not None}
        count, high, wide = values.shape
        options = {"driver": "GTiff", "count": count, "dtype": dtype, "nodata": nodata, **profile}
        if crs is not None:
            options["crs"] = crs
        with rasterio.open(path, "w", width=wide, height=high, **options) as target:
            target.write(values)
            after(target)
        return path

    return run


@pytest.fixture
def context(context_of: Any, as_source: Any) -> Callable[..., Context[Any]]:
    """A context for files or sources; without a preview."""

    def make(*what: Path | Source, **parameters: Any) -> Context[Any]:
        sources = [each if isinstance(each, Source) else as_source(each) for each in what]
        made: Context[Any] = context_of(merge_terrain, sources, **{"preview": False, **parameters})
        return made

    return make


@pytest.fixture
def merge(context: Any) -> Merge:
    """The item of a merge."""

    def run(*what: Path | Source, **parameters: Any) -> Item:
        (item,) = items_of(context(*what, **parameters))
        return item

    return run


def items_of(context: Context[Any]) -> list[Item]:
    return [item for batch in merge_terrain.ingest(context) for item in batch.items]


def pixels(item: Item) -> Any:
    with rasterio.open(item.files[0].path) as opened:
        return opened.read(1)


# --- what is taken ---------------------------------------------------------------------------


def test_where_sources_overlap_the_method_decides(dem: Make, merge: Merge) -> None:
    one = dem([[1, 5, -32768, 4]])
    two = dem([[3, -32768, 7, 2]])
    for method, expected in (
        ("first", [1, 5, 7, 4]),
        ("last", [3, 5, 7, 2]),
        ("min", [1, 5, 7, 2]),
        ("max", [3, 5, 7, 4]),
        ("mean", [2, 5, 7, 3]),
    ):
        assert pixels(merge(one, two, method=method)).tolist() == [expected], method


def test_what_no_source_has_is_missing(dem: Make, merge: Merge) -> None:
    item = merge(dem([[1, 2]]), dem([[3, -32768]], left=500_040, top=6_599_980))
    assert pixels(item).tolist() == [
        [1, 2, -9999, -9999, -9999, -9999],
        [-9999] * 6,
        [-9999, -9999, -9999, -9999, 3, -9999],
    ]
    assert item.metadata["statistics"] == {
        "minimum": 1.0,
        "maximum": 3.0,
        "mean": 2.0,
        "valid_fraction": 3 / 18,
    }


@pytest.mark.parametrize("nodata", [-3.4028234663852886e38, -32768, 0, None])
def test_each_source_has_its_own_nodata(dem: Make, merge: Merge, nodata: float | None) -> None:
    missing = -32768 if nodata is None else nodata
    one = dem([[11, missing, 13]], nodata=missing)
    two = dem([[21, 22, 23]], nodata=nodata)
    assert pixels(merge(one, two)).tolist() == [[11, 22, 13]]


def test_not_a_number_is_a_missing_height(dem: Make, merge: Merge) -> None:
    assert pixels(merge(dem([[np.nan, 2.0]], nodata=None))).tolist() == [[-9999, 2]]
    assert np.isnan(pixels(merge(dem([[-32768, 2.0]]), nodata="nan"))).tolist() == [[True, False]]


def test_scale_and_offset_are_applied(dem: Make, merge: Merge) -> None:
    def decimetres(target: Any) -> None:
        target.scales, target.offsets = (0.1,), (-100.0,)

    one = dem([[1000, 1015, -32768]], dtype="int16", after=decimetres)
    assert pixels(merge(one)).ravel().tolist() == pytest.approx([0, 1.5, -9999])


def test_integers_are_rounded_to_and_must_fit(dem: Make, merge: Merge) -> None:
    one = dem([[1.4, 1.6, -32768, 30_000]])
    item = merge(one, dtype="int16")
    assert (item.metadata["dtype"], pixels(item).tolist()) == ("int16", [[1, 2, -9999, 30_000]])
    with pytest.raises(ParametersInvalid, match="Heights between 1 and 30000 do not fit uint8"):
        merge(one, dtype="uint8", nodata=255)


def test_large_integers_stay_exact(dem: Make, merge: Merge) -> None:
    item = merge(dem([[16_777_217, 2]], dtype="int32"), dtype="int32")
    assert pixels(item).tolist() == [[16_777_217, 2]]


def test_a_height_that_would_be_taken_for_missing_is_an_error(dem: Make, merge: Merge) -> None:
    with pytest.raises(ParametersInvalid, match="heights of 0, the value that stands for missing"):
        merge(dem([[0, 1]]), nodata=0)


# --- on which grid ---------------------------------------------------------------------------


def test_the_finest_source_decides_the_resolution(dem: Make, merge: Merge) -> None:
    coarse, fine = dem(np.full((2, 2), 5), pixel=20), dem(np.full((2, 2), 3), pixel=10)
    item = merge(coarse, fine, method="last")
    assert item.metadata["resolution"] == [10, 10]
    expected = np.full((4, 4), 5)
    expected[:2, :2] = 3
    np.testing.assert_array_equal(pixels(item), expected)
    assert merge(coarse, fine, resolution=[20, 10]).metadata["shape"] == [4, 2]


def test_pixels_lie_on_whole_multiples_or_where_the_finest_source_has_them(
    dem: Make, merge: Merge
) -> None:
    one = dem(np.arange(12).reshape(3, 4), left=500_003, top=6_600_004)
    aligned = merge(one)
    assert aligned.metadata["bounds"] == [500_000, 6_599_970, 500_050, 6_600_010]
    kept = merge(one, target_aligned_pixels=False)
    assert kept.metadata["bounds"] == [500_003, 6_599_974, 500_043, 6_600_004]
    np.testing.assert_array_equal(pixels(kept), np.arange(12).reshape(3, 4))


def test_bounds_are_filled_and_cut(dem: Make, merge: Merge) -> None:
    one = dem(np.arange(12).reshape(3, 4))
    item = merge(one, bounds=[500_020, 6_599_980, 500_050, 6_600_000])
    assert pixels(item).tolist() == [[2, 3, -9999], [6, 7, -9999]]


def test_bounds_that_no_source_touches_are_refused(dem: Make, merge: Merge) -> None:
    with pytest.raises(ParametersInvalid, match="lie outside all sources, which cover"):
        merge(dem(np.ones((3, 3))), bounds=[0, 0, 100, 100])


def test_sources_in_different_crss_need_one_to_go_to(dem: Make, merge: Merge) -> None:
    one = dem(np.full((30, 30), 7))
    two = dem(np.full((30, 30), 7), crs="EPSG:32633", left=160_000, top=6_625_000)
    with pytest.raises(ParametersInvalid, match="The sources have different CRSs: dem-0") as no:
        merge(one, two)
    assert no.value.hint == "Give `dst_crs`."
    item = merge(one, two, dst_crs="EPSG:25832")
    values = pixels(item)
    assert set(np.unique(values)) == {-9999, 7}
    assert (values == 7).sum() == pytest.approx(1800, abs=150)


@pytest.mark.parametrize("crs", ["EPSG:5773", "EPSG:4979", "EPSG:4978"])
def test_the_result_has_a_horizontal_crs(dem: Make, merge: Merge, crs: str) -> None:
    with pytest.raises(ParametersInvalid, match="horizontal CRS"):
        merge(dem(np.ones((3, 3))), dst_crs=crs)


def test_a_source_that_is_turned_is_read_where_it_lies(dem: Make, merge: Merge) -> None:
    turned = Affine(8.66, 5, 500_000, 5, -8.66, 6_600_000)
    item = merge(dem(np.full((40, 40), 9), transform=turned))
    values = pixels(item)
    assert (values == 9).sum() == pytest.approx(1600, rel=0.1)
    assert item.metadata["shape"][0] > 50


def test_rows_may_go_north(dem: Make, merge: Merge) -> None:
    up = Affine(10, 0, 500_000, 0, 10, 6_599_980)
    item = merge(dem([[1, 2], [3, 4]], transform=up))
    assert pixels(item).tolist() == [[3, 4], [1, 2]]


def test_heights_from_different_zeros_are_not_mixed(dem: Make, merge: Merge) -> None:
    one, two = dem([[1]], crs="EPSG:32632+5773"), dem([[1]], crs="EPSG:32632+3855")
    assert merge(one, one).metadata["vertical_crs"] == "EGM96 height"
    with pytest.raises(SourceInvalid, match="differ in their vertical CRS: 'EGM96 height'"):
        merge(one, two)
    feet = dem([[1]], after=lambda target: target.set_band_unit(1, "ft"))
    metres = dem([[1]], after=lambda target: target.set_band_unit(1, "m"))
    with pytest.raises(SourceInvalid, match="differ in their unit of heights: 'ft'"):
        merge(feet, dem([[2]]), metres)


# --- from which files ------------------------------------------------------------------------


def hgt(heights: Any) -> bytes:
    return bytes(np.asarray(heights, dtype=">i2").tobytes())


def test_an_hgt_file_is_read_by_its_name_and_size(tmp_path: Path, merge: Merge) -> None:
    heights = np.arange(1201 * 1201).reshape(1201, 1201) % 3000
    path = tmp_path / "s03w079.SRTMGL3.hgt"
    path.write_bytes(hgt(heights))
    item = merge(path, target_aligned_pixels=False)
    np.testing.assert_array_equal(pixels(item), heights)
    assert item.metadata["bbox"] == pytest.approx([-79.000417, -3.000417, -77.999583, -1.999583])
    packed = tmp_path / "anything.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("readme.txt", "from far away")
        archive.write(path, "folder/S03W079.hgt")
    assert merge(packed, target_aligned_pixels=False).files[0].sha256 == item.files[0].sha256


def test_an_hgt_file_of_another_size_is_none(tmp_path: Path, merge: Merge) -> None:
    path = tmp_path / "N00E010.hgt"
    path.write_bytes(b"\0" * 1000)
    with pytest.raises(SourceInvalid, match=r"N00E010\.hgt has 1000 bytes; an SRTM tile has"):
        merge(path)


def test_an_hgt_file_must_say_where_it_is(tmp_path: Path, merge: Merge) -> None:
    packed = tmp_path / "tile.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("terrain.hgt", np.random.default_rng(1).bytes(1201 * 1201 * 2))
    with pytest.raises(SourceInvalid, match="does not say where it is"):
        merge(packed)


def test_other_files_of_a_record_are_passed_over(
    dem: Make, merge: Merge, as_source: Any, tmp_path: Path
) -> None:
    picture, layer = tmp_path / "preview.png", tmp_path / "layer.json"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    layer.write_text("{}")
    files = [
        as_source(path, type="record", record_id="r1") for path in (dem([[4]]), picture, layer)
    ]
    item = merge(*files)
    assert pixels(item).tolist() == [[4]]
    assert [each["record_id"] for each in item.metadata["sources"]] == ["r1"]
    assert item.source_id == merge(files[0]).source_id
    with pytest.raises(SourceInvalid, match="The record r1 has no terrain model"):
        merge(*files[1:])


def test_a_uri_is_fetched(dem: Make, merge: Merge, site: Any) -> None:
    uri = site.page("/a.tif", dem([[4, 5]]).read_bytes())
    item = merge(Source(type="uri", uri=uri))
    assert pixels(item).tolist() == [[4, 5]]
    assert item.metadata["sources"][0]["uri"] == uri


# --- the hostile set -------------------------------------------------------------------------

VRT = """<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand dataType="Byte" band="1">
<SimpleSource><SourceFilename relativeToVRT="0">/etc/passwd</SourceFilename></SimpleSource>
</VRTRasterBand></VRTDataset>"""


@pytest.mark.parametrize("name", ["dem.tif", "N00E010.vrt", "dem.hgt", "a.zip"])
def test_a_vrt_is_not_opened_whatever_its_name(tmp_path: Path, merge: Merge, name: str) -> None:
    path = tmp_path / name
    path.write_text(VRT)
    with pytest.raises(SourceInvalid, match="is no terrain model"):
        merge(path)


def test_a_vrt_in_a_zip_is_not_opened(tmp_path: Path, merge: Merge) -> None:
    path = tmp_path / "dem.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("dem.tif", VRT)
    with pytest.raises(SourceInvalid, match="is no terrain model"):
        merge(path)


def test_a_crs_that_names_a_file_is_refused(dem: Make, merge: Merge) -> None:
    wkt = (
        'PROJCS["a",GEOGCS["b",DATUM["c",SPHEROID["d",6378137,298.257223563]],PRIMEM["e",0],'
        'UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
        'PARAMETER["central_meridian",9],UNIT["metre",1],'
        'EXTENSION["PROJ4","+proj=utm +zone=32 +nadgrids=/etc/passwd +units=m"]]'
    )
    path = dem(np.ones((3, 3)), crs=rasterio.crs.CRS.from_wkt(wkt))
    with rasterio.open(path) as opened:
        said = opened.crs.to_wkt()
    if "nadgrids" in said:
        with pytest.raises(SourceRefused, match="names a file, which is not read"):
            merge(path)
    else:
        # A GeoTIFF of this GDAL does not keep it.
        assert merge(path).verdict == "record"


def test_many_bands_and_complex_numbers_are_no_heights(dem: Make, merge: Merge) -> None:
    with pytest.raises(SourceInvalid, match="has 3 bands; a terrain model has one"):
        merge(dem(np.ones((3, 2, 2))))
    with pytest.raises(SourceInvalid, match="holds complex64"):
        merge(dem(np.ones((2, 2)), dtype="complex64", nodata=None))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_what_does_not_say_where_it_is_is_refused(dem: Make, merge: Merge) -> None:
    with pytest.raises(SourceInvalid, match="does not say its CRS") as no:
        merge(dem([[1]], crs=None))
    assert "a_srs" in (no.value.hint or "")
    with pytest.raises(SourceInvalid, match="has no georeferencing"):
        merge(dem([[1]], transform=None))
    with pytest.raises(SourceInvalid, match="neither geographic nor projected"):
        merge(dem([[1]], crs='LOCAL_CS["site",UNIT["metre",1]]'))


@pytest.mark.parametrize(
    ("corner", "pixel"), [(1e20, 10), (6e6, 1e-12), (6e6, 1e308), (1e300, 1e-10), (0, 1e-150)]
)
def test_a_geotransform_that_float64_cannot_count_in_is_refused(
    dem: Make, merge: Merge, corner: float, pixel: float
) -> None:
    with pytest.raises(SourceInvalid, match="has no georeferencing that can be used"):
        merge(dem([[1, 2]], left=corner, top=corner, pixel=pixel))


def test_latitudes_end_at_the_poles(dem: Make, merge: Merge) -> None:
    place = {"left": 10, "pixel": 0.5}
    with pytest.raises(SourceInvalid, match=r"up to 120; are x and y swapped\?"):
        merge(dem([[1, 2]], top=120, crs="EPSG:4326", **place))
    # A row of posts at the pole; and a right angle is 100 grads.
    assert pixels(merge(dem([[1, 2]], top=90.25, crs="EPSG:4326", **place))).max() == 2
    assert pixels(merge(dem([[1, 2]], top=95, crs="EPSG:4807", **place))).max() == 2


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_the_largest_integers_are_no_heights(dem: Make, merge: Merge, dtype: str) -> None:
    values = np.array([[7, np.iinfo(dtype).max]], dtype=dtype)
    with pytest.raises(SourceInvalid, match=f"has {dtype} numbers beyond 1e\\+15"):
        merge(dem(values, dtype=dtype, nodata=None))
    assert pixels(merge(dem([[7, 0]], dtype=dtype, nodata=0))).tolist() == [[7, -9999]]


@pytest.mark.parametrize(("scale", "offset"), [(np.nan, 0), (1, np.inf), (1e308, 0)])
def test_a_scale_that_gives_no_heights_is_refused(
    dem: Make, merge: Merge, scale: float, offset: float
) -> None:
    def scaled(target: Any) -> None:
        target.scales, target.offsets = (scale,), (offset,)

    with pytest.raises(SourceInvalid, match="no height can follow"):
        merge(dem([[1, 2]], after=scaled))


def test_a_mask_of_its_own_is_not_ignored(dem: Make, merge: Merge) -> None:
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        path = dem(
            [[1, 2]],
            nodata=None,
            after=lambda target: target.write_mask(np.array([[255, 0]], "u1")),
        )
    with pytest.raises(SourceInvalid, match="by a mask of its own"):
        merge(path)


def test_two_hundred_kilobytes_that_are_a_terabyte_are_refused(
    tmp_path: Path, context: Any
) -> None:
    path = tmp_path / "huge.tif"
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "nodata": -9999, "tiled": True}
    transform = Affine(1, 0, 0, 0, -1, 9_000_000)
    with rasterio.open(
        path,
        "w",
        width=520_000,
        height=520_000,
        crs="EPSG:32632",
        transform=transform,
        blockxsize=4096,
        blockysize=4096,
        SPARSE_OK=True,
        compress="DEFLATE",
        BIGTIFF="YES",
        **profile,
    ):
        pass
    assert path.stat().st_size < 1_000_000
    for parameters, said in (
        ({}, "270400000000 pixels of huge.tif .* would be read; at most 2147483648"),
        ({"resolution": 10_000}, "would be read; at most"),
    ):
        asked = context(path, **parameters)
        with pytest.raises(SourceRefused, match=said):
            items_of(asked)
        assert list(asked.workdir.iterdir()) == []
    # A corner of it is as good as any.
    (item,) = items_of(context(path, bounds=[0, 8_999_000, 1000, 9_000_000]))
    assert item.metadata["statistics"]["valid_fraction"] == 0


def test_a_block_that_is_decoded_as_a_whole_may_not_be_enormous(
    dem: Make, merge: Merge, tmp_path: Path
) -> None:
    path = dem(np.ones((16, 16)))
    content = bytearray(path.read_bytes())
    # One strip of a hundred thousand rows of a hundred thousand pixels.
    (directory,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, directory)
    for number in range(count):
        at = directory + 2 + 12 * number
        tag, _ = struct.unpack_from("<HH", content, at)
        if tag in (256, 257, 278):
            struct.pack_into("<HHII", content, at, tag, 4, 1, 100_000)
    path.write_bytes(content)
    with pytest.raises((SourceRefused, SourceInvalid)) as no:
        merge(path)
    assert "dem-0.tif" in no.value.detail


def test_what_was_cut_off_is_named(dem: Make, merge: Merge, context: Any) -> None:
    good = dem(np.random.default_rng(1).normal(0, 9, (300, 300)))
    cut = good.with_name("cut.tif")
    cut.write_bytes(good.read_bytes()[:200_000])
    asked = context(good.rename(good.with_name("good.tif")), cut, method="last")
    with pytest.raises(SourceInvalid, match=r"cut\.tif cannot be read") as no:
        items_of(asked)
    assert str(cut.parent) not in no.value.detail, "no path of the service is told"
    assert [path.name for path in asked.workdir.iterdir()] == []
    nothing = good.with_name("nothing.tif")
    nothing.write_bytes(b"II*\0\x08\0\0\0")
    with pytest.raises(SourceInvalid, match=r"nothing\.tif cannot be read"):
        merge(nothing)
    noise = good.with_name("noise.tif")
    noise.write_bytes(np.random.default_rng(1).bytes(5000))
    with pytest.raises(SourceInvalid, match=r"noise\.tif is no terrain model"):
        merge(noise)


def test_a_full_disk_is_said_before_anything_is_written(
    dem: Make, context_of: Any, as_source: Any
) -> None:
    context = context_of(
        merge_terrain, [as_source(dem(np.ones((9, 9))))], limits=Limits(min_free_bytes=2**60)
    )
    with pytest.raises(StorageFull, match="must stay free"):
        items_of(context)


@pytest.mark.parametrize("count", [0, 501])
def test_one_to_five_hundred_sources(merge: Merge, count: int) -> None:
    sources = [Source(type="uri", uri=f"https://example.org/{n}.tif") for n in range(count)]
    with pytest.raises(ParametersInvalid, match=f"1 to 500 sources; {count} were given"):
        merge(*sources)


# --- manners ---------------------------------------------------------------------------------


def test_five_hundred_sources_are_merged(dem: Make, context: Any, as_source: Any) -> None:
    small = [as_source(dem(np.full((4, 4), n), left=500_000 + 40 * n)) for n in range(500)]
    (item,) = items_of(context(*small))
    np.testing.assert_array_equal(
        pixels(item), np.repeat(np.arange(500), 4)[np.newaxis].repeat(4, 0)
    )
    assert len(item.metadata["sources"]) == 500


def test_a_record_says_what_its_raster_is(dem: Make, merge: Merge) -> None:
    item = merge(dem(np.ones((3, 3))), dem(np.ones((3, 3))), preview=True)
    assert item.title == "Terrain of dem-0.tif and 1 more"
    assert [(file.name, file.media_type) for file in item.files] == [
        ("terrain.tif", "image/tiff; application=geotiff; profile=cloud-optimized"),
        ("preview.png", "image/png"),
    ]
    assert item.metadata["crs"]["code"] == "EPSG:32632"
    assert item.metadata["nodata"] == -9999
    assert [each["filename"] for each in item.metadata["sources"]] == ["dem-0.tif", "dem-1.tif"]
    json.dumps(item.metadata, allow_nan=False)


def test_the_same_sources_are_the_same_record_and_bytes(dem: Make, merge: Merge) -> None:
    one, two = dem(np.arange(9).reshape(3, 3)), dem(np.ones((3, 3)), left=500_020)
    first, again = merge(one, two), merge(one, two)
    assert first.source_id.startswith("merge:")
    assert (first.source_id, first.metadata) == (again.source_id, again.metadata)
    assert first.files[0].sha256 == again.files[0].sha256
    ids = {
        first.source_id,
        merge(two, one).source_id,
        merge(one).source_id,
        merge(one, two, method="max").source_id,
        merge(one, two, terrain={"max_zoom": 3}).source_id,
    }
    assert len(ids) == 5
    assert merge(one, two, preview=True, max_pixels=1000).source_id == first.source_id


def test_it_is_not_done_again_after_its_cursor_nor_when_it_is_not_wanted(
    dem: Make, context: Any
) -> None:
    from osa.conventions.wanted import Wanted

    asked = context(dem(np.ones((3, 3))))
    (batch,) = list(merge_terrain.ingest(asked))
    assert batch.cursor == {"done": True}
    resumed = context(dem(np.ones((3, 3))))
    resumed.cursor = batch.cursor
    assert items_of(resumed) == []
    other = context(Source(type="uri", uri="https://never.asked.example/a.tif"))
    other.wanted = Wanted.of(["something else"])
    assert items_of(other) == []


def test_a_stop_is_seen_between_windows_and_leaves_no_half_files(dem: Make, context: Any) -> None:
    for phase in ("reading sources", "merging", "sampling", "meshing"):
        asked = context(
            dem(np.random.default_rng(1).normal(0, 50, (300, 300))),
            blocksize=128,
            terrain={"enabled": True},
        )
        phases: list[str | None] = []

        def stop(
            progress: Progress,
            *,
            phase: str = phase,
            event: threading.Event = asked.stop,
            phases: list[str | None] = phases,
        ) -> None:
            phases.append(progress.phase)
            if progress.phase == phase:
                event.set()

        asked.on_progress = stop
        try:
            assert items_of(asked) == []
        except Stopped:
            asked.stopped_early = True
        assert asked.stopped_early
        assert phases[-1] == phase
        left = {path.name for path in asked.workdir.iterdir()}
        assert not {name for name in left if "tiled" in name or "part" in name or "bin" in name}


def test_progress_is_counted(dem: Make, context: Any) -> None:
    asked = context(dem(np.ones((300, 200))), dem(np.ones((9, 9))), blocksize=128)
    seen: list[Progress] = []
    asked.on_progress = seen.append
    items_of(asked)
    merging = [each for each in seen if each.phase == "merging"]
    assert [each.completed for each in merging] == [25_600, 51_200, 60_000]
    assert {each.total for each in merging} == {60_000}
    assert [each.message for each in seen[:2]] == ["dem-0.tif", "dem-1.tif"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"bounds": [1, 1, 0, 2]},
        {"bounds": [-1e308, -1e308, 1e308, 1e308]},
        {"resolution": 0},
        {"resolution": 1e-308},
        {"resolution": [10, 1e308]},
        {"warp_error_threshold": 0},
        {"nodata": "nan", "dtype": "int16"},
        {"nodata": -9999, "dtype": "uint16"},
        {"nodata": 0.5, "dtype": "int32"},
        {"nodata": 1e39},
        {"terrain": {"enabled": True, "min_zoom": 5, "max_zoom": 4}},
        {"terrain": {"tile_size": 64}},
        {"method": "median"},
        {"unknown": 1},
    ],
)
def test_parameters_outside_the_schema_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        merge_terrain.parse(parameters)


@pytest.mark.parametrize("crs", ["/etc/passwd", "+proj=utm +nadgrids=/etc/passwd", "a.vrt", "x"])
def test_a_string_of_a_caller_never_reaches_gdal(dem: Make, merge: Merge, crs: str) -> None:
    with pytest.raises(ConventionError, match="`dst_crs`"):
        merge(dem([[1]]), dst_crs=crs)


def test_it_is_described() -> None:
    check_description(merge_terrain)
    assert (
        MergeTerrainParams().output_digest()
        == MergeTerrainParams(preview=False, max_pixels=10).output_digest()
    )


def test_the_digest_of_parameters_is_that_of_the_archives() -> None:
    assert MergeTerrainParams().output_digest() == "44136fa355b3678a"
    chosen = MergeTerrainParams(method="mean", nodata="nan", preview=False)
    assert chosen.output_digest() == "393b11ee162037af"
    meshed = MergeTerrainParams.model_validate({"terrain": {"enabled": True}})
    assert meshed.output_digest() == "1a5cabc3aa8d02c5"


def test_the_identity_of_a_merge_is_that_of_the_archives() -> None:
    names = ["https://a.example/é.tif", "record:rec_1"]
    params = MergeTerrainParams(method="mean")
    assert whole.source_id_of(names, params, prefix="merge") == (
        "merge:46293579e799930d8879a45228b48df3|370f7a493f9ad52b"
    )


def test_listing_the_convention_loads_no_heavy_library() -> None:
    code = (
        "import sys; from osa.conventions.merge_terrain import merge_terrain as m;"
        "m.parameters_schema(); m.missing_extra;"
        "print([n for n in ('numpy', 'rasterio', 'pyproj', 'pydelatin') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
