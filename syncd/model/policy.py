"""Policy: the team's own settings of rules, as values."""

from collections.abc import Mapping
from typing import Any

import msgspec

from syncd.model.entities import Opportunity, User
from syncd.model.finding import Mode


def _matches(allowed: tuple[str, ...], value: str | None) -> bool:
    return not allowed or (value or "").casefold() in {a.casefold() for a in allowed}


class Segment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named filter; every key given must match, letter case aside."""

    opportunity_types: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    record_types: tuple[str, ...] = ()
    user_titles: tuple[str, ...] = ()
    user_roles: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()

    def matches(self, *, opportunity: Opportunity | None, owner: User | None) -> bool:
        """Whether a record of this owner on this opportunity belongs here.

        A missing opportunity or owner fails every key that asks about it.
        """
        asked = (
            (self.opportunity_types, opportunity.type if opportunity else None),
            (self.stages, opportunity.stage if opportunity else None),
            (self.record_types, opportunity.record_type if opportunity else None),
            (self.user_titles, owner.title if owner else None),
            (self.user_roles, owner.role if owner else None),
            (self.profiles, owner.profile if owner else None),
            (self.owners, owner.email if owner else None),
        )
        return all(_matches(allowed, value) for allowed, value in asked)


class OrgPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is particular to this company; empty lists are found out by syncd."""

    email_domains: tuple[str, ...] = ()
    integration_users: tuple[str, ...] = ()
    free_mail: tuple[str, ...] = ()
    timezone: str = "UTC"


class Defaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Windows and waiting times; see docs/configuration.md."""

    since_days: int = 90
    history_days: int = 400
    grace_minutes: int = 60
    settle_minutes: int = 30
    tombstone_days: int = 0


class AssociationPolicy(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Thresholds of the association; probabilities and their difference."""

    apply_at: float = 0.98
    propose_at: float = 0.70
    margin: float = 0.20


class RuleSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Settings every rule has; a rule's own type adds to it."""

    mode: Mode = Mode.REPORT
    segment: str | None = None


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The whole policy; ``rules`` holds each rule's own settings value by rule id."""

    org: OrgPolicy = OrgPolicy()
    segments: Mapping[str, Segment] = {}
    defaults: Defaults = Defaults()
    association: AssociationPolicy = AssociationPolicy()
    rules: Mapping[str, Any] = {}
    digest: str = ""
