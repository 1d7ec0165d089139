"""Deleting ingestions: at once for everybody who looks, and then from the disk, in pieces.

A hundred thousand items with an artifact each go with one statement in one to three seconds, during
which nobody else writes to SQLite. So an ended ingestion is first given to nobody, which is one
guarded UPDATE of one row, and then taken away piece by piece, by whoever comes by.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    Connection,
    Delete,
    Table,
    bindparam,
    delete,
    or_,
    select,
    tuple_,
    update,
)

from osa.server.model import ENDED
from osa.server.store.columns import micros, now
from osa.server.store.tables import campaign, ingestion, metadata

#: Whose an ingestion is from when it is deleted until nothing is left of it. No tenant has this
#: name, so no statement that asks for a tenant's finds it.
NOBODY = "(deleted)"

#: Rows in one transaction of `drop`: fifty milliseconds, and three times that on a busy machine.
PIECE = 2_000
_INGESTIONS_AT_ONCE = 100


def _drop_some(table: Table) -> Delete:
    key = list(table.primary_key)
    some = select(*key).where(table.c.ingestion_id.in_(bindparam("ids", expanding=True)))
    return delete(table).where(tuple_(*key).in_(some.limit(bindparam("left"))))


#: All that hangs on an ingestion, each row known by its primary key.
_DROPS = tuple(
    _drop_some(table)
    for table in metadata.sorted_tables
    if any(key.column is ingestion.c.id for key in table.foreign_keys)
)


def hide(connection: Connection, tenant: str, ingestion_ids: Sequence[str]) -> Sequence[str]:
    """Delete those of these that are the tenant's and done: which. What they were retries of can be
    retried again, and what repeats one takes over its external id."""
    named = connection.execute(
        select(ingestion.c.id, ingestion.c.root_id, ingestion.c.external_id).where(
            ingestion.c.id.in_(ingestion_ids),
            ingestion.c.tenant == tenant,
            ingestion.c.external_id.is_not(None),
            ingestion.c.retried_by.is_not(None),
        )
    ).all()
    parents = _lock(connection, ingestion_ids, heirs_of=[row.root_id for row in named])
    gone = (
        connection.execute(
            update(ingestion)
            .where(
                ingestion.c.id.in_(ingestion_ids),
                ingestion.c.tenant == tenant,
                ingestion.c.status.in_(sorted(ENDED)),
            )
            .values(tenant=NOBODY, external_id=None)
            .returning(ingestion.c.id)
        )
        .scalars()
        .all()
    )
    for row in named:
        if row.id in gone:
            _hand_over(connection, tenant, row.root_id, row.external_id)
    retry = ingestion.alias("retry")
    # What a deleted retry was retried by now repeats what that one did: still one retry for each.
    next_one = select(retry.c.retried_by).where(retry.c.id == ingestion.c.retried_by)
    while gone and parents:
        parents = (
            connection.execute(
                update(ingestion)
                .where(
                    ingestion.c.id.in_(parents),
                    ingestion.c.retried_by.in_(gone),
                    ingestion.c.tenant != NOBODY,
                )
                .values(retried_by=next_one.scalar_subquery())
                .returning(ingestion.c.id)
            )
            .scalars()
            .all()
        )
    return gone


def _hand_over(connection: Connection, tenant: str, root_id: str, external_id: str) -> None:
    """What is known by this id is still there, in the first try that is left: who asks for it must
    not start it again."""
    heir = (
        select(ingestion.c.id)
        .where(ingestion.c.root_id == root_id, ingestion.c.tenant == tenant)
        .order_by(ingestion.c.id)
        .limit(1)
    )
    connection.execute(
        update(ingestion)
        .where(ingestion.c.id == heir.scalar_subquery(), ingestion.c.external_id.is_(None))
        .values(external_id=external_id)
    )


def _lock(
    connection: Connection, ingestion_ids: Sequence[str], *, heirs_of: Sequence[str]
) -> Sequence[str]:
    """Take the rows, those that were retried from one another with them, and the campaigns that
    count anew, always in one order: two deletions never wait for each other in a circle. Those of
    which one of these is the retry."""
    roots = select(ingestion.c.root_id).where(ingestion.c.id.in_(ingestion_ids))
    chained = ingestion.c.root_id.in_(roots.scalar_subquery())
    connection.execute(
        select(ingestion.c.id)
        # One that is active may be locked for long.
        .where(
            chained,
            or_(
                ingestion.c.id.in_(ingestion_ids),
                ingestion.c.status.in_(sorted(ENDED)),
                ingestion.c.root_id.in_(heirs_of),
            ),
        )
        .order_by(ingestion.c.id)
        .with_for_update()
    ).all()
    parents = connection.execute(
        select(ingestion.c.id, ingestion.c.campaign_key).where(
            chained, ingestion.c.retried_by.in_(ingestion_ids)
        )
    ).all()
    keys = {row.campaign_key for row in parents if row.campaign_key is not None}
    if keys:
        connection.execute(
            select(campaign.c.id)
            .where(campaign.c.id.in_(keys))
            .order_by(campaign.c.id)
            .with_for_update()
        ).all()
    return [row.id for row in parents]


def drop(connection: Connection, *, rows: int = PIECE) -> bool:
    """Take away a piece of what was deleted; whether there may be more."""
    ids = (
        connection.execute(
            select(ingestion.c.id)
            .where(ingestion.c.tenant == NOBODY)
            .limit(_INGESTIONS_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        .scalars()
        .all()
    )
    if not ids:
        return False
    left = rows
    for statement in _DROPS:
        left -= connection.execute(statement, {"ids": ids, "left": left}).rowcount
        if left <= 0:
            return True
    connection.execute(delete(ingestion).where(ingestion.c.id.in_(ids)))
    return len(ids) == _INGESTIONS_AT_ONCE


def tenants(connection: Connection) -> Sequence[str]:
    """All who have ingestions."""
    found = connection.execute(select(ingestion.c.tenant).distinct()).scalars().all()
    return [tenant for tenant in found if tenant != NOBODY]


def ended_before(
    connection: Connection, tenant: str, *, seconds: float, size: int
) -> Sequence[str]:
    """Ingestions of the tenant that ended at least so long ago; those that ended first."""
    return (
        connection.execute(
            select(ingestion.c.id)
            .where(
                ingestion.c.tenant == tenant,
                ingestion.c.status.in_(sorted(ENDED)),
                ingestion.c.ended_at <= now() - micros(seconds),
            )
            .order_by(ingestion.c.ended_at, ingestion.c.id)
            .limit(size)
        )
        .scalars()
        .all()
    )
