"""What every room's tests share: databases, an archive, its processes.

| fixture | is |
|---|---|
| `database_url` | a migrated, empty database of the test's own, on SQLite and on PostgreSQL |
| `archive` | `osa_testing.processes.Archive` on it: short times, `worker()`, `serve()` |
| `house` | the archive, built in this process (`bootstrap.build`), nothing running |
| `principal` | a caller with all scopes |
| `worker` | a real worker process of that archive |
| `serve` | a real `osa serve` of that archive: `.url`, `.token`, `.client()` |

`@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)` runs a test on one of them
only. PostgreSQL is the server in OSA_TEST_DATABASE_URL, else one that is started from the installed
binaries, else one from a wheel; without any, those tests are skipped. Wait with
`osa_testing.waiting.until`, never with a sleep.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from osa_testing.databases import KINDS, Databases
from osa_testing.postgres import NoPostgres
from osa_testing.processes import PLUGINS, Archive, Program, Served
from osa_testing.processes import archive as an_archive

from osa.server.bootstrap import House
from osa.server.model import Principal, Scope


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Makes databases of either kind."""
    # Nobody pulls the plug of this machine to see what is left: no test waits for its disk.
    made = Databases(tmp_path_factory.mktemp("databases"), durable=False)
    yield made
    made.close()


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database of the test's own."""
    try:
        with databases.migrated(database_kind, tmp_path / "archive") as url:
            yield url
    except NoPostgres as exc:
        pytest.skip(f"no PostgreSQL: {exc}")


@pytest.fixture
def unmigrated_database_url(
    databases: Databases, database_kind: str, tmp_path: Path
) -> Iterator[str]:
    """A database of the test's own without any table."""
    try:
        with databases.unmigrated(database_kind, tmp_path / "archive") as url:
            yield url
    except NoPostgres as exc:
        pytest.skip(f"no PostgreSQL: {exc}")


@pytest.fixture
def archive(database_url: str, tmp_path: Path) -> Iterator[Archive]:
    """An archive on that database; whatever is started on it is ended with the test."""
    with an_archive(tmp_path, database_url) as made:
        yield made


@pytest.fixture
def house(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The archive, built in this process, with the conventions of the tests."""
    monkeypatch.syspath_prepend(PLUGINS)
    with archive.house() as house:
        yield house


@pytest.fixture(scope="session")
def principal() -> Principal:
    """Somebody who may do everything in the tenant `default`."""
    return Principal(
        token_id="token", token_name="tester", tenant="default", scopes=frozenset(Scope)
    )


@pytest.fixture
def worker(archive: Archive) -> Program:
    """A real worker process that has given its first sign of life."""
    return archive.worker()


@pytest.fixture
def serve(archive: Archive) -> Served:
    """A real server with one worker process, ready."""
    return archive.serve()
