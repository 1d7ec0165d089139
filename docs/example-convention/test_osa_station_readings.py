"""The convention keeps osa's rules, and its own."""

from pathlib import Path

import pytest
from osa_station_readings import station_readings

from osa.conventions.testing import ConventionProblem, check_convention

TABLE = """station,time,temperature
moss-bay,2026-03-01T12:00:00,9.4
moss-bay,2026-03-02T12:00:00,9.1
moss-bay,2026-03-03T12:00:00,-40
moss-bay,2026-03-04T12:00:00,8.9
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "readings.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_each_row_becomes_a_record_or_says_why_not(table: Path) -> None:
    items = check_convention(station_readings, sources=[table])
    assert [item.verdict for item in items] == ["record", "record", "rejected", "record"]
    assert items[2].fault is not None
    assert items[2].fault.kind == "too_cold"


def test_what_is_too_cold_can_be_said(table: Path) -> None:
    items = check_convention(station_readings, sources=[table], params={"coldest": -50.0})
    assert all(item.verdict == "record" for item in items)


def test_another_delimiter_is_explained(table: Path) -> None:
    with pytest.raises(ConventionProblem, match="lacks the columns"):
        check_convention(station_readings, sources=[table], params={"delimiter": ";"})
