"""openapi.yaml as data. Parsing it takes longer than most tests: it is done once in a process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

PATH = Path(__file__).parents[2] / "openapi.yaml"
#: In C where PyYAML has it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parsed(text: str | bytes) -> dict[str, Any]:
    """A document like the contract."""
    document: dict[str, Any] = yaml.load(text, Loader=_LOADER)
    return document


#: For everybody: change a copy.
CONTRACT = parsed(PATH.read_bytes())
