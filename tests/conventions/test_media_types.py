"""What a file is, by its bytes."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osa.conventions.archives import ArchiveRefused, entry_names, read_entry
from osa.conventions.media_types import agree, detect_encoding, essence, sniff

HDF5 = b"\x89HDF\r\n\x1a\n"


def zipped(**entries: str) -> bytes:
    """A ZIP file; `__` in a name stands for a slash."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in entries.items():
            archive.writestr(name.replace("__", "/"), text)
    return buffer.getvalue()


def open_document(media_type: str) -> bytes:
    """The beginning that OpenDocument and EPUB prescribe."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", media_type)
        archive.writestr("content.xml", "<a/>")
    return buffer.getvalue()


def ooxml(folder: str) -> bytes:
    """The beginning of an Office Open XML file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(f"{folder}/a.xml", "<a/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"", "application/octet-stream"),
        (b"\x00\x01\x02\x03binary", "application/octet-stream"),
        (b"CDF\x01" + bytes(20), "application/x-netcdf"),
        (b"CDF\x02" + bytes(20), "application/x-netcdf"),
        (b"CDF\x05" + bytes(20), "application/x-netcdf"),
        (b"CDF is a format.", "text/plain"),
        (HDF5 + bytes(100), "application/x-hdf5"),
        (bytes(512) + HDF5 + bytes(100), "application/x-hdf5"),
        (bytes(4096) + HDF5 + bytes(9) + b"_NCProperties", "application/x-netcdf"),
        (bytes(100) + HDF5 + bytes(900), "application/octet-stream"),
        (bytes(513) + HDF5 + bytes(900), "application/octet-stream"),
        (HDF5 + bytes(2_000_000) + b"_Netcdf4Dimid" + bytes(90), "application/x-netcdf"),
        (b"\x0e\x03\x13\x01" + bytes(10), "application/x-hdf"),
        (b"II*\0\x08\0\0\0", "image/tiff"),
        (b"MM\0*\0\0\0\x08", "image/tiff"),
        (b"II+\0\x08\0\0\0", "image/tiff"),
        (b"MM\0+\0\x08\0\0", "image/tiff"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
        (b"\0\0junk%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
        (b"See %PDF-1.7 in the manual.", "text/plain"),
        (gzip.compress(b"x", mtime=0), "application/gzip"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (b"GIF89a\x01\0\x01\0", "image/gif"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "application/octet-stream"),
        (zipped(a="x"), "application/zip"),
        (zipped(), "application/zip"),
        (zipped(word__document="x"), "application/zip"),
        (
            ooxml("word"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (ooxml("xl"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (
            ooxml("ppt"),
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ),
        (ooxml("other"), "application/zip"),
        (
            open_document("application/vnd.oasis.opendocument.text"),
            "application/vnd.oasis.opendocument.text",
        ),
        (open_document("application/epub+zip"), "application/epub+zip"),
        (open_document("text/html"), "application/zip"),
        (b"PK\x03\x04 and then nothing of a ZIP file", "application/zip"),
        (b"<?xml version='1.0'?><a/>", "application/xml"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x --><gmd:MD_Metadata/>", "application/xml"),
        ("<?xml version='1.0'?><a>æ</a>".encode("utf-16"), "application/xml"),
        (b"<csw:Record xmlns:csw='x'/>", "application/xml"),
        (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b '>'>]><a>&b;</a>", "application/xml"),
        (b"<?xml version='1.0'?><!-- never ends", "application/xml"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"<?xml version='1.0'?><!DOCTYPE svg PUBLIC 'x'><svg/>", "image/svg+xml"),
        (b"<!DOCTYPE html><p>x", "text/html"),
        (b"\n <!doctype HTML PUBLIC 'x'>", "text/html"),
        (b"<html lang=en><body>", "text/html"),
        (b"<!-- x --><HTML>", "text/html"),
        (b"<p>A piece of a page</p>", "text/html"),
        (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", "text/html"),
        (b"<3 is a heart", "text/plain"),
        (b"a < b", "text/plain"),
        (b'{"a": [1, 2]}', "application/json"),
        (b"[]", "application/json"),
        (b"[not json]", "text/plain"),
        (b'{"a": 1}\n{"a": 2}\n', "text/plain"),
        (b"[" * 100_000, "text/plain"),
        (json.dumps(["x" * 2_000_000]).encode(), "application/json"),
        ("blåbær og æbler".encode(), "text/plain"),
        ("blåbær og æbler".encode("latin-1"), "text/plain"),
        ("blåbær og æbler".encode("utf-16"), "text/plain"),
        ("blåbær og æbler".encode("utf-16-le"), "text/plain"),
        ("blåbær og æbler".encode("utf-16-be"), "text/plain"),
        (bytes(range(128, 256)), "application/octet-stream"),
        ((b"x" * 65_535) + "å".encode() * 10, "text/plain"),
    ],
)
def test_the_content_says_what_it_is(tmp_path: Path, content: bytes, media_type: str) -> None:
    path = tmp_path / "misleading.pdf"
    path.write_bytes(content)
    assert sniff(path) == media_type


def test_real_files_are_recognized(data: Path) -> None:
    kinds = {
        "*.nc": "application/x-netcdf",
        "*.tif": "image/tiff",
        "*.zip": "application/zip",
        "*.xml": "application/xml",
        "*.pdf": "application/pdf",
        "*.md": "text/plain",
    }
    for pattern, media_type in kinds.items():
        found = {path.name: sniff(path) for path in data.rglob(pattern)}
        assert found, pattern
        assert set(found.values()) == {media_type}, found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.binary(max_size=2000) | st.text(max_size=500).map(lambda text: text.encode("utf-8")))
def test_any_bytes_get_an_answer(tmp_path: Path, content: bytes) -> None:
    for prefix in (b"", b"PK\x03\x04", b"PK\x05\x06", b"<", b"{", HDF5):
        path = tmp_path / "any"
        path.write_bytes(prefix + content)
        assert "/" in sniff(path)


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=200))
def test_the_detected_encoding_can_read_the_text(text: str) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        encoded = text.encode(encoding)
        decoded = encoded.decode(detect_encoding(encoded, whole=True), "replace")
        assert decoded.removeprefix("\ufeff") == text.removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("declared", "sniffed"),
    [
        (None, "application/pdf"),
        ("application/octet-stream", "application/pdf"),
        ("application/pdf; version=1", "application/pdf"),
        ("Application/NetCDF", "application/x-netcdf"),
        ("application/x-hdf5", "application/x-netcdf"),
        ("text/xml; charset=utf-8", "application/xml"),
        ("application/vnd.ogc.csw+xml", "application/xml"),
        ("application/geo+json", "application/json"),
        ("text/csv", "text/plain"),
        ("text/markdown", "text/html"),
        ("text/plain", "application/json"),
        ("application/json", "text/plain"),
        ("image/geotiff", "image/tiff"),
        ("application/vnd.google-earth.kmz", "application/zip"),
        ("application/x-yaml", "text/plain"),
        ("application/x-tar", "application/octet-stream"),
        ("nonsense", "text/plain"),
    ],
)
def test_these_declarations_may_describe_what_was_found(declared: str, sniffed: str) -> None:
    assert agree(declared, sniffed)


@pytest.mark.parametrize(
    ("declared", "sniffed"),
    [
        ("application/pdf", "text/html"),
        ("application/pdf", "application/octet-stream"),
        ("application/x-netcdf", "text/html"),
        ("application/x-netcdf", "text/plain"),
        ("image/tiff", "application/json"),
        ("image/png", "image/jpeg"),
        ("text/plain", "application/pdf"),
        ("text/html", "application/zip"),
        ("application/json", "application/zip"),
        ("application/x-yaml", "application/pdf"),
        ("application/vnd.oasis.opendocument.text", "text/html"),
    ],
)
def test_these_declarations_contradict_what_was_found(declared: str, sniffed: str) -> None:
    assert not agree(declared, sniffed)


def test_parameters_are_not_part_of_a_media_type() -> None:
    assert essence(" Text/HTML ; charset=x") == "text/html"
    assert essence(None) == ""


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    path.write_bytes(zipped(a="x" * 50_000_000, b="small"))
    with pytest.raises(ArchiveRefused, match="200 to 1"):
        next(read_entry(path, "b", max_bytes=1000))


def test_an_entry_larger_than_wanted_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(a="x" * 1001))
    with pytest.raises(ArchiveRefused, match="larger than 1000"):
        next(read_entry(path, "a", max_bytes=1000))
    assert b"".join(read_entry(path, "a", max_bytes=1001)) == b"x" * 1001


def test_a_directory_that_claims_to_be_huge_is_not_read(tmp_path: Path) -> None:
    content = bytearray(zipped(a="x"))
    for offset, value in ((10, 60_000), (8, 60_000)):
        struct.pack_into("<H", content, len(content) - 22 + offset, value)
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(ArchiveRefused, match="60000 entries"):
        entry_names(path)
    struct.pack_into("<HHLL", content, len(content) - 22 + 8, 1, 1, 2**31, 0)
    path.write_bytes(content)
    with pytest.raises(ArchiveRefused, match="directory"):
        entry_names(path)


def test_too_many_entries_are_refused_whatever_the_directory_says(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(10_001):
            archive.writestr(str(number), "")
    content = bytearray(path.read_bytes())
    struct.pack_into("<HH", content, len(content) - 22 + 8, 1, 1)
    path.write_bytes(content)
    with pytest.raises(ArchiveRefused, match="10000 entries"):
        entry_names(path)


@pytest.mark.parametrize("cut", [1, 10, 30, 60])
def test_a_broken_archive_is_refused_and_raises_nothing_else(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(a="x" * 100)[:-cut])
    with pytest.raises(ArchiveRefused):
        b"".join(read_entry(path, "a", max_bytes=1000))
