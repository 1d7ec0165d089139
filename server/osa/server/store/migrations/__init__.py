"""How the tables came to be: Alembic's steps, run by `upgrade`."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from osa.server.errors import Unavailable
from osa.server.store.database import Database

#: The version that this program needs.
HEAD = "0004"
#: Where Alembic notes the version.
_NOTED = "alembic_version"


def upgrade(database: Database) -> None:
    """Bring the tables to this version; nothing to do is fine."""
    with database.write() as connection:
        if revision(connection) == HEAD:
            return
        # Only here: every server and every worker checks the version, and Alembic takes as long to
        # import as the tables.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision(connection: Connection) -> str | None:
    """The version of the tables; None when there are none."""
    if not inspect(connection).has_table(_NOTED):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {_NOTED}")).scalar()
    return found


def check(database: Database) -> None:
    """Raise Unavailable when the tables are of another version than this program."""
    with database.read() as connection:
        current = revision(connection)
    if current != HEAD:
        raise Unavailable(
            f"The database is at version {current or 'none'} and this program needs {HEAD}:"
            " run `osa migrate`."
        )
