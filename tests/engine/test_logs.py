"""What a convention says reaches whoever looks at the ingestion, and harms nobody on its way."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from osa_testing.bench import Bench
from osa_testing.waiting import until

from osa.server.engine.lines import Lines
from osa.server.model import Status
from osa.server.store.holds import Hold
from osa.server.store.logs import NewLine


def _lines(bench: Bench, id: str, **query) -> list[tuple[str, str]]:
    page = bench.house.service.logs.page(bench.principal, id, **{"tail": 1000, **query})
    return [(line.level, line.message) for line in page.items]


def _messages(bench: Bench, id: str, **query) -> list[str]:
    return [message for _, message in _lines(bench, id, **query)]


def test_all_that_a_convention_says_is_there_when_it_has_ended(running: Bench) -> None:
    """Its own words from INFO on, the worries of libraries, and warnings."""
    id = running.start("test-speaker", kind="levels")
    assert running.wait(id).status is Status.SUCCEEDED
    taken, *said, ended = _lines(running, id)
    assert taken == ("info", f"Taken by {running.worker_of(id)}.")
    assert said[:-1] == [
        ("debug", "a detail"),
        ("info", "100 % done"),
        ("warning", "look at this"),
        ("error", "this is bad"),
        ("info", "own news (uri=there)"),
        ("warning", "worry of a library"),
    ]
    level, warned = said[-1]
    assert level == "warning"
    assert warned.startswith("UserWarning: an old way (osa_test_conventions.py:")
    assert ended == ("info", "Ended: succeeded (completed), with 1 item.")


def test_what_was_warned_of_once_is_warned_of_in_the_next_ingestion(running: Bench) -> None:
    for _ in range(3):
        id = running.start("test-speaker", kind="levels")
        running.wait(id)
        assert sum("an old way" in message for message in _messages(running, id)) == 1


def test_what_is_printed_is_in_the_log_of_the_worker(bench: Bench) -> None:
    worker = bench.archive.worker()
    bench.wait(bench.start("test-speaker", kind="levels"))
    assert "printed\n" in worker.said()
    assert "printed aside\n" in worker.said()


def test_of_a_flood_the_beginning_is_kept_and_the_rest_is_counted(running: Bench) -> None:
    id = running.start("test-speaker", kind="flood", count=6_000)
    ended = running.wait(id)
    assert ended.status is Status.SUCCEEDED, ended
    messages = _messages(running, id, after=0)
    drops = [message for message in messages if message.startswith("drop ")]
    dropped = [int(message.split()[0]) for message in messages if "dropped" in message]
    page = running.house.service.logs.page(running.principal, id, tail=1)
    assert 1000 <= page.last_number < 2500
    assert sum(dropped) >= 3_500
    assert drops


def test_odd_text_is_made_harmless_and_cut(running: Bench) -> None:
    id = running.start("test-speaker", kind="odd")
    assert running.wait(id).status is Status.SUCCEEDED
    _, long, odd, _ = _messages(running, id)
    assert len(long) == 4_000
    assert odd == "␛[31mred␀?\nnext"


def test_the_log_has_the_traceback_of_a_defect(running: Bench) -> None:
    id = running.start("test-speaker", kind="raises")
    assert running.wait(id).status is Status.FAILED
    traceback, ended = _lines(running, id, level="error")
    assert 'raise RuntimeError("a defect")' in traceback[1]
    assert ended[1].startswith("Ended: failed (convention), with 0 items.")


def test_last_words_before_a_crash_are_kept(running: Bench) -> None:
    """And each attempt has lines of its own."""
    id = running.start("test-speaker", kind="crashes")
    running.wait(id)
    for attempt in (1, 2, 3):
        taken, said, told = _messages(running, id, attempt=attempt)
        assert taken.startswith("Taken by")
        assert said == "last words"
        assert "(crashed)" in told


def test_lines_are_there_while_a_convention_works_on_its_first_item(bench: Bench) -> None:
    gate = bench.gate()
    bench.archive.worker()
    id = bench.start("test-speaker", kind="waits", gate=str(gate))
    until(lambda: "waiting" in _messages(bench, id), "the line is there")
    assert bench.get(id).counts.seen == 0
    bench.cancel(id)
    assert bench.wait(id).status is Status.CANCELED
    assert _messages(bench, id)[-2:] == [
        "A cancel was asked for; the convention is told to stop.",
        "Ended: canceled (requested), with 0 items.",
    ]


def test_lines_outlive_a_worker_that_is_killed(bench: Bench) -> None:
    gate = bench.gate()
    first = bench.archive.worker()
    id = bench.start("test-speaker", kind="waits", gate=str(gate))
    until(lambda: "waiting" in _messages(bench, id), "the line is there")
    os.killpg(first.pid, signal.SIGKILL)
    bench.archive.worker()
    until(lambda: bench.get(id).attempt == 2, "another has taken it")
    gate.unlink()
    assert bench.wait(id).status is Status.SUCCEEDED
    assert _messages(bench, id, attempt=1)[1:] == [
        "waiting",
        "Its worker gave no sign of life; another goes on.",
    ]
    assert _messages(bench, id, attempt=2)[1] == "waiting"


def test_whoever_was_given_up_on_still_tells_what_it_had_to_say(bench: Bench) -> None:
    """Its lines carry its attempt; nothing else that it writes lands."""
    gate = bench.gate()
    first = bench.archive.worker()
    id = bench.start("test-speaker", kind="waits", gate=str(gate))
    until(lambda: "waiting" in _messages(bench, id), "the line is there")
    bench.pause(first)
    bench.archive.worker()
    until(lambda: bench.get(id).attempt == 2, "another has taken it")
    first.send(signal.SIGCONT)
    until(
        lambda: any("was dropped" in message for message in _messages(bench, id, attempt=1)),
        "the first one finds out",
    )
    gate.unlink()
    assert bench.wait(id).status is Status.SUCCEEDED


def test_a_kill_says_which_limit_it_was(running: Bench) -> None:
    id = running.start("test-hostile", kind="sleeps")
    running.wait(id)
    assert ("warning", "Killed: one attempt may take no longer (OSA_SLOT_SECONDS).") in _lines(
        running, id, attempt=1
    )


def test_lines_that_could_not_be_written_wait_and_the_oldest_go_when_there_are_too_many() -> None:
    def never(ingestion_id: str, said: Sequence[NewLine], *, wait: bool) -> bool:
        return False

    lines = Lines(Hold(ingestion_id="i", attempt=1), never)
    for number in range(3):
        lines.say("info", str(number))
    lines.write(wait=True)
    with lines.waiting() as said, lines.waiting(wait=False) as other:
        assert said is not None
        assert other is None
        assert [line.message for line in said.lines()] == ["0", "1", "2"]
        for number in range(3, 2_500):
            lines.say("info", str(number))
    with lines.waiting() as said:
        assert said is not None
        first, second, *_, last = said.lines()
        said.is_written = True
    assert first.message == "500 lines dropped: they could not be written in time."
    assert (second.message, last.message) == ("500", "2499")
    with lines.waiting() as said:
        assert not said
