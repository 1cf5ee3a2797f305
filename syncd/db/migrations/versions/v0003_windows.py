"""When each record was made, so that a window can be proved complete."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_PROVABLE: Final = ("salesforce", "outreach")


def upgrade() -> None:
    """Go to this version; what was read before is read once more, with its date."""
    op.add_column(
        "records", sa.Column("created_at", sa.String(length=32), nullable=True)
    )
    op.create_table(
        "proofs",
        sa.Column("system", sa.String(length=20), nullable=False),
        sa.Column("object", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("system", "object"),
    )
    for name, values in (("records", {"version": ""}), ("cursors", None)):
        table = sa.table(name, sa.column("system"), sa.column("version"))
        of_system = table.c.system.in_(_PROVABLE)
        op.execute(
            sa.delete(table).where(of_system)
            if values is None
            else sa.update(table).where(of_system).values(**values)
        )
