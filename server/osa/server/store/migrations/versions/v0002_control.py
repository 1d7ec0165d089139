"""Retries, conflicts, budgets, logs, cleanups, audit"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_HELD = "status IN ('running', 'canceling')"
_ADMITTED = "NOT queues AND status IN ('queued', 'running', 'canceling')"


def _unique_while(name: str, scope: str, key: str, state: str) -> None:
    where = sa.text(f"{key} IS NOT NULL AND {state}")
    op.create_index(
        name,
        "ingestion",
        [scope, key],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )


def upgrade() -> None:
    no, zero = sa.false(), sa.text("0")
    for column in (
        sa.Column("concurrency_key", sa.String(length=200), nullable=True),
        sa.Column("queues", sa.Boolean(), nullable=False, server_default=no),
        sa.Column("rank", sa.Integer(), nullable=False, server_default=zero),
        sa.Column("deadline_seconds", sa.BigInteger(), nullable=True),
        sa.Column("deadline_at", sa.BigInteger(), nullable=True),
        sa.Column("max_failed_items", sa.BigInteger(), nullable=True),
        sa.Column("stop_early", sa.Boolean(), nullable=False, server_default=no),
        sa.Column("retry_of", sa.String(length=36), nullable=True),
        sa.Column("root_id", sa.String(length=36), nullable=False, server_default=""),
        sa.Column("retry_scope", sa.String(length=16), nullable=True),
        sa.Column("retried_by", sa.String(length=36), nullable=True),
        sa.Column("tenant_place", sa.Integer(), nullable=True),
        sa.Column("convention_place", sa.Integer(), nullable=True),
        sa.Column("error_kind", sa.String(length=64), nullable=True),
        sa.Column("last_log", sa.BigInteger(), nullable=False, server_default=zero),
    ):
        op.add_column("ingestion", column)
    kind = (
        "json_extract(error, '$.kind')"
        if op.get_bind().dialect.name == "sqlite"
        else "CAST(error AS json) ->> 'kind'"
    )
    op.execute(
        "UPDATE ingestion SET root_id = id, max_failed_items = 0,"
        f" error_kind = CASE WHEN error IS NULL THEN NULL ELSE {kind} END"
    )
    op.drop_index("uq_ingestion_exclusive", table_name="ingestion")
    _unique_while("uq_ingestion_exclusive", "tenant", "exclusive_key", _ADMITTED)
    _unique_while("uq_ingestion_exclusive_held", "tenant", "exclusive_key", _HELD)
    _unique_while("uq_ingestion_concurrency", "tenant", "concurrency_key", _ADMITTED)
    _unique_while("uq_ingestion_concurrency_held", "tenant", "concurrency_key", _HELD)
    _unique_while("uq_ingestion_tenant_place", "tenant", "tenant_place", _HELD)
    _unique_while("uq_ingestion_convention_place", "convention_id", "convention_place", _HELD)
    op.create_index(
        "ix_ingestion_held",
        "ingestion",
        ["tenant", "convention_id"],
        sqlite_where=sa.text(_HELD),
        postgresql_where=sa.text(_HELD),
    )
    op.create_index("ix_ingestion_tenant_ended", "ingestion", ["tenant", "ended_at", "id"])
    op.create_index("ix_ingestion_retry_of", "ingestion", ["retry_of"])
    op.create_index("ix_ingestion_root_id", "ingestion", ["root_id"])
    op.create_index(
        "ix_ingestion_waiting",
        "ingestion",
        ["rank", "queued_at", "id"],
        sqlite_where=sa.text("status = 'queued'"),
        postgresql_where=sa.text("status = 'queued'"),
    )
    for key in ("exclusive", "concurrency"):
        where = sa.text(f"{key}_key IS NOT NULL AND status = 'queued'")
        op.create_index(
            f"ix_ingestion_{key}_line",
            "ingestion",
            ["tenant", f"{key}_key", "rank", "queued_at", "id"],
            sqlite_where=where,
            postgresql_where=where,
        )
    op.create_index("ix_item_record_id", "item", ["record_id"])
    op.create_table(
        "wanted_item",
        sa.Column("ingestion_id", sa.String(length=36), nullable=False),
        sa.Column("source_key", sa.String(length=64), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ingestion_id"],
            ["ingestion.id"],
            name=op.f("fk_wanted_item_ingestion_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("ingestion_id", "source_key", name=op.f("pk_wanted_item")),
    )
    op.create_table(
        "log_line",
        sa.Column("ingestion_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ingestion_id"],
            ["ingestion.id"],
            name=op.f("fk_log_line_ingestion_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("ingestion_id", "number", name=op.f("pk_log_line")),
    )
    op.create_table(
        "cleanup",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("match_count", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cleanup")),
    )
    op.create_table(
        "cleanup_member",
        sa.Column("cleanup_id", sa.String(length=36), nullable=False),
        sa.Column("ingestion_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["cleanup_id"],
            ["cleanup.id"],
            name=op.f("fk_cleanup_member_cleanup_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("cleanup_id", "ingestion_id", name=op.f("pk_cleanup_member")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("token_id", sa.String(length=36), nullable=True),
        sa.Column("token_name", sa.String(length=200), nullable=False),
        sa.Column("ingestion_id", sa.String(length=36), nullable=True),
        sa.Column("request_id", sa.String(length=128), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_ingestion_id", "audit", ["ingestion_id"])
    op.create_index("ix_audit_tenant_at", "audit", ["tenant", "at", "id"])
