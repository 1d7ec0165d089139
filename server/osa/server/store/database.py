"""One database, SQLite or PostgreSQL, and how a transaction on it begins and ends."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from osa.server.errors import StorageFull, Unavailable

#: How long a writer of SQLite waits for another process, in milliseconds.
_BUSY_TIMEOUT_MS = 30_000
#: How long a transaction on PostgreSQL may wait for its process, in milliseconds. What takes
#: longer, such as the files of a batch on a slow disk, is begun anew, and finds most of it done.
_ABANDONED_MS = 30_000
#: How long a statement on PostgreSQL waits for another's row, in milliseconds.
_LOCK_TIMEOUT_MS = 10_000
_READ_ONLY = "osa_read_only"


class Database:
    """An engine and the two kinds of transaction. Shared with the durable queue: one database, one
    commit."""

    def __init__(self, url: str, *, pool_size: int = 20) -> None:
        self.is_sqlite = url.startswith("sqlite")
        if self.is_sqlite:
            path = make_url(url).database
            if path:
                Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.engine = create_engine(
                url,
                pool_size=pool_size,
                max_overflow=40,
                hide_parameters=True,
                connect_args={"check_same_thread": False, "timeout": _BUSY_TIMEOUT_MS / 1000},
            )
            _prepare_sqlite(self.engine)
        else:
            self.engine = create_engine(
                url,
                pool_size=pool_size,
                max_overflow=20,
                pool_pre_ping=True,
                pool_timeout=30,
                hide_parameters=True,
                # A connection that was cut without a word is found out in seconds, not when the
                # kernel gives up: a heartbeat hangs on it.
                connect_args={
                    "connect_timeout": 5,
                    "keepalives_idle": 10,
                    "keepalives_interval": 5,
                    "keepalives_count": 2,
                    "tcp_user_timeout": 15_000,
                },
            )
            _prepare_postgresql(self.engine)
        # SQLite's busy handler is unfair: queueing the writers of this process keeps their tail
        # short.
        self._writer = threading.Lock()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write; committed when the block ends, rolled back when it
        raises."""
        with _translated():
            if self.is_sqlite:
                with self._writer, self.engine.begin() as connection:
                    yield connection
            else:
                with self.engine.begin() as connection:
                    yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and sees one moment in all its statements; it neither
        waits for writers nor stops them."""
        options: dict[str, Any] = {_READ_ONLY: True}
        if not self.is_sqlite:
            options["isolation_level"] = "REPEATABLE READ"
        with _translated(), self.engine.connect() as connection:
            connection = connection.execution_options(**options)
            with connection.begin():
                yield connection

    def close(self) -> None:
        self.engine.dispose()


def insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, which both databases spell alike."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


@contextmanager
def _translated() -> Iterator[None]:
    """A database that is away is not a defect: say so, and that it may come back."""
    try:
        yield
    except PoolTimeout as exc:
        raise Unavailable("The database is busy.") from exc
    except DBAPIError as exc:
        if "disk is full" in str(exc.orig) or "No space left" in str(exc.orig):
            raise StorageFull("The disk of the database is full.") from exc
        if is_transient(exc):
            raise Unavailable("The database does not answer.") from exc
        raise


def is_transient(exc: DBAPIError) -> bool:
    """Whether the same statement may succeed later: connection lost, restart, lock, deadlock."""
    if exc.connection_invalidated or isinstance(exc, InterfaceError):
        return True
    state = getattr(exc.orig, "sqlstate", None)
    if state is not None:
        # 08 connection, 40 rollback (deadlock, serialization), 53 resources, 57P shutdown,
        # 25P03 idle for too long in a transaction, 55P03 a lock was not to be had.
        return str(state)[:2] in {"08", "40", "53"} or str(state)[:3] in {"57P", "25P", "55P"}
    return isinstance(exc, OperationalError) and "no such" not in str(exc.orig)


def _prepare_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(dbapi_connection: Any, _: Any) -> None:
        # The locks of a process that was stopped, or of a machine that vanished, in the middle of a
        # transaction would stand between an ingestion and its cancel.
        with dbapi_connection.cursor() as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = {_ABANDONED_MS}")
            cursor.execute(f"SET lock_timeout = {_LOCK_TIMEOUT_MS}")
        dbapi_connection.commit()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(dbapi_connection: Any, _: Any) -> None:
        if sqlite3.sqlite_version_info < (3, 42):
            # On Python 3.12 and later DBOS relies on `unixepoch('subsec')`, which came with
            # SQLite 3.42; before, it is NULL. Nobody else here calls it.
            dbapi_connection.create_function("unixepoch", 1, lambda _: time.time())
        # We begin transactions ourselves: the driver would begin them at the first write only.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        read_only = connection.get_execution_options().get(_READ_ONLY)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
