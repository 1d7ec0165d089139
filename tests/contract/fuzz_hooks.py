"""Helps the fuzzer through the door: a convention that exists is never hit by chance."""

from __future__ import annotations

import json
from typing import Any

import schemathesis


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Half of the starts that fit the contract name a convention, with what it takes."""
    body = case.body
    if (case.method, case.path) != ("POST", "/api/v1/ingestions") or not isinstance(body, dict):
        return
    if case.meta is None or case.meta.generation.mode.value != "positive":
        return
    if len(json.dumps(body, default=str)) % 2:
        body["convention_id"] = "documents"
        body.pop("parameters", None)
        body.setdefault("source", {"type": "text", "text": "Calm sea."})
