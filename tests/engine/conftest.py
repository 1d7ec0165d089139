"""An archive with a worker, and one without, for the engine's tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from osa_testing.bench import Bench
from osa_testing.databases import KINDS, Databases
from osa_testing.postgres import NoPostgres
from osa_testing.processes import PLUGINS, Archive
from osa_testing.processes import archive as an_archive

from osa.server.model import Principal

ENGINE_PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture
def archive(database_url: str, tmp_path: Path) -> Iterator[Archive]:
    """As everywhere, with the engine's own conventions too."""
    with an_archive(tmp_path, database_url) as made:
        made.plugins = (PLUGINS, ENGINE_PLUGINS)
        # Each is a process that a test would wait for.
        made.environ = {"OSA_SLOTS": "1"}
        yield made


@pytest.fixture
def bench(
    archive: Archive, principal: Principal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    """An archive of the test's own. No worker runs: start the ones you want."""
    for folder in archive.plugins:
        monkeypatch.syspath_prepend(folder)
    with archive.house() as house:
        yield Bench(archive=archive, house=house, principal=principal, folder=tmp_path)


@pytest.fixture(scope="module", params=KINDS)
def running(
    request: pytest.FixtureRequest,
    databases: Databases,
    principal: Principal,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Bench]:
    """An archive with one worker, shared by a module: for promises that need no process to die."""
    folder = tmp_path_factory.mktemp("running")
    with ExitStack() as held, pytest.MonkeyPatch.context() as patch:
        try:
            url = held.enter_context(databases.migrated(request.param, folder / "archive"))
        except NoPostgres as exc:
            pytest.skip(f"no PostgreSQL: {exc}")
        archive = held.enter_context(an_archive(folder, url))
        archive.plugins = (PLUGINS, ENGINE_PLUGINS)
        for plugins in archive.plugins:
            patch.syspath_prepend(plugins)
        archive.worker(
            OSA_SLOTS="2",
            OSA_SLOT_MEMORY_BYTES=str(256 * 1024**2),
            OSA_SLOT_SECONDS="2",
            PGPASSWORD="a secret of the worker",
            OSA_TOKEN="another",
            OSA_ADMIN_TOKEN="one more secret of it",
        )
        house = held.enter_context(archive.house())
        yield Bench(archive=archive, house=house, principal=principal, folder=folder)
