"""Two stories of `campaigns.py`, short: the long ones, and the others, are run by hand."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from osa_testing import crowd
from osa_testing.databases import Databases
from osa_testing.environments import NotInstalled
from osa_testing.postgres import NoPostgres

from osa.server.bootstrap import House
from osa.server.model import Principal

for needed in ("lxml", "netCDF4", "rasterio"):
    pytest.importorskip(needed, reason="the extras for catalogues and GeoTIFF are not installed")


@pytest.fixture(scope="module")
def stories() -> ModuleType:
    """The script beside this."""
    path = Path(__file__).with_name("campaigns.py")
    spec = importlib.util.spec_from_file_location("campaigns", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["campaigns"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def world(stories: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A catalogue and an OPeNDAP server."""
    if not stories.DATA.is_dir():
        pytest.skip(f"the real test files are not there: {stories.DATA}")
    try:
        with stories.outside(tmp_path_factory.mktemp("outside")) as world:
            yield world
    except NotInstalled as exc:
        pytest.skip(str(exc))


# The changes of the catalogue and the repairs are with the conventions, against the same servers.
@pytest.mark.parametrize(
    ("story", "database", "plan"),
    [
        ("kills", "sqlite", {"children": 100, "kills": 2}),
        ("cancels", "postgresql", {"children": 12, "step": 3}),
    ],
    ids=["kills", "cancels"],
)
def test_a_campaign_takes_each_child_once_whatever_happens(
    stories: ModuleType,
    world: Any,
    story: str,
    database: str,
    plan: dict[str, Any],
    databases: Databases,
    tmp_path: Path,
) -> None:
    plan = stories.Plan(database=database, variants=("rgb",), **plan)
    try:
        figures = stories.run(plan, stories.STORIES[story], world, databases, tmp_path)
    except NoPostgres as exc:
        pytest.skip(f"no PostgreSQL: {exc}")
    assert figures.sound, "\n".join([str(figures), *figures.complaints])


def test_what_a_campaign_tells_is_what_is_there_when_every_row_is_read(
    house: House, principal: Principal
) -> None:
    made = {
        size: crowd.campaign_of(house, principal, f"of-{size}", size) for size in (0, 100, 2000)
    }
    for size, counted in made.items():
        told = house.service.campaigns.get(principal, f"of-{size}")
        assert sum(counted.values()) == told.children.total == size
        assert {state: getattr(told.children, state) for state in counted} == counted
        assert dict(told.failures) == crowd.failures(house, f"of-{size}")
