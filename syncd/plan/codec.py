"""Plans as JSON: read with every shape checked, written the way the schema says."""

import json
from importlib.resources import files
from typing import Any

import msgspec

from syncd.errors import Problem, UsageError
from syncd.model.plan import SCHEMA, Plan


class _Head(msgspec.Struct):
    """What tells a plan's version before the rest of it is understood."""

    schema: str


def plan_schema() -> dict[str, Any]:
    """The published JSON Schema of a plan."""
    text = (files("syncd.plan") / "schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def encode_plan(plan: Plan) -> str:
    """Indented JSON, keys in the order of the contract."""
    return json.dumps(msgspec.to_builtins(plan), indent=2, ensure_ascii=False)


def decode_plan(text: str, *, where: str) -> Plan:
    """A plan from its JSON.

    Raises:
        UsageError: Not JSON, not a plan, or a plan of another schema.
    """
    try:
        schema = msgspec.json.decode(text, type=_Head).schema
        plan = msgspec.json.decode(text, type=Plan) if schema == SCHEMA else None
    except msgspec.DecodeError as error:
        raise UsageError(
            Problem(
                where=where,
                what=f"is not a plan ({error})",
                remedy="give the JSON that `syncd plan --format json` wrote",
            )
        ) from None
    if plan is None:
        raise UsageError(
            Problem(
                where=where,
                what=f"has schema {schema[:40]!r}, this version reads {SCHEMA!r}",
                remedy="make a new plan",
            )
        )
    return plan
