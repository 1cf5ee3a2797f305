"""The first tables."""

import sqlalchemy as sa
from alembic import op

from syncd.db.tables import Instant

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "cursors",
        sa.Column("system", sa.String(length=20), nullable=False),
        sa.Column("object", sa.String(length=40), nullable=False),
        sa.Column("scope", sa.String(length=320), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("pass_id", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("system", "object", "scope"),
    )
    op.create_table(
        "dirty_homes",
        sa.Column("home", sa.String(length=400), nullable=False),
        sa.Column("mark", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("home"),
    )
    op.create_table(
        "doubted_snapshots",
        sa.Column("system", sa.String(length=20), nullable=False),
        sa.Column("object", sa.String(length=40), nullable=False),
        sa.Column("scope", sa.String(length=320), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("system", "object", "scope"),
    )
    op.create_table(
        "facts",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "filing",
        sa.Column("system", sa.String(length=20), nullable=False),
        sa.Column("object", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=400), nullable=False),
        sa.Column("home", sa.String(length=400), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("system", "object", "id"),
    )
    with op.batch_alter_table("filing", schema=None) as batch_op:
        batch_op.create_index("filing_by_home", ["home"], unique=False)

    op.create_table(
        "filing_keys",
        sa.Column("system", sa.String(length=20), nullable=False),
        sa.Column("object", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=400), nullable=False),
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("system", "object", "id", "key"),
    )
    with op.batch_alter_table("filing_keys", schema=None) as batch_op:
        batch_op.create_index("filing_keys_by_key", ["key"], unique=False)

    op.create_table(
        "key_homes",
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("system", sa.String(length=20), nullable=False),
        sa.Column("object", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=400), nullable=False),
        sa.Column("home", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("key", "system", "object", "id"),
    )
    with op.batch_alter_table("key_homes", schema=None) as batch_op:
        batch_op.create_index(
            "key_homes_by_ref", ["system", "object", "id"], unique=False
        )
        batch_op.create_index("key_homes_by_home", ["home"], unique=False)

    op.create_table(
        "ledger",
        sa.Column("sequence", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("change_id", sa.String(length=64), nullable=False),
        sa.Column("effect", sa.String(length=500), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("plan_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("intended_at", Instant(), nullable=False),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.Column("record_id", sa.String(length=400), nullable=True),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("key"),
    )
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_ledger_change_id"), ["change_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_ledger_effect"), ["effect"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_run_id"), ["run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_state"), ["state"], unique=False)

    op.create_table(
        "plans",
        sa.Column("plan_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id"),
    )
    op.create_table(
        "polls",
        sa.Column("system", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("system"),
    )
    op.create_table(
        "quarantine",
        sa.Column("system", sa.String(length=20), nullable=False),
        sa.Column("object", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=400), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("system", "object", "id"),
    )
    op.create_table(
        "records",
        sa.Column("system", sa.String(length=20), nullable=False),
        sa.Column("object", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=400), nullable=False),
        sa.Column("scope", sa.String(length=320), server_default="", nullable=False),
        sa.Column("version", sa.String(length=128), nullable=False),
        sa.Column("valid_from", Instant(), nullable=True),
        sa.Column("happened_at", Instant(), nullable=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("pass_id", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("system", "object", "id"),
    )
    with op.batch_alter_table("records", schema=None) as batch_op:
        batch_op.create_index("records_by_id", ["id"], unique=False)

    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "superseded_versions",
        sa.Column("system", sa.String(length=20), nullable=False),
        sa.Column("object", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=400), nullable=False),
        sa.Column("version", sa.String(length=128), nullable=False),
        sa.Column("valid_from", Instant(), nullable=True),
        sa.Column("superseded_at", Instant(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("system", "object", "id", "version"),
    )
