"""The key of the stored tokens: made once, whole or not at all."""

import os
import stat

import pytest
from cryptography.fernet import Fernet

from syncd.db.vault import key_beside


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path):
    """The next start finds the same one; nothing else is left beside it."""
    path = tmp_path / "syncd.key"
    key = key_beside(path)
    assert key_beside(path) == key
    Fernet(key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["syncd.key"]


@pytest.mark.parametrize("step", ["fdopen", "fsync", "link"])
def test_a_process_killed_while_making_the_key_does_no_harm(
    tmp_path, monkeypatch, step
):
    """The next start makes a whole one."""

    def killed(*_args, **_kwargs):
        raise KeyboardInterrupt

    path = tmp_path / "syncd.key"
    with monkeypatch.context() as patched:
        patched.setattr(os, step, killed)
        with pytest.raises(KeyboardInterrupt):
            key_beside(path)
    assert not path.exists()
    Fernet(key_beside(path))


def test_of_two_that_start_at_once_both_use_the_first_ones_key(tmp_path, monkeypatch):
    """A key that appeared meanwhile is not replaced."""
    path = tmp_path / "syncd.key"
    first = Fernet.generate_key().decode()
    link = os.link

    def late(made, target):
        path.write_text(first, encoding="ascii")
        link(made, target)

    monkeypatch.setattr(os, "link", late)
    assert key_beside(path) == first
