"""Rotated tokens at rest: encrypted, and durable before they are used."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock, get_native_id
from typing import Any, Final

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken

from syncd.db.engine import reading, upsert, writing
from syncd.db.tables import SECRETS
from syncd.errors import ConfigError, Problem, StoreError

_PART: Final = "the tokens"
_SEALED: Final = sa.select(SECRETS.c.value).where(
    SECRETS.c.name == sa.bindparam("named")
)


class SqlVault:
    """See :class:`syncd.ports.connector.TokenVault`."""

    def __init__(self, engine: sa.Engine, *, key: str) -> None:
        """``key`` is a Fernet key.

        Raises:
            ConfigError: The key is not one.
        """
        self._engine = engine
        self._lock = RLock()
        try:
            self._fernet = Fernet(key)
        except ValueError:
            problem = Problem(
                where="store.encryption_key",
                what="is not a Fernet key (32 bytes, URL-safe base64)",
                remedy="see docs/configuration.md for how to make one",
            )
            raise ConfigError([problem]) from None

    def load(self, name: str) -> Mapping[str, Any] | None:
        """The stored value, None when there is none.

        Raises:
            StoreError: It was encrypted with another key.
        """
        with reading(self._engine, _PART) as connection:
            value = connection.scalar(_SEALED, {"named": name})
        if value is None:
            return None
        try:
            return dict(json.loads(self._fernet.decrypt(value.encode())))
        except InvalidToken:
            raise StoreError(
                Problem(
                    where=f"stored token {name}",
                    what="was encrypted with another key",
                    remedy="restore the key, or seed the connector's token anew",
                )
            ) from None

    def save(self, name: str, value: Mapping[str, Any]) -> None:
        """Store durably before returning."""
        sealed = self._fernet.encrypt(json.dumps(value).encode()).decode()
        with writing(self._engine, _PART) as connection:
            upsert(connection, SECRETS, [{"name": name, "value": sealed}])

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold this while refreshing: one refresher per credential."""
        with self._lock:
            yield


def key_beside(path: Path) -> str:
    """The key in a file that only its owner can read; made when it is missing.

    The file appears whole or not at all, and never replaces another one: a process
    killed here, or two that start at once, must not leave tokens without their key.
    """
    if not path.exists():
        made = path.with_name(f"{path.name}.{get_native_id()}")
        descriptor = os.open(made, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(Fernet.generate_key().decode())
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    return path.read_text(encoding="ascii").strip()
