"""How a campaign is read: one with a hundred children beside one with a hundred thousand.

Run: python benchmarks/campaigns.py [--database sqlite --database postgresql] [--rounds 15]
     [--requests 100] [--children 100000]

The counts are kept by the database with each change of a child, so that both should take the same
time. They are compared with what is counted when every row is read.
"""

# ruff: noqa: T201 - a benchmark prints

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "tests"), str(_HERE.parent / "tests" / "plugins")]

from osa_testing import crowd, left  # noqa: E402
from osa_testing.databases import KINDS, Databases  # noqa: E402
from osa_testing.postgres import NoPostgres  # noqa: E402
from osa_testing.processes import Served, archive  # noqa: E402
from run import Side, Table, load  # noqa: E402
from sqlalchemy import text  # noqa: E402

from osa.cli.ingestion import get_campaign  # noqa: E402
from osa.server.bootstrap import House  # noqa: E402
from osa.server.model import Principal, Scope  # noqa: E402

_WHO = Principal(token_id="t", token_name="bench", tenant="default", scopes=frozenset(Scope))
_SMALL = 100


def check(table: Table, house: House, served: Served, campaign_id: str) -> None:
    """What is told is what is there."""
    began = time.perf_counter()
    counted = left.recount(house.database, campaign_id)
    failed = crowd.failures(house, campaign_id)
    took = time.perf_counter() - began
    told = get_campaign(server=served.url, token=served.token, campaign_id=campaign_id)
    assert told["children"] == {**counted, "total": sum(counted.values())}, (told, counted)
    assert {one["kind"]: one["count"] for one in told["failures"]} == failed, (told, failed)
    table.say(f"{campaign_id}: every row read, without HTTP", f"{took * 1000:>6.2f} ms, the same")


def measure(kind: str, databases: Databases, folder: Path, chosen: Any) -> None:
    """Both campaigns on one kind of database."""
    with contextlib.ExitStack() as held:
        url = held.enter_context(databases.migrated(kind, folder / "archive"))
        place = held.enter_context(archive(folder, url, OSA_READS_PER_MINUTE="0"))
        house = held.enter_context(place.house())
        table = Table(kind)
        names = {f"campaign of {size:,}": size for size in (_SMALL, chosen.children)}
        sides: dict[str, Side] = {}
        for name, size in names.items():
            began = time.monotonic()
            made = crowd.campaign_of(house, _WHO, f"of-{size}", size)
            assert sum(made.values()) == size, made
            seconds = time.monotonic() - began
            table.say(f"{name}, made", f"{seconds:.1f} s, {seconds / size * 1e6:.0f} us a child")
        with house.database.write() as tx:
            tx.execute(text("ANALYZE"))
        served = place.serve(workers=0)
        for name, size in names.items():
            check(table, house, served, f"of-{size}")
            path = f"/api/v1/campaigns/of-{size}"
            amount = {"connections": 1, "requests": chosen.requests}
            sides[name] = lambda path=path, amount=amount: load(
                served.url, served.token, "GET", path, **amount
            )
        table.compare(sides, chosen.rounds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", action="append", choices=KINDS)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--children", type=int, default=100_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        databases = Databases(Path(name) / "databases")
        try:
            for kind in chosen.database or KINDS:
                folder = Path(name) / kind
                folder.mkdir()
                try:
                    measure(kind, databases, folder, chosen)
                except NoPostgres as exc:
                    print(f"\n{kind} is left out: {exc}", flush=True)
        finally:
            databases.close()


if __name__ == "__main__":
    main()
