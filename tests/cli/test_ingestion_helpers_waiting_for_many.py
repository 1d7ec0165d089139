"""Waiting for many at once, and for whatever an ingestion was retried by."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from osa_testing.canned import ACCESS, EXAMPLES, Server, page, problem

from osa.cli import pacing
from osa.cli.ingestion import IngestionError, IngestionTimeout, wait_ingestion, wait_ingestions

DOWN = httpx.ConnectError("refused")
A, B, C = (f"019aa9d4-7c00-7f6e-8d53-00000000000{n}" for n in "abc")


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


def running(identity: str, hint: Any = 2) -> dict[str, Any]:
    return {**EXAMPLES["IngestionRunning"], "id": identity, "poll_after_seconds": hint}


def ended(identity: str, how: str = "Succeeded", **more: Any) -> dict[str, Any]:
    without = {"retried_by", "poll_after_seconds"}
    found = {k: v for k, v in EXAMPLES[f"Ingestion{how}"].items() if k not in without}
    return {**found, "id": identity, **more}


class Archive(Server):
    """Ingestions that go through these states, one with each look; the last stays. None: gone."""

    def __init__(self, *, lists: bool = True, **states: list[Any]) -> None:
        super().__init__(self._look)
        self._states = {str(UUID(identity)): found for identity, found in states.items()}
        self._lists = lists
        self.looks: list[list[str]] = []

    def _now(self, identity: str) -> Any:
        states = self._states.get(identity, [None])
        return states.pop(0) if len(states) > 1 else states[0]

    def _look(self, request: httpx.Request) -> Any:
        last = request.url.path.rpartition("/")[2]
        if last != "ingestions":
            self.looks.append([last])
            return self._now(last) or problem("IngestionNotFound")
        if not self._lists:
            return problem("InvalidRequest")
        wanted = request.url.params.get_list("id")
        self.looks.append(wanted)
        return page([now for each in wanted if (now := self._now(each)) is not None])


def wait(archive: Server, *ids: Any, **keywords: Any) -> list[dict[str, Any]]:
    return wait_ingestions(**ACCESS, ingestion_ids=ids, http=archive.http, **keywords)


def test_waiting_for_many_ends_when_all_are_done_and_gives_them_in_the_order_of_their_ids() -> None:
    archive = Archive(
        **{
            A: [running(A), running(A), ended(A)],
            B: [ended(B, "Failed")],
            C: [running(C), ended(C, "Canceled")],
        }
    )
    got = wait(archive, C, f"urn:osa:x:ing:{A}", UUID(B), A)
    assert got == [ended(C, "Canceled"), ended(A), ended(B, "Failed"), ended(A)]
    assert archive.looks == [[C, A, B], [C, A], [A]]


def test_waiting_for_many_takes_a_request_for_a_hundred_of_them_with_each_look() -> None:
    ids = [str(uuid4()) for _ in range(150)]
    archive = Archive(**{each: [running(each), ended(each)] for each in ids})
    assert [each["id"] for each in wait(archive, *ids)] == ids
    assert [len(look) for look in archive.looks] == [100, 50, 100, 50]


def test_waiting_for_nobody_is_over_at_once() -> None:
    archive = Archive()
    assert wait(archive) == []
    assert archive.asked == []


def test_the_one_that_asks_for_it_most_often_sets_the_pace(clock: Clock) -> None:
    hints = [(10, 60), (3600, 3600), (0, 9), (None, 30)]
    archive = Archive(
        **{A: [*(running(A, a) for a, _ in hints), ended(A)]},
        **{B: [*(running(B, b) for _, b in hints), ended(B)]},
    )
    wait(archive, A, B)
    ten, hour, zero, senseless = clock.pauses
    assert 10 <= ten <= 12.5
    assert (hour, zero) == (60, 0.5)
    assert 2 <= senseless <= 2.5


def test_a_hint_of_one_that_is_done_hurries_nobody(clock: Clock) -> None:
    archive = Archive(**{A: [running(A, 40), ended(A)], B: [ended(B, poll_after_seconds=1)]})
    wait(archive, A, B)
    assert clock.pauses[0] >= 40


def test_each_change_of_each_is_told_once() -> None:
    beat = running(A) | {"heartbeat_at": "2026-11-22T09:00:09Z"}
    archive = Archive(**{A: [running(A), beat, ended(A)], B: [running(B), ended(B), ended(B)]})
    told: list[dict[str, Any]] = []
    wait(archive, A, B, on_change=told.append)
    assert told == [running(A), running(B), ended(B), ended(A)]


def test_one_that_is_deleted_meanwhile_is_an_error_that_names_it() -> None:
    archive = Archive(**{A: [running(A)], B: [running(B), None], C: [running(C)]})
    # What the example's text names is another one.
    here = problem("IngestionNotFound")
    detail = f"There is no ingestion {B}."
    look = archive._look

    def answer(request: httpx.Request) -> Any:
        found = look(request)
        gone = isinstance(found, httpx.Response) and found.status_code == 404
        return httpx.Response(404, json=here.json() | {"detail": detail}) if gone else found

    server = Server(answer)
    with pytest.raises(IngestionError) as caught:
        wait(server, A, B, C)
    assert (caught.value.code, caught.value.detail) == ("INGESTION_NOT_FOUND", detail)
    assert server.paths()[-1] == f"GET /ingestions/{B}"


def test_one_that_is_done_may_be_deleted_while_others_are_waited_for() -> None:
    archive = Archive(**{A: [ended(A), None], B: [running(B), running(B), ended(B)]})
    assert wait(archive, A, B) == [ended(A), ended(B)]


def test_waiting_for_one_that_is_deleted_meanwhile_is_an_error() -> None:
    archive = Archive(**{A: [running(A), None]})
    with pytest.raises(IngestionError) as caught:
        wait_ingestion(**ACCESS, ingestion_id=A, http=archive.http)
    assert caught.value.code == "INGESTION_NOT_FOUND"


def test_a_server_that_cannot_be_asked_for_many_is_asked_for_each_and_for_no_list_again() -> None:
    archive = Archive(
        lists=False, **{A: [running(A), running(A), ended(A)], B: [running(B), ended(B)]}
    )
    assert wait(archive, A, B) == [ended(A), ended(B)]
    assert archive.looks == [[A], [B], [A], [B], [A]]
    assert archive.paths().count("GET /ingestions") == 1


def test_waiting_too_long_for_many_tells_of_all_that_were_seen_and_cancels_none(
    clock: Clock,
) -> None:
    archive = Archive(**{A: [ended(A)], B: [running(B)], C: [running(C)]})
    with pytest.raises(IngestionTimeout) as caught:
        wait(archive, A, B, C, timeout=20)
    assert caught.value.ingestion == running(B)
    assert caught.value.ingestions == [ended(A), running(B), running(C)]
    assert "2 of 3" in caught.value.detail
    assert clock.now == 1020
    assert {request.method for request in archive.asked} == {"GET"}


def test_waiting_too_long_for_what_never_answered_knows_no_state() -> None:
    with pytest.raises(IngestionTimeout) as caught:
        wait(Server(DOWN), A, B, timeout=20)
    assert (caught.value.ingestion, caught.value.ingestions) == (None, [])


def test_an_outage_is_waited_for_by_those_who_wait_for_many(clock: Clock) -> None:
    down: list[IngestionError] = []
    both = page([running(A), running(B)])
    busy = problem("TooManyRequests", **{"Retry-After": "33"})
    server = Server(both, busy, DOWN, both, page([ended(A), ended(B)]))
    assert wait(server, A, B, on_outage=down.append) == [ended(A), ended(B)]
    assert [error.status for error in down] == [429, None]
    assert any(33 <= pause < 34 for pause in clock.pauses)
    with pytest.raises(IngestionError) as caught:
        wait(Server(DOWN), A, B, outage_budget=60)
    assert caught.value.code == "UNREACHABLE"


def test_what_a_listener_raises_is_not_taken_for_an_outage() -> None:
    def refuse(_ingestion: dict[str, Any]) -> None:
        raise IngestionError("mine", code="UNREACHABLE", retryable=True)

    server = Server(ended(A))
    with pytest.raises(IngestionError, match="mine"):
        wait(server, A, on_change=refuse)
    assert len(server.asked) == 1


def test_a_chain_of_retries_is_followed_to_its_end() -> None:
    archive = Archive(
        **{
            A: [running(A), ended(A, "Failed", retried_by=B)],
            B: [running(B), ended(B, "Canceled", retried_by=C)],
            C: [running(C), ended(C, "Failed")],
        }
    )
    told: list[str] = []
    got = wait_ingestion(
        **ACCESS,
        ingestion_id=A,
        follow_retries=True,
        on_change=lambda now: told.append(f"{now['id'][-1]} {now['status']}"),
        http=archive.http,
    )
    assert got == ended(C, "Failed")
    assert archive.looks == [[A], [A], [B], [B], [C], [C]]
    assert told == [
        f"{n} {s}"
        for n, e in zip("abc", ("failed", "canceled", "failed"), strict=True)
        for s in ("running", e)
    ]


def test_a_retry_is_looked_at_as_soon_as_it_is_known(clock: Clock) -> None:
    archive = Archive(**{A: [ended(A, "Failed", retried_by=B)], B: [ended(B)]})
    wait(archive, A, follow_retries=True)
    assert sum(clock.pauses) == 0


def test_nothing_is_followed_unless_it_is_asked_for_nor_from_a_success() -> None:
    for follow, found in (
        (False, ended(A, "Failed", retried_by=B)),
        (True, ended(A, "Succeeded", retried_by=B)),
        (True, ended(A, "Failed")),
    ):
        archive = Archive(**{A: [found]})
        assert wait(archive, A, follow_retries=follow) == [found]
        assert archive.looks == [[A]]


def test_many_follow_their_retries_each_and_share_those_they_have_in_common() -> None:
    archive = Archive(
        **{
            A: [ended(A, "Failed", retried_by=B)],
            B: [running(B), running(B), ended(B)],
            C: [running(C), ended(C)],
        }
    )
    assert wait(archive, A, B, C, follow_retries=True) == [ended(B), ended(B), ended(C)]
    assert archive.looks == [[A, B, C], [B, C], [B]]


def test_retries_that_lead_in_a_circle_are_an_error_and_no_endless_wait() -> None:
    archive = Archive(
        **{A: [ended(A, "Failed", retried_by=B)], B: [ended(B, "Failed", retried_by=A)]}
    )
    with pytest.raises(IngestionError) as caught:
        wait(archive, A, follow_retries=True)
    assert caught.value.code == "INVALID_RESPONSE"


def test_the_time_is_up_also_when_there_is_a_retry_to_look_at(clock: Clock) -> None:
    archive = Archive(**{A: [ended(A, "Failed", retried_by=B)], B: [running(B)]})
    with pytest.raises(IngestionTimeout) as caught:
        wait(archive, A, follow_retries=True, timeout=0)
    assert caught.value.ingestions == []
    with pytest.raises(IngestionTimeout) as caught:
        wait(archive, A, follow_retries=True, timeout=10)
    assert caught.value.ingestion == running(B)
    assert B in caught.value.detail
