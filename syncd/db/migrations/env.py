"""Alembic's way in: runs on the connection that it is handed."""

from alembic import context

from syncd.db.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
context.run_migrations()
