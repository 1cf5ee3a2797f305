"""References to secrets, and the only place where they are resolved.

A secret never stands in the configuration: it is named by ``env:NAME``,
``file:PATH`` or ``keyring:SERVICE/USER``.
"""

import importlib
import os
import stat
from pathlib import Path
from typing import Final

from syncd.errors import Problem

SCHEMES: Final = ("env", "file", "keyring")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class UnresolvedSecretError(Exception):
    """A reference that leads nowhere; carries what and remedy, never a value."""

    def __init__(self, *, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what} → {remedy}")


def is_reference(text: str) -> bool:
    """Whether the text has the form of a reference."""
    scheme, colon, rest = text.partition(":")
    return scheme in SCHEMES and bool(colon) and bool(rest)


def resolve(reference: str, *, base: Path) -> str:
    """The secret behind a reference; file paths are relative to ``base``.

    Raises:
        UnresolvedSecretError: It is not set, not there, or readable by others.
    """
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        return _from_environment(rest)
    if scheme == "file":
        return _from_file(base / rest)
    return _from_keyring(rest)


def problem_of(error: UnresolvedSecretError, *, where: str) -> Problem:
    """The same, as a problem of a configuration key."""
    return Problem(where=where, what=error.what, remedy=error.remedy)


def _from_environment(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        what = f"the environment variable {name} is not set"
        raise UnresolvedSecretError(what=what, remedy=f"export {name}=…")
    return value


def _from_file(path: Path) -> str:
    if not path.is_file():
        raise UnresolvedSecretError(
            what=f"there is no file {path}",
            remedy="create it with mode 0600, or correct the path",
        )
    if path.stat().st_mode & _OTHERS:
        what = f"{path} can be read by other users"
        raise UnresolvedSecretError(what=what, remedy=f"chmod 600 {path}")
    return path.read_text().strip()


def _from_keyring(rest: str) -> str:
    service, _, user = rest.partition("/")
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        raise UnresolvedSecretError(
            what="the keyring extra is not installed",
            remedy="pip install 'syncd[keyring]'",
        ) from None
    value = keyring.get_password(service, user)
    if not value:
        raise UnresolvedSecretError(
            what=f"the keyring holds nothing for {service}/{user}",
            remedy=f"keyring set {service} {user}",
        )
    return str(value)
