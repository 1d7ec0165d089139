"""The contract, as it was written: `openapi.yaml` beside this module is the one at the root."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic_core import to_json


@dataclass(frozen=True, kw_only=True)
class Contract:
    """One document in its two spellings."""

    yaml: bytes
    json: bytes
    document: dict[str, Any]
    etag: str


@cache
def contract() -> Contract:
    """The contract of this server; read once."""
    written = files("osa.server.http").joinpath("openapi.yaml").read_bytes()
    document = yaml.load(written, Loader=_loader())
    return Contract(
        yaml=written,
        json=to_json(document),
        document=document,
        etag=f'"{hashlib.sha256(written).hexdigest()}"',
    )


def _loader() -> Any:
    # The C loader reads the document ten times as fast; not every platform's wheel has it.
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
