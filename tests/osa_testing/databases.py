"""Databases of both kinds, migrated once and copied for each test."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from osa.server import bootstrap
from osa.server.settings import Settings
from osa_testing import postgres
from osa_testing.postgres import NoPostgres

KINDS = ("sqlite", "postgresql")


class Databases:
    """Makes databases; a server is started when the first one on PostgreSQL is asked for."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self._folder = folder
        self._durable = durable
        self._held = contextlib.ExitStack()
        self._template: tuple[postgres.URL, str] | None = None
        self._refused: NoPostgres | None = None

    @contextlib.contextmanager
    def migrated(self, kind: str, folder: Path) -> Iterator[str]:
        """The URL of an empty archive's database; a file of SQLite lies in `folder`. Raises
        NoPostgres."""
        if kind == "sqlite":
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(self._sqlite_template(), folder / "osa.db")
            yield f"sqlite+pysqlite:///{folder / 'osa.db'}"
            return
        server, template = self._postgres_template()
        with postgres.database(server, template=template) as url:
            yield url

    @contextlib.contextmanager
    def unmigrated(self, kind: str, folder: Path) -> Iterator[str]:
        """The same without any table."""
        if kind == "sqlite":
            yield f"sqlite+pysqlite:///{folder / 'osa.db'}"
            return
        with postgres.database(self._postgres_template()[0]) as url:
            yield url

    def close(self) -> None:
        self._held.close()

    def _sqlite_template(self) -> Path:
        path = self._folder / "template" / "osa.db"
        if not path.exists():
            bootstrap.migrate(Settings(data_dir=path.parent, database_url=None))
        return path

    def _postgres_template(self) -> tuple[postgres.URL, str]:
        if self._refused is not None:
            raise self._refused
        if self._template is None:
            try:
                server = self._held.enter_context(postgres.server(durable=self._durable))
            except NoPostgres as exc:
                self._refused = exc
                raise
            url = self._held.enter_context(postgres.database(server))
            bootstrap.migrate(Settings(data_dir=self._folder / "postgresql", database_url=url))
            self._template = (server, str(postgres.make_url(url).database))
        return self._template
