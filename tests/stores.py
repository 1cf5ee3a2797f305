"""Both kinds of store, and the configuration of a sandbox that is kept in one."""

from pathlib import Path
from typing import Final

import pytest
from cryptography.fernet import Fernet

from syncd.config.load import Config, load_config
from syncd.sandbox.run import RunningSandbox

BOTH: Final = ("sqlite", pytest.param("pg", marks=pytest.mark.postgresql))


def configured(sandbox: RunningSandbox, store_url: str, folder: Path) -> Config:
    """Written to ``folder/syncd.toml``; PostgreSQL's has an encryption key too."""
    path = sandbox.write_config(folder)
    store = f'\n[store]\nurl = "{store_url}"\n'
    if store_url.startswith("postgresql"):
        (folder / "store.key").write_bytes(Fernet.generate_key())
        (folder / "store.key").chmod(0o600)
        store += 'encryption_key = "file:store.key"\n'
    path.write_text(path.read_text() + store)
    return load_config(path)
