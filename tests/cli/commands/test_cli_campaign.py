"""Campaigns on the command line: one number that is true, and words for every way to stop."""

from __future__ import annotations

import signal
import subprocess
import threading

import pytest
from osa_testing.waiting import until

CAMPAIGN = "aviris-2026"
PATH = f"/campaigns/{CAMPAIGN}"
ID = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f"
START = ("campaign", "start", CAMPAIGN, "documents")
LINK = "/api/v1/campaign-summaries/4b1c2d3e4f019aa9d47c007f6e8d535a4b1c2d3e4fA"
ENDS = {"succeeded": 0, "failed": 3, "canceled": 4}


@pytest.fixture
def no_pauses(monkeypatch):
    from osa.cli import pacing

    monkeypatch.setattr(pacing, "sleep", lambda seconds: None)


@pytest.fixture
def archive(archive):
    """With a campaign whose children are at work."""
    running = archive.example("CampaignRunning")
    archive.on("GET", "/campaigns", archive.example("CampaignPage"))
    archive.on("GET", PATH, running)
    archive.on("POST", "/campaigns", archive.answer(archive.example("CampaignCreated"), 201))
    archive.on("POST", f"{PATH}/advance", archive.answer(running, 202))
    archive.on("POST", f"{PATH}/pause", archive.example("CampaignPaused"))
    archive.on("POST", f"{PATH}/resume", running)
    canceling = archive.answer(archive.example("CampaignCanceling"), 202)
    archive.on("POST", f"{PATH}/cancel", canceling)
    return archive


def ended(archive, status, reason="completed", **changes):
    """The example of an end, with another one."""
    return archive.example("CampaignCanceled", status=status, status_reason=reason, **changes)


def waiting(archive, **changes):
    """One that is advanced by hand, between two steps."""
    how = {"status": "running", "status_reason": "waiting_for_advance", "mode": "manual"}
    return archive.example("CampaignPaused", **how, **changes)


def sent(archive, verb=""):
    """The body of the one request for this."""
    (request,) = archive.asked("POST", f"{PATH}/{verb}" if verb else "/campaigns")
    return request.json


def test_a_start_sends_what_was_said_and_writes_the_id(osa, archive):
    archive.on("POST", "/campaigns", archive.example("CampaignCreated", summary_href=LINK))
    outcome = osa(
        *(*START, "--name", "Flights", "--mode", "server", "--start-position", "26"),
        *("--total", "1000", "--public-summary"),
    )
    assert (outcome.code, outcome.out) == (0, f"{CAMPAIGN}\n")
    assert sent(archive) == {
        "campaign_id": CAMPAIGN,
        "convention_id": "documents",
        "name": "Flights",
        "mode": "server",
        "start_position": 26,
        "campaign_total_children": 1000,
        "public_summary": True,
    }
    assert "Running (step_active)." in outcome.err
    assert f"osa campaign watch {CAMPAIGN}" in outcome.err
    assert f"{archive.url}{LINK}" in outcome.err


def test_a_start_says_nothing_that_it_was_not_told(osa, archive):
    assert osa(*START).code == 0
    assert sent(archive) == {"campaign_id": CAMPAIGN, "convention_id": "documents"}


def test_parameters_are_checked_by_the_convention_before_a_campaign_is_made(osa, archive, home):
    detail = archive.example("ConventionDetail")
    detail["parameters_schema"] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["csw_url"],
        "properties": {"csw_url": {"type": "string"}, "step_size": {"type": "integer"}},
    }
    archive.on("GET", "/conventions/documents", detail)
    outcome = osa(*START, "--param", "step_sise=25")
    assert outcome.code == 2
    assert "Did you mean 'step_size'?" in outcome.err
    assert archive.asked("POST", "/campaigns") == []
    (home / "p.json").write_text('{"csw_url": "https://x", "step_size": 10}')
    assert osa(*START, "--params-file", "p.json", "--param", "step_size=25").code == 0
    assert sent(archive)["parameters"] == {"csw_url": "https://x", "step_size": 25}


@pytest.mark.parametrize(
    "words,hint",
    [
        (("start",), "Which campaign?"),
        (("start", CAMPAIGN), "Which convention?"),
        (("start", "a b", "documents"), "not the id of a campaign"),
        (("start", "..", "documents"), "not the id of a campaign"),
        (("start", "x" * 65, "documents"), "not the id of a campaign"),
        ((*START[1:], "--mode", "manuel"), "Did you mean manual?"),
        ((*START[1:], "--mode", "manual", "--wait"), f"osa campaign advance {CAMPAIGN} --wait"),
        ((*START[1:], "--start-position", "0"), "--start-position"),
        ((*START[1:], "--timeout", "1h"), "Add --wait or --watch"),
        (("status",), "osa campaign list"),
        (("watch", CAMPAIGN, "--timeout", "soon"), "not a duration"),
        (("list", "--status", "runing"), "Did you mean running?"),
        (("cancel", CAMPAIGN, "--force", "--grace", "5"), "--force gives no grace"),
        (("resume", CAMPAIGN, "--timeout", "5"), "Add --wait or --watch"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_before_asking(words, hint, osa, archive):
    outcome = osa("campaign", *words)
    assert outcome.code == 2
    assert hint in outcome.err
    assert archive.requests == []


@pytest.mark.parametrize("flag", ["--wait", "--watch"])
@pytest.mark.parametrize("status", ENDS)
def test_the_exit_code_of_a_start_that_waits_tells_how_it_ended(flag, status, osa, archive):
    archive.on("GET", PATH, ended(archive, status))
    outcome = osa(*START, flag, "-q")
    assert (outcome.code, outcome.out) == (ENDS[status], f"{CAMPAIGN}\n")


@pytest.mark.parametrize("status", ENDS)
def test_the_exit_code_of_a_watch_tells_how_it_ended(status, osa, archive):
    archive.on("GET", PATH, ended(archive, status))
    outcome = osa("campaign", "watch", CAMPAIGN, "-o", "json")
    assert (outcome.code, outcome.json) == (ENDS[status], ended(archive, status))


def test_off_a_terminal_each_change_is_one_line(osa, archive, no_pauses):
    running = archive.example("CampaignRunning")
    beat = {**running, "updated_at": "2026-11-22T09:00:20.000000Z"}
    later = {**running, "progress": {"percent": 99.96, "eta": "2026-11-22T10:00:00.000000Z"}}
    created = archive.example("CampaignCreated")
    archive.on("GET", PATH, created, running, beat, later, ended(archive, "succeeded"))
    outcome = osa("campaign", "watch", CAMPAIGN, "-q")
    counts = "25 children of 1000 expected"
    assert outcome.err.splitlines() == [
        "running (step_active); step 1 from 1; 0 children of 1000 expected; 0 %",
        "running (children_active); step 1 from 1; "
        f"{counts}: 20 queued, 4 running, 1 succeeded; 0.1 %",
        "running (children_active); step 1 from 1; "
        f"{counts}: 20 queued, 4 running, 1 succeeded; 99.9 %",
        f"succeeded; {counts}: 1 succeeded, 24 canceled; 2.5 %",
    ]


def test_a_terminal_gets_one_bar_with_the_counts_below_and_the_result_after_it(osa, archive):
    half = {"percent": 50.0, "eta": None}
    running = archive.example("CampaignRunning", poll_after_seconds=0, progress=half)
    archive.on("GET", PATH, running, ended(archive, "succeeded"))
    code, text = osa.terminal("campaign", "watch", CAMPAIGN, columns=100, NO_COLOR="1")
    assert code == 0
    assert "running (children_active)" in text
    assert "━" in text
    assert "25 children of 1000 expected: 20 queued, 4 running, 1 succeeded" in text
    assert f"step 1 from 1: succeeded, 25 seen: 25 created; {ID}" in text
    assert "succeeded" in text.rpartition("━")[2]


@pytest.mark.parametrize("done", [True, False])
def test_a_pause_ends_a_watch_once_what_was_active_is_done(done, osa, archive, no_pauses):
    paused = archive.example("CampaignPaused", done=done)
    active = archive.example("CampaignRunning", status="paused", status_reason="requested")
    archive.on("GET", PATH, active, active, paused)
    outcome = osa("campaign", "watch", CAMPAIGN)
    assert outcome.code == 8
    assert len(archive.asked("GET", PATH)) == 3
    assert f"{CAMPAIGN} is paused: no further step starts until it is resumed." in outcome.err
    assert f"osa campaign resume {CAMPAIGN}\n" in outcome.err


def test_a_campaign_that_rests_since_a_step_failed_has_failed_for_who_waits(osa, archive):
    archive.on("GET", PATH, archive.example("CampaignPaused", status_reason="step_failed"))
    assert osa("campaign", "watch", CAMPAIGN).code == 3


def test_a_watch_ends_where_a_step_is_to_be_started_by_hand(osa, archive):
    archive.on("GET", PATH, waiting(archive))
    outcome = osa("campaign", "watch", CAMPAIGN)
    assert outcome.code == 8
    assert f"osa campaign advance {CAMPAIGN} --wait" in outcome.err


def test_waiting_too_long_is_5_and_stops_nothing(osa, archive):
    outcome = osa("campaign", "watch", CAMPAIGN, "--timeout", "0")
    assert outcome.code == 5
    assert "Still running after 0s; it goes on without us." in outcome.err
    assert [r for r in archive.requests if r.method == "POST"] == []


def test_ctrl_c_detaches_and_says_how_to_come_back(osa, archive):
    code, _, talk = osa.interrupted("campaign", "watch", CAMPAIGN, until="running")
    assert code == 130
    assert f"Detached: {CAMPAIGN} goes on" in talk
    assert f"osa campaign watch {CAMPAIGN}\n" in talk
    assert [r for r in archive.requests if r.method == "POST"] == []


def test_an_outage_while_watching_is_told_and_outlived(osa, archive, no_pauses):
    unavailable = archive.problem("ProblemUnavailable")
    archive.on("GET", PATH, unavailable, unavailable, ended(archive, "succeeded"))
    outcome = osa("campaign", "watch", CAMPAIGN, "-q")
    assert outcome.code == 0
    assert "The database does not answer. Trying on." in outcome.err


def test_a_status_shows_everything_and_is_0_whatever_it_is(osa, archive):
    failed = ended(
        archive,
        *("failed", "some_children_failed"),
        failures=[{"kind": "source_unreachable", "count": 3}, {"kind": "internal", "count": 1}],
        summary_href=LINK,
    )
    failed["children"] |= {"failed": 4, "total": 29}
    archive.on("GET", PATH, failed)
    outcome = osa("campaign", "status", CAMPAIGN)
    assert outcome.code == 0
    shown = " ".join(outcome.out.split())
    for text in (
        "Status failed (some_children_failed)",
        "Steps 1, from position 1; the next one begins at 26",
        f"Latest step 1 from 1: succeeded, 25 seen: 25 created; {ID}",
        "Children 29 children of 1000 expected: 1 succeeded, 4 failed, 24 canceled",
        "Progress 2.5 %",
        "Failures 3 source_unreachable, 1 internal",
        f"Summary {archive.url}{LINK}",
        "by operator",
    ):
        assert text in shown
    assert f"osa ingestion list --campaign {CAMPAIGN} --status failed" in outcome.err
    assert f"osa campaign resume {CAMPAIGN} --requeue-failed" in outcome.err


@pytest.mark.parametrize(
    "example", ["CampaignCreated", "CampaignRunning", "CampaignPaused", "CampaignCanceling"]
)
def test_each_state_can_be_shown_and_its_json_is_the_servers_own(example, osa, archive):
    known = archive.example(example, name="n\x1b[2J", a_new_member=[1])
    archive.on("GET", PATH, known)
    assert osa("campaign", "status", CAMPAIGN, "-o", "json").json == known
    assert osa("campaign", "status", CAMPAIGN, "-q").out == f"{CAMPAIGN}\n"
    assert "n\\x1b[2J" in osa("campaign", "status", CAMPAIGN).out


def test_a_campaign_of_nobody_knows_how_many_and_of_a_newer_server_is_shown(osa, archive):
    strange = archive.example(
        *("CampaignRunning",),
        status="dozing",
        status_reason="tired",
        mode="moon",
        campaign_total_children=None,
        progress={"percent": None, "eta": None},
        next_start_position=None,
    )
    strange["children"] |= {"dreaming": 2}
    archive.on("GET", PATH, strange)
    outcome = osa("campaign", "status", CAMPAIGN)
    assert outcome.code == 0
    assert "25 children: 20 queued, 4 running, 1 succeeded, 2 dreaming" in outcome.out
    assert "1, from position 1; there are no more" in outcome.out


def test_campaigns_are_listed_in_a_line_each(osa, archive):
    outcome = osa("campaign", "list", "--status", "running", "--status", "paused")
    assert outcome.code == 0
    title, row = outcome.out.splitlines()
    assert title.split()[:4] == ["CAMPAIGN", "STATUS", "DONE", "CHILDREN"]
    assert row.split()[:4] == [CAMPAIGN, "running", "0.1%", "25"]
    query = archive.asked("GET", "/campaigns")[0].query
    assert query["status"] == ["running", "paused"]
    assert osa("campaign", "list", "--convention", "documents", "-q").out == f"{CAMPAIGN}\n"
    assert archive.asked("GET", "/campaigns")[1].query["convention_id"] == ["documents"]
    (only,) = osa("campaign", "list", "-o", "json").json
    assert only == archive.example("CampaignRunning")
    empty = archive.example("CampaignPage", items=[])
    archive.on("GET", "/campaigns", empty)
    assert "osa campaign start CAMPAIGN CONVENTION" in osa("campaign", "list").err
    assert "No such campaigns." in osa("campaign", "list", "--status", "failed").err


def test_an_advance_takes_the_position_of_the_campaign_or_the_one_that_is_given(osa, archive):
    assert osa("campaign", "advance", CAMPAIGN, "-q").code == 0
    assert sent(archive, "advance") == {"start_position": 26}
    assert len(archive.asked("GET", PATH)) == 1
    osa("campaign", "advance", CAMPAIGN, "--start-position", "7")
    assert archive.asked("POST", f"{PATH}/advance")[1].json == {"start_position": 7}
    # Looked at once before each: whether it is this one that starts it.
    assert len(archive.asked("GET", PATH)) == 2


@pytest.mark.parametrize("status", ENDS)
def test_an_advance_that_waits_ends_with_its_step_though_there_are_more(
    status, osa, archive, no_pauses
):
    rests = waiting(archive)
    rests["latest_step"]["status"] = status
    archive.on("GET", PATH, rests, archive.example("CampaignRunning"), rests)
    outcome = osa("campaign", "advance", CAMPAIGN, "--wait")
    assert outcome.code == ENDS[status]
    assert sent(archive, "advance") == {"start_position": 26}


def test_an_advance_that_waits_for_the_last_step_ends_with_the_campaign(osa, archive):
    words = ("campaign", "advance", CAMPAIGN, "--start-position", "26", "--wait")
    for status, code in ENDS.items():
        archive.on("GET", PATH, ended(archive, status, next_start_position=None))
        assert osa(*words).code == code
    archive.on("GET", PATH, archive.example("CampaignPaused"))
    assert osa(*words).code == 8


def test_there_is_no_advance_where_nothing_is_left(osa, archive):
    archive.on("GET", PATH, ended(archive, "succeeded", next_start_position=None))
    outcome = osa("campaign", "advance", CAMPAIGN)
    assert outcome.code == 8
    assert f"Campaign {CAMPAIGN} is succeeded and has no next step." in outcome.err
    assert archive.asked("POST", f"{PATH}/advance") == []


def test_a_pause_says_how_to_go_on(osa, archive):
    outcome = osa("campaign", "pause", CAMPAIGN)
    assert outcome.code == 0
    assert "paused (requested)" in outcome.out
    assert f"osa campaign resume {CAMPAIGN}\n" in outcome.err


def test_a_resume_goes_on_and_can_be_waited_for(osa, archive):
    assert osa("campaign", "resume", CAMPAIGN).code == 0
    archive.on("GET", PATH, ended(archive, "failed", "step_failed"))
    assert osa("campaign", "resume", CAMPAIGN, "--requeue-failed", "--wait").code == 3
    bodies = [request.json for request in archive.asked("POST", f"{PATH}/resume")]
    assert bodies == [{}, {"requeue_failed": True}]


def test_a_cancel_sends_how_and_what_is_asked_for_is_0(osa, archive):
    words = ("campaign", "cancel", CAMPAIGN)
    outcome = osa(*words, "--reason", "wrong parent", "--grace", "1m")
    assert outcome.code == 0
    assert "canceling (requested)" in outcome.out
    assert sent(archive, "cancel") == {"reason": "wrong parent", "grace_seconds": 60}
    archive.on("GET", PATH, archive.example("CampaignCanceled"))
    assert osa(*words, "--force", "--wait").code == 0
    assert archive.asked("POST", f"{PATH}/cancel")[1].json == {"force": True}


@pytest.mark.parametrize(
    "status,done,code", [("succeeded", True, 8), ("failed", True, 3), ("paused", False, 8)]
)
def test_a_cancel_that_did_not_come_to_that_says_so(status, done, code, osa, archive):
    archive.on("GET", PATH, archive.example("CampaignPaused", status=status, done=done))
    outcome = osa("campaign", "cancel", CAMPAIGN, "--wait")
    assert outcome.code == code
    assert f"{CAMPAIGN} was not canceled in time: it is {status}." in outcome.err


@pytest.mark.parametrize(
    "verb,problem,code,next_step",
    [
        ("pause", "ProblemCampaignNotFound", 6, "osa campaign list"),
        ("pause", "ProblemCampaignEnded", 8, f"osa campaign status {CAMPAIGN}"),
        ("resume", "ProblemCampaignEnded", 8, f"osa campaign status {CAMPAIGN}"),
        ("cancel", "ProblemCampaignEnded", 8, f"osa campaign status {CAMPAIGN}"),
        ("advance", "ProblemCampaignStepActive", 8, f"osa campaign watch {CAMPAIGN}"),
        ("advance", "ProblemCampaignPositionStale", 8, f"osa campaign advance {CAMPAIGN}"),
        ("start", "ProblemCampaignExists", 8, f"osa campaign status {CAMPAIGN}"),
        ("start", "ProblemInvalidParameters", 2, "osa convention show"),
        ("start", "ProblemForbidden", 7, "osa login"),
    ],
)
def test_a_problem_says_what_to_do_next(verb, problem, code, next_step, osa, archive):
    path = "/campaigns" if verb == "start" else f"{PATH}/{verb}"
    archive.on("POST", path, archive.problem(problem))
    outcome = osa(*(START if verb == "start" else ("campaign", verb, CAMPAIGN)))
    told = archive.example(problem)
    assert (outcome.code, outcome.out) == (code, "")
    assert told["detail"] in outcome.err
    assert next_step in outcome.err
    assert f"(code {told['code']}, request {told['request_id']})" in outcome.err


def test_ingestions_are_found_by_campaign_and_by_parent(osa, archive):
    osa("ingestion", "list", "--campaign", CAMPAIGN, "--parent", ID, "-q")
    (request,) = archive.asked("GET", "/ingestions")
    assert request.query["campaign_id"] == [CAMPAIGN]
    assert request.query["parent_ingestion_id"] == [ID]
    outcome = osa("ingestion", "list", "--campaign", "a b")
    assert (outcome.code, len(archive.asked("GET", "/ingestions"))) == (2, 1)


def test_an_ingestion_of_a_campaign_says_so(osa, archive):
    path = f"/ingestions/{ID}"
    step = archive.example("IngestionSucceeded", campaign_id=CAMPAIGN, campaign_step=3)
    archive.on("GET", path, step)
    shown = " ".join(osa("ingestion", "status", ID).out.split())
    assert f"Campaign {CAMPAIGN}, step 3" in shown
    child = archive.example("IngestionSucceeded", campaign_id=CAMPAIGN, parent_ingestion_id=ID)
    archive.on("GET", path, child)
    shown = " ".join(osa("ingestion", "status", ID).out.split())
    assert f"Campaign {CAMPAIGN}, started by {ID}" in shown


def test_ctrl_c_at_a_start_says_how_to_see_what_became_of_it(osa, archive):
    release = threading.Event()

    def slow(request):
        release.wait(30.0)
        return archive.problem("ProblemInternalError")

    archive.call("POST", "/campaigns", slow)
    process = subprocess.Popen(
        osa.command(*START),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=osa.environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        try:
            until(lambda: archive.asked("POST", "/campaigns"), "the request of the start")
            process.send_signal(signal.SIGINT)
            out, talk = process.communicate(timeout=30.0)
        finally:
            release.set()
            process.kill()
    assert (process.returncode, out) == (130, "")
    assert f"osa campaign status {CAMPAIGN}" in talk
