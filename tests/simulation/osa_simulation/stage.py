"""The product, built once in a process; what it takes from outside is the world's."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import logging
import pkgutil
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from pydantic import Field
from sqlalchemy import Connection, event

from osa.conventions.authoring import Convention, Params
from osa.conventions.registry import Registry
from osa.server import bootstrap
from osa.server import service as rules
from osa.server import store as statements
from osa.server.bootstrap import House
from osa.server.errors import Unavailable
from osa.server.model import identity
from osa.server.settings import Settings
from osa.server.store import deletions, migrations
from osa.server.store.database import Database
from osa.server.store.tables import metadata
from osa_simulation.clock import Boundary, Time
from osa_simulation.queue import Queue
from osa_simulation.scheduler import Scheduler

PLAIN, EXCLUSIVE = "sim-plain", "sim-exclusive"
STALE_SECONDS = 30.0
#: What an operator may have set; each world lives under one of them.
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "no limits": {},
    "two of a tenant": {"max_running_per_tenant": 2},
    "one sim-plain": {"max_running_per_convention": {PLAIN: 1}},
    "kept for a minute": {"retention_seconds": 60},
}


class Plan(Params):
    """Which items its source has: `{source}{number}`."""

    source: str = Field(description="A name.")
    size: int = Field(description="How many items there are.")


def _never(_: Any) -> Iterator[Any]:
    raise AssertionError("The simulated workers read sources themselves.")


class Installed(Registry):
    """What is installed may change."""

    def install(self, version: str) -> None:
        convention = self._conventions[PLAIN]
        if convention.version != version:
            self._conventions[PLAIN] = dataclasses.replace(convention, version=version)


CONVENTIONS = Installed(
    {
        name: Convention(
            id=name, title=name, ingest=_never, params=Plan, exclusive=name == EXCLUSIVE
        )
        for name in (PLAIN, EXCLUSIVE)
    }
)


class Weather:
    """What may befall a transaction; each world changes it as it goes."""

    def __init__(self) -> None:
        self.away = 0.0
        self.answer_lost = 0.0


class SimulatedDatabase(Database):
    """A file in memory. Before each transaction another actor may go on; it may be away; and its
    answer may be lost."""

    def __init__(self, url: str, stage: Stage) -> None:
        super().__init__(url, pool_size=1)
        self._stage = stage
        self._open = False
        self.raw: sqlite3.Connection
        event.listen(self.engine, "connect", self._connected)

    def _connected(self, connection: Any, _: Any) -> None:
        # One connection, which nobody else has: nothing is locked, nothing is flushed.
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=MEMORY")
        connection.execute("PRAGMA synchronous=OFF")
        connection.create_function(
            "julianday", 1, self._stage.boundary.julianday, deterministic=True
        )
        self.raw = connection

    def _before(self, kind: str) -> None:
        if self._open:
            raise AssertionError("A transaction inside of another: SQLite would wait for itself.")
        stage = self._stage
        stage.scheduler.pause(kind)
        actor = stage.scheduler.current
        weather = stage.weather
        if weather.away and actor and not actor.calm and stage.chance.random() < weather.away:
            stage.note("the database is away")
            raise Unavailable("The database does not answer.")

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        self._before("write")
        stage = self._stage
        self._open = True
        try:
            with super().write() as connection:
                yield connection
        except BaseException:
            stage.queue.rolled_back()
            raise
        finally:
            self._open = False
        stage.queue.committed()
        stage.committed()
        actor = stage.scheduler.current
        lost = stage.weather.answer_lost
        if lost and actor and not actor.calm and stage.chance.random() < lost:
            stage.note("committed, but the answer is lost")
            raise Unavailable("The database does not answer.")

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        self._before("read")
        self._open = True
        try:
            with super().read() as connection:
                yield connection
        finally:
            self._open = False


class Defects(logging.Handler):
    """What the product has caught, although it should not have happened."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record)


class Stage:
    """Houses on one database, under different settings. A context manager: one at a time."""

    def __init__(self) -> None:
        self.boundary = Boundary()
        self.chance = random.Random(0)
        self.scheduler = Scheduler()
        self.weather = Weather()
        self.defects = Defects()
        self.queue = Queue()
        self.queue.pause = lambda before: self.scheduler.pause(before)
        self.houses: dict[str, House] = {}
        self.database: SimulatedDatabase
        self.folder: Path
        #: What the world does after each commit, and with each word for the trace.
        self.committed: Any = lambda: None
        self.note: Any = lambda _: None
        self._held = contextlib.ExitStack()

    def __enter__(self) -> Stage:
        with self._held:
            self._open()
            self._held = self._held.pop_all()
        return self

    def _open(self) -> None:
        memory = Path("/dev/shm")
        parent = memory if memory.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="osa-simulation-", dir=parent))
        self._held.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.database = SimulatedDatabase(f"sqlite+pysqlite:///{self.folder / 'osa.db'}", self)
        self._held.callback(self.database.close)
        migrations.upgrade(self.database)
        for name, values in SETTINGS.items():
            self.houses[name] = self._build(values)
        self._patch()

    def _build(self, values: Mapping[str, Any]) -> House:
        settings = Settings(
            data_dir=self.folder,
            stale_after_seconds=STALE_SECONDS,
            min_free_bytes=0,
            backoff_max_seconds=30,
            **values,
        )
        with (
            mock.patch.object(bootstrap, "Database", lambda _: self.database),
            mock.patch.object(bootstrap, "Door", lambda _: self.queue),
            mock.patch.object(bootstrap.conventions, "load", lambda: CONVENTIONS),
        ):
            return bootstrap.build(settings)

    def _patch(self) -> None:
        """Clocks and chances of service and store; ids."""
        clock, chance = Time(self.boundary.clock), self.boundary.chance
        for package in (rules, statements):
            for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
                module = importlib.import_module(info.name)
                if getattr(module, "time", None) is time:
                    self._held.enter_context(mock.patch.object(module, "time", clock))
                if getattr(module, "random", None) is random:
                    self._held.enter_context(mock.patch.object(module, "random", chance))
        self._held.enter_context(mock.patch.object(identity, "uuid7", self.boundary.uuid7))
        # In pieces so small that others come between them.
        drop = functools.partial(deletions.drop, rows=8)
        self._held.enter_context(mock.patch.object(deletions, "drop", drop))
        logger = logging.getLogger("osa")
        self._held.callback(setattr, logger, "propagate", logger.propagate)
        self._held.callback(logger.removeHandler, self.defects)
        logger.addHandler(self.defects)
        # What goes wrong on purpose fills no terminal, and costs no time.
        logger.propagate = False
        self._held.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        self.scheduler.close()
        self._held.close()

    def renew(self, seed: int) -> None:
        """An empty archive, and a new course of things."""
        self.scheduler.close()
        self.boundary.renew(seed)
        self.chance.seed(seed)
        self.queue.renew()
        self.defects.found.clear()
        self.weather.__init__()  # type: ignore[misc]
        CONVENTIONS.install("1.0.0")
        self.empty()

    def upgrade(self) -> None:
        CONVENTIONS.install("2.0.0")

    def empty(self) -> None:
        """Nothing is left of the last world."""
        raw = self.database.raw
        raw.execute("PRAGMA foreign_keys=OFF")
        for table in metadata.tables:
            if table != "secret":
                raw.execute(f"DELETE FROM {table}")
        raw.execute("PRAGMA foreign_keys=ON")
