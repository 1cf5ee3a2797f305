"""Opens the store: migrated, with mirror, ledger, plans and vault on one engine."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from syncd.db.engine import open_engine
from syncd.db.migrate import migrate
from syncd.db.vault import SqlVault, key_beside
from syncd.ledger.plans import SqlPlans
from syncd.ledger.retention import SqlRetention
from syncd.ledger.reviews import SqlReviews
from syncd.ledger.store import SqlLedger
from syncd.ledger.tombstones import SqlTombstones
from syncd.mirror.store import SqlMirror
from syncd.model.mail import FREE_MAIL


@dataclass(frozen=True, kw_only=True)
class Store:
    """Everything that lasts; close it when done."""

    engine: sa.Engine
    mirror: SqlMirror
    ledger: SqlLedger
    plans: SqlPlans
    tombstones: SqlTombstones
    reviews: SqlReviews
    retention: SqlRetention
    vault: SqlVault

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def open_store(
    url: str,
    *,
    base: Path,
    encryption_key: str | None = None,
    free_mail: Collection[str] = (),
) -> Store:
    """Open a store, bringing its tables to this version first.

    Args:
        url: SQLAlchemy address: SQLite file or PostgreSQL.
        base: Folder of the file syncd.key when there is no key.
        encryption_key: Fernet key of the stored tokens.
        free_mail: Domains to add to the shipped list.

    Raises:
        ConfigError: The encryption key is none.
        StoreError: Unreachable, damaged, or of a newer version.
    """
    engine = open_engine(url)
    try:
        migrate(engine)
        key = encryption_key or key_beside(base / "syncd.key")
        vault = SqlVault(engine, key=key)
    except BaseException:
        engine.dispose()
        raise
    return Store(
        engine=engine,
        mirror=SqlMirror(engine, free_mail=FREE_MAIL | frozenset(free_mail)),
        ledger=SqlLedger(engine),
        plans=SqlPlans(engine),
        tombstones=SqlTombstones(engine),
        reviews=SqlReviews(engine),
        retention=SqlRetention(engine),
        vault=vault,
    )
