"""Real files become GeoTIFFs whose pixels are those of `gdal_translate`, or are refused for the
right reason. Where GDAL finds no georeferencing, ours is held against known positions."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from osa.conventions import Item, ParametersInvalid, SourceInvalid
from osa.conventions.nc_to_geotiff import nc_to_geotiff

np = pytest.importorskip("numpy")
netCDF4 = pytest.importorskip("netCDF4")
pyproj = pytest.importorskip("pyproj")
rasterio = pytest.importorskip("rasterio")
cogeo = pytest.importorskip("rio_cogeo.cogeo")

Convert = Callable[..., list[Item]]


@pytest.fixture
def convert(data: Path, context_of: Any, as_source: Any) -> Convert:
    """All items of a real file."""

    def run(name: str, **parameters: Any) -> list[Item]:
        source = as_source(data / "netcdf" / name)
        context = context_of(nc_to_geotiff, [source], **parameters)
        return [item for batch in nc_to_geotiff.ingest(context) for item in batch.items]

    return run


@pytest.fixture
def translated(data: Path, tmp_path: Path) -> Callable[..., Any]:
    """What `gdal_translate` makes of a variable, opened."""
    command = shutil.which("gdal_translate")
    if command is None:
        pytest.skip("gdal_translate is not installed (apt: gdal-bin)")

    def run(name: str, variable: str, *options: str) -> Any:
        target = tmp_path / "oracle.tif"
        source = f"NETCDF:{data / 'netcdf' / name}:{variable}"
        subprocess.run(
            [command, "-q", *options, source, str(target)], check=True, capture_output=True
        )
        return rasterio.open(target)

    return run


def pixels(item: Item) -> Any:
    with rasterio.open(item.files[0].path) as opened:
        return opened.read(1)


def transform(item: Item) -> tuple[float, ...]:
    return tuple(item.metadata["transform"])


def assert_same(ours: Any, theirs: Any, *, missing: float | None = None) -> None:
    """Equal pixel by pixel; where theirs is `missing`, ours is NaN."""
    if missing is not None:
        theirs = np.where(theirs == missing, np.float32("nan"), theirs)
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


def centre(item: Item, row: int, column: int) -> tuple[float, float]:
    """Longitude and latitude of the centre of a pixel, by the file alone."""
    with rasterio.open(item.files[0].path) as opened:
        x, y = opened.xy(row, column)
        crs = pyproj.CRS.from_wkt(opened.crs.to_wkt())
    to_lonlat = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    lon, lat = to_lonlat.transform(x, y)
    return float(lon), float(lat)


def test_every_file_is_a_valid_cog(convert: Convert) -> None:
    for name, parameters in (
        ("arome_metcoop_wind10m_lcc.nc", {"variable": "x_wind_10m", "time": 0}),
        ("metno_polar_stereographic_packed.nc", {"variable": "altitude", "time": 0}),
        ("gridmet_tmmx_20190121_packed_latlon.nc", {}),
        ("ukmo_tmean_1910_tm.nc", {"blocksize": 128}),
        ("spartacus_tas_lcc_12months.nc", {"time": 3}),
        ("co2_0_360_packed.nc", {"time": 2, "dst_crs": "EPSG:3413"}),
    ):
        (item,) = convert(name, **parameters)
        valid, errors, warnings = cogeo.cog_validate(str(item.files[0].path), strict=True)
        assert valid, (name, errors, warnings)


def test_lambert_wind_is_flipped_and_nothing_else(convert: Convert, translated: Any) -> None:
    items = convert("arome_metcoop_wind10m_lcc.nc", variable="x_wind_10m")
    assert [item.metadata["time"] for item in items] == [
        "2016-01-14T00:00:00Z",
        "2016-01-14T01:00:00Z",
        "2016-01-14T02:00:00Z",
    ]
    with translated("arome_metcoop_wind10m_lcc.nc", "x_wind_10m") as oracle:
        for band, item in enumerate(items, start=1):
            assert_same(pixels(item), oracle.read(band))
            # GDAL takes the step from the first two points, of float32: ours from first and last.
            assert transform(item) == pytest.approx(tuple(oracle.transform)[:6], abs=0.02)
    assert items[0].metadata["nodata"] == pytest.approx(9.969209968386869e36)
    assert items[0].metadata["crs"]["deviation_pixels"] < 0.01


def test_packed_numbers_on_a_polar_stereographic_grid(convert: Convert, translated: Any) -> None:
    name = "metno_polar_stereographic_packed.nc"
    raw = convert(name, variable="air_temperature", unpack=False)
    unpacked = convert(name, variable="air_temperature")
    with translated(name, "air_temperature") as oracle:
        for band, item in enumerate(raw, start=1):
            assert_same(pixels(item), oracle.read(band))
            assert transform(item) == pytest.approx(tuple(oracle.transform)[:6], abs=0.2)
        assert (raw[0].metadata["scale"], raw[0].metadata["nodata"]) == (
            float(np.float32(0.01)),
            oracle.nodata,
        )
        with rasterio.open(raw[0].files[0].path) as opened:
            assert (opened.scales, opened.offsets) == (oracle.scales[:1], (0.0,))
    with translated(name, "air_temperature", "-unscale", "-ot", "Float32") as oracle:
        for band, item in enumerate(unpacked, start=1):
            assert_same(pixels(item), oracle.read(band))


def test_the_sphere_of_a_weather_model_comes_from_its_proj4_attribute(
    convert: Convert, data: Path
) -> None:
    (item,) = convert("metno_polar_stereographic_packed.nc", variable="altitude", time=0)
    assert item.metadata["crs"]["deviation_pixels"] < 0.001
    with netCDF4.Dataset(data / "netcdf" / "metno_polar_stereographic_packed.nc") as file:
        lon, lat = file["longitude"][10, 3], file["latitude"][10, 3]
    assert centre(item, 0, 3) == pytest.approx((float(lon), float(lat)), abs=1e-4)


def test_a_further_dimension_has_to_be_chosen(convert: Convert, translated: Any) -> None:
    name, variable = (
        "metno_polar_stereographic_packed.nc",
        "cloud_area_fraction_in_atmosphere_layer",
    )
    with pytest.raises(ParametersInvalid, match=r"further dimensions: sigma \(4\)"):
        convert(name, variable=variable)
    (item,) = convert(name, variable=variable, dimensions={"sigma": 2}, time=1, unpack=False)
    with translated(name, variable) as oracle:
        assert_same(pixels(item), oracle.read(1 * 4 + 2 + 1))
    assert (
        "|cloud_area_fraction_in_atmosphere_layer[sigma=2]|2007-05-16T11:00:00Z|" in item.source_id
    )


def test_unsigned_packed_temperatures_with_a_wkt_in_a_variable_of_size_one(
    convert: Convert, translated: Any
) -> None:
    name = "gridmet_tmmx_20190121_packed_latlon.nc"
    (raw,) = convert(name, unpack=False)
    (unpacked,) = convert(name)
    with translated(name, "air_temperature") as oracle:
        assert_same(pixels(raw), oracle.read(1))
        assert raw.metadata["nodata"] == oracle.nodata == 32767
    with translated(name, "air_temperature", "-unscale", "-ot", "Float32") as oracle:
        assert_same(pixels(unpacked), oracle.read(1), missing=oracle.nodata)
    assert unpacked.metadata["nodata"] == "nan"
    assert unpacked.metadata["crs"]["code"] == "EPSG:4326"
    assert unpacked.metadata["time"] == "2019-01-21T00:00:00Z"
    # The attribute GeoTransform of this file gives the centre of the first pixel as its corner.
    assert transform(raw)[2] == pytest.approx(-124.7666666 - 0.0416666 / 2, abs=1e-5)


def test_a_transverse_mercator_grid_that_gdal_cannot_place(
    convert: Convert, data: Path, translated: Any
) -> None:
    (item,) = convert("ukmo_tmean_1910_tm.nc")
    with (
        pytest.warns(rasterio.errors.NotGeoreferencedWarning),
        translated("ukmo_tmean_1910_tm.nc", "tmean") as oracle,
    ):
        theirs = oracle.read(1)
    # Without coordinates GDAL cannot know which way is up; the file runs from north to south.
    ours = pixels(item)
    assert np.array_equal(ours, theirs) or np.array_equal(ours, theirs[::-1])
    with netCDF4.Dataset(data / "netcdf" / "ukmo_tmean_1910_tm.nc") as file:
        file.set_auto_mask(False)
        assert_same(ours, file["tmean"][0])
        lon, lat = float(file["lon"][100, 50]), float(file["lat"][100, 50])
    assert transform(item) == (5000.0, 0.0, -200000.0, 0.0, -5000.0, 1250000.0)
    assert centre(item, 100, 50) == pytest.approx((lon, lat), abs=1e-5)
    assert item.metadata["nodata"] == -9999


def test_twelve_months_in_double_precision(convert: Convert, translated: Any) -> None:
    name = "spartacus_tas_lcc_12months.nc"
    items = convert(name)
    assert len(items) == 12
    with translated(name, "tas") as oracle:
        for band, item in enumerate(items, start=1):
            assert_same(pixels(item), oracle.read(band))
            assert transform(item) == pytest.approx(tuple(oracle.transform)[:6])
        assert items[0].metadata["nodata"] == oracle.nodata == 1e20
    with rasterio.open(items[0].files[0].path) as opened:
        tags = opened.tags(1)
        assert opened.descriptions == ("Daily Mean Near-Surface Air Temperature",)
        assert opened.units == ("Celsius",)
        assert tags["standard_name"] == "air_temperature"
        assert tags["cell_methods"] == "time: mean"
        assert opened.tags()["TIFFTAG_DATETIME"] == "2010:01:16 12:00:00"


def test_longitudes_from_0_to_360_are_rolled_to_start_in_the_west(
    convert: Convert, translated: Any
) -> None:
    name = "co2_0_360_packed.nc"
    (item,) = convert(name, time=4)
    with translated(name, "tcco2", "-b", "5", "-unscale", "-ot", "Float32") as oracle:
        assert_same(pixels(item), np.roll(oracle.read(1), 160, axis=1))
        assert tuple(oracle.transform)[2] == -0.5625
    assert transform(item) == (1.125, 0.0, -180.5625, 0.0, -1.125, 90.5625)
    assert item.metadata["bbox"] == [-180.5625, -90.0, 179.4375, 90.0]
    assert item.metadata["crs"]["source"] == "assumed"


def test_warping_a_whole_turn_leaves_no_seam(convert: Convert) -> None:
    (item,) = convert(
        "co2_0_360_packed.nc", time=0, dst_crs="EPSG:3413", bounds=[-2e6, -2e6, 2e6, 2e6]
    )
    assert item.metadata["statistics"]["valid_fraction"] == 1.0
    (item,) = convert("co2_0_360_packed.nc", time=0, dst_crs="EPSG:3857", resampling="bilinear")
    assert item.metadata["statistics"]["valid_fraction"] == 1.0
    assert abs(item.metadata["bounds"][0] + 20037508.34) < 1


def test_a_swath_is_refused(convert: Convert) -> None:
    with pytest.raises(SourceInvalid, match="'M01' lies on a swath"):
        convert("acdd_l1c_swath.nc", variable="M01")


def test_a_rotated_pole_needs_another_crs(convert: Convert) -> None:
    with pytest.raises(ParametersInvalid, match="rotated pole") as caught:
        convert("hirham_rotated_pole_pr.nc")
    assert caught.value.hint is not None and "dst_crs" in caught.value.hint


def test_a_grid_mapping_that_contradicts_the_positions_in_the_file_is_refused(
    convert: Convert,
) -> None:
    """This file's pole is written wrongly: its latitudes and longitudes say 39.25 N 162 W."""
    with pytest.raises(SourceInvalid, match="disagree by 105 pixels"):
        convert("hirham_rotated_pole_pr.nc", dst_crs="EPSG:4326")


def test_a_rotated_pole_is_warped_to_where_its_positions_say(convert: Convert, data: Path) -> None:
    (item,) = convert(
        "hirham_rotated_pole_pr.nc",
        crs="+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=39.25 +lon_0=18 +ellps=WGS84",
        dst_crs="EPSG:4326",
        resolution=0.05,
        time=2,
    )
    with netCDF4.Dataset(data / "netcdf" / "hirham_rotated_pole_pr.nc") as file:
        lon, lat = file["lon"][:], file["lat"][:]
        field = file["pr"][2]
    with rasterio.open(item.files[0].path) as opened:
        assert opened.crs.to_epsg() == 4326
        for row, column in ((30, 40), (95, 87), (150, 120)):
            place = [(float(lon[row, column]), float(lat[row, column]))]
            (value,) = next(opened.sample(place))
            assert value == pytest.approx(float(field[row, column]))


def test_several_variables_are_named(convert: Convert) -> None:
    with pytest.raises(ParametersInvalid, match=r"Several variables fit: x_wind_10m, y_wind_10m"):
        convert("arome_metcoop_wind10m_lcc.nc")


def test_the_same_file_twice_is_the_same_bytes(convert: Convert) -> None:
    for parameters in ({}, {"format": "GTiff"}, {"dst_crs": "EPSG:3035", "resampling": "cubic"}):
        first, second = (
            convert("spartacus_tas_lcc_12months.nc", time=5, **parameters)[0] for _ in range(2)
        )
        assert first.files[0].path != second.files[0].path
        assert first.files[0].sha256 == second.files[0].sha256
        assert (first.source_id, first.metadata) == (second.source_id, second.metadata)
