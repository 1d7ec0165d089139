"""The scan lets scientific files through and refuses files that reach outside themselves."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from osa.conventions import SourceInvalid, SourceRefused
from osa.conventions.hdf5_scan import ScanLimits, scan

h5py = pytest.importorskip("h5py")
np = pytest.importorskip("numpy")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Another local file, which no source may bring out."""
    path = tmp_path / "secret.h5"
    with h5py.File(path, "w") as file:
        file["a"] = np.arange(100)
    return path


def test_ordinary_files_pass(data: Path) -> None:
    found = {path.name: scan(path) for path in sorted((data / "netcdf").glob("*.nc"))}
    assert found["co2_0_360_packed.nc"] == "netcdf-3"
    assert found["ukmo_tmean_1910_tm.nc"] == "hdf5"
    assert len(found) >= 8


def test_every_filter_that_the_library_itself_decodes_passes(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "filters.h5", "w") as file:
        numbers = np.arange(1000, dtype="i4")
        file.create_dataset(
            "a", data=numbers, compression="gzip", shuffle=True, fletcher32=True, chunks=(100,)
        )
        file.create_dataset("b", data=numbers, scaleoffset=0, chunks=(100,))
        file["group/c"] = numbers
        file["soft"] = h5py.SoftLink("/group/c")
        file["nowhere"] = h5py.SoftLink("/none")
        file["hard"] = file["group/c"]
        file["kind"] = np.dtype("f8")
    assert scan(tmp_path / "filters.h5") == "hdf5"


def test_a_signature_behind_a_user_block_is_found(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "block.h5", "w", userblock_size=1024) as file:
        file["a"] = np.arange(3)
    assert scan(tmp_path / "block.h5") == "hdf5"


def test_external_storage_is_refused_by_the_name_of_its_object(
    tmp_path: Path, secret: Path
) -> None:
    with h5py.File(tmp_path / "a.nc", "w") as file:
        file.create_dataset("deep/down", (10,), "f4", external=[(str(secret), 0, 40)])
    with pytest.raises(SourceRefused, match=r"'/deep/down' keeps its data in another file"):
        scan(tmp_path / "a.nc")


def test_an_external_link_is_refused(tmp_path: Path, secret: Path) -> None:
    with h5py.File(tmp_path / "a.nc", "w") as file:
        file["group/out"] = h5py.ExternalLink(str(secret), "/a")
    with pytest.raises(SourceRefused, match=r"'/group/out' is a link to another file"):
        scan(tmp_path / "a.nc")


@pytest.mark.parametrize("unlimited", [False, True])
def test_a_virtual_dataset_is_refused(tmp_path: Path, secret: Path, unlimited: bool) -> None:
    with h5py.File(tmp_path / "a.nc", "w") as file:
        layout = h5py.VirtualLayout((100,), "i8", maxshape=(None,) if unlimited else None)
        whole = h5py.h5s.UNLIMITED if unlimited else 100
        source = h5py.VirtualSource(
            str(secret), "a", (100,), maxshape=(None,) if unlimited else None
        )
        layout[:whole] = source[:whole]
        file.create_virtual_dataset("v", layout)
    with pytest.raises(SourceRefused, match="'/v' is a virtual dataset"):
        scan(tmp_path / "a.nc")


@pytest.mark.parametrize("soft", [False, True])
def test_a_group_that_contains_itself_is_refused(tmp_path: Path, soft: bool) -> None:
    """netCDF4 would open such a file for ever."""
    with h5py.File(tmp_path / "a.nc", "w") as file:
        inner = file.create_group("a/b")
        inner["up"] = h5py.SoftLink("/a") if soft else file["a"]
    with pytest.raises(SourceRefused, match="'/a/b/up' is a second way to a group"):
        scan(tmp_path / "a.nc")


def test_groups_nested_without_end_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.nc", "w") as file:
        file.create_group("/".join("g" * 100))
    with pytest.raises(SourceRefused, match="nested more than 64 deep"):
        scan(tmp_path / "a.nc")


def test_a_filter_that_needs_a_plug_in_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.nc", "w") as file:
        file.create_dataset("d", (1000,), "f4", compression="lzf")
    with pytest.raises(SourceRefused, match=r"'/d' uses the filter 32000"):
        scan(tmp_path / "a.nc")


def test_small_files_that_declare_terabytes_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.nc", "w") as file:
        file.create_dataset("d", (1000, 1_000_000, 1000), "f4", chunks=(1, 100, 100))
    with pytest.raises(SourceRefused, match="declares 1000000000000 values in /d"):
        scan(tmp_path / "a.nc")
    with h5py.File(tmp_path / "b.nc", "w") as file:
        for name in range(10):
            file.create_dataset(f"d{name}", (10_000, 100_000), "f4", chunks=(100, 100))
    with pytest.raises(SourceRefused, match="no real file is compressed more than"):
        scan(tmp_path / "b.nc")


def test_a_chunk_that_fills_the_memory_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.nc", "w") as file:
        file.create_dataset("d", (20_000, 20_000), "f4", chunks=(20_000, 20_000))
    with pytest.raises(SourceRefused, match="has chunks of 1600000000 bytes"):
        scan(tmp_path / "a.nc")


def test_objects_and_attributes_are_counted(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.nc", "w") as file:
        for number in range(30):
            file.create_group(f"g{number}").attrs["a"] = 1
    assert scan(tmp_path / "a.nc") == "hdf5"
    with pytest.raises(SourceRefused, match="more than 20 objects"):
        scan(tmp_path / "a.nc", limits=ScanLimits(max_objects=20))
    with pytest.raises(SourceRefused, match="more than 10 attributes"):
        scan(tmp_path / "a.nc", limits=ScanLimits(max_attributes=10))


@pytest.mark.parametrize(
    "content", [b"", b"<VRTDataset/>", b"II*\0", b"CDF\x09" + bytes(100), b"\x0e\x03\x13\x01HDF4"]
)
def test_what_is_not_netcdf_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.nc").write_bytes(content)
    with pytest.raises(SourceInvalid, match=r"field\.nc is not a NetCDF file"):
        scan(tmp_path / "a.nc", label="field.nc")


def test_a_broken_hdf5_file_is_invalid(tmp_path: Path, secret: Path) -> None:
    content = secret.read_bytes()
    (tmp_path / "short.nc").write_bytes(content[:200])
    (tmp_path / "noise.nc").write_bytes(content[:96] + bytes(len(content) - 96))
    for name in ("short.nc", "noise.nc"):
        with pytest.raises(SourceInvalid, match="not a sound HDF5 file"):
            scan(tmp_path / name)


def classic(*, records: int = 0, side: int, version: int = 1) -> bytes:
    """The header of a classic file with one float variable v(y, x), or v(t, y, x) with records."""

    def name(text: bytes) -> bytes:
        return struct.pack(">i", len(text)) + text + bytes(-len(text) % 4)

    sizes = ([(b"t", 0)] if records else []) + [(b"y", side), (b"x", side)]
    dimensions = b"".join(name(label) + struct.pack(">i", size) for label, size in sizes)
    begin = b"\0\0\0\xf0" if version == 1 else struct.pack(">q", 0xF0)
    return b"".join(
        [
            b"CDF" + bytes([version]),
            struct.pack(">i", records),
            struct.pack(">ii", 10, len(sizes)) + dimensions,
            bytes(8),
            struct.pack(">ii", 11, 1),
            name(b"v"),
            struct.pack(">i", len(sizes)),
            *(struct.pack(">i", number) for number in range(len(sizes))),
            bytes(8),
            struct.pack(">ii", 5, 0) + begin,
        ]
    )


def test_a_classic_header_that_declares_more_than_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    path.write_bytes(classic(side=1_000_000).ljust(8000, b"\0"))
    with pytest.raises(SourceRefused, match=r"declares 4000000000240 bytes; the file has 8000"):
        scan(path)
    path.write_bytes(classic(side=10, records=1_000_000, version=2).ljust(8000, b"\0"))
    with pytest.raises(SourceRefused, match=r"declares 400000240 bytes; the file has 8000"):
        scan(path)
    path.write_bytes(classic(side=10).ljust(0xF0 + 400, b"\0"))
    assert scan(path) == "netcdf-3"


@pytest.mark.parametrize("cut", [5, 12, 30, 50, 70, 90])
def test_a_classic_header_that_ends_too_early_is_refused(tmp_path: Path, cut: int) -> None:
    (tmp_path / "a.nc").write_bytes(classic(side=10)[:cut])
    with pytest.raises(SourceRefused, match="not a sound NetCDF classic file"):
        scan(tmp_path / "a.nc")
