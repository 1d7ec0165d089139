"""Types of columns and the clock: the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Dialect, Text, literal, or_, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# One for all: each new one is adapted to the database again.
_DURATION = BigInteger()


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970-01-01T00:00:00Z, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """The inverse of `to_micros`."""
    return _EPOCH + value * _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """A moment as an integer of microseconds: exact, comparable, and the same in both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_micros(int(value))


class Json(TypeDecorator[Any]):
    """JSON as text that is written and read by us. PostgreSQL's own types refuse U+0000 and
    reorder keys."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, separators=(",", ":"), allow_nan=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class now(FunctionElement[datetime]):
    """The database's clock, in milliseconds at least: it alone decides who owns what."""

    type = Instant()
    inherit_cache = True


@compiles(now, "postgresql")
def _now_postgresql(element: now, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST(extract(epoch from clock_timestamp()) * 1000000 AS BIGINT)"


@compiles(now, "sqlite")
def _now_sqlite(element: now, compiler: SQLCompiler, **kw: Any) -> str:
    # julianday() has milliseconds; unixepoch('subsec') would need SQLite 3.42.
    return "(CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000)"


def micros(seconds: float) -> ColumnElement[int]:
    """A duration as what is added to an Instant."""
    return literal(round(seconds * 1_000_000), _DURATION)


def micros_between(
    later: ColumnElement[datetime], earlier: ColumnElement[datetime]
) -> ColumnElement[int]:
    """A duration as an integer, negative when it is the other way round."""
    return type_coerce(later, _DURATION) - type_coerce(earlier, _DURATION)


def long_ago(moment: ColumnElement[datetime], seconds: float) -> ColumnElement[bool]:
    """Earlier than `seconds` ago; or as far ahead: then the clock was set back since."""
    return or_(moment < now() - micros(seconds), moment > now() + micros(seconds))
