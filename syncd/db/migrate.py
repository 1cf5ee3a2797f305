"""Brings a store to the tables of this version, or says why it cannot."""

from importlib.resources import files
from typing import Final

import sqlalchemy as sa

from syncd.errors import Problem, StoreError

HEAD: Final = "0005"
_LOCK_KEY: Final = 7_396_124_504  # any number that nobody else takes


def migrate(engine: sa.Engine) -> None:
    """Run pending migrations, all in one transaction.

    Raises:
        StoreError: The store is damaged, unreachable, or from a newer version.
    """
    with engine.connect() as connection:
        present = _version(connection)
    if present == HEAD:
        return
    if present is not None and present > HEAD:
        raise StoreError(
            Problem(
                where=engine.url.render_as_string(),
                what=f"was written by a newer version (schema {present})",
                remedy="upgrade syncd, or use another store",
            )
        )
    upgrade(engine)


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def upgrade(engine: sa.Engine, *, to: str = HEAD) -> None:
    """Go to a version in one transaction; a second process waits and finds it done."""
    # Late: Alembic takes a quarter of a second to import and is seldom needed.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(files("syncd.db") / "migrations"))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_KEY)))
        config.attributes["connection"] = connection
        command.upgrade(config, to)
