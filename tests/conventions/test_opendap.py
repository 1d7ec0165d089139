"""OPeNDAP datasets become the same GeoTIFFs as their files, through the guarded client only.

The server of these tests speaks DAP2 over files read with netCDF4; it shares no code with the
reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from osa_testing.opendap import TYPES, Dap, encode

from osa.conventions import (
    Item,
    Limits,
    ParametersInvalid,
    Source,
    SourceInvalid,
    SourceNotFound,
    SourceRefused,
)
from osa.conventions.nc_to_geotiff import dap2, nc_to_geotiff

np = pytest.importorskip("numpy")
netCDF4 = pytest.importorskip("netCDF4")
rasterio = pytest.importorskip("rasterio")


@pytest.fixture
def remote(site: Any, context_of: Any) -> Callable[..., list[Item]]:
    """All items of a URI below the site."""

    def run(path: str, **parameters: Any) -> list[Item]:
        context = context_of(nc_to_geotiff, [Source(type="uri", uri=site.url + path)], **parameters)
        items = [item for batch in nc_to_geotiff.ingest(context) for item in batch.items]
        left = {file.name for file in context.workdir.iterdir()} - {"opendap.nc", "source-1"}
        assert left == {file.path.name for item in items for file in item.files}
        return items

    return run


@pytest.fixture
def local(context_of: Any, as_source: Any) -> Callable[..., list[Item]]:
    """All items of a file."""

    def run(path: Path, **parameters: Any) -> list[Item]:
        context = context_of(nc_to_geotiff, [as_source(path)], **parameters)
        return [item for batch in nc_to_geotiff.ingest(context) for item in batch.items]

    return run


@pytest.fixture
def serve(site: Any, data: Path) -> Callable[..., Dap]:
    def run(name: str, root: str, **options: Any) -> Dap:
        site.pages = Dap(root, data / "netcdf" / name, **options)
        return site.pages  # type: ignore[no-any-return]

    return run


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("arome_metcoop_wind10m_lcc.nc", {"variable": "x_wind_10m"}),
        ("metno_polar_stereographic_packed.nc", {"variable": "air_temperature", "time": 1}),
        (
            "metno_polar_stereographic_packed.nc",
            {
                "variable": "cloud_area_fraction_in_atmosphere_layer",
                "dimensions": {"sigma": 3},
                "time": "2007-05-16T11:00:00Z",
                "unpack": False,
            },
        ),
        ("gridmet_tmmx_20190121_packed_latlon.nc", {}),
        ("ukmo_tmean_1910_tm.nc", {}),
        ("spartacus_tas_lcc_12months.nc", {"time": 11}),
        ("co2_0_360_packed.nc", {"time": 3, "blocksize": 128}),
        ("co2_0_360_packed.nc", {"time": 3, "dst_crs": "EPSG:3413"}),
    ],
)
@pytest.mark.parametrize("maps", [False, True])
def test_a_dataset_becomes_the_same_bytes_as_its_file(
    serve: Any, remote: Any, local: Any, data: Path, name: str, parameters: Any, maps: bool
) -> None:
    serve(name, "/thredds/dodsC/sea.nc", maps=maps)
    theirs = remote("/thredds/dodsC/sea.nc", **parameters)
    ours = local(data / "netcdf" / name, **parameters)
    assert [item.files[0].sha256 for item in theirs] == [item.files[0].sha256 for item in ours]
    for far, near in zip(theirs, ours, strict=True):
        assert far.source_id.split("|")[1:] == near.source_id.split("|")[1:]
        assert far.source_id.startswith("http://127.0.0.1:")
        about = {key: value for key, value in far.metadata.items() if key != "source"}
        assert about == {key: value for key, value in near.metadata.items() if key != "source"}
        assert far.metadata["source"]["protocol"] == "DAP2"


def test_only_the_asked_part_is_read(serve: Any, remote: Any) -> None:
    pages = serve("co2_0_360_packed.nc", "/dap/co2")
    (item,) = remote("/dap/co2", time=7, bounds=[10, 40, 20, 50])
    assert pages.asked[:2] == [".dds", ".das"]
    fields = [path for path in pages.asked if "tcco2" in path]
    assert fields == [".dods?tcco2.tcco2[7:1:7][36:1:44][9:1:18]"]
    assert item.metadata["shape"] == [9, 10]


def test_large_strips_come_in_several_answers(
    serve: Any, remote: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = serve("co2_0_360_packed.nc", "/dap/co2")
    (whole,) = remote("/dap/co2", time=0)
    before = len(pages.asked)
    monkeypatch.setattr("osa.conventions.nc_to_geotiff.opendap._MAX_ANSWER", 10_000)
    (parts,) = remote("/dap/co2", time=0)
    assert whole.files[0].sha256 == parts.files[0].sha256
    assert len(pages.asked) - before > 20


def test_a_path_that_says_nothing_is_downloaded_first(
    serve: Any, remote: Any, site: Any, data: Path
) -> None:
    name = "ukmo_tmean_1910_tm.nc"
    pages = serve(name, "/data/file.nc")
    site.page("/data/file.nc", (data / "netcdf" / name).read_bytes())
    (item,) = remote("/data/file.nc")
    assert "protocol" not in item.metadata["source"]
    assert pages.asked == []
    # An HTML form where the file should be: the dataset behind it is read.
    site.page("/data/file.nc", b"<html><title>OPeNDAP Server Dataset Query Form</title></html>")
    (item,) = remote("/data/file.nc")
    assert item.metadata["source"]["protocol"] == "DAP2"


def test_access_settles_how_a_uri_is_read(serve: Any, remote: Any, site: Any) -> None:
    serve("ukmo_tmean_1910_tm.nc", "/any/where")
    for uri in ("/any/where", "/any/where.html", "/any/where.dds"):
        (item,) = remote(uri, access="opendap")
        assert item.metadata["source"]["protocol"] == "DAP2"
    site.page("/any/where", b"<html></html>")
    with pytest.raises(SourceInvalid, match="not a NetCDF file"):
        remote("/any/where", access="download")
    with pytest.raises(ParametersInvalid, match="must not have a constraint"):
        remote("/any/where?tmean[0]", access="opendap")


def test_what_is_neither_is_said_to_be_neither(remote: Any, site: Any, serve: Any) -> None:
    serve("ukmo_tmean_1910_tm.nc", "/other")
    site.page("/page", b"<html></html>")
    with pytest.raises(SourceInvalid, match=r"not a NetCDF file.*no OPeNDAP dataset either"):
        remote("/page")
    with pytest.raises(SourceNotFound):
        remote("/thredds/dodsC/none.nc")


def test_an_address_that_is_not_allowed_is_refused(site: Any, context_of: Any) -> None:
    source = Source(type="uri", uri=f"{site.url}/dodsC/x")
    for access in ("opendap", "auto"):
        context = context_of(nc_to_geotiff, [source], limits=Limits(), access=access)
        with pytest.raises(SourceRefused):
            list(nc_to_geotiff.ingest(context))
    assert site.hits == []


def test_a_file_is_no_opendap_dataset(data: Path, context_of: Any, as_source: Any) -> None:
    source = as_source(data / "netcdf" / "ukmo_tmean_1910_tm.nc")
    with pytest.raises(ParametersInvalid, match="needs a source of type uri"):
        list(nc_to_geotiff.ingest(context_of(nc_to_geotiff, [source], access="opendap")))


def test_a_server_that_answers_other_sizes_is_caught(serve: Any, remote: Any) -> None:
    pages = serve("ukmo_tmean_1910_tm.nc", "/dap/x")
    honest = pages.dods
    for lie, message in (
        (lambda body: body[:-1000], "ends inside 'tmean'"),
        (lambda body: body.replace(b"[y = 290]", b"[y = 289]"), "another number of values"),
        (lambda body: body.replace(b"[y = 290]", b"[y = 999999999]"), "answered .* values of"),
        (lambda body: b'Error { code = 500; message = "no disk"; };', "answered no data: Error"),
        (lambda body: body.replace(b"Structure", b"Sequence"), "sequences, which are not read"),
    ):
        pages.dods = lambda query, lie=lie: (
            lie(honest(query)) if "tmean.tmean" in query else honest(query)
        )
        with pytest.raises((SourceInvalid, SourceRefused), match=message):
            remote("/dap/x")


def test_descriptions_that_are_none_are_refused(serve: Any, remote: Any) -> None:
    pages = serve("ukmo_tmean_1910_tm.nc", "/dap/x")
    for body, message in (
        (b"<html>", "not a DDS"),
        (b"Dataset { Float32 a[x = 3]", "ends too early"),
        (b"Dataset { Float32 a[x = y]; } d;", "has the dimension"),
        (b"Dataset { Float32 a x; } d;", "broken near"),
        (b"Dataset { } d;", "has no arrays"),
        (b"Dataset {" + b"Structure {" * 50, "too large"),
        ("Dataset { Float32 a[x = ²]; } d;".encode(), "has the dimension"),
        (b"Dataset { Float32 a[x = " + b"9" * 5000 + b"]; } d;", "has the dimension 'x = 9+'"),
        (b"Dataset { Float32 a[x = 99999999999999999999]; } d;", "has the dimension"),
        (b"Dataset { Float32 a[x = %d]; } d;" % 2**62, "has the dimension"),
        (b"Dataset { Float32 a" + b"[x = 1]" * 1100 + b"; } d;", "too many dimensions"),
        (b"Dataset { Float32 x[x = %d]; } d;" % (10**18 - 1), "larger than is read"),
    ):
        pages.dds = lambda body=body: body
        with pytest.raises((SourceInvalid, SourceRefused), match=message):
            remote("/dap/x", access="opendap")


@pytest.mark.parametrize(
    ("declared", "values"),
    [
        ("Float64 x[3]", np.zeros(3)),
        ("Float64 x[1]", np.zeros(1)),
        ("Float64 x[2][2]", np.zeros((2, 2))),
        ("Float64 x[0]", np.zeros(0)),
        ("Float64 x[0]" + "[99999999999999999]" * 3, np.zeros(0)),
        ("Float64 x", np.zeros(())),
        ("Float32 x[180]", np.zeros(180, "f4")),
    ],
)
def test_coordinates_that_differ_from_their_declaration_are_refused(
    serve: Any, remote: Any, declared: str, values: Any
) -> None:
    pages = serve("ukmo_tmean_1910_tm.nc", "/dap/x")
    honest = pages.dods
    body = f"Dataset {{ {declared}; }} d;\nData:\n".encode() + encode(values)
    pages.dods = lambda query: body if query == "x" else honest(query)
    with pytest.raises(SourceInvalid, match=r"in another (shape|type) than it|answered no values"):
        remote("/dap/x", access="opendap")


@pytest.mark.parametrize("kind", ["f8", "i4", "u1"])
def test_a_field_of_another_type_than_declared_is_refused(
    serve: Any, remote: Any, kind: str
) -> None:
    pages = serve("ukmo_tmean_1910_tm.nc", "/dap/x")
    honest = pages.dods

    def lie(query: str) -> bytes:
        if "tmean.tmean" not in query:
            return honest(query)  # type: ignore[no-any-return]
        body = honest(query).partition(b"Data:\n")[0].replace(b"Float32 tmean", b"%s tmean")
        sizes = [int(high) + 1 - int(low) for low, high in re.findall(r"\[(\d+):1:(\d+)\]", query)]
        return body % TYPES[kind].encode() + b"Data:\n" + encode(np.zeros(sizes, kind))

    pages.dods = lie
    with pytest.raises(SourceInvalid, match="'tmean' in another type than it declares"):
        remote("/dap/x")


@pytest.mark.parametrize(
    ("declared", "attributes"),
    [
        ("Float32 a%20[x = 3];", ""),
        ("Float32 a[x%0A = 3];", ""),
        ("Float32 a%7f[x = 3];", ""),
        ("Float32 a[x%7fy = 3];", ""),
        ("", "Int32 big 99999999999999999999999;"),
        ("", "Int32 _FillValue " + "9" * 400 + ";"),
        ("", "Int32 _FillValue " + "9" * 5000 + ";"),
        ("", 'String a%20 "b"; String c%0A "d"; String e%7f "f";'),
    ],
)
def test_what_netcdf_cannot_name_or_hold_is_left_out(
    serve: Any, remote: Any, local: Any, data: Path, declared: str, attributes: str
) -> None:
    pages = serve("ukmo_tmean_1910_tm.nc", "/dap/x")
    dds = pages.dds().replace(b"Dataset {", b"Dataset {" + declared.encode())
    das = pages.das().replace(b"}\n    NC_GLOBAL {", attributes.encode() + b"}\n    NC_GLOBAL {")
    pages.dds, pages.das = lambda: dds, lambda: das
    (far,) = remote("/dap/x")
    (near,) = local(data / "netcdf" / "ukmo_tmean_1910_tm.nc")
    assert far.files[0].sha256 == near.files[0].sha256


@pytest.mark.parametrize("path", ["/dap/x", "/any/x"])
def test_what_netcdf_cannot_hold_at_all_is_the_fault_of_the_source(
    serve: Any, remote: Any, site: Any, path: str
) -> None:
    pages = serve("ukmo_tmean_1910_tm.nc", path)
    site.page(path, b"<html></html>")
    huge = f"Float64 a{'å' * 200}[n = 3];".encode()
    dds = pages.dds().replace(b"Dataset {", b"Dataset {" + huge)
    pages.dds = lambda: dds
    with pytest.raises(SourceInvalid, match="has no form as NetCDF"):
        remote(path)


def test_the_fill_value_of_a_signed_byte_is_kept(
    serve: Any, remote: Any, local: Any, tmp_path: Path
) -> None:
    path = tmp_path / "signed.nc"
    with netCDF4.Dataset(path, "w") as file:
        for name, units in (("lat", "degrees_north"), ("lon", "degrees_east")):
            file.createDimension(name, 2)
            axis = file.createVariable(name, "f8", (name,))
            axis[:] = [10, 11]
            axis.units = units
        field = file.createVariable("field", "u1", ("lat", "lon"), fill_value=129)
        field._Unsigned = "false"
        field.set_auto_maskandscale(False)
        field[:] = np.array([[129, 255], [0, 1]], "u1")
    pages = serve(path, "/dap/x")
    das = pages.das().replace(b"_FillValue 129", b"_FillValue -127")
    assert das != pages.das()
    pages.das = lambda: das
    (far,), (near,) = remote("/dap/x"), local(path)
    assert far.files[0].sha256 == near.files[0].sha256
    with rasterio.open(far.files[0].path) as image:
        assert image.nodata == -127


def test_attributes_of_every_kind_are_read() -> None:
    found = dap2.parse_das(
        r"""Attributes {
            sst {
                String long_name "the \"surface\"; {temperature}";
                Int16 _FillValue -32767;
                Float32 valid_range -2.0, NaN;
                Byte flags 0, 1;
                String lines "one", "two";
                Url home http://example.org/;
                String empty "";
                inner { Int32 depth 3; }
            }
            NC_GLOBAL { String title "A"; }
        }""",
        label="x",
    )
    assert found["sst"]["long_name"] == 'the "surface"; {temperature}'
    assert found["sst"]["_FillValue"] == -32767
    assert found["sst"]["valid_range"][0] == -2.0
    assert np.isnan(found["sst"]["valid_range"][1])
    assert found["sst"]["flags"] == [0, 1]
    assert found["sst"]["lines"] == "one\ntwo"
    assert found["sst"]["home"] == "http://example.org/"
    assert found["sst"]["empty"] == ""
    assert found["sst"]["inner"] == {"depth": 3}
    assert found["NC_GLOBAL"] == {"title": "A"}
    for broken in ("Attributes {", "Nothing", "Attributes { a { Int16 b 1;"):
        with pytest.raises(SourceInvalid):
            dap2.parse_das(broken, label="x")


def test_every_number_type_survives_the_wire() -> None:
    for kind, name in TYPES.items():
        values = np.array([0, 1, 100], dtype=kind)
        body = f"Dataset {{ {name} a[3]; {name} b; }} d;\nData:\n".encode()
        body += encode(values) + encode(np.asarray(values[2]))
        found = dap2.decode(body, label="x", max_values=3)
        np.testing.assert_array_equal(found["a"], values)
        assert found["a"].dtype == values.dtype
        assert found["b"] == 100
