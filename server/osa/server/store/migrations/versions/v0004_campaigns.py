"""Campaigns, and the triggers that count their children"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATES = ("queued", "running", "canceling", "succeeded", "failed", "canceled")
_UNSETTLED = (
    "(wanted = 'run' AND (requeue IS NOT NULL OR (mode = 'server' AND next_position IS NOT NULL)))"
    " OR (wanted = 'stop' AND (queued + running + canceling > 0"
    " OR step_status IN ('queued', 'running', 'canceling')))"
)

_ITS_RETRY = (
    "(SELECT * FROM ingestion WHERE id = OLD.retried_by AND campaign_key = NEW.campaign_key)"
)
# The clock may have been set back; a campaign's last change is not before the one before it.
_LATER = "CASE WHEN NEW.updated_at > updated_at THEN NEW.updated_at ELSE updated_at END"


def upgrade() -> None:
    _tables()
    _columns()
    # Each is: what happened to an ingestion that is a child, and what of it counts no more and now.
    _trigger("added", "INSERT", "NEW.campaign_step IS NULL", _count("+", "NEW.status"))
    _trigger(
        "moved",
        "UPDATE OF status",
        "NEW.campaign_step IS NULL AND NEW.status <> OLD.status",
        _count("-", "OLD.status", "+", "NEW.status") + _failure("+", "NEW"),
    )
    # Its retry is counted from now on, in its place.
    _trigger(
        "retried",
        "UPDATE OF retried_by",
        "NEW.campaign_step IS NULL AND OLD.retried_by IS NULL AND NEW.retried_by IS NOT NULL",
        _count("-", "NEW.status") + _failure("-", "NEW"),
    )
    # Its retry was deleted, and it can be retried again: it takes that one's place. A retry that
    # belonged to another campaign stays counted there.
    _trigger(
        "retry_deleted",
        "UPDATE OF retried_by",
        "NEW.campaign_step IS NULL AND OLD.retried_by IS NOT NULL AND NEW.retried_by IS NULL"
        " AND NEW.tenant <> '(deleted)'",
        _count("-", _one(_ITS_RETRY, "status"), "+", "NEW.status")
        + _failure("-", _ITS_RETRY)
        + _failure("+", "NEW"),
    )
    _trigger(
        "step_moved",
        "UPDATE OF status",
        "NEW.campaign_step IS NOT NULL AND NEW.status <> OLD.status",
        f"UPDATE campaign SET step_status = NEW.status, updated_at = {_LATER}"
        " WHERE id = NEW.campaign_key AND step_id = NEW.id;\n",
    )


def _trigger(name: str, event: str, when: str, body: str) -> None:
    """After the event, for each row of a campaign. PostgreSQL wants a function for it."""
    when = f"NEW.campaign_key IS NOT NULL AND {when}"
    head = f"CREATE TRIGGER campaign_{name} AFTER {event} ON ingestion FOR EACH ROW WHEN ({when})"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"{head} BEGIN\n{body}END")
        return
    op.execute(
        f"CREATE FUNCTION campaign_{name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN\n{body}RETURN NULL; END $$"
    )
    op.execute(f"{head} EXECUTE FUNCTION campaign_{name}()")


def _count(*changes: str) -> str:
    """One child less, or more, in a state: pairs of sign and state."""
    pairs = list(zip(changes[::2], changes[1::2], strict=True))
    sums = ", ".join(
        f"{state} = {state}"
        + "".join(f" {sign} CASE WHEN {of} = '{state}' THEN 1 ELSE 0 END" for sign, of in pairs)
        for state in _STATES
    )
    return f"UPDATE campaign SET {sums}, updated_at = {_LATER} WHERE id = NEW.campaign_key;\n"


def _failure(sign: str, of: str) -> str:
    """One failure more, or less, of the kind of a child: NEW, or one that is selected."""
    source = f"SELECT NEW.campaign_key, {_one(of, 'error_kind')}, {sign}1 WHERE"
    return (
        "INSERT INTO campaign_failure (campaign_key, kind, count)"
        f" {source} {_one(of, 'status')} = 'failed' AND {_one(of, 'error_kind')} IS NOT NULL"
        " ON CONFLICT (campaign_key, kind)"
        f" DO UPDATE SET count = campaign_failure.count {sign} 1;\n"
    )


def _one(of: str, column: str) -> str:
    return f"NEW.{column}" if of == "NEW" else of.replace("*", column)


def _columns() -> None:
    for column in (
        sa.Column("parent_ingestion_id", sa.String(length=36), nullable=True),
        sa.Column("campaign_key", sa.String(length=36), nullable=True),
        sa.Column("campaign_id", sa.String(length=64), nullable=True),
        sa.Column("campaign_step", sa.Integer(), nullable=True),
        sa.Column("start_position", sa.BigInteger(), nullable=True),
        sa.Column("memo", sa.Text(), nullable=True),
    ):
        op.add_column("ingestion", column)
    for name, key, *others in (
        ("ix_ingestion_parent", "parent_ingestion_id", "created_at", "id"),
        ("ix_ingestion_campaign", "campaign_id", "tenant", "created_at", "id"),
        ("ix_ingestion_campaign_status", "campaign_key", "status", "id"),
    ):
        where = sa.text(f"{key} IS NOT NULL")
        op.create_index(
            name, "ingestion", [key, *others], sqlite_where=where, postgresql_where=where
        )


def _tables() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("campaign_id", sa.String(length=64), nullable=False),
        sa.Column("convention_id", sa.String(length=63), nullable=False),
        sa.Column("convention_version", sa.String(length=64), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("wanted", sa.String(length=8), nullable=False),
        sa.Column("start_position", sa.BigInteger(), nullable=False),
        sa.Column("next_position", sa.BigInteger(), nullable=True),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.Column("total_children", sa.BigInteger(), nullable=True),
        sa.Column("step_count", sa.Integer(), nullable=False),
        sa.Column("step_id", sa.String(length=36), nullable=True),
        sa.Column("step_status", sa.String(length=16), nullable=True),
        *(sa.Column(state, sa.BigInteger(), nullable=False) for state in _STATES),
        sa.Column("requeue", sa.String(length=64), nullable=True),
        sa.Column("requeue_until", sa.BigInteger(), nullable=True),
        sa.Column("requeue_after", sa.String(length=36), nullable=True),
        sa.Column("cancel_by", sa.String(length=200), nullable=True),
        sa.Column("cancel_reason", sa.String(length=500), nullable=True),
        sa.Column("cancel_grace_seconds", sa.Integer(), nullable=True),
        sa.Column("cancel_force", sa.Boolean(), nullable=False),
        sa.Column("summary_token", sa.String(length=43), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("tenant", "campaign_id", name=op.f("uq_campaign_tenant_campaign_id")),
        sa.UniqueConstraint("summary_token", name=op.f("uq_campaign_summary_token")),
    )
    op.create_index("ix_campaign_tenant_created", "campaign", ["tenant", "created_at", "id"])
    where = sa.text(_UNSETTLED)
    op.create_index(
        "ix_campaign_unsettled", "campaign", ["id"], sqlite_where=where, postgresql_where=where
    )
    op.create_table(
        "campaign_failure",
        sa.Column("campaign_key", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_key"],
            ["campaign.id"],
            name=op.f("fk_campaign_failure_campaign_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_key", "kind", name=op.f("pk_campaign_failure")),
    )
