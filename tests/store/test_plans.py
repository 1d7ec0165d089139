"""What is asked each second reads what is active, whatever the history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event

from osa.server.store import holds, line, status, sweeps
from osa.server.store.line import Limits

_LIMITS = Limits(per_tenant=3, per_convention={"documents": 2})

_ASKED: dict[str, Callable[[Connection], Any]] = {
    "take": lambda tx: line.take(tx, "a-worker", limits=_LIMITS),
    "beat": lambda tx: holds.beat(tx, "a-worker", slots=1),
    "lost": lambda tx: sweeps.lost(tx, stale_seconds=30),
    "overdue": sweeps.overdue_cancels,
    "past_deadline": sweeps.past_deadline,
    "undispatched": lambda tx: sweeps.undispatched(tx, patience_seconds=15, limits=_LIMITS),
    "queue": status.queue,
    "lateness": lambda tx: status.lateness(tx, stale_seconds=30),
    "workers": lambda tx: status.workers(tx, stale_seconds=30),
    "ended": lambda tx: status.ended_lately(tx, seconds=3600),
}
#: Indexes that hold what is active alone, or lead to it or to one row.
_SMALL = (
    "ix_ingestion_active",
    "ix_ingestion_waiting",
    "ix_ingestion_tenant_status (tenant=? AND status=?",
    "sqlite_autoindex_",
    "uq_ingestion_",
    "ix_ingestion_held",
    "_line (",
)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", _ASKED)
def test_no_statement_reads_the_history(house, name: str) -> None:
    said: list[tuple[str, Any]] = []
    engine = house.database.engine

    def listen(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        said.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", listen)
    try:
        with house.database.write() as tx:
            _ASKED[name](tx)
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    asked = [one for one in said if one[0].lstrip().startswith(("SELECT", "WITH", "UPDATE"))]
    assert asked
    for statement, parameters in asked:
        with house.database.read() as tx:
            rows = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        for step in (row[3] for row in rows):
            if step.startswith(
                ("SCAN ingestion", "SEARCH ingestion", "SCAN other", "SEARCH other")
            ):
                at_the_end = (
                    "tenant>?" in step
                    or "ended_at>?" in step
                    or (
                        name == "ended"
                        and step.endswith("COVERING INDEX ix_ingestion_tenant_ended")
                    )
                )
                assert at_the_end or any(index in step for index in _SMALL), step
