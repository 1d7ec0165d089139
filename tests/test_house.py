"""The rules of the house, so that they do not decay: arrows, sizes, names, one namespace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_HOUSE = Path(__file__).parents[1]
_ROOTS = ("server", "sdk", "cli")
_LONGEST = 300

#: Hand-written modules that are longer than a page should be, each with the reason.
LONG = {
    "server/osa/conventions/nc_to_geotiff/packing.py": "CF's rules of packing and missing values",
    "server/osa/server/engine/attempt.py": "one attempt: all that may come of its slot",
    "server/osa/server/errors.py": "the tree of all that can go wrong",
    "server/osa/server/http/wire/ingestions.py": "an ingestion as callers get it, field by field",
    "server/osa/server/http/wire/words.py": "every word of the contract, once",
    "server/osa/server/service/running.py": "every rule a worker meets, under one fence",
    "server/osa/server/store/tables.py": "every table",
    "server/osa/server/store/migrations/versions/v0001_first_tables.py": "all tables at once",
}


def _modules() -> list[Path]:
    return [
        path
        for root in ("server", "cli")
        for path in sorted((_HOUSE / root).rglob("*.py"))
        if "__pycache__" not in path.parts
    ]


def test_modules_of_more_than_300_lines_are_named_with_the_reason() -> None:
    long = {
        str(path.relative_to(_HOUSE))
        for path in _modules()
        if len(path.read_text(encoding="utf-8").splitlines()) > _LONGEST
    }
    assert long - set(LONG) == set(), "split by noun, or name it in LONG with the reason"
    assert set(LONG) - long == set(), "no longer long: take it off the list"


def test_no_root_hides_the_others() -> None:
    for root in _ROOTS:
        assert (_HOUSE / root / "osa").is_dir()
        assert not (_HOUSE / root / "osa" / "__init__.py").exists()


def test_there_is_no_room_for_odds_and_ends() -> None:
    odd = {"utils", "util", "common", "helpers", "kit", "misc"}
    named = [path for path in _modules() if odd & {path.stem, *path.relative_to(_HOUSE).parts}]
    assert named == []


def test_the_arrows_between_rooms_go_down() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(lint), "--no-cache"], cwd=_HOUSE, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "needless"),
    [
        ("osa.conventions.slot", {"httpx", "numpy", "sqlalchemy", "osa.server"}),
        ("osa.server.commands.working", {"alembic", "fastapi", "httpx", "numpy"}),
    ],
)
def test_a_process_starts_without_what_it_may_never_need(module: str, needless: set[str]) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert needless & set(done.stdout.split()) == set()
