"""Deleting and cleaning up: never without a yes, and never more than what was shown."""

from __future__ import annotations

import pytest

ID = "019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f"
OTHER = ID[:-2] + "50"
SRN = f"urn:osa:localhost:ing:{ID}"
TOKEN_OF_SELECTION = "019aa9d4-7c00-7e55-9a86-4f1c2d3e4f50"


@pytest.fixture
def archive(archive):
    for identity in (ID, OTHER):
        archive.on("DELETE", f"/ingestions/{identity}", archive.answer(b"", 204))

    def clean_up(request):
        name = "CleanupDeleted" if "selection_token" in request.json else "CleanupSelected"
        return archive.answer(archive.example(name))

    archive.call("POST", "/cleanups", clean_up)
    return archive


def deleted(archive):
    return [r.path.rpartition("/")[2] for r in archive.requests if r.method == "DELETE"]


def test_delete_forgets_each_and_tells_which(osa, archive):
    outcome = osa("ingestion", "delete", SRN, OTHER, ID.upper(), "--yes")
    assert outcome.code == 0
    assert deleted(archive) == [ID, OTHER]
    assert outcome.out.splitlines() == [ID, OTHER]


def test_delete_off_a_terminal_needs_a_yes(osa, archive):
    outcome = osa("ingestion", "delete", ID)
    assert (outcome.code, outcome.out) == (2, "")
    assert "--yes" in outcome.err
    assert archive.requests == []


def test_delete_on_a_terminal_shows_what_and_asks(osa, archive):
    code, text = osa.terminal("ingestion", "delete", ID, typed="y\n", NO_COLOR="1")
    assert code == 0
    assert "Delete this ingestion?" in text
    assert "succeeded" in text
    assert deleted(archive) == [ID]


@pytest.mark.parametrize("typed", ["n\n", "\n", "\x04"])
def test_anything_but_a_yes_deletes_nothing(typed, osa, archive):
    code, text = osa.terminal("ingestion", "delete", ID, typed=typed, NO_COLOR="1")
    assert code == 1
    assert "Nothing was deleted." in text
    words = ("ingestion", "cleanup", "--older-than", "30d")
    assert osa.terminal(*words, typed=typed, NO_COLOR="1")[0] == 1
    assert deleted(archive) == []
    assert [r.json for r in archive.asked("POST", "/cleanups")] == [{"older_than_seconds": 2592000}]


def test_one_that_cannot_be_deleted_stops_no_other_and_is_the_exit_code(osa, archive):
    archive.on("DELETE", f"/ingestions/{ID}", archive.problem("ProblemIngestionActive"))
    outcome = osa("ingestion", "delete", ID, OTHER, "--yes")
    assert outcome.code == 8
    assert outcome.out == f"{OTHER}\n"
    assert f"osa ingestion cancel {ID} --wait" in outcome.err
    archive.on("DELETE", f"/ingestions/{ID}", archive.problem("ProblemIngestionNotFound"))
    assert osa("ingestion", "delete", ID, OTHER, "--yes").code == 6


def test_delete_tells_programs_the_ids(osa):
    assert osa("ingestion", "delete", ID, "--yes", "-o", "json").json == [{"id": ID}]
    assert osa("ingestion", "delete", ID, "--yes", "-o", "jsonl").out == f'{{"id":"{ID}"}}\n'


def test_what_was_deleted_is_at_last_no_more(osa, archive):
    osa("ingestion", "start", "documents", "--text", "x")
    archive.on("GET", "/ingestions", archive.example("IngestionPage", items=[], next_cursor=None))
    assert osa("ingestion", "delete", "@last", "--yes").out == f"{ID}\n"
    outcome = osa("ingestion", "status", "@last")
    assert outcome.code == 6
    assert "There is no @last" in outcome.err


def test_cleanup_shows_count_size_and_sample_and_deletes_nothing(osa, archive):
    outcome = osa(
        *("ingestion", "cleanup", "--older-than", "30d", "--status", "succeeded"),
        *("--status", "canceled", "--convention", "documents", "--keep-last", "10"),
    )
    assert outcome.code == 0
    assert "2 ended ingestions with 50.0 KiB" in outcome.out
    assert ID in outcome.out
    assert "and 1 more" in outcome.out
    assert "Nothing was deleted" in outcome.err
    assert "--yes" in outcome.err
    (request,) = archive.asked("POST", "/cleanups")
    assert request.json == {
        "older_than_seconds": 2592000,
        "status": ["succeeded", "canceled"],
        "convention_id": "documents",
        "keep_last": 10,
    }


def test_cleanup_with_yes_deletes_exactly_what_was_shown(osa, archive):
    outcome = osa("ingestion", "cleanup", "--older-than", "1w", "--yes")
    assert outcome.code == 0
    assert "Deleted 2 of 2." in outcome.err
    select, delete = archive.asked("POST", "/cleanups")
    assert select.json == {"older_than_seconds": 604800}
    assert delete.json == {"selection_token": TOKEN_OF_SELECTION}


def test_cleanup_on_a_terminal_asks(osa, archive):
    words = ("ingestion", "cleanup", "--older-than", "1w")
    code, text = osa.terminal(*words, typed="y\n", NO_COLOR="1")
    assert code == 0
    assert "Delete these 2?" in text
    assert "Deleted 2 of 2." in text


def test_cleanup_of_many_tells_how_it_comes_along(osa, archive):
    step = [0]

    def clean_up(request):
        if "selection_token" in request.json:
            step[0] += 500
        left = 2000 - step[0]
        counts = {"match_count": 2000, "deleted_count": step[0], "remaining_count": left}
        return archive.answer(archive.example("CleanupSelected", **counts))

    archive.call("POST", "/cleanups", clean_up)
    outcome = osa("ingestion", "cleanup", "--older-than", "1w", "--yes", "-o", "json")
    assert outcome.code == 0
    assert "Deleting: 500 of 2000" in outcome.err
    assert "Deleted 2000 of 2000." in outcome.err
    assert outcome.json["remaining_count"] == 0


def test_cleanup_tells_programs_the_selection_or_the_number(osa, archive):
    words = ("ingestion", "cleanup", "--keep-last", "0")
    assert osa(*words, "-o", "json").json == archive.example("CleanupSelected")
    assert osa(*words, "-o", "json", "--yes").json == archive.example("CleanupDeleted")
    quiet = osa(*words, "-q")
    assert (quiet.out, quiet.err) == ("2\n", "")
    assert osa(*words, "-q", "--yes").out == "2\n"


def test_cleanup_of_nothing_is_no_failure(osa, archive):
    nothing = archive.example("CleanupSelected", match_count=0, sample=[], remaining_count=0)
    archive.on("POST", "/cleanups", nothing)
    outcome = osa("ingestion", "cleanup", "--older-than", "1w", "--yes")
    assert (outcome.code, outcome.out) == (0, "")
    assert "No ended ingestion fits." in outcome.err
    assert len(archive.asked("POST", "/cleanups")) == 1


@pytest.mark.parametrize(
    "words,message",
    [
        ((), "Without a filter"),
        (("--yes",), "Without a filter"),
        (("--older-than", "long"), "not a duration"),
        (("--status", "active"), "not one of succeeded, failed, canceled"),
        (("--keep-last", "-1"), "--keep-last"),
    ],
)
def test_a_cleanup_that_means_nothing_is_refused_before_asking(words, message, osa, archive):
    outcome = osa("ingestion", "cleanup", *words)
    assert outcome.code == 2
    assert message in outcome.err
    assert archive.requests == []


@pytest.mark.parametrize(
    "problem,code", [("ProblemSelectionMismatch", 8), ("ProblemSelectionNotFound", 6)]
)
def test_a_selection_that_is_gone_is_made_anew(problem, code, osa, archive):
    selected = archive.answer(archive.example("CleanupSelected"))
    archive.on("POST", "/cleanups", selected, archive.problem(problem))
    outcome = osa("ingestion", "cleanup", "--older-than", "1w", "--yes")
    assert outcome.code == code
    assert "Do the same again" in outcome.err
