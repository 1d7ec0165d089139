"""The built-in conventions keep the promises that `check_convention` checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from osa.conventions.registry import BUILTIN, load
from osa.conventions.testing import check_convention, check_description

SAMPLES = Path(__file__).parents[2] / "samples"
NOTES = SAMPLES / "field-notes.txt"
GRID = SAMPLES / "sea-surface-temperature.nc"


@pytest.mark.parametrize("target", BUILTIN)
def test_every_builtin_is_described(target: str) -> None:
    registry = load()
    name = target.rpartition(":")[2]
    [convention] = [each for each in registry.values() if each.id == name.replace("_", "-")]
    check_description(convention)


def test_documents() -> None:
    chunk = {"enabled": True, "size": 300, "overlap": 50}
    items = check_convention(
        load()["documents"], sources=[NOTES, GRID, Path(__file__)], params={"chunk": chunk}
    )
    assert [item.verdict for item in items] == ["record"] * 3


def test_nc_to_geotiff() -> None:
    convention = load()["nc-to-geotiff"]
    if convention.missing_extra:
        pytest.skip(f"the extra {convention.missing_extra} is not installed")
    items = check_convention(convention, sources=[GRID], max_resumes=4)
    assert [item.verdict for item in items] == ["record"] * 4
    assert {file.media_type.partition(";")[0] for item in items for file in item.files} == {
        "image/tiff"
    }
