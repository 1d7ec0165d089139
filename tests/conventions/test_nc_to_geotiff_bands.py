"""Several bands in one GeoTIFF, chosen along a dimension by index or by value; and the variable
chosen by its CF standard name. The scenes are cubes of reflectance, as imaging spectrometers give
them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from osa_testing.opendap import Dap
from pydantic import ValidationError

from osa.conventions import Context, Item, ParametersInvalid, Source, SourceInvalid, SourceRefused
from osa.conventions.geotiff.writing import gdal
from osa.conventions.nc_to_geotiff import GeoTiffParams, nc_to_geotiff

np = pytest.importorskip("numpy")
netCDF4 = pytest.importorskip("netCDF4")
rasterio = pytest.importorskip("rasterio")
cogeo = pytest.importorskip("rio_cogeo.cogeo")

UTM = {
    "grid_mapping_name": "transverse_mercator",
    "latitude_of_projection_origin": 0.0,
    "longitude_of_central_meridian": 15.0,
    "scale_factor_at_central_meridian": 0.9996,
    "false_easting": 500000.0,
    "false_northing": 0.0,
    "semi_major_axis": 6378137.0,
    "inverse_flattening": 298.257223563,
}
WAVELENGTHS = [400.0, 450.0, 475.5, 500.0, 545.2, 600.0, 640.3, 700.0]
RGB = {"values": [640, 550, 470], "units": "nm"}
INDICES = [6, 4, 2]


class Scene:
    """A NetCDF file in the making: change what a test is about, then `write`."""

    def __init__(self) -> None:
        self.order: tuple[str, ...] = ("wavelength", "y", "x")
        self.shape = {"y": 5, "x": 7}
        self.kind = "u2"
        self.wavelengths: Any = WAVELENGTHS
        #: None: there is no coordinate.
        self.coordinate: str | None = "wavelength"
        self.coordinate_kind: Any = "f4"
        self.coordinate_attributes: dict[str, Any] = {
            "standard_name": "radiation_wavelength",
            "units": "nm",
        }
        self.field_attributes: dict[str, Any] = {}
        self.fill: Any = None
        self.options: dict[str, Any] = {}
        self.format = "NETCDF4"
        self.change: Callable[[Any], Any] = lambda values: values
        self.more: Callable[[Any], None] = lambda _: None

    @property
    def values(self) -> Any:
        """Of the cube, bands first: each says its band, row and column."""
        bands, rows, columns = len(self.wavelengths), self.shape["y"], self.shape["x"]
        band, row, column = np.mgrid[0:bands, 0:rows, 0:columns]
        return self.change((1000 * band + 10 * row + column).astype(self.kind))

    def write(self, path: Path) -> Path:
        spectral = next(name for name in self.order if name not in ("y", "x", "time"))
        sizes = {**self.shape, spectral: len(self.wavelengths)}
        with netCDF4.Dataset(path, "w", format=self.format) as file:
            for name, size in sizes.items():
                file.createDimension(name, size)
            steps = {"y": -2.0, "x": 2.0}
            for name, first in (("y", 7e6), ("x", 4e5)):
                axis = file.createVariable(name, "f8", (name,))
                axis.setncatts({"standard_name": f"projection_{name}_coordinate", "units": "m"})
                axis[:] = first + steps[name] * np.arange(sizes[name])
            if self.coordinate is not None:
                coordinate = file.createVariable(
                    self.coordinate, self.coordinate_kind, (spectral,), fill_value=self.fill
                )
                coordinate.set_auto_maskandscale(False)
                coordinate.setncatts(self.coordinate_attributes)
                coordinate[:] = np.asarray(self.wavelengths)
            file.createVariable("crs", "i4").setncatts(UTM)
            cube = file.createVariable("reflectance", self.kind, self.order, **self.options)
            cube.set_auto_maskandscale(False)
            cube.setncatts({"grid_mapping": "crs", "long_name": "Reflectance"})
            cube.setncatts(self.field_attributes)
            moved = [(spectral, "y", "x").index(name) for name in self.order if name != "time"]
            values = self.values.transpose(moved)
            cube[...] = values
            self.more(file)
        return path


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def context(tmp_path: Path, context_of: Any, as_source: Any) -> Callable[..., Context[Any]]:
    written = iter(range(1000))

    def make(what: Scene | Path, **parameters: Any) -> Context[Any]:
        path = what if isinstance(what, Path) else what.write(tmp_path / f"{next(written)}.nc")
        made: Context[Any] = context_of(nc_to_geotiff, [as_source(path)], **parameters)
        return made

    return make


@pytest.fixture
def convert(context: Any) -> Callable[..., Item]:
    """The only item."""

    def run(what: Scene | Path, **parameters: Any) -> Item:
        (item,) = items_of(context(what, **parameters))
        return item

    return run


def items_of(context: Context[Any]) -> list[Item]:
    return [item for batch in nc_to_geotiff.ingest(context) for item in batch.items]


def pixels(item: Item) -> Any:
    with rasterio.open(item.files[0].path) as opened:
        return opened.read()


def found(item: Item) -> list[int]:
    return [band["index"] for band in item.metadata["bands"]]


# --- which bands -----------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["wavelength y x", "y x wavelength", "y wavelength x"])
@pytest.mark.parametrize("kind", ["u2", "f4"])
def test_bands_come_in_the_asked_order_however_the_cube_is_stored(
    scene: Scene, convert: Any, order: str, kind: str
) -> None:
    scene.order, scene.kind = tuple(order.split()), kind
    item = convert(scene, bands=RGB)
    np.testing.assert_array_equal(pixels(item), scene.values[INDICES])
    assert item.metadata["bands"] == [
        {"index": 6, "value": 640.3, "units": "nm"},
        {"index": 4, "value": 545.2, "units": "nm"},
        {"index": 2, "value": 475.5, "units": "nm"},
    ]
    assert item.metadata["shape"] == [5, 7]
    assert item.title == "Reflectance (640.3 nm, 545.2 nm, 475.5 nm)"
    with rasterio.open(item.files[0].path) as opened:
        assert opened.descriptions == ("640.3 nm", "545.2 nm", "475.5 nm")
        assert opened.dtypes == (np.dtype(kind).name,) * 3
        assert [color.name for color in opened.colorinterp] == ["red", "green", "blue"]
        assert opened.tags(3)["long_name"] == "Reflectance"
    valid, errors, warnings = cogeo.cog_validate(str(item.files[0].path), strict=True)
    assert valid, (errors, warnings)


@pytest.mark.parametrize("storage", ["classic", "chunked", "contiguous"])
@pytest.mark.parametrize("order", ["wavelength y x", "y x wavelength"])
def test_every_storage_gives_the_same_pixels(
    scene: Scene, convert: Any, order: str, storage: str
) -> None:
    scene.order, scene.shape, scene.kind = tuple(order.split()), {"y": 140, "x": 300}, "i4"
    if storage == "classic":
        scene.format = "NETCDF3_64BIT_OFFSET"
    elif storage == "chunked":
        sizes = {"y": 33, "x": 50, "wavelength": 3}
        scene.options = {"chunksizes": [sizes[name] for name in scene.order], "zlib": True}
    item = convert(scene, bands={"indices": [7, 0, 3, 4]}, blocksize=128)
    np.testing.assert_array_equal(pixels(item), scene.values[[7, 0, 3, 4]])


@pytest.mark.parametrize(
    ("theirs", "factor", "ours", "asked"),
    [
        ("nanometers", 1.0, "nm", RGB["values"]),
        ("um", 1e-3, "nm", RGB["values"]),
        ("µm", 1e-3, "nm", RGB["values"]),
        ("Micrometers", 1e-3, "nm", RGB["values"]),
        ("m", 1e-9, "nm", RGB["values"]),
        ("nm", 1.0, "μm", [0.640, 0.550, 0.470]),
        ("nm", 1.0, "metres", [640e-9, 550e-9, 470e-9]),
    ],
)
def test_lengths_are_converted(
    scene: Scene, convert: Any, theirs: str, factor: float, ours: str, asked: Any
) -> None:
    scene.wavelengths = [value * factor for value in WAVELENGTHS]
    scene.coordinate_attributes["units"] = theirs
    item = convert(scene, bands={"values": asked, "units": ours})
    assert found(item) == INDICES
    # The record speaks the unit that was asked in.
    assert [band["value"] / asked[0] * 640 for band in item.metadata["bands"]] == pytest.approx(
        [640.3, 545.2, 475.5], rel=1e-6
    )
    with rasterio.open(item.files[0].path) as opened:
        assert [color.name for color in opened.colorinterp] == ["red", "green", "blue"]


def test_any_dimension_may_be_named_and_its_own_unit_needs_no_table(
    scene: Scene, convert: Any
) -> None:
    scene.order = ("pressure", "y", "x")
    scene.wavelengths, scene.coordinate = [1000.0, 850.0, 500.0], "pressure"
    scene.coordinate_attributes = {"units": "hPa"}
    asked = {"dimension": "pressure", "values": [500, 850], "units": "hPa"}
    item = convert(scene, bands=asked)
    assert found(item) == [2, 1]
    assert "|reflectance[pressure=2+1]|" in item.source_id
    with pytest.raises(ParametersInvalid, match=r"in 'hPa', which is not converted to 'Pa'"):
        convert(scene, bands={**asked, "units": "Pa"})
    with pytest.raises(ParametersInvalid, match=r"No dimension .* pressure \(3\)") as caught:
        convert(scene, bands=RGB)
    assert caught.value.hint == "Name one as `bands.dimension`."
    with pytest.raises(ParametersInvalid, match=r"no further dimension 'y'.* pressure \(3\)"):
        convert(scene, bands={"dimension": "y", "indices": [0]})


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("wavelengths", {"units": "nm"}),
        ("centers", {"units": "nm", "standard_name": "sensor_band_central_radiation_wavelength"}),
    ],
)
def test_wavelengths_over_a_dimension_of_another_name_are_found(
    scene: Scene, convert: Any, name: str, own: Any
) -> None:
    """Many files do not list them in `coordinates`, and number the bands beside them."""
    scene.order, scene.coordinate, scene.coordinate_attributes = ("band", "y", "x"), name, own

    def more(file: Any) -> None:
        file.createVariable("band", "i4", ("band",))[:] = np.arange(8)

    scene.more = more
    assert found(convert(scene, bands=RGB)) == INDICES
    assert found(convert(scene, bands={**RGB, "dimension": "band"})) == INDICES


def test_the_nearest_is_taken_and_of_two_as_near_the_smaller_index(
    scene: Scene, convert: Any
) -> None:
    scene.wavelengths = [0.56, 0.54, 0.52, 0.54]
    scene.coordinate_attributes["units"] = "um"
    for value, index in ((550, 0), (545, 1), (530, 1), (520, 2), (540, 1)):
        assert found(convert(scene, bands={"values": [value], "units": "nm"})) == [index], value
    assert found(convert(scene, bands={"values": [0.55]})) == [0]


def test_a_fill_value_that_nobody_declared_is_no_wavelength(scene: Scene, convert: Any) -> None:
    scene.wavelengths = [0.47, 0.55, 0.64, 1e36]
    scene.coordinate_attributes["units"] = "um"
    with pytest.raises(ParametersInvalid, match="'wavelength' has missing values"):
        convert(scene, bands={"values": [640, 550, 470], "units": "nm"})
    assert found(convert(scene, bands={"indices": [2, 1, 0]})) == [2, 1, 0]


def test_what_is_too_far_is_refused_by_the_median_distance_or_what_was_given(
    scene: Scene, convert: Any
) -> None:
    # Between 500 and 1000 nothing was measured: half of this gap would let 640 be 500.
    scene.wavelengths = [480.0, 490.0, 500.0, 1000.0, 1010.0]
    with pytest.raises(ParametersInvalid, match=r"nearest to 640 nm is 500, 140 away; at most 10"):
        convert(scene, bands={"values": [640], "units": "nm"})
    assert found(convert(scene, bands={"values": [470], "units": "nm"})) == [0]
    with pytest.raises(ParametersInvalid, match=r"its 5 values are from 480 to 1010|Its 5 values"):
        convert(scene, bands={"values": [469], "units": "nm"})
    far = {"values": [640], "units": "nm", "max_distance": 140}
    assert found(convert(scene, bands=far)) == [2]
    with pytest.raises(ParametersInvalid, match=r"at most 0.1 is allowed \(`bands.max_distance`\)"):
        convert(scene, bands={"values": [0.64], "units": "um", "max_distance": 0.1})
    scene.wavelengths = [550.0]
    assert found(convert(scene, bands={"values": [550], "units": "nm"})) == [0]
    with pytest.raises(ParametersInvalid, match="at most 0 is allowed"):
        convert(scene, bands={"values": [551], "units": "nm"})


def test_two_values_that_mean_one_band_are_refused(scene: Scene, convert: Any) -> None:
    with pytest.raises(ParametersInvalid, match=r"640 and 641 nm have the same .* at index 6"):
        convert(scene, bands={"values": [640, 641, 550], "units": "nm"})


def test_packed_wavelengths_are_unpacked(scene: Scene, convert: Any) -> None:
    scene.wavelengths = [round(value * 10) for value in WAVELENGTHS]
    scene.coordinate_kind = "u2"
    scene.coordinate_attributes["scale_factor"] = 0.1
    item = convert(scene, bands=RGB)
    assert [band["value"] for band in item.metadata["bands"]] == [640.3, 545.2, 475.5]


# --- what a coordinate may lack --------------------------------------------------------------


def test_without_a_usable_coordinate_indices_work_and_values_say_so(
    scene: Scene, convert: Any
) -> None:
    def refused(match: str, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(scene, name, value)
        with pytest.raises(ParametersInvalid, match=match) as caught:
            convert(scene, bands=RGB)
        assert "`bands.indices`" in (caught.value.hint or "")
        item = convert(scene, bands={"indices": [6, 4]})
        np.testing.assert_array_equal(pixels(item), scene.values[[6, 4]])
        assert found(item) == [6, 4]

    refused("does not say its unit; .* from 400 to 700", coordinate_attributes={})
    refused("in 'furlong', which is not converted", coordinate_attributes={"units": "furlong"})
    nan = [*WAVELENGTHS[:-1], float("nan")]
    refused("has missing values", wavelengths=nan, coordinate_attributes={"units": "nm"})
    refused("has missing values", wavelengths=[*WAVELENGTHS[:-1], -1.0], fill=-1.0)
    words = np.array([f"{value}" for value in WAVELENGTHS], dtype=object)
    refused("does not hold numbers", wavelengths=words, coordinate_kind=str, fill=None)
    refused("has no coordinate", wavelengths=WAVELENGTHS, coordinate=None)
    item = convert(scene, bands={"indices": [6]})
    assert item.metadata["bands"] == [{"index": 6, "value": None, "units": None}]
    with rasterio.open(item.files[0].path) as opened:
        assert opened.descriptions == ("wavelength 6",)


def test_wavelengths_without_a_unit_can_be_given_as_they_are(scene: Scene, convert: Any) -> None:
    scene.coordinate_attributes = {}
    item = convert(scene, bands={"values": [640, 550, 470]})
    assert item.metadata["bands"][0] == {"index": 6, "value": 640.3, "units": None}
    with rasterio.open(item.files[0].path) as opened:
        assert opened.descriptions[0] == "640.3"
        # A number without a unit is no color.
        assert opened.colorinterp[0].name == "gray"


def test_a_missing_wavelength_among_others_is_told_as_none(scene: Scene, convert: Any) -> None:
    scene.wavelengths = [float("nan"), *WAVELENGTHS[1:]]
    item = convert(scene, bands={"indices": [0, 6]})
    assert [band["value"] for band in item.metadata["bands"]] == [None, 640.3]


def test_a_coordinate_of_millions_is_not_looked_through(scene: Scene, convert: Any) -> None:
    scene.shape = {"y": 2, "x": 2}

    def more(file: Any) -> None:
        file.createDimension("band", 1_000_001)
        file.createVariable("wavelength", "i1", ("band",))
        cube = file.createVariable("huge", "i1", ("band", "y", "x"), zlib=True)
        cube.grid_mapping = "crs"

    scene.order, scene.coordinate, scene.more = ("level", "y", "x"), None, more
    with pytest.raises(SourceRefused, match="1000001 values; at most 1000000"):
        convert(scene, variable="huge", bands=RGB)


# --- what is refused before anything is read --------------------------------------------------


@pytest.mark.parametrize(
    ("bands", "message"),
    [
        ({}, "either indices or values"),
        ({"indices": [0], "values": [640]}, "either indices or values"),
        ({"indices": [0], "units": "nm"}, "only together with values"),
        ({"indices": [0], "max_distance": 1}, "only together with values"),
        ({"indices": [1, 2, 1]}, "each band once"),
        ({"indices": []}, "at least 1 item"),
        ({"indices": list(range(17))}, "at most 16 items"),
        ({"values": [float(i) for i in range(100_000)]}, "at most 16 items"),
        ({"indices": [-1]}, "greater than or equal to 0"),
        ({"values": [float("nan")]}, "finite number"),
        ({"values": [640], "max_distance": -1}, "greater than or equal to 0"),
        ({"values": [640], "wave": 1}, "Extra inputs"),
    ],
)
def test_bands_that_say_nothing_or_too_much_are_refused(bands: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        GeoTiffParams(bands=bands)


def test_an_index_that_is_not_there_is_refused(scene: Scene, convert: Any) -> None:
    with pytest.raises(ParametersInvalid, match="has 8 indices, 0 to 7; 8 is not one"):
        convert(scene, bands={"indices": [0, 8]})
    with pytest.raises(ParametersInvalid, match="is not one"):
        convert(scene, bands={"indices": [2**62]})


def test_one_dimension_is_not_chosen_twice(scene: Scene, convert: Any) -> None:
    with pytest.raises(ParametersInvalid, match="'wavelength', which is that of the bands"):
        convert(scene, bands=RGB, dimensions={"wavelength": 3})


# --- what is written --------------------------------------------------------------------------


def test_sixteen_bands_and_one_are_written_and_none_is_taken_for_transparency(
    scene: Scene, convert: Any
) -> None:
    scene.wavelengths, scene.kind = list(range(400, 600, 10)), "u1"
    scene.change = lambda values: values % 251
    for indices in ([3], [3, 2], [4, 2, 3], [0, 1, 2, 3], list(range(16))):
        item = convert(scene, bands={"indices": indices})
        np.testing.assert_array_equal(pixels(item), scene.values[indices])
        with rasterio.open(item.files[0].path) as opened:
            colors = {color.name for color in opened.colorinterp}
        assert colors <= {"gray", "undefined"}, indices


def test_statistics_are_told_for_each_band_and_for_all(scene: Scene, convert: Any) -> None:
    scene.kind = "f4"

    def change(values: Any) -> Any:
        values[6, :, 0] = np.nan
        return values

    scene.change = change
    item = convert(scene, bands=RGB)
    red, green, blue = item.metadata["band_statistics"]
    assert red["valid_fraction"] == pytest.approx(6 / 7)
    assert (red["minimum"], green["minimum"], blue["maximum"]) == (6001, 4000, 2046)
    assert item.metadata["statistics"]["minimum"] == 2000
    assert item.metadata["statistics"]["valid_fraction"] == pytest.approx(20 / 21)
    assert green["mean"] == pytest.approx(float(scene.values[4].mean()))


def test_packed_bands_are_unpacked_or_keep_scale_and_offset(scene: Scene, convert: Any) -> None:
    scene.field_attributes = {"scale_factor": 0.0001}
    np.testing.assert_allclose(
        pixels(convert(scene, bands=RGB)), scene.values[INDICES] * 0.0001, rtol=1e-6
    )
    item = convert(scene, bands=RGB, unpack=False, dtype="float32")
    np.testing.assert_array_equal(pixels(item), scene.values[INDICES])
    with rasterio.open(item.files[0].path) as opened:
        assert opened.scales == (0.0001,) * 3


def test_bands_are_warped_each_for_itself(scene: Scene, convert: Any) -> None:
    """What is missing in one of them is neither missing in the others nor mixed into itself."""
    scene.kind, scene.shape = "f4", {"y": 40, "x": 50}

    def change(values: Any) -> Any:
        values[4, 10:20] = -9999
        return values

    scene.change, scene.field_attributes = change, {"missing_value": np.float32(-9999)}
    warp = {"dst_crs": "EPSG:4326", "resampling": "bilinear"}
    together = pixels(convert(scene, bands=RGB, **warp))
    for number, index in enumerate(INDICES):
        alone = pixels(convert(scene, dimensions={"wavelength": index}, **warp))[0]
        known = alone != -9999
        np.testing.assert_array_equal(together[number][known], alone[known])
        # GDAL goes half a pixel further into what is missing where it looks at several bands.
        more = together[number][~known]
        assert set(np.floor_divide(more[more != -9999], 1000)) <= {float(index)}
        assert np.count_nonzero(more == -9999) > more.size / 2


def test_every_time_step_has_its_bands(scene: Scene, convert: Any, context: Any) -> None:
    scene.order = ("time", "y", "x", "wavelength")
    scene.shape = {"y": 5, "x": 7, "time": 2}

    def more(file: Any) -> None:
        time = file.createVariable("time", "i4", ("time",))
        time.units = "hours since 2024-05-31"
        time[:] = [0, 6]
        file["reflectance"][1] = file["reflectance"][1] + 1

    scene.more = more
    first, second = items_of(context(scene, bands=RGB))
    np.testing.assert_array_equal(pixels(first), scene.values[INDICES])
    np.testing.assert_array_equal(pixels(second), scene.values[INDICES] + 1)
    assert second.files[0].name == "reflectance_wavelength6-4-2_20240531T060000Z.tif"
    assert second.title == "Reflectance (640.3 nm, 545.2 nm, 475.5 nm), 2024-05-31T06:00:00Z"


def test_the_picture_of_three_bands_is_in_colors(scene: Scene, convert: Any) -> None:
    """Each band is stretched between its 2nd and 98th percentile; what lacks one is transparent."""
    scene.kind, scene.shape = "f4", {"y": 40, "x": 60}

    def change(values: Any) -> Any:
        values[:] = 0
        # From the left: red, green, blue; each in a scale of its own.
        for third, (band, bright) in enumerate(((6, 5000.0), (4, 0.3), (2, 90.0))):
            values[band, :, 20 * third : 20 * third + 20] = bright
        values[4, :5] = np.nan
        return values

    scene.change = change
    item = convert(scene, bands=RGB)
    assert [file.name for file in item.files][1:] == ["preview.png"]
    with gdal(), rasterio.open(item.files[1].path) as opened:
        picture = opened.read()
    assert picture.shape == (4, 40, 60)
    assert picture[:, 20, [10, 30, 50]].T.tolist() == [
        [255, 0, 0, 255],
        [0, 255, 0, 255],
        [0, 0, 255, 255],
    ]
    assert not picture[3, :5].any()
    two = convert(scene, bands={"indices": [6, 4]})
    with gdal(), rasterio.open(two.files[1].path) as opened:
        assert opened.count == 2


# --- names ------------------------------------------------------------------------------------


def test_bands_have_names_of_their_own_and_what_has_none_keeps_its_name(
    scene: Scene, convert: Any, tmp_path: Path
) -> None:
    """A name that was given stays: else all that was ingested would be ingested again."""
    path = scene.write(tmp_path / "scene.nc")
    plain = convert(path, dimensions={"wavelength": 6})
    assert plain.source_id.endswith("|reflectance[wavelength=6]|-|44136fa355b3678a")
    assert GeoTiffParams(dst_crs="EPSG:3035").output_digest() == "7fcf6468648035c9"
    chosen: list[Any] = [
        RGB,
        {"values": RGB["values"][::-1], "units": "nm"},
        {"indices": [6]},
        {"indices": [6, 4]},
    ]
    names = [plain.source_id, *(convert(path, bands=bands).source_id for bands in chosen)]
    assert len(set(names)) == len(names)
    assert "|reflectance[wavelength=6+4+2]|-|" in names[1]
    digests = {GeoTiffParams(bands=bands).output_digest() for bands in (None, *chosen)}
    assert len(digests) == 5
    assert convert(path, bands=RGB).source_id == names[1]


def test_naming_a_variable_or_its_standard_name_is_one_record(
    scene: Scene, convert: Any, tmp_path: Path
) -> None:
    scene.more = heights("surface_altitude")
    path = scene.write(tmp_path / "scene.nc")
    by_name, by_standard_name = (
        convert(path, variable="z"),
        convert(path, standard_names=["surface_altitude"]),
    )
    assert by_name.source_id == by_standard_name.source_id


# --- standard names ---------------------------------------------------------------------------

HEIGHTS = ["surface_altitude", "height", "altitude"]


def heights(*standard_names: str) -> Callable[[Any], None]:
    """Grids of heights: z, z1, …, with these standard names."""

    def more(file: Any) -> None:
        for number, name in enumerate(standard_names):
            field = file.createVariable(f"z{number or ''}", "f4", ("y", "x"))
            field.setncatts({"standard_name": name, "grid_mapping": "crs", "units": "m"})
            field[:] = 100 * number + np.arange(35).reshape(5, 7)

    return more


def test_the_first_standard_name_that_occurs_is_taken(scene: Scene, convert: Any) -> None:
    scene.more = heights("altitude", "height", "air_temperature")
    assert convert(scene, standard_names=HEIGHTS).metadata["variable"] == "z1"
    scene.more = heights("altitude", "air_temperature")
    item = convert(scene, standard_names=HEIGHTS)
    assert item.metadata["variable"] == "z"
    assert pixels(item)[0, 0, 3] == 3


def test_heights_that_coordinates_list_are_taken_and_those_of_a_whole_field_are_not(
    scene: Scene, convert: Any
) -> None:
    scene.field_attributes["coordinates"] = "z height"

    def more(file: Any) -> None:
        heights("altitude")(file)
        height = file.createVariable("height", "f8", ())
        height.standard_name = "height"
        height[...] = 2.0

    scene.more = more
    assert convert(scene, standard_names=HEIGHTS).metadata["variable"] == "z"


def test_standard_names_that_are_not_there_or_twice_are_refused_with_what_there_is(
    scene: Scene, convert: Any
) -> None:
    scene.more = heights("air_temperature")
    with pytest.raises(
        ParametersInvalid,
        match=r"standard name surface_altitude or height or altitude.*: air_temperature \(z\)\.",
    ):
        convert(scene, standard_names=HEIGHTS)
    scene.more = heights("height", "height", "altitude")
    with pytest.raises(ParametersInvalid, match=r"Several variables fit: z, z1\.") as caught:
        convert(scene, standard_names=HEIGHTS)
    assert caught.value.hint == "Name one with `variable`."

    def swath(file: Any) -> None:
        file.createDimension("scan", 3)
        file.createVariable("z", "f4", ("scan", "x")).standard_name = "height"

    scene.more = swath
    with pytest.raises(SourceInvalid, match="no x and y axis"):
        convert(scene, standard_names=HEIGHTS)


def test_standard_names_and_a_variable_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="exclude each other"):
        GeoTiffParams(variable="z", standard_names=("height",))
    for names in ([], ["a"] * 9, [""], ["a" * 257]):
        with pytest.raises(ValidationError):
            GeoTiffParams(standard_names=names)


def test_the_cube_is_found_beside_heights_when_bands_are_asked_for(
    scene: Scene, convert: Any
) -> None:
    scene.more = heights("surface_altitude")
    with pytest.raises(ParametersInvalid, match="Several variables fit: reflectance, z"):
        convert(scene)
    assert convert(scene, bands=RGB).metadata["variable"] == "reflectance"

    def two(file: Any) -> None:
        heights("surface_altitude")(file)
        file.createVariable("radiance", "f4", ("wavelength", "y", "x"))

    scene.more = two
    with pytest.raises(ParametersInvalid, match=r"Several variables fit: radiance, reflectance\."):
        convert(scene, bands=RGB)


# --- OPeNDAP ----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["wavelength y x", "y x wavelength"])
@pytest.mark.parametrize("coordinate", ["wavelength", "centers"])
def test_of_a_remote_cube_only_the_asked_bands_travel(
    scene: Scene,
    convert: Any,
    context_of: Any,
    site: Any,
    tmp_path: Path,
    order: str,
    coordinate: str,
) -> None:
    scene.order = tuple(name if name != "wavelength" else "band" for name in order.split())
    if coordinate == "wavelength":
        scene.order = tuple(order.split())
    scene.coordinate, scene.more = coordinate, heights("height")
    path = scene.write(tmp_path / "scene.nc")
    site.pages = pages = Dap("/dodsC/scene", path)
    source = Source(type="uri", uri=f"{site.url}/dodsC/scene")
    context = context_of(nc_to_geotiff, [source], bands=RGB)
    (far,) = items_of(context)
    near = convert(path, bands=RGB)
    assert [file.sha256 for file in far.files] == [file.sha256 for file in near.files]
    assert far.metadata["bands"] == near.metadata["bands"]
    assert far.source_id.split("|")[1:] == near.source_id.split("|")[1:]
    fields = [asked.partition("[")[2] for asked in pages.asked if "reflectance" in asked]
    one, y, x = "{0}:1:{0}]", "0:1:4]", "0:1:6]"
    places = {"y": y, "x": x}
    assert fields == [
        "[".join(places.get(name, one.format(index)) for name in scene.order) for index in INDICES
    ]
    (height,) = items_of(context_of(nc_to_geotiff, [source], standard_names=HEIGHTS))
    assert height.metadata["variable"] == "z"
