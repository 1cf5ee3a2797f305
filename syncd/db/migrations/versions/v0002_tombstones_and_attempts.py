"""Every attempt of a write has its own row; tombstones."""

import sqlalchemy as sa
from alembic import op

from syncd.db.tables import Instant

revision = "0002"
down_revision = "0001"

_NAMES = {"uq": "uq_%(table_name)s_%(column_0_name)s"}


def upgrade() -> None:
    """Go to this version."""
    # The first version's constraint has no name of its own: PostgreSQL gave it one,
    # on SQLite it gets one while the table is copied.
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    unique = "ledger_key_key" if on_postgresql else "uq_ledger_key"
    with op.batch_alter_table("ledger", naming_convention=_NAMES) as batch_op:
        batch_op.drop_constraint(unique, type_="unique")
        batch_op.add_column(
            sa.Column("attempt", sa.Integer(), server_default="1", nullable=False)
        )
        batch_op.add_column(
            sa.Column(
                "written_version",
                sa.String(length=64),
                server_default="",
                nullable=False,
            )
        )
        batch_op.create_index("ledger_by_key", ["key", "attempt"], unique=True)
    op.create_table(
        "tombstones",
        sa.Column("effect", sa.String(length=500), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("cleared_at", Instant(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("effect"),
    )
    with op.batch_alter_table("tombstones") as batch_op:
        batch_op.create_index("ix_tombstones_id", ["id"], unique=False)
