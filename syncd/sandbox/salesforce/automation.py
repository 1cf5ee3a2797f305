"""What an org's automation does to writes: rules that refuse or rewrite."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from syncd.sandbox.salesforce.errors import RefusalError


@dataclass(frozen=True, kw_only=True)
class Automation:
    """Fires where a written value matches.

    Attributes:
        pattern: Regular expression that the whole value must match.
        message: Text of a validation rule; None for a rewriting trigger.
        replacement: What a trigger silently writes instead, with groups.
    """

    object: str
    field: str
    pattern: str
    message: str | None = None
    replacement: str = ""


def automated(
    rules: list[Automation], object_name: str, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Fields as they are saved.

    Raises:
        RefusalError: A validation rule refuses them.
    """
    saved = dict(fields)
    for rule in rules:
        if rule.object != object_name or rule.field not in saved:
            continue
        text = str(saved[rule.field] or "")
        found = re.fullmatch(rule.pattern, text, re.DOTALL)
        if found is None:
            continue
        if rule.message is not None:
            raise RefusalError(
                "FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, fields=[rule.field]
            )
        saved[rule.field] = found.expand(rule.replacement)
    return saved
