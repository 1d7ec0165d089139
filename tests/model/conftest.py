"""What the tests of the model share: an ingestion out of thin air."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from osa.server.model import Counts, Ingestion, Progress, Status

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
_QUEUED = Ingestion(
    id="019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f",
    tenant="default",
    status=Status.QUEUED,
    status_reason="waiting_for_slot",
    convention_id="test-counter",
    convention_version="1.0.0",
    source=None,
    parameters={},
    batch_size=10,
    limit=None,
    name=None,
    external_id=None,
    metadata={},
    labels={},
    concurrency_key=None,
    priority=0,
    deadline_seconds=None,
    max_failed_items=0,
    stop_early=False,
    retry_of=None,
    root_id="019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f",
    retry_scope=None,
    retried_by=None,
    created_by="tester",
    counts=Counts(),
    progress=Progress(),
    cancel=None,
    error=None,
    attempts=(),
    created_at=NOW,
    queued_at=NOW,
    started_at=None,
    updated_at=NOW,
    heartbeat_at=None,
    ended_at=None,
    deadline_at=None,
    next_attempt_at=None,
    attempt=0,
    last_event=1,
    read_at=NOW,
)


@pytest.fixture(scope="session")
def now() -> datetime:
    """When the ingestion was created, and is read unless a test says another time."""
    return NOW


@pytest.fixture(scope="session")
def an_ingestion() -> Callable[..., Ingestion]:
    """Queued at this moment, but for what is given."""

    def made(**changes: Any) -> Ingestion:
        status = changes.get("status", Status.QUEUED)
        if status.done:
            changes.setdefault("ended_at", NOW)
        return replace(_QUEUED, **changes)

    return made
