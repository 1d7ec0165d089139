"""docs/settings.md and the settings of the code are the same list."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from osa.server.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
ROW = re.compile(r"^\| `(OSA_[A-Z_]+)` \| (.+?) \| (.+) \|$", re.MULTILINE)


def rows() -> dict[str, tuple[str, str]]:
    return {
        name: (default, meaning)
        for name, default, meaning in ROW.findall(PAGE.read_text(encoding="utf-8"))
    }


def test_the_page_lists_exactly_the_settings_there_are() -> None:
    assert sorted(rows()) == sorted(f"OSA_{name.upper()}" for name in Settings.model_fields)


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_the_default_on_the_page_is_the_one_of_the_code(name: str) -> None:
    default, _ = rows()[f"OSA_{name.upper()}"]
    field = Settings.model_fields[name]
    value: Any = field.default
    if field.default_factory is dict:
        assert default == "none"
    elif field.default_factory is not None:
        assert "user's data folder" in default
    elif value is None:
        assert default.startswith("unset")
    elif value == ():
        assert default == "none"
    else:
        said = default.partition("`")[2].partition("`")[0]
        assert said == (f"{value:g}" if isinstance(value, float) and value < 1e6 else str(value))


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_the_page_says_what_the_code_says(name: str) -> None:
    _, meaning = rows()[f"OSA_{name.upper()}"]
    said = set(re.findall(r"[a-z]{5,}", meaning.lower()))
    description = Settings.model_fields[name].description or ""
    words = set(re.findall(r"[a-z]{5,}", description.lower()))
    assert len(words & said) >= 0.6 * len(words), f"{meaning!r} is not {description!r}"
