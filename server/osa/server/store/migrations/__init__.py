"""How the tables came to be: Alembic's steps, run by `upgrade`."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from osa.server.errors import Unavailable
from osa.server.store.database import Database


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(database: Database) -> None:
    """Bring the tables to this version; nothing to do is fine."""
    with database.write() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision(connection: Connection) -> str | None:
    """The version of the tables; None when there are none."""
    return MigrationContext.configure(connection).get_current_revision()


def check(database: Database) -> None:
    """Raise Unavailable when the tables are of another version than this program."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with database.read() as connection:
        current = revision(connection)
    if current != head:
        raise Unavailable(
            f"The database is at version {current or 'none'} and this program needs {head}:"
            " run `osa migrate`."
        )
