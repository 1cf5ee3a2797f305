"""Who made activities for whom, so that tools are told apart without reading them."""

import json
from collections import Counter
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_RECORDS: Final = sa.table(
    "records", sa.column("system"), sa.column("object"), sa.column("fields")
)


def upgrade() -> None:
    """Go to this version; what was read before is counted."""
    table = op.create_table(
        "activity_makers",
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("maker", "owner"),
    )
    activities = sa.select(_RECORDS.c.fields).where(
        _RECORDS.c.system == "salesforce", _RECORDS.c.object.in_(("Task", "Event"))
    )
    found: Counter[tuple[str, str]] = Counter()
    for body in op.get_bind().execute(activities).scalars():
        one = json.loads(body)
        if one.get("created_by_id") and not one.get("is_child"):
            found[one["created_by_id"], one.get("owner_id") or ""] += 1
    rows = [{"maker": m, "owner": o, "number": n} for (m, o), n in found.items()]
    op.bulk_insert(table, rows)
