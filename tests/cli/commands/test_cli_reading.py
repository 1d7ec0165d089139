"""Lists and objects: tables for people, the server's JSON for programs, ids for pipes."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

ID = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f"
SRN = f"urn:osa:localhost:ing:{ID}"
RECORD = "019aa9d4-7c00-7d33-9a86-3f1c2d3e4f50"
ARTIFACT = "019aa9d4-7c00-7c0a-8a86-2f1c2d3e4f50"


def page(items, **more):
    return {"items": items, "next_cursor": None, "prev_cursor": None, "has_more": False, **more}


READS = [
    (("ingestion", "list"), "IngestionPage"),
    (("ingestion", "items", ID), "IngestionItemPage"),
    (("ingestion", "events", ID), "IngestionEventPage"),
    (("ingestion", "artifacts", ID), "ArtifactPage"),
    (("record", "list"), "RecordPage"),
    (("convention", "list"), "ConventionList"),
]
OBJECTS = [
    (("ingestion", "status", ID), "IngestionSucceeded"),
    (("record", "show", RECORD), "Record"),
    (("convention", "show", "documents"), "ConventionDetail"),
]


@pytest.mark.parametrize("words,example", READS)
def test_json_is_the_servers_list_untouched(words, example, osa, archive):
    outcome = osa(*words, "-o", "json")
    assert outcome.code == 0
    assert outcome.json == archive.example(example)["items"]
    assert outcome.err == ""


@pytest.mark.parametrize("words,example", READS)
def test_jsonl_is_one_object_a_line(words, example, osa, archive):
    lines = osa(*words, "-o", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == archive.example(example)["items"]


@pytest.mark.parametrize("words,example", OBJECTS)
def test_json_is_the_servers_object_untouched(words, example, osa, archive):
    assert osa(*words, "-o", "json").json == archive.example(example)
    one = osa(*words, "-o", "jsonl").out
    assert one.count("\n") == 1
    assert json.loads(one) == archive.example(example)


@pytest.mark.parametrize("words,example", READS + OBJECTS)
def test_a_table_is_for_people_and_names_what_matters(words, example, osa, archive):
    outcome = osa(*words)
    shown = archive.example(example)
    first = shown["items"][0] if "items" in shown else shown
    assert outcome.code == 0
    assert str(first.get("id") or first["number"]) in outcome.out


def test_quiet_is_ids_only(osa):
    assert osa("ingestion", "list", "-q").out == f"{ID}\n"
    assert osa("ingestion", "status", ID, "-q").out == f"{ID}\n"
    assert osa("ingestion", "artifacts", ID, "-q").out == f"{ARTIFACT}\n"
    assert osa("ingestion", "items", ID, "-q").out == f"{RECORD}\n"
    assert osa("ingestion", "events", ID, "-q").out == "1\n2\n"
    assert osa("record", "list", "-q").out == f"{RECORD}\n"
    assert osa("convention", "list", "-q").out == "documents\n"


def test_filters_reach_the_server_as_the_contract_names_them(osa, archive):
    osa(
        *("ingestion", "list", "--status", "failed", "--status", "canceled"),
        *("--convention", "documents", "--label", "project=demo", "--label", "x"),
        *("--external-id", "mine", "--order", "asc", "--created-before", "2026-11-23"),
        *("--created-after", "2026-11-22T01:00:00+01:00", "-q"),
    )
    (request,) = archive.asked("GET", "/ingestions")
    query = dict(request.query)
    after = datetime.fromisoformat(query.pop("created_after")[0])
    before = datetime.fromisoformat(query.pop("created_before")[0])
    assert after == datetime(2026, 11, 22, tzinfo=UTC)
    assert before == datetime(2026, 11, 23, tzinfo=UTC)
    query.pop("per_page")
    assert query == {
        "status": ["failed", "canceled"],
        "convention_id": ["documents"],
        "label": ["project=demo", "x"],
        "external_id": ["mine"],
        "order": ["asc"],
    }


def test_a_relative_time_is_so_long_ago(osa, archive):
    osa("ingestion", "list", "--created-after", "2h", "-q")
    (request,) = archive.asked("GET", "/ingestions")
    after = datetime.fromisoformat(request.query["created_after"][0])
    assert abs(datetime.now(UTC) - timedelta(hours=2) - after) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "words,hint",
    [
        (("--status", "fialed"), "Did you mean failed?"),
        (("--order", "up"), "neither asc nor desc"),
        (("--created-after", "yesterday"), "how long ago"),
        (("--created-after", "2026-11-22T09:00:00"), "no time zone"),
        (("--max-items", "0"), "--max-items"),
    ],
)
def test_a_filter_that_means_nothing_is_refused_before_asking(words, hint, osa, archive):
    outcome = osa("ingestion", "list", *words)
    assert outcome.code == 2
    assert hint in outcome.err
    assert archive.requests == []


def test_a_table_shows_fifty_and_says_that_there_are_more(osa, archive):
    rows = [archive.example("IngestionRunning", id=f"{ID[:-4]}{n:04d}") for n in range(51)]
    archive.on("GET", "/ingestions", page(rows))
    outcome = osa("ingestion", "list")
    assert len(outcome.out.splitlines()) == 1 + 50
    assert "There are more" in outcome.err
    assert osa("ingestion", "list", "-q").out.count("\n") == 51
    limited = osa("ingestion", "list", "--limit", "3")
    assert len(limited.out.splitlines()) == 1 + 3
    assert "There are more" in limited.err
    assert len(osa("ingestion", "list", "-n", "3", "-o", "json").json) == 3


def test_an_empty_list_is_no_failure(osa, archive):
    archive.on("GET", "/ingestions", page([]))
    outcome = osa("ingestion", "list")
    assert (outcome.code, outcome.out) == (0, "")
    assert "osa ingestion start" in outcome.err
    assert osa("ingestion", "list", "-o", "json").json == []


@pytest.mark.parametrize("text", [ID, SRN, ID.upper(), ID.replace("-", "")])
def test_an_id_may_be_an_srn_or_spelt_otherwise(text, osa):
    assert osa("ingestion", "status", text, "-q").out == f"{ID}\n"


@pytest.mark.parametrize(
    "text", ["12", "@first", "urn:osa:localhost:conv:documents@1.0.0", "../records", ""]
)
def test_what_is_no_id_is_a_usage_error_that_says_how_to_find_one(text, osa, archive):
    outcome = osa("ingestion", "status", text)
    assert outcome.code == 2
    assert "osa ingestion list" in outcome.err
    assert archive.requests == []


def test_a_missing_id_says_how_to_find_one(osa):
    outcome = osa("ingestion", "cancel")
    assert outcome.code == 2
    assert "osa ingestion list" in outcome.err
    assert "@last" in outcome.err
    assert "osa record list" in osa("record", "show").err
    assert "osa convention list" in osa("convention", "show").err


def test_status_tells_why_it_failed_and_what_to_do(osa, archive):
    archive.on("GET", f"/ingestions/{ID}", archive.example("IngestionFailed"))
    outcome = osa("ingestion", "status", ID)
    assert outcome.code == 0
    assert "failed (source)" in outcome.out
    assert "Several variables fit: sst, ice_conc." in outcome.out
    assert "SOURCE_INVALID" in outcome.out
    assert f"osa ingestion logs {ID}" in outcome.err


def test_status_of_a_running_one_tells_progress_and_how_to_wait(osa, archive):
    archive.on("GET", f"/ingestions/{ID}", archive.example("IngestionRunning"))
    outcome = osa("ingestion", "status", ID)
    assert "converting: 2 of 4 time steps, 50 %" in outcome.out
    assert f"osa ingestion wait {ID}" in outcome.err


def test_status_survives_what_a_newer_server_says(osa, archive):
    odd = archive.example("IngestionRunning", status="resting", status_reason="tired")
    odd["progress"] |= {"mood": "calm"}
    odd["counts"] |= {"seen": 3, "postponed": 1}
    odd["weather"] = {"wind": 3}
    archive.on("GET", f"/ingestions/{ID}", odd)
    outcome = osa("ingestion", "status", ID)
    assert outcome.code == 0
    assert "resting (tired)" in outcome.out
    assert "3 seen: 2 created, 1 postponed" in outcome.out


def test_items_that_went_wrong_say_why(osa, archive):
    outcome = osa("ingestion", "items", ID, "--outcome", "rejected", "--outcome", "failed")
    assert "https://archive.example/a.pdf answered 404. (source_not_found)" in outcome.out
    (request,) = archive.asked("GET", f"/ingestions/{ID}/items")
    assert request.query["outcome"] == ["rejected", "failed"]
    assert osa("ingestion", "items", ID, "--outcome", "bad").code == 2


def test_a_missing_convention_is_not_found_with_a_hint(osa, archive):
    archive.on("GET", "/conventions/document", archive.problem("ProblemConventionNotFound"))
    outcome = osa("convention", "show", "document")
    assert outcome.code == 6
    assert "Did you mean documents?" in outcome.err
    assert "code CONVENTION_NOT_FOUND, request 0" in outcome.err


def artifacts(archive, *contents, name="sst.tif"):
    """Artifacts with these contents, all of one name."""
    items = []
    for number, content in enumerate(contents):
        digest = hashlib.sha256(content).hexdigest()
        identity = f"{ARTIFACT[:-12]}{number:012d}"
        example = archive.example("ArtifactPage")["items"][0]
        items.append({**example, "id": identity, "name": name, "sha256": digest, "size": 3})
        archive.content(f"/artifacts/{identity}/content", content, digest, name)
    archive.on("GET", f"/ingestions/{ID}/artifacts", page(items))
    return items


def test_download_writes_every_artifact_and_tells_the_paths(osa, archive, home):
    artifacts(archive, b"one", b"two")
    outcome = osa("ingestion", "download", ID, "--dir", "out")
    assert outcome.code == 0
    first, second = outcome.out.splitlines()
    assert (home / first).read_bytes() == b"one"
    assert (home / second).read_bytes() == b"two"
    assert first == "out/sst.tif"
    assert second == "out/sst-000000000001.tif"


def test_download_sends_nothing_twice_and_overwrites_nothing(osa, archive, home):
    artifacts(archive, b"one")
    (home / "sst.tif").write_bytes(b"one")
    outcome = osa("ingestion", "download", ID)
    assert outcome.code == 0
    assert outcome.out == "sst.tif\n"
    assert "same content" in outcome.err
    (home / "sst.tif").write_bytes(b"mine")
    outcome = osa("ingestion", "download", ID)
    assert outcome.code == 1
    assert "--overwrite" in outcome.err
    assert (home / "sst.tif").read_bytes() == b"mine"
    assert osa("ingestion", "download", ID, "--overwrite", "-q").out == "sst.tif\n"
    assert (home / "sst.tif").read_bytes() == b"one"


def test_download_of_one_by_name_and_of_none(osa, archive):
    artifacts(archive, b"one")
    assert osa("ingestion", "download", ID, "--name", "sst.tif").code == 0
    outcome = osa("ingestion", "download", ID, "--name", "sts.tif")
    assert outcome.code == 6
    assert "Did you mean sst.tif?" in outcome.err
    archive.on("GET", f"/ingestions/{ID}/artifacts", page([]))
    assert osa("ingestion", "download", ID).code == 0


@pytest.mark.parametrize("name", ["../../escape.tif", "/etc/escape.tif", "..", ".ssh", "a\x1b[2Jb"])
def test_a_name_from_the_server_never_leads_out_of_the_folder(name, osa, archive, home):
    artifacts(archive, b"one", name=name)
    outcome = osa("ingestion", "download", ID, "--dir", "out")
    assert outcome.code == 0
    (path,) = (home / "out").iterdir()
    assert path.read_bytes() == b"one"
    assert not path.name.startswith(".")
    assert path.name.isprintable()


def test_download_with_json_tells_object_and_path(osa, archive):
    artifacts(archive, b"one")
    (item,) = osa("ingestion", "download", ID, "-o", "json").json
    assert item["path"] == "sst.tif"
    assert item["sha256"] == hashlib.sha256(b"one").hexdigest()


def test_a_record_shows_what_it_was_made_from_and_the_list_what_was_made_from_it(osa, archive):
    record = archive.example("Record")
    origins = [{"record_id": ID, "version": 3}, {"record_id": ARTIFACT, "version": None}]
    archive.on("GET", f"/records/{RECORD}", record | {"derived_from": origins})
    shown = [line.split() for line in osa("record", "show", RECORD).out.splitlines()]
    assert ["Derived", "from", f"{ID},", "version", "3"] in shown
    assert [ARTIFACT] in shown
    assert osa("record", "list", "--derived-from", f"urn:osa:localhost:rec:{RECORD}").code == 0
    (request,) = archive.asked("GET", "/records")
    assert request.query["derived_from"] == [RECORD]


def test_the_files_of_a_record_can_be_downloaded(osa, archive, home):
    record = archive.example("Record")
    file = record["files"][0]
    file["sha256"] = hashlib.sha256(b"calm").hexdigest()
    archive.on("GET", f"/records/{RECORD}", record)
    path = f"/records/{RECORD}/files/{file['id']}/content"
    archive.content(path, b"calm", file["sha256"], file["name"])
    assert osa("record", "download", RECORD).code == 0
    assert (home / "field-notes.txt").read_bytes() == b"calm"


def test_cancel_asks_with_reason_and_grace(osa, archive):
    archive.on(
        "POST",
        f"/ingestions/{ID}/cancel",
        archive.answer(archive.example("IngestionCanceling"), 202),
    )
    outcome = osa("ingestion", "cancel", SRN, "--reason", "wrong variable", "--grace", "1m")
    assert outcome.code == 0
    assert "canceling" in outcome.out
    (request,) = archive.asked("POST", f"/ingestions/{ID}/cancel")
    assert request.json == {"reason": "wrong variable", "grace_seconds": 60}


def test_cancel_and_wait_is_a_success_when_it_is_canceled(osa, archive):
    path = f"/ingestions/{ID}"
    archive.on("POST", f"{path}/cancel", archive.answer(archive.example("IngestionCanceling"), 202))
    archive.on("GET", path, archive.example("IngestionCanceled"))
    outcome = osa("ingestion", "cancel", ID, "--wait")
    assert outcome.code == 0
    assert "canceled" in outcome.out


def test_cancel_and_wait_that_came_too_late_is_no_success(osa, archive):
    path = f"/ingestions/{ID}"
    archive.on("POST", f"{path}/cancel", archive.answer(archive.example("IngestionCanceling"), 202))
    archive.on("GET", path, archive.example("IngestionSucceeded"))
    outcome = osa("ingestion", "cancel", ID, "--wait")
    assert outcome.code == 8
    assert "not canceled in time" in outcome.err


def cancels(archive, **examples):
    """What a cancel of each is answered with."""
    for identity, example in ((ID, examples["first"]), (RECORD, examples["second"])):
        if isinstance(example, str):
            example = archive.answer(archive.example(example, id=identity), 202)
        archive.on("POST", f"/ingestions/{identity}/cancel", example)


def test_cancel_stops_several(osa, archive):
    cancels(archive, first="IngestionCanceling", second="IngestionCanceled")
    outcome = osa("ingestion", "cancel", ID, RECORD, SRN, "--reason", "too many")
    assert outcome.code == 0
    assert [line.split()[:2] for line in outcome.out.splitlines()[1:]] == [
        [ID, "canceling"],
        [RECORD, "canceled"],
    ]
    for identity in (ID, RECORD):
        (request,) = archive.asked("POST", f"/ingestions/{identity}/cancel")
        assert request.json == {"reason": "too many"}
    assert osa("ingestion", "cancel", ID, RECORD, "-q").out == f"{ID}\n{RECORD}\n"


def test_one_that_has_ended_keeps_no_other_from_being_canceled(osa, archive):
    ended = archive.problem("ProblemAlreadyEnded")
    cancels(archive, first=ended, second="IngestionCanceled")
    outcome = osa("ingestion", "cancel", ID, RECORD, "-o", "json")
    assert outcome.code == 8
    assert [each["id"] for each in outcome.json] == [RECORD]
    assert "INGESTION_ALREADY_ENDED" in outcome.err
    cancels(archive, first=ended, second=ended)
    outcome = osa("ingestion", "cancel", ID, RECORD)
    assert (outcome.code, outcome.out) == (8, "")
    assert osa("ingestion", "cancel", ID, RECORD, "-o", "json").json == []


def test_cancel_waits_for_those_of_several_that_are_not_done(osa, archive):
    cancels(archive, first="IngestionCanceling", second="IngestionCanceled")
    for example, code in (("IngestionCanceled", 0), ("IngestionSucceeded", 8)):
        archive.on("GET", f"/ingestions/{ID}", archive.example(example, id=ID))
        outcome = osa("ingestion", "cancel", ID, RECORD, "--wait", "-o", "json")
        assert outcome.code == code
        assert [each["done"] for each in outcome.json] == [True, True]
        assert (f"{ID} was not canceled in time" in outcome.err) is (code == 8)
    assert archive.asked("GET", f"/ingestions/{RECORD}") == []


def test_a_refused_token_is_told_of_once(osa, archive):
    osa.environment["OSA_TOKEN"] = "wrong"
    for verb in (("cancel",), ("delete", "--yes")):
        outcome = osa("ingestion", *verb, ID, RECORD)
        assert outcome.code == 7
        assert outcome.err.count("UNAUTHENTICATED") == 1
        assert "Not tried: 1 more." in outcome.err


def test_the_filters_of_control_reach_the_server_as_the_contract_names_them(osa, archive):
    osa(
        *("ingestion", "list", "--unresolved", "--error-kind", "source_not_found"),
        *("--search", "sea", "--concurrency-key", "site-a", "--retry-of", SRN, "--root", ID),
        *("--record", f"urn:osa:localhost:rec:{RECORD}", "--ended-after", "2026-11-22", "-q"),
        *("--ended-before", "2026-11-23T00:00:00Z"),
    )
    (request,) = archive.asked("GET", "/ingestions")
    query = {name: values for name, (*values,) in request.query.items()}
    after = datetime.fromisoformat(query.pop("ended_after")[0])
    before = datetime.fromisoformat(query.pop("ended_before")[0])
    assert (after, before) == (
        datetime(2026, 11, 22, tzinfo=UTC),
        datetime(2026, 11, 23, tzinfo=UTC),
    )
    query.pop("per_page")
    assert query == {
        "unresolved": ["true"],
        "error_kind": ["source_not_found"],
        "q": ["sea"],
        "concurrency_key": ["site-a"],
        "retry_of": [ID],
        "root_id": [ID],
        "record_id": [RECORD],
        "order": ["desc"],
    }


def test_a_search_that_finds_nothing_does_not_say_that_there_is_nothing(osa, archive):
    archive.on("GET", "/ingestions", page([]))
    outcome = osa("ingestion", "list", "--q", "sea")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "No such ingestions.\n"


def test_a_total_is_a_number_for_pipes_and_an_object_for_programs(osa, archive):
    archive.on("GET", "/ingestions", page([], total={"value": 42, "relation": "eq"}))
    assert osa("ingestion", "list", "--total", "--unresolved").out == "42\n"
    (request,) = archive.asked("GET", "/ingestions")
    assert request.query["include_total"] == ["true"]
    archive.on("GET", "/ingestions", page([], total={"value": 10000, "relation": "gte"}))
    assert osa("ingestion", "list", "--total", "-q").out == "10000+\n"
    told = osa("ingestion", "list", "--total", "-o", "json").json
    assert told == {"value": 10000, "relation": "gte"}
    assert osa("ingestion", "list", "--total", "-n", "3").code == 2


def several(archive):
    """Two ingestions, as a list gives them: not in the order that is asked for."""
    other = ID[:-2] + "50"
    rows = [archive.example("IngestionRunning", id=other), archive.example("IngestionSucceeded")]
    archive.on("GET", "/ingestions", page(rows))
    return other, rows


def test_several_statuses_are_one_request_in_the_order_of_the_ids(osa, archive):
    other, (running, succeeded) = several(archive)
    outcome = osa("ingestion", "status", SRN, other, ID)
    assert outcome.code == 0
    assert [line.split()[0] for line in outcome.out.splitlines()[1:]] == [ID, other]
    (request,) = archive.requests
    assert request.query["id"] == [ID, other]
    assert osa("ingestion", "status", ID, other, "-o", "json").json == [succeeded, running]
    assert osa("ingestion", "status", ID, other, "-q").out == f"{ID}\n{other}\n"


def test_one_of_several_that_is_not_there_is_6(osa, archive):
    archive.on("GET", "/ingestions", page([archive.example("IngestionSucceeded")]))
    outcome = osa("ingestion", "status", ID, ID[:-2] + "50")
    assert (outcome.code, outcome.out) == (6, "")


def test_status_tells_the_facts_of_control(osa, archive):
    queued = archive.example(
        "IngestionRetry",
        id=ID,
        priority=7,
        concurrency_key="site-a",
        max_failed_items=None,
        deadline_at="2126-11-22T09:00:00.000000Z",
        next_attempt_at="2126-11-22T09:00:00.000000Z",
        queue_position=3,
    )
    archive.on("GET", f"/ingestions/{ID}", queued)
    outcome = osa("ingestion", "status", ID)
    rows = dict(line.split("  ", 1) for line in outcome.out.splitlines())
    rows = {name: value.strip() for name, value in rows.items()}
    assert rows["Priority"] == "7"
    assert rows["Key"] == "site-a"
    assert rows["Failures"] == "any number may fail"
    assert rows["Retry of"] == f"{ID}, remaining"
    assert rows["Queue"] == "3 are taken before it"
    assert rows["Deadline"].startswith("2126-11-22 09:00:00Z (in 36")
    assert rows["Next try"].startswith("2126-11-22")
    assert f"osa ingestion explain {ID}" in outcome.err


def test_status_of_what_failed_offers_the_retry_that_would_be_accepted(osa, archive):
    failed = archive.example("IngestionFailed", purge_after="2126-11-22T09:00:00.000000Z")
    archive.on("GET", f"/ingestions/{ID}", failed)
    outcome = osa("ingestion", "status", ID)
    assert f"Try again: osa ingestion retry {ID} --scope remaining" in outcome.err
    assert "(or --scope all)" in outcome.err
    assert "Kept until" in outcome.out
    retried = {**failed, "retried_by": RECORD, "allowed_actions": []}
    archive.on("GET", f"/ingestions/{ID}", retried)
    outcome = osa("ingestion", "status", ID)
    assert "Try again" not in outcome.err
    assert f"Its retry: osa ingestion status {RECORD}" in outcome.err


def test_a_forced_cancel_does_not_wait(osa, archive):
    path = f"/ingestions/{ID}/cancel"
    archive.on("POST", path, archive.example("IngestionCanceled"))
    outcome = osa("ingestion", "cancel", ID, "--force")
    assert outcome.code == 0
    (request,) = archive.asked("POST", path)
    assert request.json == {"force": True}
    assert osa("ingestion", "cancel", ID, "--force", "--grace", "5s").code == 2
