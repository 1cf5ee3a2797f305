"""Opening a store: migrated, refused with a remedy, or made anew."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from syncd.db.engine import open_engine
from syncd.db.migrate import upgrade
from syncd.db.tables import METADATA
from syncd.errors import ConfigError, StoreError
from syncd.store import Store, open_store


def test_migrations_lead_to_the_tables_that_the_code_knows(store: Store) -> None:
    """Upgrading an empty store gives exactly the declared tables."""
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []


def test_a_ledger_of_the_first_version_is_kept(bare_url: str, tmp_path: Path) -> None:
    """An upgrade takes every row along; each becomes the first attempt of its key."""
    engine = open_engine(bare_url)
    upgrade(engine, to="0001")
    row = dict.fromkeys(("change_id", "effect", "run_id", "plan_id"), "x")
    row |= {"state": "done", "intended_at": "2026", "change": "{}", "before": "{}"}
    columns = ", ".join(("key", *row))
    values = ", ".join(f":{name}" for name in ("key", *row))
    with engine.begin() as connection:
        for key in ("k1", "k2"):
            statement = f"INSERT INTO ledger ({columns}) VALUES ({values})"
            connection.execute(sa.text(statement), {"key": key, **row})
    engine.dispose()
    store = open_store(bare_url, base=tmp_path)
    query = sa.text("SELECT key, attempt, sequence FROM ledger ORDER BY sequence")
    with store.engine.connect() as connection:
        assert connection.execute(query).all() == [("k1", 1, 1), ("k2", 1, 2)]
    store.close()


def test_two_openers_of_an_empty_store_both_find_it_ready(
    bare_url: str, tmp_path: Path
) -> None:
    """One of them makes the tables, the other waits and finds them."""
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: open_store(bare_url, base=tmp_path), range(4)))
    for store in opened:
        assert store.mirror.facts() == {}
        store.close()


def test_opening_twice_changes_nothing(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    """A store that has been migrated opens again, with its facts."""
    store.mirror.save_fact("orgs", {"salesforce": "00D"})
    again = open_store(store_url, base=tmp_path)
    assert again.mirror.facts() == {"orgs": {"salesforce": "00D"}}
    again.close()


def test_store_of_a_newer_version_is_refused(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    """A newer schema is never touched; the message says what to do."""
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="upgrade syncd"):
        open_store(store_url, base=tmp_path)


def test_damaged_file_is_named_with_its_remedy(tmp_path: Path) -> None:
    """A file that is no database is not overwritten."""
    path = tmp_path / "store.db"
    path.write_bytes(b"this was never a database, whatever its name says" * 50)
    with pytest.raises(StoreError, match="damaged"):
        open_store(f"sqlite:///{path}", base=tmp_path)
    assert path.read_bytes().startswith(b"this was never")


def test_unreachable_server_is_a_store_error(tmp_path: Path) -> None:
    """A wrong address is told as one, without a traceback of the driver."""
    url = f"postgresql+psycopg://nobody@/none?host={tmp_path}"
    with pytest.raises(StoreError, match="cannot be reached"):
        open_store(url, base=tmp_path)


def test_key_file_is_made_once_for_its_owner_only(store: Store, tmp_path: Path) -> None:
    """Without a key of the configuration's, one stands beside it with mode 0600."""
    path = tmp_path / "syncd.key"
    assert path.stat().st_mode & 0o777 == 0o600


def test_vault_keeps_values_encrypted(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    """What is saved comes back, and stands nowhere in clear text."""
    store.vault.save("outreach", {"refresh_token": "very-secret"})
    assert store.vault.load("outreach") == {"refresh_token": "very-secret"}
    assert store.vault.load("other") is None
    with store.engine.connect() as connection:
        stored = connection.scalar(sa.text("SELECT value FROM secrets"))
    assert "very-secret" not in stored
    (tmp_path / "other").mkdir()
    stranger = open_store(store_url, base=tmp_path / "other")
    with pytest.raises(StoreError, match="another key"):
        stranger.vault.load("outreach")
    stranger.close()


def test_wrong_key_is_refused(tmp_path: Path) -> None:
    """A key that is not one is told before anything is stored."""
    with pytest.raises(ConfigError, match="Fernet"):
        open_store(f"sqlite:///{tmp_path}/s.db", base=tmp_path, encryption_key="short")
