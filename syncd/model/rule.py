"""What a rule is: a pure function from account view and settings to findings."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from syncd.model.finding import Finding, Severity
from syncd.model.policy import Policy, RuleSettings
from syncd.model.view import AccountView


class RuleContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule is given beside the view.

    ``settings`` is of the rule's own settings type.
    """

    policy: Policy
    settings: Any


class RuleSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, as its module's ``RULE``.

    Attributes:
        id: The module's name with dashes.
        practices: Ids of the handbook sentences it upholds.
        needs: Systems without which it cannot judge at all.
        helps: Systems that only add evidence.
        fields: ``system.Object.field`` of optional canonical fields without which it
            cannot judge; where one is not mapped the rule is skipped, and says so.
        settings: Type of its settings; its ``mode`` default is the rule's default.
        check: Yields findings in a stable order.
    """

    id: str
    title: str
    practices: tuple[str, ...]
    severity: Severity
    needs: tuple[str, ...]
    check: Callable[[AccountView, RuleContext], Iterable[Finding]]
    helps: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    settings: type[RuleSettings] = RuleSettings
