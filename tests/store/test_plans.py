"""What is asked each second reads what is active, whatever the history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, event

from osa.server.bootstrap import House
from osa.server.model import IngestionQuery
from osa.server.store import (
    campaign_work,
    holds,
    line,
    listing,
    retries,
    status,
    sweeps,
)
from osa.server.store.line import Limits

_NOW = datetime.now(UTC)
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


def _said(house: House, ask: Callable[[Connection], Any]) -> list[tuple[str, Any]]:
    """The statements, and their parameters."""
    said: list[tuple[str, Any]] = []
    engine = house.database.engine

    def listen(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        said.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", listen)
    try:
        with house.database.write() as tx:
            ask(tx)
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    return said


def _steps(house: House, ask: Callable[[Connection], Any]) -> list[str]:
    """How the first of the statements would be answered."""
    statement, parameters = next(one for one in _said(house, ask) if "BEGIN" not in one[0])
    with house.database.read() as tx:
        rows = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    return [row[3] for row in rows]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", _ASKED)
def test_no_statement_reads_the_history(house, name: str) -> None:
    said = _said(house, _ASKED[name])
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


_OF_CAMPAIGNS: dict[str, tuple[Callable[[Connection], Any], str]] = {
    "unsettled": (campaign_work.unsettled, "ix_campaign_unsettled"),
    "unsettled_after": (
        lambda tx: campaign_work.unsettled(tx, after="a"),
        "ix_campaign_unsettled",
    ),
    "requeueable": (
        lambda tx: campaign_work.requeueable(tx, "a", ["failed", "canceled"], _NOW, ""),
        "ix_ingestion_campaign_status (campaign_key=? AND status=? AND id>?",
    ),
    "active": (
        lambda tx: campaign_work.active(tx, "a", ["queued", "running"], 10),
        "ix_ingestion_campaign_status (campaign_key=? AND status=?",
    ),
    "hasten": (
        lambda tx: campaign_work.hasten(tx, "a", grace_seconds=1),
        "ix_ingestion_campaign_status (campaign_key=? AND status=?",
    ),
    "steps_and_children": (
        lambda tx: listing.page(tx, "t", IngestionQuery(campaign_id="c"), None, 10),
        "ix_ingestion_campaign (campaign_id=? AND tenant=?",
    ),
    "children": (
        lambda tx: listing.page(tx, "t", IngestionQuery(parent_ingestion_id="i"), None, 10),
        "ix_ingestion_parent (parent_ingestion_id=?",
    ),
}


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_is_asked_of_campaigns_is_led_by_an_index(house) -> None:
    for name, (ask, index) in _OF_CAMPAIGNS.items():
        steps = [step for step in _steps(house, ask) if " campaign" in step or "ingestion" in step]
        assert steps and all(index in step for step in steps), (name, steps)
        assert not any("TEMP B-TREE" in step for step in _steps(house, ask)), name


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_who_was_started_by_a_name_is_found_by_it(house) -> None:
    steps = _steps(house, lambda tx: retries.latest_tries(tx, "t", ["a", "b"]))
    assert not any(step.startswith("SCAN") for step in steps), steps
    assert "(tenant=? AND external_id=?)" in steps[0]
    assert "ix_ingestion_root_id (root_id=?)" in steps[1]
