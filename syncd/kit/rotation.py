"""Refresh tokens that a vendor replaces with each use: none is lost once it came."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from syncd.ports.connector import TokenVault


class Rotation:
    """What a vault holds of one credential, with the seed that it grew from.

    The former token may be dead as soon as a new one was granted, and the vault may be
    unable to take the new one (a full disk). So the vault is tried before a refresh is
    sent, and what was granted is kept here and offered again until it is stored.
    """

    def __init__(self, vault: TokenVault, *, name: str, seed: str) -> None:
        """``seed`` is the configured token: a new one wins over what is stored."""
        self._vault = vault
        self._name = name
        self._seed = hashlib.sha256(seed.encode()).hexdigest()
        self._granted: Mapping[str, Any] | None = None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold this while refreshing: one refresher per credential.

        Raises:
            StoreError: What was granted earlier still cannot be stored.
        """
        with self._vault.locked(self._name):
            self._offer()
            yield

    def stored(self) -> Mapping[str, Any]:
        """What was kept last; empty when there is none, or of another seed."""
        found = self._vault.load(self._name) or {}
        return found if found.get("seed") == self._seed else {}

    def make_sure(self) -> None:
        """Store once more what is stored: to be called before a refresh is sent.

        Raises:
            StoreError: The vault takes nothing now; nothing is lost yet.
        """
        self._vault.save(self._name, {**self.stored(), "seed": self._seed})

    def keep(self, granted: Mapping[str, Any]) -> None:
        """Store what was granted, durably, before it is used.

        Raises:
            StoreError: It is offered again when the lock is next taken.
        """
        self._granted = {**granted, "seed": self._seed}
        self._offer()

    def _offer(self) -> None:
        if self._granted is not None:
            self._vault.save(self._name, self._granted)
            self._granted = None
