"""From policy.toml to a :class:`~syncd.model.policy.Policy`, all problems at once."""

import hashlib
import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import available_timezones

import msgspec

from syncd.config.load import read_toml
from syncd.config.names import nearest
from syncd.errors import ConfigError, Problem
from syncd.model.policy import (
    AssociationPolicy,
    Defaults,
    OrgPolicy,
    Policy,
    RuleSettings,
    Segment,
)
from syncd.model.rule import RuleSpec

_SECTIONS: Final = ("org", "segments", "defaults", "association", "rules")
_StructT = TypeVar("_StructT", bound=msgspec.Struct)


class _Reader:
    """Converts sections value by value and gathers what is wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def problem(self, key: str, what: str, remedy: str) -> None:
        where = f"{self.path}: {key}"
        self.problems.append(Problem(where=where, what=what, remedy=remedy))

    def table(self, data: Mapping[str, Any], name: str, key: str) -> dict[str, Any]:
        """The table of that name; empty when it is absent or not a table."""
        value = data.get(name, {})
        if isinstance(value, dict):
            return value
        self.problem(key, "is not a table", f"write [{key}]")
        return {}

    def struct(
        self, kind: type[_StructT], data: Mapping[str, Any], key: str
    ) -> _StructT:
        """A value of ``kind``; keys that are unknown or wrong keep their default."""
        fields = {field.name: field for field in msgspec.structs.fields(kind)}
        values: dict[str, Any] = {}
        for name, value in data.items():
            field = fields.get(name)
            if field is None:
                self.problem(f"{key}.{name}", "unknown key", nearest(name, fields))
                continue
            try:
                values[name] = msgspec.convert(value, field.type)
            except msgspec.ValidationError as error:
                self.problem(f"{key}.{name}", str(error), _remedy(field.type))
        return kind(**values)


def _remedy(wanted: object) -> str:
    """Advice for a value of the wrong type."""
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return f"write one of {', '.join(str(one.value) for one in wanted)}"
    return "correct the value"


def load_policy(path: Path, rules: Mapping[str, RuleSpec]) -> Policy:
    """Read and validate a policy; a missing file means the defaults of every rule.

    Raises:
        ConfigError: Every problem found.
    """
    data = read_toml(path) if path.is_file() else {}
    reader = _Reader(path)
    for name in data:
        if name not in _SECTIONS:
            reader.problem(name, "unknown section", nearest(name, _SECTIONS))
    policy = Policy(
        org=reader.struct(OrgPolicy, reader.table(data, "org", "org"), "org"),
        segments=_segments(reader, data),
        defaults=reader.struct(
            Defaults, reader.table(data, "defaults", "defaults"), "defaults"
        ),
        association=reader.struct(
            AssociationPolicy,
            reader.table(data, "association", "association"),
            "association",
        ),
        rules=_rules(reader, data, rules),
    )
    _check(reader, policy)
    if reader.problems:
        raise ConfigError(reader.problems)
    return msgspec.structs.replace(policy, digest=policy_digest(policy))


def policy_digest(policy: Policy) -> str:
    """``sha256:…`` over everything the policy says, in a fixed order."""
    bare = msgspec.structs.replace(policy, digest="")
    body = msgspec.json.encode(msgspec.to_builtins(bare), order="deterministic")
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _segments(reader: _Reader, data: Mapping[str, Any]) -> dict[str, Segment]:
    table = reader.table(data, "segments", "segments")
    return {
        name: reader.struct(
            Segment, reader.table(table, name, f"segments.{name}"), f"segments.{name}"
        )
        for name in table
    }


def _rules(
    reader: _Reader, data: Mapping[str, Any], rules: Mapping[str, RuleSpec]
) -> dict[str, RuleSettings]:
    table = reader.table(data, "rules", "rules")
    for name in table:
        if name not in rules:
            reader.problem(f"rules.{name}", "unknown rule", nearest(name, rules))
    return {
        name: reader.struct(
            rule.settings, reader.table(table, name, f"rules.{name}"), f"rules.{name}"
        )
        for name, rule in rules.items()
    }


def _check(reader: _Reader, policy: Policy) -> None:
    """What no single key can tell."""
    for name, settings in policy.rules.items():
        _check_rule(reader, name, settings, policy.segments)
    _check_numbers(reader, policy)
    if policy.org.timezone not in available_timezones():
        reader.problem(
            "org.timezone", "is not a known time zone", "write e.g. Europe/Berlin"
        )


def _check_rule(
    reader: _Reader,
    name: str,
    settings: RuleSettings,
    segments: Mapping[str, Segment],
) -> None:
    segment = settings.segment
    if segment is not None and segment not in segments:
        advice = nearest(segment, segments) if segments else f"add [segments.{segment}]"
        reader.problem(f"rules.{name}.segment", f"unknown segment {segment!r}", advice)
    for pattern in getattr(settings, "exempt", ()):
        try:
            re.compile(pattern)
        except re.error as error:
            reader.problem(
                f"rules.{name}.exempt",
                f"{pattern!r} is not a regular expression ({error})",
                "correct it, or quote its special characters",
            )


def _check_numbers(reader: _Reader, policy: Policy) -> None:
    asked = policy.association
    ordered = 0 < asked.propose_at <= asked.apply_at <= 1
    if not ordered or not 0 <= asked.margin <= 1:
        reader.problem(
            "association",
            "thresholds are not in order",
            "keep 0 < propose_at ≤ apply_at ≤ 1 and 0 ≤ margin ≤ 1",
        )
    windows = policy.defaults
    if not 0 < windows.since_days <= windows.history_days:
        reader.problem(
            "defaults.since_days",
            "must be positive and at most history_days",
            "lower it, or raise history_days",
        )
    times = (windows.grace_minutes, windows.settle_minutes, windows.tombstone_days)
    if min(times) < 0:
        reader.problem("defaults", "times cannot be negative", "write 0 for none")
