"""A start is accepted once, or refused with nothing queued: the unique indexes are the judge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from osa.server.errors import (
    BodyTooLarge,
    ConventionNotFound,
    ExternalIdTaken,
    IdempotencyKeyReused,
    IngestionAlreadyRunning,
    InvalidParameters,
    InvalidSource,
    SourceNotAllowed,
    UploadNotFound,
)
from osa.server.model import SourceRequest, StartRequest, Status
from osa.server.store.tables import event, idempotency, ingestion, label

_BODY = StartRequest(convention_id="test-counter", labels={"a": "1"}, metadata={"b": [1, None]})


def _count(player, table) -> int:
    with player.house.database.read() as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


def test_the_same_key_and_body_give_the_same_ingestion_in_its_present_state(player) -> None:
    first = player.ingestions.start(player.principal, _BODY, idempotency_key="k")
    player.cancel(first.ingestion)
    again = player.ingestions.start(player.principal, replace(_BODY), idempotency_key="k")

    assert (first.replayed, again.replayed) == (False, True)
    assert again.ingestion.id == first.ingestion.id
    assert again.ingestion.status is Status.CANCELED


def test_the_same_key_with_another_body_is_refused_and_names_the_ingestion(player) -> None:
    first = player.ingestions.start(player.principal, _BODY, idempotency_key="k").ingestion
    with pytest.raises(IdempotencyKeyReused) as refused:
        player.ingestions.start(player.principal, replace(_BODY, limit=1), idempotency_key="k")
    assert refused.value.context == {"ingestion_id": first.id}
    assert _count(player, ingestion) == 1


def test_fifty_starts_at_once_with_one_key_make_one_ingestion(player, at_once) -> None:
    start = player.ingestions.start
    done = at_once([lambda: start(player.principal, _BODY, idempotency_key="k")] * 50)

    assert {started.ingestion.id for started in done} == {done[0].ingestion.id}
    assert sum(not started.replayed for started in done) == 1
    assert (_count(player, ingestion), _count(player, event), _count(player, label)) == (1, 1, 1)


def test_keys_of_two_tenants_have_nothing_to_do_with_each_other(player, stranger) -> None:
    mine = player.start(key="k")
    theirs = player.start(key="k", who=stranger, limit=1)
    assert mine.id != theirs.id


def test_a_key_can_be_used_anew_after_seven_days_and_not_before(player) -> None:
    first = player.start(key="k")

    def age(days: float) -> None:
        then = datetime.now(UTC) - timedelta(days=days)
        player.execute(update(idempotency).values(created_at=then))

    age(6.99)
    assert player.start(key="k").id == first.id
    age(7.01)
    second = player.start(key="k", limit=3)
    assert second.id != first.id
    assert player.start(key="k", limit=3).id == second.id


def test_a_start_that_is_refused_takes_no_key(player) -> None:
    player.start(external_id="x")
    with pytest.raises(ExternalIdTaken):
        player.start(key="k", external_id="x")
    assert player.start(key="k").external_id is None


def test_without_a_key_each_start_is_new(player) -> None:
    assert player.start().id != player.start().id


def test_an_external_id_is_unique_in_a_tenant_for_ever_and_the_holder_is_named(
    player, stranger
) -> None:
    first = player.start(external_id="survey 7")
    player.cancel(first)
    with pytest.raises(ExternalIdTaken) as refused:
        player.start(external_id="survey 7")
    assert refused.value.context["ingestion_id"] == first.id
    assert player.start(external_id="survey 7", who=stranger).external_id == "survey 7"


def test_of_twenty_starts_at_once_of_an_exclusive_convention_one_wins_and_is_named(
    player, at_once
) -> None:
    done = at_once([lambda: player.start("test-harvester")] * 20)

    (winner,) = [one for one in done if not isinstance(one, Exception)]
    losers = [one for one in done if isinstance(one, Exception)]
    assert {type(one) for one in losers} == {IngestionAlreadyRunning}
    assert {one.context["ingestion_id"] for one in losers} == {winner.id}
    assert _count(player, ingestion) == 1


def test_an_exclusive_convention_is_free_again_when_its_ingestion_is_done(player, stranger) -> None:
    first = player.start("test-harvester")
    assert player.start("test-harvester", who=stranger).tenant == stranger.tenant
    job = player.take(first)
    with pytest.raises(IngestionAlreadyRunning):
        player.start("test-harvester")
    player.running.complete(job)
    assert player.start("test-harvester").status is Status.QUEUED


def test_everything_that_is_wrong_with_parameters_is_told_and_nothing_is_queued(player) -> None:
    with pytest.raises(InvalidParameters) as refused:
        player.start(parameters={"count": -1, "prefix": 3, "unknown": True})
    assert sorted(error.loc[2] for error in refused.value.errors) == ["count", "prefix", "unknown"]
    assert (_count(player, ingestion), _count(player, event)) == (0, 0)


@pytest.mark.parametrize(
    ("source", "refusal"),
    [
        (SourceRequest(type="uri", uri="http://127.0.0.1/"), SourceNotAllowed),
        (SourceRequest(type="uri", uri="file:///etc/passwd"), SourceNotAllowed),
        (SourceRequest(type="file", upload_id="no such"), UploadNotFound),
        (
            SourceRequest(type="list", items=[SourceRequest(type="file", upload_id="no such")]),
            UploadNotFound,
        ),
    ],
)
def test_a_source_that_cannot_be_read_is_refused_at_the_start(player, source, refusal) -> None:
    with pytest.raises(refusal):
        player.start(source=source)
    assert _count(player, ingestion) == 0


def test_a_convention_without_sources_refuses_one_and_one_that_needs_it_says_so(player) -> None:
    with pytest.raises(InvalidSource):
        player.start("test-harvester", source=SourceRequest(type="text", content=b"x"))


@pytest.mark.parametrize(
    "convention_id",
    [
        "no-such",
        "urn:osa:{domain}:conv:no-such@1.0.0",
        "urn:osa:elsewhere.example:conv:test-counter@1.0.0",
        "urn:osa:{domain}:conv:test-counter@2.0.0",
        "urn:osa:{domain}:ing:test-counter",
    ],
)
def test_a_convention_that_is_not_here_is_named_in_the_refusal(player, convention_id: str) -> None:
    named = convention_id.format(domain=player.house.settings.domain)
    with pytest.raises(ConventionNotFound) as refused:
        player.start(named)
    assert refused.value.context == {"convention_id": named}


def test_slug_and_srn_name_the_same_convention(player) -> None:
    domain = player.house.settings.domain
    assert player.start(f"urn:osa:{domain}:conv:test-counter@1.2.3").convention_id == "test-counter"
    assert player.start(f"urn:osa:{domain}:conv:test-counter").convention_id == "test-counter"


def test_what_was_asked_for_is_what_is_read(player) -> None:
    body = StartRequest(
        convention_id="test-counter",
        parameters={"count": 3, "prefix": "ü\u0000\U0001f30d"},
        batch_size=7,
        limit=5,
        name="näme",
        external_id="ext",
        metadata={"nul": "\u0000", "deep": {"list": [1, 2.5, None, True]}},
        labels={"k": "v", "empty": ""},
    )
    started = player.ingestions.start(player.principal, body, idempotency_key=None).ingestion
    read = player.get(started)
    for name in ("parameters", "batch_size", "limit", "name", "external_id", "metadata", "labels"):
        assert getattr(read, name) == getattr(body, name) == getattr(started, name), name
    assert read.created_by == player.principal.token_name
    assert read.status is Status.QUEUED
    assert (read.started_at, read.heartbeat_at, read.ended_at, read.cancel) == (None,) * 4
    assert read.created_at <= read.queued_at <= read.read_at


def test_what_every_page_carries_is_bounded(player) -> None:
    large = {"note": "x" * (64 * 1024)}
    with pytest.raises(BodyTooLarge) as refused:
        player.start(metadata=large)
    assert refused.value.context["limit_bytes"] == 64 * 1024
    assert "metadata" in refused.value.detail


def test_a_list_has_only_so_many_sources_with_content_of_their_own(player) -> None:
    one = SourceRequest(type="text", content=b"a")
    with pytest.raises(InvalidSource) as refused:
        player.start(source=SourceRequest(type="list", items=[one] * 101))
    assert refused.value.context["max_inline"] == 100


def test_the_parts_of_a_list_reach_the_worker_and_not_the_reader(player) -> None:
    texts = [SourceRequest(type="text", content=str(n).encode()) for n in range(3)]
    started = player.start(source=SourceRequest(type="list", items=texts))
    assert started.source == {"type": "list", "item_count": 3}
    assert [s.path.read_bytes() for s in player.take(started).sources] == [b"0", b"1", b"2"]
