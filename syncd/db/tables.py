"""Every table of the store, the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

METADATA: Final = sa.MetaData()


class UnreadableError(ValueError):
    """A stored value that nothing of ours can have written."""


class Instant(sa.types.TypeDecorator[object]):
    """An aware UTC instant, kept as ISO text so that both stores order it alike."""

    impl = sa.String(32)
    cache_ok = True

    def process_bind_param(self, value: object, dialect: sa.Dialect) -> object:
        """ISO 8601 with microseconds and ``+00:00``: text order is time order."""
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        return value

    def process_result_value(self, value: object, dialect: sa.Dialect) -> object:
        """The instant again."""
        if not isinstance(value, str):
            return value
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise UnreadableError from None


def _ref() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("system", sa.String(20), primary_key=True),
        sa.Column("object", sa.String(40), primary_key=True),
        sa.Column("id", sa.String(400), primary_key=True),
    )


def _by_parent(table: str) -> sa.Index:
    """Records that hang under another one: few have a parent, the rest cost nothing."""
    has_parent = sa.text("parent IS NOT NULL")
    return sa.Index(
        f"{table}_by_parent",
        "parent",
        sqlite_where=has_parent,
        postgresql_where=has_parent,
    )


RECORDS: Final = sa.Table(
    "records",
    METADATA,
    *_ref(),
    sa.Column("scope", sa.String(320), nullable=False, server_default=""),
    sa.Column("version", sa.String(128), nullable=False),
    sa.Column("valid_from", Instant()),
    sa.Column("happened_at", Instant()),
    sa.Column("created_at", Instant()),
    sa.Column("is_open", sa.Boolean, nullable=False),
    sa.Column("deleted", sa.Boolean, nullable=False),
    sa.Column("pass_id", sa.Integer, nullable=False, server_default="0"),
    sa.Column("fields", sa.Text, nullable=False),
    sa.Column("parent", sa.String(18)),
    sa.Index("records_by_id", "id"),
    _by_parent("records"),
)
VERSIONS: Final = sa.Table(
    "superseded_versions",
    METADATA,
    *_ref(),
    sa.Column("version", sa.String(128), primary_key=True),
    sa.Column("valid_from", Instant()),
    sa.Column("superseded_at", Instant(), nullable=False),
    sa.Column("deleted", sa.Boolean, nullable=False),
    sa.Column("fields", sa.Text, nullable=False),
    sa.Column("parent", sa.String(18)),
    _by_parent("superseded_versions"),
)
CURSORS: Final = sa.Table(
    "cursors",
    METADATA,
    sa.Column("system", sa.String(20), primary_key=True),
    sa.Column("object", sa.String(40), primary_key=True),
    sa.Column("scope", sa.String(320), primary_key=True),
    sa.Column("cursor", sa.Text, nullable=False),
    sa.Column("pass_id", sa.Integer, nullable=False, server_default="0"),
)
QUARANTINE: Final = sa.Table(
    "quarantine",
    METADATA,
    *_ref(),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("seen_at", Instant(), nullable=False),
)
DOUBTS: Final = sa.Table(
    "doubted_snapshots",
    METADATA,
    sa.Column("system", sa.String(20), primary_key=True),
    sa.Column("object", sa.String(40), primary_key=True),
    sa.Column("scope", sa.String(320), primary_key=True),
    sa.Column("before", sa.Integer, nullable=False),
    sa.Column("after", sa.Integer, nullable=False),
)
PROOFS: Final = sa.Table(
    "proofs",
    METADATA,
    sa.Column("system", sa.String(20), primary_key=True),
    sa.Column("object", sa.String(40), primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)
FILING: Final = sa.Table(
    "filing",
    METADATA,
    *_ref(),
    sa.Column("home", sa.String(400), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Index("filing_by_home", "home"),
)
FILING_KEYS: Final = sa.Table(
    "filing_keys",
    METADATA,
    *_ref(),
    sa.Column("key", sa.String(400), primary_key=True),
    sa.Column("tier", sa.Integer, nullable=False),
    sa.Index("filing_keys_by_key", "key"),
)
KEY_HOMES: Final = sa.Table(
    "key_homes",
    METADATA,
    sa.Column("key", sa.String(400), primary_key=True),
    sa.Column("system", sa.String(20), primary_key=True),
    sa.Column("object", sa.String(40), primary_key=True),
    sa.Column("id", sa.String(400), primary_key=True),
    sa.Column("home", sa.String(400), nullable=False),
    sa.Index("key_homes_by_ref", "system", "object", "id"),
    sa.Index("key_homes_by_home", "home"),
)
BASES: Final = sa.Table(
    "membership_bases",
    METADATA,
    sa.Column("opportunity_id", sa.String(18), primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)
MAKERS: Final = sa.Table(
    "activity_makers",
    METADATA,
    sa.Column("maker", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
)
DIRTY: Final = sa.Table(
    "dirty_homes",
    METADATA,
    sa.Column("home", sa.String(400), primary_key=True),
    sa.Column("mark", sa.Integer, nullable=False),
)
FACTS: Final = sa.Table(
    "facts",
    METADATA,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
POLLS: Final = sa.Table(
    "polls",
    METADATA,
    sa.Column("system", sa.String(20), primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
)
PLANS: Final = sa.Table(
    "plans",
    METADATA,
    sa.Column("plan_id", sa.String(64), primary_key=True),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
RUNS: Final = sa.Table(
    "runs",
    METADATA,
    sa.Column("run_id", sa.String(64), primary_key=True),
    sa.Column("started_at", Instant(), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
LEDGER: Final = sa.Table(
    "ledger",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String(80), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="1"),
    sa.Column("change_id", sa.String(64), nullable=False, index=True),
    sa.Column("effect", sa.String(500), nullable=False, index=True),
    sa.Column("run_id", sa.String(64), nullable=False, index=True),
    sa.Column("plan_id", sa.String(64), nullable=False),
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("intended_at", Instant(), nullable=False),
    sa.Column("settled_at", Instant()),
    sa.Column("record_id", sa.String(400), index=True),
    sa.Column("change", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.Column("written_version", sa.String(64), nullable=False, server_default=""),
    sa.Index("ledger_by_key", "key", "attempt", unique=True),
)
TOMBSTONES: Final = sa.Table(
    "tombstones",
    METADATA,
    sa.Column("effect", sa.String(500), primary_key=True),
    sa.Column("id", sa.String(64), nullable=False, index=True),
    sa.Column("made_at", Instant(), nullable=False),
    sa.Column("expires_at", Instant()),
    sa.Column("cleared_at", Instant()),
    sa.Column("body", sa.Text, nullable=False),
)
PROPOSALS: Final = sa.Table(
    "proposals",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("home", sa.String(400), nullable=False),
    sa.Column("rule", sa.String(64), nullable=False),
    sa.Column("proposed_at", Instant(), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("proposals_by_home", "home"),
)
CHOICES: Final = sa.Table(
    "choices",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("made_at", Instant(), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
SECRETS: Final = sa.Table(
    "secrets",
    METADATA,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
