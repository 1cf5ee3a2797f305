"""Reads mappings: the shipped ones, with a customer's folder laid over them row by row.

Every mistake of every file is reported at once, with file and key.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import msgspec

from syncd.errors import ConfigError, Problem
from syncd.mapping.readers import READERS
from syncd.mapping.schema import FieldRow, Mappings, ObjectMap
from syncd.model.entities import ENTITY_TYPES
from syncd.ports.connector import FieldInfo

_VALUES: Final = "values.toml"
_HEAD: Final = frozenset(
    {"system", "object", "happened", "open_unless", "constants", "fields"}
)


@dataclass(frozen=True, kw_only=True)
class LoadedMappings:
    """Every object's map, and the value tables by name."""

    objects: Mappings
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def load_mappings(folder: Path | None) -> LoadedMappings:
    """The shipped mappings with those of ``folder`` (if it is there) over them.

    Raises:
        ConfigError: Every mistake found.
    """
    shipped = files("mappings")
    sources: list[Traversable] = [
        f for f in shipped.iterdir() if f.name.endswith(".toml")
    ]
    own = sorted(folder.glob("*.toml")) if folder and folder.is_dir() else []
    problems: list[Problem] = []
    tables: dict[tuple[str, str], dict[str, Any]] = {}
    values: dict[str, dict[str, str]] = {}
    for source in [*sorted(sources, key=lambda f: f.name), *own]:
        data = _read(source, problems)
        if source.name == _VALUES:
            _lay_values_over(values, data, where=str(source), problems=problems)
        elif data:
            _lay_over(tables, data, where=str(source), problems=problems)
    objects = {
        key: _object_map(key, table, problems) for key, table in sorted(tables.items())
    }
    if problems:
        raise ConfigError(problems)
    return LoadedMappings(objects=objects, values=values)


def _read(source: Traversable, problems: list[Problem]) -> dict[str, Any]:
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(
            Problem(where=str(source), what=str(error), remedy="correct the TOML")
        )
        return {}


def _lay_values_over(
    values: dict[str, dict[str, str]],
    data: dict[str, Any],
    *,
    where: str,
    problems: list[Problem],
) -> None:
    for name, table in data.items():
        try:
            rows = msgspec.convert(table, dict[str, str])
        except msgspec.ValidationError as error:
            remedy = f'write it as [{name}] with rows like from = "to"'
            problems.append(
                Problem(where=f"{where}: {name}", what=str(error), remedy=remedy)
            )
            continue
        values.setdefault(name, {}).update(rows)


def _lay_over(
    tables: dict[tuple[str, str], dict[str, Any]],
    data: dict[str, Any],
    *,
    where: str,
    problems: list[Problem],
) -> None:
    key = (str(data.get("system")), str(data.get("object")))
    if key not in ENTITY_TYPES:
        known = ", ".join(f"{s}.{o}" for s, o in ENTITY_TYPES)
        what = f"no such system and object: {key[0]}.{key[1]}"
        problems.append(Problem(where=where, what=what, remedy=f"known: {known}"))
        return
    for name in set(data) - _HEAD:
        remedy = f"known: {', '.join(sorted(_HEAD))}"
        problems.append(
            Problem(where=f"{where}: {name}", what="unknown key", remedy=remedy)
        )
    table = tables.setdefault(key, {"fields": {}, "where": {}})
    head = {k: v for k, v in data.items() if k in _HEAD - {"fields"}}
    table.update(head)
    table["where"].update(dict.fromkeys(head, where))
    fields = data.get("fields", {})
    if not isinstance(fields, dict):
        remedy = "write it as a table: [fields]"
        problems.append(
            Problem(where=f"{where}: fields", what="is not a table", remedy=remedy)
        )
        return
    for canonical, row in fields.items():
        shorthand = row if isinstance(row, dict) else {"remote": row}
        table["fields"][canonical] = (shorthand, f"{where}: fields.{canonical}")


def _object_map(
    key: tuple[str, str], table: dict[str, Any], problems: list[Problem]
) -> ObjectMap:
    kind = ENTITY_TYPES[key]
    known = {f.name for f in msgspec.structs.fields(kind)}
    rows = []
    for canonical, (row, where) in table["fields"].items():
        if canonical not in known:
            remedy = f"known: {', '.join(sorted(known))}"
            problems.append(Problem(where=where, what="no such field", remedy=remedy))
        try:
            rows.append(_row(canonical, row))
        except (msgspec.ValidationError, ValueError, TypeError) as error:
            problems.append(
                Problem(where=where, what=str(error), remedy="correct the row")
            )
    for head in ("happened", "open_unless"):
        for name in sorted(set(table.get(head, ())) - known):
            where = f"{table['where'][head]}: {head}"
            what = f"no such field: {name}"
            remedy = f"known: {', '.join(sorted(known))}"
            problems.append(Problem(where=where, what=what, remedy=remedy))
    return ObjectMap(
        system=key[0],
        object=key[1],
        rows=tuple(rows),
        happened=tuple(table.get("happened", ())),
        open_unless=tuple(table.get("open_unless", ())),
        constants=table.get("constants", {}),
    )


def _row(canonical: str, data: dict[str, Any]) -> FieldRow:
    remote = data.get("remote", ())
    shaped = {
        **data,
        "canonical": canonical,
        "remote": (remote,) if isinstance(remote, str) else tuple(remote),
    }
    row = msgspec.convert(shaped, FieldRow)
    if row.type not in READERS:
        message = f"no such type {row.type!r}; known: {', '.join(sorted(READERS))}"
        raise ValueError(message)
    try:
        re.compile(row.pattern)
    except re.error as error:
        message = f"pattern is no regular expression: {error}"
        raise ValueError(message) from None
    if not row.remote and not row.pattern:
        message = "neither remote nor pattern"
        raise ValueError(message)
    return row


@dataclass(frozen=True, kw_only=True)
class FittedMap:
    """An object's map as far as this org has the fields.

    ``unmapped`` are optional canonical fields that the org lacks or hides;
    ``problems`` are required ones.
    """

    object_map: ObjectMap
    unmapped: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def fit(object_map: ObjectMap, fields: Mapping[str, FieldInfo]) -> FittedMap:
    """The map with patterns resolved and absent fields taken out."""
    rows: list[FieldRow] = []
    unmapped: list[str] = []
    problems: list[Problem] = []
    for row in object_map.rows:
        remote = row.remote or tuple(_matching(row.pattern, fields))
        there = tuple(name for name in remote if "." in name or name in fields)
        if there:
            rows.append(msgspec.structs.replace(row, remote=there))
        elif row.optional:
            unmapped.append(row.canonical)
        else:
            problems.append(
                Problem(
                    where=f"{object_map.system}.{object_map.object}",
                    what=f"has no field {', '.join(row.remote)} that our user may read",
                    remedy=f"grant access to it, or map fields.{row.canonical}",
                )
            )
    return FittedMap(
        object_map=msgspec.structs.replace(object_map, rows=tuple(rows)),
        unmapped=tuple(unmapped),
        problems=tuple(problems),
    )


def _matching(pattern: str, names: Iterable[str]) -> Iterable[str]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return (name for name in sorted(names) if compiled.fullmatch(name))
