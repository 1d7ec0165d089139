"""The log of an ingestion: what its convention and its worker said, in numbered lines.

It is no part of the truth: a line changes nothing, needs no right, and outlives the worker that
wrote it. Of a long log the oldest lines go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from osa.conventions.stored import loggable
from osa.server.model import LogLine
from osa.server.store.columns import now
from osa.server.store.tables import ingestion, log_line

#: From the least grave to the gravest.
LEVELS = ("debug", "info", "warning", "error")

_NUMBERED = (
    update(ingestion)
    .values(last_log=ingestion.c.last_log + bindparam("many"))
    .returning(ingestion.c.last_log, now().label("at"))
)
_ALWAYS = _NUMBERED.where(ingestion.c.id == bindparam("which"))
_UNLESS_LOCKED = _NUMBERED.where(
    ingestion.c.id.in_(
        select(ingestion.c.id)
        .where(ingestion.c.id == bindparam("which"))
        .with_for_update(skip_locked=True)
    )
)


@dataclass(frozen=True, kw_only=True)
class NewLine:
    """A line to write. Any text will do: it is made to fit when it is written."""

    #: debug, info, warning or error.
    level: str
    message: str
    attempt: int | None = None
    #: How long ago it was said, in seconds: the moment itself is the database's.
    ago: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LogQuery:
    """Which lines are asked for."""

    after: int = 0
    #: This level or a graver one.
    level: str | None = None
    since: datetime | None = None
    attempt: int | None = None


def append(
    connection: Connection,
    ingestion_id: str,
    lines: Sequence[NewLine],
    *,
    keep: int | None = None,
    wait: bool = True,
) -> bool:
    """Write the lines behind those that are there, and let the oldest go beyond `keep`. False when
    nothing was written: the ingestion is deleted or, without `wait`, its row is locked.

    The row of the ingestion hands out the numbers, in the transaction that writes them: whoever has
    read one line will never find one with a lower number that was not there before.
    """
    if not lines:
        return True
    row = connection.execute(
        _ALWAYS if wait else _UNLESS_LOCKED, {"which": ingestion_id, "many": len(lines)}
    ).first()
    if row is None:
        return False
    first = row.last_log - len(lines) + 1
    connection.execute(
        insert(log_line),
        [
            {
                "ingestion_id": ingestion_id,
                "number": first + offset,
                "at": row.at - timedelta(seconds=max(0.0, line.ago)),
                "attempt": line.attempt,
                "level": line.level,
                "message": loggable(line.message),
            }
            for offset, line in enumerate(lines)
        ],
    )
    if keep is not None and row.last_log > keep:
        # The numbers have no gaps, so those to go are the beginning of the key's range.
        connection.execute(
            delete(log_line).where(
                log_line.c.ingestion_id == ingestion_id, log_line.c.number <= row.last_log - keep
            )
        )
    return True


def last_number(connection: Connection, ingestion_id: str) -> int:
    """The number that was given out last, whatever has gone since."""
    found = connection.execute(
        select(ingestion.c.last_log).where(ingestion.c.id == ingestion_id)
    ).scalar()
    return found or 0


def read(
    connection: Connection, ingestion_id: str, query: LogQuery, *, size: int, last: bool = False
) -> Sequence[LogLine]:
    """The first `size` lines that fit, or with `last` the last, in the order of their numbers."""
    conditions = [log_line.c.ingestion_id == ingestion_id, log_line.c.number > query.after]
    if query.level is not None:
        conditions.append(log_line.c.level.in_(LEVELS[LEVELS.index(query.level) :]))
    if query.since is not None:
        conditions.append(log_line.c.at >= query.since)
    if query.attempt is not None:
        conditions.append(log_line.c.attempt == query.attempt)
    number = log_line.c.number.desc() if last else log_line.c.number
    rows = connection.execute(
        select(log_line).where(*conditions).order_by(number).limit(size)
    ).all()
    return [_line(row) for row in (reversed(rows) if last else rows)]


def _line(row: Any) -> LogLine:
    return LogLine(
        number=row.number, at=row.at, attempt=row.attempt, level=row.level, message=row.message
    )
