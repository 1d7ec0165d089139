"""Real files through the whole house: sent, ingested by a worker, read back."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from osa.cli.ingestion import (
    download_record_file,
    list_artifacts,
    list_items,
    list_records,
    start_ingestion,
    upload_file,
    wait_ingestion,
)

DATA = Path(__file__).parents[2].parent / "shared" / "data"
pytestmark = [
    pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True),
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the real files are not there: {DATA}"),
]

#: What becomes of each file: the parameters it needs, or the word in the reason why it is refused.
GRIDS: dict[str, dict[str, Any] | str] = {
    "arome_metcoop_wind10m_lcc.nc": {"variable": "x_wind_10m"},
    "metno_polar_stereographic_packed.nc": {"variable": "x_wind_10m"},
    "gridmet_tmmx_20190121_packed_latlon.nc": {},
    "hirham_rotated_pole_pr.nc": "rotated pole",
    "ukmo_tmean_1910_tm.nc": {},
    "spartacus_tas_lcc_12months.nc": {"time": 0},
    "co2_0_360_packed.nc": {"time": 0},
    "acdd_l1c_swath.nc": "swath",
}


def _ingested(serve: Any, path: Path, convention: str, parameters: dict[str, Any]) -> Any:
    access = {"server": serve.url, "token": serve.token}
    upload = upload_file(**access, path=path)
    started = start_ingestion(
        **access,
        convention_id=convention,
        source={"type": "file", "upload_id": upload["id"]},
        parameters=parameters,
    )
    return wait_ingestion(**access, ingestion_id=started["id"], timeout=120.0)


def test_every_grid_is_ingested_or_refused_with_the_reason(serve: Any) -> None:
    pytest.importorskip("rasterio")
    access = {"server": serve.url, "token": serve.token}
    for name, expected in GRIDS.items():
        parameters = expected if isinstance(expected, dict) else {}
        ended = _ingested(serve, DATA / "netcdf" / name, "nc-to-geotiff", parameters)
        if isinstance(expected, str):
            assert ended["status"] == "failed", name
            assert expected in ended["error"]["detail"], (name, ended["error"])
            continue
        assert ended["status"] == "succeeded", (name, ended.get("error"))
        kinds = [
            each["media_type"].partition(";")[0]
            for each in list_artifacts(**access, ingestion_id=ended["id"])
        ]
        rasters, previews = kinds.count("image/tiff"), kinds.count("image/png")
        assert rasters == previews == ended["counts"]["seen"] > 0, name


def test_every_document_keeps_its_checksum_and_has_the_expected_text(
    serve: Any, tmp_path: Path
) -> None:
    access = {"server": serve.url, "token": serve.token}
    expected = {
        "NASA_SRTM_V3_user_guide.pdf": "ok",
        "pycsw_brandguide_image_only.pdf": "empty",
    }
    for name, status in expected.items():
        path = DATA / "documents" / name
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        ended = _ingested(serve, path, "documents", {})
        assert ended["status"] == "succeeded", ended.get("error")
        (record,) = list_records(**access, ingestion_id=ended["id"])
        assert record["metadata"]["text"]["status"] == status, name
        own = next(file for file in record["files"] if file["sha256"] == sha256)
        copy = tmp_path / name
        download_record_file(**access, record_id=record["id"], file_id=own["id"], path=copy)
        assert hashlib.sha256(copy.read_bytes()).hexdigest() == sha256
        again = _ingested(serve, path, "documents", {})
        assert again["counts"]["unchanged"] == 1
        (item,) = list_items(**access, ingestion_id=again["id"])
        assert item["record_id"] == record["id"]
