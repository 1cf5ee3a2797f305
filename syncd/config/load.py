"""From syncd.toml to a :class:`Config`: every problem at once, with key and remedy."""

import difflib
import os
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from syncd.config.secrets import (
    UnresolvedSecretError,
    is_reference,
    problem_of,
    resolve,
)
from syncd.config.settings import Settings
from syncd.errors import ConfigError, Problem

DEFAULT_NAME: Final = "syncd.toml"
_PREFIX: Final = "SYNCD_"
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
    return given or Path(os.environ.get(f"{_PREFIX}CONFIG") or DEFAULT_NAME)


def load_config(path: Path) -> Config:
    """Read and validate a configuration file.

    Raises:
        ConfigError: Every problem found, in the order of the file's sections.
    """
    data = _read(path)
    try:
        settings = Settings(**data)
    except ValidationError as error:
        problems = [_problem(path, item) for item in error.errors(include_input=False)]
        raise ConfigError([*problems, *_unknown_variables()]) from None
    problems = [*_unknown_variables(), *_unsupported(path, settings)]
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


def nearest(name: str, known: Iterable[str]) -> str:
    """Advice for an unknown name: the nearest known one, else all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}"


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


def _section_of(annotation: object) -> type[BaseModel] | None:
    """The section type behind ``X`` or ``X | None``."""
    options = (
        typing.get_args(annotation)
        if isinstance(annotation, types.UnionType)
        else (annotation,)
    )
    for option in options:
        if isinstance(option, type) and issubclass(option, BaseModel):
            return option
    return None


def _known_keys(section: Sequence[object]) -> Iterable[str]:
    model: type[BaseModel] = Settings
    for name in section:
        field = model.model_fields.get(str(name))
        inner = None if field is None else _section_of(field.annotation)
        if inner is None:
            return ()
        model = inner
    return model.model_fields


def _problem(path: Path, item: Mapping[str, Any]) -> Problem:
    """A validation error as a problem; never quotes the value, it may be a secret."""
    loc: Sequence[object] = item["loc"]
    dotted = ".".join(str(part) for part in loc) or "the file"
    variable = _PREFIX + "__".join(str(part) for part in loc).upper()
    where = f"${variable}" if variable in os.environ else f"{path}: {dotted}"
    if item["type"] == "extra_forbidden":
        remedy = nearest(str(loc[-1]), _known_keys(loc[:-1]))
        return Problem(where=where, what="unknown key", remedy=remedy)
    if item["type"] == "missing":
        return Problem(where=where, what="is missing", remedy="add the key")
    what = str(item["msg"]).removeprefix("Value error, ")
    what, _, remedy = what.partition(": ")
    return Problem(where=where, what=what, remedy=remedy or "correct the value")


def _unknown_variables() -> list[Problem]:
    """SYNCD_SECTION__KEY variables that override nothing."""
    problems = []
    for variable in sorted(os.environ):
        name = variable.removeprefix(_PREFIX)
        section, split, key = name.lower().partition("__")
        if name == variable or not split:
            continue
        known = set(_known_keys([section]))
        if key not in known:
            advice = nearest(key, known) if known else "there is no such section"
            problems.append(
                Problem(where=f"${variable}", what="unknown key", remedy=advice)
            )
    return problems


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
