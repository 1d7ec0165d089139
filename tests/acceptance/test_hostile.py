"""What must not be ingested, through the whole house: refused, with a reason, and nothing left."""

from __future__ import annotations

import http.server
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from osa.cli.ingestion import (
    IngestionError,
    list_artifacts,
    list_items,
    list_records,
    start_ingestion,
    upload_file,
    wait_ingestion,
)

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

PRIVATE = [
    "http://127.0.0.1/secret.nc",
    "http://localhost/secret.nc",
    "http://127.1/secret.nc",
    "http://2130706433/secret.nc",
    "http://0x7f000001/secret.nc",
    "http://0177.0.0.1/secret.nc",
    "http://[::1]/secret.nc",
    "http://[::ffff:127.0.0.1]/secret.nc",
    "http://[::ffff:7f00:1]/secret.nc",
    "http://10.0.0.1/secret.nc",
    "http://192.168.1.1/secret.nc",
    "http://169.254.169.254/latest/meta-data/",
    "http://0.0.0.0/secret.nc",
    "http://[fe80::1]/secret.nc",
    "http://[fd00::1]/secret.nc",
    "http://user:secret@example.org/a.nc",
    "file:///etc/passwd",
    "ftp://example.org/a.nc",
    "gopher://example.org/a.nc",
]

VRT = """<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand dataType="Byte" band="1">
<SimpleSource><SourceFilename relativeToVRT="0">/etc/passwd</SourceFilename></SimpleSource>
</VRTRasterBand></VRTDataset>"""


def _classic_header_of_four_terabytes() -> bytes:
    """A NetCDF classic header (64-bit offset) that announces 10^12 floats and holds none."""
    size = 1_000_000

    def name(text: str) -> bytes:
        raw = text.encode()
        return struct.pack(">I", len(raw)) + raw + b"\0" * (-len(raw) % 4)

    header = b"CDF\x02" + struct.pack(">I", 0)
    header += struct.pack(">II", 10, 2) + name("y") + struct.pack(">I", size)
    header += name("x") + struct.pack(">I", size)
    header += struct.pack(">II", 0, 0)
    header += struct.pack(">II", 11, 1) + name("z") + struct.pack(">III", 2, 0, 1)
    header += struct.pack(">II", 0, 0) + struct.pack(">II", 5, 0xFFFFFFFF)
    return header + struct.pack(">Q", len(header) + 8)


def _files(folder: Path) -> dict[str, Path]:
    h5py = pytest.importorskip("h5py")
    secret = folder / "secret.bin"
    secret.write_bytes(b"top secret" * 100)
    made = {name: folder / name for name in ("external_link.nc", "external_storage.nc")}
    with h5py.File(made["external_link.nc"], "w") as file:
        file["data"] = h5py.ExternalLink("/etc/passwd", "/data")
    with h5py.File(made["external_storage.nc"], "w") as file:
        file.create_dataset("data", (10, 10), "f4", external=[(str(secret), 0, 400)])
    made["vrt_named.tif"] = folder / "vrt_named.tif"
    made["vrt_named.tif"].write_text(VRT)
    made["four_terabytes.nc"] = folder / "four_terabytes.nc"
    made["four_terabytes.nc"].write_bytes(_classic_header_of_four_terabytes())
    return made


@pytest.fixture
def redirecting() -> Iterator[str]:
    """A server whose every answer sends the reader to the metadata service of a cloud."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_hostile_files_are_refused_with_a_reason_and_leave_nothing(
    archive: Any, serve: Any, tmp_path: Path
) -> None:
    access = {"server": serve.url, "token": serve.token}
    for name, path in _files(tmp_path).items():
        upload = upload_file(**access, path=path)
        started = start_ingestion(
            **access,
            convention_id="nc-to-geotiff",
            source={"type": "file", "upload_id": upload["id"]},
        )
        ended = wait_ingestion(**access, ingestion_id=started["id"], timeout=60.0)
        assert ended["status"] == "failed", name
        assert ended["error"]["origin"] == "source", (name, ended["error"])
        assert len(ended["error"]["detail"]) > 20, (name, ended["error"])
        assert list_artifacts(**access, ingestion_id=started["id"]) == []
    assert list_records(**access) == []
    assert not list(archive.settings().work_dir.iterdir())


def test_a_doctype_is_refused(serve: Any) -> None:
    access = {"server": serve.url, "token": serve.token}
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    started = start_ingestion(
        **access,
        convention_id="documents",
        source={"type": "text", "text": bomb, "filename": "a.xml"},
    )
    ended = wait_ingestion(**access, ingestion_id=started["id"], timeout=60.0)
    assert (ended["status"], ended["status_reason"]) == ("failed", "all_items_failed")
    (item,) = list_items(**access, ingestion_id=started["id"])
    assert item["outcome"] == "rejected"
    assert "DOCTYPE" in item["error"]["detail"]
    assert list_records(**access) == []


def test_sources_that_are_not_public_are_refused_before_anything_is_queued(serve: Any) -> None:
    access = {"server": serve.url, "token": serve.token}
    for uri in PRIVATE:
        with pytest.raises(IngestionError) as refused:
            start_ingestion(
                **access, convention_id="nc-to-geotiff", source={"type": "uri", "uri": uri}
            )
        assert refused.value.code == "SOURCE_NOT_ALLOWED", (uri, refused.value)
        assert "secret@" not in str(refused.value)


def test_a_redirect_to_a_private_address_is_refused(archive: Any, redirecting: str) -> None:
    serve = archive.serve(OSA_ALLOWED_HOSTS=redirecting)
    access = {"server": serve.url, "token": serve.token}
    started = start_ingestion(
        **access,
        convention_id="documents",
        source={"type": "uri", "uri": f"http://{redirecting}/a.txt"},
    )
    ended = wait_ingestion(**access, ingestion_id=started["id"], timeout=60.0)
    assert ended["status"] == "failed"
    (item,) = list_items(**access, ingestion_id=started["id"])
    assert item["outcome"] == "rejected"
    assert "169.254.169.254" in item["error"]["detail"]
