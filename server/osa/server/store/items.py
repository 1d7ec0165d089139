"""Items and the records they become: one batch at a time, inside the transaction that holds the
fence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.sql.dml import ReturningInsert

from osa.conventions.stored import source_key as source_key
from osa.server.model import Derivation, Item, ItemFault, Outcome
from osa.server.store import database
from osa.server.store.columns import now
from osa.server.store.paging import Position, Slice, read_slice
from osa.server.store.tables import artifact, derivation, item, record, record_file

#: Rows in one statement: SQLite takes 32,766 parameters.
_CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class NewFile:
    id: str
    name: str
    media_type: str
    size: int
    sha256: str
    #: Produced by the ingestion, rather than the source's own bytes.
    derived: bool


@dataclass(frozen=True, kw_only=True)
class NewItem:
    """An item to publish; `verdict` is `record`, `skipped`, `rejected` or `failed`."""

    source_id: str
    verdict: str
    title: str | None
    metadata: Mapping[str, Any]
    files: Sequence[NewFile]
    #: The records it was made from, and their versions.
    derived_from: Sequence[Derivation]
    fault: ItemFault | None
    #: The record's id if it is a new one; and that of each artifact row.
    record_id: str
    artifact_ids: Sequence[str]

    @property
    def source_key(self) -> str:
        return source_key(self.source_id)

    @property
    def digest(self) -> str:
        files = [[f.name, f.media_type, f.sha256] for f in self.files]
        text = json.dumps([self.title, self.metadata, files], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a batch goes."""

    tenant: str
    convention_id: str
    ingestion_id: str
    attempt: int
    #: The number of the first item.
    first_number: int


def publish(connection: Connection, place: Place, items: Sequence[NewItem]) -> list[Outcome]:
    """Write the items, their records, files and artifacts; the outcome of each, in order."""
    outcomes: list[Outcome | None] = [None] * len(items)
    record_ids: list[str | None] = [None] * len(items)
    waiting = [index for index, new in enumerate(items) if new.verdict == "record"]
    for index, new in enumerate(items):
        if new.verdict != "record":
            outcomes[index] = Outcome(new.verdict)
    while waiting:
        # A statement cannot touch one record twice: the second of two items with one source_id
        # waits
        # for the next round. Sorted, so that two ingestions never wait for each other in a circle.
        first: dict[str, int] = {}
        for index in waiting:
            first.setdefault(items[index].source_key, index)
        chosen = [first[key] for key in sorted(first)]
        for start in range(0, len(chosen), _CHUNK):
            _upsert(connection, place, items, chosen[start : start + _CHUNK], outcomes, record_ids)
        done = set(chosen)
        waiting = [index for index in waiting if index not in done]
    _insert_items(connection, place, items, outcomes, record_ids)
    return [outcome for outcome in outcomes if outcome is not None]


def _upsert(
    connection: Connection,
    place: Place,
    items: Sequence[NewItem],
    chosen: Sequence[int],
    outcomes: list[Outcome | None],
    record_ids: list[str | None],
) -> None:
    new = [
        {
            "id": items[index].record_id,
            "tenant": place.tenant,
            "convention_id": place.convention_id,
            "source_id": items[index].source_id,
            "source_key": items[index].source_key,
            "title": items[index].title,
            "metadata": dict(items[index].metadata),
            "digest": items[index].digest,
            "ingestion_id": place.ingestion_id,
        }
        for index in chosen
    ]
    written = {
        row.source_key: row
        for row in connection.execute(_write_record(connection.dialect.name), new)
    }
    unchanged = [items[i].source_key for i in chosen if items[i].source_key not in written]
    known: dict[str, str] = {}
    if unchanged:
        same = connection.execute(
            select(record.c.source_key, record.c.id).where(
                record.c.tenant == place.tenant,
                record.c.convention_id == place.convention_id,
                record.c.source_key.in_(unchanged),
            )
        )
        known = {row.source_key: row.id for row in same}
    replaced: list[str] = []
    files: list[dict[str, Any]] = []
    origins: list[dict[str, Any]] = []
    for index in chosen:
        row = written.get(items[index].source_key)
        if row is None:
            outcomes[index] = Outcome.UNCHANGED
            record_ids[index] = known[items[index].source_key]
            continue
        outcomes[index] = Outcome.CREATED if row.version == 1 else Outcome.UPDATED
        record_ids[index] = row.id
        if row.version > 1:
            replaced.append(row.id)
        files += [
            {"record_id": row.id, "position": position, **asdict(new)}
            for position, new in enumerate(items[index].files)
        ]
        origins += [
            {
                "record_id": row.id,
                "position": position,
                "from_record_id": origin.record_id,
                "from_version": origin.version,
            }
            for position, origin in enumerate(items[index].derived_from)
        ]
    for table, rows in ((record_file, files), (derivation, origins)):
        if replaced:
            connection.execute(delete(table).where(table.c.record_id.in_(replaced)))
        if rows:
            connection.execute(insert(table), rows)


@cache
def _write_record(dialect: str) -> ReturningInsert[Any]:
    """The rows are given apart from it: it is put together once, and sent in large pieces."""
    statement = database.insert(dialect, record).values(
        version=1, created_at=now(), updated_at=now()
    )
    excluded = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[record.c.tenant, record.c.convention_id, record.c.source_key],
        set_={
            "version": record.c.version + 1,
            "title": excluded.title,
            "metadata": excluded["metadata"],
            "digest": excluded.digest,
            "ingestion_id": excluded.ingestion_id,
            "updated_at": now(),
        },
        where=record.c.digest != excluded.digest,
    ).returning(record.c.id, record.c.source_key, record.c.version)


def _insert_items(
    connection: Connection,
    place: Place,
    items: Sequence[NewItem],
    outcomes: Sequence[Outcome | None],
    record_ids: Sequence[str | None],
) -> None:
    if not items:
        return
    moment = connection.execute(select(now())).scalar_one()
    rows: list[dict[str, Any]] = []
    artifacts: list[dict[str, Any]] = []
    for offset, new in enumerate(items):
        number = place.first_number + offset
        rows.append(
            {
                "ingestion_id": place.ingestion_id,
                "number": number,
                "source_id": new.source_id,
                "outcome": outcomes[offset],
                "title": new.title,
                "record_id": record_ids[offset],
                "fault": None if new.fault is None else asdict(new.fault),
                "attempt": place.attempt,
                "published_at": moment,
            }
        )
        derived = [file for file in new.files if file.derived]
        artifacts += [
            {
                "id": artifact_id,
                "ingestion_id": place.ingestion_id,
                "number": number,
                "record_id": record_ids[offset],
                "source_id": new.source_id,
                "name": file.name,
                "media_type": file.media_type,
                "size": file.size,
                "sha256": file.sha256,
                "created_at": moment,
            }
            for file, artifact_id in zip(derived, new.artifact_ids, strict=True)
        ]
    connection.execute(insert(item), rows)
    if artifacts:
        connection.execute(insert(artifact), artifacts)


def page(
    connection: Connection,
    ingestion_id: str,
    outcomes: frozenset[Outcome],
    position: Position | None,
    size: int,
) -> tuple[Sequence[Item], Slice]:
    statement = select(item).where(item.c.ingestion_id == ingestion_id)
    if outcomes:
        statement = statement.where(item.c.outcome.in_(sorted(outcomes)))
    found = read_slice(
        connection,
        statement,
        keys=[item.c.number],
        ascending=True,
        position=position,
        size=size,
    )
    return [
        Item(
            number=row.number,
            source_id=row.source_id,
            outcome=Outcome(row.outcome),
            title=row.title,
            record_id=row.record_id,
            fault=None if row.fault is None else ItemFault(**row.fault),
            attempt=row.attempt,
            published_at=row.published_at,
        )
        for row in found.rows
    ], found
