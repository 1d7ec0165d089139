"""A newer server may say what this client does not know; the client lives and loses nothing."""

import copy
from typing import Any

import httpx
from osa_testing.contract import CONTRACT

from osa.sdk.api.ingestions import get_ingestion, list_ingestions
from osa.sdk.client import AuthenticatedClient
from osa.sdk.models.ingestion import Ingestion
from osa.sdk.models.ingestion_page import IngestionPage
from osa.sdk.models.ingestion_status import IngestionStatus
from osa.sdk.models.problem import Problem

EXAMPLES: dict[str, Any] = CONTRACT["components"]["examples"]


def example(name: str) -> Any:
    return copy.deepcopy(EXAMPLES[name]["value"])


def answering(status: int, body: Any) -> AuthenticatedClient:
    transport = httpx.MockTransport(lambda _request: httpx.Response(status, json=body))
    return AuthenticatedClient(
        base_url="http://archive.example", token="t0ken", httpx_args={"transport": transport}
    )


def test_a_page_with_an_unknown_status_and_unknown_members_parses() -> None:
    page = example("IngestionPage")
    known, unknown = example("IngestionRunning"), example("IngestionRunning")
    unknown |= {"status": "hibernating", "status_reason": "winter", "colour": {"red": 1}}
    unknown["attempts"][0]["end_reason"] = "tired"
    unknown["source"]["type"] = "punch_cards"
    page |= {"items": [known, unknown], "page_colour": "blue"}
    parsed = list_ingestions.sync(client=answering(200, page))
    assert isinstance(parsed, IngestionPage)
    first, second = parsed.items
    assert first.status is IngestionStatus.RUNNING
    assert (second.status, second.status_reason) == ("hibernating", "winter")
    assert second.attempts[0].end_reason == "tired"
    assert second["colour"] == {"red": 1}
    assert parsed["page_colour"] == "blue"


def test_unknown_members_survive_the_way_back() -> None:
    ingestion = example("IngestionRunning") | {"status": "hibernating", "colour": [1, None]}
    ingestion["counts"]["postponed"] = 3
    again = Ingestion.from_dict(ingestion).to_dict()
    assert (again["colour"], again["counts"]["postponed"]) == ([1, None], 3)
    assert again["status"] == "hibernating"


def test_a_problem_with_an_unknown_code_parses() -> None:
    problem = example("ProblemIngestionNotFound") | {"code": "LOST_IN_SPACE", "planet": "Mars"}
    parsed = get_ingestion.sync(
        "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f",  # type: ignore[arg-type]
        client=answering(404, problem),
    )
    assert isinstance(parsed, Problem)
    assert (parsed.code, parsed["planet"]) == ("LOST_IN_SPACE", "Mars")


def test_an_attempt_that_is_held_has_no_end_reason() -> None:
    parsed = Ingestion.from_dict(example("IngestionRunning"))
    assert parsed.attempts[0].end_reason is None
