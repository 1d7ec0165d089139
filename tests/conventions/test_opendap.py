"""OPeNDAP datasets become the same GeoTIFFs as their files, through the guarded client only.

The server of these tests speaks DAP2 over files read with netCDF4; it shares no code with the
reader.
"""

from __future__ import annotations

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
pytest.importorskip("netCDF4")
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
    ):
        pages.dds = lambda body=body: body
        with pytest.raises((SourceInvalid, SourceRefused), match=message):
            remote("/dap/x", access="opendap")


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
