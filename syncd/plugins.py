"""Finds connectors, rules, reports and commands: one new file, nothing to register.

A module's name is its id (underscores for dashes); the value it must hold is checked
here, so a misnamed plug-in fails at start-up and not in the middle of a run.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncd.model.plan import Plan
    from syncd.model.rule import RuleSpec
    from syncd.ports.connector import ConnectorSpec


def modules(package_name: str) -> Iterator[tuple[str, ModuleType]]:
    """Name and module of each public member of a package, in order of name."""
    package = importlib.import_module(package_name)
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    for name in names:
        if not name.startswith("_"):
            yield name, importlib.import_module(f"{package_name}.{name}")


@cache
def rules() -> "Mapping[str, RuleSpec]":
    """Every rule by id, in order of id.

    Raises:
        TypeError: A module of ``syncd.rules`` has no ``RULE``, or one with an id that
            differs from its file's name.
    """
    from syncd.model.rule import RuleSpec  # noqa: PLC0415 - a help page needs none

    found: dict[str, RuleSpec] = {}
    for name, module in modules("syncd.rules"):
        rule = getattr(module, "RULE", None)
        expected = name.replace("_", "-")
        if not isinstance(rule, RuleSpec) or rule.id != expected:
            message = f"syncd/rules/{name}.py must hold RULE with id {expected!r}"
            raise TypeError(message)
        found[rule.id] = rule
    return found


@cache
def reports() -> "Mapping[str, Callable[[Plan], str]]":
    """Every report by format: the text of a plan for one kind of reader."""
    return {
        name.removeprefix("as_"): module.REPORT
        for name, module in modules("syncd.reports")
        if name.startswith("as_")
    }


@cache
def connectors() -> "Mapping[str, ConnectorSpec]":
    """Every connector by system name.

    Raises:
        TypeError: A package of ``connectors`` has no ``CONNECTOR`` of its own name.
    """
    from syncd.ports.connector import ConnectorSpec  # noqa: PLC0415 - as above

    found: dict[str, ConnectorSpec] = {}
    for name, module in modules("connectors"):
        spec = getattr(module, "CONNECTOR", None)
        if not isinstance(spec, ConnectorSpec) or spec.system != name:
            message = f"connectors/{name} must hold CONNECTOR for system {name!r}"
            raise TypeError(message)
        found[name] = spec
    return found
