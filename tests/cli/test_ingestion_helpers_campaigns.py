"""Campaigns from Python: what is sent, what may be sent twice, and when a wait is over."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from osa_testing.canned import ACCESS, CONTRACT, EXAMPLES, Server, page, problem

from osa.cli import ingestion as helpers
from osa.cli import pacing
from osa.cli.ingestion import IngestionError, IngestionTimeout

CAMPAIGN = "aviris-2026"
CREATED, RUNNING = EXAMPLES["CampaignCreated"], EXAMPLES["CampaignRunning"]
PAUSED, CANCELED = EXAMPLES["CampaignPaused"], EXAMPLES["CampaignCanceled"]
SUCCEEDED = {**CANCELED, "status": "succeeded", "status_reason": "completed"}
FAILED = {**CANCELED, "status": "failed", "status_reason": "some_children_failed"}
WAITING = {**PAUSED, "status": "running", "status_reason": "waiting_for_advance", "mode": "manual"}
SUMMARY = EXAMPLES["CampaignSummary"]
SUMMARY_TOKEN = "4b1c2d3e4f019aa9d47c007f6e8d535a4b1c2d3e4fA"
CUT = httpx.ReadError("cut")
REFUSED = httpx.ConnectError("refused")
STALE, ACTIVE = problem("CampaignPositionStale"), problem("CampaignStepActive")
ENDED = problem("CampaignEnded")

Call = Callable[..., Any]
#: Each operation with what it needs; its path and method in the contract.
CALLS: list[tuple[Call, dict[str, Any], str, str]] = [
    (
        helpers.create_campaign,
        {"campaign_id": CAMPAIGN, "convention_id": "documents"},
        "/campaigns",
        "post",
    ),
    (helpers.list_campaigns, {}, "/campaigns", "get"),
    (helpers.get_campaign, {"campaign_id": CAMPAIGN}, "/campaigns/{campaign_id}", "get"),
    (
        helpers.advance_campaign,
        {"campaign_id": CAMPAIGN, "start_position": 26},
        "/campaigns/{campaign_id}/advance",
        "post",
    ),
    *(
        (call, {"campaign_id": CAMPAIGN}, f"/campaigns/{{campaign_id}}/{verb}", "post")
        for verb, call in (
            ("pause", helpers.pause_campaign),
            ("resume", helpers.resume_campaign),
            ("cancel", helpers.cancel_campaign),
        )
    ),
]
#: What an operation asks before: an advance looks what there is.
BEFORE: dict[Call, list[Any]] = {helpers.advance_campaign: [httpx.Response(200, json=PAUSED)]}


class Clock:
    """Time that passes only when somebody pauses."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(pacing, "sleep", made.sleep)
    monkeypatch.setattr(pacing, "monotonic", lambda: made.now)
    return made


def refused(call: Call, server: Server, **keywords: Any) -> IngestionError:
    with pytest.raises(IngestionError) as caught:
        call(**ACCESS, **keywords, http=server.http)
    return caught.value


def documented(path: str, method: str) -> list[str]:
    """The names of the problems that the contract shows for this operation."""
    names = []
    for answer in CONTRACT["paths"][f"/api/v1{path}"][method]["responses"].values():
        shared = CONTRACT["components"]["responses"].get(answer.get("$ref", "").rpartition("/")[2])
        content = (shared or {}).get("content", {}).get("application/problem+json", {})
        names += [e["$ref"].rpartition("/Problem")[2] for e in content.get("examples", {}).values()]
    return names


PROBLEMS = [
    (call, keywords, name)
    for call, keywords, path, method in CALLS
    for name in documented(path, method)
]


@pytest.mark.parametrize(
    ("call", "keywords", "name"), PROBLEMS, ids=[f"{c.__name__}-{n}" for c, _, n in PROBLEMS]
)
def test_every_documented_problem_is_an_error_and_sent_again_only_when_it_is_about_time(
    call: Call, keywords: dict[str, Any], name: str
) -> None:
    before = BEFORE.get(call, [])
    server = Server(*before, problem(name, **{"Retry-After": "1"}))
    error = refused(call, server, **keywords, retries=1)
    said = EXAMPLES[f"Problem{name}"]
    assert (error.code, error.status, error.detail, error.context) == (
        said["code"],
        said["status"],
        said["detail"],
        said.get("context", {}),
    )
    about_time = said["retryable"] and (said["status"] == 429 or said["status"] >= 500)
    assert len(server.asked) == len(before) + (2 if about_time else 1)


def test_the_contract_documents_the_problems_of_campaigns() -> None:
    tried = {EXAMPLES[f"Problem{name}"]["code"] for _, _, name in PROBLEMS}
    of_campaigns = {each for each in tried if each.startswith("CAMPAIGN_")}
    assert of_campaigns == {
        f"CAMPAIGN_{word}"
        for word in ("NOT_FOUND", "EXISTS", "POSITION_STALE", "STEP_ACTIVE", "ENDED")
    }


@pytest.mark.parametrize(("call", "keywords", "path", "method"), CALLS)
def test_each_goes_to_its_path_and_gives_the_answer_untouched(
    call: Call, keywords: dict[str, Any], path: str, method: str
) -> None:
    answer = RUNNING | {"a_new_member": [1, {"deep": None}]}
    status = 202 if call is helpers.advance_campaign else 200
    before = BEFORE.get(call, [])
    told = page([answer]) if call is helpers.list_campaigns else answer
    server = Server(*before, told, status=status)
    got = call(**ACCESS, **keywords, http=server.http)
    assert got == ([answer] if call is helpers.list_campaigns else answer)
    asked = f"{method.upper()} {path.format(campaign_id=CAMPAIGN)}"
    assert server.paths() == [*(f"GET /campaigns/{CAMPAIGN}" for _ in before), asked]
    assert server.asked[0].headers["Authorization"] == "Bearer t0ken-of-mine"


@pytest.mark.parametrize(("call", "keywords", "path", "method"), CALLS)
def test_an_answer_that_is_not_what_the_contract_says_is_an_error(
    call: Call, keywords: dict[str, Any], path: str, method: str
) -> None:
    status = 202 if call is helpers.advance_campaign else 200
    before = BEFORE.get(call, [])
    error = refused(call, Server(*before, {"campaign_id": CAMPAIGN}, status=status), **keywords)
    assert error.code == "INVALID_RESPONSE"


def test_a_campaign_is_created_as_it_was_given_and_what_was_not_is_the_servers_to_choose() -> None:
    server = Server(CREATED, status=201)
    given: dict[str, Any] = {
        "parameters": {"csw_url": "https://csw.example.org/csw", "nested": [1, None]},
        "name": "Flights",
        "mode": "a_new_mode",
        "start_position": 26,
        "campaign_total_children": 0,
        "public_summary": False,
    }
    for more in ({}, given):
        got = helpers.create_campaign(
            **ACCESS, campaign_id=CAMPAIGN, convention_id="documents", **more, http=server.http
        )
        assert got == CREATED
    always = {"campaign_id": CAMPAIGN, "convention_id": "documents"}
    assert server.bodies() == [always, always | given]


def test_a_create_whose_answer_was_lost_is_sent_again_just_the_same() -> None:
    server = Server(CUT, httpx.Response(502), RUNNING)
    got = helpers.create_campaign(
        **ACCESS, campaign_id=CAMPAIGN, convention_id="documents", http=server.http
    )
    assert got == RUNNING
    first, *others = server.bodies()
    assert others == [first, first]


@pytest.mark.parametrize("name", ["", ".", "..", " "])
def test_an_id_that_makes_another_path_is_refused_before_anything_is_sent(name: str) -> None:
    for call, keywords, path, _ in CALLS:
        if "campaign_id" in keywords:
            server = Server(RUNNING)
            error = refused(call, server, **{**keywords, "campaign_id": name})
            assert (error.code, server.asked) == ("INVALID_ARGUMENT", []), path


def test_an_odd_id_stays_one_part_of_the_path() -> None:
    server = Server(RUNNING)
    helpers.get_campaign(**ACCESS, campaign_id="a/b?c", http=server.http)
    assert server.asked[0].url.raw_path == b"/api/v1/campaigns/a%2Fb%3Fc"


def test_campaigns_are_listed_page_by_page_by_state_and_convention() -> None:
    server = Server(page([RUNNING], "c1"), page([PAUSED]))
    got = helpers.list_campaigns(
        **ACCESS, status=["running", "paused"], convention="documents", http=server.http
    )
    assert got == [RUNNING, PAUSED]
    assert sorted(server.asked[1].url.params.multi_items()) == [
        ("convention_id", "documents"),
        ("cursor", "c1"),
        ("per_page", "200"),
        ("status", "paused"),
        ("status", "running"),
    ]
    server = Server(page([RUNNING]))
    (first,) = helpers.iter_campaigns(**ACCESS, max_items=1, status="running", http=server.http)
    assert first == RUNNING
    assert {**server.asked[0].url.params} == {"per_page": "1", "status": "running"}


def test_a_resume_says_only_when_it_wants_the_failed_ones_too() -> None:
    server = Server(RUNNING)
    helpers.resume_campaign(**ACCESS, campaign_id=CAMPAIGN, http=server.http)
    helpers.resume_campaign(**ACCESS, campaign_id=CAMPAIGN, requeue_failed=True, http=server.http)
    assert server.bodies() == [{}, {"requeue_failed": True}]


def test_a_cancel_sends_what_it_was_given() -> None:
    server = Server(EXAMPLES["CampaignCanceling"], status=202)
    for more in ({}, {"reason": "wrong parent", "grace_seconds": 0, "force": True}):
        helpers.cancel_campaign(**ACCESS, campaign_id=CAMPAIGN, **more, http=server.http)
    assert server.bodies() == [{}, {"reason": "wrong parent", "grace_seconds": 0, "force": True}]


def test_an_advance_without_a_position_takes_that_of_the_campaign() -> None:
    server = Server(PAUSED, httpx.Response(202, json=RUNNING))
    helpers.advance_campaign(**ACCESS, campaign_id=CAMPAIGN, http=server.http)
    assert server.paths() == [
        f"GET /campaigns/{CAMPAIGN}",
        f"POST /campaigns/{CAMPAIGN}/advance",
    ]
    assert server.asked[1].read() == b'{"start_position":26}'


def test_an_advance_of_a_campaign_without_a_next_step_starts_none() -> None:
    server = Server(SUCCEEDED | {"next_start_position": None})
    error = refused(helpers.advance_campaign, server, campaign_id=CAMPAIGN)
    assert (error.code, error.status, len(server.asked)) == ("CAMPAIGN_HAS_NO_NEXT", None, 1)
    assert error.context == {"campaign_id": CAMPAIGN}


def test_a_stale_position_is_a_conflict_that_names_the_right_one() -> None:
    server = Server(PAUSED, STALE)
    error = refused(helpers.advance_campaign, server, campaign_id=CAMPAIGN, start_position=1)
    assert (error.code, error.context["next_start_position"]) == ("CAMPAIGN_POSITION_STALE", 26)
    assert len(server.asked) == 2


def advance(server: Server, position: int | None = 26) -> dict[str, Any]:
    return helpers.advance_campaign(
        **ACCESS, campaign_id=CAMPAIGN, start_position=position, http=server.http
    )


def after(position: int, *, steps: int = 2, **state: Any) -> dict[str, Any]:
    """The paused campaign after further steps, the last of which began there."""
    step = PAUSED["latest_step"] | {"number": steps, "start_position": position}
    return {**RUNNING, "step_count": steps, "latest_step": step, **state}


def posts(server: Server) -> int:
    return sum(path.startswith("POST") for path in server.paths())


LOST = [CUT, httpx.ReadTimeout("slow"), httpx.Response(502)]
#: Where a campaign may be when the answer to an advance to 26 was lost: the step goes on, has
#: moved, has failed where it began, was the last, and was followed by others.
STARTED = {
    "goes on": after(26, next_start_position=26),
    "has moved": after(26, next_start_position=51),
    "has failed without moving": after(26, next_start_position=26, status="paused"),
    "was the last": after(26, next_start_position=None, status="succeeded", done=True),
    "was followed by others": after(76, steps=4, next_start_position=101),
}


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("now", STARTED.values(), ids=STARTED)
@pytest.mark.parametrize("position", [26, None])
def test_an_advance_whose_answer_was_lost_has_started_the_step_and_is_not_sent_again(
    lost: Any, now: dict[str, Any], position: int | None
) -> None:
    server = Server(httpx.Response(200, json=PAUSED), lost, REFUSED, now)
    assert (advance(server, position), posts(server)) == (now, 1)


@pytest.mark.parametrize("conflict", [ACTIVE, STALE, ENDED], ids=["active", "stale", "ended"])
def test_an_advance_that_is_carried_out_while_it_is_sent_again_is_no_conflict(
    conflict: httpx.Response,
) -> None:
    now = after(26, next_start_position=51)
    server = Server(PAUSED, CUT, PAUSED, conflict, now)
    assert (advance(server), posts(server)) == (now, 2)


def test_an_advance_that_was_lost_on_its_way_is_sent_again() -> None:
    # A step began there before, too: it is an earlier one.
    earlier = PAUSED | {"next_start_position": 1}
    now = after(1, next_start_position=1)
    server = Server(earlier, CUT, earlier, httpx.Response(202, json=now))
    assert (advance(server, 1), posts(server)) == (now, 2)


@pytest.mark.parametrize("conflict", [ACTIVE, STALE, ENDED], ids=["active", "stale", "ended"])
def test_an_advance_whose_answer_was_lost_is_a_conflict_when_no_step_began_there(
    conflict: httpx.Response,
) -> None:
    # The step before went on when it was sent: it may have moved, and another have begun there.
    busy = PAUSED | {"latest_step": PAUSED["latest_step"] | {"ended_at": None}}
    for before, now in ((PAUSED, PAUSED), (busy, after(51, next_start_position=76))):
        server = Server(before, CUT, now, conflict, now)
        error = refused(helpers.advance_campaign, server, campaign_id=CAMPAIGN, start_position=26)
        assert (error.status, posts(server)) == (409, 2)


@pytest.mark.parametrize("before", [[], [REFUSED], [problem("TooManyRequests")]])
def test_an_advance_that_was_heard_for_the_first_time_gets_its_conflict(before: list[Any]) -> None:
    server = Server(PAUSED, *before, ACTIVE, RUNNING)
    error = refused(helpers.advance_campaign, server, campaign_id=CAMPAIGN, start_position=1)
    assert (error.code, len(server.asked)) == ("CAMPAIGN_STEP_ACTIVE", len(before) + 2)


def test_a_token_for_writing_alone_advances_to_a_position_and_is_never_sent_twice() -> None:
    unread = problem("Forbidden")
    server = Server(unread, httpx.Response(202, json=RUNNING))
    assert (advance(server), posts(server)) == (RUNNING, 1)
    server = Server(unread, CUT, unread)
    error = refused(helpers.advance_campaign, server, campaign_id=CAMPAIGN, start_position=26)
    assert (error.status, posts(server)) == (403, 1)


def wait(*answers: Any, **keywords: Any) -> dict[str, Any]:
    return helpers.wait_campaign(
        **ACCESS, campaign_id=CAMPAIGN, http=Server(*answers).http, **keywords
    )


@pytest.mark.parametrize("ended", [SUCCEEDED, FAILED, CANCELED])
def test_waiting_ends_with_each_end_and_gives_it_untouched(ended: dict[str, Any]) -> None:
    assert wait(CREATED, RUNNING, ended) == ended


def test_waiting_branches_on_done_and_not_on_a_list_of_states() -> None:
    dissolved = {**SUCCEEDED, "status": "dissolved", "status_reason": "evaporated"}
    dozing = {**RUNNING, "status": "dozing", "status_reason": "tired"}
    assert wait(dozing, dissolved) == dissolved


@pytest.mark.parametrize("resting", [PAUSED, WAITING])
@pytest.mark.parametrize("done", [True, False])
def test_waiting_ends_where_nothing_goes_on_by_itself(
    resting: dict[str, Any], done: bool, clock: Clock
) -> None:
    resting = {**resting, "done": done}
    at_work = {**resting, "done": False, "children": RUNNING["children"]}
    step = {**resting["latest_step"], "status": "running", "ended_at": None}
    stepping = {**resting, "done": False, "latest_step": step}
    assert wait(at_work, stepping, resting) == resting
    assert len(clock.pauses) == 2
    new = {key: value for key, value in resting.items() if key != "latest_step"}
    assert wait(new) == new


def test_waiting_goes_on_while_the_server_starts_the_next_step() -> None:
    between = {**PAUSED, "status": "running", "status_reason": "step_active"}
    assert wait(between, RUNNING, between, SUCCEEDED) == SUCCEEDED


def test_the_servers_hint_is_followed(clock: Clock) -> None:
    wait({**RUNNING, "poll_after_seconds": 10}, {**RUNNING, "poll_after_seconds": 0}, SUCCEEDED)
    ten, zero = clock.pauses
    assert (10 <= ten <= 12.5, zero) == (True, 0.5)


def test_every_change_is_told_once_and_the_end_too() -> None:
    beat = {**RUNNING, "updated_at": "2026-11-22T09:00:10.000000Z", "poll_after_seconds": 9}
    told: list[dict[str, Any]] = []
    wait(CREATED, CREATED, RUNNING, beat, SUCCEEDED, on_change=told.append)
    assert told == [CREATED, RUNNING, SUCCEEDED]


def test_waiting_too_long_raises_with_the_last_state_and_changes_nothing(clock: Clock) -> None:
    server = Server(CREATED, RUNNING)
    with pytest.raises(IngestionTimeout) as caught:
        helpers.wait_campaign(**ACCESS, campaign_id=CAMPAIGN, timeout=20, http=server.http)
    error = caught.value
    assert (error.code, error.campaign, error.ingestion) == ("WAITED_TOO_LONG", RUNNING, None)
    assert clock.now == 1020
    assert {request.method for request in server.asked} == {"GET"}
    assert "t0ken" not in str(error)


def test_an_outage_is_waited_for_and_does_not_prolong_the_timeout(clock: Clock) -> None:
    down: list[IngestionError] = []
    ended = wait(REFUSED, problem("Unavailable"), RUNNING, CUT, SUCCEEDED, on_outage=down.append)
    assert (ended, len(down)) == (SUCCEEDED, 3)
    before = clock.now
    with pytest.raises(IngestionTimeout) as caught:
        wait(REFUSED, timeout=30, outage_budget=10_000)
    assert caught.value.campaign is None
    assert clock.now - before == pytest.approx(30)


def test_what_waiting_cannot_mend_ends_it_at_once() -> None:
    with pytest.raises(IngestionError) as caught:
        wait(RUNNING, problem("CampaignNotFound"))
    assert caught.value.code == "CAMPAIGN_NOT_FOUND"


WHOLE = f"https://archive.example/osa/api/v1/campaign-summaries/{SUMMARY_TOKEN}"


@pytest.mark.parametrize(
    ("keywords", "asked"),
    [
        ({"summary_href": WHOLE}, WHOLE),
        (
            {"summary_href": WHOLE, "server": "http://inside:8"},
            WHOLE.replace("https://archive.example/osa", "http://inside:8"),
        ),
        (
            {
                "summary_href": f"/api/v1/campaign-summaries/{SUMMARY_TOKEN}",
                "server": "https://archive.example/osa/",
            },
            WHOLE,
        ),
        ({"summary_href": f" {SUMMARY_TOKEN}\n", "server": "https://archive.example/osa"}, WHOLE),
    ],
)
def test_a_summary_is_asked_for_by_its_link_or_the_end_of_it_without_a_token(
    keywords: dict[str, Any], asked: str
) -> None:
    server = Server(SUMMARY)
    assert helpers.get_campaign_summary(**keywords, http=server.http) == SUMMARY
    (request,) = server.asked
    assert str(request.url) == asked
    assert "Authorization" not in request.headers


@pytest.mark.parametrize("link", [SUMMARY_TOKEN, f"/api/v1/campaign-summaries/{SUMMARY_TOKEN}", ""])
def test_a_link_that_names_no_server_needs_one(link: str) -> None:
    with pytest.raises(IngestionError) as caught:
        helpers.get_campaign_summary(summary_href=link)
    assert caught.value.code == "INVALID_ARGUMENT"
    assert SUMMARY_TOKEN not in str(caught.value)


def test_a_summary_that_there_is_not_is_told_as_the_server_says_it() -> None:
    server = Server(problem("CampaignNotFound"))
    with pytest.raises(IngestionError) as caught:
        helpers.get_campaign_summary(summary_href=WHOLE, http=server.http)
    assert caught.value.code == "CAMPAIGN_NOT_FOUND"
