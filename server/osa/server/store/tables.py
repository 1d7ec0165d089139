"""The tables. `migrations/` builds them; a test holds the two together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.sql.selectable import NamedFromClause

from osa.server.store.columns import Instant, Json

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = String(36)
_SHA256 = String(64)

_WAITING = "status = 'queued'"
_HELD = "status IN ('running', 'canceling')"
_ACTIVE = "status IN ('queued', 'running', 'canceling')"
_ADMITTED = f"NOT queues AND {_ACTIVE}"


def _unique_while(name: str, scope: str, key: str, state: str) -> Index:
    """An index that is the judge of who has a key in some states."""
    where = text(f"{key} IS NOT NULL AND {state}")
    return Index(name, scope, key, unique=True, sqlite_where=where, postgresql_where=where)


def _line_for(name: str, key: str) -> Index:
    """An index over those that wait for a key, first in line first."""
    where = text(f"{key} IS NOT NULL AND {_WAITING}")
    columns = ("tenant", key, "rank", "queued_at", "id")
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


def _where_known(name: str, key: str, *others: str) -> Index:
    """An index over those that have a key which most do not have."""
    where = text(f"{key} IS NOT NULL")
    return Index(name, key, *others, sqlite_where=where, postgresql_where=where)


secret = Table(
    "secret",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

token = Table(
    "token",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("scopes", Json, nullable=False),
    Column("secret_hash", _SHA256, nullable=False, unique=True),
    # Set from outside (OSA_ADMIN_TOKEN) rather than made by us.
    Column("preset", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
)

worker = Table(
    "worker",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("slots", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("heartbeat_at", Instant, nullable=False),
)

upload = Table(
    "upload",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("sha256", _SHA256, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("filename", String(255)),
    Column("media_type", String(255)),
    Column("created_by", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

ingestion = Table(
    "ingestion",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("status_reason", String(64), nullable=False),
    Column("convention_id", String(63), nullable=False),
    Column("convention_version", String(64), nullable=False),
    Column("source", Json),
    Column("parameters", Json, nullable=False),
    Column("batch_size", Integer, nullable=False),
    Column("limit", BigInteger),
    Column("name", String(200)),
    Column("external_id", String(200)),
    Column("metadata", Json, nullable=False),
    Column("labels", Json, nullable=False),
    Column("created_by", String(200), nullable=False),
    # The convention's name while it may run once at a time; null when it may run often.
    Column("exclusive_key", String(63)),
    # The caller's word for the same; both are judged by the indexes below.
    Column("concurrency_key", String(200)),
    # Whether it may wait behind another that has its key, rather than be refused.
    Column("queues", Boolean, nullable=False),
    # Minus the priority: what is taken first sorts first.
    Column("rank", Integer, nullable=False),
    Column("deadline_seconds", BigInteger),
    Column("deadline_at", Instant),
    Column("max_failed_items", BigInteger),
    Column("stop_early", Boolean, nullable=False),
    Column("retry_of", _ID, index=True),
    # The first of those that were retried from one another; its own id when it is no retry.
    Column("root_id", _ID, nullable=False, index=True),
    Column("retry_scope", String(16)),
    Column("retried_by", _ID),
    # The ingestion that started it.
    Column("parent_ingestion_id", _ID),
    # Its campaign (by our id and by its creator's); of a step also its number, where it begins, and
    # what the batch before it left.
    Column("campaign_key", _ID),
    Column("campaign_id", String(64)),
    Column("campaign_step", Integer),
    Column("start_position", BigInteger),
    Column("memo", Json),
    Column("created_at", Instant, nullable=False),
    Column("queued_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("updated_at", Instant, nullable=False),
    Column("heartbeat_at", Instant),
    Column("advanced_at", Instant),
    Column("ended_at", Instant),
    # The fence: raised by every take, carried by every write of a worker.
    Column("attempt", Integer, nullable=False),
    # Attempts in a row that committed nothing.
    Column("fruitless", Integer, nullable=False),
    Column("worker_id", String(255)),
    # Its places under the limits of tenant and convention while it is held, when there are limits:
    # a number each, unique among those that are held.
    Column("tenant_place", Integer),
    Column("convention_place", Integer),
    # How often it was handed to the engine, when last, and before when it must not be.
    Column("dispatch", Integer, nullable=False),
    Column("dispatched_at", Instant),
    Column("not_before", Instant),
    Column("cursor", Json, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("unchanged", BigInteger, nullable=False),
    Column("skipped", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("phase", String(64)),
    Column("message", String(500)),
    Column("unit", String(64)),
    Column("completed", BigInteger),
    Column("total", BigInteger),
    Column("total_is_estimate", Boolean, nullable=False),
    Column("percent", Float),
    Column("rate_per_second", Float),
    Column("progress_at", Instant),
    Column("cancel_requested_at", Instant),
    Column("cancel_requested_by", String(200)),
    Column("cancel_reason", String(500)),
    Column("cancel_deadline_at", Instant),
    Column("cancel_outcome", String(16)),
    Column("error", Json),
    Column("error_kind", String(64)),
    Column("last_event", Integer, nullable=False),
    Column("last_log", BigInteger, nullable=False),
    UniqueConstraint("tenant", "external_id"),
    Index("ix_ingestion_tenant_created", "tenant", "created_at", "id"),
    Index("ix_ingestion_tenant_status", "tenant", "status", "created_at", "id"),
    Index("ix_ingestion_tenant_convention", "tenant", "convention_id", "created_at", "id"),
    # One that is active, not counting those that wait; and one that is held, whoever waited.
    _unique_while("uq_ingestion_exclusive", "tenant", "exclusive_key", _ADMITTED),
    _unique_while("uq_ingestion_exclusive_held", "tenant", "exclusive_key", _HELD),
    _unique_while("uq_ingestion_concurrency", "tenant", "concurrency_key", _ADMITTED),
    _unique_while("uq_ingestion_concurrency_held", "tenant", "concurrency_key", _HELD),
    _unique_while("uq_ingestion_tenant_place", "tenant", "tenant_place", _HELD),
    _unique_while("uq_ingestion_convention_place", "convention_id", "convention_place", _HELD),
    Index(
        "ix_ingestion_held",
        "tenant",
        "convention_id",
        sqlite_where=text(_HELD),
        postgresql_where=text(_HELD),
    ),
    Index("ix_ingestion_tenant_ended", "tenant", "ended_at", "id"),
    # The order in which those that wait are taken.
    Index(
        "ix_ingestion_waiting",
        "rank",
        "queued_at",
        "id",
        sqlite_where=text(_WAITING),
        postgresql_where=text(_WAITING),
    ),
    # And the line for each key.
    _line_for("ix_ingestion_exclusive_line", "exclusive_key"),
    _line_for("ix_ingestion_concurrency_line", "concurrency_key"),
    _where_known("ix_ingestion_parent", "parent_ingestion_id", "created_at", "id"),
    _where_known("ix_ingestion_campaign", "campaign_id", "tenant", "created_at", "id"),
    _where_known("ix_ingestion_campaign_status", "campaign_key", "status", "id"),
    # What sweeps and heartbeats look at: small, whatever the history.
    Index(
        "ix_ingestion_active",
        "status",
        "worker_id",
        sqlite_where=text(_ACTIVE),
        postgresql_where=text(_ACTIVE),
    ),
)


#: Campaigns that the server has something to do for.
UNSETTLED = (
    "(wanted = 'run' AND (requeue IS NOT NULL OR (mode = 'server' AND next_position IS NOT NULL)))"
    " OR (wanted = 'stop' AND (queued + running + canceling > 0"
    " OR step_status IN ('queued', 'running', 'canceling')))"
)

# A series of ingestions. The counts of its children and the status of its latest step are kept by
# triggers of the database on the table of ingestions: whoever changes an ingestion, in whatever
# statement, they are right when it is committed.
campaign = Table(
    "campaign",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("campaign_id", String(64), nullable=False),
    Column("convention_id", String(63), nullable=False),
    # Of the convention that began it: another major version does not go on.
    Column("convention_version", String(64), nullable=False),
    Column("parameters", Json, nullable=False),
    Column("request_hash", _SHA256, nullable=False),
    Column("name", String(200)),
    Column("mode", String(8), nullable=False),
    # run, pause or stop: what somebody wants of it. Where it is follows from this and the counts.
    Column("wanted", String(8), nullable=False),
    Column("start_position", BigInteger, nullable=False),
    # Null when there is no more.
    Column("next_position", BigInteger),
    # What the last batch left for the next step.
    Column("memo", Json, nullable=False),
    Column("total_children", BigInteger),
    Column("step_count", Integer, nullable=False),
    Column("step_id", _ID),
    # Null also when it did not succeed and nobody minds any more.
    Column("step_status", String(16)),
    Column("queued", BigInteger, nullable=False),
    Column("running", BigInteger, nullable=False),
    Column("canceling", BigInteger, nullable=False),
    Column("succeeded", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("canceled", BigInteger, nullable=False),
    # Children to start again: of which states (comma between), created until when, after which id.
    Column("requeue", String(64)),
    Column("requeue_until", Instant),
    Column("requeue_after", _ID),
    # How its children are canceled.
    Column("cancel_by", String(200)),
    Column("cancel_reason", String(500)),
    Column("cancel_grace_seconds", Integer),
    Column("cancel_force", Boolean, nullable=False),
    Column("summary_token", String(43), unique=True),
    Column("created_by", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("tenant", "campaign_id"),
    Index("ix_campaign_tenant_created", "tenant", "created_at", "id"),
    Index(
        "ix_campaign_unsettled",
        "id",
        sqlite_where=text(UNSETTLED),
        postgresql_where=text(UNSETTLED),
    ),
)

# Why children of a campaign failed: kept by the same triggers.
campaign_failure = Table(
    "campaign_failure",
    metadata,
    Column("campaign_key", _ID, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(64), primary_key=True),
    Column("count", BigInteger, nullable=False),
)


# What a statement says of a status, spelled as the partial indexes do: beside a parameter SQLite
# does not use them, and reads the whole history. `table` is the table of ingestions or an alias.


def is_active(table: NamedFromClause = ingestion) -> ColumnElement[Any]:
    """Queued, running or canceling."""
    return literal_column(f"{table.name}.{_ACTIVE}")


def is_held(table: NamedFromClause = ingestion) -> ColumnElement[Any]:
    """Running or canceling."""
    return literal_column(f"{table.name}.{_HELD}")


def is_waiting(table: NamedFromClause = ingestion) -> ColumnElement[Any]:
    """Queued."""
    return literal_column(f"{table.name}.{_WAITING}")


# The parts of a source (a list's items, a record's files): up to 8 MiB that only a take reads.
source_parts = Table(
    "source_parts",
    metadata,
    Column("ingestion_id", _ID, ForeignKey("ingestion.id", ondelete="CASCADE"), primary_key=True),
    Column("parts", Json, nullable=False),
)

# The identities that a retry of failed items is about; all others are passed over.
wanted_item = Table(
    "wanted_item",
    metadata,
    Column("ingestion_id", _ID, ForeignKey("ingestion.id", ondelete="CASCADE"), primary_key=True),
    Column("source_key", _SHA256, primary_key=True),
    Column("source_id", Text, nullable=False),
)

# The objects an ingestion reads: they stay as long as it does.
source_object = Table(
    "source_object",
    metadata,
    Column("ingestion_id", _ID, ForeignKey("ingestion.id", ondelete="CASCADE"), primary_key=True),
    Column("sha256", _SHA256, primary_key=True, index=True),
)

label = Table(
    "label",
    metadata,
    Column("ingestion_id", _ID, ForeignKey("ingestion.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(63), primary_key=True),
    Column("value", String(200), nullable=False),
    Column("tenant", String(64), nullable=False),
    Index("ix_label_tenant_key_value", "tenant", "key", "value"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("ingestion_id", _ID, ForeignKey("ingestion.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("worker", String(255), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("end_reason", String(64)),
    Column("error", Json),
)

event = Table(
    "event",
    metadata,
    Column("ingestion_id", _ID, ForeignKey("ingestion.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("type", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("attempt", Integer),
    Column("data", Json, nullable=False),
)

log_line = Table(
    "log_line",
    metadata,
    Column("ingestion_id", _ID, ForeignKey("ingestion.id", ondelete="CASCADE"), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("attempt", Integer),
    Column("level", String(16), nullable=False),
    Column("message", Text, nullable=False),
)

item = Table(
    "item",
    metadata,
    Column("ingestion_id", _ID, ForeignKey("ingestion.id", ondelete="CASCADE"), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("source_id", Text, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("title", Text),
    Column("record_id", _ID, index=True),
    Column("fault", Json),
    Column("attempt", Integer, nullable=False),
    Column("published_at", Instant, nullable=False),
    Index("ix_item_ingestion_outcome", "ingestion_id", "outcome", "number"),
)

artifact = Table(
    "artifact",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ingestion_id", _ID, ForeignKey("ingestion.id", ondelete="CASCADE"), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("record_id", _ID),
    Column("source_id", Text, nullable=False),
    Column("name", String(255), nullable=False),
    Column("media_type", String(255), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", _SHA256, nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Index("ix_artifact_ingestion", "ingestion_id", "number", "id"),
)

record = Table(
    "record",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("convention_id", String(63), nullable=False),
    Column("source_id", Text, nullable=False),
    # SHA-256 of source_id: a B-tree of PostgreSQL takes no key over 2,704 bytes.
    Column("source_key", _SHA256, nullable=False),
    Column("version", Integer, nullable=False),
    Column("title", Text),
    Column("metadata", Json, nullable=False),
    # SHA-256 of title, metadata and files: equal means unchanged.
    Column("digest", _SHA256, nullable=False),
    Column("ingestion_id", _ID, nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("tenant", "convention_id", "source_key"),
    Index("ix_record_tenant_created", "tenant", "created_at", "id"),
)

record_file = Table(
    "record_file",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("record_id", _ID, ForeignKey("record.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", String(255), nullable=False),
    Column("media_type", String(255), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", _SHA256, nullable=False, index=True),
    # False for the source's own bytes, True for what was derived from them.
    Column("derived", Boolean, nullable=False),
    UniqueConstraint("record_id", "position"),
)

# What a record was made from. It is told of both ways.
derivation = Table(
    "derivation",
    metadata,
    Column("record_id", _ID, ForeignKey("record.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    # No foreign key: that it was made from it stays true.
    Column("from_record_id", _ID, nullable=False, index=True),
    Column("from_version", BigInteger),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("operation", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("body_hash", _SHA256, nullable=False),
    Column("ingestion_id", _ID, nullable=False),
    Column("created_at", Instant, nullable=False),
)

# A set of ended ingestions that was shown to somebody, and may be deleted as it was shown.
cleanup = Table(
    "cleanup",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("filter", Json, nullable=False),
    Column("match_count", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

cleanup_member = Table(
    "cleanup_member",
    metadata,
    Column("cleanup_id", _ID, ForeignKey("cleanup.id", ondelete="CASCADE"), primary_key=True),
    # No foreign key: it stays when the ingestion goes.
    Column("ingestion_id", _ID, primary_key=True),
)

# Who did what, when, with which token. It outlives what it tells of.
audit = Table(
    "audit",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("action", String(64), nullable=False),
    Column("token_id", _ID),
    Column("token_name", String(200), nullable=False),
    Column("ingestion_id", _ID, index=True),
    Column("request_id", String(128)),
    Column("detail", Json, nullable=False),
    Index("ix_audit_tenant_at", "tenant", "at", "id"),
)
