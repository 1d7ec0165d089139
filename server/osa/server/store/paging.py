"""Keyset pages, both ways, over a list in a total order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, literal, tuple_


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a page begins: after (or, backwards, before) the row with these key values."""

    key: Sequence[Any]
    backwards: bool = False


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Rows in the list's order, and where to go on in both directions."""

    rows: Sequence[Row[Any]]
    next: Position | None
    previous: Position | None
    #: In the direction of travel.
    has_more: bool


def read_slice(
    connection: Connection,
    statement: Select[Any],
    *,
    keys: Sequence[ColumnElement[Any]],
    ascending: bool,
    position: Position | None,
    size: int,
) -> Slice:
    """Read one page: `size` rows at most. `keys` must identify a row and be selected."""
    backwards = position is not None and position.backwards
    upwards = ascending != backwards
    if position is not None:
        here = tuple_(*keys)
        # With the columns' own types: a moment is an integer in the database.
        there = tuple_(*(literal(v, key.type) for key, v in zip(keys, position.key, strict=True)))
        statement = statement.where(here > there if upwards else here < there)
    order = [key.asc() if upwards else key.desc() for key in keys]
    found = connection.execute(statement.order_by(*order).limit(size + 1)).all()
    has_more = len(found) > size
    rows = found[:size]
    if backwards:
        rows = rows[::-1]

    def key_of(row: Row[Any]) -> tuple[Any, ...]:
        return tuple(row._mapping[key] for key in keys)

    if not rows:
        return Slice(rows=(), next=None, previous=None, has_more=False)
    more_after = has_more if not backwards else True
    more_before = (position is not None) if not backwards else has_more
    return Slice(
        rows=rows,
        next=Position(key=key_of(rows[-1])) if more_after else None,
        previous=Position(key=key_of(rows[0]), backwards=True) if more_before else None,
        has_more=has_more,
    )
