"""From syncd.toml to a :class:`Config`: every problem at once, with key and remedy."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from syncd.config.environment import (
    PREFIX,
    unknown_variables,
    unreadable_variables,
)
from syncd.config.names import known_keys, nearest
from syncd.config.secrets import (
    UnresolvedSecretError,
    is_reference,
    problem_of,
    resolve,
)
from syncd.config.settings import Settings
from syncd.errors import ConfigError, Problem

DEFAULT_NAME: Final = "syncd.toml"
_CONNECTORS: Final = ("salesforce", "outreach", "google_calendar", "chorus")


@dataclass(frozen=True, kw_only=True)
class Config:
    """A valid configuration and the folder its relative paths start from."""

    path: Path
    settings: Settings

    @property
    def base(self) -> Path:
        """The configuration file's folder."""
        return self.path.parent

    @property
    def policy_path(self) -> Path:
        """Where the policy is, or would be."""
        return self.base / self.settings.policy

    @property
    def mappings_path(self) -> Path:
        """Where the customer's own mappings are, or would be."""
        return self.base / self.settings.mappings

    @property
    def stop_path(self) -> Path:
        """While this file exists nothing is written."""
        return self.base / self.settings.stop_file

    @property
    def store_url(self) -> str:
        """The store's address; a SQLite file's path made absolute."""
        url = self.settings.store.url
        prefix = "sqlite:///"
        if not url.startswith(prefix):
            return url
        return f"{prefix}{(self.base / url.removeprefix(prefix)).resolve()}"

    @property
    def configured(self) -> tuple[str, ...]:
        """Connectors that have a section, in the order they are polled."""
        return tuple(n for n in _CONNECTORS if getattr(self.settings, n) is not None)

    def connector_settings(self, system: str) -> Mapping[str, Any]:
        """One connector's section with its secrets resolved.

        Raises:
            ConfigError: References that lead nowhere, all of them.
        """
        section: BaseModel | None = getattr(self.settings, system)
        if section is None:
            where = f"{self.path}: [{system}]"
            raise ConfigError(
                [Problem(where=where, what="is absent", remedy="add the section")]
            )
        values, problems = _resolved(section, where=f"{self.path}: {system}", cfg=self)
        if problems:
            raise ConfigError(problems)
        return values

    def secret(self, reference: str, *, key: str) -> str:
        """One secret; empty for an empty reference.

        Raises:
            ConfigError: The reference leads nowhere.
        """
        if not reference:
            return ""
        try:
            return resolve(reference, base=self.base)
        except UnresolvedSecretError as error:
            problem = problem_of(error, where=f"{self.path}: {key}")
            raise ConfigError([problem]) from None


def _resolved(
    section: BaseModel, *, where: str, cfg: Config
) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in section.model_dump().items():
        if not (isinstance(value, str) and is_reference(value)):
            values[name] = value
            continue
        try:
            values[name] = resolve(value, base=cfg.base)
        except UnresolvedSecretError as error:
            problems.append(problem_of(error, where=f"{where}.{name}"))
    return values, problems


def config_path(given: Path | None) -> Path:
    """Which file to read: the option, else ``$SYNCD_CONFIG``, else ./syncd.toml."""
    return given or Path(os.environ.get(f"{PREFIX}CONFIG") or DEFAULT_NAME)


def load_config(path: Path) -> Config:
    """Read and validate a configuration file.

    Raises:
        ConfigError: Every problem found, in the order of the file's sections.
    """
    data = _read(path)
    unreadable = list(unreadable_variables())
    if unreadable:
        raise ConfigError(unreadable)
    strangers = [*unknown_variables(), *_password_in_url(path, data)]
    try:
        settings = Settings(**data)
    except ValidationError as error:
        problems = [_problem(path, item) for item in error.errors(include_input=False)]
        known = {problem.where for problem in problems}
        raise ConfigError(
            [*problems, *(one for one in strangers if one.where not in known)]
        ) from None
    problems = [*strangers, *_unsupported(path, settings)]
    if problems:
        raise ConfigError(problems)
    return Config(path=path.resolve(), settings=settings)


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file's content.

    Raises:
        ConfigError: It cannot be read or is not TOML, with line and column.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        problem = Problem(where=str(path), what=str(error), remedy="correct the TOML")
        raise ConfigError([problem]) from None
    except (OSError, UnicodeDecodeError) as error:
        what = f"cannot be read ({type(error).__name__})"
        problem = Problem(where=str(path), what=what, remedy="check path and rights")
        raise ConfigError([problem]) from None


def _read(path: Path) -> dict[str, Any]:
    if path.is_file():
        return read_toml(path)
    raise ConfigError(
        [
            Problem(
                where=str(path),
                what="there is no configuration here",
                remedy="run `syncd init`, or name the file with --config",
            )
        ]
    )


def _problem(path: Path, item: Mapping[str, Any]) -> Problem:
    """A validation error as a problem; never quotes the value, it may be a secret."""
    loc: Sequence[object] = item["loc"]
    dotted = ".".join(str(part) for part in loc) or "the file"
    variable = PREFIX + "__".join(str(part) for part in loc).upper()
    where = f"${variable}" if variable in os.environ else f"{path}: {dotted}"
    if item["type"] == "extra_forbidden":
        remedy = nearest(str(loc[-1]), known_keys(loc[:-1]))
        return Problem(where=where, what="unknown key", remedy=remedy)
    if item["type"] == "missing":
        return Problem(where=where, what="is missing", remedy="add the key")
    what = str(item["msg"]).removeprefix("Value error, ")
    what, _, remedy = what.partition(": ")
    return Problem(where=where, what=what, remedy=remedy or "correct the value")


def _password_in_url(path: Path, data: Mapping[str, Any]) -> list[Problem]:
    """A store's address in the file may name a user but not the password."""
    store = data.get("store")
    url = store.get("url") if isinstance(store, dict) else None
    try:
        parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
        has_password = bool(parts.password) or "password=" in parts.query
    except ValueError:
        has_password = False
    if not has_password:
        return []
    return [
        Problem(
            where=f"{path}: store.url",
            what="a password must not stand here",
            remedy="leave it out; set PGPASSWORD, ~/.pgpass or $SYNCD_STORE__URL",
        )
    ]


def _unsupported(path: Path, settings: Settings) -> list[Problem]:
    if settings.caldav is None or not settings.caldav.url:
        return []
    return [
        Problem(
            where=f"{path}: caldav",
            what="this version has no CalDAV connector",
            remedy="remove the section, or leave its url empty",
        )
    ]
