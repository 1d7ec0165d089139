"""Over a real OPeNDAP server, pydap, time steps and bands become what they become of the file, and
no more travels than is needed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from osa_testing.environments import NotInstalled, interpreter

from osa.conventions import Item, Source
from osa.conventions.nc_to_geotiff import nc_to_geotiff

np = pytest.importorskip("numpy")
netCDF4 = pytest.importorskip("netCDF4")
rasterio = pytest.importorskip("rasterio")

REQUIREMENTS = ("pydap==3.5.9", "netCDF4>=1.7.2", "numpy>=2.0")
PROGRAM = Path(__file__).parents[1] / "osa_testing" / "pydap_program.py"
#: What descriptions, coordinates and the heads of answers may take, in bytes.
BESIDE = 20_000


@contextmanager
def served(path: Path) -> Iterator[str]:
    """The address of a server for the file, until the block ends."""
    try:
        python = interpreter("pydap-3.5.9", REQUIREMENTS)
    except NotInstalled as exc:
        pytest.skip(str(exc))
    with subprocess.Popen(
        [str(python), "-W", "ignore", str(PROGRAM), str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said.startswith(b"port "), "pydap does not start"
            yield f"http://127.0.0.1:{int(said.split()[1])}"
        finally:
            process.kill()


@pytest.fixture
def both(context_of: Any, as_source: Any) -> Callable[..., tuple[list[Item], list[Item], int]]:
    """The items of the served dataset and of the file, and how many bytes the server sent."""

    def run(path: Path, **parameters: Any) -> tuple[list[Item], list[Item], int]:
        def items(source: Source) -> list[Item]:
            context = context_of(nc_to_geotiff, [source], **parameters)
            return [item for batch in nc_to_geotiff.ingest(context) for item in batch.items]

        with served(path) as address:
            far = items(Source(type="uri", uri=f"{address}/dodsC/scene"))
            sent = httpx.get(f"{address}/sent", trust_env=False).json()["all"]
        return far, items(as_source(path)), sent

    return run


def assert_same(far: list[Item], near: list[Item]) -> None:
    """Pixel for pixel, and in all that the records say but where it comes from."""
    assert len(far) == len(near)
    for theirs, ours in zip(far, near, strict=True):
        assert theirs.source_id.split("|")[1:] == ours.source_id.split("|")[1:]
        assert theirs.title == ours.title
        without = [
            {name: value for name, value in item.metadata.items() if name != "source"}
            for item in (theirs, ours)
        ]
        assert without[0] == without[1]
        assert theirs.metadata["source"]["protocol"] == "DAP2"
        with (
            rasterio.open(theirs.files[0].path) as there,
            rasterio.open(ours.files[0].path) as here,
        ):
            np.testing.assert_array_equal(there.read(), here.read())
            assert (there.profile, there.tags()) == (here.profile, here.tags())
            assert there.descriptions == here.descriptions
        assert [file.sha256 for file in theirs.files] == [file.sha256 for file in ours.files]


def test_ten_time_steps_are_those_of_the_file_and_nothing_else_travels(
    both: Any, tmp_path: Path
) -> None:
    path = tmp_path / "ten.nc"
    steps, rows, columns = 10, 120, 150
    random = np.random.default_rng(0)
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("time", steps), ("y", rows), ("x", columns)):
            file.createDimension(name, size)
        says = {
            "time": {"units": "hours since 2024-05-31"},
            "y": {"units": "degrees_north"},
            "x": {"units": "degrees_east"},
        }
        first = {"time": (0, 6), "y": (70, -0.25), "x": (5, 0.25)}
        for name, own in says.items():
            axis = file.createVariable(name, "f8", (name,))
            axis.setncatts(own)
            axis[:] = first[name][0] + first[name][1] * np.arange(len(axis))
        for name in ("temperature", "humidity"):
            field = file.createVariable(name, "f4", ("time", "y", "x"), fill_value=-999.0)
            field.setncatts({"long_name": name, "units": "K"})
            field[:] = random.normal(280, 5, (steps, rows, columns))
            field[:, :3, :5] = -999.0
    asked = {"variable": "temperature", "bounds": [10, 50, 20, 60]}
    far, near, sent = both(path, **asked)
    assert len(far) == steps
    assert_same(far, near)
    needed = steps * 40 * 40 * 4
    assert needed < sent < needed + BESIDE
    assert sent < path.stat().st_size / 10


def test_twelve_real_months_are_those_of_the_file(both: Any, data: Path) -> None:
    path = data / "netcdf" / "spartacus_tas_lcc_12months.nc"
    far, near, sent = both(path)
    assert len(far) == 12
    assert_same(far, near)
    # Its positions in two dimensions are looked at in three places, and do not travel.
    needed = 12 * 60 * 60 * 8
    assert needed < sent < needed + BESIDE


@pytest.mark.parametrize("order", ["wavelength y x", "y x wavelength"])
def test_of_a_cube_three_bands_travel(both: Any, tmp_path: Path, order: str) -> None:
    path = tmp_path / "cube.nc"
    sizes = {"wavelength": 60, "y": 80, "x": 90}
    with netCDF4.Dataset(path, "w") as file:
        for name, size in sizes.items():
            file.createDimension(name, size)
        for name, own, values in (
            ("wavelength", {"units": "nm"}, 400.5 + 5 * np.arange(60)),
            ("y", {"units": "degrees_north"}, 60 - 0.01 * np.arange(80)),
            ("x", {"units": "degrees_east"}, 10 + 0.01 * np.arange(90)),
        ):
            axis = file.createVariable(name, "f8", (name,))
            axis.setncatts(own)
            axis[:] = values
        names = tuple(order.split())
        cube = file.createVariable("reflectance", "u2", names)
        shape = tuple(sizes[name] for name in names)
        cube[:] = np.random.default_rng(1).integers(0, 10_000, shape)
    far, near, sent = both(path, bands={"values": [640, 550, 470], "units": "nm"})
    assert_same(far, near)
    assert [band["index"] for band in far[0].metadata["bands"]] == [48, 30, 14]
    # Numbers of 16 bits travel as 32.
    needed = 3 * 80 * 90 * 4
    assert needed < sent < needed + BESIDE
