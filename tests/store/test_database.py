"""A database that is away or full is not a defect: callers are told that it may come back."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from osa.server import bootstrap
from osa.server.errors import StorageFull, Unavailable
from osa.server.model import IngestionQuery, StartRequest
from osa.server.store.columns import from_micros, now, to_micros
from osa.server.store.database import Database

_NOBODY = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"


def test_a_server_that_does_not_answer_is_unavailable_to_every_reader_and_writer() -> None:
    database = Database(_NOBODY)
    for use in (database.read, database.write):
        with pytest.raises(Unavailable) as refused, use() as connection:
            connection.execute(text("SELECT 1"))
        assert refused.value.retry_after_seconds > 0
        assert "nobody" not in refused.value.detail
    database.close()


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_connections_that_a_restart_cut_are_replaced(house, principal) -> None:
    body = StartRequest(convention_id="test-counter")
    start = house.service.ingestions.start
    first = start(principal, body, idempotency_key=None).ingestion
    other = Database(house.settings.url)
    with other.write() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    other.close()
    assert house.service.reading.get(principal, first.id).id == first.id
    start(principal, body, idempotency_key=None)
    found = house.service.reading.list(principal, IngestionQuery(), cursor=None, per_page=9)
    assert len(found.items) == 2


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_connection_cut_within_a_transaction_is_unavailable_and_writes_nothing(house) -> None:
    with pytest.raises(Unavailable), house.database.write() as connection:
        connection.execute(text("INSERT INTO secret (name, value) VALUES ('half', '')"))
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    with house.database.read() as connection:
        query = text("SELECT count(*) FROM secret WHERE name = 'half'")
        assert connection.execute(query).scalar_one() == 0


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_database_without_room_is_storage_full(house) -> None:
    with pytest.raises(StorageFull), house.database.write() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        connection.execute(
            text("INSERT INTO secret (name, value) VALUES ('big', :value)"), {"value": "x" * 10**6}
        )


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_readers_neither_wait_for_a_writer_nor_see_half_of_it(house) -> None:
    read = threading.Event()
    seen = []

    def look() -> None:
        with house.database.read() as connection:
            seen.append(connection.execute(text("SELECT count(*) FROM secret")).scalar_one())
        read.set()

    with house.database.write() as connection:
        connection.execute(text("INSERT INTO secret (name, value) VALUES ('a', '')"))
        thread = threading.Thread(target=look)
        thread.start()
        assert read.wait(20)
    thread.join()
    look()
    assert seen[1] == seen[0] + 1


def test_what_raises_in_a_transaction_leaves_nothing(house) -> None:
    with pytest.raises(ZeroDivisionError), house.database.write() as connection:
        connection.execute(text("INSERT INTO secret (name, value) VALUES ('half', '')"))
        1 / 0  # noqa: B018 - what raises
    with house.database.read() as connection:
        query = text("SELECT count(*) FROM secret WHERE name = 'half'")
        assert connection.execute(query).scalar_one() == 0


def test_a_defect_of_ours_is_not_called_an_outage(house) -> None:
    with (
        pytest.raises(DBAPIError, match=r"no such table|does not exist") as broken,
        house.database.read() as connection,
    ):
        connection.execute(text("SELECT * FROM no_such_table"))
    assert not isinstance(broken.value, Unavailable)


def test_readiness_says_that_the_database_is_away(house) -> None:
    assert house.service.readiness().workers_alive == 0
    broken = Database(_NOBODY)
    house.service.readiness._database = broken
    with pytest.raises(Unavailable):
        house.service.readiness()
    broken.close()


def test_the_databases_clock_is_utc_and_the_same_as_ours_to_the_second(house) -> None:
    with house.database.read() as connection:
        moment = connection.execute(select(now())).scalar_one()
    assert abs((moment - datetime.now(UTC)).total_seconds()) < 5


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
def test_moments_are_kept_to_the_microsecond(moment: datetime) -> None:
    assert from_micros(to_micros(moment)) == moment


def test_servers_that_start_at_once_agree_on_the_shared_secret(house) -> None:
    houses = [bootstrap.build(house.settings) for _ in range(3)]
    cursors = []
    for one in houses:
        cursors.append(one.service.reading._cursors._key)
        one.close()
    assert len(set(cursors)) == 1
