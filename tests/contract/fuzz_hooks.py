"""Helps the fuzzer through the door: a convention or an ingestion that exists is never hit by
chance."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import schemathesis

_RETRY = "/api/v1/ingestions/{ingestion_id}/retry"
_SUMMARIES = "/api/v1/campaign-summaries/"

#: Ingestions that were met, those that were done apart.
_met: dict[bool, deque[str]] = {True: deque(maxlen=50), False: deque(maxlen=50)}
#: Campaigns that were met, and the last parts of links to their summaries.
_campaigns: deque[str] = deque(maxlen=20)
_tokens: deque[str] = deque(maxlen=5)


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Half of the starts that fit the contract name a convention, with what it takes; half of the
    requests about an ingestion or a campaign name one that is there, and is done where that is
    needed."""
    meta = case.meta
    if meta is None or meta.generation.mode.value != "positive" or meta.phase.name == "stateful":
        return
    body = case.body
    if len(json.dumps([body, case.query, case.path_parameters], default=str)) % 2:
        return
    if (case.method, case.path) == ("POST", "/api/v1/ingestions") and isinstance(body, dict):
        body["convention_id"] = "documents"
        body.pop("parameters", None)
        body.setdefault("source", {"type": "text", "text": "Calm sea."})
    if (case.method, case.path) == ("POST", _RETRY) and isinstance(body, dict):
        body.get("overrides", {}).pop("parameters", None)
    if (case.method, case.path) == ("POST", "/api/v1/campaigns") and isinstance(body, dict):
        body |= {"convention_id": "test-campaign", "public_summary": True}
        body.pop("parameters", None)
    for name, met in (("campaign_id", _campaigns), ("summary_token", _tokens)):
        if name in case.path_parameters and met:
            met.rotate()
            case.path_parameters[name] = met[0]
    if "ingestion_id" in case.path_parameters:
        there = _met[case.method == "DELETE" or case.path == _RETRY]
        if there:
            there.rotate()
            case.path_parameters["ingestion_id"] = there[0]


@schemathesis.hook
def after_call(context: Any, case: schemathesis.Case, response: schemathesis.Response) -> None:
    if response.status_code not in (200, 201, 202) or not response.content.startswith(b"{"):
        return
    found = response.json()
    if "next_start_position" in found and found["campaign_id"] not in _campaigns:
        _campaigns.append(found["campaign_id"])
        _tokens.extend(
            found[key].removeprefix(_SUMMARIES) for key in found if key == "summary_href"
        )
    for one in [found, *found.get("items", ())]:
        if isinstance(one, dict) and "allowed_actions" in one:
            for met in _met.values():
                if one["id"] in met:
                    met.remove(one["id"])
            _met[one["done"]].append(one["id"])
