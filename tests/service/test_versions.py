"""What those who wait look at: one row each, which changes whenever what they would read does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from osa.conventions.authoring import Progress
from osa.server.model import RetryRequest, RetryScope, new_id
from osa.server.store.columns import micros, now
from osa.server.store.tables import ingestion


def version(player: Any, one: Any) -> Any:
    """The version that is looked at; it is that of the whole ingestion."""
    found = player.house.service.reading.versions([one.id])[one.id]
    assert found == player.get(one).version
    return found


def test_a_version_changes_with_everything_but_signs_of_life(player: Any) -> None:
    one = player.start()
    seen = [version(player, one)]

    def changed() -> None:
        found = version(player, one)
        assert found not in seen
        seen.append(found)

    job = player.take(one)
    changed()
    player.house.running.beat("a-worker", slots=1)
    assert version(player, one) == seen[-1]
    player.house.running.show(job, Progress(completed=1))
    changed()
    player.execute(
        update(ingestion)
        .where(ingestion.c.id == one.id)
        .values(advanced_at=now() - micros(timedelta(minutes=2).total_seconds()))
    )
    changed()
    assert seen[-1].stalled
    player.running.complete(job)
    changed()
    assert seen[-1].done
    retried = player.house.service.retries.retry(
        player.principal, one.id, RetryRequest(scope=RetryScope.ALL), idempotency_key=None
    ).ingestion
    changed()
    assert seen[-1].retried_by == retried.id
    player.cancel(retried)
    player.house.service.deletions.delete(player.principal, retried.id)
    assert version(player, one) == seen[-2]


def test_many_are_looked_at_at_once_and_what_is_gone_is_left_out(player: Any) -> None:
    kept, gone = player.start(), player.start()
    player.cancel(gone)
    player.house.service.deletions.delete(player.principal, gone.id)
    asked = [kept.id, gone.id, *(new_id() for _ in range(1200))]
    assert set(player.house.service.reading.versions(asked)) == {kept.id}
    assert player.house.service.reading.versions([]) == {}
