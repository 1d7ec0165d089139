"""Which workers are alive: a process that gave a sign of life lately, whatever it holds."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, not_, select

from osa.server.store.columns import long_ago
from osa.server.store.tables import worker


def lives(stale_seconds: float) -> ColumnElement[bool]:
    """The worker gave a sign of life within so many seconds."""
    return not_(long_ago(worker.c.heartbeat_at, stale_seconds))


def alive(connection: Connection, *, stale_seconds: float) -> Sequence[str]:
    """Their names."""
    return connection.execute(select(worker.c.id).where(lives(stale_seconds))).scalars().all()


def forget(connection: Connection, worker_id: str) -> None:
    """It has stopped."""
    connection.execute(delete(worker).where(worker.c.id == worker_id))


def forget_silent(connection: Connection, *, stale_seconds: float) -> None:
    """Forget those that gave no sign of life for so long; one that lives after all is there again
    with its next."""
    connection.execute(delete(worker).where(not_(lives(stale_seconds))))
