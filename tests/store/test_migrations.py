"""The migrations build exactly the tables that the store speaks of, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from osa.server import bootstrap
from osa.server.errors import Unavailable
from osa.server.settings import Settings
from osa.server.store import migrations
from osa.server.store.database import Database
from osa.server.store.tables import metadata


def _ours(name: str | None, kind: str, parents: object) -> bool:
    # The durable queue keeps its tables beside ours, or in a schema of its own.
    return kind != "table" or name in metadata.tables


def test_the_migrations_and_the_tables_do_not_differ(unmigrated_database_url, tmp_path) -> None:
    (tmp_path / "archive").mkdir(exist_ok=True)
    database = Database(unmigrated_database_url)
    try:
        migrations.upgrade(database)
        with database.read() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "include_name": _ours}
            )
            assert compare_metadata(context, metadata) == []
            built = inspect(connection)
            for table in metadata.tables.values():
                expected = {index.name: index.unique for index in table.indexes}
                found = {
                    index["name"]: bool(index["unique"])
                    for index in built.get_indexes(table.name)
                    if not index.get("duplicates_constraint")
                }
                assert found == expected, table.name
    finally:
        database.close()


def test_the_version_that_the_program_needs_is_that_of_the_last_step() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_current_head() == migrations.HEAD


def test_the_exclusive_index_looks_only_at_what_is_active(house) -> None:
    with house.database.read() as connection:
        if house.database.is_sqlite:
            query = "SELECT sql FROM sqlite_master WHERE name = 'uq_ingestion_exclusive'"
        else:
            query = "SELECT indexdef FROM pg_indexes WHERE indexname = 'uq_ingestion_exclusive'"
        written = connection.execute(text(query)).scalar_one()
    assert "UNIQUE" in written
    where = written.partition("WHERE")[2]
    assert all(status in where for status in ("queued", "running", "canceling"))
    assert not any(status in where for status in ("succeeded", "failed", "canceled"))


def test_migrating_twice_is_migrating_once_and_a_house_can_be_built(
    unmigrated_database_url: str, tmp_path: Path
) -> None:
    settings = Settings(
        data_dir=tmp_path / "archive", database_url=unmigrated_database_url, min_free_bytes=0
    )
    with pytest.raises(Unavailable, match="osa migrate"):
        bootstrap.build(settings)
    for _ in range(2):
        bootstrap.migrate(settings)
    bootstrap.build(settings).close()


def test_a_database_of_another_version_is_not_worked_on(house) -> None:
    with house.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'v9999'"))
    with pytest.raises(Unavailable, match="v9999"):
        bootstrap.build(house.settings)
