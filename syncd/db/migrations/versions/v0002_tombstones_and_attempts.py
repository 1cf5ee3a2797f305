"""Attempts of a write in rows of their own; tombstones; bases; parents of roles."""

import json

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
        batch_op.create_index("ix_ledger_record_id", ["record_id"], unique=False)
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
    op.create_table(
        "membership_bases",
        sa.Column("opportunity_id", sa.String(length=18), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("opportunity_id"),
    )
    has_parent = sa.text("parent IS NOT NULL")
    for table in ("records", "superseded_versions"):
        op.add_column(table, sa.Column("parent", sa.String(length=18), nullable=True))
        op.create_index(
            f"{table}_by_parent",
            table,
            ["parent"],
            sqlite_where=has_parent,
            postgresql_where=has_parent,
        )
    _fill_parents()
    with op.batch_alter_table("tombstones") as batch_op:
        batch_op.create_index("ix_tombstones_id", ["id"], unique=False)


def _fill_parents() -> None:
    """Contact roles that were read before hang under their opportunities too."""
    connection = op.get_bind()
    for table in ("records", "superseded_versions"):
        named = sa.table(
            table,
            *(sa.column(name) for name in ("object", "id", "fields", "parent")),
        )
        roles = named.c.object == "OpportunityContactRole"
        found = connection.execute(sa.select(named.c.id, named.c.fields).where(roles))
        for record_id, fields in found.all():
            connection.execute(
                sa.update(named)
                .where(roles, named.c.id == record_id)
                .values(parent=json.loads(fields).get("opportunity_id"))
            )
