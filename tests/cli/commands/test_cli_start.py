"""Starting: from the command line to exactly one request that can work."""

from __future__ import annotations

import hashlib
import json

import pytest

ID = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f"
RECORD = "019aa9d4-7c00-7d33-9a86-3f1c2d3e4f50"
UPLOAD = "019aa9d4-7c00-7a11-9a86-0f1c2d3e4f50"
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "variable": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "blocksize": {"type": "integer", "minimum": 64, "maximum": 1024, "default": 512},
        "scale": {"type": "number"},
        "extract_text": {"type": "boolean", "default": True},
        "bounds": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
        "options": {"type": "object"},
        "compression": {"$ref": "#/$defs/Compression"},
    },
    "$defs": {"Compression": {"enum": ["deflate", "zstd", "none"], "type": "string"}},
}


@pytest.fixture
def archive(archive):
    """Takes uploads as they come, and has a convention with parameters of all types."""

    def keep(request):
        digest = hashlib.sha256(request.body).hexdigest()
        number = len(archive.asked("POST", "/uploads"))
        identity = f"{UPLOAD[:-2]}{number:02d}"
        upload = archive.example("Upload", id=identity, sha256=digest, size=len(request.body))
        return archive.answer(upload, 201)

    archive.call("POST", "/uploads", keep)
    detail = archive.example("ConventionDetail", parameters_schema=SCHEMA)
    archive.on("GET", "/conventions/documents", detail)
    return archive


def sent(archive):
    """The body of the one start there was."""
    (request,) = archive.asked("POST", "/ingestions")
    return request.json


def test_the_least_start_is_a_convention_and_a_source(osa, archive):
    outcome = osa("ingestion", "start", "documents", "--text", "Calm sea.")
    assert outcome.code == 0
    assert outcome.out == f"{ID}\n"
    assert "Queued." in outcome.err
    assert sent(archive) == {
        "convention_id": "documents",
        "source": {"type": "text", "text": "Calm sea."},
        "batch_size": 1000,
        "limit": None,
    }


def test_a_file_is_uploaded_first_with_its_name_and_checksum_compared(osa, archive, home):
    (home / "notes.txt").write_bytes(b"Calm sea.")
    assert osa("ingestion", "start", "documents", "notes.txt").code == 0
    (upload,) = archive.asked("POST", "/uploads")
    assert upload.body == b"Calm sea."
    assert upload.query["filename"] == ["notes.txt"]
    assert sent(archive)["source"] == {"type": "file", "upload_id": f"{UPLOAD[:-2]}01"}


def test_a_file_that_changed_on_the_way_starts_nothing(osa, archive, home):
    (home / "notes.txt").write_bytes(b"Calm sea.")
    archive.on("POST", "/uploads", archive.answer(archive.example("Upload"), 201))
    outcome = osa("ingestion", "start", "documents", "notes.txt")
    assert outcome.code == 1
    assert "CHECKSUM_MISMATCH" in outcome.err
    assert archive.asked("POST", "/ingestions") == []


def test_several_sources_are_a_list_in_their_order(osa, archive, home):
    (home / "a.txt").write_bytes(b"a")
    (home / "b.txt").write_bytes(b"b")
    osa(
        *("ingestion", "start", "documents", "a.txt", "https://archive.example/a.pdf", "b.txt"),
        *("--source-uri", "urn:x:y", "--text", "t", "--record", RECORD),
        *("--record", f"urn:osa:localhost:rec:{RECORD}"),
    )
    assert sent(archive)["source"] == {
        "type": "list",
        "items": [
            {"type": "file", "upload_id": f"{UPLOAD[:-2]}01"},
            {"type": "uri", "uri": "https://archive.example/a.pdf"},
            {"type": "file", "upload_id": f"{UPLOAD[:-2]}02"},
            {"type": "uri", "uri": "urn:x:y"},
            {"type": "text", "text": "t"},
            {"type": "record", "record_id": RECORD},
            {"type": "record", "record_id": RECORD},
        ],
    }


def test_everything_else_of_a_start_reaches_the_server(osa, archive):
    outcome = osa(
        *("ingestion", "start", "documents", "--text", "x", "--name", "Sea", "--external-id", "e1"),
        *("--label", "project=demo", "--label", "note=a=b", "--metadata", '{"a": [1]}'),
        *("--batch-size", "7", "--limit", "9", "--idempotency-key", "nightly"),
    )
    assert outcome.code == 0
    body = sent(archive)
    assert body["name"] == "Sea"
    assert body["external_id"] == "e1"
    assert body["labels"] == {"project": "demo", "note": "a=b"}
    assert body["metadata"] == {"a": [1]}
    assert (body["batch_size"], body["limit"]) == (7, 9)
    (request,) = archive.asked("POST", "/ingestions")
    assert request.headers["idempotency-key"] == "nightly"


def test_a_start_always_carries_a_key_and_each_its_own(osa, archive):
    for _ in range(2):
        osa("ingestion", "start", "documents", "--text", "x")
    first, second = archive.asked("POST", "/ingestions")
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


def test_parameters_have_the_types_of_the_schema(osa, archive):
    outcome = osa(
        *("ingestion", "start", "documents", "--text", "x", "-p", "variable=null"),
        *("-p", "blocksize=128", "-p", "scale=2.5", "-p", "extract_text=false"),
        *("-p", "bounds=[1, 2, 3.5, 4]", "-p", 'options={"a": null}', "-p", "compression=zstd"),
    )
    assert outcome.code == 0
    assert sent(archive)["parameters"] == {
        "variable": None,
        "blocksize": 128,
        "scale": 2.5,
        "extract_text": False,
        "bounds": [1, 2, 3.5, 4],
        "options": {"a": None},
        "compression": "zstd",
    }


def test_a_parameter_goes_over_the_file_of_parameters(osa, archive, home):
    (home / "params.json").write_text('{"variable": "sst", "blocksize": 64}')
    osa(
        *("ingestion", "start", "documents", "--text", "x"),
        *("--params-file", "params.json", "-p", "blocksize=256"),
    )
    assert sent(archive)["parameters"] == {"variable": "sst", "blocksize": 256}


@pytest.mark.parametrize(
    "words,message",
    [
        (("-p", "blocksze=3"), "Did you mean 'blocksize'?"),
        (("-p", "blocksize=big"), "a whole number, such as 3"),
        (("-p", "blocksize=3"), "blocksize must be at least 64."),
        (("-p", "extract_text=maybe"), "true or false"),
        (("-p", "compression=zst"), "Did you mean zstd?"),
        (("-p", "bounds=1,2"), "a JSON array, such as [1, 2]"),
        (("-p", "bounds=[1]"), "bounds must have at least 4 elements."),
        (("-p", "options=[1]"), "a JSON object"),
        (("-p", "scale=nan"), "a number, such as 2.5"),
        (("-p", "variable"), "write it as name=value"),
        (("--metadata", "[1]"), "must be a JSON object"),
        (("--metadata", "{"), "is not JSON"),
        (("--label", "demo"), "write it as key=value"),
        (("--timeout", "5m"), "Add --wait or --watch"),
        (("--timeout", "soon", "--wait"), "not a duration"),
        (("--params-file", "missing.json"), "missing.json"),
        (("--record", "12"), "not the id of a record"),
        (("missing.txt",), "There is no file missing.txt."),
        ((".",), "is a folder"),
        (("--batch-size", "0"), "--batch-size"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_sent(words, message, osa, archive):
    outcome = osa("ingestion", "start", "documents", "--text", "x", *words)
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.out == ""
    assert [r for r in archive.requests if r.method == "POST"] == []


def test_all_wrong_parameters_are_told_at_once(osa):
    outcome = osa("ingestion", "start", "documents", "-p", "a=1", "-p", "blocksize=x")
    assert "2 parameters:" in outcome.err
    assert "blocksize: 'x' is not" in outcome.err
    assert "'a' is not a parameter" in outcome.err
    assert "osa convention show documents" in outcome.err


def test_a_missing_parameter_is_named(osa, archive):
    schema = {**SCHEMA, "required": ["blocksize"]}
    detail = archive.example("ConventionDetail", parameters_schema=schema)
    archive.on("GET", "/conventions/documents", detail)
    outcome = osa("ingestion", "start", "documents", "--text", "x")
    assert outcome.code == 2
    assert "blocksize is missing" in outcome.err


def test_a_source_the_convention_does_not_take_is_refused_before_the_upload(osa, archive, home):
    (home / "big.nc").write_bytes(b"x")
    detail = archive.example("ConventionDetail", source_types=["uri"])
    archive.on("GET", "/conventions/documents", detail)
    outcome = osa("ingestion", "start", "documents", "big.nc")
    assert outcome.code == 2
    assert "takes no source of type file; it takes uri" in outcome.err
    assert archive.asked("POST", "/uploads") == []
    assert osa("ingestion", "start", "documents").code == 2


def test_a_convention_the_server_cannot_run_names_the_missing_extra(osa, archive):
    detail = archive.example("ConventionDetail", ingestable=False, missing_extra="geo")
    archive.on("GET", "/conventions/documents", detail)
    outcome = osa("ingestion", "start", "documents", "--text", "x")
    assert outcome.code == 1
    assert "pip install 'osa-ingestion[geo]'" in outcome.err


def test_a_misspelt_convention_is_not_found_with_a_hint(osa, archive):
    archive.on("GET", "/conventions/docments", archive.problem("ProblemConventionNotFound"))
    outcome = osa("ingestion", "start", "docments", "--text", "x")
    assert outcome.code == 6
    assert "Did you mean documents?" in outcome.err


def test_a_token_that_may_not_read_may_still_start(osa, archive):
    archive.on("GET", "/conventions/documents", archive.problem("ProblemForbidden"))
    outcome = osa("ingestion", "start", "documents", "--text", "x", "-p", "n=3", "-p", "w=word")
    assert outcome.code == 0
    assert sent(archive)["parameters"] == {"n": 3, "w": "word"}


def test_json_and_quiet_are_for_programs(osa, archive):
    words = ("ingestion", "start", "documents", "--text", "x")
    assert osa(*words, "-o", "json").json == archive.example("IngestionQueued")
    quiet = osa(*words, "-q")
    assert (quiet.out, quiet.err) == (f"{ID}\n", "")


def test_the_last_start_of_this_token_is_at_last(osa, archive, home):
    started = archive.example("IngestionQueued", id=f"{ID[:-2]}77")
    archive.on("POST", "/ingestions", archive.answer(started, 202))
    archive.on("GET", f"/ingestions/{ID[:-2]}77", started)
    osa("ingestion", "start", "documents", "--text", "x")
    assert osa("ingestion", "status", "@last", "-q").out == f"{ID[:-2]}77\n"
    state = home / ".local/state/osa/last.json"
    assert state.stat().st_mode & 0o777 == 0o600
    assert osa.environment["OSA_TOKEN"] not in state.read_text()


def test_at_last_is_never_what_another_token_started(osa, archive):
    from osa.cli import last

    last.remember(archive.url, "another token", {"id": f"{ID[:-2]}66", "created_by": "x"})
    outcome = osa("ingestion", "cancel", "@last")
    assert outcome.code == 6
    assert "There is no @last" in outcome.err
    assert [r for r in archive.requests if r.method == "POST"] == []


def test_at_last_is_looked_up_by_the_name_of_a_stored_token(osa, archive, home):
    from osa.cli.credentials import store_token

    store_token(archive.url, osa.environment.pop("OSA_TOKEN"), name="first")
    example = archive.example
    rows = [
        example("IngestionRunning", id=f"{ID[:-2]}01", created_by="colleague"),
        example("IngestionRunning", id=ID, created_by="first"),
        example("IngestionRunning", id=f"{ID[:-2]}03", created_by="first"),
    ]
    listing = {"items": rows, "next_cursor": None, "prev_cursor": None, "has_more": False}
    archive.on("GET", "/ingestions", listing)
    assert osa("ingestion", "status", "@last", "-q").out == f"{ID}\n"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"started": 1}'])
def test_a_damaged_memory_of_the_last_start_is_no_failure(text, osa, home):
    state = home / ".local/state/osa/last.json"
    state.parent.mkdir(parents=True)
    state.write_text(text)
    assert osa("ingestion", "start", "documents", "--text", "x").code == 0
    assert osa("ingestion", "status", "@last", "-q").out == f"{ID}\n"
    assert json.loads(state.read_text())["version"] == 1


def test_a_home_that_cannot_be_written_does_not_fail_an_accepted_start(osa, home):
    (home / ".local").write_text("a file in the way")
    assert osa("ingestion", "start", "documents", "--text", "x").code == 0


def test_limits_of_a_start_reach_the_server_as_the_contract_names_them(osa, archive):
    outcome = osa(
        *("ingestion", "start", "documents", "--text", "x", "--priority", "-3", "--deadline", "3d"),
        *("--max-failed-items", "10", "--stop-early", "--concurrency-key", "site-a"),
        *("--on-conflict", "queue"),
    )
    assert outcome.code == 0
    body = sent(archive)
    assert {name: body[name] for name in body.keys() - {"convention_id", "source"}} == {
        "batch_size": 1000,
        "limit": None,
        "priority": -3,
        "deadline_seconds": 259200,
        "max_failed_items": 10,
        "stop_early": True,
        "concurrency_key": "site-a",
        "on_conflict": "queue",
    }


def test_any_number_of_failures_is_null_on_the_wire(osa, archive):
    osa("ingestion", "start", "documents", "--text", "x", "--max-failed-items", "any")
    assert sent(archive)["max_failed_items"] is None


@pytest.mark.parametrize(
    "words,message",
    [
        (("--deadline", "later"), "not a duration"),
        (("--deadline", "0"), "between 1s and 365d"),
        (("--deadline", "60w"), "between 1s and 365d"),
        (("--max-failed-items", "-1"), "neither a number such as 10, nor any"),
        (("--priority", "1000"), "--priority"),
        (("--on-conflict", "atach"), "Did you mean attach?"),
    ],
)
def test_a_limit_that_means_nothing_is_refused_before_asking(words, message, osa, archive):
    outcome = osa("ingestion", "start", "documents", "--text", "x", *words)
    assert outcome.code == 2
    assert message in outcome.err
    assert archive.requests == []


def test_a_start_that_attached_says_so_and_is_not_at_last(osa, archive):
    running = archive.example("IngestionRunning", created_by="colleague")
    headers = {"Ingestion-Attached": "true"}
    archive.on("POST", "/ingestions", archive.answer(running, 200, **headers))
    words = ("ingestion", "start", "documents", "--text", "x", "--on-conflict", "attach")
    outcome = osa(*words)
    assert (outcome.code, outcome.out) == (0, f"{ID}\n")
    assert f"Attached: nothing was started; {ID} is active already." in outcome.err
    assert f"osa ingestion watch {ID}" in outcome.err
    assert osa("ingestion", "cancel", "@last").code == 6
    waited = osa(*words, "--wait", "-o", "json")
    assert waited.code == 0
    assert waited.json == archive.example("IngestionSucceeded")
    assert "Started" not in waited.err


def test_a_start_that_was_sent_before_and_is_done_is_not_to_be_followed(osa, archive):
    archive.on("POST", "/ingestions", archive.example("IngestionSucceeded"))
    outcome = osa("ingestion", "start", "documents", "--text", "x", "--idempotency-key", "k")
    assert outcome.out == f"{ID}\n"
    assert "It has succeeded already. See it: osa ingestion status @last" in outcome.err


def test_a_conflict_names_the_other_and_the_ways_around_it(osa, archive):
    archive.on("POST", "/ingestions", archive.problem("ProblemAlreadyRunning"))
    outcome = osa("ingestion", "start", "documents", "--text", "x")
    assert outcome.code == 8
    assert f"osa ingestion status {ID}" in outcome.err
    assert "--on-conflict attach" in outcome.err


def test_at_last_is_looked_up_by_the_name_that_the_server_knows(osa, archive):
    archive.on("GET", "/caller", archive.example("Caller"))
    rows = [
        archive.example("IngestionRunning", id=f"{ID[:-2]}01", created_by="colleague"),
        archive.example("IngestionRunning", id=ID, created_by="first"),
    ]
    listing = {"items": rows, "next_cursor": None, "prev_cursor": None, "has_more": False}
    archive.on("GET", "/ingestions", listing)
    assert osa("ingestion", "status", "@last", "-q").out == f"{ID}\n"
