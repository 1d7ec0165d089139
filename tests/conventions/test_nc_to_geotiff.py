"""NetCDF to GeoTIFF: every rule of the CF conventions on a small grid, the hostile set, and the
manners of a convention (resume, stop, say what is wrong)."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from osa.conventions import (
    Batch,
    Context,
    ConventionError,
    Item,
    Limits,
    ParametersInvalid,
    Progress,
    SourceInvalid,
    SourceRefused,
    StorageFull,
)
from osa.conventions.nc_to_geotiff import GeoTiffParams, conversion, nc_to_geotiff
from osa.conventions.wanted import Wanted

np = pytest.importorskip("numpy")
netCDF4 = pytest.importorskip("netCDF4")
pyproj = pytest.importorskip("pyproj")
rasterio = pytest.importorskip("rasterio")
h5py = pytest.importorskip("h5py")
cogeo = pytest.importorskip("rio_cogeo.cogeo")

TRANSVERSE = {
    "grid_mapping_name": "transverse_mercator",
    "latitude_of_projection_origin": 0.0,
    "longitude_of_central_meridian": 15.0,
    "scale_factor_at_central_meridian": 0.9996,
    "false_easting": 500000.0,
    "false_northing": 0.0,
}
UTM = {**TRANSVERSE, "semi_major_axis": 6378137.0, "inverse_flattening": 298.257223563}
ROTATED = {
    "grid_mapping_name": "rotated_latitude_longitude",
    "grid_north_pole_latitude": 39.25,
    "grid_north_pole_longitude": -162.0,
}


class Grid:
    """A NetCDF file in the making: change what a test is about, then `write`."""

    def __init__(self) -> None:
        self.dims: dict[str, int | None] = {"y": 3, "x": 4}
        self.field_dims: tuple[str, ...] = ("y", "x")
        self.x: Any = [400000.0, 401000.0, 402000.0, 403000.0]
        self.y: Any = [7002000.0, 7001000.0, 7000000.0]
        self.x_attributes: dict[str, Any] = {
            "standard_name": "projection_x_coordinate",
            "units": "m",
        }
        self.y_attributes: dict[str, Any] = {
            "standard_name": "projection_y_coordinate",
            "units": "m",
        }
        self.axis_type = "f8"
        self.field: Any = np.arange(12, dtype="f4").reshape(3, 4)
        self.fill: Any = None
        self.attributes: dict[str, Any] = {"grid_mapping": "crs"}
        self.mapping: dict[str, Any] | None = dict(UTM)
        self.mapping_type: tuple[str, tuple[str, ...]] = ("i4", ())
        self.more: Callable[[Any], None] = lambda _: None
        self.format = "NETCDF4"
        self.options: dict[str, Any] = {}

    def lonlat(self, lon: Any, lat: Any, field: Any = None) -> Grid:
        """Make it a grid of longitudes and latitudes without a grid mapping."""
        self.x, self.y = lon, lat
        self.dims = {"y": len(lat), "x": len(lon)}
        self.x_attributes = {"units": "degrees_east"}
        self.y_attributes = {"units": "degrees_north"}
        self.mapping, self.attributes = None, {}
        size = len(lat) * len(lon)
        self.field = np.arange(size, dtype="f4").reshape(len(lat), -1) if field is None else field
        return self

    def write(self, path: Path) -> Path:
        with netCDF4.Dataset(path, "w", format=self.format) as file:
            for name, size in self.dims.items():
                file.createDimension(name, size)
            for name, values, own in (
                ("x", self.x, self.x_attributes),
                ("y", self.y, self.y_attributes),
            ):
                if values is not None:
                    axis = file.createVariable(name, self.axis_type, (name,))
                    axis.setncatts(own)
                    axis[:] = values
            if self.mapping is not None:
                kind, dims = self.mapping_type
                file.createVariable("crs", kind, dims).setncatts(self.mapping)
            field = file.createVariable(
                "field", self.field.dtype, self.field_dims, fill_value=self.fill, **self.options
            )
            field.set_auto_maskandscale(False)
            field.setncatts(self.attributes)
            field[...] = self.field
            self.more(file)
        return path


@pytest.fixture
def grid() -> Grid:
    return Grid()


@pytest.fixture
def context(tmp_path: Path, context_of: Any, as_source: Any) -> Callable[..., Context[Any]]:
    """A context for a grid or a file."""
    written = iter(range(1000))

    def make(what: Grid | Path, **parameters: Any) -> Context[Any]:
        path = what if isinstance(what, Path) else what.write(tmp_path / f"{next(written)}.nc")
        made: Context[Any] = context_of(nc_to_geotiff, [as_source(path)], **parameters)
        return made

    return make


@pytest.fixture
def convert(context: Any) -> Callable[..., list[Item]]:
    def run(what: Grid | Path, **parameters: Any) -> list[Item]:
        return items_of(context(what, **parameters))

    return run


def items_of(context: Context[Any]) -> list[Item]:
    return [item for batch in nc_to_geotiff.ingest(context) for item in batch.items]


def pixels(item: Item) -> Any:
    with rasterio.open(item.files[0].path) as opened:
        return opened.read(1)


def files_in(context: Context[Any]) -> list[str]:
    return sorted(path.name for path in context.workdir.iterdir())


# --- axes ------------------------------------------------------------------------------------


def test_axes_are_found_by_axis_then_standard_name_then_units_then_name(
    grid: Grid, convert: Any
) -> None:
    expected = (1000.0, 0.0, 399500.0, 0.0, -1000.0, 7002500.0)
    for x_own, y_own in (
        ({"axis": "X", "units": "m"}, {"axis": "Y", "units": "m"}),
        (grid.x_attributes, grid.y_attributes),
        ({"units": "m"}, {"units": "m"}),
        ({}, {}),
    ):
        grid.x_attributes, grid.y_attributes = x_own, y_own
        (item,) = convert(grid)
        assert tuple(item.metadata["transform"]) == expected
    # `axis` wins over a name that says the opposite.
    grid.x_attributes, grid.y_attributes = ({"axis": "Y"}, {"axis": "X"})
    grid.x, grid.y = [7e6, 7.001e6, 7.002e6, 7.003e6], [4e5, 4.01e5, 4.02e5]
    (item,) = convert(grid)
    np.testing.assert_array_equal(pixels(item), grid.field.T[::-1])


def test_x_before_y_is_transposed(grid: Grid, convert: Any) -> None:
    grid.field_dims, grid.field = ("x", "y"), np.ascontiguousarray(grid.field.T)
    (item,) = convert(grid)
    np.testing.assert_array_equal(pixels(item), np.arange(12).reshape(3, 4))


def test_two_dimensions_that_both_look_like_x_are_refused(grid: Grid, convert: Any) -> None:
    grid.y_attributes = dict(grid.x_attributes)
    with pytest.raises(SourceInvalid, match="'y' and 'x' both look like x"):
        convert(grid)


def test_one_dimensional_coordinates_with_other_names_are_found(grid: Grid, convert: Any) -> None:
    x, y = grid.x, grid.y
    grid.x = grid.y = None
    grid.attributes["coordinates"] = "east north"

    def more(file: Any) -> None:
        for name, dim, values in (("east", "x", x), ("north", "y", y)):
            axis = file.createVariable(name, "f8", (dim,))
            axis.standard_name = f"projection_{dim}_coordinate"
            axis.units = "m"
            axis[:] = values

    grid.more = more
    (item,) = convert(grid)
    assert item.metadata["bounds"] == [399500.0, 6999500.0, 403500.0, 7002500.0]


def test_variables_inside_groups_are_named_by_their_path(grid: Grid, convert: Any) -> None:
    def more(file: Any) -> None:
        inner = file.createGroup("model").createVariable("wind", "f4", ("y", "x"))
        inner.grid_mapping = "crs"
        inner[:] = grid.field + 100

    grid.more = more
    with pytest.raises(ParametersInvalid, match="Several variables fit: field, model/wind"):
        convert(grid)
    (item,) = convert(grid, variable="model/wind")
    assert pixels(item)[0, 0] == 100
    with pytest.raises(ParametersInvalid, match=r"no variable 'win'. There are: field, model/wind"):
        convert(grid, variable="win")


def test_a_field_without_coordinates_is_refused_with_what_to_add(grid: Grid, convert: Any) -> None:
    grid.x = None
    with pytest.raises(SourceInvalid, match="no x and y axis") as caught:
        convert(grid)
    assert caught.value.hint is not None and "standard_name" in caught.value.hint


# --- the grid --------------------------------------------------------------------------------


def test_ascending_y_and_descending_x_are_turned(grid: Grid, convert: Any) -> None:
    upright = pixels(convert(grid)[0])
    grid.y, grid.field = grid.y[::-1], grid.field[::-1]
    grid.x, grid.field = grid.x[::-1], grid.field[:, ::-1]
    (item,) = convert(grid)
    np.testing.assert_array_equal(pixels(item), upright)
    assert item.metadata["transform"] == [1000.0, 0.0, 399500.0, 0.0, -1000.0, 7002500.0]


def test_kilometres_become_metres(grid: Grid, convert: Any) -> None:
    grid.x, grid.y = [v / 1000 for v in grid.x], [v / 1000 for v in grid.y]
    grid.x_attributes["units"] = grid.y_attributes["units"] = "km"
    (item,) = convert(grid)
    assert item.metadata["bounds"] == pytest.approx([399500.0, 6999500.0, 403500.0, 7002500.0])
    grid.x_attributes["units"] = "parsec"
    grid.y_attributes["units"] = "parsec"
    with pytest.raises(SourceInvalid, match="unit 'parsec', which is not a length"):
        convert(grid)


def test_angles_of_a_geostationary_satellite_become_metres(grid: Grid, convert: Any) -> None:
    grid.mapping = {
        "grid_mapping_name": "geostationary",
        "perspective_point_height": 35_786_023.0,
        "longitude_of_projection_origin": 0.0,
        "sweep_angle_axis": "y",
        "semi_major_axis": 6378137.0,
        "inverse_flattening": 298.257223563,
    }
    for own, name in ((grid.x_attributes, "x"), (grid.y_attributes, "y")):
        own.update(standard_name=f"projection_{name}_angular_coordinate", units="radian")
    grid.x, grid.y = [0.0, 0.001, 0.002, 0.003], [0.1, 0.099, 0.098]
    (item,) = convert(grid)
    assert item.metadata["resolution"] == pytest.approx([35_786.023, 35_786.023])
    (item,) = convert(grid, dst_crs="EPSG:4326")
    west, south, east, north = item.metadata["bbox"]
    assert -2 < west < east < 4 and 30 < south < north < 40


def test_steps_may_be_off_by_a_hundredth_of_a_pixel_and_no_more(grid: Grid, convert: Any) -> None:
    grid.x = [400000.0, 401009.0, 402000.0, 403000.0]
    assert convert(grid)[0].metadata["resolution"] == [1000.0, 1000.0]
    grid.x = [400000.0, 401030.0, 402000.0, 403000.0]
    with pytest.raises(SourceInvalid, match=r"'x' is uneven: its point 1 is 0.03 pixels"):
        convert(grid)


def test_the_step_comes_from_first_and_last(grid: Grid, convert: Any) -> None:
    lon = np.linspace(5, 25, 2001).astype("f4")
    grid.axis_type = "f4"
    (item,) = convert(grid.lonlat(lon, [60.0, 59.99, 59.98]))
    assert item.metadata["resolution"][0] == pytest.approx(0.01, abs=1e-9)


@pytest.mark.parametrize(
    ("lon", "start", "first"),
    [
        (np.arange(0, 360, 45.0), -202.5, 4),
        (np.arange(22.5, 360, 45.0), -180.0, 4),
        (np.arange(-180, 180, 45.0), -202.5, 0),
        (np.arange(-157.5, 200, 45.0), -180.0, 0),
        (np.array([0, 45, 90, 135, -180, -135, -90, -45.0]), -202.5, 4),
        (np.arange(0, 361, 45.0), -202.5, 4),
        (np.arange(0, 360, 45.0)[::-1], -202.5, 3),
    ],
    ids=["corner", "centre", "west", "shifted", "wrapped", "closed", "descending"],
)
def test_a_full_circle_starts_at_180_west(
    grid: Grid, convert: Any, lon: Any, start: float, first: int
) -> None:
    (item,) = convert(grid.lonlat(lon, [10.0, 0.0]))
    found = pixels(item)
    assert item.metadata["transform"][2] == start
    assert found.shape == (2, 8)
    assert found[0, 0] == first
    west = item.metadata["bounds"][0] + 22.5
    for column in range(8):
        (source,) = np.flatnonzero(np.isclose((lon[:8] - west - 45 * column) % 360 % 360, 0))
        assert found[0, column] == source


@pytest.mark.parametrize(
    ("lon", "west"),
    [([190.0, 191.0, 192.0], -170.5), ([179.0, 180.0, 181.0], 178.5), ([-190.0, -189.0], 169.5)],
)
def test_a_part_of_the_circle_is_moved_by_whole_turns(
    grid: Grid, convert: Any, lon: Any, west: float
) -> None:
    (item,) = convert(grid.lonlat(lon, [10.0, 9.0]))
    assert item.metadata["transform"][2] == west
    np.testing.assert_array_equal(pixels(item), grid.field)


def test_a_grid_across_the_date_line_is_warped_whole(grid: Grid, convert: Any) -> None:
    grid.lonlat(np.arange(175.0, 186.0), np.arange(5.0, -6.0, -1.0))
    (item,) = convert(grid, dst_crs="EPSG:3832", resampling="nearest")
    assert item.metadata["statistics"]["valid_fraction"] > 0.97
    assert item.metadata["statistics"]["maximum"] == 120.0


def test_cells_may_pass_the_poles_and_points_may_not(grid: Grid, convert: Any) -> None:
    (item,) = convert(grid.lonlat([0.0, 1.0, 2.0], [90.0, 89.0, 88.0]))
    assert item.metadata["bounds"][3] == 90.5
    assert item.metadata["bbox"][3] == 90.0
    with pytest.raises(SourceInvalid, match="latitudes up to 91 degrees"):
        convert(grid.lonlat([0.0, 1.0, 2.0], [91.0, 90.0, 89.0]))


def test_a_single_column_has_no_pixel_size(grid: Grid, convert: Any) -> None:
    with pytest.raises(SourceInvalid, match=r"'x' has 1 point"):
        convert(grid.lonlat([5.0], [10.0, 9.0]))


# --- CRS -------------------------------------------------------------------------------------


def test_the_crs_of_the_parameter_wins(grid: Grid, convert: Any) -> None:
    (item,) = convert(grid, crs="EPSG:32632")
    assert item.metadata["crs"]["code"] == "EPSG:32632"
    assert item.metadata["crs"]["source"] == "parameter"
    with rasterio.open(item.files[0].path) as opened:
        assert opened.crs.to_epsg() == 32632


def test_wkt_in_the_grid_mapping_wins_over_its_numbers(grid: Grid, convert: Any) -> None:
    for name in ("crs_wkt", "spatial_ref"):
        grid.mapping = {**UTM, name: rasterio.crs.CRS.from_epsg(32634).to_wkt()}
        (item,) = convert(grid)
        assert item.metadata["crs"]["code"] == "EPSG:32634"
        assert item.metadata["crs"]["source"] == "grid_mapping:crs"


def test_char_and_size_one_grid_mappings_are_read(grid: Grid, convert: Any) -> None:
    grid.dims["one"] = 1
    for kind in (("S1", ()), ("i2", ("one",))):
        grid.mapping_type = kind
        assert convert(grid)[0].metadata["crs"]["source"] == "grid_mapping:crs"


def test_the_extended_form_of_grid_mapping_is_read(grid: Grid, convert: Any) -> None:
    grid.attributes["grid_mapping"] = "other: lat lon crs: x y"
    assert convert(grid)[0].metadata["crs"]["source"] == "grid_mapping:crs"
    grid.attributes["grid_mapping"] = "other: lat lon"
    with pytest.raises(SourceInvalid, match="has no entry for its axes 'x' and 'y'"):
        convert(grid)


def test_a_missing_grid_mapping_variable_is_an_error(grid: Grid, convert: Any) -> None:
    grid.mapping = None
    with pytest.raises(SourceInvalid, match="names the variable 'crs', which is missing"):
        convert(grid)
    assert convert(grid, crs="EPSG:32633")[0].metadata["crs"]["source"] == "parameter"


def test_an_unknown_or_incomplete_grid_mapping_is_an_error(grid: Grid, convert: Any) -> None:
    for mapping, message in (
        ({"grid_mapping_name": "potato"}, "is not complete or not known"),
        ({"comment": "nothing"}, "neither `crs_wkt` nor `grid_mapping_name`"),
        ({"crs_wkt": "PROJCS[broken"}, "is broken"),
        ({**TRANSVERSE, "earth_radius": "six"}, "`earth_radius` of .* is not a number: 'six'"),
        # UTM on a sphere, which PROJ writes down and cannot compute.
        ({**TRANSVERSE, "earth_radius": 6371000.0}, "not complete or not known: .*cannot compute"),
        ({"crs_wkt": "file:///etc/passwd"}, "is not WKT that is read"),
    ):
        grid.mapping = mapping
        with pytest.raises(SourceInvalid, match=message):
            convert(grid)


@pytest.mark.parametrize(
    "figure",
    [
        {},
        {"earth_radius": 6371000.0, "longitude_of_central_meridian": 14.0},
        {"semi_major_axis": 6377397.155, "inverse_flattening": 299.1528128},
        {"semi_major_axis": 6378137.0},
        {"semi_major_axis": 6378137.0, "semi_minor_axis": 6356752.3},
        {
            "semi_major_axis": 6378137.0,
            "inverse_flattening": 298.25,
            "longitude_of_prime_meridian": 2.5,
        },
    ],
)
def test_a_mapping_means_what_pyproj_reads_from_it(
    grid: Grid, convert: Any, figure: dict[str, Any]
) -> None:
    grid.mapping = {**TRANSVERSE, **figure}
    with warnings.catch_warnings(action="ignore"):
        expected = pyproj.CRS.from_cf(grid.mapping).to_wkt()
    assert convert(grid)[0].metadata["crs"]["wkt"] == expected


def test_metres_without_a_crs_ask_for_one(grid: Grid, convert: Any) -> None:
    grid.mapping, grid.attributes = None, {}
    with pytest.raises(ParametersInvalid, match="Nothing says the CRS") as caught:
        convert(grid)
    assert caught.value.hint == "Give `crs`."


def test_axes_that_do_not_go_with_the_crs_are_an_error(grid: Grid, convert: Any) -> None:
    with pytest.raises(ParametersInvalid, match="do not go with the geographic CRS of parameter"):
        convert(grid, crs="EPSG:4326")
    grid.lonlat([1.0, 2.0], [3.0, 2.0])
    with pytest.raises(ParametersInvalid, match="do not go with the projected CRS of parameter"):
        convert(grid, crs="EPSG:32633")


@pytest.mark.parametrize(
    "crs",
    [
        "/etc/passwd",
        "http://127.0.0.1/crs",
        "+init=/etc/passwd:4326",
        "+proj=longlat +nadgrids=/etc/passwd",
        "+proj=longlat +nadgrids=secret",
        "EPSG:99999999",
        "urn:ogc:def:crs:EPSG::4326",
        'PROJCS["x",PROJECTION["m"],EXTENSION["PROJ4","+nadgrids=@x"]]',
        "{}",
        "",
    ],
)
def test_a_crs_that_could_make_proj_read_a_file_is_refused(
    grid: Grid, convert: Any, crs: str
) -> None:
    for name in ("crs", "dst_crs"):
        with pytest.raises(ParametersInvalid, match=f"`{name}`"):
            convert(grid, **{name: crs})


def test_a_rotated_pole_is_warped(grid: Grid, convert: Any) -> None:
    grid.lonlat([-1.0, 0.0, 1.0, 2.0], [1.0, 0.0, -1.0])
    grid.x_attributes = {"standard_name": "grid_longitude", "units": "degrees"}
    grid.y_attributes = {"standard_name": "grid_latitude", "units": "degrees"}
    grid.mapping, grid.attributes = dict(ROTATED), {"grid_mapping": "crs"}
    with pytest.raises(ParametersInvalid, match="rotated pole"):
        convert(grid)
    (item,) = convert(grid, dst_crs="EPSG:4326", resolution=0.1)
    # The rotated origin lies 90° from the pole, on the meridian opposite to it: 18° E, 50.75° N.
    with rasterio.open(item.files[0].path) as opened:
        (value,) = next(opened.sample([(18.0, 50.75)]))
    assert value == 5.0


# --- numbers ---------------------------------------------------------------------------------


def test_packed_numbers_are_unpacked_in_double_precision(grid: Grid, convert: Any) -> None:
    grid.field = np.array([[0, 1, 2, -5], [100, 30000, -32767, 7], [1, 2, 3, 4]], dtype="i2")
    grid.fill = np.int16(-32767)
    grid.attributes.update(scale_factor=-0.01, add_offset=273.15)
    (item,) = convert(grid)
    expected = (grid.field * -0.01 + 273.15).astype("f4")
    expected[1, 2] = np.nan
    np.testing.assert_array_equal(pixels(item), expected)
    assert (item.metadata["dtype"], item.metadata["nodata"]) == ("float32", "nan")
    (raw,) = convert(grid, unpack=False)
    np.testing.assert_array_equal(pixels(raw), grid.field)
    with rasterio.open(raw.files[0].path) as opened:
        assert (opened.scales, opened.offsets, opened.nodata) == ((-0.01,), (273.15,), -32767)


def test_wide_integers_are_unpacked_to_double_precision(grid: Grid, convert: Any) -> None:
    grid.field = (np.arange(12, dtype="i4") + 2**30).reshape(3, 4)
    grid.attributes["scale_factor"] = 0.001
    (item,) = convert(grid)
    np.testing.assert_array_equal(pixels(item), grid.field * 0.001)


def test_fill_values_in_their_order(grid: Grid, convert: Any) -> None:
    grid.field[0] = [-1.0, -2.0, np.nan, netCDF4.default_fillvals["f4"]]
    (default,) = convert(grid)
    assert default.metadata["nodata"] == pytest.approx(9.969209968386869e36)
    assert default.metadata["statistics"]["valid_fraction"] == pytest.approx(10 / 12)
    grid.attributes["missing_value"] = np.float32(-2.0)
    (missing,) = convert(grid)
    assert missing.metadata["nodata"] == -2.0
    grid.fill = np.float32(-1.0)
    (both,) = convert(grid)
    assert both.metadata["nodata"] == -1.0
    np.testing.assert_array_equal(pixels(both)[0, :3], [-1.0, -1.0, -1.0])
    (chosen,) = convert(grid, src_nodata=3.0, nodata="nan")
    assert np.isnan(pixels(chosen)).sum() == 1


def test_nan_as_the_fill_value_of_integers_means_nothing(grid: Grid, convert: Any) -> None:
    grid.field = np.arange(12, dtype="i2").reshape(3, 4)
    grid.attributes["missing_value"] = np.nan
    (item,) = convert(grid)
    np.testing.assert_array_equal(pixels(item), grid.field)


def test_bytes_have_no_fill_value_of_their_own(grid: Grid, convert: Any) -> None:
    grid.field = np.arange(244, 256, dtype="u1").reshape(3, 4)
    (item,) = convert(grid)
    assert item.metadata["nodata"] is None
    assert item.metadata["statistics"]["valid_fraction"] == 1.0
    with pytest.raises(ParametersInvalid, match="has no fill value, and warping"):
        convert(grid, dst_crs="EPSG:4326")
    (item,) = convert(grid, dst_crs="EPSG:4326", dtype="int16", nodata=-1)
    assert item.metadata["nodata"] == -1


def test_the_unsigned_attribute_of_classic_files_is_honoured(grid: Grid, convert: Any) -> None:
    grid.format = "NETCDF3_CLASSIC"
    grid.field = np.array([[0, 1, -1, -2]] * 3, dtype="i1")
    grid.fill = np.int8(-1)
    grid.attributes["_Unsigned"] = "true"
    (item,) = convert(grid)
    assert item.metadata["dtype"] == "uint8"
    assert item.metadata["nodata"] == 255
    np.testing.assert_array_equal(pixels(item)[0], [0, 1, 255, 254])


def test_values_outside_the_valid_range_are_missing(grid: Grid, convert: Any) -> None:
    grid.attributes["valid_range"] = np.array([2, 9], dtype="f4")
    (item,) = convert(grid, nodata=-9)
    np.testing.assert_array_equal(pixels(item)[0], [-9, -9, 2, 3])
    grid.attributes.pop("valid_range")
    grid.attributes["valid_max"] = np.float32(3)
    assert convert(grid)[0].metadata["statistics"]["maximum"] == 3.0


def test_a_type_that_cannot_hold_the_values_is_an_error(grid: Grid, convert: Any) -> None:
    grid.field *= 100
    with pytest.raises(ParametersInvalid, match=r"value 300.0 does not fit the type uint8"):
        convert(grid, dtype="uint8")
    with pytest.raises(ParametersInvalid, match="`nodata` 300 is no value of the type uint8"):
        convert(grid, dtype="uint8", nodata=300)
    with pytest.raises(ParametersInvalid, match="A valid value becomes 100, which means missing"):
        convert(grid, dtype="int16", nodata=100)
    (item,) = convert(grid, dtype="int16", nodata=-1)
    np.testing.assert_array_equal(pixels(item), grid.field.astype("i2"))


def test_big_endian_numbers_are_read(grid: Grid, convert: Any) -> None:
    grid.options = {"endian": "big"}
    grid.field = grid.field.astype(">f4")
    np.testing.assert_array_equal(pixels(convert(grid)[0]), np.arange(12).reshape(3, 4))


# --- time and further dimensions -------------------------------------------------------------


def timed(grid: Grid, values: Any, units: str, calendar: str | None = None) -> Grid:
    grid.dims = {"time": len(values), **grid.dims}
    grid.field_dims = ("time", "y", "x")
    grid.field = np.arange(12 * len(values), dtype="f4").reshape(len(values), 3, 4)

    def more(file: Any) -> None:
        time = file.createVariable("time", "f8", ("time",))
        time.units = units
        if calendar:
            time.calendar = calendar
        time[:] = values

    grid.more = more
    return grid


def test_every_time_step_is_an_item(grid: Grid, convert: Any) -> None:
    items = convert(timed(grid, [0, 6.5, 12], "hours since 2020-02-29 00:00:00"))
    assert [item.metadata["time"] for item in items] == [
        "2020-02-29T00:00:00Z",
        "2020-02-29T06:30:00Z",
        "2020-02-29T12:00:00Z",
    ]
    assert len({item.source_id for item in items}) == 3
    assert [pixels(item)[0, 0] for item in items] == [0, 12, 24]
    assert [item.files[0].name for item in items][1] == "field_20200229T063000Z.tif"
    assert items[1].title == "field, 2020-02-29T06:30:00Z"


def test_a_step_is_chosen_by_index_or_time(grid: Grid, convert: Any) -> None:
    timed(grid, [0, 6, 12], "hours since 2020-01-01")
    for wanted in (
        1,
        -2,
        "1",
        "2020-01-01T06:00:00Z",
        "2020-01-01 06:00",
        "2020-01-01T07:00:00+01:00",
    ):
        (item,) = convert(grid, time=wanted)
        assert pixels(item)[0, 0] == 12
    (item,) = convert(grid, time="2020-01-01T08:59:00Z", time_method="nearest")
    assert pixels(item)[0, 0] == 12
    with pytest.raises(ParametersInvalid, match=r"nearest at 2020-01-01T06:00:00Z"):
        convert(grid, time="2020-01-01T08:59:00Z")
    with pytest.raises(ParametersInvalid, match=r"no time step 3: the data have 3, 0 to 2"):
        convert(grid, time=3)
    with pytest.raises(ParametersInvalid, match="neither an index nor an ISO 8601 time"):
        convert(grid, time="yesterday")


def test_an_index_and_the_time_it_stands_for_are_one_record(grid: Grid, convert: Any) -> None:
    path_grid = timed(grid, [0, 6, 12], "hours since 2020-01-01")
    by_index = convert(path_grid, time=1)[0].source_id
    assert by_index.endswith("|field|2020-01-01T06:00:00Z|44136fa355b3678a")
    assert (
        convert(path_grid, time="2020-01-01T06:00:00Z")[0].source_id.split("|")[1:]
        == (by_index.split("|")[1:])
    )


def test_dates_of_other_calendars_are_text(grid: Grid, convert: Any) -> None:
    timed(grid, [59, 60], "days since 2001-01-01", "360_day")
    items = convert(grid)
    assert [item.metadata["time"] for item in items] == [
        "2001-02-30T00:00:00",
        "2001-03-01T00:00:00",
    ]
    assert items[0].metadata["calendar"] == "360_day"
    with rasterio.open(items[0].files[0].path) as opened:
        assert "TIFFTAG_DATETIME" not in opened.tags()
    (item,) = convert(grid, time="2001-02-30")
    assert pixels(item)[0, 0] == 0


def test_times_that_cannot_be_decoded_are_known_by_index(grid: Grid, convert: Any) -> None:
    items = convert(timed(grid, [1, 2], "moons since then"))
    assert [item.metadata["time"] for item in items] == [None, None]
    assert [item.source_id.split("|")[2] for item in items] == ["step 0", "step 1"]
    assert items[1].files[0].name == "field_step1.tif"


def test_two_steps_of_one_time_are_two_records(grid: Grid, convert: Any) -> None:
    items = convert(timed(grid, [1, 1], "days since 2001-01-01"))
    assert len({item.source_id for item in items}) == 2
    assert len({item.files[0].name for item in items}) == 2


def test_a_dimension_of_one_needs_no_choice(grid: Grid, convert: Any) -> None:
    grid.dims = {"height": 1, "member": 2, **grid.dims}
    grid.field_dims = ("height", "member", "y", "x")
    grid.field = np.arange(24, dtype="f4").reshape(1, 2, 3, 4)
    (item,) = convert(grid, dimensions={"member": 1})
    assert pixels(item)[0, 0] == 12
    assert item.metadata["dimensions"] == {"height": 0, "member": 1}
    with pytest.raises(ParametersInvalid, match=r"height \(1\), member \(2\)"):
        convert(grid)
    with pytest.raises(ParametersInvalid, match="has 2 indices, 0 to 1"):
        convert(grid, dimensions={"member": 2})
    with pytest.raises(ParametersInvalid, match="`dimensions` names level"):
        convert(grid, dimensions={"level": 0})


# --- what is written -------------------------------------------------------------------------


def test_bounds_cut_whole_pixels(grid: Grid, convert: Any) -> None:
    (item,) = convert(grid, bounds=[400600, 7000000, 402400, 7001000])
    np.testing.assert_array_equal(pixels(item), grid.field[1:3, 1:3])
    assert item.metadata["bounds"] == [400500.0, 6999500.0, 402500.0, 7001500.0]
    with pytest.raises(ParametersInvalid, match="lie outside the data"):
        convert(grid, bounds=[0, 0, 1, 1])
    lonlat = convert(grid, bounds=item.metadata["bbox"], bounds_crs="EPSG:4326")[0]
    assert lonlat.metadata["shape"][0] >= 2


def test_bounds_cut_a_rolled_circle_where_it_was_cut(grid: Grid, convert: Any) -> None:
    grid.lonlat(np.arange(0, 360, 45.0), [10.0, 0.0])
    (item,) = convert(grid, bounds=[-60, -5, 60, 5])
    np.testing.assert_array_equal(pixels(item), [[15, 8, 9]])


def test_warping_keeps_values_and_marks_what_is_outside(grid: Grid, convert: Any) -> None:
    (item,) = convert(grid, dst_crs="EPSG:4326", resolution=0.005, nodata=-1)
    found = pixels(item)
    assert set(np.unique(found)) == set(range(-1, 12))
    assert item.metadata["crs"]["code"] == "EPSG:4326"
    assert item.metadata["resolution"] == pytest.approx([0.005, 0.005])
    (coarse,) = convert(grid, resolution=[2000, 3000], resampling="average")
    assert coarse.metadata["shape"] == [1, 2]
    np.testing.assert_allclose(pixels(coarse), [[4.5, 6.5]])


def test_warping_onto_given_bounds(grid: Grid, convert: Any) -> None:
    (item,) = convert(
        grid, dst_crs="EPSG:32633", resolution=500, bounds=[400000, 7000000, 402000, 7001000]
    )
    assert item.metadata["bounds"] == [400000.0, 7000000.0, 402000.0, 7001000.0]
    assert item.metadata["shape"] == [2, 4]


@pytest.mark.parametrize("compress", ["DEFLATE", "LZW", "ZSTD", "NONE"])
@pytest.mark.parametrize("kind", ["COG", "GTiff"])
def test_formats_and_compressions(grid: Grid, convert: Any, kind: str, compress: str) -> None:
    field = np.add.outer(np.arange(300), np.arange(400)).astype("f4")
    grid.lonlat(np.linspace(0, 10, 400), np.linspace(60, 50, 300), field)
    (item,) = convert(grid, format=kind, compress=compress, blocksize=128)
    with rasterio.open(item.files[0].path) as opened:
        np.testing.assert_array_equal(opened.read(1), field)
        assert opened.block_shapes == [(128, 128)]
        assert opened.overviews(1) == [2, 4]
        found = opened.compression.value if opened.compression else "NONE"
        assert found == compress or compress == "NONE"
    valid, _, _ = cogeo.cog_validate(str(item.files[0].path), strict=True)
    assert valid == (kind == "COG")
    assert item.files[0].media_type.startswith("image/tiff; application=geotiff")
    (plain,) = convert(grid, format=kind, compress=compress, blocksize=128, overviews="none")
    with rasterio.open(plain.files[0].path) as opened:
        assert opened.overviews(1) == []


def test_wide_strips_are_cut_into_columns_without_a_trace(
    grid: Grid, convert: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = np.add.outer(1000 * np.arange(300), np.arange(700)).astype("f4")
    lon = np.arange(700) * 360 / 700
    grid.lonlat(lon, np.linspace(50, 60, 300), field)
    grid.options = {"chunksizes": (70, 90), "zlib": True}
    (whole,) = convert(grid, blocksize=128)
    monkeypatch.setattr("osa.conventions.geotiff.layout._STRIP_VALUES", 128 * 128)
    (cut,) = convert(grid, blocksize=128)
    assert whole.files[0].sha256 == cut.files[0].sha256
    np.testing.assert_array_equal(pixels(cut), np.roll(field[::-1], 350, axis=1))


def test_the_digest_tells_outputs_apart_and_nothing_else(grid: Grid, convert: Any) -> None:
    def digest(**parameters: Any) -> str:
        return GeoTiffParams(**parameters).output_digest()

    assert digest() == digest(time=3, variable="a", dimensions={"z": 1}, max_pixels=10)
    assert digest() == digest(compress="DEFLATE", overviews="auto", unpack=True)
    assert digest() == digest(preview=False) == "44136fa355b3678a", "it is in the archives"
    assert len({digest(), digest(dst_crs="EPSG:4326"), digest(unpack=False), digest(nodata=0)}) == 4


def test_a_record_says_what_its_raster_is(grid: Grid, convert: Any) -> None:
    grid.attributes.update(
        long_name="Air temperature", standard_name="air_temperature", units="K", cell_methods="mean"
    )
    (item,) = convert(grid)
    json.dumps(dict(item.metadata), allow_nan=False)
    found = item.metadata
    assert found["shape"] == [3, 4]
    assert found["dtype"] == "float32"
    assert (found["standard_name"], found["units"]) == ("air_temperature", "K")
    assert found["statistics"] == {
        "minimum": 0.0,
        "maximum": 11.0,
        "mean": 5.5,
        "valid_fraction": 1.0,
    }
    west, south, east, north = found["bbox"]
    assert 12 < west < east < 14 and 62 < south < north < 64
    assert found["source"]["sha256"] in item.source_id


# --- the hostile set -------------------------------------------------------------------------


def refused(context: Context[Any]) -> ConventionError:
    """The error of the whole ingestion, nothing having been left behind."""
    with pytest.raises(ConventionError) as caught:
        items_of(context)
    assert files_in(context) == []
    return caught.value


def test_files_that_reach_outside_are_refused(tmp_path: Path, context: Any) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"s" * 400)
    with h5py.File(tmp_path / "storage.nc", "w") as file:
        file.create_dataset("d", (10, 10), "f4", external=[(str(secret), 0, 400)])
    with h5py.File(tmp_path / "link.nc", "w") as file:
        file["d"] = h5py.ExternalLink(str(tmp_path / "storage.nc"), "/d")
    with h5py.File(tmp_path / "virtual.nc", "w") as file:
        layout = h5py.VirtualLayout((10, 10), "f4")
        layout[:] = h5py.VirtualSource(str(tmp_path / "storage.nc"), "d", (10, 10))
        file.create_virtual_dataset("d", layout)
    for name, why in (
        ("storage", "external storage"),
        ("link", "link to another file"),
        ("virtual", "virtual dataset"),
    ):
        error = refused(context(tmp_path / f"{name}.nc"))
        assert isinstance(error, SourceRefused)
        assert why in error.detail and "'/d'" in error.detail


@pytest.mark.parametrize("name", ["field.tif", "field.nc"])
def test_a_vrt_is_not_opened_whatever_its_name(tmp_path: Path, context: Any, name: str) -> None:
    path = tmp_path / name
    path.write_text(
        '<VRTDataset rasterXSize="4" rasterYSize="4"><VRTRasterBand dataType="Byte" band="1">'
        "<SimpleSource><SourceFilename>/etc/passwd</SourceFilename></SimpleSource>"
        "</VRTRasterBand></VRTDataset>"
    )
    error = refused(context(path))
    assert isinstance(error, SourceInvalid)
    assert f"{name} is not a NetCDF file" in error.detail


def test_eight_kilobytes_that_declare_terabytes_are_refused(
    tmp_path: Path, context: Any, grid: Grid
) -> None:
    with h5py.File(tmp_path / "a.nc", "w") as file:
        file.create_dataset("d", (1_000_000, 1_000_000), "f4", chunks=(100, 100))
    assert "declares" in refused(context(tmp_path / "a.nc")).detail
    with netCDF4.Dataset(tmp_path / "b.nc", "w", format="NETCDF3_64BIT_OFFSET") as file:
        file.createDimension("y", 1000)
        file.createDimension("x", 1000)
        file.createVariable("d", "f4", ("y", "x"))
    whole = (tmp_path / "b.nc").read_bytes()
    (tmp_path / "b.nc").write_bytes(whole[:8000])
    assert "the file has 8000" in refused(context(tmp_path / "b.nc")).detail


def test_a_chunk_that_cannot_be_decoded_ends_the_conversion_without_a_trace(
    grid: Grid, tmp_path: Path, context: Any
) -> None:
    generator = np.random.default_rng(1)
    field = generator.random((256, 256), dtype="f4")
    grid.lonlat(np.linspace(0, 10, 256), np.linspace(60, 50, 256), field)
    grid.options = {"zlib": True, "chunksizes": (64, 256)}
    whole = bytearray(grid.write(tmp_path / "good.nc").read_bytes())
    with h5py.File(tmp_path / "good.nc") as file:
        place = file["field"].id.get_chunk_info(3).byte_offset
    whole[place + 10 : place + 2000] = bytes(1990)
    (tmp_path / "bad.nc").write_bytes(whole)
    error = refused(context(tmp_path / "bad.nc", blocksize=128))
    assert isinstance(error, SourceInvalid)
    assert "The data of 'field' cannot be decoded" in error.detail


def test_more_pixels_than_allowed_are_refused_before_anything_is_written(
    grid: Grid, context: Any
) -> None:
    error = refused(context(grid, max_pixels=11))
    assert isinstance(error, SourceRefused)
    assert "4 × 3 = 12 pixels; at most 11" in error.detail
    error = refused(context(grid, resolution=0.01))
    assert "pixels; at most" in error.detail


def test_a_full_disk_is_said_before_anything_is_written(grid: Grid, context: Any) -> None:
    made = context(grid)
    made.limits = Limits(min_free_bytes=2**62)
    assert isinstance(refused(made), StorageFull)


def test_names_from_a_file_never_become_paths(grid: Grid, context: Any) -> None:
    def more(file: Any) -> None:
        evil = file.createVariable("wind#mode=bytes", "f4", ("y", "x"))
        evil.grid_mapping = "crs"
        evil[:] = grid.field

    grid.more = more
    made = context(grid, variable="wind#mode=bytes")
    (item,) = items_of(made)
    assert item.files[0].name == "wind-mode-bytes.tif"
    assert item.files[0].path.parent == made.workdir


# --- manners ---------------------------------------------------------------------------------


def test_steps_that_a_retry_is_not_about_are_not_converted(
    grid: Grid, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed(grid, [0, 6, 12, 18], "hours since 2020-01-01")
    first = context(grid)
    items = items_of(first)
    again = context(grid)
    again.sources = first.sources
    again.wanted = Wanted.of([items[2].source_id])
    converted = []
    convert = conversion._convert

    def counted(*args: Any, **more: Any) -> Item:
        converted.append(args)
        return convert(*args, **more)

    monkeypatch.setattr(conversion, "_convert", counted)
    (item,) = items_of(again)
    assert item.source_id == items[2].source_id
    assert len(converted) == 1


def test_it_goes_on_after_the_step_of_the_cursor(grid: Grid, context: Any) -> None:
    timed(grid, [0, 1, 2, 3], "days since 2020-01-01")
    made = context(grid)
    made.batch_size = 1
    batches: list[Batch] = list(nc_to_geotiff.ingest(made))
    assert [batch.cursor["next"] for batch in batches] == [1, 2, 3, 4]
    again = context(grid)
    again.sources = made.sources
    again.cursor = json.loads(json.dumps(dict(batches[1].cursor)))
    assert [item.source_id for item in items_of(again)] == [
        item.source_id for batch in batches[2:] for item in batch.items
    ]
    done = context(grid)
    done.sources, done.cursor = made.sources, batches[3].cursor
    assert items_of(done) == []


def test_a_source_that_changed_is_read_from_the_start(grid: Grid, context: Any) -> None:
    timed(grid, [0, 1, 2], "days since 2020-01-01")
    made = context(grid)
    made.cursor = {"next": 2, "of": "sha256 of another file"}
    assert len(items_of(made)) == 3


def test_a_stop_is_seen_between_strips_and_leaves_no_half_files(grid: Grid, context: Any) -> None:
    grid.lonlat(np.linspace(0, 10, 300), np.linspace(60, 50, 600))
    made = context(grid, blocksize=128)
    seen: list[Progress] = []

    def stop_at_the_second(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == 2:
            made.stop.set()

    made.on_progress = stop_at_the_second
    assert items_of(made) == []
    assert made.stopped_early
    assert len(seen) == 2
    assert (seen[0].unit, seen[0].completed, seen[0].total) == ("pixels", 300 * 128, 300 * 600)
    assert files_in(made) == []


def test_steps_are_counted_when_there_are_several(grid: Grid, context: Any) -> None:
    made = context(timed(grid, [0, 1], "days since 2020-01-01"))
    seen: list[Progress] = []
    made.on_progress = seen.append
    items_of(made)
    assert [(p.unit, p.completed, p.total) for p in seen] == [
        ("time steps", 0, 2),
        ("time steps", 1, 2),
    ]


def test_only_the_results_stay_in_the_folder(grid: Grid, context: Any) -> None:
    made = context(timed(grid, [0, 1], "days since 2020-01-01"), dst_crs="EPSG:4326")
    items = items_of(made)
    assert files_in(made) == sorted(file.path.name for item in items for file in item.files)
    assert [[file.name for file in item.files][1:] for item in items] == [["preview.png"]] * 2


def test_more_than_one_source_is_said_to_be_too_many(grid: Grid, context: Any) -> None:
    made = context(grid)
    made.sources = [*made.sources, *made.sources]
    assert "exactly one source; 2 were given" in refused(made).detail


@pytest.mark.parametrize(
    "parameters",
    [
        {"bounds": [1, 1, 0, 2]},
        {"bounds_crs": "EPSG:4326"},
        {"resolution": 0},
        {"resolution": [1, -1]},
        {"blocksize": 500},
        {"compress": "JPEG"},
        {"dtype": "complex64"},
        {"dimensions": {"z": -1}},
        {"max_pixels": 0},
        {"nodata": "none"},
        {"unknown": 1},
    ],
)
def test_parameters_outside_the_schema_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GeoTiffParams.model_validate(parameters)


def test_every_parameter_is_described() -> None:
    for name, schema in nc_to_geotiff.parameters_schema()["properties"].items():
        assert schema.get("description"), name


def test_listing_the_convention_loads_no_heavy_library() -> None:
    script = (
        "import sys; from osa.conventions.nc_to_geotiff import nc_to_geotiff;"
        "print([m for m in ('numpy','rasterio','netCDF4','pyproj','h5py','xarray','cftime')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


# --- odd files -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["i8", "u8"])
def test_missing_values_of_long_integers_are_told_as_gdal_can_read_them(
    grid: Grid, convert: Any, kind: str
) -> None:
    grid.field = np.arange(12, dtype=kind).reshape(3, 4)
    fill = netCDF4.default_fillvals[kind]
    grid.field[1, 1] = fill
    (item,) = convert(grid)
    with rasterio.open(item.files[0].path) as opened:
        read = opened.read(1, masked=True)
    assert read.mask.sum() == 1 and read.mask[1, 1]
    assert read[2, 3] == 11
    assert abs(item.metadata["nodata"]) == 2**53
    with pytest.raises(ParametersInvalid, match="cannot be told in a GeoTIFF"):
        convert(grid, nodata=2**62)


def test_data_outside_of_the_target_crs_are_told(grid: Grid, convert: Any) -> None:
    with pytest.raises(ParametersInvalid, match="cannot be warped to `dst_crs`"):
        convert(grid, dst_crs="+proj=gnom +lat_0=-90")


@pytest.mark.parametrize("wanted", ["EPSG:5773", "EPSG:4978", "EPSG:9707"])
def test_a_target_without_a_plane_is_refused(grid: Grid, convert: Any, wanted: str) -> None:
    with pytest.raises(ParametersInvalid, match=r"`dst_crs`: .* is not a horizontal CRS"):
        convert(grid, dst_crs=wanted)
    with pytest.raises(ParametersInvalid, match=r"`bounds_crs`: .* is not a horizontal CRS"):
        convert(grid, bounds=[0, 0, 1, 1], bounds_crs=wanted)


def test_another_body_has_no_place_on_earth(grid: Grid, convert: Any) -> None:
    grid.lonlat([1.0, 2.0], [3.0, 2.0])
    (item,) = convert(grid, crs="IAU_2015:49900")
    assert item.metadata["bbox"] is None
    with pytest.raises(ParametersInvalid, match="cannot be expressed"):
        convert(grid, crs="IAU_2015:49900", bounds=[0, 0, 1, 1], bounds_crs="EPSG:4326")


@pytest.mark.parametrize("name", ["x", "y", "time", "field"])
def test_a_damaged_chunk_is_told_wherever_it_lies(
    grid: Grid, convert: Any, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "damaged.nc"
    with netCDF4.Dataset(path, "w") as file:
        sizes = {"time": 2, "y": 3, "x": 4}
        for dimension, size in sizes.items():
            file.createDimension(dimension, size)
        checked = {"zlib": True, "fletcher32": True}
        for axis, values, own in (
            ("x", grid.x, grid.x_attributes),
            ("y", grid.y, grid.y_attributes),
            ("time", [1.0, 2.0], {"units": "days since 2000-01-01"}),
        ):
            made = file.createVariable(axis, "f8", (axis,), **checked)
            made.setncatts(own)
            made[:] = values
        file.createVariable("crs", "i4").setncatts(UTM)
        field = file.createVariable("field", "f4", tuple(sizes), **checked)
        field.grid_mapping = "crs"
        field[:] = np.arange(24).reshape(2, 3, 4)
    with h5py.File(path) as file:
        chunk = file[name].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + 3] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(SourceInvalid, match=f"'{name}' cannot be decoded"):
        convert(path)


@pytest.mark.parametrize("fill", [np.inf, -np.inf, -1.797e308])
def test_metadata_are_json_whatever_is_missing(grid: Grid, convert: Any, fill: float) -> None:
    grid.field, grid.fill = np.full((3, 4), -1.797e308), fill
    (item,) = convert(grid)
    json.dumps(item.metadata, allow_nan=False)


@pytest.mark.parametrize("value", ["0.1", np.nan, np.inf])
def test_a_scale_that_is_no_number_is_told(grid: Grid, convert: Any, value: Any) -> None:
    grid.attributes["scale_factor"] = value
    with pytest.raises(SourceInvalid, match="`scale_factor` of 'field' is not a number"):
        convert(grid)
    del grid.attributes["scale_factor"]
    grid.more = lambda file: file["x"].setncattr("add_offset", value)
    with pytest.raises(SourceInvalid, match="`add_offset` of 'x' is not a number"):
        convert(grid)


def test_packed_times_are_unpacked(grid: Grid, convert: Any) -> None:
    own = {"scale_factor": 0.5, "add_offset": 10.0, "missing_value": np.array([-1.0, -2.0])}
    write = timed(grid, [2, 6, -2], "days since 2000-01-01").more

    def more(file: Any) -> None:
        write(file)
        file["time"].setncatts(own)

    grid.more = more
    found = [item.metadata["time"] for item in convert(grid)]
    assert found == ["2000-01-12T00:00:00Z", "2000-01-14T00:00:00Z", None]


def test_nonsense_of_a_datum_is_the_fault_of_the_file(grid: Grid, convert: Any) -> None:
    assert grid.mapping is not None
    grid.mapping["towgs84"] = "abc"
    with pytest.raises(SourceInvalid, match=r"not complete or not known: .*GDAL cannot read it"):
        convert(grid, dst_crs="EPSG:4326")


def test_a_figure_in_kilometres_is_told(grid: Grid, convert: Any) -> None:
    grid.lonlat([1.0, 2.0], [3.0, 2.0])
    grid.attributes = {"grid_mapping": "crs"}
    grid.mapping = {"grid_mapping_name": "latitude_longitude", "earth_radius": 6371.229}
    with pytest.raises(SourceInvalid, match="perhaps in kilometres"):
        convert(grid)


def test_lists_of_numbers_are_no_field(grid: Grid, convert: Any) -> None:
    def more(file: Any) -> None:
        ragged = file.createVLType("f4", "ragged")
        file.createVariable("other", ragged, ("y", "x")).grid_mapping = "crs"

    grid.more = more
    assert convert(grid)[0].metadata["variable"] == "field"
    with pytest.raises(ParametersInvalid, match="'other'"):
        convert(grid, variable="other")


def test_packed_positions_are_unpacked_before_they_are_compared(grid: Grid, convert: Any) -> None:
    to_lonlat = pyproj.Transformer.from_crs("EPSG:32633", "EPSG:4326", always_xy=True)
    positions = to_lonlat.transform(*np.meshgrid(grid.x, grid.y))

    def more(file: Any) -> None:
        for name, values in zip(("longitude", "latitude"), positions, strict=True):
            made = file.createVariable(name, "i4", ("y", "x"))
            made.units = {"longitude": "degrees_east", "latitude": "degrees_north"}[name]
            made.scale_factor = 1e-6
            made[:] = values

    grid.more = more
    grid.attributes["coordinates"] = "longitude latitude"
    assert convert(grid)[0].metadata["crs"]["deviation_pixels"] < 0.01
