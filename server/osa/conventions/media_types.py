"""What a file is, by its first bytes: never by its name, never by what somebody declared.

The common libraries do not know NetCDF, so the table is our own. At most a few hundred kilobytes of
a file are read, whatever its size.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import BinaryIO

from osa.conventions.archives import ArchiveRefused, entry_names

UNKNOWN = "application/octet-stream"

_HEAD = 64 * 1024
#: Bytes searched, at both ends of an HDF5 file, for what only netCDF writes into it.
_HDF5_WINDOW = 256 * 1024
_MAX_JSON = 1024 * 1024

_SIGNATURES = (
    (b"CDF\x01", "application/x-netcdf"),
    (b"CDF\x02", "application/x-netcdf"),
    (b"CDF\x05", "application/x-netcdf"),
    (b"\x0e\x03\x13\x01", "application/x-hdf"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"GRIB", "application/x-grib"),
)
_HDF5 = b"\x89HDF\r\n\x1a\n"
_NETCDF_MARKS = (
    b"_NCProperties",
    b"_Netcdf4Dimid",
    b"_Netcdf4Coordinates",
    b"_nc3_strict",
    b"This is a netCDF dimension",
)
_OOXML = (
    ("word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_ODF = re.compile(rb"application/(?:vnd\.oasis\.opendocument\.[a-z-]{1,40}|epub\+zip)")

#: Byte order marks, the longer before its own beginning.
_MARKS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)(?=[\s/>])")
_HTML_ROOTS = frozenset(
    ("html", "head", "body", "div", "p", "table", "title", "script", "meta", "span", "h1", "h2")
)

#: Names that other people use for the same thing.
_ALIASES = {
    "application/netcdf": "application/x-netcdf",
    "application/x-netcdf4": "application/x-netcdf",
    "application/x-netcdf;ver=4": "application/x-netcdf",
    "application/hdf5": "application/x-hdf5",
    "application/x-hdf5": "application/x-hdf5",
    "application/x-gzip": "application/gzip",
    "application/x-pdf": "application/pdf",
    "application/x-zip-compressed": "application/zip",
    "application/grib": "application/x-grib",
    "image/geotiff": "image/tiff",
    "image/tiff": "image/tiff",
    "image/jpg": "image/jpeg",
    "text/xml": "application/xml",
    "application/xhtml+xml": "text/html",
    "text/json": "application/json",
}
_ANYTHING = ("", UNKNOWN, "binary/octet-stream", "application/x-download", "application/download")
_TEXTUAL = ("text/plain", "text/html", "application/json", "application/xml", "image/svg+xml")
#: Containers: what is inside may well be called by a name that this table does not know.
_CONTAINERS = ("application/zip", "application/gzip", UNKNOWN)


def sniff(path: Path) -> str:
    """The media type of the file's content, without parameters; `application/octet-stream` if none
    of the table fits. NetCDF-4 is `application/x-netcdf` like NetCDF-3; other HDF5 is
    `application/x-hdf5`. No entity of an XML document is expanded."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
        size = stream.seek(0, os.SEEK_END)
        for signature, media_type in _SIGNATURES:
            if head.startswith(signature):
                return media_type
        if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
            return "image/webp"
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return _zip(path, head)
        if (offset := _hdf5_offset(stream, size)) is not None:
            return _hdf5(stream, offset, size)
        if (text := _text(head, whole=size == len(head))) is not None:
            return _of_text(text, stream, size)
        # Some producers put a few bytes before the header, and readers accept it.
        if b"%PDF-" in head[:1024]:
            return "application/pdf"
    return UNKNOWN


def essence(media_type: str | None) -> str:
    """The media type alone: lower case, without parameters; empty when there is none."""
    return (media_type or "").partition(";")[0].strip().lower()


def agree(declared: str | None, sniffed: str) -> bool:
    """Whether what was declared may describe what was found.

    Unspecific declarations agree with everything, kinds of text with text (a CSV file looks like
    plain text), names that the table does not know with containers and text. An HTML page that was
    announced as PDF does not agree: it is usually a log-in page or an error.
    """
    name = essence(declared)
    name = _ALIASES.get(name, name)
    found = _ALIASES.get(sniffed, sniffed)
    if name in _ANYTHING or name == found:
        return True
    if {name, found} <= {"application/x-netcdf", "application/x-hdf5", "application/x-hdf"}:
        return True
    if name.endswith("+zip") or name in dict.fromkeys(kind for _, kind in _OOXML):
        return found == "application/zip"
    if name.endswith("+xml"):
        return found in ("application/xml", "image/svg+xml")
    if name.endswith("+json"):
        return found in ("application/json", "text/plain")
    if name in ("text/plain", "text/html", "text/markdown"):
        return found in _TEXTUAL
    if name.startswith("text/") or name in ("application/json", "application/xml"):
        return found == "text/plain"
    known = {kind for _, kind in _SIGNATURES} | {"image/webp", "application/zip", "image/svg+xml"}
    if name in known or name.startswith(("image/", "application/vnd.o")):
        return False
    return found in _CONTAINERS or found in _TEXTUAL


def detect_encoding(head: bytes, *, whole: bool = False) -> str:
    """The encoding of a text that begins with `head`: by its mark, as UTF-16 or UTF-8 by its bytes,
    else Latin-1, which always fits. `whole`: nothing comes after `head`, so it may not end in a
    character."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    pairs = len(head) // 2
    if pairs >= 2 and b"\0" in head:
        if head[1::2].count(0) > 0.4 * pairs and head[::2].count(0) < 0.05 * pairs:
            return "utf-16-le"
        if head[::2].count(0) > 0.4 * pairs and head[1::2].count(0) < 0.05 * pairs:
            return "utf-16-be"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as exc:
        cut = not whole and exc.reason == "unexpected end of data" and exc.start >= len(head) - 3
        return "utf-8" if cut else "latin-1"
    return "utf-8"


def _hdf5_offset(stream: BinaryIO, size: int) -> int | None:
    offset = 0
    while offset + len(_HDF5) <= size:
        stream.seek(offset)
        if stream.read(len(_HDF5)) == _HDF5:
            return offset
        offset = 512 if offset == 0 else offset * 2
    return None


def _hdf5(stream: BinaryIO, offset: int, size: int) -> str:
    for start in (offset, max(offset, size - _HDF5_WINDOW)):
        stream.seek(start)
        window = stream.read(_HDF5_WINDOW)
        if any(mark in window for mark in _NETCDF_MARKS):
            return "application/x-netcdf"
    return "application/x-hdf5"


def _zip(path: Path, head: bytes) -> str:
    # OpenDocument and EPUB begin with an uncompressed entry that names the type.
    if head[30:38] == b"mimetype" and head[8:10] == b"\0\0" and (kind := _ODF.match(head, 38)):
        return kind.group().decode("ascii")
    try:
        names = entry_names(path)
    except ArchiveRefused:
        return "application/zip"
    if "[Content_Types].xml" in names:
        for folder, media_type in _OOXML:
            if any(name.startswith(folder) for name in names):
                return media_type
    return "application/zip"


def _text(head: bytes, *, whole: bool) -> str | None:
    """The head as text, or None when it is not text."""
    if not head:
        return None
    encoding = detect_encoding(head, whole=whole)
    text = head.decode(encoding, "replace").removeprefix("\ufeff")
    if _CONTROL.search(text) or text.count("\ufffd") > 1:
        return None
    if encoding == "latin-1":
        plain = sum(1 for byte in head if 0x20 <= byte < 0x7F or byte in b"\t\n\r")
        if plain < len(head) / 2:
            return None
    return text


def _of_text(text: str, stream: BinaryIO, size: int) -> str:
    start = text.lstrip()
    if start[:1] == "<":
        return _markup(start)
    if start[:1] in ("{", "[") and size <= _MAX_JSON:
        stream.seek(0)
        try:
            json.loads(stream.read(_MAX_JSON))
        except (ValueError, RecursionError):
            return "text/plain"
        return "application/json"
    if re.match(r'\{\s*["}]|\[\s*[\[{"\]\dtfn-]', start):
        return "application/json"
    return "text/plain"


def _markup(text: str) -> str:
    declared = text.startswith("<?xml")
    position = 0
    while True:
        if text.startswith("<?", position):
            position = text.find("?>", position) + 2
        elif text.startswith("<!--", position):
            position = text.find("-->", position) + 3
        elif text[position : position + 9].lower() == "<!doctype":
            if re.match(r"<!doctype\s+html", text[position : position + 80], re.IGNORECASE):
                return "text/html"
            declared = True
            # An internal subset may hold `>`; the root then stays unknown, which is still XML.
            position = text.find(">", position) + 1
        else:
            break
        if position < 3:
            return "application/xml" if declared else "text/plain"
        while text[position : position + 1].isspace():
            position += 1
    root = _ROOT.match(text, position)
    name = root.group(1).lower() if root else ""
    if name == "svg":
        return "image/svg+xml"
    if name == "html" or (name in _HTML_ROOTS and not declared):
        return "text/html"
    return "application/xml" if declared or name else "text/plain"
